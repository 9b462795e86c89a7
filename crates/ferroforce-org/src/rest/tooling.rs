//! The Tooling API: queries and records of what developers write. The org stores code and runs
//! none.

use super::endpoint::Endpoint;
use super::request::{ApiRequest, Reply};
use super::{Context, answer};
use crate::error::ApiError;
use crate::json::Json;

/// Answers a request below `/tooling`.
pub(super) fn dispatch(
    context: &Context<'_>,
    request: &ApiRequest,
    below: &[String],
) -> Result<Reply, ApiError> {
    let first = below.first().map(String::as_str);
    if !matches!(first, None | Some("query" | "queryAll" | "sobjects")) {
        let name = first.unwrap_or_default();
        return Err(ApiError::unsupported(format_args!("/tooling/{name}")));
    }
    let context = context.tooling();
    let request = ApiRequest {
        path: below.to_vec(),
        version: context.version,
        ..request.clone()
    };
    match Endpoint::of(&request.path)? {
        Endpoint::Resources => Ok(resources(&context)),
        endpoint => answer(&context, &request, endpoint),
    }
}

fn resources(context: &Context<'_>) -> Reply {
    let path = context.version.path();
    let resources = ["query", "queryAll", "sobjects"];
    Reply::ok(Json::object(
        resources.map(|name| (name, format!("{path}/{name}"))),
    ))
}
