//! The grants of the token endpoint.

use axum::response::{IntoResponse, Response};

use super::answer::{Granted, TokenAnswer};
use super::error::OAuthError;
use super::form::Form;
use crate::auth::app::{ConnectedApp, REFRESHING};
use crate::auth::code::Presented;
use crate::auth::directory::Member;
use crate::auth::jwt::Assertion;
use crate::auth::password::Refused;
use crate::auth::state::AuthState;
use crate::auth::token::{Found, Grant, Issued};
use crate::auth::visit::Visit;
use crate::org::Org;

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

const UNAPPROVED: OAuthError = OAuthError::invalid_grant("user hasn't approved this consumer");

const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// Answers a token request.
pub(super) fn answer(org: &Org, visit: &Visit, form: &Form) -> Response {
    let exchange = Exchange {
        auth: &org.auth,
        ports: org.ports(),
        visit,
        form,
    };
    match form.get("grant_type") {
        None if form.get("response_type") == Some("device_code") => {
            exchange.device_codes().into_response()
        }
        grant_type => exchange.token(grant_type).into_response(),
    }
}

/// One request for a token.
pub(super) struct Exchange<'a> {
    pub(super) auth: &'a AuthState,
    /// Where the org listens.
    ports: &'a [u16],
    pub(super) visit: &'a Visit,
    pub(super) form: &'a Form,
}

impl<'a> Exchange<'a> {
    fn token(&self, grant_type: Option<&str>) -> Result<TokenAnswer, OAuthError> {
        match grant_type {
            Some("client_credentials") => self.client_credentials(),
            Some(JWT_BEARER) => self.jwt_bearer(),
            Some("password") => self.password(),
            Some("refresh_token") => self.refresh_token(),
            Some("authorization_code") => self.authorization_code(),
            Some("device") => self.device(),
            Some(TOKEN_EXCHANGE) => self.token_exchange(),
            Some("hybrid_refresh") => {
                Err(OAuthError::not_implemented("the grant type hybrid_refresh"))
            }
            _ => Err(OAuthError::unknown_grant_type()),
        }
    }

    fn client_credentials(&self) -> Result<TokenAnswer, OAuthError> {
        const WRONG_HOST: OAuthError =
            OAuthError::invalid_grant("request not supported on this domain");
        const FLOW_OFF: OAuthError =
            OAuthError::invalid_grant("client credentials flow not enabled");
        const NO_USER: OAuthError = OAuthError::invalid_grant("no client credentials user enabled");
        if self.visit.origin.is_login_host() {
            return Err(WRONG_HOST);
        }
        let app = self.client()?;
        if app.client_secret.is_none() {
            return Err(OAuthError::wrong_secret());
        }
        check_secret(self.form, app)?;
        if !app.client_credentials {
            return Err(FLOW_OFF);
        }
        let run_as = app.run_as.as_deref().ok_or(NO_USER)?;
        let member = self.auth.directory.by_username(run_as).ok_or(NO_USER)?;
        self.auth.count_login(&member, self.visit.now)?;
        let not_granted = ["full", "web", "refresh_token", "offline_access"];
        Ok(self.start_session(app, &member, &not_granted).otherwise())
    }

    fn jwt_bearer(&self) -> Result<TokenAnswer, OAuthError> {
        const INVALID: OAuthError = OAuthError::invalid_grant("invalid assertion");
        let assertion = Assertion::read(self.form.get("assertion").ok_or(INVALID)?)?;
        let app = self.app(assertion.issuer())?;
        let key = app.verifying_key().ok_or(INVALID)?;
        let claims = assertion.verify(key, self.visit.origin.host(), self.ports, self.visit.now)?;
        if let (Some(id), Some(until)) = (&claims.jti, claims.ends_at())
            && !self
                .auth
                .remember_assertion(&app.client_id, id, until, self.visit.now)
        {
            return Err(INVALID);
        }
        let member = self
            .auth
            .directory
            .by_username(&claims.sub)
            .ok_or(UNAPPROVED)?;
        self.check_approval(app, &member)?;
        self.auth.count_login(&member, self.visit.now)?;
        Ok(self.start_session(app, &member, &REFRESHING).by_assertion())
    }

    fn password(&self) -> Result<TokenAnswer, OAuthError> {
        let app = self.client()?;
        check_secret(self.form, app)?;
        if !self.auth.policies().password_flow || !app.password_flow {
            return Err(Refused::Invalid.into());
        }
        let username = self.form.get("username").ok_or(Refused::Invalid)?;
        let password = self.form.get("password").ok_or(Refused::Invalid)?;
        let member = self
            .auth
            .check_password(username, password, self.visit.now)?;
        if app.admin_approved_only {
            self.check_approval(app, &member)?;
        }
        // Whatever the app says, this flow's tokens are opaque.
        let grant = self.grant(app, &member, &REFRESHING);
        let issued = self.auth.start_session(grant, None, self.visit);
        Ok(self.granted(app, issued).by_password())
    }

    fn authorization_code(&self) -> Result<TokenAnswer, OAuthError> {
        let app = self.client()?;
        let code = self.form.get("code");
        let code = code.ok_or(OAuthError::invalid_request("code is required"))?;
        if app.secret_for_web_flow || self.form.get("client_secret").is_some() {
            check_secret(self.form, app)?;
        }
        let presented = Presented {
            client_id: &app.client_id,
            redirect_uri: self.form.get("redirect_uri").unwrap_or_default(),
            verifier: self.form.get("code_verifier"),
        };
        let redeemed = self.auth.redeem(code, app, &presented, self.visit)?;
        let nonce = redeemed.nonce.as_deref();
        Ok(self.with_id_token(app, redeemed.issued, nonce).otherwise())
    }

    fn refresh_token(&self) -> Result<TokenAnswer, OAuthError> {
        const EXPIRED: OAuthError = OAuthError::invalid_grant("expired access/refresh token");
        let app = self.client()?;
        if app.secret_for_refresh || self.form.get("client_secret").is_some() {
            check_secret(self.form, app)?;
        }
        let token = self.form.get("refresh_token").ok_or(EXPIRED)?;
        let whose = |found: Found<'_>| found.grant.user_id;
        let user = self.auth.look_at(token, self.visit.now, whose);
        let member = user.and_then(|user| self.auth.directory.by_id(user));
        if member.is_some_and(|member| !member.user.active) {
            return Err(Refused::Inactive.into());
        }
        let refreshed = self
            .auth
            .refresh(token, app, self.visit)
            .map_err(|_| EXPIRED)?;
        Ok(self.granted(app, refreshed).otherwise())
    }

    pub(super) fn granted(&self, app: &'a ConnectedApp, issued: Issued) -> Granted<'a> {
        let origin = &self.visit.origin;
        Granted {
            access_token: issued.access_token,
            refresh_token: issued.refresh_token,
            id_token: None,
            issued_token_type: None,
            identity_url: self.auth.identity_url(origin, issued.grant.user_id),
            scopes: issued.grant.scopes,
            origin,
            app,
            issued_at: self.visit.now,
        }
    }

    /// The same for an app that may want to know who has signed in.
    pub(super) fn with_id_token(
        &self,
        app: &'a ConnectedApp,
        issued: Issued,
        nonce: Option<&str>,
    ) -> Granted<'a> {
        let wanted = issued.grant.scopes.iter().any(|scope| scope == "openid");
        let granted = self.granted(app, issued);
        let id_token = wanted.then(|| {
            let identity = &granted.identity_url;
            self.auth
                .id_token(self.visit, identity, &app.client_id, nonce)
        });
        Granted {
            id_token,
            ..granted
        }
    }

    /// Starts a session with the scopes of the app but these.
    fn start_session(
        &self,
        app: &'a ConnectedApp,
        member: &Member,
        not_granted: &[&str],
    ) -> Granted<'a> {
        let grant = self.grant(app, member, not_granted);
        let issued = self.auth.start_session(grant, Some(app), self.visit);
        self.granted(app, issued)
    }

    fn grant(&self, app: &ConnectedApp, member: &Member, not_granted: &[&str]) -> Grant {
        let mut scopes = app.scopes.clone();
        scopes.retain(|scope| !not_granted.contains(&scope.as_str()));
        Grant {
            user_id: member.id,
            client_id: Some(app.client_id.clone()),
            scopes,
        }
    }

    pub(super) fn check_approval(
        &self,
        app: &ConnectedApp,
        member: &Member,
    ) -> Result<(), OAuthError> {
        match app.approved(&member.user.username) {
            true => Ok(()),
            false if app.admin_approved_only => Err(OAuthError::not_admin_approved()),
            false if self.auth.has_consented(app, member) => Ok(()),
            false => Err(UNAPPROVED),
        }
    }

    /// The app that the request names.
    pub(super) fn client(&self) -> Result<&'a ConnectedApp, OAuthError> {
        self.app(self.form.get("client_id").unwrap_or_default())
    }

    fn app(&self, client_id: &str) -> Result<&'a ConnectedApp, OAuthError> {
        const ELSEWHERE: OAuthError = OAuthError::invalid_grant("ip restricted by app developer");
        let app = self.auth.directory.app(client_id);
        let app = app.ok_or(OAuthError::unknown_client())?;
        match app.admits(self.visit.address) {
            true => Ok(app),
            false => Err(ELSEWHERE),
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
