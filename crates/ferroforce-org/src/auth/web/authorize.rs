//! `/services/oauth2/authorize`: from the login page over the consent page to the app.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};

use super::browser::Browser;
use super::page::{FormOfPage, Page};
use super::request::{AuthorizationRequest, NotTaken, without_login};
use super::{Asked, asked, login, redirect};
use crate::auth::code::Authorization;
use crate::auth::directory::Member;
use crate::auth::oauth::OAuthError;
use crate::auth::token::Grant;
use crate::org::Org;

pub(super) const PATH: &str = "/services/oauth2/authorize";

/// For an app that wants no page to be shown where one would have to be.
const NOT_IMMEDIATE: OAuthError = OAuthError::fixed("immediate_unsuccessful", "user must log in");

/// Answers the URL that an app sends a browser to, and the form of the consent page.
pub(super) async fn answer(State(org): State<Arc<Org>>, request: Request) -> Response {
    let headless = request.headers().contains_key("auth-request-type");
    if headless {
        return OAuthError::not_implemented("headless identity").into_response();
    }
    let (parts, browser, decision) = match asked(&org, request).await {
        Ok(Asked::Show(parts, browser)) => (parts, browser, None),
        Ok(Asked::Submit(parts, browser, form)) => {
            let approved = form.get("decision") == Some("approve");
            (parts, browser, Some(approved))
        }
        Err(turned_away) => return turned_away,
    };
    let query = parts.uri.query().unwrap_or_default();
    let request = match AuthorizationRequest::read(&org.auth.directory, query) {
        Ok(request) => request,
        Err(NotTaken::Told(error)) => return Page::of_error(&error).into_response(),
        Err(NotTaken::Sent(url)) => return redirect(&url),
    };
    let member = browser.member(&org.auth, org.clock.now());
    let member = match member {
        Some(member) if !request.log_in => member,
        _ if request.immediate => return redirect(&request.failure(&NOT_IMMEDIATE)),
        _ => {
            let start = format!("{PATH}?{}", without_login(query));
            return redirect(&login::url(&start, request.login_hint.as_deref()));
        }
    };
    if let Err(refusal) = check_admission(&org, &request, &member) {
        return redirect(&refusal);
    }
    match decision {
        Some(true) => {
            org.auth.consent(request.app, &member);
            redirect(&grant(&org, &request, &member))
        }
        Some(false) => redirect(&request.failure(&OAuthError::denied())),
        None if org.auth.has_approved(request.app, &member) && !request.consent => {
            redirect(&grant(&org, &request, &member))
        }
        None if request.immediate => redirect(&request.failure(&NOT_IMMEDIATE)),
        None => consent_page(&org, &browser, query, &request, &member).into_response(),
    }
}

/// What would come of a URL if this user opened it, signed in and consented: where the browser
/// is sent to, or an error that it is shown.
pub(crate) fn authorize_as(org: &Org, url: &str, member: &Member) -> Result<String, OAuthError> {
    let (_, query) = url.split_once('?').unwrap_or_default();
    let query = query.split('#').next().unwrap_or_default();
    match AuthorizationRequest::read(&org.auth.directory, query) {
        Ok(request) => {
            if let Err(refusal) = check_admission(org, &request, member) {
                return Ok(refusal);
            }
            org.auth.consent(request.app, member);
            Ok(grant(org, &request, member))
        }
        Err(NotTaken::Sent(url)) => Ok(url),
        Err(NotTaken::Told(error)) => Err(error),
    }
}

/// Whether a user may approve an app at all; or where the browser takes the refusal.
fn check_admission(
    org: &Org,
    request: &AuthorizationRequest<'_>,
    member: &Member,
) -> Result<(), String> {
    let app = request.app;
    match app.admin_approved_only && !org.auth.has_approved(app, member) {
        true => Err(request.failure(&OAuthError::not_admin_approved())),
        false => Ok(()),
    }
}

/// Issues a code, and tells where the browser takes it.
fn grant(org: &Org, request: &AuthorizationRequest<'_>, member: &Member) -> String {
    let authorization = Authorization {
        grant: Grant {
            user_id: member.id,
            client_id: Some(request.app.client_id.clone()),
            scopes: request.scopes.clone(),
        },
        redirect_uri: request.redirect_uri.clone(),
        challenge: request.challenge.clone(),
        nonce: request.nonce.clone(),
    };
    let code = org.auth.issue_code(authorization, org.clock.now());
    request.success(code.expose())
}

fn consent_page(
    org: &Org,
    browser: &Browser,
    query: &str,
    request: &AuthorizationRequest<'_>,
    member: &Member,
) -> Page {
    let token = browser.form_token(&org.auth);
    let form = decision(FormOfPage::default());
    consent(&request.app.client_id, &request.scopes, member)
        .text(&format!("Then this page leads to {}", request.redirect_uri))
        .form(&format!("{PATH}?{query}"), &token, &form)
        .leads_to(&request.redirect_uri)
        .to(browser)
}

/// A page that asks for consent, but for its form.
pub(super) fn consent(client_id: &str, scopes: &[String], member: &Member) -> Page {
    let name = member.user.full_name();
    Page::new("Allow access?")
        .text(&format!("The app {client_id} asks to:"))
        .list(scopes.iter().map(|scope| meaning(scope)))
        .text(&format!(
            "You are logged in as {name} ({}).",
            member.user.username
        ))
}

/// The buttons that answer it.
pub(super) fn decision(form: FormOfPage) -> FormOfPage {
    form.button("oaapprove", "decision", "approve", "Allow")
        .button("oadeny", "decision", "deny", "Deny")
}

fn meaning(scope: &str) -> &str {
    match scope {
        "api" => "work with your data by the APIs",
        "web" => "use the org in a browser",
        "full" => "do all that you may do",
        "refresh_token" | "offline_access" => "go on until you or an administrator end it",
        "id" | "openid" | "profile" | "email" | "address" | "phone" => "know who you are",
        other => other,
    }
}
