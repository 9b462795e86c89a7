//! Creates an account with its contacts in one request: all of them or none.
//!
//! ```sh
//! SALESFORCE_URL=http://127.0.0.1:8080 \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_CLIENT_SECRET=… \
//! cargo run -p ferroforce --example composite
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;

use ferroforce::auth::ClientCredentials;
use ferroforce::{Record, Salesforce};
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

    let mut composite = salesforce.composite().all_or_none(true);
    let account = composite.create("Account", &json!({"Name": "Analytical Engines"}));
    // What the first request will be answered is used in the next ones.
    let contacts = ["Lovelace", "Babbage"].map(|name| {
        composite.create(
            "Contact",
            &json!({"LastName": name, "AccountId": account.id()}),
        )
    });
    let read = composite.get_fields::<Record>("Account", account.id(), ["Name"]);

    let outcomes = composite.send().await?.all_succeeded()?;
    let name: String = outcomes.get(read)?.get("Name")?;
    println!("{name}: {}", outcomes.get(account)?.id);
    for contact in contacts {
        println!("  with {}", outcomes.get(contact)?.id);
    }

    // What fails undoes the rest, and each answer says so.
    let mut composite = salesforce.composite().all_or_none(true);
    let account = composite.create("Account", &json!({"Name": "Never"}));
    composite.create("Contact", &json!({"FirstName": "Without a last name"}));
    let outcomes = composite.send().await?;
    match outcomes.get(account) {
        Ok(created) => println!("created {}", created.id),
        Err(error) => println!("{error}"),
    }
    Ok(())
}
