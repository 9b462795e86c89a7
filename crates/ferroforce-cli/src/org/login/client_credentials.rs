//! `ferroforce org login client-credentials`.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use ferroforce::auth::{self, Secret};

use super::keep::Keep;
use super::secret_file;
use crate::answer::Answer;
use crate::logins::{Flow, Hidden, Logins, stored};

/// Sign in as an app, with its id and secret
///
/// It acts as the user that the app's policies name. The secret is kept with the login, in a file
/// that only its owner can read.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ferroforce org login client-credentials -i 3MVG9... --client-secret-file secret.txt \\
    -r https://acme.my.salesforce.com -a prod
  SALESFORCE_CLIENT_SECRET=... ferroforce org login client-credentials -i 3MVG9... \\
    -r https://acme.my.salesforce.com")]
pub(crate) struct ClientCredentials {
    /// The app's consumer key
    #[arg(short = 'i', long, value_name = "ID", env = "SALESFORCE_CLIENT_ID")]
    client_id: String,

    /// A file with the app's consumer secret, or `-` for standard input [default: what
    /// SALESFORCE_CLIENT_SECRET says]
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,

    /// The org's My Domain, where alone this works
    #[arg(short = 'r', long, value_name = "URL")]
    instance_url: String,

    #[command(flatten)]
    pub(super) keep: Keep,
}

impl ClientCredentials {
    pub(super) async fn run(self) -> anyhow::Result<Answer> {
        let secret = self.secret()?;
        let flow = auth::ClientCredentials::new(&self.client_id, secret.clone())
            .login_url(&self.instance_url);
        let session = stored(flow, &Logins::of_user()?.tokens());
        let flow = Flow::ClientCredentials {
            client_id: self.client_id,
            client_secret: Hidden(secret),
        };
        self.keep.session(session, &self.instance_url, flow).await
    }

    fn secret(&self) -> anyhow::Result<Secret> {
        if let Some(file) = &self.client_secret_file {
            return secret_file::read(file);
        }
        match std::env::var("SALESFORCE_CLIENT_SECRET") {
            Ok(secret) if !secret.is_empty() => Ok(secret.into()),
            _ => bail!(
                "the client secret is missing: name a file with --client-secret-file, or set \
                 SALESFORCE_CLIENT_SECRET"
            ),
        }
    }
}
