use http::StatusCode;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;

use crate::error::{ApiError, Error, ErrorCode, Result, parse_error_body};
use crate::op::Response;

/// What became of one input of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActionResult<T> {
    /// The action.
    pub action_name: String,
    /// Whether it was carried out for this input.
    pub is_success: bool,
    /// Why not.
    pub errors: Vec<ApiError>,
    /// What it gave.
    pub output_values: Option<T>,
    /// The invocation, where Salesforce names it.
    pub invocation_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<T> {
    action_name: String,
    is_success: bool,
    #[serde(default)]
    errors: Option<Box<RawValue>>,
    // Without a default for `T`.
    output_values: Option<T>,
    #[serde(default)]
    invocation_id: Option<String>,
}

pub(super) fn decode<T: DeserializeOwned>(
    response: &Response,
    inputs: usize,
) -> Result<Vec<ActionResult<T>>> {
    let wire: Vec<Wire<T>> = match response.json() {
        Ok(results) => results,
        // Not results that failed, but what is said of a bad request.
        Err(_) if !response.status().is_success() => return Err(Error::from_answer(response)),
        Err(error) => return Err(error),
    };
    let results = read(wire);
    if results.len() == inputs {
        return Ok(results);
    }
    let message = format!(
        "the answer has {} results for {inputs} inputs, so what came of them is unknown",
        results.len()
    );
    let errors: Vec<ApiError> = results
        .into_iter()
        .flat_map(|result| result.errors)
        .collect();
    Err(if errors.is_empty() {
        Error::decode(message).after_doubt()
    } else {
        Error::from_api(response.status(), errors, message).after_doubt()
    })
}

fn read<T>(results: Vec<Wire<T>>) -> Vec<ActionResult<T>> {
    results
        .into_iter()
        .map(|wire| ActionResult {
            action_name: wire.action_name,
            is_success: wire.is_success,
            errors: wire
                .errors
                .map(|errors| parse_error_body(errors.get().as_bytes()))
                .unwrap_or_default(),
            output_values: wire.output_values,
            invocation_id: wire.invocation_id,
        })
        .collect()
}

/// The errors of an action that did nothing, since for each input it met a locked
/// record.
pub(super) fn lock_errors(response: &Response) -> Vec<ApiError> {
    // With any other status it may have been carried out for some of them.
    if response.status() != StatusCode::BAD_REQUEST {
        return Vec::new();
    }
    let errors: Vec<Vec<ApiError>> = match response.json::<Vec<Wire<IgnoredAny>>>() {
        Ok(wire) => read(wire).into_iter().map(|one| one.errors).collect(),
        Err(_) => vec![parse_error_body(response.body())],
    };
    let locked = |error: &ApiError| *error.code() == ErrorCode::UnableToLockRow;
    let all = |one: &Vec<ApiError>| !one.is_empty() && one.iter().all(locked);
    if errors.iter().all(all) {
        errors.into_iter().flatten().collect()
    } else {
        Vec::new()
    }
}
