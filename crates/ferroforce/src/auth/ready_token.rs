use super::{AccessToken, Auth, AuthContext, AuthError, AuthErrorKind};

/// A token that comes from elsewhere is a flow too: it signs nobody in, and when
/// it has ended there is nothing to renew it with.
///
/// ```
/// use ferroforce::Salesforce;
/// use ferroforce::auth::AccessToken;
///
/// # fn main() -> ferroforce::Result<()> {
/// let token = AccessToken::new("00Dxx0000001gPL!AQ4AQFs", "https://acme.my.salesforce.com")?;
/// let salesforce = Salesforce::builder(token).build()?;
/// # Ok(())
/// # }
/// ```
impl Auth for AccessToken {
    async fn acquire(&self, _: &AuthContext) -> Result<Self, AuthError> {
        Ok(self.clone())
    }

    async fn refresh(&self, _: &AuthContext, _: &Self) -> Result<Self, AuthError> {
        Err(AuthError::new(
            AuthErrorKind::SignInAgain,
            "the access token has ended or was revoked, and there is nothing to renew it with: get a \
             new one, or take a flow that renews its own",
        ))
    }
}

#[cfg(test)]
mod tests;
