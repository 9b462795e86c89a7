use std::net::IpAddr;

use url::Url;

use super::{AuthError, AuthErrorKind};
use crate::client::OrgUrl;

/// Where users of production and developer orgs sign in.
pub(super) const PRODUCTION: &str = "https://login.salesforce.com";

/// Where users of sandboxes and scratch orgs sign in.
#[cfg(feature = "jwt")]
pub(super) const SANDBOX: &str = "https://test.salesforce.com";

/// Where a flow signs in, if its user has said so.
#[derive(Debug, Clone, Default)]
pub(super) struct LoginUrl(Option<String>);

impl LoginUrl {
    pub(super) fn new(url: impl Into<String>) -> Self {
        Self(Some(url.into()))
    }

    /// The origin to sign in at: the one that was set, else the client's org,
    /// else the flow's own default.
    pub(super) fn origin(
        &self,
        org: Option<&OrgUrl>,
        default: impl FnOnce() -> Result<String, AuthError>,
    ) -> Result<String, AuthError> {
        match (&self.0, org) {
            (Some(url), _) => parse(url),
            (None, Some(org)) => Ok(org.origin().to_owned()),
            (None, None) => default(),
        }
    }
}

fn parse(text: &str) -> Result<String, AuthError> {
    let url = Url::parse(text)
        .or_else(|_| Url::parse(&format!("https://{text}")))
        .ok()
        .filter(|url| {
            url.host().is_some() && url.username().is_empty() && url.password().is_none()
        });
    match url {
        Some(url) if url.scheme() == "https" || is_loopback(&url) => {
            Ok(url.origin().ascii_serialization())
        }
        _ => Err(AuthError::new(
            AuthErrorKind::Misconfigured,
            "the login URL is none: give https://login.salesforce.com, \
             https://test.salesforce.com or the org's My Domain URL, without user and password",
        )),
    }
}

fn is_loopback(url: &Url) -> bool {
    url.scheme() == "http" && url.host_str().is_some_and(is_loopback_host)
}

/// Whether a host is this machine, the only one that plain http may reach.
pub(crate) fn is_loopback_host(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    match address.parse::<IpAddr>() {
        Ok(ip) => ip.to_canonical().is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}
