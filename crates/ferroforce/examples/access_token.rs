//! Goes on with a token from elsewhere, and ends it.
//!
//! ```sh
//! SALESFORCE_URL=https://acme.my.salesforce.com SALESFORCE_ACCESS_TOKEN=… \
//! cargo run -p ferroforce --example access_token
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;

use ferroforce::Salesforce;
use ferroforce::auth::AccessToken;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let token = AccessToken::new(var("SALESFORCE_ACCESS_TOKEN")?, &var("SALESFORCE_URL")?)?;
    let salesforce = Salesforce::builder(token).build()?;

    let user = salesforce.user_info().await?;
    println!("{} has it", user.preferred_username.unwrap_or_default());

    // For everybody who has it.
    salesforce.log_out().await?;
    match salesforce.limits().await {
        Ok(_) => println!("it still works"),
        Err(error) => println!("it has ended: {error}"),
    }
    Ok(())
}
