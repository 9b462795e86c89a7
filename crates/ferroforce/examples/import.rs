//! Creates any number of accounts, 200 in a request and 8 requests at a time, and deletes them
//! again.
//!
//! ```sh
//! SALESFORCE_URL=http://127.0.0.1:8080 \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_CLIENT_SECRET=… \
//! cargo run -p ferroforce --example import -- 1000
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::{args, var};
use std::error::Error;

use ferroforce::auth::ClientCredentials;
use ferroforce::{IntoRecordStream, RecordStream, Salesforce};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Account {
    name: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let count: u32 = args().nth(1).map_or(Ok(1_000), |text| text.parse())?;
    let auth = ClientCredentials::new(
        var("SALESFORCE_CLIENT_ID")?,
        var("SALESFORCE_CLIENT_SECRET")?,
    );
    let salesforce = Salesforce::builder(auth)
        .org_url(var("SALESFORCE_URL")?)
        .build()?;

    // Any iterator or stream will do; it is read as far as there is room in flight.
    let accounts = (0..count).map(|number| Account {
        name: format!("Account {number}"),
    });
    let mut results = accounts
        .into_stream()
        .create_all(&salesforce, "Account")
        .in_flight(8);
    let mut created = Vec::new();
    let mut number = 0;
    // There is one result for each account, in their order.
    while let Some(result) = results.next().await {
        match result {
            Ok(account) => created.push(account.id),
            // After a broken connection nobody knows; such a create is not repeated.
            Err(error) if error.may_have_been_processed() => println!("{number}: unclear, {error}"),
            Err(error) => println!("{number}: {error}"),
        }
        number += 1;
    }
    println!("{} of {count} created", created.len());

    let mut results = created.into_stream().delete_all(&salesforce);
    let mut deleted = 0;
    while let Some(result) = results.next().await {
        result?;
        deleted += 1;
    }
    println!("{deleted} deleted");
    Ok(())
}
