//! Signs in by a refresh token, and keeps what becomes of it in a folder, so that the next run goes
//! on where this one ended.
//!
//! ```sh
//! SALESFORCE_URL=https://acme.my.salesforce.com SALESFORCE_CLIENT_ID=… \
//! SALESFORCE_REFRESH_TOKEN=… SALESFORCE_TOKEN_FOLDER=tokens \
//! cargo run -p ferroforce --example refresh_token
//! ```
//!
//! `SALESFORCE_CLIENT_SECRET` is needed if the app requires it for refreshes. From the second run
//! on the refresh token may be left out.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;

use ferroforce::Salesforce;
use ferroforce::auth::{AuthError, AuthErrorKind, FileStore, RefreshToken, Session};
use ferroforce::events::Event;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let client_id = var("SALESFORCE_CLIENT_ID")?;
    let mut auth = match var("SALESFORCE_REFRESH_TOKEN") {
        // The store keeps it under the name of the user.
        Ok(refresh_token) => RefreshToken::new(client_id, refresh_token).user("me"),
        Err(_) => RefreshToken::stored(client_id, "me"),
    };
    if let Ok(secret) = var("SALESFORCE_CLIENT_SECRET") {
        auth = auth.client_secret(secret);
    }
    let session = Session::builder(auth)
        .store(FileStore::new(var("SALESFORCE_TOKEN_FOLDER")?))
        .build();
    let salesforce = Salesforce::builder(session)
        .org_url(var("SALESFORCE_URL")?)
        .observer(|event: &Event| {
            if let Event::TokenIssued(_) = event {
                println!("a refresh token was used");
            }
        })
        .build()?;

    match salesforce.limits().await {
        Ok(_) => println!("signed in"),
        Err(error) => match error.auth().map(AuthError::kind) {
            Some(AuthErrorKind::SignInAgain) => println!("you must sign in again: {error}"),
            _ => return Err(error.into()),
        },
    }
    Ok(())
}
