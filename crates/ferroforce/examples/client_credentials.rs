//! Signs in with an app's id and secret, and says who it has become.
//!
//! ```sh
//! SALESFORCE_URL=https://acme.my.salesforce.com \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_CLIENT_SECRET=… \
//! cargo run -p ferroforce --example client_credentials
//! ```
//!
//! How to set the app up: `ferroforce::guide::client_credentials`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;
use std::time::Duration;

use ferroforce::Salesforce;
use ferroforce::auth::ClientCredentials;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let auth = ClientCredentials::new(
        var("SALESFORCE_CLIENT_ID")?,
        var("SALESFORCE_CLIENT_SECRET")?,
    )
    // The session timeout of the app's policies, so that the token is renewed in time.
    .timeout(Duration::from_secs(15 * 60));
    let salesforce = Salesforce::builder(auth)
        .org_url(var("SALESFORCE_URL")?)
        .build()?;

    let token = salesforce.access_token().await?;
    println!("signed in at {}", token.origin());
    if let Some((org, user)) = token.org_and_user() {
        println!("org {org}, user {user}");
    }
    Ok(())
}
