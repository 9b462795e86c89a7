//! What became of the rows of a batch, and what a query found.

use rusqlite::Connection;

use super::answer::AsyncError;
use super::batch::{Batch, BatchState};
use super::data::REQUEST;
use super::xml::{DECLARATION, NAMESPACE, element};
use crate::bulk::download::{Download, Span};
use crate::bulk::extract;
use crate::bulk::job::{Format, Job};
use crate::bulk::rows::{Outcome, error_cell};
use crate::bulk::table::Part;
use crate::error::{ApiError, ErrorItem};
use crate::json::Json;

/// What became of the rows, in their order.
const OUTCOMES: &str = "outcomes";

/// Adds what became of rows.
pub(super) fn keep(
    db: &Connection,
    job: &Job,
    batch: &Batch,
    outcomes: &[Outcome],
) -> Result<(), ApiError> {
    let part = Part {
        owner: &batch.id,
        name: OUTCOMES,
    };
    let (pieces, _) = part.end(db)?;
    let mut bytes = Vec::new();
    for (index, outcome) in outcomes.iter().enumerate() {
        match job.content_type().format() {
            Format::Csv => job.dialect.write(cells(outcome), &mut bytes),
            Format::Json => {
                if index > 0 || pieces > 0 {
                    bytes.push(b',');
                }
                bytes.extend_from_slice(in_json(outcome).to_string().as_bytes());
            }
            Format::Xml => bytes.extend_from_slice(in_xml(outcome).as_bytes()),
        }
    }
    if bytes.is_empty() {
        return Ok(());
    }
    let size = i64::try_from(outcomes.len()).unwrap_or(i64::MAX);
    part.append(db, size, &bytes)
}

fn cells(outcome: &Outcome) -> [String; 4] {
    let flag = |flag: bool| flag.to_string();
    match outcome {
        Outcome::Saved { id, created } => {
            [id.to_string(), flag(true), flag(*created), String::new()]
        }
        Outcome::Refused { id, error } => {
            let id = id.map_or_else(String::new, |id| id.to_string());
            [id, flag(false), flag(false), error_cell(error)]
        }
    }
}

fn fields(item: &ErrorItem) -> &[String] {
    item.fields.as_deref().unwrap_or_default()
}

fn in_json(outcome: &Outcome) -> Json {
    let (success, created, id, errors) = match outcome {
        Outcome::Saved { id, created } => (true, *created, Some(id), Vec::new()),
        Outcome::Refused { id, error } => {
            let errors = error.items().iter().map(|item| {
                Json::object([
                    ("message", Json::from(item.message.as_ref())),
                    ("fields", fields(item).iter().collect()),
                    ("statusCode", item.code.as_ref().into()),
                    ("extendedErrorDetails", Json::Null),
                ])
            });
            (false, false, id.as_ref(), errors.collect())
        }
    };
    Json::object([
        ("success", Json::from(success)),
        ("created", created.into()),
        ("id", id.map(|id| id.as_str()).into()),
        ("errors", Json::Array(errors)),
    ])
}

fn in_xml(outcome: &Outcome) -> String {
    let mut out = String::from("<result>");
    let (id, success, created) = match outcome {
        Outcome::Saved { id, created } => (Some(id), true, *created),
        Outcome::Refused { id, error } => {
            for item in error.items() {
                out += "<errors>";
                for field in fields(item) {
                    element("fields", field, &mut out);
                }
                element("message", &item.message, &mut out);
                element("statusCode", &item.code, &mut out);
                out += "</errors>";
            }
            (id.as_ref(), false, false)
        }
    };
    if let Some(id) = id {
        element("id", id.as_str(), &mut out);
    }
    element("success", &success.to_string(), &mut out);
    element("created", &created.to_string(), &mut out);
    out + "</result>"
}

/// Writes a record that a query found in XML.
pub(super) fn record(record: &Json, out: &mut Vec<u8>) {
    let mut text = String::new();
    sobject("records", record, &mut text);
    out.extend_from_slice(text.as_bytes());
}

fn sobject(name: &str, record: &Json, out: &mut String) {
    let Json::Object(members) = record else {
        return;
    };
    *out += &format!("<{name} xsi:type=\"sObject\">");
    for (name, value) in members {
        match value {
            // Where it is tells nothing here.
            Json::Object(attributes) if name == "attributes" => {
                for (name, value) in attributes {
                    if let Json::String(text) = value
                        && name == "type"
                    {
                        element("type", text, out);
                    }
                }
            }
            Json::Object(_) => sobject(name, value, out),
            Json::Null => *out += &format!("<{name} xsi:nil=\"true\"/>"),
            Json::String(text) => element(name, text, out),
            other => element(name, &other.to_string(), out),
        }
    }
    *out += &format!("</{name}>");
}

/// Refuses what is not there yet.
fn check(batch: &Batch) -> Result<(), AsyncError> {
    match batch.state {
        BatchState::Completed | BatchState::Failed => Ok(()),
        _ => Err(AsyncError::new("InvalidBatch", "Batch not completed")),
    }
}

/// The data of a batch as it was sent.
pub(super) fn request(db: &Connection, batch: &Batch) -> Result<Download, AsyncError> {
    let part = Part {
        owner: &batch.id,
        name: REQUEST,
    };
    Ok(Download {
        headers: Vec::new(),
        content_type: batch.content_type.clone(),
        head: Vec::new(),
        tail: &[],
        owner: batch.id.clone(),
        name: REQUEST,
        span: Span::all(db, part)?,
    })
}

/// What became of the rows of a batch.
pub(super) fn outcomes(db: &Connection, job: &Job, batch: &Batch) -> Result<Download, AsyncError> {
    check(batch)?;
    let part = Part {
        owner: &batch.id,
        name: OUTCOMES,
    };
    let format = job.content_type().format();
    let (head, tail): (_, &[u8]) = match format {
        Format::Csv => {
            let mut head = Vec::new();
            job.dialect
                .write(["Id", "Success", "Created", "Error"], &mut head);
            (head, b"")
        }
        Format::Json => (b"[".to_vec(), b"]"),
        Format::Xml => {
            let head = format!("{DECLARATION}<results xmlns=\"{NAMESPACE}\">");
            (head.into_bytes(), b"</results>")
        }
    };
    Ok(Download {
        headers: Vec::new(),
        content_type: format.media_type().to_owned(),
        head,
        tail,
        owner: batch.id.clone(),
        name: OUTCOMES,
        span: Span::all(db, part)?,
    })
}

/// The id of the file of a query that found nothing: it is made of the batch's.
fn id_of_nothing(batch: &Batch) -> String {
    let id = format!("752{}", &batch.id[3..15]);
    id.parse::<crate::id::RecordId>()
        .map_or(id, |id| id.to_string())
}

/// The ids of the files that a query found.
pub(super) fn ids(batch: &Batch) -> Result<Vec<String>, AsyncError> {
    check(batch)?;
    if batch.state == BatchState::Failed {
        return Ok(Vec::new());
    }
    if batch.files.is_empty() {
        return Ok(vec![id_of_nothing(batch)]);
    }
    Ok(batch.files.iter().map(|file| file.id.clone()).collect())
}

/// A file that a query found.
pub(super) fn found(
    db: &Connection,
    job: &Job,
    batch: &Batch,
    id: &str,
) -> Result<Download, AsyncError> {
    check(batch)?;
    let missing = || {
        let id = crate::error::excerpt(id);
        AsyncError::new("InvalidBatch", format!("Unable to find result: {id}"))
    };
    let part = Part {
        owner: &batch.id,
        name: extract::RESULT,
    };
    let file = batch.files.iter().find(|file| file.id == id);
    let format = job.content_type().format();
    let span = match file {
        Some(file) => Span::of_pieces(db, part, file.pieces)?,
        None if batch.files.is_empty() && id == id_of_nothing(batch) => Span::default(),
        None => return Err(missing()),
    };
    let (head, tail): (_, &[u8]) = match format {
        Format::Csv if file.is_none() => (b"Records not found for this query".to_vec(), b""),
        Format::Csv => {
            let header = batch.progress.header.as_deref().unwrap_or_default();
            (header.as_bytes().to_vec(), b"")
        }
        Format::Json => (b"[".to_vec(), b"]"),
        Format::Xml => {
            let head = format!(
                "{DECLARATION}<queryResult xmlns=\"{NAMESPACE}\" \
                 xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">"
            );
            (head.into_bytes(), b"</queryResult>")
        }
    };
    Ok(Download {
        headers: Vec::new(),
        content_type: format.media_type().to_owned(),
        head,
        tail,
        owner: batch.id.clone(),
        name: extract::RESULT,
        span,
    })
}
