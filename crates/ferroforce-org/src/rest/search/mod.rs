//! `/search`, `/parameterizedSearch`, and what is known about searching.

mod layout;
mod parameters;

use http::Method;

use super::Context;
use super::query::scope;
use super::request::{ApiRequest, Reply};
use crate::error::ApiError;
use crate::json::Json;
use crate::search;
use parameters::Parameters;

pub(super) use layout::{columns_of, layout};

/// The first version of the API that takes parameters instead of SOSL.
const PARAMETERS_SINCE: u16 = 36;

/// Runs a search.
pub(super) fn search(context: &Context<'_>, request: &ApiRequest) -> Result<Reply, ApiError> {
    let sosl = request.parameter("q").ok_or_else(|| {
        ApiError::bad_request(search::MALFORMED, "A search string has to be specified")
    })?;
    found(context, sosl)
}

/// Runs a search whose clauses are parameters.
pub(super) fn parameterized(
    context: &Context<'_>,
    request: &ApiRequest,
) -> Result<Reply, ApiError> {
    if context.version.number() < PARAMETERS_SINCE {
        return Err(ApiError::not_found());
    }
    let parameters = if request.method == Method::POST {
        Parameters::of_body(&request.body)?
    } else {
        Parameters::of_query(&request.query)?
    };
    found(context, &parameters.sosl()?)
}

fn found(context: &Context<'_>, sosl: &str) -> Result<Reply, ApiError> {
    let scope = scope(context, false);
    let found = search::run(
        context.db,
        &context.org.schema,
        context.schema,
        sosl,
        &scope,
    )?;
    Ok(Reply::json_text(found.body(context.version.number())))
}

/// The objects that a search without RETURNING looks through. Nobody prefers any, so they come
/// by their names.
pub(super) fn scope_order(context: &Context<'_>) -> Reply {
    let path = context.version.path();
    let objects = context
        .schema
        .objects()
        .filter(|object| search::is_in_default_scope(object));
    let order: Json = objects
        .map(|object| {
            let url = format!("{path}/sobjects/{}/describe", object.name);
            Json::object([("type", Json::from(&object.name)), ("url", url.into())])
        })
        .collect();
    Reply::ok(order)
}
