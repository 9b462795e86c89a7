use std::path::PathBuf;

use clap::Args;
use ferroforce::auth::Secret;

use super::secret_file;

/// The app that a user lets in. There is none built in.
#[derive(Debug, Args)]
pub(super) struct App {
    /// The consumer key of an app of yours
    #[arg(short = 'i', long, value_name = "ID", env = "SALESFORCE_CLIENT_ID")]
    pub(super) client_id: String,

    /// A file with the app's consumer secret, if the app requires it; `-` for standard input
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,

    /// What the login is to be good for [default: all that the app allows]
    #[arg(long, value_name = "SCOPE", value_delimiter = ',')]
    pub(super) scopes: Vec<String>,

    /// Where the user signs in: https://test.salesforce.com for sandboxes, or a My Domain
    #[arg(short = 'r', long, value_name = "URL", default_value = super::PRODUCTION)]
    pub(super) instance_url: String,
}

impl App {
    pub(super) fn client_secret(&self) -> anyhow::Result<Option<Secret>> {
        self.client_secret_file
            .as_deref()
            .map(secret_file::read)
            .transpose()
    }
}
