//! Creates an account under a key, twice, and has one account.
//!
//! ```sh
//! SALESFORCE_URL=http://127.0.0.1:8080 \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_CLIENT_SECRET=… \
//! cargo run -p ferroforce --example safe_create
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;

use ferroforce::Salesforce;
use ferroforce::auth::ClientCredentials;
use ferroforce::ui_api::IdempotencyKey;
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

    let records = salesforce.ui_records();
    let acme = json!({"Name": "Acme"});
    let key = IdempotencyKey::generate();
    let first = records.create_with_key("Account", &acme, &key).await?;
    let again = records.create_with_key("Account", &acme, &key).await?;
    println!("{}", first.id);
    if first.id == again.id {
        println!("there is one");
    }
    Ok(())
}
