//! The grants of the token endpoint.

use std::sync::Arc;

use jiff::Timestamp;

use super::answer::{Granted, TokenAnswer};
use super::error::OAuthError;
use super::form::Form;
use crate::auth::app::ConnectedApp;
use crate::auth::directory::Member;
use crate::auth::jwt::Assertion;
use crate::auth::origin::Origin;
use crate::auth::password::Refused;
use crate::auth::token::Grant;
use crate::org::Org;

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// Answers a token request.
pub(crate) fn token(org: &Org, origin: &Origin, form: &Form) -> Result<TokenAnswer, OAuthError> {
    let exchange = Exchange {
        org,
        origin,
        form,
        now: org.clock.now(),
    };
    match form.get("grant_type") {
        Some("client_credentials") => exchange.client_credentials(),
        Some(JWT_BEARER) => exchange.jwt_bearer(),
        Some("password") => exchange.password(),
        Some("refresh_token") => exchange.refresh_token(),
        Some(grant @ ("authorization_code" | "device" | "hybrid_refresh" | TOKEN_EXCHANGE)) => Err(
            OAuthError::not_implemented(&format!("the grant type {grant}")),
        ),
        None if form.get("response_type") == Some("device_code") => {
            Err(OAuthError::not_implemented("the device flow"))
        }
        _ => Err(OAuthError::unknown_grant_type()),
    }
}

/// One request for a token.
struct Exchange<'a> {
    org: &'a Org,
    origin: &'a Origin,
    form: &'a Form,
    now: Timestamp,
}

impl Exchange<'_> {
    fn client_credentials(&self) -> Result<TokenAnswer, OAuthError> {
        if self.origin.is_login_host() {
            return Err(OAuthError::invalid_grant(
                "request not supported on this domain",
            ));
        }
        let app = self.client()?;
        if app.client_secret.is_none() {
            return Err(OAuthError::wrong_secret());
        }
        check_secret(self.form, app)?;
        if !app.client_credentials {
            return Err(OAuthError::invalid_grant(
                "client credentials flow not enabled",
            ));
        }
        let run_as = app
            .run_as
            .as_deref()
            .and_then(|name| self.org.auth.directory.by_username(name));
        let member = run_as.ok_or(OAuthError::invalid_grant(
            "no client credentials user enabled",
        ))?;
        self.org.auth.count_login(member, self.now)?;
        let not_granted = ["full", "web", "refresh_token", "offline_access"];
        Ok(self.start_session(app, member, &not_granted).otherwise())
    }

    fn jwt_bearer(&self) -> Result<TokenAnswer, OAuthError> {
        let invalid = OAuthError::invalid_grant("invalid assertion");
        let assertion = Assertion::read(self.form.get("assertion").ok_or(invalid)?)?;
        let app = self.app(assertion.issuer())?;
        let invalid = OAuthError::invalid_grant("invalid assertion");
        let key = app.verifying_key().ok_or(invalid)?;
        let claims = assertion.verify(key, self.origin.host(), self.now)?;
        if let (Some(id), Some(until)) = (&claims.jti, claims.ends_at())
            && !self
                .org
                .auth
                .remember_assertion(&app.client_id, id, until, self.now)
        {
            return Err(OAuthError::invalid_grant("invalid assertion"));
        }
        let unapproved = OAuthError::invalid_grant("user hasn't approved this consumer");
        let member = self
            .org
            .auth
            .directory
            .by_username(&claims.sub)
            .ok_or(unapproved)?;
        self.check_approval(app, member)?;
        self.org.auth.count_login(member, self.now)?;
        Ok(self
            .start_session(app, member, &["refresh_token", "offline_access"])
            .by_assertion())
    }

    fn password(&self) -> Result<TokenAnswer, OAuthError> {
        let app = self.client()?;
        check_secret(self.form, app)?;
        let failure = || OAuthError::from(Refused::Invalid);
        let policies = self.org.auth.policies();
        if !policies.password_flow || !app.password_flow {
            return Err(failure());
        }
        let username = self.form.get("username").ok_or_else(failure)?;
        let password = self.form.get("password").ok_or_else(failure)?;
        let member = self.org.auth.check_password(username, password, self.now)?;
        if app.admin_approved_only {
            self.check_approval(app, member)?;
        }
        Ok(self
            .start_session(app, member, &["refresh_token", "offline_access"])
            .by_password())
    }

    fn refresh_token(&self) -> Result<TokenAnswer, OAuthError> {
        let app = self.client()?;
        if app.secret_for_refresh || self.form.get("client_secret").is_some() {
            check_secret(self.form, app)?;
        }
        let expired = || OAuthError::invalid_grant("expired access/refresh token");
        let token = self.form.get("refresh_token").ok_or_else(expired)?;
        let refreshed = self
            .org
            .auth
            .refresh(token, app, self.now)
            .map_err(|_| expired())?;
        let granted = Granted {
            access_token: refreshed.access_token,
            refresh_token: refreshed.refresh_token,
            identity_url: self
                .org
                .auth
                .identity_url(self.origin, refreshed.grant.user_id),
            scopes: refreshed.grant.scopes,
            origin: self.origin,
            app,
            issued_at: self.now,
        };
        Ok(granted.otherwise())
    }

    /// Starts a session with the scopes of the app but these.
    fn start_session<'b>(
        &'b self,
        app: &'b ConnectedApp,
        member: &Member,
        not_granted: &[&str],
    ) -> Granted<'b> {
        let mut scopes = app.scopes.clone();
        scopes.retain(|scope| !not_granted.contains(&scope.as_str()));
        let grant = Grant {
            user_id: member.id,
            client_id: Some(app.client_id.clone()),
            scopes: scopes.clone(),
        };
        Granted {
            access_token: self.org.auth.start_session(grant, self.now),
            refresh_token: None,
            identity_url: self.org.auth.identity_url(self.origin, member.id),
            scopes,
            origin: self.origin,
            app,
            issued_at: self.now,
        }
    }

    /// The app that the request names.
    fn client(&self) -> Result<&Arc<ConnectedApp>, OAuthError> {
        self.app(self.form.get("client_id").unwrap_or_default())
    }

    fn app(&self, client_id: &str) -> Result<&Arc<ConnectedApp>, OAuthError> {
        self.org
            .auth
            .directory
            .app(client_id)
            .ok_or(OAuthError::unknown_client())
    }

    fn check_approval(&self, app: &ConnectedApp, member: &Member) -> Result<(), OAuthError> {
        match app.approved(&member.user.username) {
            true => Ok(()),
            false if app.admin_approved_only => Err(OAuthError::not_admin_approved()),
            false => Err(OAuthError::invalid_grant(
                "user hasn't approved this consumer",
            )),
        }
    }
}

/// Whether the request proves to come from this app. A public client has nothing to prove.
pub(super) fn check_secret(form: &Form, app: &ConnectedApp) -> Result<(), OAuthError> {
    match &app.client_secret {
        Some(secret) if !secret.matches(form.get("client_secret").unwrap_or_default()) => {
            Err(OAuthError::wrong_secret())
        }
        _ => Ok(()),
    }
}
