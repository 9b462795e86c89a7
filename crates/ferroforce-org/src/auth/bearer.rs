//! Whom a request comes from.

use http::header::{AUTHORIZATION, HeaderName};
use http::request::Parts;
use http::{HeaderMap, StatusCode};

use super::CurrentUser;
use super::visit::Visit;
use crate::error::ApiError;
use crate::org::Org;

/// Bulk API 1.0 takes the session from here.
const SESSION_HEADER: HeaderName = HeaderName::from_static("x-sfdc-session");

/// Why an `Authorization` header holds no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoToken {
    Missing,
    Malformed,
}

/// The token of a request. Salesforce takes the older scheme `OAuth` as well as `Bearer`.
pub(crate) fn token(headers: &HeaderMap) -> Result<&str, NoToken> {
    let header = headers.get(AUTHORIZATION).ok_or(NoToken::Missing)?;
    let header = header.to_str().map_err(|_| NoToken::Malformed)?;
    let (scheme, token) = header.trim().split_once(' ').ok_or(NoToken::Malformed)?;
    let known = ["bearer", "oauth"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known));
    let token = token.trim();
    match known && !token.is_empty() && !token.contains(' ') {
        true => Ok(token),
        false => Err(NoToken::Malformed),
    }
}

/// Finds the user of a request by its `Authorization` header, as the REST API does.
pub(crate) fn authenticate(org: &Org, request: &Parts) -> Result<CurrentUser, ApiError> {
    match token(&request.headers) {
        Ok(token) => authenticate_token(org, token, &Visit::of(org, request)),
        Err(NoToken::Missing) => Err(ApiError::invalid_session()),
        Err(NoToken::Malformed) => Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "INVALID_AUTH_HEADER",
            "INVALID_HEADER_TYPE",
        )),
    }
}

/// Finds the user of a request by its session header, as Bulk API 1.0 does.
pub(crate) fn authenticate_session_header(
    org: &Org,
    request: &Parts,
) -> Result<CurrentUser, ApiError> {
    let token = request.headers.get(SESSION_HEADER);
    let token = token.and_then(|token| token.to_str().ok());
    let token = token.ok_or_else(ApiError::invalid_session)?;
    authenticate_token(org, token.trim(), &Visit::of(org, request))
}

/// Finds the user of a session, and whether they may use the API with it.
fn authenticate_token(org: &Org, token: &str, visit: &Visit) -> Result<CurrentUser, ApiError> {
    let grant = org
        .auth
        .use_session(token, visit)
        .ok_or_else(ApiError::invalid_session)?;
    let member = org
        .auth
        .directory
        .by_id(grant.user_id)
        .ok_or_else(ApiError::invalid_session)?;
    if !member.user.active {
        return Err(ApiError::invalid_session());
    }
    if !grant.allows_api() {
        let message = "This session is not valid for use with the REST API";
        return Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "INVALID_SESSION_ID",
            message,
        ));
    }
    let forbidden = |code, message| Err(ApiError::new(StatusCode::FORBIDDEN, code, message));
    if !org.auth.policies().api_enabled {
        let message = "The REST API is not enabled for this Organization.";
        return forbidden("API_DISABLED_FOR_ORG", message);
    }
    if !member.user.api_enabled {
        return forbidden("API_CURRENTLY_DISABLED", "API is disabled for this User");
    }
    if member.user.password_expired && grant.client_id.is_none() {
        let message = "The password of this user has expired";
        return forbidden("INVALID_OPERATION_WITH_EXPIRED_PASSWORD", message);
    }
    Ok(CurrentUser {
        id: member.id,
        app: grant.client_id,
        profile_id: Some(member.profile_id),
    })
}

/// Username of whom the session of a request belongs to, if it has a live one. The session is
/// not used by that.
pub(crate) fn username_of(org: &Org, headers: &HeaderMap) -> Option<String> {
    let token = any_token(headers)?;
    let user = org
        .auth
        .look_at(token, org.clock.now(), |found| found.grant.user_id)?;
    let member = org.auth.directory.by_id(user)?;
    Some(member.user.username.clone())
}

/// Ends the session of a request, as if its time had run out.
pub(crate) fn expire_session_of(org: &Org, headers: &HeaderMap) {
    if let Some(token) = any_token(headers) {
        org.auth.expire(token);
    }
}

fn any_token(headers: &HeaderMap) -> Option<&str> {
    let session = || headers.get(SESSION_HEADER)?.to_str().ok();
    token(headers).ok().or_else(session)
}
