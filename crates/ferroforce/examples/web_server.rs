//! Signs a user in with their browser, in the two steps of a web application: here the address to
//! open is printed, and the one that the browser comes back to is read from standard input.
//!
//! ```sh
//! SALESFORCE_LOGIN_URL=https://login.salesforce.com \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_CLIENT_SECRET=… \
//! SALESFORCE_REDIRECT_URI=http://localhost:1717/OauthRedirect \
//! cargo run -p ferroforce --example web_server
//! ```
//!
//! Leave the secret out for a public app. How to set the app up: `ferroforce::guide::web_server`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;
use std::io::stdin;

use ferroforce::Salesforce;
use ferroforce::auth::{AuthContext, PendingSignIn, WebServer};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut app = WebServer::new(
        var("SALESFORCE_CLIENT_ID")?,
        var("SALESFORCE_REDIRECT_URI")?,
    )
    .login_url(var("SALESFORCE_LOGIN_URL")?);
    if let Ok(secret) = var("SALESFORCE_CLIENT_SECRET") {
        app = app.client_secret(secret);
    }

    // The first handler redirects the browser, and keeps the rest in its session.
    let begun = app.authorize()?;
    let kept = serde_json::to_string(&begun.pending)?;
    println!("{}", begun.url);

    // The second one is asked for this address.
    let mut callback = String::new();
    stdin().read_line(&mut callback)?;
    let pending: PendingSignIn = serde_json::from_str(&kept)?;
    let grant = app
        .finish(&AuthContext::new()?, pending, callback.trim())
        .await?;

    let salesforce = Salesforce::builder(grant).build()?;
    let user = salesforce.user_info().await?;
    println!(
        "signed in as {}",
        user.preferred_username.unwrap_or_default()
    );
    Ok(())
}
