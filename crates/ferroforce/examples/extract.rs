//! Reads all contacts, by REST or by a bulk job, whichever fits, and says which.
//!
//! ```sh
//! SALESFORCE_URL=http://127.0.0.1:8080 \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_CLIENT_SECRET=… \
//! cargo run -p ferroforce --example extract
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;

use ferroforce::Salesforce;
use ferroforce::auth::ClientCredentials;
use ferroforce::events::Event;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Contact {
    last_name: String,
    account: Option<Account>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Account {
    name: String,
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
    let _listening = salesforce.subscribe(|event: &Event| {
        if let Event::Choice(choice) = event {
            println!("by {}, because {}", choice.chosen, choice.why);
        }
    });

    let mut contacts = salesforce
        .extract("SELECT LastName, Account.Name FROM Contact")
        .rows::<Contact>();
    let mut with_account = 0;
    let mut count = 0;
    while let Some(contact) = contacts.next().await {
        let contact = contact?;
        count += u32::from(!contact.last_name.is_empty());
        with_account += u32::from(
            contact
                .account
                .is_some_and(|account| !account.name.is_empty()),
        );
    }
    println!("{count} contacts, {with_account} of them with an account");
    Ok(())
}
