//! A flow around another one, which keeps the token in a file that only its owner can read, so
//! that the next run of the program does not sign in again.
//!
//! ```sh
//! SALESFORCE_URL=http://127.0.0.1:8080 \
//! SALESFORCE_CLIENT_ID=… SALESFORCE_CLIENT_SECRET=… \
//! SALESFORCE_TOKEN_FILE=token.json \
//! cargo run -p ferroforce --example custom_auth_cached
//! ```
//!
//! The file holds a credential: whoever can read it is signed in.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env::var;
use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ferroforce::Salesforce;
use ferroforce::auth::{AccessToken, Auth, AuthContext, AuthError, ClientCredentials};
use serde::{Deserialize, Serialize};

/// Any flow, with its token kept in a file.
#[derive(Debug)]
struct Cached<A> {
    inner: A,
    file: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    access_token: String,
    instance_url: String,
}

impl<A: Auth> Cached<A> {
    /// What is missing or broken counts as no token: then the flow signs in.
    fn stored(&self) -> Option<AccessToken> {
        let json = fs::read(&self.file).ok()?;
        let stored: Stored = serde_json::from_slice(&json).ok()?;
        AccessToken::new(stored.access_token, &stored.instance_url).ok()
    }

    async fn sign_in(&self, cx: &AuthContext) -> Result<AccessToken, AuthError> {
        let token = self.inner.acquire(cx).await?;
        // A token that cannot be kept is a token all the same.
        if let Err(error) = keep(&self.file, &token) {
            println!("the token is not kept: {error}");
        }
        Ok(token)
    }
}

impl<A: Auth> Auth for Cached<A> {
    async fn acquire(&self, cx: &AuthContext) -> Result<AccessToken, AuthError> {
        match self.stored() {
            Some(token) => Ok(token),
            None => self.sign_in(cx).await,
        }
    }

    async fn refresh(
        &self,
        cx: &AuthContext,
        current: &AccessToken,
    ) -> Result<AccessToken, AuthError> {
        match self.stored() {
            // Another process has renewed it.
            Some(token) if token.secret() != current.secret() => Ok(token),
            _ => self.sign_in(cx).await,
        }
    }
}

/// Writes beside the file first, so that nobody ever reads half of it.
fn keep(file: &Path, token: &AccessToken) -> io::Result<()> {
    let beside = file.with_extension(format!("{}.tmp", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let stored = Stored {
        access_token: token.secret().expose().to_owned(),
        instance_url: token.origin().to_owned(),
    };
    options
        .open(&beside)?
        .write_all(&serde_json::to_vec(&stored)?)?;
    fs::rename(beside, file)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let auth = Cached {
        inner: ClientCredentials::new(
            var("SALESFORCE_CLIENT_ID")?,
            var("SALESFORCE_CLIENT_SECRET")?,
        ),
        file: var("SALESFORCE_TOKEN_FILE")?.into(),
    };
    let salesforce = Salesforce::builder(auth)
        .org_url(var("SALESFORCE_URL")?)
        .build()?;

    let limits = salesforce.limits().await?;
    if let Some(daily) = limits.daily_api_requests() {
        println!("{} of {} calls are left today", daily.remaining, daily.max);
    }
    Ok(())
}
