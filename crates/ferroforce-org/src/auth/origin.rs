//! The URL that a request came by.

use std::fmt;
use std::net::SocketAddr;

use http::header::{HOST, HeaderName, HeaderValue, ORIGIN};
use http::request::Parts;
use http::uri::{Authority, Uri};

use crate::http::Arrival;

/// Where a browser says how the page that made a request is related to the host that it is for.
pub(crate) const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Scheme and host of a request, as its client sees the org. Displayed as `http://host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    scheme: &'static str,
    host: String,
    /// Where the org really listens, if that is known.
    local: Option<SocketAddr>,
}

impl Origin {
    /// Takes the host from the request line or the `Host` header, whatever it says; one that is
    /// missing or can't be a host becomes `localhost`. Good for writing URLs; what decides by the
    /// host takes [`Self::named_by`].
    pub(crate) fn of(request: &Parts) -> Self {
        Self::new(request, named_host(request).unwrap_or("localhost"))
    }

    /// The same for a request that names exactly one host, and that a good one.
    pub(crate) fn named_by(request: &Parts) -> Option<Self> {
        let one_at_most = request.headers.get_all(HOST).iter().nth(1).is_none();
        let host = named_host(request).filter(|_| one_at_most)?;
        Some(Self::new(request, host))
    }

    fn new(request: &Parts, host: &str) -> Self {
        let arrival = request.extensions.get::<Arrival>();
        let secure = arrival.is_some_and(|arrival| arrival.secure);
        let scheme = if secure { "https" } else { "http" };
        let local = arrival.map(|arrival| arrival.local);
        Self {
            scheme,
            host: host.to_owned(),
            local,
        }
    }

    /// Where this org's API is: here, unless the request came by a login host, which has none.
    pub(crate) fn instance_url(&self) -> String {
        match self.local {
            Some(local) if self.is_login_host() => format!("{}://{local}", self.scheme),
            _ => self.to_string(),
        }
    }

    /// Host, and port if the client named one.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Host without port.
    pub(crate) fn host_name(&self) -> &str {
        match self.host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => &self.host,
        }
    }

    /// Whether the client believes to speak with one of Salesforce's general login hosts.
    pub(crate) fn is_login_host(&self) -> bool {
        ["login.salesforce.com", "test.salesforce.com"]
            .iter()
            .any(|host| self.host_name().eq_ignore_ascii_case(host))
    }

    /// Whether the request came over TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.scheme == "https"
    }

    /// Whether the host is a name of the loopback interface.
    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(self.host_name())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)
    }
}

/// The host of the request line or else of the first `Host` header, with its port, if it can be
/// one.
fn named_host(request: &Parts) -> Option<&str> {
    let host = match request.uri.authority() {
        Some(authority) => authority.as_str(),
        None => {
            let host = request.headers.get(HOST)?.to_str().ok()?;
            host.parse::<Authority>().ok()?;
            host
        }
    };
    (!host.contains('@')).then_some(host)
}

/// Whether a web page elsewhere made a request, as its browser tells: neither this org nor
/// anything else on the loopback interface. Programs other than browsers tell nothing.
pub(crate) fn is_from_foreign_page(request: &Parts) -> bool {
    let own = Origin::of(request).to_string();
    let foreign = |origin: &HeaderValue| {
        let is_local = || {
            let origin = origin.to_str().ok()?.parse::<Uri>().ok()?;
            Some(is_loopback(origin.host()?))
        };
        origin.as_bytes() != own.as_bytes() && is_local() != Some(true)
    };
    let headers = &request.headers;
    headers.get_all(ORIGIN).iter().any(foreign)
        || headers
            .get_all(FETCH_SITE)
            .iter()
            .any(|site| site.as_bytes() == b"cross-site")
}

/// Whether a host name, as written in a URL, is a name of the loopback interface.
pub(crate) fn is_loopback(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost") || matches!(name, "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn origin(uri: &str, host: Option<&[u8]>, tls: bool) -> String {
        let mut request = Request::builder().uri(uri);
        if let Some(host) = host {
            request = request.header(HOST, host);
        }
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        request = request.extension(Arrival {
            secure: tls,
            local: nowhere,
            peer: nowhere.ip(),
        });
        Origin::of(&request.body(()).unwrap().into_parts().0).to_string()
    }

    #[test]
    fn the_origin_is_what_the_client_named() {
        let table: [(&str, Option<&[u8]>, bool, &str); 8] = [
            ("/", Some(b"127.0.0.1:8080"), false, "http://127.0.0.1:8080"),
            (
                "/",
                Some(b"acme.my.salesforce.com"),
                true,
                "https://acme.my.salesforce.com",
            ),
            ("/", Some(b"[::1]:80"), false, "http://[::1]:80"),
            ("http://one:1/", Some(b"two:2"), false, "http://one:1"),
            ("/", None, false, "http://localhost"),
            ("/", Some(b""), false, "http://localhost"),
            ("/", Some(b"a b\"<x>"), false, "http://localhost"),
            ("/", Some(b"user:password@host"), false, "http://localhost"),
        ];
        for (uri, host, tls, expected) in table {
            assert_eq!(origin(uri, host, tls), expected);
        }
    }

    #[test]
    fn pages_of_other_hosts_are_foreign() {
        type Headers = &'static [(&'static str, &'static str)];
        let table: [(Headers, bool); 10] = [
            (&[], false),
            (&[("origin", "http://org.example:8080")], false),
            (&[("origin", "http://localhost:3000")], false),
            (&[("origin", "https://[::1]")], false),
            (&[("sec-fetch-site", "same-origin")], false),
            (&[("origin", "http://evil.example")], true),
            (&[("origin", "http://localhost.evil.example")], true),
            (&[("origin", "null")], true),
            (&[("sec-fetch-site", "cross-site")], true),
            (
                &[
                    ("origin", "http://localhost"),
                    ("origin", "http://evil.example"),
                ],
                true,
            ),
        ];
        for (headers, expected) in table {
            let mut request = Request::builder().header(HOST, "org.example:8080");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            assert_eq!(is_from_foreign_page(&parts), expected, "{headers:?}");
        }
    }

    #[test]
    fn a_login_host_has_no_api() {
        let local = Some(SocketAddr::from(([127, 0, 0, 1], 8080)));
        let of = |host: &str| Origin {
            scheme: "https",
            host: host.to_owned(),
            local,
        };
        assert_eq!(
            of("login.salesforce.com").instance_url(),
            "https://127.0.0.1:8080"
        );
        assert_eq!(
            of("acme.my.salesforce.com").instance_url(),
            "https://acme.my.salesforce.com"
        );
    }

    #[test]
    fn login_and_loopback_hosts_are_known_with_any_port() {
        let of = |host: &str| Origin {
            scheme: "http",
            host: host.to_owned(),
            local: None,
        };
        for host in ["login.salesforce.com", "TEST.salesforce.com:443"] {
            assert!(
                of(host).is_login_host() && !of(host).is_loopback(),
                "{host}"
            );
        }
        for host in [
            "localhost",
            "LocalHost:80",
            "127.0.0.1:8080",
            "[::1]",
            "[::1]:9",
        ] {
            assert!(
                of(host).is_loopback() && !of(host).is_login_host(),
                "{host}"
            );
        }
        for host in [
            "localhost.evil.example",
            "127.0.0.1.evil.example:80",
            "[::2]",
            "evil",
        ] {
            assert!(!of(host).is_loopback(), "{host}");
        }
    }
}
