//! Other passwords for users: chosen by somebody, or by the org.

use std::sync::Arc;

use http::StatusCode;

use super::{CurrentUser, Member, Secret};
use crate::error::ApiError;
use crate::id::RecordId;
use crate::org::Org;

/// How long a password must be.
const SHORTEST: usize = 8;

/// The user whose password `asking` may see to: their own, and for administrators that of
/// everybody.
pub(crate) fn member(org: &Org, asking: &CurrentUser, id: &str) -> Result<Arc<Member>, ApiError> {
    let id: RecordId = id.parse().map_err(|_| ApiError::not_found())?;
    let member = org.auth.directory.by_id(id);
    let member = member.ok_or_else(ApiError::not_found)?;
    let administers = asking
        .profile_id
        .is_none_or(|profile| org.profiles.view(profile).is_none());
    if id != asking.id && !administers {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "INSUFFICIENT_ACCESS",
            "You do not have permission to view this record.",
        ));
    }
    Ok(member)
}

/// Gives a user a password, if it is good enough.
pub(crate) fn set(org: &Org, member: &Member, password: &str) -> Result<(), ApiError> {
    let letters = password.chars().any(char::is_alphabetic);
    let digits = password.chars().any(|c| c.is_ascii_digit());
    let flaw = if password.chars().count() < SHORTEST {
        "Your password must be at least 8 characters long."
    } else if !(letters && digits) {
        "Your password must have a mix of letters and numbers."
    } else if member.user.password.matches(password) {
        "invalid repeated password"
    } else {
        org.auth.set_password(member, Secret::from(password), false);
        return Ok(());
    };
    Err(ApiError::bad_request("INVALID_NEW_PASSWORD", flaw))
}

/// Gives a user a random password, which has to be changed.
pub(crate) fn reset(org: &Org, member: &Member) -> Secret {
    let password = Secret::random(9);
    org.auth
        .set_password(member, Secret::from(password.expose()), true);
    password
}
