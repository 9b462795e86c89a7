//! Shows what the client does: by an observer, which is called in place, and by a stream of events
//! in another task.
//!
//! ```sh
//! SALESFORCE_URL=http://127.0.0.1:8080 \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_CLIENT_SECRET=… \
//! cargo run -p ferroforce --example events
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ferroforce::Salesforce;
use ferroforce::auth::ClientCredentials;
use ferroforce::events::Event;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    let auth = ClientCredentials::new(
        var("SALESFORCE_CLIENT_ID")?,
        var("SALESFORCE_CLIENT_SECRET")?,
    );
    let salesforce = Salesforce::builder(auth)
        .org_url(var("SALESFORCE_URL")?)
        .observer(move |event: &Event| {
            if let Event::ApiCall(call) = event {
                counted.fetch_add(call.count.into(), Ordering::Relaxed);
            }
        })
        .build()?;

    let mut events = salesforce.events();
    let printer = tokio::spawn(async move {
        while let Some(event) = events.next().await {
            let path = event.request().map(|request| &*request.path_template);
            println!("{:<13} {}", event.name(), path.unwrap_or_default());
        }
        println!("{} events came too fast to be read", events.dropped());
    });

    salesforce.limits().await?;
    if let Some(usage) = salesforce.api_usage() {
        println!("{} of {} calls used", usage.consumed, usage.limit);
    }

    // The stream ends with the client.
    drop(salesforce);
    printer.await?;
    let calls = calls.load(Ordering::Relaxed);
    println!("calls by this program: {calls}");
    Ok(())
}
