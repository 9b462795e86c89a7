//! Signs a user in on a machine without a browser: they enter a code elsewhere.
//!
//! ```sh
//! SALESFORCE_LOGIN_URL=https://login.salesforce.com SALESFORCE_CLIENT_ID=… \
//! cargo run -p ferroforce --example device
//! ```
//!
//! How to set the app up: `ferroforce::guide::device`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;

use ferroforce::Salesforce;
use ferroforce::auth::{AuthContext, DeviceFlow};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let flow =
        DeviceFlow::new(var("SALESFORCE_CLIENT_ID")?).login_url(var("SALESFORCE_LOGIN_URL")?);
    let cx = AuthContext::new()?;

    let code = flow.start(&cx).await?;
    println!("{} {}", code.verification_uri(), code.user_code());
    let grant = code.wait(&cx).await?;

    let salesforce = Salesforce::builder(grant).build()?;
    let user = salesforce.user_info().await?;
    println!(
        "signed in as {}",
        user.preferred_username.unwrap_or_default()
    );
    Ok(())
}
