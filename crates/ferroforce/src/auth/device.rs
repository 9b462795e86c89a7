use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;
use url::Url;

use super::app::App;
use super::login_url::{LoginUrl, PRODUCTION, is_loopback_host};
use super::oauth::{self, TOKEN_PATH, request_tokens};
use super::{AuthContext, AuthError, AuthErrorKind, Grant, Repeat, Secret};
use crate::error::Error;

/// How often to ask where Salesforce does not say.
const INTERVAL: Duration = Duration::from_secs(5);

/// By how much an interval grows when it was too short.
const SLOWER: Duration = Duration::from_secs(5);

/// How long a code is good where Salesforce does not say.
const LIFETIME: Duration = Duration::from_secs(10 * 60);

/// The OAuth device flow: a program without a browser shows a code, and the user
/// enters it on any machine that has one.
///
/// ```no_run
/// use ferroforce::auth::{AuthContext, DeviceFlow};
///
/// # async fn run() -> ferroforce::Result<()> {
/// let cx = AuthContext::new()?;
/// let flow = DeviceFlow::new("client id").scopes(["api", "refresh_token"]);
/// let code = flow.start(&cx).await?;
/// println!("Open {} and enter {}", code.verification_uri(), code.user_code());
/// let grant = code.wait(&cx).await?;
/// # Ok(())
/// # }
/// ```
///
/// <https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_device_flow.htm>
#[derive(Debug, Clone)]
pub struct DeviceFlow {
    app: App,
    login_url: LoginUrl,
    scopes: Vec<String>,
}

/// A sign-in by [`DeviceFlow`] that waits for the user.
pub struct DeviceCode {
    app: App,
    host: String,
    device_code: Secret,
    user_code: String,
    verification_uri: Url,
    interval: Duration,
    ends: Instant,
}

#[derive(Deserialize)]
struct Started {
    device_code: String,
    user_code: String,
    verification_uri: String,
    interval: Option<u64>,
    expires_in: Option<u64>,
}

impl DeviceFlow {
    /// The app's consumer key. The app must have the device flow enabled.
    pub fn new(client_id: impl Into<String>) -> Self {
        Self {
            app: App::new(client_id),
            login_url: LoginUrl::default(),
            scopes: Vec::new(),
        }
    }

    /// The app's consumer secret, where the app requires it.
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

    /// Asks for a code to show to the user.
    ///
    /// # Errors
    /// What Salesforce refused, what the network did, and settings that cannot
    /// work.
    pub async fn start(&self, cx: &AuthContext) -> Result<DeviceCode, AuthError> {
        self.app.check()?;
        let host = self
            .login_url
            .origin(cx.org_url(), || Ok(PRODUCTION.to_owned()))?;
        // A code that nobody enters does no harm, so this may be repeated.
        let response = oauth::post(cx, &host, TOKEN_PATH, Repeat::Always, || {
            let mut form = self.app.form([("response_type", "device_code".into())]);
            if !self.scopes.is_empty() {
                form.push(("scope", self.scopes.join(" ").into()));
            }
            Ok(form)
        })
        .await?;
        let started: Started = oauth::read(&response)?;
        let lifetime = started.expires_in.map_or(LIFETIME, Duration::from_secs);
        Ok(DeviceCode {
            app: self.app.clone(),
            host,
            device_code: started.device_code.into(),
            user_code: started.user_code,
            verification_uri: page(&started.verification_uri)?,
            interval: started
                .interval
                .map_or(INTERVAL, Duration::from_secs)
                .clamp(Duration::from_secs(1), LIFETIME),
            // A lifetime beyond a day is no device code's.
            ends: cx.clock().steady() + lifetime.min(Duration::from_secs(24 * 60 * 60)),
        })
    }
}

/// The address to show, which people open in a browser.
fn page(text: &str) -> Result<Url, AuthError> {
    let url = Url::parse(text).ok().filter(|url| match url.scheme() {
        "https" => true,
        "http" => url.host_str().is_some_and(is_loopback_host),
        _ => false,
    });
    url.ok_or_else(|| {
        AuthError::new(
            AuthErrorKind::Unclear,
            "the address at which the code is to be entered is no https address",
        )
    })
}

impl DeviceCode {
    /// What the user enters.
    pub fn user_code(&self) -> &str {
        &self.user_code
    }

    /// Where the user enters it.
    pub fn verification_uri(&self) -> &Url {
        &self.verification_uri
    }

    /// How long the user has from now on.
    pub fn time_left(&self, cx: &AuthContext) -> Duration {
        self.ends.saturating_duration_since(cx.clock().steady())
    }

    /// Waits until the user has entered the code and agreed, asking as often as
    /// Salesforce allows.
    ///
    /// Salesforce not answering for a while does not end it. An answer that was
    /// lost on its way does, since it may have been the one with the tokens; and so
    /// does dropping the future.
    ///
    /// # Errors
    /// [`AuthErrorKind::Refused`] if the user said no;
    /// [`AuthErrorKind::Deadline`] if nobody entered the code in time;
    /// [`AuthErrorKind::Unclear`] if an answer was lost. Begin anew.
    pub async fn wait(self, cx: &AuthContext) -> Result<Grant, AuthError> {
        let mut interval = self.interval;
        loop {
            let next = cx.clock().steady() + interval;
            if next >= self.ends {
                return Err(AuthError::new(
                    AuthErrorKind::Deadline,
                    "nobody entered the code while it was good: begin anew",
                ));
            }
            tokio::time::sleep_until(next).await;
            match self.ask(cx).await {
                Err(error) => match error.code() {
                    Some("authorization_pending") => {}
                    Some("slow_down") => interval += SLOWER,
                    _ if error.is_transient() || is_page(&error) => {}
                    _ => return Err(error),
                },
                granted => return granted,
            }
        }
    }

    async fn ask(&self, cx: &AuthContext) -> Result<Grant, AuthError> {
        let answer = request_tokens(cx, &self.host, Repeat::NeverSent, || {
            Ok(self.app.form([
                ("grant_type", "device".into()),
                ("code", self.device_code.clone()),
            ]))
        })
        .await?;
        Ok(Grant::new(self.app.clone(), self.host.clone(), answer))
    }
}

/// Something in between answered that Salesforce is not ready: no tokens were in
/// that.
fn is_page(error: &AuthError) -> bool {
    let cause = error
        .source()
        .and_then(|cause| cause.downcast_ref::<Error>());
    cause.is_some_and(|cause| cause.status().is_some() && cause.is_retryable())
}

impl fmt::Debug for DeviceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceCode")
            .field("app", &self.app)
            .field("host", &self.host)
            .field("device_code", &self.device_code)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
