//! Two jobs on one org: a nightly load that takes five places at once, thirty calls in all, and
//! leaves a thousand of the day's to others; and whatever else there is.
//!
//! ```sh
//! SALESFORCE_URL=http://127.0.0.1:8080 \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_CLIENT_SECRET=… \
//! cargo run -p ferroforce --example many_workers
//! ```
//!
//! The jobs are tasks of one program here. With the cargo feature `redis` they can be any number
//! of programs: `Governor::builder().redis(connection, "acme")`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;

use ferroforce::auth::{ClientCredentials, Session};
use ferroforce::governor::{Governor, Share};
use ferroforce::{ErrorKind, Salesforce};
use tokio::task::JoinSet;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let session = Session::new(ClientCredentials::new(
        var("SALESFORCE_CLIENT_ID")?,
        var("SALESFORCE_CLIENT_SECRET")?,
    ));
    let url = var("SALESFORCE_URL")?;
    let client = |share: Share| {
        Salesforce::builder(session.clone())
            .org_url(&url)
            .governor(share)
            .build()
    };
    let governor = Governor::builder().in_flight(20).long(4).build();
    let nightly = governor.share("nightly").in_flight(5).daily_calls(30);
    let nightly = client(nightly.floor(1_000))?;
    let web = client(governor.share("web"))?;

    let mut load = JoinSet::new();
    for _ in 0..40 {
        let nightly = nightly.clone();
        load.spawn(async move { nightly.query("SELECT Id FROM Account").count().await });
    }
    let (mut done, mut stopped) = (0, 0);
    for outcome in load.join_all().await {
        match outcome {
            Ok(_) => done += 1,
            Err(error) if error.kind() == ErrorKind::Quota => stopped += 1,
            Err(error) => return Err(error.into()),
        }
    }
    println!("nightly: {done} done, {stopped} stopped");

    // A call that may take twenty seconds or more says so.
    let contacts = web.query("SELECT Id FROM Contact").long().count().await?;
    println!("web: {contacts} contacts");
    if let Some(left) = governor.standing().await.left {
        println!("{left} calls are left today");
    }
    Ok(())
}
