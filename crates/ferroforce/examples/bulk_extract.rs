//! Writes all contacts into a CSV file, and goes on where it was stopped when it is run
//! again.
//!
//! ```sh
//! SALESFORCE_URL=http://127.0.0.1:8080 \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_CLIENT_SECRET=… \
//! cargo run -p ferroforce --example bulk_extract
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;

use ferroforce::Salesforce;
use ferroforce::auth::ClientCredentials;
use ferroforce::bulk::Paging;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let auth = ClientCredentials::new(
        var("SALESFORCE_CLIENT_ID")?,
        var("SALESFORCE_CLIENT_SECRET")?,
    );
    let salesforce = Salesforce::builder(auth)
        .org_url(var("SALESFORCE_URL")?)
        .build()?;
    let file = var("EXPORT_FILE").unwrap_or_else(|_| "contacts.csv".to_owned());

    let rows = salesforce
        .bulk()
        .query("SELECT Id, LastName, Email, Account.Name FROM Contact")
        .paging(Paging::new().parallel(4))
        .save_resumable(&file, format!("{file}.journal"))
        .await?;
    println!("{rows} contacts are in {file}");
    Ok(())
}
