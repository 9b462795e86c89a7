//! Records of a collection, as they are written and as they are answered.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

use http::StatusCode;
use memchr::memmem;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::outcomes;
use crate::error::{ApiError, CallContext, Error, ErrorCode, Result, parse_error_body};
use crate::op::Response;
use crate::sobject::{Created, Members, Upserted};
use crate::types::RecordId;

/// The outcomes of the records of a collection, in the order of the records:
/// each a success or an error of its own.
///
/// It is a slice of results. `collect::<Result<Vec<_>>>()` over its iterator
/// gives all successes or the first error.
#[derive(Debug, Clone)]
pub struct RowResults<R>(Vec<Result<R>>);

impl<R> RowResults<R> {
    /// The records that failed, by their place, those among them that were only
    /// undone because another one failed.
    pub fn errors(&self) -> impl Iterator<Item = (usize, &Error)> {
        let rows = self.0.iter().enumerate();
        rows.filter_map(|(place, row)| Some((place, row.as_ref().err()?)))
    }

    /// The error of the first record that failed by itself.
    pub fn first_error(&self) -> Option<&Error> {
        let errors = || self.errors().map(|(_, error)| error);
        errors()
            .find(|error| error.rolled_back_by().is_none())
            .or_else(|| errors().next())
    }

    /// The successes, if there is nothing else.
    ///
    /// # Errors
    /// The [first error](Self::first_error).
    pub fn all_succeeded(self) -> Result<Vec<R>> {
        match self.first_error() {
            Some(error) => Err(error.clone()),
            None => self.0.into_iter().collect(),
        }
    }

    /// The outcomes as a list.
    pub fn into_vec(self) -> Vec<Result<R>> {
        self.0
    }
}

impl<R> Deref for RowResults<R> {
    type Target = [Result<R>];

    fn deref(&self) -> &[Result<R>] {
        &self.0
    }
}

impl<R> IntoIterator for RowResults<R> {
    type Item = Result<R>;
    type IntoIter = std::vec::IntoIter<Result<R>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, R> IntoIterator for &'a RowResults<R> {
    type Item = &'a Result<R>;
    type IntoIter = std::slice::Iter<'a, Result<R>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// A record as JSON, with its type and, for an update, its id.
pub(super) fn write(
    sobject: &str,
    id: Option<&str>,
    record: &(impl Serialize + ?Sized),
) -> Result<Vec<u8>> {
    write_as(sobject, None, id, record)
}

/// The same under a name, as records of a tree have them.
pub(super) fn write_as(
    sobject: &str,
    name: Option<&str>,
    id: Option<&str>,
    record: &(impl Serialize + ?Sized),
) -> Result<Vec<u8>> {
    let mut row = Vec::with_capacity(256);
    row.extend_from_slice(b"{\"attributes\":{\"type\":");
    quote(&mut row, sobject)?;
    if let Some(name) = name {
        row.extend_from_slice(b",\"referenceId\":");
        quote(&mut row, name)?;
    }
    row.push(b'}');
    if let Some(id) = id {
        row.extend_from_slice(b",\"id\":");
        quote(&mut row, id)?;
    }
    let start = row.len();
    row.push(b',');
    serde_json::to_writer(&mut row, record).map_err(unwritable)?;
    if row.get(start + 1) != Some(&b'{') {
        return Err(no_record());
    }
    let own = &row[start + 1..];
    if names_its_identity(own, id.is_some()) {
        let mut members: Members = serde_json::from_slice(own).map_err(unwritable)?;
        members
            .0
            .retain(|(name, value)| !is_identity(name, value, id.is_some()));
        row.truncate(start + 1);
        serde_json::to_writer(&mut row, &members).map_err(unwritable)?;
    }
    // The members join those that are there.
    row.remove(start + 1);
    if row[start + 1..] == *b"}" {
        row.remove(start);
    }
    Ok(row)
}

/// Adds `text` as a JSON string.
pub(super) fn quote(row: &mut Vec<u8>, text: &str) -> Result<()> {
    serde_json::to_writer(row, text).map_err(unwritable)
}

fn unwritable(error: serde_json::Error) -> Error {
    Error::invalid_input("the record cannot be written as JSON").with_source(error)
}

fn no_record() -> Error {
    Error::invalid_input("a record is written from a struct or map")
}

/// Whether the record may hold a member that is written for it already: a quick
/// look, since hardly any does.
fn names_its_identity(json: &[u8], with_id: bool) -> bool {
    let id =
        |json| memmem::find(json, b"\"Id\"").is_some() || memmem::find(json, b"\"id\"").is_some();
    memmem::find(json, b"\"attributes\"").is_some() || (with_id && id(json))
}

fn is_identity(name: &str, value: &RawValue, with_id: bool) -> bool {
    (name == "attributes" && value.get().starts_with('{'))
        || (with_id && name.eq_ignore_ascii_case("id"))
}

/// Whether the record has a value in `field`, without which an upsert creates it.
/// Salesforce trims texts, so one of spaces alone is none.
pub(super) fn has_key(row: &[u8], field: &str) -> bool {
    let Ok(members) = serde_json::from_slice::<Members>(row) else {
        return false;
    };
    let mut keys = members
        .0
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case(field))
        .map(
            |(_, value)| match serde_json::from_str::<String>(value.get()) {
                Ok(text) => !text.trim().is_empty(),
                Err(_) => value.get() != "null",
            },
        )
        .peekable();
    keys.peek().is_some() && keys.all(|has_value| has_value)
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(default, borrow)]
    id: Option<Cow<'a, str>>,
    success: bool,
    #[serde(default)]
    created: Option<bool>,
    #[serde(borrow)]
    errors: Option<&'a RawValue>,
}

impl Wire<'_> {
    fn id(&self) -> Result<Option<RecordId>> {
        let id = self.id.as_ref().map(|id| id.parse());
        id.transpose().map_err(|error: Error| {
            Error::decode("the answer names an id that is none")
                .with_source(error)
                .after_doubt()
        })
    }
}

pub(super) fn created(response: &Response, rows: usize) -> Result<RowResults<Created>> {
    saved(response, rows, |wire| {
        let id = wire.id()?.ok_or_else(without_id)?;
        Ok(Created { id })
    })
}

pub(super) fn updated(response: &Response, rows: usize) -> Result<RowResults<()>> {
    saved(response, rows, |_| Ok(()))
}

pub(super) fn upserted(response: &Response, rows: usize) -> Result<RowResults<Upserted>> {
    let repeated = response.is_repeated();
    saved(response, rows, |wire| {
        Ok(Upserted {
            id: wire.id()?,
            created: wire.created.unwrap_or_default(),
            repeated,
        })
    })
}

/// The second of two deletes finds nothing, which is what was wanted.
pub(super) fn deleted(response: &Response, rows: usize) -> Result<RowResults<()>> {
    let RowResults(mut rows) = updated(response, rows)?;
    if response.is_repeated() {
        for row in &mut rows {
            if row.as_ref().is_err_and(Error::is_not_found) {
                *row = Ok(());
            }
        }
    }
    Ok(RowResults(rows))
}

fn without_id() -> Error {
    Error::decode("the answer says that a record was created and not under which id").after_doubt()
}

fn saved<R>(
    response: &Response,
    rows: usize,
    read: impl Fn(&Wire<'_>) -> Result<R>,
) -> Result<RowResults<R>> {
    let wire: Vec<Wire<'_>> = outcomes::read(response)?;
    if wire.len() != rows {
        return Err(outcomes::miscounted(wire.len(), rows, "records"));
    }
    let context = response.context.as_deref();
    let results = wire.iter().map(|row| {
        if row.success {
            return read(row);
        }
        let errors = row.errors.map_or("", RawValue::get);
        Err(in_context(
            Error::of_row(parse_error_body(errors.as_bytes())),
            context,
        ))
    });
    Ok(RowResults(undone_together(results.collect())))
}

fn in_context(error: Error, context: Option<&CallContext>) -> Error {
    match context {
        Some(context) => error.with_context(context.clone()),
        None => error,
    }
}

/// Tells the records that were undone which one was the cause.
fn undone_together<R>(mut rows: Vec<Result<R>>) -> Vec<Result<R>> {
    let undone = |error: &Error| error.code() == Some(&ErrorCode::AllOrNoneOperationRolledBack);
    let mut errors = rows.iter().enumerate();
    let cause = errors.find_map(|(place, row)| match row {
        Err(error) if !undone(error) => Some((format!("record {place}"), error.clone())),
        _ => None,
    });
    let Some((place, cause)) = cause else {
        return rows;
    };
    for row in &mut rows {
        if let Err(error) = row
            && undone(error)
        {
            *row = Err(error.clone().undone_by(&place, &cause));
        }
    }
    rows
}

/// Whether this is what a collection of records that are written answers.
pub(super) fn tells_of_rows(response: &Response) -> bool {
    written(response).is_some_and(|rows| !rows.is_empty())
}

/// The error of the first row that failed by itself, where this is the answer of a
/// collection.
pub(super) fn failure(response: &Response) -> Option<Error> {
    let rows = written(response)?;
    let failed = rows.iter().filter(|row| !row.success);
    failed
        .map(|row| {
            let errors = row.errors.map_or("", RawValue::get);
            Error::of_row(parse_error_body(errors.as_bytes()))
        })
        .find(|error| error.code() != Some(&ErrorCode::AllOrNoneOperationRolledBack))
}

fn written(response: &Response) -> Option<Vec<Wire<'_>>> {
    serde_json::from_slice(response.body()).ok()
}

/// The errors of a collection that was undone because of a locked record.
pub(super) fn lock_errors(response: &Response) -> Vec<ApiError> {
    let wire: Vec<Wire<'_>> = outcomes::read_where_locked(response).unwrap_or_default();
    let errors = wire.iter().filter_map(|row| row.errors);
    errors
        .flat_map(|errors| parse_error_body(errors.get().as_bytes()))
        .filter(|error| *error.code() == ErrorCode::UnableToLockRow)
        .collect()
}

/// Records that were asked for by id; `None` where there is none.
pub(super) fn retrieved<T: serde::de::DeserializeOwned>(
    response: &Response,
    rows: usize,
) -> Result<RowResults<Option<T>>> {
    let wire: Vec<&RawValue> = outcomes::read(response)?;
    if wire.len() != rows {
        return Err(outcomes::miscounted(wire.len(), rows, "ids"));
    }
    let read = |row: &&RawValue| {
        // As an answer of its own, so that an error tells where it is.
        let row = Response {
            status: StatusCode::OK,
            headers: response.headers().clone(),
            body: response.body().slice_ref(row.get().as_bytes()),
            repeated: response.repeated,
            context: response.context.as_ref().map(Arc::clone),
        };
        row.json()
            .map_err(|error| in_context(error, response.context.as_deref()))
    };
    Ok(RowResults(wire.iter().map(read).collect()))
}
