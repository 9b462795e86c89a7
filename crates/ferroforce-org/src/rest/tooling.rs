//! The Tooling API: queries and records of what developers write. The org stores code and runs
//! none.

use super::endpoint::Endpoint;
use super::request::{ApiRequest, Reply};
use super::{Context, answer};
use crate::error::ApiError;
use crate::json::Json;

/// What the org serves below `/tooling`.
const RESOURCES: [&str; 4] = ["composite", "query", "queryAll", "sobjects"];

/// Answers a request below `/tooling`.
pub(super) fn dispatch(
    context: &Context<'_>,
    request: &ApiRequest,
    below: &[String],
) -> Result<Reply, ApiError> {
    let context = context.tooling();
    let request = ApiRequest {
        path: below.to_vec(),
        version: context.version,
        ..request.clone()
    };
    match Endpoint::of(context.version, &request.path)? {
        Endpoint::Resources => Ok(resources(&context)),
        endpoint => answer(&context, &request, endpoint),
    }
}

/// Refuses paths below `/tooling` that the org does not serve.
pub(super) fn check(below: &[String]) -> Result<(), ApiError> {
    match below.first() {
        Some(name) if !RESOURCES.contains(&name.as_str()) => {
            Err(ApiError::unsupported(format_args!("/tooling/{name}")))
        }
        _ => Ok(()),
    }
}

fn resources(context: &Context<'_>) -> Reply {
    let path = context.version.path();
    Reply::ok(Json::object(
        RESOURCES.map(|name| (name, format!("{path}/{name}"))),
    ))
}
