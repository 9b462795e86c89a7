//! Loads a CSV file as contacts, by their external ids, and goes on where it was if it was stopped.
//!
//! ```sh
//! SALESFORCE_URL=http://127.0.0.1:8080 \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_CLIENT_SECRET=… \
//! CONTACTS=contacts.csv \
//! cargo run -p ferroforce --example bulk_load
//! ```
//!
//! The file begins with a line of field names, `External_Id__c` among them. Its results are written
//! beside it.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;
use std::path::PathBuf;

use ferroforce::Salesforce;
use ferroforce::auth::ClientCredentials;
use ferroforce::bulk::CsvSource;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let auth = ClientCredentials::new(
        var("SALESFORCE_CLIENT_ID")?,
        var("SALESFORCE_CLIENT_SECRET")?,
    );
    let salesforce = Salesforce::builder(auth)
        .org_url(var("SALESFORCE_URL")?)
        .build()?;
    let file = PathBuf::from(var("CONTACTS")?);
    let journal = file.with_extension("journal");

    let mut loading = salesforce
        .bulk()
        .upsert("Contact", "External_Id__c")
        .journal(&journal)
        .csv(CsvSource::path(&file))
        .start();
    let mut progress = loading.progress();
    while let Some(now) = progress.next().await {
        println!("{} sent, {} done", now.rows_sent, now.rows_processed);
    }
    let loaded = loading.wait().await?;

    let counts = loaded.counts();
    println!("{} written, {} failed", counts.successful, counts.failed);
    for (row, error) in loaded.refused() {
        println!("row {row} was not sent: {error}");
    }
    let saved = loaded.save(file.parent().unwrap_or(&file)).await?;
    println!("see {}", saved.failed.display());
    // The next file begins anew.
    std::fs::remove_file(journal)?;
    Ok(())
}
