use std::fmt;

use http::Method;
use serde::{Deserialize, Serialize};

use crate::auth::Secret;
use crate::client::{Call, Salesforce};
use crate::error::Result;
use crate::op::{Op, Path, Repeatability, Response, decode_json, decode_nothing};

const PASSWORD: &str = "/sobjects/User/{id}/password";

/// A user's password. Made by
/// [`Salesforce::user_password`](crate::Salesforce::user_password).
///
/// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_user_password.htm>
#[derive(Clone)]
pub struct UserPassword {
    client: Salesforce,
    id: Result<String>,
}

impl UserPassword {
    pub(crate) fn new(client: Salesforce, id: &dyn fmt::Display) -> Self {
        Self {
            client,
            id: super::record_id(id),
        }
    }

    fn path(&self) -> Result<Path> {
        Path::fill(PASSWORD, &[self.id.as_ref().map_err(Clone::clone)?])
    }

    /// Whether the password has expired.
    ///
    /// # Errors
    /// When it is awaited; [`Error::is_not_found`](crate::Error::is_not_found) if
    /// there is no such user.
    pub fn is_expired(&self) -> Call<bool> {
        let op = self.path().map(|path| Op::new(Method::GET, path, expired));
        self.client.call(op)
    }

    /// Sets the password. It is never repeated when it may have been carried out:
    /// the same password twice is refused by most orgs.
    ///
    /// # Errors
    /// As [`is_expired`](Self::is_expired), and what the org's rules for passwords
    /// say.
    pub fn set(&self, password: &Secret) -> Call<()> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Wire<'a> {
            new_password: &'a str,
        }
        let wire = Wire {
            new_password: password.expose(),
        };
        let op = self.path().and_then(|path| {
            Op::new(Method::POST, path, decode_nothing)
                .repeatability(Repeatability::Once)
                .json(&wire)
        });
        self.client.call(op)
    }

    /// Lets Salesforce choose a password, and tells it. It is never repeated when it
    /// may have been carried out, since the password that came first would be lost.
    ///
    /// # Errors
    /// As [`is_expired`](Self::is_expired).
    pub fn reset(&self) -> Call<Secret> {
        let op = self
            .path()
            .map(|path| Op::new(Method::DELETE, path, chosen).repeatability(Repeatability::Once));
        self.client.call(op)
    }
}

fn expired(response: &Response) -> Result<bool> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Wire {
        #[serde(alias = "IsExpired")]
        is_expired: bool,
    }
    decode_json::<Wire>(response).map(|wire| wire.is_expired)
}

fn chosen(response: &Response) -> Result<Secret> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Wire {
        new_password: String,
    }
    decode_json::<Wire>(response).map(|wire| Secret::from(wire.new_password))
}

impl fmt::Debug for UserPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserPassword").finish_non_exhaustive()
    }
}
