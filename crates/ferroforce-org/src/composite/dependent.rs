//! `POST /composite`: up to 25 requests, of which later ones refer to earlier ones.

use std::collections::HashSet;

use http::StatusCode;

use super::input::Input;
use super::outcome::{self, Outcome};
use super::reference::{is_legal, must_be_legal};
use super::subrequest::{Subrequest, Target, below_data};
use super::{Resource, transaction};
use crate::error::ApiError;
use crate::record::document::Document;
use crate::rest::{ApiRequest, Context, Endpoint, Reply, json_body};

const MOST_SUBREQUESTS: usize = 25;

/// How many may be queries or collections.
const MOST_QUERIES: usize = 5;

pub(super) fn answer(context: &Context<'_>, request: &ApiRequest) -> Result<Reply, ApiError> {
    let mut input = Input::new(Document::parse(json_body(request)?)?);
    let all_or_none = input.flag("allOrNone")?;
    // It allows any order, the given one included.
    input.flag("collateSubrequests")?;
    let subrequests = input.list("compositeRequest")?;
    input.end()?;
    if subrequests.len() > MOST_SUBREQUESTS {
        return Ok(refusal(&super::too_much(
            "The request can\u{2019}t contain more than 25 operations.",
        )));
    }
    let subrequests = subrequests
        .into_iter()
        .map(Subrequest::read)
        .collect::<Result<Vec<_>, _>>()?;
    if let Err(error) = check(context, &subrequests) {
        return Ok(refusal(&error));
    }
    let outcomes = if all_or_none {
        transaction::all_or_none(context, request, &subrequests, is_allowed)?.0
    } else {
        transaction::each(context, request, &subrequests, is_allowed)
    };
    let ids = subrequests
        .iter()
        .map(|subrequest| Some(subrequest.reference_id.as_str()));
    let mut text = Vec::new();
    outcome::write_all(ids.zip(&outcomes), &mut text);
    Ok(Reply::json_text(text))
}

/// Refuses what is wrong whatever the subrequests would answer.
fn check(context: &Context<'_>, subrequests: &[Subrequest<'_>]) -> Result<(), ApiError> {
    check_reference_ids(context, subrequests)?;
    let mut queries = 0;
    for subrequest in subrequests {
        let below = below_data(&subrequest.url).ok_or_else(misplaced)?;
        let target = Target::below(below, context).ok();
        let endpoint = target
            .as_ref()
            .and_then(|target| Endpoint::of(target.version, &target.path).ok());
        queries += usize::from(endpoint.is_some_and(is_query));
    }
    if queries > MOST_QUERIES {
        return Err(super::too_much(
            "The request can\u{2019}t contain more than 5 query operations.",
        ));
    }
    Ok(())
}

/// Refuses ids that are there twice, and from version 52.0 on those that cannot be referred to.
pub(super) fn check_reference_ids(
    context: &Context<'_>,
    subrequests: &[Subrequest<'_>],
) -> Result<(), ApiError> {
    let mut seen = HashSet::new();
    for subrequest in subrequests {
        let id = subrequest.reference_id.as_str();
        if context.version.number() >= 52 && !is_legal(id) {
            return Err(invalid(must_be_legal(id)));
        }
        if !seen.insert(id) {
            return Err(invalid("Duplicate ReferenceId provided in the request."));
        }
    }
    Ok(())
}

pub(super) fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> ApiError {
    ApiError::bad_request("INVALID_INPUT", message)
}

/// The URL of a subrequest that is for another host, or nothing.
fn misplaced() -> ApiError {
    invalid("The url of a subrequest must start with /services/data/vXX.X/")
}

/// Where subrequests may go: objects and records, queries, collections.
fn is_allowed(endpoint: Endpoint<'_>, request: &ApiRequest) -> bool {
    let below_objects = request
        .path
        .first()
        .is_some_and(|first| first == "sobjects");
    below_objects || is_query(endpoint)
}

fn is_query(endpoint: Endpoint<'_>) -> bool {
    matches!(
        endpoint,
        Endpoint::Query { .. }
            | Endpoint::NextPage { .. }
            | Endpoint::Composite(
                Resource::Collections
                    | Resource::CollectionsOf { .. }
                    | Resource::CollectionsByKey { .. }
            )
    )
}

/// The answer to a request of which nothing was done.
fn refusal(error: &ApiError) -> Reply {
    let mut text = Vec::new();
    outcome::write_all([(None, &Outcome::failure(error))], &mut text);
    let mut reply = Reply::json_text(text);
    reply.status = StatusCode::BAD_REQUEST;
    reply
}
