//! `POST /composite/graph`: up to 75 graphs of dependent requests, each done as a whole or not
//! at all.

use std::collections::{HashMap, HashSet};

use http::Method;

use super::dependent::{check_reference_ids, invalid};
use super::input::{Input, missing};
use super::outcome::{self, Outcome};
use super::reference::{named_in_json, named_in_url};
use super::subrequest::{Subrequest, Target};
use super::{too_much, transaction};
use crate::error::ApiError;
use crate::json::Json;
use crate::record::document::{Document, Token};
use crate::rest::{ApiRequest, Context, Endpoint, Reply, json_body};

const MOST_GRAPHS: usize = 75;

/// In one request.
const MOST_NODES: usize = 500;

/// How many nodes a chain of references may have.
const MOST_DEPTH: usize = 15;

/// How many combinations of version, method and object there may be in one request.
const MOST_KINDS: usize = 15;

/// How many graphs may fail before the rest is given up.
const MOST_FAILURES: usize = 14;

/// The longest id of a graph is one character shorter.
const ID_LENGTH: usize = 40;

/// The oldest version of the API that nodes may speak.
const OLDEST_VERSION: u16 = 50;

struct Graph<'a> {
    id: String,
    nodes: Vec<Subrequest<'a>>,
}

pub(super) fn answer(context: &Context<'_>, request: &ApiRequest) -> Result<Reply, ApiError> {
    let mut input = Input::new(Document::parse(json_body(request)?)?);
    let graphs = input.list("graphs")?;
    input.end()?;
    let graphs = graphs
        .into_iter()
        .map(read)
        .collect::<Result<Vec<_>, _>>()?;
    check(context, &graphs)?;
    let mut failures = 0;
    let mut text = b"{\"graphs\":[".to_vec();
    for (at, graph) in graphs.iter().enumerate() {
        let (outcomes, successful) = if failures > MOST_FAILURES {
            (vec![given_up(); graph.nodes.len()], false)
        } else {
            transaction::all_or_none(context, request, &graph.nodes, is_allowed)?
        };
        failures += usize::from(!successful);
        if at > 0 {
            text.push(b',');
        }
        let id = Json::from(&graph.id);
        text.extend_from_slice(format!("{{\"graphId\":{id},\"graphResponse\":").as_bytes());
        let ids = graph
            .nodes
            .iter()
            .map(|node| Some(node.reference_id.as_str()));
        outcome::write_all(ids.zip(&outcomes), &mut text);
        text.extend_from_slice(format!(",\"isSuccessful\":{successful}}}").as_bytes());
    }
    text.extend_from_slice(b"]}");
    Ok(Reply::json_text(text))
}

fn read(token: Token<'_>) -> Result<Graph<'_>, ApiError> {
    let mut input = Input::new(token.document()?);
    let id = input.text("graphId")?.ok_or_else(|| missing("graphId"))?;
    let nodes = input.list("compositeRequest")?;
    input.end()?;
    let nodes = nodes
        .into_iter()
        .map(Subrequest::read)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Graph { id, nodes })
}

/// Refuses what is wrong whatever the nodes would answer.
fn check(context: &Context<'_>, graphs: &[Graph<'_>]) -> Result<(), ApiError> {
    if graphs.len() > MOST_GRAPHS {
        return Err(too_much(
            "The request can\u{2019}t contain more than 75 graphs.",
        ));
    }
    let nodes = || graphs.iter().flat_map(|graph| &graph.nodes);
    if nodes().count() > MOST_NODES {
        return Err(too_much(
            "The request can\u{2019}t contain more than 500 nodes.",
        ));
    }
    let mut ids = HashSet::new();
    for graph in graphs {
        if !is_legal_id(&graph.id) {
            return Err(invalid(
                "A graphId must start with a letter or a number, be shorter than 40 characters, \
                 and contain no period.",
            ));
        }
        if !ids.insert(graph.id.as_str()) {
            return Err(invalid("Duplicate graphId provided in the request."));
        }
        check_reference_ids(context, &graph.nodes)?;
        if depth(&graph.nodes) > MOST_DEPTH {
            return Err(too_much("A graph can\u{2019}t be deeper than 15 nodes."));
        }
    }
    if nodes().any(|node| !node.headers.is_empty()) {
        return Err(ApiError::unsupported("httpHeaders in graphs"));
    }
    let is_too_old = |node: &Subrequest<'_>| {
        let target = Target::of(&node.url, context);
        target.is_ok_and(|target| target.version.number() < OLDEST_VERSION)
    };
    if nodes().any(is_too_old) {
        return Err(invalid(
            "The url of a node must name API version 50.0 or later.",
        ));
    }
    let kinds: HashSet<_> = nodes().filter_map(|node| kind(context, node)).collect();
    if kinds.len() > MOST_KINDS {
        return Err(too_much(
            "The request can\u{2019}t contain more than 15 different nodes.",
        ));
    }
    Ok(())
}

fn is_legal_id(id: &str) -> bool {
    id.starts_with(|c: char| c.is_ascii_alphanumeric())
        && id.chars().count() < ID_LENGTH
        && !id.contains('.')
}

/// How many nodes the longest chain of references has.
fn depth(nodes: &[Subrequest<'_>]) -> usize {
    let mut depths: HashMap<&str, usize> = HashMap::new();
    for node in nodes {
        let mut named = named_in_url(&node.url);
        named.extend(node.body.iter().flat_map(|body| named_in_json(body.text())));
        let above = named.iter().filter_map(|name| depths.get(name.as_str()));
        let depth = above.max().copied().unwrap_or_default() + 1;
        depths.insert(&node.reference_id, depth);
    }
    depths.into_values().max().unwrap_or_default()
}

/// What makes a node different from others: version, method and object.
fn kind(context: &Context<'_>, node: &Subrequest<'_>) -> Option<(u16, Method, String)> {
    let target = Target::of(&node.url, context).ok()?;
    let object = target.path.get(1)?.to_ascii_lowercase();
    Some((target.version.number(), node.method.clone(), object))
}

/// Where nodes may go: to records.
fn is_allowed(endpoint: Endpoint<'_>, request: &ApiRequest) -> bool {
    match endpoint {
        Endpoint::Object { .. } => request.method == Method::POST,
        Endpoint::Record { .. } | Endpoint::RecordByKey { .. } | Endpoint::NewRecord { .. } => true,
        _ => false,
    }
}

/// The outcome of a node of a graph that came after too many failed ones.
fn given_up() -> Outcome {
    Outcome::failure(&ApiError::bad_request(
        "PROCESSING_HALTED",
        "Processing was halted, since more than 14 graphs of the request failed.",
    ))
}
