//! The programs through which users sign in.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;

use super::address::{AddressRange, InvalidAddressRange};
use super::key::{GeneratedKey, PublicKey};
use super::secret::Secret;

/// A connected app (or external client app) of the org.
///
/// In a seed file an app is a table; every key but `client_id` has a default:
///
/// | key | default | meaning |
/// |---|---|---|
/// | `client_id` | required | the consumer key |
/// | `client_secret` | none | the consumer secret; an app without one is a public client |
/// | `certificate` | none | PEM of a certificate or an RSA public key; turns the JWT bearer flow on |
/// | `callback_urls` | none | where the web server flow may redirect to; a request must name one of them exactly, port included |
/// | `require_pkce` | false | the web server flow needs a `code_challenge` |
/// | `secret_for_web_flow` | true | a code is exchanged with the client secret, if there is one |
/// | `scopes` | `api`, `web`, `refresh_token` | what its tokens may do |
/// | `client_credentials` | false | whether the client credentials flow is on |
/// | `run_as` | none | username that client credentials act as |
/// | `password_flow` | true | whether the username-password flow is on |
/// | `device_flow` | true | whether the device flow is on |
/// | `approved_users` | everyone | usernames that have approved the app, or were approved for it |
/// | `admin_approved_only` | false | users can't approve the app themselves |
/// | `rotate_refresh_tokens` | true | each refresh gives a new refresh token and ends the old one, as in external client apps; one that comes again ends every token that came of it |
/// | `secret_for_refresh` | true | a refresh needs the client secret, if there is one |
/// | `token_format` | `opaque` | `jwt` gives access tokens that say what they are good for, and do not slide; not by the username-password flow |
/// | `jwt_seconds` | 1800 | how long such a token is good for |
/// | `allowed_addresses` | all | addresses, or ranges such as `10.0.0.0/8`, from which tokens are given |
/// | `token_exchange` | none | tables of a `subject_token` from elsewhere and the `username` that it stands for, as a real org's handler would decide; turns token exchange on |
/// | `introspect_all` | false | whether it may introspect tokens of other apps |
///
/// ```
/// let app = ferroforce_org::ConnectedApp::new("billing")
///     .client_secret("s3cret")
///     .client_credentials("billing@example.com");
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ConnectedApp {
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<Secret>,
    #[serde(default)]
    pub(crate) certificate: Signing,
    #[serde(default)]
    pub(crate) callback_urls: Vec<String>,
    #[serde(default)]
    pub(crate) require_pkce: bool,
    #[serde(default = "yes")]
    pub(crate) secret_for_web_flow: bool,
    #[serde(default = "ConnectedApp::default_scopes")]
    pub(crate) scopes: Vec<String>,
    #[serde(default)]
    pub(crate) client_credentials: bool,
    pub(crate) run_as: Option<String>,
    #[serde(default = "yes")]
    pub(crate) password_flow: bool,
    #[serde(default = "yes")]
    pub(crate) device_flow: bool,
    pub(crate) approved_users: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) admin_approved_only: bool,
    #[serde(default = "yes")]
    pub(crate) rotate_refresh_tokens: bool,
    #[serde(default = "yes")]
    pub(crate) secret_for_refresh: bool,
    #[serde(default)]
    pub(crate) token_format: TokenFormat,
    #[serde(default = "half_an_hour")]
    pub(crate) jwt_seconds: u64,
    pub(crate) allowed_addresses: Option<Vec<AddressRange>>,
    #[serde(default)]
    pub(crate) token_exchange: Vec<SubjectToken>,
    #[serde(default)]
    pub(crate) introspect_all: bool,
}

/// What access tokens look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TokenFormat {
    /// The id of the org, and what nobody can read. Each use pushes the end of the session out.
    #[default]
    Opaque,
    /// A JWT that says who may do what, until when.
    Jwt,
}

impl TokenFormat {
    /// How long such tokens are good for, if they say it themselves.
    pub(super) fn seconds(self, seconds: u64) -> Option<u64> {
        (self == Self::Jwt).then_some(seconds)
    }
}

/// A token from elsewhere, and the user that it stands for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubjectToken {
    pub(crate) subject_token: Secret,
    pub(crate) username: String,
}

fn half_an_hour() -> u64 {
    30 * 60
}

/// Scopes that only flows with a refresh token grant.
pub(crate) const REFRESHING: [&str; 2] = ["refresh_token", "offline_access"];

fn yes() -> bool {
    true
}

/// The key that an app's JWTs must be signed with.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum Signing {
    /// None: the JWT bearer flow is off.
    #[default]
    Off,
    /// The key of a certificate that the app's owner has.
    Registered(PublicKey),
    /// A key pair of the org's making, made when it is first asked for: it takes a while.
    Generated(Arc<OnceLock<GeneratedKey>>),
}

impl TryFrom<String> for Signing {
    type Error = super::key::InvalidCertificate;

    fn try_from(pem: String) -> Result<Self, Self::Error> {
        PublicKey::from_pem(&pem).map(Self::Registered)
    }
}

impl ConnectedApp {
    /// An app without secret or certificate and with the defaults of the table above.
    pub fn new(client_id: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: None,
            certificate: Signing::Off,
            callback_urls: Vec::new(),
            require_pkce: false,
            secret_for_web_flow: true,
            scopes: Self::default_scopes(),
            client_credentials: false,
            run_as: None,
            password_flow: true,
            device_flow: true,
            approved_users: None,
            admin_approved_only: false,
            rotate_refresh_tokens: true,
            secret_for_refresh: true,
            token_format: TokenFormat::Opaque,
            jwt_seconds: half_an_hour(),
            allowed_addresses: None,
            token_exchange: Vec::new(),
            introspect_all: false,
        }
    }

    /// Sets the consumer secret.
    #[must_use]
    pub fn client_secret(mut self, secret: impl Into<String>) -> Self {
        self.client_secret = Some(Secret::from(secret));
        self
    }

    /// Registers the certificate or RSA public key (PEM) that its JWTs are checked with.
    ///
    /// # Errors
    ///
    /// If the text holds neither an X.509 v3 certificate nor an RSA public key.
    pub fn certificate(mut self, pem: &str) -> Result<Self, super::key::InvalidCertificate> {
        self.certificate = Signing::Registered(PublicKey::from_pem(pem)?);
        Ok(self)
    }

    /// Gives the app a key pair of the org's making.
    #[must_use]
    pub fn generated_key(mut self) -> Self {
        self.certificate = Signing::Generated(Arc::default());
        self
    }

    /// Sets where the web server flow may redirect to: absolute URLs, `https` or to this machine,
    /// of which a request must name one exactly, port included.
    #[must_use]
    pub fn callback_urls<S: Into<String>>(mut self, urls: impl IntoIterator<Item = S>) -> Self {
        self.callback_urls = urls.into_iter().map(Into::into).collect();
        self
    }

    /// Whether the web server flow needs a `code_challenge`.
    #[must_use]
    pub fn require_pkce(mut self, require: bool) -> Self {
        self.require_pkce = require;
        self
    }

    /// Whether a code is exchanged with the client secret, if there is one.
    #[must_use]
    pub fn secret_for_web_flow(mut self, require: bool) -> Self {
        self.secret_for_web_flow = require;
        self
    }

    /// Sets what its tokens may do.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Turns the client credentials flow on, acting as the user with this username.
    #[must_use]
    pub fn client_credentials(mut self, run_as: impl Into<String>) -> Self {
        self.client_credentials = true;
        self.run_as = Some(run_as.into());
        self
    }

    /// Whether the username-password flow is on.
    #[must_use]
    pub fn password_flow(mut self, enabled: bool) -> Self {
        self.password_flow = enabled;
        self
    }

    /// Whether the device flow is on.
    #[must_use]
    pub fn device_flow(mut self, enabled: bool) -> Self {
        self.device_flow = enabled;
        self
    }

    /// Lets only these users sign in, and only because an administrator approved them.
    #[must_use]
    pub fn admin_approved<S: Into<String>>(mut self, users: impl IntoIterator<Item = S>) -> Self {
        self.admin_approved_only = true;
        self.approved_users = Some(users.into_iter().map(Into::into).collect());
        self
    }

    /// Whether each refresh gives a new refresh token and ends the old one.
    #[must_use]
    pub fn rotate_refresh_tokens(mut self, rotate: bool) -> Self {
        self.rotate_refresh_tokens = rotate;
        self
    }

    /// Sets what its access tokens look like.
    #[must_use]
    pub fn token_format(mut self, format: TokenFormat) -> Self {
        self.token_format = format;
        self
    }

    /// Gives it tokens only from these addresses, or ranges such as `10.0.0.0/8`.
    ///
    /// # Errors
    ///
    /// If one of the texts is neither.
    pub fn allowed_addresses<S: AsRef<str>>(
        mut self,
        ranges: impl IntoIterator<Item = S>,
    ) -> Result<Self, InvalidAddressRange> {
        let ranges = ranges.into_iter().map(|range| range.as_ref().parse());
        self.allowed_addresses = Some(ranges.collect::<Result<_, _>>()?);
        Ok(self)
    }

    /// Turns token exchange on: this token from elsewhere stands for the user with this username.
    #[must_use]
    pub fn token_exchange(
        mut self,
        subject_token: impl Into<String>,
        username: impl Into<String>,
    ) -> Self {
        self.token_exchange.push(SubjectToken {
            subject_token: Secret::from(subject_token),
            username: username.into(),
        });
        self
    }

    /// Whether tokens are given to this address.
    pub(crate) fn admits(&self, address: Option<IpAddr>) -> bool {
        let within = |ranges: &Vec<AddressRange>| {
            address.is_some_and(|address| ranges.iter().any(|range| range.contains(address)))
        };
        self.allowed_addresses.as_ref().is_none_or(within)
    }

    /// Whether nobody is asked for approval, or this user has given it already.
    pub(crate) fn approved(&self, username: &str) -> bool {
        self.approved_users.is_none() || self.names(username)
    }

    /// Whether this user is among those that approved the app, or were approved for it.
    pub(crate) fn names(&self, username: &str) -> bool {
        let users = self.approved_users.as_deref().unwrap_or_default();
        users.iter().any(|user| user.eq_ignore_ascii_case(username))
    }

    /// The scopes of a grant: those that were asked for, or all that the app has. None if the
    /// app does not have one of them.
    pub(crate) fn granted_scopes(&self, asked: Option<&str>) -> Option<Vec<String>> {
        let Some(asked) = asked else {
            return Some(self.scopes.clone());
        };
        let has = |scope: &str| self.scopes.iter().any(|own| own == scope);
        let allowed = |scope: &str| match REFRESHING.contains(&scope) {
            true => REFRESHING.iter().any(|scope| has(scope)),
            false => has(scope) || has("full"),
        };
        let asked: Vec<String> = asked.split_whitespace().map(str::to_owned).collect();
        asked.iter().all(|scope| allowed(scope)).then_some(asked)
    }

    /// The key that signs its JWTs, if the org made it.
    pub(crate) fn generated(&self) -> Option<&GeneratedKey> {
        match &self.certificate {
            Signing::Generated(key) => Some(key.get_or_init(GeneratedKey::new)),
            Signing::Off | Signing::Registered(_) => None,
        }
    }

    /// The key that checks its JWTs. A generated pair that nobody has asked for has signed
    /// nothing, so it is none.
    pub(crate) fn verifying_key(&self) -> Option<&PublicKey> {
        match &self.certificate {
            Signing::Off => None,
            Signing::Registered(key) => Some(key),
            Signing::Generated(key) => key.get().map(GeneratedKey::public),
        }
    }

    fn default_scopes() -> Vec<String> {
        ["api", "web", "refresh_token"].map(str::to_owned).to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::key::tests::certificate;

    #[test]
    fn a_seed_needs_to_say_little() {
        let app: ConnectedApp = toml::from_str(r#"client_id = "app""#).unwrap();
        assert!(app.client_secret.is_none() && app.verifying_key().is_none());
        assert_eq!(app.scopes, ["api", "web", "refresh_token"]);
        assert!(app.password_flow && app.rotate_refresh_tokens && app.secret_for_refresh);
        assert!(!app.client_credentials && !app.admin_approved_only && !app.introspect_all);
        assert!(app.approved("anyone@example.com") && !app.names("anyone@example.com"));
        assert!(app.secret_for_web_flow && !app.require_pkce && app.device_flow);
    }

    #[test]
    fn an_app_grants_the_scopes_that_it_has() {
        let app = ConnectedApp::new("app");
        let full = ConnectedApp::new("app").scopes(["full"]);
        let table = [
            (&app, None, Some("api web refresh_token")),
            (&app, Some("api"), Some("api")),
            (&app, Some(" web  api "), Some("web api")),
            (&app, Some("api offline_access"), Some("api offline_access")),
            (&app, Some("api openid"), None),
            (&full, Some("api openid"), Some("api openid")),
            (&full, Some("api refresh_token"), None),
        ];
        for (app, asked, expected) in table {
            let granted = app.granted_scopes(asked).map(|scopes| scopes.join(" "));
            assert_eq!(granted.as_deref(), expected, "{asked:?}");
        }
    }

    #[test]
    fn a_seed_can_say_everything() {
        let seed = format!(
            r#"
            client_id = "app"
            client_secret = "s3cret"
            certificate = """{}"""
            callback_urls = ["http://localhost:1717/OauthRedirect"]
            require_pkce = true
            secret_for_web_flow = false
            scopes = ["api"]
            client_credentials = true
            run_as = "ada@example.com"
            password_flow = false
            device_flow = false
            approved_users = ["ada@example.com"]
            admin_approved_only = true
            rotate_refresh_tokens = false
            secret_for_refresh = false
            introspect_all = true
            token_format = "jwt"
            jwt_seconds = 900
            allowed_addresses = ["127.0.0.1", "10.0.0.0/8"]
            token_exchange = [{{ subject_token = "f0reign", username = "ada@example.com" }}]
            "#,
            certificate()
        );
        let app: ConnectedApp = toml::from_str(&seed).unwrap();
        assert!(app.verifying_key().is_some() && app.generated().is_none());
        assert!(app.approved("ADA@example.com") && !app.approved("bob@example.com"));
        assert!(app.require_pkce && !app.secret_for_web_flow && !app.device_flow);
        assert_eq!(app.token_format.seconds(app.jwt_seconds), Some(900));
        assert_eq!(app.token_exchange[0].username, "ada@example.com");
        assert_eq!(app.allowed_addresses.as_ref().map(Vec::len), Some(2));
        let shown = format!("{app:?}");
        assert!(!shown.contains("s3cret") && !shown.contains("f0reign"));
    }

    #[test]
    fn mistakes_in_a_seed_are_told() {
        for (seed, expected) in [
            ("", "client_id"),
            (
                "client_id = \"app\"\nsecret = \"x\"",
                "unknown field `secret`",
            ),
            (
                "client_id = \"app\"\ncertificate = \"x\"",
                "expected the PEM of an X.509",
            ),
            (
                "client_id = \"app\"\nallowed_addresses = [\"x\"]",
                "neither an IP address",
            ),
        ] {
            let error = toml::from_str::<ConnectedApp>(seed)
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
