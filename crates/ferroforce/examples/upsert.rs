//! Writes a contact by its external id: created the first time, updated every other. It may be
//! repeated at will, by the client and by you.
//!
//! ```sh
//! SALESFORCE_URL=http://127.0.0.1:8080 \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_CLIENT_SECRET=… \
//! cargo run -p ferroforce --example upsert
//! ```
//!
//! The object needs a field that is marked as external id. A local org has `External_Id__c`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;

use ferroforce::auth::ClientCredentials;
use ferroforce::{ErrorKind, Record, Salesforce};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Contact<'a> {
    last_name: &'a str,
    // Left out where there is none; as null it would empty the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let auth = ClientCredentials::new(
        var("SALESFORCE_CLIENT_ID")?,
        var("SALESFORCE_CLIENT_SECRET")?,
    );
    let salesforce = Salesforce::builder(auth)
        .org_url(var("SALESFORCE_URL")?)
        .build()?;

    // Any value reaches its record, slashes included.
    let ada = salesforce
        .sobject("Contact")
        .external_id("External_Id__c", "countess/1815");
    let contact = Contact {
        last_name: "Lovelace",
        email: Some("ada@example.com"),
    };
    match ada.upsert(&contact).await {
        Ok(written) => println!(
            "{}",
            if written.created {
                "created"
            } else {
                "updated"
            }
        ),
        Err(error) if error.kind() == ErrorKind::MultipleMatches => {
            println!("several records have this value, and nothing was written");
        }
        Err(error) => return Err(error.into()),
    }

    let stored: Record = ada.get_fields(["Id", "LastName", "Email"]).await?;
    for field in &stored {
        println!("{}: {}", field.name(), field.json());
    }
    Ok(())
}
