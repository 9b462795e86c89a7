//! One sign-in for a whole program: a session in a `static`, two clients, and a hundred tasks that
//! start at the same time.
//!
//! ```sh
//! SALESFORCE_URL=http://127.0.0.1:8080 \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_CLIENT_SECRET=… \
//! cargo run -p ferroforce --example shared_session
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;
use std::sync::LazyLock;

use ferroforce::Salesforce;
use ferroforce::auth::{ClientCredentials, Session};
use ferroforce::events::Event;
use tokio::task::JoinSet;

static SESSION: LazyLock<Session> = LazyLock::new(|| {
    // What is missing is told by the first sign-in.
    let setting = |name| var(name).unwrap_or_default();
    Session::new(ClientCredentials::new(
        setting("SALESFORCE_CLIENT_ID"),
        setting("SALESFORCE_CLIENT_SECRET"),
    ))
});

fn client() -> Result<Salesforce, Box<dyn Error>> {
    let salesforce = Salesforce::builder(SESSION.clone())
        .org_url(var("SALESFORCE_URL")?)
        .observer(|event: &Event| {
            if let Event::TokenIssued(token) = event {
                println!("token number {} for {}", token.generation, token.host);
            }
        })
        .build()?;
    Ok(salesforce)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (reports, imports) = (client()?, client()?);

    let mut tasks = JoinSet::new();
    for number in 0..100 {
        let salesforce = if number % 2 == 0 { &reports } else { &imports }.clone();
        tasks.spawn(async move { salesforce.limits().await });
    }
    let mut answers = 0;
    while let Some(limits) = tasks.join_next().await {
        limits??;
        answers += 1;
    }
    println!("{answers} answers");

    SESSION.close().await;
    Ok(())
}
