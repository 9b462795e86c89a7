//! Who has signed in.

use std::collections::BTreeMap;

use http::Method;
use serde::Deserialize;

use crate::client::{Call, Salesforce};
use crate::error::Result;
use crate::op::{Op, Path, decode_json};

/// The user of a session, in the words of OpenID Connect: see
/// [`Salesforce::user_info`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct UserInfo {
    /// The user's identity URL.
    pub sub: String,
    /// The user's id, 18 characters.
    pub user_id: String,
    /// The org's id, 18 characters.
    pub organization_id: String,
    /// The name to sign in by.
    #[serde(default)]
    pub preferred_username: Option<String>,
    /// The nickname in communities.
    #[serde(default)]
    pub nickname: Option<String>,
    /// The whole name.
    #[serde(default)]
    pub name: Option<String>,
    /// The first name.
    #[serde(default)]
    pub given_name: Option<String>,
    /// The last name.
    #[serde(default)]
    pub family_name: Option<String>,
    /// The address of mail.
    #[serde(default)]
    pub email: Option<String>,
    /// Whether the user has confirmed that address.
    #[serde(default)]
    pub email_verified: Option<bool>,
    /// The time zone, `Europe/Berlin` for example.
    #[serde(default)]
    pub zoneinfo: Option<String>,
    /// The locale, `en_US` for example.
    #[serde(default)]
    pub locale: Option<String>,
    /// The language, `en_US` for example.
    #[serde(default)]
    pub language: Option<String>,
    /// `STANDARD`, `GUEST`, … in some orgs in mixed case.
    #[serde(default)]
    pub user_type: Option<String>,
    /// Whether the user may sign in.
    #[serde(default)]
    pub active: Option<bool>,
    /// Milliseconds from UTC, without daylight saving time.
    #[serde(default, rename = "utcOffset")]
    pub utc_offset: Option<i64>,
    /// When the user was changed last, as Salesforce writes it.
    #[serde(default)]
    pub updated_at: Option<String>,
    /// Addresses of the org's APIs and of the user's pages by their names. The
    /// APIs' have `{version}` where a version belongs.
    #[serde(default)]
    pub urls: BTreeMap<String, String>,
}

/// The user of a session, in Salesforce's words: see [`Salesforce::identity`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Identity {
    /// The identity URL.
    pub id: String,
    /// Whether this is the user of the token that asked.
    #[serde(default)]
    pub asserted_user: Option<bool>,
    /// The user's id, 18 characters.
    pub user_id: String,
    /// The org's id, 18 characters.
    pub organization_id: String,
    /// The name to sign in by.
    #[serde(default)]
    pub username: Option<String>,
    /// The nickname in communities.
    #[serde(default)]
    pub nick_name: Option<String>,
    /// The whole name.
    #[serde(default)]
    pub display_name: Option<String>,
    /// The first name.
    #[serde(default)]
    pub first_name: Option<String>,
    /// The last name.
    #[serde(default)]
    pub last_name: Option<String>,
    /// The address of mail.
    #[serde(default)]
    pub email: Option<String>,
    /// Whether the user has confirmed that address.
    #[serde(default)]
    pub email_verified: Option<bool>,
    /// The time zone, `Europe/Berlin` for example.
    #[serde(default)]
    pub timezone: Option<String>,
    /// The locale, `en_US` for example.
    #[serde(default)]
    pub locale: Option<String>,
    /// The language, `en_US` for example.
    #[serde(default)]
    pub language: Option<String>,
    /// `STANDARD`, `GUEST`, … in some orgs in mixed case.
    #[serde(default)]
    pub user_type: Option<String>,
    /// Whether the user may sign in.
    #[serde(default)]
    pub active: Option<bool>,
    /// Milliseconds from UTC, without daylight saving time.
    #[serde(default, rename = "utcOffset")]
    pub utc_offset: Option<i64>,
    /// When the user was changed last, as Salesforce writes it.
    #[serde(default)]
    pub last_modified_date: Option<String>,
    /// Addresses of the org's APIs and of the user's pages by their names. The
    /// APIs' have `{version}` where a version belongs.
    #[serde(default)]
    pub urls: BTreeMap<String, String>,
}

/// Who has signed in.
impl Salesforce {
    /// The user of this session. The token must have one of the scopes `openid`,
    /// `id`, `profile` or `full`, or come from SOAP login.
    ///
    /// ```no_run
    /// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
    /// let user = salesforce.user_info().await?;
    /// println!("{:?} of org {}", user.preferred_username, user.organization_id);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// <https://help.salesforce.com/s/articleView?id=sf.remoteaccess_using_userinfo_endpoint.htm>
    ///
    /// # Errors
    /// When it is awaited.
    pub fn user_info(&self) -> Call<UserInfo> {
        self.call(Path::fill("/services/oauth2/userinfo", &[]).map(read))
    }

    /// The user of this session as their identity URL tells it. It is asked for on
    /// the org's own host, so the token stays there.
    ///
    /// <https://help.salesforce.com/s/articleView?id=sf.remoteaccess_using_openid.htm>
    ///
    /// # Errors
    /// As those of every call.
    pub async fn identity(&self) -> Result<Identity> {
        let token = self.access_token().await?;
        let op = match token.org_and_user() {
            Some((org, user)) => identity(org, user),
            // Not every flow's answer names them.
            None => {
                let user = self.user_info().await?;
                identity(&user.organization_id, &user.user_id)
            }
        };
        self.call(op).await
    }
}

fn identity(org: &str, user: &str) -> Result<Op<Identity>> {
    Path::fill("/id/{organization}/{user}", &[org, user]).map(read)
}

fn read<T: serde::de::DeserializeOwned>(path: Path) -> Op<T> {
    Op::new(Method::GET, path, decode_json)
}

#[cfg(test)]
mod tests;
