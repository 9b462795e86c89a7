//! How often users have signed in, for tests that want to know.

use serde::Serialize;

use crate::local::LocalOrg;

/// How often a user has signed in through an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SignIns {
    /// The user.
    pub username: String,
    /// The app; none for SOAP `login()`.
    pub client_id: Option<String>,
    /// Sessions that were given for a password, an assertion, client credentials, a code of a
    /// browser or a device, or another token.
    pub logins: u64,
    /// Sessions that were given for a refresh token.
    pub refreshes: u64,
    /// Refresh tokens that came again after they had been rotated away, and so ended all that
    /// came of them.
    pub reuses: u64,
}

/// How often somebody has signed in since the org started or was reset. The session and the
/// refresh token that it starts with are not counted.
impl LocalOrg {
    /// How often each user has signed in through each app.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), ferroforce_org::StartError> {
    /// let org = ferroforce_org::LocalOrg::start().await?;
    /// // … let a hundred workers of your program begin …
    /// assert!(org.logins() <= 1, "{:?}", org.sign_ins());
    /// # Ok(())
    /// # }
    /// ```
    pub fn sign_ins(&self) -> Vec<SignIns> {
        self.org().auth.sign_ins()
    }

    /// How many sign-ins there were, all users and apps together, without refreshes.
    pub fn logins(&self) -> u64 {
        self.sign_ins().iter().map(|sign_ins| sign_ins.logins).sum()
    }

    /// How many refreshes there were, all users and apps together.
    pub fn refreshes(&self) -> u64 {
        self.sign_ins()
            .iter()
            .map(|sign_ins| sign_ins.refreshes)
            .sum()
    }
}
