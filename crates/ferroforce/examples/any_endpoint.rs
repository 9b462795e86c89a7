//! Calls endpoints that have no method of their own, on the same road: session, retries, events.
//!
//! ```sh
//! SALESFORCE_URL=http://127.0.0.1:8080 \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_CLIENT_SECRET=… \
//! cargo run -p ferroforce --example any_endpoint
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;
use std::time::Duration;

use ferroforce::Salesforce;
use ferroforce::auth::ClientCredentials;
use ferroforce::retry::RetryPolicy;
use http::Method;
use serde::Deserialize;

#[derive(Deserialize)]
struct Version {
    label: String,
    version: String,
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

    // Below the host, read into a type.
    let versions: Vec<Version> = salesforce
        .request(Method::GET, "/services/data")
        .json()
        .await?;
    if let Some(newest) = versions.last() {
        println!("newest: {} ({})", newest.version, newest.label);
    }

    // Below the version, as it came.
    let answer = salesforce
        .request(Method::GET, "/sobjects/Contact/describe")
        .path_template("/sobjects/{sobject}/describe")
        .timeout(Duration::from_secs(10))
        .retry(RetryPolicy::default().max_retries(1))
        .send()
        .await?;
    println!("{}, {} bytes", answer.status(), answer.body().len());
    Ok(())
}
