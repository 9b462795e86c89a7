//! Reads all contacts of a last name as a stream, one page ahead, with a value from outside.
//!
//! ```sh
//! SALESFORCE_URL=http://127.0.0.1:8080 \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_CLIENT_SECRET=… \
//! cargo run -p ferroforce --example query_stream -- "O'Hara"
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::{args, var};
use std::error::Error;

use ferroforce::auth::ClientCredentials;
use ferroforce::{RecordId, Salesforce};
use futures_util::TryStreamExt;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Contact {
    id: RecordId,
    name: String,
    email: Option<String>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let last_name = args().nth(1).unwrap_or_else(|| "Lovelace".to_owned());
    let auth = ClientCredentials::new(
        var("SALESFORCE_CLIENT_ID")?,
        var("SALESFORCE_CLIENT_SECRET")?,
    );
    let salesforce = Salesforce::builder(auth)
        .org_url(var("SALESFORCE_URL")?)
        .build()?;

    let mut contacts = salesforce
        .query("SELECT Id, Name, Email FROM Contact WHERE LastName = :name ORDER BY Name")
        .bind("name", last_name)
        .batch_size(200)
        .rows::<Contact>();
    while let Some(contact) = contacts.try_next().await? {
        let email = contact.email.as_deref().unwrap_or("-");
        println!("{}  {}  {email}", contact.id, contact.name);
    }
    if let Some(total) = contacts.total_size() {
        println!("{total} found");
    }
    Ok(())
}
