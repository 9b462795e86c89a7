//! Writes a record only if nobody changed it since it was read.
//!
//! ```sh
//! SALESFORCE_URL=http://127.0.0.1:8080 \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_CLIENT_SECRET=… \
//! cargo run -p ferroforce --example careful_update
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;
use std::time::Duration;

use ferroforce::auth::ClientCredentials;
use ferroforce::client::{Conditional, Validators};
use ferroforce::{ErrorKind, Record, Salesforce};
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

    let contacts = salesforce.sobject("Contact");
    let id = contacts.create(&json!({"LastName": "Lovelace"})).await?.id;

    // Nothing is known yet, so it is read whatever it is.
    let nothing = Validators::default();
    let read = contacts.get::<Record>(id).if_changed(&nothing).await?;
    let Conditional::Modified(read) = read else {
        return Err("an org that was told of no date cannot say that nothing changed".into());
    };
    let read_at = read
        .validators
        .last_modified
        .ok_or("the org told no date")?;

    let mine = json!({"Email": "ada@example.com"});
    contacts
        .update(id, &mine)
        .if_unmodified_since(read_at)
        .await?;
    println!("nobody had changed it");

    // As if it had been read long ago.
    let long_ago = read_at - Duration::from_secs(60);
    match contacts
        .update(id, &mine)
        .if_unmodified_since(long_ago)
        .await
    {
        Err(error) if error.kind() == ErrorKind::PreconditionFailed => {
            println!("somebody else was faster; nothing was written");
        }
        other => other?,
    }
    Ok(())
}
