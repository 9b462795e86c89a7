//! What an org is to be like, before it starts.

use std::net::IpAddr;
use std::path::PathBuf;

use tokio::sync::oneshot;

use super::{LocalOrg, StartError, server};
use crate::admin::Policies;
use crate::auth::{ConnectedApp, Profile, User};
use crate::settings::Settings;

/// What an org is to be like, before it starts.
#[derive(Debug, Default)]
pub struct LocalOrgBuilder {
    settings: Settings,
}

impl LocalOrgBuilder {
    /// Listens on this port; 0, the default, takes any free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.settings.port = port;
        self
    }

    /// Listens on this address. Default: 127.0.0.1. Any that is not loopback needs
    /// [`expose`](Self::expose) too.
    #[must_use]
    pub fn address(mut self, address: IpAddr) -> Self {
        self.settings.address = address;
        self
    }

    /// Whether other machines may reach the org, by an [`address`](Self::address) that is not
    /// loopback. Its admin API and its pages then answer under numeric addresses too. Default: false.
    #[must_use]
    pub fn expose(mut self, expose: bool) -> Self {
        self.settings.expose = expose;
        self
    }

    /// Adds the custom objects and fields of a [schema file](crate::schema_file), TOML or JSON.
    #[must_use]
    pub fn schema_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.settings.schema_file = Some(file.into());
        self
    }

    /// Adds the users, apps and records of a [seed file](crate#seed-files), TOML or JSON.
    #[must_use]
    pub fn seed_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.settings.seed_file = Some(file.into());
        self
    }

    /// Keeps the records in a SQLite file, which is made if it is missing, readable for its owner
    /// only, and stays. A file that has records is not seeded again. Default: in memory.
    #[must_use]
    pub fn data_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.settings.data_file = Some(file.into());
        self
    }

    /// Adds a profile, which users can then have.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.settings.profiles.push(profile);
        self
    }

    /// Adds a user. Without any, by this or in a seed file, there is one administrator.
    #[must_use]
    pub fn user(mut self, user: User) -> Self {
        self.settings.users.push(user);
        self
    }

    /// Adds a connected app. Without any, by this or in a seed file, there is one that may use
    /// every flow.
    #[must_use]
    pub fn app(mut self, app: ConnectedApp) -> Self {
        self.settings.apps.push(app);
        self
    }

    /// Lets the web server flow of the first app redirect to this URL too, which a request must
    /// name exactly, port included. The app of an org without apps may redirect to
    /// `http://localhost:1717/OauthRedirect` and to the same at the ports 1718 and 1719.
    #[must_use]
    pub fn callback_url(mut self, url: impl Into<String>) -> Self {
        self.settings.callback_urls.push(url.into());
        self
    }

    /// Whether API versions below 31.0 are served too, which Salesforce has retired. Default:
    /// false.
    #[must_use]
    pub fn serve_retired_versions(mut self, serve: bool) -> Self {
        self.settings.serve_retired_versions = serve;
        self
    }

    /// How many API calls the org takes before it refuses more. Default: 5,000,000.
    #[must_use]
    pub fn daily_api_requests(mut self, calls: u64) -> Self {
        self.settings.daily_api_requests = calls;
        self
    }

    /// What the org allows when it starts, and after a reset. Default: what a real one does.
    ///
    /// ```
    /// use ferroforce_org::{LocalOrg, Policies};
    ///
    /// let mut policies = Policies::default();
    /// policies.duplicate_rules = true;
    /// let org = LocalOrg::builder().policies(policies);
    /// ```
    #[must_use]
    pub fn policies(mut self, policies: Policies) -> Self {
        self.settings.policies = policies;
        self
    }

    /// Answers over TLS too, on this port; 0 takes any free one. Default: no TLS.
    #[must_use]
    pub fn tls_port(mut self, port: u16) -> Self {
        self.settings.tls_port = Some(port);
        self
    }

    /// The folder for the files that other programs need to connect: the TLS certificate and the
    /// private key for JWTs. It is made if it is missing, and stays. Default: a fresh temporary
    /// folder that is gone when the org is dropped.
    #[must_use]
    pub fn key_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.settings.key_folder = Some(folder.into());
        self
    }

    /// Starts the org.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or makes no sense, the port is taken, or the address needs
    /// [`expose`](Self::expose).
    pub async fn start(self) -> Result<LocalOrg, StartError> {
        let (started, start) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let (running, ended) = oneshot::channel();
        let settings = self.settings;
        let server = std::thread::Builder::new()
            .name("ferroforce-org".to_owned())
            .spawn(move || {
                server::serve(settings, started, stopped);
                drop(running);
            })
            .map_err(|error| StartError::thread(&error))?;
        let (org, address, tls) = start.await.map_err(|_| StartError::ended())??;
        Ok(LocalOrg {
            org,
            address,
            tls,
            stop: Some(stop),
            ended,
            server: Some(server),
        })
    }
}
