//! Batches are added: their data is kept as it was sent, and as rows.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::answer::AsyncError;
use super::batch::{Batch, BatchState};
use super::xml::{self, Element};
use super::zip;
use crate::bulk::csv::{Dialect, Scan};
use crate::bulk::ingest::UPLOAD;
use crate::bulk::job::{ContentType, Format, Job, Progress, State};
use crate::bulk::rows::CHUNK;
use crate::bulk::table::{self, Entry as _, Part};
use crate::bulk::work::millis;
use crate::error::ApiError;
use crate::json::Json;
use crate::record::document::{Scalar, Token};
use crate::rest::Context;
use crate::usage::BulkCount;

/// What was sent, for those who ask for it.
pub(super) const REQUEST: &str = "request";

/// The rows of data that is not CSV: pieces that are lists of records in JSON.
pub(super) const ROWS: &str = "rows";

/// How long a batch may be, in bytes.
const MOST_BYTES: usize = 10 * 1024 * 1024;

/// How many rows it may have.
pub(super) const MOST_ROWS: i64 = 10_000;

/// How long after a job was made batches can be added to it, in milliseconds.
const OPEN: i64 = 24 * 60 * 60 * 1000;

/// The file of an archive that has the rows.
const ROWS_FILE: &str = "request.txt";

/// Adds a batch to a job.
pub(super) fn add(
    context: &Context<'_>,
    job: &Job,
    body: &[u8],
    headers: &HeaderMap,
) -> Result<Batch, AsyncError> {
    let db = context.db;
    let now = context.org.clock.now_millis();
    if job.state != State::Open {
        let state = job.state.name();
        let message = format!("Unable to add a batch to a Job that is {state}");
        return Err(AsyncError::new("InvalidJobState", message));
    }
    if now - job.created > OPEN {
        let message = "Unable to add a batch to a Job that is older than 24 hours";
        return Err(AsyncError::new("InvalidJobState", message));
    }
    if body.len() > MOST_BYTES {
        let message = "A batch has at most 10 MB of data";
        return Err(AsyncError::new("InvalidBatch", message));
    }
    let most = context.org.auth.policies().daily_bulk_batches;
    if context.org.usage.count_of(BulkCount::Batches, 1) > most {
        let message = "ApiBatchItems Limit exceeded.";
        return Err(AsyncError::new("ExceededQuota", message));
    }
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let mut batch = new(context, job, content_type.unwrap_or("text/csv"))?;
    if job.operation.is_query() {
        let query = std::str::from_utf8(body)
            .map_err(|_| AsyncError::new("InvalidBatch", "The query is not encoded in UTF-8"))?;
        batch.query = Some(query.trim().to_owned());
    }
    let part = |name| Part {
        owner: batch.id.as_str(),
        name,
    };
    let size = i64::try_from(body.len()).unwrap_or(i64::MAX);
    part(REQUEST).append(db, size, body)?;
    if !job.operation.is_query() {
        match job.content_type() {
            ContentType::Plain(Format::Csv) => part(UPLOAD).append(db, size, body)?,
            content_type => match records(content_type, job.dialect, body) {
                Ok(records) => {
                    for chunk in records.chunks(CHUNK) {
                        let rows = format!("[{}]", chunk.join(","));
                        let size = i64::try_from(chunk.len()).unwrap_or(i64::MAX);
                        part(ROWS).append(db, size, rows.as_bytes())?;
                    }
                }
                // The batch is there, and fails when it is looked at.
                Err(message) => batch.message = Some(message),
            },
        }
    }
    table::put(db, &batch)?;
    Ok(batch)
}

/// A batch that waits for its turn.
pub(super) fn new(context: &Context<'_>, job: &Job, content_type: &str) -> Result<Batch, ApiError> {
    let now = context.org.clock.now_millis();
    let seconds = context.org.auth.policies().bulk_queued_seconds;
    Ok(Batch {
        id: table::new_id(context.db, Batch::PREFIX)?,
        job: job.id.clone(),
        state: BatchState::Queued,
        message: None,
        created: now,
        modified: now,
        content_type: content_type.to_owned(),
        progress: Progress {
            due: now.saturating_add(millis(seconds)),
            ..Progress::default()
        },
        query: None,
        range: None,
        files: Vec::new(),
    })
}

/// The records of some data, each in JSON; or what is wrong, in the words of the batch's state.
fn records(
    content_type: ContentType,
    dialect: Dialect,
    body: &[u8],
) -> Result<Vec<String>, String> {
    match content_type {
        ContentType::Plain(format) => of_format(format, dialect, body, &[]),
        ContentType::Zip(format) => {
            let mut files = zip::files(body)
                .map_err(|_| "InvalidBatch : Unable to read the zip archive".to_owned())?;
            let at = files.iter().position(|(name, _)| name == ROWS_FILE);
            let at = at.ok_or("InvalidBatch : The zip archive has no request.txt")?;
            let (_, rows) = files.swap_remove(at);
            of_format(format, dialect, &rows, &files)
        }
    }
}

/// Files that come with rows, by their names.
type Files = [(String, Vec<u8>)];

fn of_format(
    format: Format,
    dialect: Dialect,
    body: &[u8],
    files: &Files,
) -> Result<Vec<String>, String> {
    match format {
        Format::Json => of_json(body, files),
        Format::Xml => of_xml(body, files),
        Format::Csv => of_csv(dialect, body, files),
    }
}

fn of_json(body: &[u8], files: &Files) -> Result<Vec<String>, String> {
    let unable = |error: ApiError| {
        let message = error.items().first().map(|item| item.message.as_ref());
        format!(
            "InvalidBatch : Failed to parse JSON: {}",
            message.unwrap_or_default()
        )
    };
    let elements = Token::parse(body)
        .and_then(Token::elements)
        .map_err(unable)?;
    elements
        .into_iter()
        .map(|element| with_files(element, files))
        .collect::<Result<_, _>>()
        .map_err(unable)
}

/// A record with the contents of the files that it names by `#`.
fn with_files(record: Token<'_>, files: &Files) -> Result<String, ApiError> {
    if files.is_empty() {
        return Ok(record.text().to_owned());
    }
    let mut members = Vec::new();
    for (name, token) in record.document()?.members {
        let value = match token.scalar()? {
            Scalar::String(text) => match file(&text, files) {
                Some(contents) => Json::from(contents).to_string(),
                None => token.text().to_owned(),
            },
            _ => token.text().to_owned(),
        };
        members.push(format!("{}:{value}", Json::from(name)));
    }
    Ok(format!("{{{}}}", members.join(",")))
}

/// The contents of the file that a value names, in base64.
fn file(value: &str, files: &Files) -> Option<String> {
    let name = value.strip_prefix('#')?;
    let (_, contents) = files.iter().find(|(known, _)| known == name)?;
    Some(STANDARD.encode(contents))
}

fn of_xml(body: &[u8], files: &Files) -> Result<Vec<String>, String> {
    let document = xml::parse(body)
        .ok()
        .filter(|document| document.name == "sObjects")
        .ok_or("InvalidBatch : Failed to parse XML")?;
    let records = document.children.iter();
    Ok(records
        .map(|record| object(record, files).to_string())
        .collect())
}

/// A record, or a parent that is named by a key. Its type is an attribute.
fn object(element: &Element, files: &Files) -> Json {
    let mut members = Vec::new();
    for child in &element.children {
        let value = match child.children.as_slice() {
            [] if child.nil => Json::Null,
            [] if child.name == "type" => {
                let attributes = Json::object([("type", child.text.trim())]);
                members.push(("attributes".to_owned(), attributes));
                continue;
            }
            [] => file(child.text.trim(), files)
                .unwrap_or_else(|| child.text.clone())
                .into(),
            [parent] if parent.name == "sObject" => object(parent, files),
            _ => object(child, files),
        };
        members.push((child.name.clone(), value));
    }
    Json::object(members)
}

fn of_csv(dialect: Dialect, body: &[u8], files: &Files) -> Result<Vec<String>, String> {
    let mut rest = body;
    let mut header: Option<Vec<String>> = None;
    let mut records = Vec::new();
    loop {
        match dialect
            .scan(rest, true)
            .map_err(|error| error.to_string())?
        {
            Scan::End | Scan::Incomplete => return Ok(records),
            Scan::Blank { len } => rest = &rest[len..],
            Scan::Record { cells, len } => {
                rest = &rest[len..];
                let Some(header) = &header else {
                    header = Some(cells.into_iter().map(Into::into).collect());
                    continue;
                };
                let values = header.iter().zip(&cells).filter_map(|(name, cell)| {
                    let value = match cell.as_ref() {
                        "" => return None,
                        "#N/A" => Json::Null,
                        cell => file(cell, files).unwrap_or_else(|| cell.to_owned()).into(),
                    };
                    Some(match name.split_once('.') {
                        None => (name.clone(), value),
                        Some((parent, key)) => (parent.to_owned(), named(parent, key, value)),
                    })
                });
                records.push(Json::object(values).to_string());
            }
        }
    }
}

/// A parent that is named by a key; of several types if the column says so.
fn named(parent: &str, key: &str, value: Json) -> Json {
    let key = (key.to_owned(), value);
    match parent.split_once(':') {
        None => Json::object([key]),
        Some((type_name, _)) => {
            let attributes = Json::object([("type", type_name)]);
            Json::object([("attributes".to_owned(), attributes), key])
        }
    }
}
