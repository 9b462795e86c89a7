//! Sends a file and reads it back, in pieces both ways.
//!
//! ```sh
//! SALESFORCE_URL=http://127.0.0.1:8080 \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_CLIENT_SECRET=… \
//! cargo run -p ferroforce --example files
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;

use ferroforce::Salesforce;
use ferroforce::auth::ClientCredentials;
use ferroforce::files::Blob;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let auth = ClientCredentials::new(
        var("SALESFORCE_CLIENT_ID")?,
        var("SALESFORCE_CLIENT_SECRET")?,
    );
    let salesforce = Salesforce::builder(auth)
        .org_url(var("SALESFORCE_URL")?)
        .build()?;

    // `Blob::path("notes.txt")` reads one from disk as it is sent.
    let notes = Blob::bytes("notes.txt", "All of it").content_type("text/plain");
    let version = salesforce
        .upload_file(notes)
        .progress(|progress| println!("{} bytes are gone", progress.bytes))
        .await?;

    let mut file = salesforce
        .sobject("ContentVersion")
        .download(version.id, "VersionData")
        .await?;
    let mut bytes = 0;
    while let Some(piece) = file.next().await {
        bytes += piece?.len();
    }
    println!("{bytes} bytes came back");
    Ok(())
}
