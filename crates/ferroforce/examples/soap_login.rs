//! Signs in with a user name, a password and a security token, and says what to do when that is
//! refused.
//!
//! ```sh
//! SALESFORCE_URL=https://acme.my.salesforce.com \
//! SALESFORCE_USERNAME=… SALESFORCE_PASSWORD=… SALESFORCE_SECURITY_TOKEN=… \
//! cargo run -p ferroforce --example soap_login
//! ```
//!
//! The security token can be left out from trusted IP ranges. Where to find it, and until when this
//! flow works: `ferroforce::guide::soap_login`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;

use ferroforce::Salesforce;
use ferroforce::auth::SoapLogin;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let auth = SoapLogin::new(var("SALESFORCE_USERNAME")?, var("SALESFORCE_PASSWORD")?)
        .security_token(var("SALESFORCE_SECURITY_TOKEN").unwrap_or_default());
    let salesforce = Salesforce::builder(auth)
        .org_url(var("SALESFORCE_URL")?)
        .build()?;

    match salesforce.access_token().await {
        Ok(token) => println!("signed in at {}", token.origin()),
        Err(error) => match error.auth() {
            Some(refused) => {
                println!("{:?}: {}", refused.code(), refused.description());
                println!("{}", refused.advice().unwrap_or("no advice for this one"));
            }
            None => return Err(error.into()),
        },
    }
    Ok(())
}
