use std::fmt;

use http::uri::{Authority, PathAndQuery, Scheme, Uri};
use url::Url;

use super::{AuthError, AuthErrorKind, is_loopback_host};

/// Scheme, host and port of an org's API: as text, and in the parts of which
/// each request's address is put together.
#[derive(Clone)]
pub(super) struct Origin {
    text: String,
    scheme: Scheme,
    authority: Authority,
}

impl Origin {
    /// The origin of an instance URL.
    ///
    /// # Errors
    /// A URL to which no token may be sent.
    pub(super) fn of(instance_url: &str) -> Result<Self, AuthError> {
        let refuse = |why: &str| {
            AuthError::new(
                AuthErrorKind::Misconfigured,
                format!("the token's instance URL {why}: {instance_url}"),
            )
        };
        let url = Url::parse(instance_url).map_err(|_| refuse("is not a URL"))?;
        let host = url.host_str().ok_or_else(|| refuse("has no host"))?;
        let scheme = match url.scheme() {
            "https" => Scheme::HTTPS,
            "http" if is_loopback_host(host) => Scheme::HTTP,
            _ => {
                return Err(refuse(
                    "is not https, and no token is sent over anything else",
                ));
            }
        };
        let text = url.origin().ascii_serialization();
        let authority = text
            .split_once("://")
            .and_then(|(_, authority)| Authority::try_from(authority).ok())
            .ok_or_else(|| refuse("has no host"))?;
        Ok(Self {
            text,
            scheme,
            authority,
        })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Host and port.
    pub(super) fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// The address of a path on this host.
    pub(super) fn address(&self, path: PathAndQuery) -> Result<Uri, http::Error> {
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(path)
            .build()
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}
