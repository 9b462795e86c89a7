//! Tells which fields a new record must have, and which ones it can be found by.
//!
//! ```sh
//! SALESFORCE_URL=http://127.0.0.1:8080 \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_CLIENT_SECRET=… \
//! cargo run -p ferroforce --example describe
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;

use ferroforce::Salesforce;
use ferroforce::auth::ClientCredentials;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let auth = ClientCredentials::new(
        var("SALESFORCE_CLIENT_ID")?,
        var("SALESFORCE_CLIENT_SECRET")?,
    );
    let salesforce = Salesforce::builder(auth)
        .org_url(var("SALESFORCE_URL")?)
        .build()?;

    let org = salesforce.describe_global().await?;
    println!("{} objects", org.sobjects.len());

    let contact = salesforce.sobject("Contact").describe().await?;
    let required = contact.fields.iter().filter(|field| field.is_required());
    for field in required {
        println!("must be given: {} ({})", field.name, field.field_type);
    }
    for field in contact.external_ids() {
        println!("can be found by: {}", field.name);
    }
    Ok(())
}
