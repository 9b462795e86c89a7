//! Searches contacts and accounts for a text from the command line.
//!
//! ```sh
//! SALESFORCE_URL=http://127.0.0.1:8080 \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_CLIENT_SECRET=… \
//! cargo run -p ferroforce --example search -- Lovelace
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::{args, var};
use std::error::Error;

use ferroforce::auth::ClientCredentials;
use ferroforce::{Record, Salesforce};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let text = args().nth(1).unwrap_or_else(|| "Lovelace".to_owned());
    let auth = ClientCredentials::new(
        var("SALESFORCE_CLIENT_ID")?,
        var("SALESFORCE_CLIENT_SECRET")?,
    );
    let salesforce = Salesforce::builder(auth)
        .org_url(var("SALESFORCE_URL")?)
        .build()?;

    let found = salesforce
        .search(
            "FIND {:text} IN NAME FIELDS RETURNING Contact(Id, Name), Account(Id, Name) LIMIT 50",
        )
        .term("text", text)
        .fetch::<Record>()
        .await?;
    for record in &found.records {
        let object = record.object().unwrap_or_default();
        println!("{object} {}", record.get::<String>("Name")?);
    }
    println!("{} found", found.records.len());
    Ok(())
}
