//! The SOAP API: `login()`, `logout()`, passwords, and a clear fault for everything else.

mod answer;
mod request;

use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::header::{ALLOW, CONTENT_TYPE};
use http::request::Parts;
use http::{Method, StatusCode};

use self::answer::{Fault, Flavour, LoggedIn, empty_answer, envelope_response, password_answer};
use self::request::{Call, Login, Logout, Password};
use super::origin::is_from_foreign_page;
use super::password::Refused;
use super::token::Grant;
use super::visit::Visit;
use super::{CurrentUser, Secret, new_password};
use crate::error::ApiError;
use crate::org::Org;

/// The largest envelope that is read, in bytes.
const SIZE_LIMIT: usize = 64 * 1024;

/// The largest envelope of a `login()`, in bytes.
const LOGIN_SIZE_LIMIT: usize = 10 * 1024;

/// The last API version that has `login()`.
const LAST_WITH_LOGIN: u32 = 64;

/// The first API version that Salesforce still serves.
const FIRST_SERVED: u32 = 31;

/// The SOAP routes.
pub(crate) fn routes() -> Router<Arc<Org>> {
    Router::new().route("/services/Soap/{flavour}/{*rest}", any(call))
}

async fn call(
    State(org): State<Arc<Org>>,
    Path((flavour, rest)): Path<(String, String)>,
    request: Request,
) -> Response {
    let Some(flavour) = Flavour::of(&flavour) else {
        return unsupported(&format!("the SOAP API at /services/Soap/{flavour}"))
            .response(Flavour::Partner);
    };
    let (parts, body) = request.into_parts();
    if parts.method != Method::POST {
        let fault = Fault::client("the SOAP API must be called with POST");
        let answer = envelope_response(StatusCode::METHOD_NOT_ALLOWED, fault.envelope(flavour));
        return ([(ALLOW, "POST")], answer).into_response();
    }
    if is_from_foreign_page(&parts) {
        // It could try passwords.
        let message = "The local org does not serve web pages of other hosts";
        let fault = Fault::unexpected("INVALID_OPERATION", message);
        return envelope_response(StatusCode::FORBIDDEN, fault.envelope(flavour));
    }
    if !is_xml(&parts) {
        let fault = Fault::client("Content-Type must be text/xml or application/soap+xml");
        return envelope_response(StatusCode::UNSUPPORTED_MEDIA_TYPE, fault.envelope(flavour));
    }
    let answer = async {
        let version = rest.split('/').next().unwrap_or_default();
        let major = parse_version(&org, version)?;
        let body = to_bytes(body, SIZE_LIMIT)
            .await
            .map_err(|_| Fault::client("the request can't be read"))?;
        match request::parse(&body).map_err(|error| Fault::client(&error.to_string()))? {
            Call::Login(_) if body.len() > LOGIN_SIZE_LIMIT => {
                Err(Fault::client("the request of a login() is too long"))
            }
            Call::Login(login) if login.namespace == flavour.namespace() => {
                if major > LAST_WITH_LOGIN {
                    let message = "login() is not available in this version of the API";
                    return Err(Fault::unexpected("UNSUPPORTED_API_VERSION", message));
                }
                log_in(&org, &Visit::of(&org, &parts), flavour, version, &login)
            }
            Call::Logout(logout) if logout.namespace == flavour.namespace() => {
                log_out(&org, &Visit::of(&org, &parts), &logout)?;
                Ok(empty_answer(flavour, "logoutResponse"))
            }
            Call::Password(password) if password.namespace == flavour.namespace() => {
                let chosen = change_password(&org, &Visit::of(&org, &parts), &password)?;
                let chosen = chosen.as_ref().map(Secret::expose);
                Ok(password_answer(flavour, chosen))
            }
            Call::Other {
                namespace,
                operation,
            } if namespace == flavour.namespace() => {
                Err(unsupported(&format!("the SOAP operation {operation}()")))
            }
            Call::Login(Login { namespace, .. }) => Err(no_operation(&namespace, "login")),
            Call::Logout(Logout { namespace, .. }) => Err(no_operation(&namespace, "logout")),
            Call::Password(Password { namespace, .. }) => {
                Err(no_operation(&namespace, "setPassword"))
            }
            Call::Other {
                namespace,
                operation,
            } => Err(no_operation(&namespace, &operation)),
        }
    };
    match answer.await {
        Ok(envelope) => envelope_response(StatusCode::OK, envelope),
        Err(fault) => fault.response(flavour),
    }
}

/// Whether a request says that it holds XML.
fn is_xml(request: &Parts) -> bool {
    let kind = request.headers.get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    ["text/xml", "application/soap+xml"]
        .iter()
        .any(|known| kind.eq_ignore_ascii_case(known))
}

fn log_in(
    org: &Org,
    visit: &Visit,
    flavour: Flavour,
    version: &str,
    login: &Login,
) -> Result<String, Fault> {
    let policies = org.auth.policies();
    if !policies.soap_login {
        let message = "SOAP API login() is disabled by default in this org.";
        return Err(Fault::unexpected("INVALID_OPERATION", message));
    }
    if login
        .organization_id
        .as_deref()
        .is_some_and(|id| id.parse() != Ok(org.id))
    {
        return Err(Refused::Invalid.into());
    }
    let member = org
        .auth
        .check_password(&login.username, login.password.expose(), visit.now)?;
    if !policies.api_enabled {
        let message = "API is not enabled for this Organization or Partner";
        return Err(Fault::login("API_DISABLED_FOR_ORG", message));
    }
    if !member.user.api_enabled {
        return Err(Fault::login(
            "API_CURRENTLY_DISABLED",
            "API is disabled for this User",
        ));
    }
    let grant = Grant {
        user_id: member.id,
        client_id: None,
        scopes: vec!["full".to_owned()],
    };
    let session = org.auth.start_session(grant, None, visit);
    let answer = LoggedIn {
        origin: &visit.origin,
        version,
        organization_id: org.id,
        organization_name: super::ORGANIZATION_NAME,
        member: &member,
        session_id: session.access_token.expose(),
        seconds_valid: policies.session_seconds,
    };
    Ok(answer.envelope(flavour))
}

/// Ends the session of a request.
fn log_out(org: &Org, visit: &Visit, logout: &Logout) -> Result<(), Fault> {
    session(org, visit, &logout.session_id)?;
    org.auth.expire(logout.session_id.expose());
    Ok(())
}

/// What a session is good for. A token that says itself what it is good for is good for REST
/// only.
fn session(org: &Org, visit: &Visit, session_id: &Secret) -> Result<Grant, Fault> {
    let session_id = session_id.expose();
    let grant = session_id
        .contains('!')
        .then(|| org.auth.use_session(session_id, visit));
    grant.flatten().ok_or_else(|| {
        let message = "Invalid Session ID found in SessionHeader: Illegal Session";
        Fault::unexpected("INVALID_SESSION_ID", message)
    })
}

/// Gives a user another password, and tells it if the org chose it. Whoever's own has expired may
/// do that and nothing else.
fn change_password(org: &Org, visit: &Visit, asked: &Password) -> Result<Option<Secret>, Fault> {
    let grant = session(org, visit, &asked.session_id)?;
    let user = org.auth.directory.by_id(grant.user_id);
    let user = user.filter(|user| user.user.active).ok_or_else(|| {
        let message = "Invalid Session ID found in SessionHeader: Illegal Session";
        Fault::unexpected("INVALID_SESSION_ID", message)
    })?;
    let asking = CurrentUser {
        id: user.id,
        app: grant.client_id,
        profile_id: Some(user.profile_id),
    };
    let member = new_password::member(org, &asking, &asked.user_id)?;
    match &asked.password {
        Some(password) => {
            new_password::set(org, &member, password.expose())?;
            Ok(None)
        }
        None => Ok(Some(new_password::reset(org, &member))),
    }
}

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        let item = error.items().first();
        item.map_or_else(
            || Self::unexpected("UNKNOWN_EXCEPTION", ""),
            |item| Self::unexpected(&item.code, &item.message),
        )
    }
}

/// Reads `64.0` and returns its first number.
fn parse_version(org: &Org, text: &str) -> Result<u32, Fault> {
    text.strip_suffix(".0")
        .filter(|major| major.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|major| major.parse().ok())
        .filter(|major| *major >= FIRST_SERVED || org.settings.serve_retired_versions)
        .ok_or_else(|| {
            Fault::unexpected(
                "UNSUPPORTED_API_VERSION",
                "Invalid Api version specified on URL",
            )
        })
}

fn no_operation(namespace: &str, operation: &str) -> Fault {
    Fault::client(&format!(
        "No operation available for request {{{namespace}}}{operation}"
    ))
}

/// What a real org can do and this one cannot.
fn unsupported(what: &str) -> Fault {
    let message = format!("The local org does not support {what}");
    Fault::unexpected("FUNCTIONALITY_NOT_ENABLED", &message)
}

/// A fault of any kind, in the flavour that a path asks for.
pub(crate) fn error_response(
    path: &str,
    status: StatusCode,
    code: &str,
    message: &str,
) -> Response {
    let flavour = path
        .split('/')
        .nth(3)
        .and_then(Flavour::of)
        .unwrap_or(Flavour::Partner);
    envelope_response(status, Fault::unexpected(code, message).envelope(flavour))
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        const INVALID: &str = "Invalid username, password, security token; or user locked out.";
        match refused {
            Refused::Invalid | Refused::Inactive => Self::login("INVALID_LOGIN", INVALID),
            Refused::SecurityTokenMissing => Self::login(
                "LOGIN_MUST_USE_SECURITY_TOKEN",
                &format!(
                    "{INVALID} Are you at a new location? Add your security token to the end of your password."
                ),
            ),
            Refused::LockedOut => Self::login("PASSWORD_LOCKOUT", "The user is locked out."),
            Refused::TooOften => Self::login("REQUEST_LIMIT_EXCEEDED", "Login Rate Exceeded"),
        }
    }
}

#[cfg(test)]
mod tests;
