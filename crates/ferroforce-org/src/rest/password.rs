//! `/sobjects/User/{id}/password`: whether a user's password has expired, another one, a random
//! one.

use http::Method;

use super::Context;
use super::request::{ApiRequest, Reply};
use crate::auth::new_password;
use crate::error::ApiError;
use crate::json::Json;
use crate::record::document::{Document, Scalar};

pub(super) fn answer(
    context: &Context<'_>,
    request: &ApiRequest,
    user: &str,
) -> Result<Reply, ApiError> {
    let org = context.org;
    let member = new_password::member(org, context.user, user)?;
    let changes = request.method == Method::POST || request.method == Method::DELETE;
    if changes && !context.db.is_autocommit() {
        // Passwords are not in the database: this could not be undone.
        return Err(ApiError::unsupported(
            "changes of passwords inside of composites",
        ));
    }
    match request.method {
        Method::POST => {
            new_password::set(org, &member, &given(&request.body)?)?;
            Ok(Reply::no_content())
        }
        Method::DELETE => {
            let password = new_password::reset(org, &member);
            Ok(Reply::ok(Json::object([(
                "NewPassword",
                password.expose(),
            )])))
        }
        _ => Ok(Reply::ok(Json::object([(
            "isExpired",
            member.user.password_expired,
        )]))),
    }
}

/// The password of a body.
fn given(body: &[u8]) -> Result<String, ApiError> {
    let document = Document::parse(body)?;
    let given = document.get("NewPassword").map(|token| token.scalar());
    match given {
        Some(Ok(Scalar::String(password))) => Ok(password),
        _ => Err(ApiError::bad_request(
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [NewPassword]",
        )
        .with_fields(["NewPassword"])),
    }
}
