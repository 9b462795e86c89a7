//! Reads contacts, stops after three, and goes on there when it is run again.
//!
//! ```sh
//! SALESFORCE_URL=http://127.0.0.1:8080 \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_CLIENT_SECRET=… \
//! cargo run -p ferroforce --example query_resume
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;

use ferroforce::Salesforce;
use ferroforce::auth::ClientCredentials;
use ferroforce::query::Cursor;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Contact {
    last_name: String,
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
    let file = var("CURSOR_FILE").unwrap_or_else(|_| "cursor.json".to_owned());

    let mut query = salesforce.query("SELECT Id, LastName FROM Contact ORDER BY Id");
    if let Ok(kept) = std::fs::read_to_string(&file) {
        query = query.resume(serde_json::from_str::<Cursor>(&kept)?);
    }
    let mut contacts = query.rows::<Contact>();
    for _ in 0..3 {
        let Some(contact) = contacts.next().await.transpose()? else {
            break;
        };
        println!("{}", contact.last_name);
    }
    match contacts.cursor() {
        Some(cursor) => {
            std::fs::write(&file, serde_json::to_string(&cursor)?)?;
            println!("read {} so far", cursor.rows_read());
        }
        None => println!("read all"),
    }
    Ok(())
}
