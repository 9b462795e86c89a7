//! What can be chosen about an org when it starts.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use crate::admin::Policies;
use crate::auth::{ConnectedApp, Profile, User};

/// The choices, with their defaults.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Address to listen on. Default: 127.0.0.1.
    pub(crate) address: IpAddr,
    /// Port for plain HTTP; 0 takes any free one, which is the default.
    pub(crate) port: u16,
    /// Port for TLS, if any; 0 takes any free one. Default: none.
    pub(crate) tls_port: Option<u16>,
    /// Folder for key and certificate files; a fresh temporary one without it.
    pub(crate) key_folder: Option<PathBuf>,
    /// Allows `address` to be other than loopback. Default: no.
    pub(crate) expose: bool,
    /// File with custom objects and fields.
    pub(crate) schema_file: Option<PathBuf>,
    /// File with users, apps and records.
    pub(crate) seed_file: Option<PathBuf>,
    /// Profiles, besides those of the seed file.
    pub(crate) profiles: Vec<Profile>,
    /// Users, besides those of the seed file.
    pub(crate) users: Vec<User>,
    /// Connected apps, besides those of the seed file.
    pub(crate) apps: Vec<ConnectedApp>,
    /// Where the first app may redirect to, besides what it says itself.
    pub(crate) callback_urls: Vec<String>,
    /// Where the SQLite file lives; in memory without it.
    pub(crate) data_file: Option<PathBuf>,
    /// Serves API versions below 31.0 too, which Salesforce has retired. Default: no.
    pub(crate) serve_retired_versions: bool,
    /// Calls allowed per day, the second number of `Sforce-Limit-Info`. Default: 5,000,000, as
    /// in a full sandbox.
    pub(crate) daily_api_requests: u64,
    /// What the org allows, until it is told otherwise.
    pub(crate) policies: Policies,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            tls_port: None,
            key_folder: None,
            expose: false,
            schema_file: None,
            seed_file: None,
            profiles: Vec::new(),
            users: Vec::new(),
            apps: Vec::new(),
            callback_urls: Vec::new(),
            data_file: None,
            serve_retired_versions: false,
            daily_api_requests: 5_000_000,
            policies: Policies::default(),
        }
    }
}
