use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;

use super::app::App;
use super::{Repeat, Secret, oauth};
use crate::client::Salesforce;
use crate::error::Result;

const PATH: &str = "/services/oauth2/introspect";

/// What Salesforce tells of a token: see [`Salesforce::introspect`]. Of one that
/// has ended, or that is another app's, only that it is not active.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Introspection {
    /// Whether the token works.
    pub active: bool,
    /// What it may do, separated by blanks.
    #[serde(default)]
    pub scope: Option<String>,
    /// The app that it was issued to.
    #[serde(default)]
    pub client_id: Option<String>,
    /// The user.
    #[serde(default)]
    pub username: Option<String>,
    /// The user's identity URL.
    #[serde(default)]
    pub sub: Option<String>,
    /// `access_token` or `refresh_token`.
    #[serde(default)]
    pub token_type: Option<String>,
    #[serde(default)]
    exp: Option<u64>,
    #[serde(default)]
    iat: Option<u64>,
    #[serde(default)]
    nbf: Option<u64>,
}

impl Introspection {
    /// When it ends, if it is not used before.
    pub fn expires_at(&self) -> Option<SystemTime> {
        moment(self.exp)
    }

    /// When it was issued.
    pub fn issued_at(&self) -> Option<SystemTime> {
        moment(self.iat)
    }

    /// From when on it is good.
    pub fn not_before(&self) -> Option<SystemTime> {
        moment(self.nbf)
    }
}

fn moment(seconds: Option<u64>) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds?))
}

/// Asking about tokens.
impl Salesforce {
    /// Asks about a token of this org, an access or a refresh token. The app must
    /// say who it is: it may ask about its own tokens, and about others only if it
    /// is allowed to introspect all. Asking does not use the token.
    ///
    /// ```no_run
    /// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
    /// let token = salesforce.access_token().await?;
    /// let about = salesforce
    ///     .introspect(token.secret(), "client id", "client secret")
    ///     .await?;
    /// println!("active: {}, until {:?}", about.active, about.expires_at());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// <https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oidc_token_introspection.htm>
    ///
    /// # Errors
    /// [`ErrorKind::Auth`](crate::ErrorKind::Auth) if the app is refused, or what
    /// the network did.
    pub async fn introspect(
        &self,
        token: &Secret,
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
    ) -> Result<Introspection> {
        super::require("token", token.expose())?;
        let app = App::new(client_id).with_secret(client_secret);
        app.check()?;
        let host = self.origin().await?;
        let response = oauth::post(self.context(), &host, PATH, Repeat::Always, || {
            Ok(app.form([("token", token.clone())]))
        })
        .await?;
        Ok(oauth::read(&response)?)
    }

    /// The host to ask: the one that the client was built for, or else the one
    /// that its sign-in leads to.
    pub(super) async fn origin(&self) -> Result<String> {
        match self.org_url() {
            Some(url) => Ok(url.origin().to_owned()),
            None => Ok(self.access_token().await?.origin().to_owned()),
        }
    }
}

#[cfg(test)]
mod tests;
