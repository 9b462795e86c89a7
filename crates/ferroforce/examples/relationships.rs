//! Names a parent by its external id, and goes along relationships: up to the parent and its owner,
//! down to the children.
//!
//! ```sh
//! SALESFORCE_URL=http://127.0.0.1:8080 \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_CLIENT_SECRET=… \
//! cargo run -p ferroforce --example relationships
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;

use ferroforce::auth::ClientCredentials;
use ferroforce::sobject::ParentKey;
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

    let accounts = salesforce.sobject("Account");
    let contacts = salesforce.sobject("Contact");
    let account = accounts
        .external_id("External_Id__c", "engines")
        .upsert(&json!({"Name": "Analytical Engines"}))
        .await?;

    // No query for the account's id is needed.
    let parent = ParentKey::new("External_Id__c", "engines");
    let ada = json!({"LastName": "Lovelace", "Account": parent});
    let ada = contacts.create(&ada).await?.id;

    let account_of_ada = contacts.related(ada, "Account");
    let found: Record = account_of_ada.get_fields(["Name"]).await?;
    println!("Lovelace works for {}", found.get::<String>("Name")?);
    let owner: Record = account_of_ada.related("Owner").get_fields(["Name"]).await?;
    println!("whose owner is {}", owner.get::<String>("Name")?);

    let id = account.id.ok_or("the API version is too old to tell it")?;
    let mut people = accounts.related(id, "Contacts").list::<Record>();
    while let Some(person) = people.next().await {
        println!("and who employs {}", person?.get::<String>("LastName")?);
    }
    Ok(())
}
