//! Signs in with an app and a user's password. It is going away: take `client_credentials` or
//! `jwt_bearer` for anything new.
//!
//! ```sh
//! SALESFORCE_URL=https://acme.my.salesforce.com \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_CLIENT_SECRET=… \
//! SALESFORCE_USERNAME=… SALESFORCE_PASSWORD=… SALESFORCE_SECURITY_TOKEN=… \
//! cargo run -p ferroforce --example username_password
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;

use ferroforce::Salesforce;
use ferroforce::auth::UsernamePassword;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let auth = UsernamePassword::new(
        var("SALESFORCE_CLIENT_ID")?,
        var("SALESFORCE_CLIENT_SECRET")?,
        var("SALESFORCE_USERNAME")?,
        var("SALESFORCE_PASSWORD")?,
    )
    .security_token(var("SALESFORCE_SECURITY_TOKEN").unwrap_or_default());
    let salesforce = Salesforce::builder(auth)
        .org_url(var("SALESFORCE_URL")?)
        .build()?;

    let token = salesforce.access_token().await?;
    println!("signed in at {}", token.origin());
    Ok(())
}
