//! Signs in as a user with an RSA key.
//!
//! ```sh
//! SALESFORCE_URL=https://acme.my.salesforce.com \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_USERNAME=… SALESFORCE_PRIVATE_KEY_FILE=server.key \
//! cargo run -p ferroforce --example jwt_bearer
//! ```
//!
//! A key with a passphrase takes `SALESFORCE_PRIVATE_KEY_PASSPHRASE` and
//! `--features encrypted-keys`. How to make a key and set the app up:
//! `ferroforce::guide::jwt_bearer`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;

use ferroforce::Salesforce;
use ferroforce::auth::{JwtBearer, PrivateKey};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = var("SALESFORCE_PRIVATE_KEY_FILE")?;
    let key = match var("SALESFORCE_PRIVATE_KEY_PASSPHRASE") {
        Ok(passphrase) => PrivateKey::from_encrypted_pem_file(file, passphrase)?,
        Err(_) => PrivateKey::from_pem_file(file)?,
    };
    let auth = JwtBearer::new(
        var("SALESFORCE_CLIENT_ID")?,
        var("SALESFORCE_USERNAME")?,
        key,
    );
    let salesforce = Salesforce::builder(auth)
        .org_url(var("SALESFORCE_URL")?)
        .build()?;

    let token = salesforce.access_token().await?;
    println!("signed in at {}", token.origin());
    Ok(())
}
