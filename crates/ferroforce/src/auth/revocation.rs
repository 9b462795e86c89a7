use super::{AuthContext, AuthError, Repeat, Secret, oauth};
use crate::client::Salesforce;
use crate::error::Result;

const PATH: &str = "/services/oauth2/revoke";

/// Ending tokens.
impl Salesforce {
    /// Revokes a token of this org: an access token with its session, or a refresh
    /// token with all that came of it, **for everybody who uses it**. It needs no
    /// session if the client has an org URL; see [`log_out`](Self::log_out) for the client's own.
    ///
    /// ```no_run
    /// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
    /// use ferroforce::auth::Secret;
    ///
    /// salesforce.revoke(&Secret::new("5Aep861…")).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// <https://help.salesforce.com/s/articleView?id=sf.remoteaccess_revoke_token.htm>
    ///
    /// # Errors
    /// [`ErrorKind::Auth`](crate::ErrorKind::Auth) with the code
    /// `invalid_token` or `unsupported_token_type` for what is no token, or no
    /// longer one; and what the network did.
    pub async fn revoke(&self, token: &Secret) -> Result<()> {
        let host = self.origin().await?;
        Ok(self.context().revoke(&host, token).await?)
    }
}

impl AuthContext {
    /// Revokes a token that its host may know no longer.
    pub(super) async fn end(&self, host: &str, token: &Secret) -> Result<(), AuthError> {
        match self.revoke(host, token).await {
            Err(error) if is_unknown(&error) => Ok(()),
            other => other,
        }
    }

    pub(super) async fn revoke(&self, host: &str, token: &Secret) -> Result<(), AuthError> {
        super::require("token", token.expose())?;
        oauth::post(self, host, PATH, Repeat::Always, || {
            Ok(vec![("token", token.clone())])
        })
        .await
        .map(drop)
    }
}

/// Salesforce answers so for tokens that have ended.
fn is_unknown(error: &AuthError) -> bool {
    matches!(
        error.code(),
        Some("invalid_token" | "unsupported_token_type")
    )
}

#[cfg(test)]
mod tests;
