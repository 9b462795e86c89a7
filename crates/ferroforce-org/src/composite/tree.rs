//! `POST /composite/tree/{object}`: records with their children, all of them or none.

use std::collections::{HashMap, HashSet, VecDeque};

use http::StatusCode;
use rusqlite::types::Value;

use super::collections::errors;
use super::dependent::invalid;
use super::input::{Input, missing};
use super::too_much;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::json::Json;
use crate::record::document::{Document, Token};
use crate::record::{self, Incoming, Origin};
use crate::rest::{ApiRequest, Context, Reply, json_body};
use crate::schema::{ChildRelationship, Object};

/// In all trees of a request.
const MOST_RECORDS: usize = 200;
const MOST_TYPES: usize = 5;
const MOST_LEVELS: usize = 5;

/// A record of a tree.
struct Node<'s, 'a> {
    object: &'s Object,
    reference_id: String,
    /// The fields alone.
    document: Document<'a>,
    /// The record that it is below, and the field that says so.
    parent: Option<(usize, &'s str)>,
    level: usize,
}

pub(super) fn answer(
    context: &Context<'_>,
    request: &ApiRequest,
    object: &str,
) -> Result<Reply, ApiError> {
    let object: &Object = context
        .schema
        .object(object)
        .ok_or_else(ApiError::not_found)?;
    let mut input = Input::new(Document::parse(json_body(request)?)?);
    let roots = input.list("records")?;
    input.end()?;
    let nodes = by_levels(context, object, roots)?;
    let types: HashSet<&str> = nodes.iter().map(|node| node.object.name.as_str()).collect();
    if types.len() > MOST_TYPES {
        return Err(too_much(
            "A tree can\u{2019}t contain records of more than 5 types.",
        ));
    }
    let twice = given_twice(&nodes);
    if !twice.is_empty() {
        return Ok(failed(&twice));
    }
    match context.all_or_none(|| create(context, &nodes)) {
        Ok(ids) => {
            let results = nodes.iter().zip(&ids).map(|(node, id)| {
                Json::object([
                    ("referenceId", Json::from(&node.reference_id)),
                    ("id", id.as_str().into()),
                ])
            });
            Ok(Reply::with_status(
                StatusCode::CREATED,
                answered(false, results.collect()),
            ))
        }
        Err(Undone::Failed(failures)) => Ok(failed(&failures)),
        Err(Undone::Store(error)) => Err(error),
    }
}

/// Records under the same record, by the same relationship.
struct Branch<'s, 'a> {
    object: &'s Object,
    parent: Option<(usize, &'s str)>,
    level: usize,
    records: Vec<Token<'a>>,
}

/// All records, the roots first, then their children, then the children of these.
fn by_levels<'s, 'a>(
    context: &Context<'s>,
    object: &'s Object,
    records: Vec<Token<'a>>,
) -> Result<Vec<Node<'s, 'a>>, ApiError> {
    let mut nodes = Vec::new();
    let mut branches = VecDeque::from([Branch {
        object,
        parent: None,
        level: 1,
        records,
    }]);
    while let Some(branch) = branches.pop_front() {
        if branch.level > MOST_LEVELS && !branch.records.is_empty() {
            return Err(too_much("A tree can\u{2019}t have more than 5 levels."));
        }
        for record in branch.records {
            if nodes.len() == MOST_RECORDS {
                return Err(too_much(
                    "The request can\u{2019}t contain more than 200 records.",
                ));
            }
            let (document, children) = parted(branch.object, record.document()?)?;
            let reference_id = document
                .attribute("referenceId")?
                .ok_or_else(|| invalid("Include a reference ID for each record in the request."))?;
            let type_name = document
                .type_name()?
                .ok_or_else(|| missing("attributes.type"))?;
            if !type_name.eq_ignore_ascii_case(&branch.object.name) {
                return Err(record::of_another_type(branch.object, &type_name));
            }
            for (relationship, records) in children {
                let child = context.schema.object(&relationship.child_object);
                branches.push_back(Branch {
                    object: child.ok_or_else(ApiError::not_found)?,
                    parent: Some((nodes.len(), &relationship.field)),
                    level: branch.level + 1,
                    records,
                });
            }
            nodes.push(Node {
                object: branch.object,
                reference_id,
                document,
                parent: branch.parent,
                level: branch.level,
            });
        }
    }
    Ok(nodes)
}

/// The children of a record, by relationship.
type Children<'s, 'a> = Vec<(&'s ChildRelationship, Vec<Token<'a>>)>;

/// A record without its children, and these.
fn parted<'s, 'a>(
    object: &'s Object,
    document: Document<'a>,
) -> Result<(Document<'a>, Children<'s, 'a>), ApiError> {
    let (mut members, mut children) = (Vec::new(), Vec::new());
    for (name, token) in document.members {
        match object.child(&name) {
            Some(relationship) if object.field(&name).is_none() => {
                let mut input = Input::new(token.document()?);
                children.push((relationship, input.list("records")?));
                input.end()?;
            }
            _ => members.push((name, token)),
        }
    }
    Ok((Document { members }, children))
}

/// A record that failed, by its id in the request, and why.
type Failure = (String, ApiError);

/// Every record whose id another one has too.
fn given_twice(nodes: &[Node<'_, '_>]) -> Vec<Failure> {
    let mut uses: HashMap<&str, usize> = HashMap::new();
    for node in nodes {
        *uses.entry(&node.reference_id).or_default() += 1;
    }
    let twice = nodes
        .iter()
        .filter(|node| uses.get(node.reference_id.as_str()) > Some(&1));
    twice
        .map(|node| {
            let error = invalid("Duplicate ReferenceId provided in the request.");
            (node.reference_id.clone(), error)
        })
        .collect()
}

/// Creates the records level by level. None below a level with a failure.
fn create(context: &Context<'_>, nodes: &[Node<'_, '_>]) -> Result<Vec<RecordId>, Undone> {
    let mut ids = Vec::with_capacity(nodes.len());
    let mut failures = Vec::new();
    for level in nodes.chunk_by(|one, next| one.level == next.level) {
        let mut created = Vec::with_capacity(level.len());
        for node in level {
            match context.atomically(|| create_one(context, node, &ids)) {
                Ok(id) => created.push(id),
                Err(error) => failures.push((node.reference_id.clone(), error)),
            }
        }
        if !failures.is_empty() {
            return Err(Undone::Failed(failures));
        }
        ids.extend(created);
    }
    Ok(ids)
}

fn create_one(
    context: &Context<'_>,
    node: &Node<'_, '_>,
    ids: &[RecordId],
) -> Result<RecordId, ApiError> {
    if node.object.is_event() {
        return Err(ApiError::unsupported("events in trees"));
    }
    let mut incoming = Incoming::read(context, node.object, &node.document, None)?;
    if let Some((parent, field)) = node.parent
        && let (Some(id), Some(field)) = (ids.get(parent), node.object.field(field))
    {
        incoming.set(field, Value::Text(id.to_string()));
    }
    record::create(context, node.object, &incoming, Origin::Client)
}

/// Why nothing was created.
enum Undone {
    Failed(Vec<Failure>),
    Store(ApiError),
}

impl From<rusqlite::Error> for Undone {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// 400: the records at fault.
fn failed(failures: &[Failure]) -> Reply {
    let results = failures.iter().map(|(reference_id, error)| {
        Json::object([
            ("referenceId", Json::from(reference_id)),
            ("errors", errors(error.items())),
        ])
    });
    Reply::with_status(StatusCode::BAD_REQUEST, answered(true, results.collect()))
}

/// `{"hasErrors":…,"results":[…]}`
fn answered(has_errors: bool, results: Json) -> Json {
    Json::object([("hasErrors", Json::from(has_errors)), ("results", results)])
}
