use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::error::{ApiError, Error, Result, parse_error_body};
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

pub(super) fn decode<T: DeserializeOwned>(response: &Response) -> Result<Vec<ActionResult<T>>> {
    if !response.status().is_success() {
        // Results that failed, or what is said of a bad request.
        return match response.json::<Vec<Wire<T>>>() {
            Ok(results) => Ok(read(results)),
            Err(_) => Err(Error::from_answer(response)),
        };
    }
    Ok(read(response.json()?))
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
