//! Token exchange: a token from elsewhere for one of the org's. Which user it stands for, a real
//! org asks a handler in Apex; this one asks the app's own list.

use super::answer::{Granted, TokenAnswer};
use super::error::OAuthError;
use super::grant::{Exchange, check_secret};
use crate::auth::token::Grant;

/// The kinds of tokens that Salesforce takes.
const KINDS: [&str; 5] = ["access_token", "refresh_token", "id_token", "saml2", "jwt"];

const KIND_PREFIX: &str = "urn:ietf:params:oauth:token-type:";

impl Exchange<'_> {
    pub(super) fn token_exchange(&self) -> Result<TokenAnswer, OAuthError> {
        const NO_HANDLER: OAuthError =
            OAuthError::invalid_request("token exchange is not enabled for this app");
        const NO_TOKEN: OAuthError =
            OAuthError::invalid_request("subject_token and subject_token_type are required");
        const WRONG_KIND: OAuthError =
            OAuthError::invalid_request("subject_token_type is not supported");
        const UNKNOWN: OAuthError = OAuthError::invalid_grant("invalid subject token");
        let app = self.client()?;
        check_secret(self.form, app)?;
        let token = self.form.get("subject_token").ok_or(NO_TOKEN)?;
        let kind = self.form.get("subject_token_type").ok_or(NO_TOKEN)?;
        let kind = kind.strip_prefix(KIND_PREFIX).ok_or(WRONG_KIND)?;
        if !KINDS.contains(&kind) {
            return Err(WRONG_KIND);
        }
        if app.token_exchange.is_empty() {
            return Err(NO_HANDLER);
        }
        let mut known = app.token_exchange.iter();
        let known = known.find(|known| known.subject_token.matches(token));
        let username = &known.ok_or(UNKNOWN)?.username;
        let member = self.auth.directory.by_username(username).ok_or(UNKNOWN)?;
        self.check_approval(app, &member)?;
        let scopes = app.granted_scopes(self.form.get("scope"));
        let scopes = scopes.ok_or(OAuthError::wrong_scope())?;
        self.auth.count_login(&member, self.visit.now)?;
        let grant = Grant {
            user_id: member.id,
            client_id: Some(app.client_id.clone()),
            scopes,
        };
        let issued = self.auth.start_lasting(grant, app, self.visit);
        let granted = Granted {
            issued_token_type: Some("urn:ietf:params:oauth:token-type:access_token"),
            ..self.with_id_token(app, issued, None)
        };
        Ok(granted.otherwise())
    }
}
