//! Asks which contacts were updated and which were deleted of late: what a copy of them needs.
//!
//! ```sh
//! SALESFORCE_URL=http://127.0.0.1:8080 \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_CLIENT_SECRET=… \
//! cargo run -p ferroforce --example changes
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;
use std::time::{Duration, SystemTime};

use ferroforce::Salesforce;
use ferroforce::auth::ClientCredentials;
use ferroforce::client::CallOptions;
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let auth = ClientCredentials::new(
        var("SALESFORCE_CLIENT_ID")?,
        var("SALESFORCE_CLIENT_SECRET")?,
    );
    let salesforce = Salesforce::builder(auth)
        .org_url(var("SALESFORCE_URL")?)
        .build()?;

    // The org counts in minutes, and the newest one is not over.
    let start = SystemTime::now() - Duration::from_secs(60 * 60);
    let end = SystemTime::now() + Duration::from_secs(60);
    let cases = salesforce.sobject("Case");
    let me = CallOptions::new().client("changes-example");
    cases
        .create(&json!({"Subject": "stays"}))
        .call_options(&me)
        .await?;
    let gone = cases.create(&json!({"Subject": "goes"})).await?.id;
    cases.delete(gone).await?;

    let updated = cases.updated(start, end).await?;
    let deleted = cases.deleted(start, end).await?;
    println!(
        "{} updated, {} deleted",
        updated.ids.len(),
        deleted.records.len()
    );
    println!("ask from {} the next time", updated.latest_covered);
    Ok(())
}
