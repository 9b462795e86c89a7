//! `ferroforce org login access-token`.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use ferroforce::auth::{self, Secret};

use super::keep::{Keep, of_token};
use super::secret_file;
use crate::answer::Answer;
use crate::logins::{Flow, Hidden};

/// Use an access token that comes from elsewhere
///
/// It is kept in a file that only its owner can read. When the token has ended, the login has too.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  SF_ACCESS_TOKEN=... ferroforce org login access-token -r https://acme.my.salesforce.com -a ci
  some-vault read token | ferroforce org login access-token --token-file - \\
    -r https://acme.my.salesforce.com")]
pub(crate) struct AccessToken {
    /// A file with the token, or `-` for standard input [default: what SALESFORCE_ACCESS_TOKEN or
    /// SF_ACCESS_TOKEN says]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// The org's URL
    #[arg(short = 'r', long, value_name = "URL", env = "SF_ORG_INSTANCE_URL")]
    instance_url: String,

    #[command(flatten)]
    pub(super) keep: Keep,
}

impl AccessToken {
    pub(super) async fn run(self) -> anyhow::Result<Answer> {
        let token = auth::AccessToken::new(self.token()?, &self.instance_url)?;
        let flow = Flow::AccessToken {
            token: Hidden(token.secret().clone()),
        };
        let url = token.origin().to_owned();
        self.keep.session(of_token(token), &url, flow).await
    }

    fn token(&self) -> anyhow::Result<Secret> {
        if let Some(file) = &self.token_file {
            return secret_file::read(file);
        }
        let set = |name| std::env::var(name).ok().filter(|token| !token.is_empty());
        match set("SALESFORCE_ACCESS_TOKEN").or_else(|| set("SF_ACCESS_TOKEN")) {
            Some(token) => Ok(token.into()),
            None => {
                bail!("the token is missing: name a file with --token-file, or set SF_ACCESS_TOKEN")
            }
        }
    }
}
