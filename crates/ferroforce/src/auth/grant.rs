use std::fmt;

use super::app::App;
use super::oauth::TokenAnswer;
use super::{AccessToken, Secret};

/// What a user's sign-in gave: an access token, and mostly a refresh token.
///
/// It comes from the flows that a user takes part in, [`WebServer`] and
/// [`DeviceFlow`].
///
/// [`WebServer`]: super::WebServer
/// [`DeviceFlow`]: super::DeviceFlow
#[derive(Clone)]
pub struct Grant {
    app: App,
    host: String,
    answer: TokenAnswer,
}

impl Grant {
    pub(super) fn new(app: App, host: String, answer: TokenAnswer) -> Self {
        Self { app, host, answer }
    }

    /// The access token, good now.
    pub fn access_token(&self) -> &AccessToken {
        &self.answer.token
    }

    /// The refresh token, if the app and the scopes allow one.
    pub fn refresh_token(&self) -> Option<&Secret> {
        self.answer.refresh_token.as_ref()
    }

    /// The ID token of OpenID Connect, with the scope `openid`. Nothing has
    /// checked its signature; it came from Salesforce directly.
    pub fn id_token(&self) -> Option<&Secret> {
        self.answer.id_token.as_ref()
    }

    /// What the tokens may do: `api`, `refresh_token`, … Empty where the answer
    /// does not say.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.answer.scope.iter().flat_map(|text| text.split(' '))
    }

    /// Whether the tokens may do this.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes().any(|granted| granted == scope)
    }

    /// The ids of the org and of the user who signed in.
    pub fn org_and_user(&self) -> Option<(&str, &str)> {
        self.answer.token.org_and_user()
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("app", &self.app)
            .field("host", &self.host)
            .field("access_token", &self.answer.token)
            .field("refresh_token", &self.answer.refresh_token)
            .finish_non_exhaustive()
    }
}
