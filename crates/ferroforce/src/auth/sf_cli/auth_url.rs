use std::fmt;

use crate::auth::{AuthError, AuthErrorKind, Secret, redacted};

const SCHEME: &str = "force://";

/// The app that `sf` itself signs in with, and which is meant where a URL names none.
const APP_OF_SF: &str = "PlatformCLI";

/// A login in one line, as `sf org auth show-sfdx-auth-url` prints it:
/// `force://client-id:client-secret:refresh-token@host`.
///
/// The secret may be empty. Without a client id, as in `force://:refresh-token@host` or
/// `force://refresh-token@host`, the login is one of the app of `sf`.
///
/// The whole line is a secret. Where the app rotates refresh tokens it works once: whoever
/// signs in with it gets another one, which must be kept.
///
/// ```
/// use ferroforce::auth::sf_cli::AuthUrl;
///
/// let url = AuthUrl::parse("force://my-app:its-secret:5Aep861@acme.my.salesforce.com")?;
/// assert_eq!(url.client_id(), "my-app");
/// assert_eq!(url.login_url(), "https://acme.my.salesforce.com");
/// # Ok::<(), ferroforce::auth::AuthError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct AuthUrl {
    client_id: String,
    client_secret: Option<Secret>,
    refresh_token: Secret,
    login_url: String,
}

impl AuthUrl {
    /// Reads an auth URL.
    ///
    /// # Errors
    /// [`AuthErrorKind::Misconfigured`] if it is none, or if it is what `sf` prints in the
    /// place of one since it hides secrets. The error does not repeat the text.
    pub fn parse(url: impl Into<Secret>) -> Result<Self, AuthError> {
        let url = url.into();
        let text = url.expose().trim();
        redacted::refuse(text, redacted::AUTH_URL)?;
        let malformed = || {
            AuthError::new(
                AuthErrorKind::Misconfigured,
                "this is no sfdx auth URL, which has the form \
                 force://client-id:client-secret:refresh-token@host",
            )
        };
        let (login, host) = text
            .strip_prefix(SCHEME)
            .and_then(|rest| rest.rsplit_once('@'))
            .ok_or_else(malformed)?;
        let parts: Vec<&str> = login.split(':').collect();
        let (client_id, client_secret, refresh_token) = match parts[..] {
            [token] | ["", token] => (APP_OF_SF, "", token),
            ["", "", token] => (APP_OF_SF, "", token),
            [id, secret, token] if !id.is_empty() => (id, secret, token),
            _ => return Err(malformed()),
        };
        let is_plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_graphic());
        if refresh_token.is_empty() || !is_plain(login) {
            return Err(malformed());
        }
        Ok(Self {
            client_id: client_id.to_owned(),
            client_secret: (!client_secret.is_empty()).then(|| client_secret.into()),
            refresh_token: refresh_token.into(),
            login_url: login_url(host).ok_or_else(malformed)?,
        })
    }

    /// The app's client id.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The app's secret, if it has one.
    pub fn client_secret(&self) -> Option<&Secret> {
        self.client_secret.as_ref()
    }

    /// The refresh token.
    pub fn refresh_token(&self) -> &Secret {
        &self.refresh_token
    }

    /// Where it is exchanged, `https://acme.my.salesforce.com` for example.
    pub fn login_url(&self) -> &str {
        &self.login_url
    }
}

/// The origin that is meant by the end of an auth URL: a host, mostly, and in older ones
/// with `https://` before it. A host of this machine is spoken to in plain http.
fn login_url(host: &str) -> Option<String> {
    let host = host.trim_end_matches('/');
    let host = host.strip_prefix("https://").unwrap_or(host);
    let url = url::Url::parse(&format!("https://{host}")).ok()?;
    let is_origin = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    let name = url.host_str().filter(|_| is_origin)?;
    if crate::auth::is_loopback_host(name) {
        return Some(format!("http://{host}"));
    }
    Some(url.origin().ascii_serialization())
}

impl fmt::Debug for AuthUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthUrl")
            .field("client_id", &self.client_id)
            .field("login_url", &self.login_url)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form_is_read() {
        let acme = "https://acme.my.salesforce.com";
        for (text, id, secret, token, host) in [
            (
                "force://id:secret:tok@acme.my.salesforce.com",
                "id",
                "secret",
                "tok",
                acme,
            ),
            (
                "force://id::tok@acme.my.salesforce.com",
                "id",
                "",
                "tok",
                acme,
            ),
            (
                "force://:tok@acme.my.salesforce.com",
                APP_OF_SF,
                "",
                "tok",
                acme,
            ),
            (
                "force://::tok@acme.my.salesforce.com",
                APP_OF_SF,
                "",
                "tok",
                acme,
            ),
            (
                "force://tok@acme.my.salesforce.com",
                APP_OF_SF,
                "",
                "tok",
                acme,
            ),
            (
                "force://tok@https://acme.my.salesforce.com/",
                APP_OF_SF,
                "",
                "tok",
                acme,
            ),
            (
                " force://id==:s=:5A.b_-c==@acme.my.salesforce.com\n",
                "id==",
                "s=",
                "5A.b_-c==",
                acme,
            ),
            (
                "force://id::tok@127.0.0.1:8080",
                "id",
                "",
                "tok",
                "http://127.0.0.1:8080",
            ),
            (
                "force://id::tok@Acme.example:8443",
                "id",
                "",
                "tok",
                "https://acme.example:8443",
            ),
        ] {
            let url = AuthUrl::parse(text).unwrap();
            assert_eq!(url.client_id(), id, "{text}");
            assert_eq!(
                url.client_secret().map_or("", Secret::expose),
                secret,
                "{text}"
            );
            assert_eq!(url.refresh_token().expose(), token, "{text}");
            assert_eq!(url.login_url(), host, "{text}");
        }
    }

    #[test]
    fn what_is_none_is_refused_without_being_repeated() {
        for text in [
            "",
            "https://acme.my.salesforce.com",
            "force://",
            "force://tok3n@",
            "force://@host",
            "force://id:secret:@host",
            "force://:secret:tok3n@host",
            "force://a:b:c:tok3n@host",
            "force://id::tok3n@host/path",
            "force://id::tok3n@host?x=1",
            "force://id::to k3n@host",
            "force://id::tok3n",
        ] {
            let error = AuthUrl::parse(text).unwrap_err();
            assert_eq!(error.kind(), AuthErrorKind::Misconfigured, "{text}");
            assert!(!error.to_string().contains("tok3n"), "{error}");
        }
    }

    #[test]
    fn what_sf_prints_instead_is_known() {
        let hidden = "[REDACTED] Use 'sf org auth show-sfdx-auth-url' to view";
        let error = AuthUrl::parse(hidden).unwrap_err().to_string();
        assert!(error.contains("sf org auth show-sfdx-auth-url"), "{error}");
    }

    proptest! {
        #[test]
        fn nothing_panics(text in ".{0,60}", tail in ".{0,60}") {
            let _ = AuthUrl::parse(text.as_str());
            let _ = AuthUrl::parse(format!("force://{text}@{tail}"));
        }
    }
}
