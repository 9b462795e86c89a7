//! Signs in as the environment says: by whatever flow its variables make up.
//!
//! ```sh
//! SALESFORCE_URL=https://acme.my.salesforce.com \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_CLIENT_SECRET=… \
//! cargo run -p ferroforce --example environment
//! ```
//!
//! All variables and flows: `ferroforce::guide::environment`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use ferroforce::auth::Environment;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let salesforce = Environment::read()?.client().build()?;
    let identity = salesforce.identity().await?;
    println!("signed in as {}", identity.username.unwrap_or_default());
    Ok(())
}
