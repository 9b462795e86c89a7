//! Salesforce's limits and rules for composites, checked before anything is sent.

use http::HeaderMap;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};

use super::requests::{Node, Requests};
use crate::client::ApiVersion;
use crate::error::{Error, Result};
use crate::op::Path;

/// Requests of a composite, and of a batch.
pub(super) const REQUESTS: usize = 25;
/// Requests of a composite that are queries or collections.
pub(super) const QUERIES: usize = 5;
/// Records of a collection, and of a tree.
pub(super) const RECORDS: usize = 200;
/// Records that one retrieve asks for.
pub(super) const RETRIEVED: usize = 2_000;
/// Runs of records of one type in a collection.
pub(super) const RUNS: usize = 10;

pub(super) const GRAPHS: usize = 75;
/// Requests of a graph, and of all graphs in one request.
pub(super) const NODES: usize = 500;
pub(super) const DEPTH: usize = 15;
/// Different combinations of method and object in a graph.
pub(super) const DISTINCT: usize = 15;
/// Longest id of a graph.
const GRAPH_ID: usize = 39;
pub(super) const TREE_LEVELS: usize = 5;
pub(super) const TREE_TYPES: usize = 5;

/// Refuses more than Salesforce takes.
pub(super) fn at_most(what: &str, count: usize, limit: usize, advice: &str) -> Result<()> {
    if count <= limit {
        return Ok(());
    }
    Err(Error::invalid_input(format!(
        "there are {count} {what}, and Salesforce takes {limit}; {advice}"
    )))
}

/// Refuses a family of endpoints that the client's version does not have.
pub(super) fn since(what: &str, version: ApiVersion, first: u16) -> Result<()> {
    if version.number() >= first {
        return Ok(());
    }
    Err(Error::invalid_input(format!(
        "{what} came with API version {first}.0, and this client speaks {version}"
    )))
}

/// Names that requests have for each other: letters, digits and underscores, not
/// beginning with an underscore, each one once.
pub(super) fn names(requests: &Requests) -> Result<()> {
    let names = requests.names();
    for (index, name) in names.iter().enumerate() {
        if !is_name(name) {
            return Err(requests.at(
                index,
                "has a name that Salesforce does not take: it is made of letters, digits and \
                 underscores, and begins with a letter or digit",
            ));
        }
        if let Some(first) = names[..index].iter().position(|other| other == name) {
            return Err(requests.at(index, format!("has the same name as request {first}")));
        }
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

pub(super) fn graph_id(id: &str) -> Result<()> {
    let fits = id.starts_with(|c: char| c.is_ascii_alphanumeric())
        && id.len() <= GRAPH_ID
        && !id.contains(|c: char| c == '.' || c.is_control());
    if fits {
        return Ok(());
    }
    Err(Error::invalid_input(format!(
        "{id:?} cannot be the id of a graph: it begins with a letter or digit, has less than 40 \
         characters and no point"
    )))
}

/// What the address of a request leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target<'a> {
    /// `/sobjects` and below: the segments that follow.
    Records(&'a str),
    Query,
    Collections,
    /// Another composite of some kind.
    Composite,
    /// Anything else below the version.
    Other,
    /// Below the host, or of another version.
    Elsewhere,
}

fn target(path: &Path, version: ApiVersion) -> Target<'_> {
    let below = if path.is_absolute() {
        match path.as_str().strip_prefix(version.data_path().as_str()) {
            Some(below) if below.starts_with('/') => below,
            _ => return Target::Elsewhere,
        }
    } else {
        path.as_str()
    };
    let below = below.split('?').next().unwrap_or_default();
    let below = below.trim_start_matches('/');
    let (first, rest) = below.split_once('/').unwrap_or((below, ""));
    match first.to_ascii_lowercase().as_str() {
        "sobjects" => Target::Records(rest),
        "query" | "queryall" => Target::Query,
        "composite" if rest.starts_with("sobjects") => Target::Collections,
        "composite" => Target::Composite,
        _ => Target::Other,
    }
}

/// The contents of a file come as they are and not as JSON.
fn is_contents(segments: &str) -> bool {
    let mut segments = segments.trim_end_matches('/').split('/').skip(2);
    matches!(
        (
            segments.next().map(str::to_ascii_lowercase).as_deref(),
            segments.next()
        ),
        (
            Some("body" | "versiondata" | "document" | "richtextimagefields"),
            _
        )
    )
}

/// The rules for one request of a composite. Gives what it leads to.
pub(super) fn of_composite(
    node: &Node,
    version: ApiVersion,
) -> std::result::Result<Target<'_>, String> {
    let target = target(&node.path, version);
    match target {
        Target::Records(segments) if is_contents(segments) => {
            Err("reads a file's contents, which a composite cannot; send it alone".to_owned())
        }
        Target::Records(_) | Target::Query => Ok(target),
        Target::Collections if version.number() >= 43 => Ok(target),
        _ => Err(
            "leads to something that a composite cannot hold: it takes records, queries and, from \
             API version 43.0, collections; send it alone"
                .to_owned(),
        ),
    }
}

/// The rules for one request of a batch.
pub(super) fn of_batch(
    path: &Path,
    headers: &HeaderMap,
    version: ApiVersion,
) -> std::result::Result<(), String> {
    let why = match target(path, version) {
        Target::Records(segments) if is_contents(segments) => {
            "reads a file's contents, which a batch cannot"
        }
        Target::Records(_) | Target::Query | Target::Other => {
            return match own_headers(headers).next() {
                Some(name) => Err(format!(
                    "has the header {name}, and requests of a batch have none of their own; set \
                     it on the batch or send the request alone"
                )),
                None => Ok(()),
            };
        }
        Target::Collections | Target::Composite => {
            "is a composite itself, which a batch cannot hold"
        }
        Target::Elsewhere => "leads to another version or service than the batch",
    };
    Err(format!("{why}; send it alone"))
}

/// The rules for one request of a graph. Gives the object that it is about.
pub(super) fn of_graph(node: &Node, version: ApiVersion) -> std::result::Result<&str, String> {
    if let Target::Records(segments) = target(&node.path, version) {
        let (object, key) = segments.split_once('/').unwrap_or((segments, ""));
        let keys = key.split('/').filter(|part| !part.is_empty()).count();
        if !object.is_empty() && keys <= 2 && !is_contents(segments) {
            return Ok(object);
        }
    }
    Err(
        "leads to something that a graph cannot hold: it takes single records, by id or external \
         id, and nothing else"
            .to_owned(),
    )
}

/// The headers of a request in a composite: those that its JSON does not have to
/// name.
pub(super) fn sub_headers(headers: &HeaderMap) -> std::result::Result<Vec<(&str, &str)>, String> {
    own_headers(headers)
        .map(|name| {
            if [ACCEPT.as_str(), AUTHORIZATION.as_str()].contains(&name) {
                return Err(format!(
                    "has the header {name}, which belongs to the composite as a whole"
                ));
            }
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            let value = value.ok_or_else(|| format!("has a header {name} that is not ASCII"))?;
            Ok((name, value))
        })
        .collect()
}

fn own_headers(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .keys()
        .filter(|name| **name != CONTENT_TYPE)
        .map(http::HeaderName::as_str)
}
