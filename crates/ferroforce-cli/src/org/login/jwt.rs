//! `ferroforce org login jwt`.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use ferroforce::auth::JwtBearer;

use super::keep::Keep;
use crate::answer::Answer;
use crate::logins::{Flow, Logins, private_key, stored};

/// Sign in with an RSA key
///
/// The key stays where it is: it is read again for each new token. Its passphrase, if it has one, is
/// taken from SALESFORCE_PRIVATE_KEY_PASSPHRASE, each time.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  ferroforce org login jwt -i 3MVG9... -o ada@acme.com -f server.key -a prod
  ferroforce org login jwt -i 3MVG9... -o ada@acme.com.uat -f server.key \\
    -r https://acme--uat.sandbox.my.salesforce.com -a uat")]
pub(crate) struct Jwt {
    /// The consumer key of an app of yours, which has the key's certificate
    #[arg(short = 'i', long, value_name = "ID", env = "SALESFORCE_CLIENT_ID")]
    client_id: String,

    /// The user to act as
    #[arg(short = 'o', long, value_name = "NAME")]
    username: String,

    /// The private key, as PEM
    #[arg(short = 'f', long, value_name = "FILE")]
    jwt_key_file: PathBuf,

    /// Where tokens are asked for: https://test.salesforce.com for sandboxes, or a My Domain
    #[arg(short = 'r', long, value_name = "URL", default_value = super::PRODUCTION)]
    instance_url: String,

    #[command(flatten)]
    pub(super) keep: Keep,
}

impl Jwt {
    pub(super) async fn run(self) -> anyhow::Result<Answer> {
        let key = private_key(&self.jwt_key_file)?;
        let flow =
            JwtBearer::new(&self.client_id, &self.username, key).login_url(&self.instance_url);
        let session = stored(flow, &Logins::of_user()?.tokens());
        let flow = Flow::Jwt {
            client_id: self.client_id,
            // The next command may run elsewhere.
            key_file: std::path::absolute(&self.jwt_key_file)
                .context("the path of the key can't be made absolute")?,
        };
        self.keep.session(session, &self.instance_url, flow).await
    }
}
