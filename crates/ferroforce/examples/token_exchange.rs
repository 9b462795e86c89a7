//! Exchanges a token of the company's identity provider for one of Salesforce's.
//!
//! ```sh
//! SALESFORCE_URL=https://acme.my.salesforce.com \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_CLIENT_SECRET=… SUBJECT_TOKEN=… \
//! cargo run -p ferroforce --example token_exchange
//! ```
//!
//! How to set app and handler up: `ferroforce::guide::token_exchange`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;

use ferroforce::Salesforce;
use ferroforce::auth::{AuthError, AuthErrorKind, Secret, SubjectTokenType, TokenExchange};

/// Stands for asking the identity provider, which is done at each sign-in.
async fn subject_token() -> Result<Secret, AuthError> {
    var("SUBJECT_TOKEN").map(Secret::from).map_err(|_| {
        AuthError::new(
            AuthErrorKind::Misconfigured,
            "there is no token to exchange: set SUBJECT_TOKEN",
        )
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let auth = TokenExchange::new(
        var("SALESFORCE_CLIENT_ID")?,
        SubjectTokenType::Jwt,
        subject_token,
    )
    .client_secret(var("SALESFORCE_CLIENT_SECRET")?);
    let salesforce = Salesforce::builder(auth)
        .org_url(var("SALESFORCE_URL")?)
        .build()?;

    let token = salesforce.access_token().await?;
    println!("signed in at {}", token.origin());
    Ok(())
}
