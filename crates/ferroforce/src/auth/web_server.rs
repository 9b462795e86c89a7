use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::Url;

use super::app::App;
use super::login_url::{LoginUrl, PRODUCTION};
use super::oauth::request_tokens;
use super::random::random_text;
use super::{AuthContext, AuthError, AuthErrorKind, Grant, Repeat, Secret};

const PATH: &str = "/services/oauth2/authorize";

/// The OAuth web server flow with PKCE: a user signs in at Salesforce, in a
/// browser, and lets the app act for them.
///
/// It takes two steps, with the browser in between. [`authorize`] gives the
/// address to send the browser to, and what to keep until it comes back. When
/// it does, to the redirect URI, [`finish`] makes a [`Grant`] of what it brings.
///
/// ```no_run
/// use ferroforce::auth::{AuthContext, PendingSignIn, WebServer};
///
/// # async fn run() -> ferroforce::Result<()> {
/// let app = WebServer::new("client id", "https://app.example.com/callback")
///     .client_secret("client secret")
///     .scopes(["api", "refresh_token"]);
///
/// // In the handler that begins: keep `pending` in the user's session, which
/// // the browser cannot read, and redirect to `url`.
/// let sign_in = app.authorize()?;
/// println!("redirect to {}", sign_in.url);
/// let kept = serde_json::to_string(&sign_in.pending).expect("strings");
///
/// // In the handler of the callback.
/// let pending: PendingSignIn = serde_json::from_str(&kept).expect("what was kept");
/// let callback = "/callback?code=aPrx…&state=…";
/// let grant = app.finish(&AuthContext::new()?, pending, callback).await?;
/// # Ok(())
/// # }
/// ```
///
/// <https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_web_server_flow.htm>
///
/// [`authorize`]: Self::authorize
/// [`finish`]: Self::finish
#[derive(Debug, Clone)]
pub struct WebServer {
    app: App,
    redirect_uri: String,
    login_url: LoginUrl,
    scopes: Vec<String>,
    parameters: Vec<(String, String)>,
}

/// The first half of a sign-in by [`WebServer`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Authorization {
    /// Where to send the browser.
    pub url: Url,
    /// What to keep until the browser comes back, where only this program can
    /// read it.
    pub pending: PendingSignIn,
}

/// A sign-in by [`WebServer`] that has begun: what proves that an answer belongs
/// to it, and that the code in that answer is for this program.
///
/// It can be serialized, for web applications whose two halves run in different
/// processes. Who has it and the code can sign in, so keep it on the server or
/// encrypt it.
#[derive(Clone, Serialize, Deserialize)]
pub struct PendingSignIn {
    #[serde(with = "exposed")]
    state: Secret,
    #[serde(with = "exposed")]
    verifier: Secret,
}

impl WebServer {
    /// The app's consumer key, and where the browser is sent back to: one of the
    /// app's callback URLs, letter by letter, port and final slash included.
    pub fn new(client_id: impl Into<String>, redirect_uri: impl Into<String>) -> Self {
        Self {
            app: App::new(client_id),
            redirect_uri: redirect_uri.into(),
            login_url: LoginUrl::default(),
            scopes: Vec::new(),
            parameters: Vec::new(),
        }
    }

    /// The app's consumer secret. Leave it out for a public app, which runs where
    /// its users could read it.
    #[must_use]
    pub fn client_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.app = self.app.with_secret(secret);
        self
    }

    /// Where the user signs in: `https://login.salesforce.com` by default,
    /// `https://test.salesforce.com` for sandboxes, or a My Domain.
    #[must_use]
    pub fn login_url(mut self, url: impl Into<String>) -> Self {
        self.login_url = LoginUrl::new(url);
        self
    }

    /// What the tokens are to be good for, of what the app allows; all of that by
    /// default. `refresh_token` is needed to stay signed in.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Another parameter of the address: `login_hint` with a user name, or
    /// `prompt` with `login`, `consent` or `select_account`, for example.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// Begins a sign-in. Nothing is sent.
    ///
    /// # Errors
    /// [`AuthErrorKind::Misconfigured`] for an empty client id or secret, a
    /// redirect URI or login URL that is none, and a parameter that is the flow's
    /// own.
    pub fn authorize(&self) -> Result<Authorization, AuthError> {
        self.app.check()?;
        if Url::parse(&self.redirect_uri).is_err() {
            return Err(misconfigured("the redirect URI is not a whole URL"));
        }
        let host = self.host()?;
        let pending = PendingSignIn {
            state: random_text()?,
            verifier: random_text()?,
        };
        let mut url = Url::parse(&format!("{host}{PATH}"))
            .map_err(|_| misconfigured("the login host is no valid address"))?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(pending.verifier.expose()));
        let own = [
            ("response_type", "code"),
            ("client_id", self.app.client_id()),
            ("redirect_uri", &self.redirect_uri),
            ("state", pending.state.expose()),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        if let Some((name, _)) = self
            .parameters
            .iter()
            .find(|(name, _)| name == "scope" || own.iter().any(|(taken, _)| name == taken))
        {
            return Err(misconfigured(format!(
                "the parameter {name} is the flow's own and cannot be given"
            )));
        }
        url.query_pairs_mut()
            .extend_pairs(own)
            .extend_pairs((!self.scopes.is_empty()).then(|| ("scope", self.scopes.join(" "))))
            .extend_pairs(&self.parameters);
        Ok(Authorization { url, pending })
    }

    /// Ends a sign-in with what the browser brought to the redirect URI: the
    /// request's whole URL, its path and query, or the query alone.
    ///
    /// The code in it is exchanged once; it is not repeated once it has been sent,
    /// since it is good for one use.
    ///
    /// # Errors
    /// [`AuthErrorKind::StateMismatch`] if the redirect does not belong to
    /// `pending`; [`AuthErrorKind::Refused`] if the user or Salesforce said no;
    /// [`AuthErrorKind::Unclear`] if the exchange was sent and its answer lost.
    /// None of these can be mended: begin anew.
    pub async fn finish(
        &self,
        cx: &AuthContext,
        pending: PendingSignIn,
        callback: &str,
    ) -> Result<Grant, AuthError> {
        self.app.check()?;
        let code = pending.code(callback)?;
        let host = self.host()?;
        let answer = request_tokens(cx, &host, Repeat::NeverSent, || {
            Ok(self.app.form([
                ("grant_type", "authorization_code".into()),
                ("code", code.clone()),
                ("redirect_uri", self.redirect_uri.as_str().into()),
                ("code_verifier", pending.verifier.clone()),
            ]))
        })
        .await?;
        Ok(Grant::new(self.app.clone(), host, answer))
    }

    fn host(&self) -> Result<String, AuthError> {
        self.login_url.origin(None, || Ok(PRODUCTION.to_owned()))
    }
}

impl PendingSignIn {
    /// Whether a redirect belongs to this sign-in; see [`WebServer::finish`] for its
    /// forms. A program that waits for one redirect goes on waiting after another.
    pub fn is_answered_by(&self, callback: &str) -> bool {
        // Nothing answers a sign-in that was kept without its state.
        parameter(callback, "state")
            .is_some_and(|state| !state.is_empty() && same(&state, self.state.expose()))
    }

    /// The code of a redirect that belongs to this sign-in.
    fn code(&self, callback: &str) -> Result<Secret, AuthError> {
        if !self.is_answered_by(callback) {
            return Err(AuthError::new(
                AuthErrorKind::StateMismatch,
                "the redirect belongs to another sign-in than this one, or was forged: its state \
                 is not the one that was sent",
            ));
        }
        if let Some(code) = parameter(callback, "error") {
            let description = parameter(callback, "error_description").unwrap_or_default();
            return Err(super::oauth::refusal(code, description));
        }
        match parameter(callback, "code") {
            Some(code) if !code.is_empty() => Ok(code.into()),
            _ => Err(AuthError::new(
                AuthErrorKind::Unclear,
                "the redirect brings neither a code nor an error",
            )),
        }
    }
}

/// A parameter of a URL, of a path with a query, or of a query.
fn parameter(callback: &str, name: &str) -> Option<String> {
    let callback = callback.split('#').next().unwrap_or_default();
    let query = callback
        .split_once('?')
        .map_or(callback, |(_, query)| query);
    form_urlencoded::parse(query.as_bytes())
        .find_map(|(found, value)| (found == name).then(|| value.into_owned()))
}

/// Compares in a time that tells nothing of where two texts differ.
fn same(one: &str, other: &str) -> bool {
    one.len() == other.len()
        && one
            .bytes()
            .zip(other.bytes())
            .fold(0, |differ, (a, b)| differ | (a ^ b))
            == 0
}

fn misconfigured(what: impl Into<String>) -> AuthError {
    AuthError::new(AuthErrorKind::Misconfigured, what)
}

/// Secrets cannot be serialized but here, where it is what the type is for.
mod exposed {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::auth::Secret;

    pub(super) fn serialize<S: Serializer>(
        secret: &Secret,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(secret.expose())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Secret, D::Error> {
        String::deserialize(deserializer).map(Secret::from)
    }
}

impl fmt::Debug for PendingSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingSignIn")
            .field("state", &self.state)
            .field("verifier", &self.verifier)
            .finish()
    }
}

#[cfg(test)]
mod tests;
