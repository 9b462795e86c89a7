//! `/sobjects/User/{id}/password`: whether a user's password has expired, another one, a random
//! one.

use http::{Method, StatusCode};

use super::Context;
use super::request::{ApiRequest, Reply};
use crate::auth::{Member, Secret};
use crate::error::ApiError;
use crate::id::RecordId;
use crate::json::Json;
use crate::record::document::{Document, Scalar};

/// How long a password must be.
const SHORTEST: usize = 8;

pub(super) fn answer(
    context: &Context<'_>,
    request: &ApiRequest,
    user: &str,
) -> Result<Reply, ApiError> {
    let auth = &context.org.auth;
    let id: RecordId = user.parse().map_err(|_| ApiError::not_found())?;
    let member = auth.directory.by_id(id).ok_or_else(ApiError::not_found)?;
    let administers = context
        .user
        .profile_id
        .is_none_or(|profile| context.org.profiles.view(profile).is_none());
    if id != context.user.id && !administers {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "INSUFFICIENT_ACCESS",
            "You do not have permission to view this record.",
        ));
    }
    let changes = request.method == Method::POST || request.method == Method::DELETE;
    if changes && !context.db.is_autocommit() {
        // Passwords are not in the database: this could not be undone.
        return Err(ApiError::unsupported(
            "changes of passwords inside of composites",
        ));
    }
    match request.method {
        Method::POST => {
            let password = new_password(&member, &request.body)?;
            auth.set_password(&member, password, false);
            Ok(Reply::no_content())
        }
        Method::DELETE => {
            let password = Secret::random(9);
            let answer = Json::object([("NewPassword", password.expose())]);
            auth.set_password(&member, password, true);
            Ok(Reply::ok(answer))
        }
        _ => Ok(Reply::ok(Json::object([(
            "isExpired",
            member.user.password_expired,
        )]))),
    }
}

/// The password of a body, if it is good enough.
fn new_password(member: &Member, body: &[u8]) -> Result<Secret, ApiError> {
    let document = Document::parse(body)?;
    let given = document.get("NewPassword").map(|token| token.scalar());
    let Some(Ok(Scalar::String(password))) = given else {
        return Err(ApiError::bad_request(
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [NewPassword]",
        )
        .with_fields(["NewPassword"]));
    };
    let letters = password.chars().any(char::is_alphabetic);
    let digits = password.chars().any(|c| c.is_ascii_digit());
    let flaw = if password.chars().count() < SHORTEST {
        "Your password must be at least 8 characters long."
    } else if !(letters && digits) {
        "Your password must have a mix of letters and numbers."
    } else if member.user.password.matches(&password) {
        "invalid repeated password"
    } else {
        return Ok(Secret::from(password));
    };
    Err(ApiError::bad_request("INVALID_NEW_PASSWORD", flaw))
}
