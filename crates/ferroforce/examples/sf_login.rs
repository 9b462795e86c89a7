//! Signs in with a login that `sf`, the Salesforce CLI, has on this machine: the one of an alias
//! or username, or the default org.
//!
//! ```sh
//! cargo run -p ferroforce --features sf-cli --example sf_login -- my-sandbox
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use ferroforce::Salesforce;
use ferroforce::auth::sf_cli::SfCli;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sf = SfCli::from_env()?;
    let login = match std::env::args().nth(1) {
        Some(name) => sf.login(&name).await?,
        None => sf.default_login().await?,
    };
    println!("{} by {:?}", login.info().username, login.info().kind);

    let salesforce = Salesforce::builder(login).build()?;
    let limits = salesforce.limits().await?;
    if let Some(daily) = limits.daily_api_requests() {
        println!("{} of {} API calls are left", daily.remaining, daily.max);
    }
    Ok(())
}
