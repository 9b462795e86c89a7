//! The main job in three lines: sign in, create a record, query.
//!
//! Start a local org in one terminal (`ferroforce org start --port 8080`), put what it prints into the
//! environment, and run this in another; or use an org of Salesforce's and an app of yours there. All
//! examples read the same settings.
//!
//! ```sh
//! SALESFORCE_URL=http://127.0.0.1:8080 \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_CLIENT_SECRET=… \
//! cargo run -p ferroforce --example quick_start
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;

use ferroforce::auth::ClientCredentials;
use ferroforce::{Record, Salesforce};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let org = var("SALESFORCE_URL")?;
    let auth = ClientCredentials::new(
        var("SALESFORCE_CLIENT_ID")?,
        var("SALESFORCE_CLIENT_SECRET")?,
    );

    let salesforce = Salesforce::builder(auth).org_url(org).build()?;
    let ada = salesforce
        .sobject("Contact")
        .create(&json!({"LastName": "Lovelace"}))
        .await?;
    let contacts: Vec<Record> = salesforce
        .query("SELECT Id, Name FROM Contact")
        .fetch_all()
        .await?;

    println!("created {}; there are {} now", ada.id, contacts.len());
    Ok(())
}
