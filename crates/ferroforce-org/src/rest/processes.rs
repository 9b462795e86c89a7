//! Quick actions, workflow rules and approval processes. The org has none of them, and says so:
//! what lists them is empty, and what would start one finds nothing to start.

use http::Method;
use serde::Deserialize;

use super::request::{ApiRequest, Reply};
use super::rows::json_body;
use super::{Context, rows};
use crate::error::ApiError;
use crate::json::Json;

/// `/quickActions` and `/sobjects/X/quickActions`, and what is below them.
pub(super) fn quick_actions(
    context: &Context<'_>,
    object: Option<&str>,
    below: &[String],
) -> Result<Reply, ApiError> {
    if let Some(object) = object {
        rows::object(context, object)?;
    }
    if below.is_empty() {
        Ok(Reply::ok(Json::Array(Vec::new())))
    } else {
        Err(ApiError::not_found())
    }
}

/// `/process/rules` and `/process/approvals`, and what is below them.
pub(super) fn serve(
    context: &Context<'_>,
    request: &ApiRequest,
    below: &[String],
) -> Result<Reply, ApiError> {
    let writes = request.method == Method::POST;
    let none = |name: &'static str| {
        let nothing = Json::Object(Vec::new());
        Ok(Reply::ok(Json::object([(name, nothing)])))
    };
    let below: Vec<&str> = below.iter().map(String::as_str).collect();
    match below.as_slice() {
        ["rules"] if writes => triggered(request),
        ["rules"] => none("rules"),
        ["rules", object] => {
            rows::object(context, object)?;
            none("rules")
        }
        ["approvals"] if writes => submitted(request),
        ["approvals"] => none("approvals"),
        _ => Err(ApiError::not_found()),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Triggered {
    #[serde(rename = "contextIds")]
    _records: Vec<String>,
}

/// Without a rule, none fails.
fn triggered(request: &ApiRequest) -> Result<Reply, ApiError> {
    let _: Triggered = read(request)?;
    Ok(Reply::ok(Json::object([
        ("errors", Json::Null),
        ("success", true.into()),
    ])))
}

#[derive(Deserialize)]
struct Submitted {
    requests: Vec<serde::de::IgnoredAny>,
}

/// Without an approval process, none applies.
fn submitted(request: &ApiRequest) -> Result<Reply, ApiError> {
    let submitted: Submitted = read(request)?;
    if submitted.requests.is_empty() {
        return Err(ApiError::bad_request(
            "INVALID_API_INPUT",
            "The request has no requests",
        ));
    }
    Err(ApiError::bad_request(
        "NO_APPLICABLE_PROCESS",
        "No applicable approval process was found.",
    ))
}

fn read<'r, T: Deserialize<'r>>(request: &'r ApiRequest) -> Result<T, ApiError> {
    serde_json::from_slice(json_body(request)?)
        .map_err(|error| ApiError::bad_request("JSON_PARSER_ERROR", error.to_string()))
}
