//! Invocable actions. The org runs neither Apex nor flows; one action is there that gives back
//! what it was given, so that a client can try its calls.

use http::{Method, StatusCode};
use serde::Deserialize;

use super::Context;
use super::request::{ApiRequest, Reply};
use crate::error::ApiError;
use crate::json::Json;

/// The name of the action, under `custom/apex`.
const ECHO: &str = "Echo";

/// Its only input and output.
const MESSAGE: &str = "message";

/// `/actions` and what is below it.
pub(super) fn serve(
    context: &Context<'_>,
    request: &ApiRequest,
    below: &[String],
) -> Result<Reply, ApiError> {
    let path = format!("{}/actions", context.version.path());
    let invoked = request.method == Method::POST;
    let places = |names: &[&'static str], path: &str| {
        let places = names.iter().map(|name| (*name, format!("{path}/{name}")));
        Ok(Reply::ok(Json::object(places)))
    };
    let below: Vec<&str> = below.iter().map(String::as_str).collect();
    match below.as_slice() {
        [] => places(&["standard", "custom"], &path),
        ["standard"] => Ok(list([])),
        ["custom"] => places(&["apex"], &format!("{path}/custom")),
        ["custom", "apex"] => Ok(list([Json::object([
            ("label", ECHO.to_owned()),
            ("name", ECHO.to_owned()),
            ("type", "APEX".to_owned()),
            ("url", format!("{path}/custom/apex/{ECHO}")),
        ])])),
        ["custom", "apex", name] if name.eq_ignore_ascii_case(ECHO) && invoked => invoke(request),
        ["custom", "apex", name] if name.eq_ignore_ascii_case(ECHO) => Ok(Reply::ok(describe())),
        ["standard", _] => Err(ApiError::unsupported("standard actions")),
        _ => Err(ApiError::not_found()),
    }
}

fn list(actions: impl IntoIterator<Item = Json>) -> Reply {
    let actions: Json = actions.into_iter().collect();
    Reply::ok(Json::object([("actions", actions)]))
}

fn describe() -> Json {
    let parameter = |required: Option<bool>| {
        let mut members = vec![
            ("byteLength", Json::Int(0)),
            ("description", Json::Null),
            ("label", "Message".into()),
            ("maxOccurs", Json::Int(1)),
            ("name", MESSAGE.into()),
        ];
        members.extend(required.map(|required| ("required", required.into())));
        members.push(("sobjectType", Json::Null));
        members.push(("type", "STRING".into()));
        std::iter::once(Json::object(members)).collect::<Json>()
    };
    Json::object([
        ("category", Json::Null),
        ("description", "Gives back what it is given".into()),
        ("inputs", parameter(Some(true))),
        ("label", ECHO.into()),
        ("name", ECHO.into()),
        ("outputs", parameter(None)),
        ("standard", false.into()),
        ("targetEntityName", Json::Null),
        ("type", "APEX".into()),
    ])
}

#[derive(Deserialize)]
struct Invocation<'a> {
    #[serde(borrow, default)]
    inputs: Vec<Input<'a>>,
}

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow, default)]
    message: Option<std::borrow::Cow<'a, str>>,
}

/// One result for each input. If one of them failed, the status says so.
fn invoke(request: &ApiRequest) -> Result<Reply, ApiError> {
    let invocation: Invocation<'_> = serde_json::from_slice(&request.body)
        .map_err(|error| ApiError::bad_request("JSON_PARSER_ERROR", error.to_string()))?;
    if invocation.inputs.is_empty() {
        return Err(ApiError::bad_request(
            "INVALID_API_INPUT",
            "The request has no inputs",
        ));
    }
    let failed = invocation
        .inputs
        .iter()
        .any(|input| input.message.is_none());
    let results: Json = invocation
        .inputs
        .iter()
        .map(|input| result(input.message.as_deref()))
        .collect();
    let status = if failed {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    Ok(Reply::with_status(status, results))
}

fn result(message: Option<&str>) -> Json {
    let errors = match message {
        Some(_) => Json::Null,
        None => std::iter::once(Json::object([
            ("statusCode", Json::from("REQUIRED_FIELD_MISSING")),
            (
                "message",
                format!("Missing required input parameter: {MESSAGE}").into(),
            ),
            ("fields", Json::Array(Vec::new())),
        ]))
        .collect(),
    };
    Json::object([
        ("actionName", Json::from(ECHO)),
        ("errors", errors),
        ("isSuccess", message.is_some().into()),
        (
            "outputValues",
            message.map_or(Json::Null, |message| Json::object([(MESSAGE, message)])),
        ),
    ])
}
