//! Who may use the admin API, and from where the pages may be used.

use std::net::IpAddr;

use http::header::{HeaderName, ORIGIN};
use http::request::Parts;

use crate::auth::{FETCH_SITE, Origin, Secret};

/// Carries the admin token.
pub(crate) const TOKEN_HEADER: HeaderName = HeaderName::from_static("x-org-admin-token");

/// Why a request was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It came by a host name that is not the org's own, or by none or several.
    Host,
    /// A web page made it.
    Page,
    /// It did not carry the admin token.
    Token,
}

/// Turns away what a web page could have sent: requests for a host name that somebody could
/// have pointed at this machine, and those that a browser made for a page.
///
/// `exposed` tells that the org may be reached from other machines; then numeric addresses are
/// its own too.
pub(crate) fn check_host(request: &Parts, exposed: bool) -> Result<(), Refused> {
    let own = check_name(request, exposed)?;
    let same_origin = request
        .headers
        .get(ORIGIN)
        .is_none_or(|origin| origin.as_bytes() == own.to_string().as_bytes());
    let same_site = request
        .headers
        .get(FETCH_SITE)
        .is_none_or(|site| matches!(site.as_bytes(), b"same-origin" | b"none"));
    match same_origin && same_site {
        true => Ok(()),
        false => Err(Refused::Page),
    }
}

/// Turns away requests for a host name that somebody could have pointed at this machine, and
/// returns the origin of others. Links to pages are followed from anywhere.
pub(crate) fn check_name(request: &Parts, exposed: bool) -> Result<Origin, Refused> {
    let own = Origin::named_by(request).ok_or(Refused::Host)?;
    let numeric = || {
        let name = own
            .host_name()
            .trim_start_matches('[')
            .trim_end_matches(']');
        name.parse::<IpAddr>().is_ok()
    };
    match own.is_loopback() || (exposed && numeric()) {
        true => Ok(own),
        false => Err(Refused::Host),
    }
}

pub(super) fn check_token(request: &Parts, token: &Secret) -> Result<(), Refused> {
    let presented = request
        .headers
        .get(TOKEN_HEADER)
        .and_then(|value| value.to_str().ok());
    match presented.is_some_and(|presented| token.matches(presented)) {
        true => Ok(()),
        false => Err(Refused::Token),
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    type Headers = &'static [(&'static str, &'static str)];

    fn request(headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().uri("/__org/faults");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn web_pages_are_turned_away() {
        let table: [(Headers, bool, Result<(), Refused>); 14] = [
            (&[("host", "127.0.0.1:8080")], false, Ok(())),
            (&[("host", "localhost:8080")], false, Ok(())),
            (&[("host", "[::1]:8080")], false, Ok(())),
            (
                &[
                    ("host", "127.0.0.1:8080"),
                    ("origin", "http://127.0.0.1:8080"),
                ],
                false,
                Ok(()),
            ),
            (
                &[
                    ("host", "127.0.0.1:8080"),
                    ("sec-fetch-site", "same-origin"),
                ],
                false,
                Ok(()),
            ),
            (
                &[
                    ("host", "127.0.0.1:8080"),
                    ("origin", "http://127.0.0.1:3000"),
                ],
                false,
                Err(Refused::Page),
            ),
            (
                &[
                    ("host", "127.0.0.1:8080"),
                    ("origin", "https://evil.example"),
                ],
                false,
                Err(Refused::Page),
            ),
            (
                &[("host", "127.0.0.1:8080"), ("origin", "null")],
                false,
                Err(Refused::Page),
            ),
            (
                &[("host", "127.0.0.1:8080"), ("sec-fetch-site", "cross-site")],
                false,
                Err(Refused::Page),
            ),
            (
                &[("host", "rebound.evil.example:8080")],
                false,
                Err(Refused::Host),
            ),
            (
                &[("host", "rebound.evil.example:8080")],
                true,
                Err(Refused::Host),
            ),
            (&[("host", "192.168.0.7:8080")], false, Err(Refused::Host)),
            (&[("host", "192.168.0.7:8080")], true, Ok(())),
            (&[("host", "[fe80::1]:8080")], true, Ok(())),
        ];
        for (headers, exposed, expected) in table {
            assert_eq!(
                check_host(&request(headers), exposed),
                expected,
                "{headers:?} {exposed}"
            );
        }
    }

    #[test]
    fn a_request_must_name_one_good_host() {
        let hosts: [&[&[u8]]; 10] = [
            &[],
            &[b""],
            &[b"user@evil.com"],
            &[b"localhost@evil.com"],
            &[b"evil.com/localhost"],
            &["\u{e9}vil.com".as_bytes()],
            &[b"evil\"x.com"],
            &[b"%6cocalhost"],
            &[b"localhost", b"evil.com"],
            &[b"localhost", b"localhost"],
        ];
        for hosts in hosts {
            let mut request = request(&[]);
            for host in hosts {
                let host = http::HeaderValue::from_bytes(host).unwrap();
                request.headers.append(http::header::HOST, host);
            }
            for exposed in [false, true] {
                assert_eq!(
                    check_host(&request, exposed),
                    Err(Refused::Host),
                    "{hosts:?}"
                );
            }
        }
    }

    #[test]
    fn the_token_must_be_right() {
        let token = Secret::from("right");
        assert_eq!(
            check_token(&request(&[("x-org-admin-token", "right")]), &token),
            Ok(())
        );
        for headers in [
            vec![],
            vec![("x-org-admin-token", "")],
            vec![("x-org-admin-token", "wrong")],
        ] {
            assert_eq!(check_token(&request(&headers), &token), Err(Refused::Token));
        }
    }
}
