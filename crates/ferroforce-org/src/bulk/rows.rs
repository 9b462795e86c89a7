//! Writing the rows of a file, by the rules by which the REST API writes records.

use std::collections::HashMap;

use super::Operation;
use super::columns::{Row, value_of};
use crate::error::ApiError;
use crate::id::RecordId;
use crate::record::{self, Bin, Origin, target};
use crate::rest::Context;
use crate::schema::{Field, Object};

/// How many rows are written as one.
pub(super) const CHUNK: usize = 200;

/// What the rows of a file are for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Purpose<'s> {
    pub(super) object: &'s Object,
    pub(super) operation: Operation,
    /// The field that tells which record a row is about.
    pub(super) key: Option<&'s Field>,
}

/// What became of a row.
#[derive(Debug)]
pub(super) enum Outcome {
    Saved {
        id: RecordId,
        created: bool,
    },
    Refused {
        /// The record that the row is about, if it says so by its id.
        id: Option<RecordId>,
        error: ApiError,
    },
}

impl Outcome {
    pub(super) fn is_refused(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }
}

/// The cell that tells what is wrong: `CODE:message:Fields --`.
pub(super) fn error_cell(error: &ApiError) -> String {
    let mistakes: Vec<String> = error
        .items()
        .iter()
        .map(|item| {
            let fields = item.fields.as_deref().unwrap_or_default().join(", ");
            let space = if fields.is_empty() { "" } else { " " };
            format!("{}:{}:{fields}{space}--", item.code, item.message)
        })
        .collect();
    mistakes.join(";")
}

/// Writes a chunk of rows, each for itself.
pub(super) fn write<'s>(
    context: &Context<'s>,
    purpose: Purpose<'s>,
    rows: Vec<Row<'s>>,
) -> Vec<Outcome> {
    let uses = uses_of_keys(purpose, &rows);
    let outcomes = rows.into_iter().map(|row| {
        let known = || row.key.as_deref()?.parse().ok();
        let id = purpose
            .key
            .filter(|key| key.name == "Id")
            .and_then(|_| known());
        let done = check_key(purpose, &uses, row.key.as_deref())
            .and_then(|()| context.atomically(|| write_one(context, purpose, row)));
        match done {
            Ok((id, created)) => Outcome::Saved { id, created },
            Err(error) => Outcome::Refused { id, error },
        }
    });
    outcomes.collect()
}

fn write_one<'s>(
    context: &Context<'s>,
    purpose: Purpose<'s>,
    row: Row<'s>,
) -> Result<(RecordId, bool), ApiError> {
    let object = purpose.object;
    let given = |call| {
        let key = row.key.as_deref();
        key.ok_or_else(|| target::not_given("Id", call))
    };
    match purpose.operation {
        Operation::Insert => {
            if row.key.is_some() {
                return Err(target::id_given());
            }
            let id = record::create(context, object, &row.incoming?, Origin::Client)?;
            Ok((id, true))
        }
        Operation::Update => {
            let id = target::id_of(object, given("an update call")?)?;
            record::update(context, object, id, &row.incoming?).map_err(target::without_path)?;
            Ok((id, false))
        }
        Operation::Upsert => {
            let Some(key) = purpose.key else {
                return Err(ApiError::internal("an upsert without a key"));
            };
            let key_given = match &row.key {
                None if key.name == "Id" => None,
                None => return Err(target::not_given(&key.name, "an upsert call")),
                Some(text) => {
                    let value = value_of(key, text)
                        .ok_or_else(|| target::not_given(&key.name, "an upsert call"))?;
                    Some((text.clone(), value))
                }
            };
            target::upsert(context, object, key, key_given.as_ref(), row.incoming?)
        }
        Operation::Delete | Operation::HardDelete => {
            let id = target::id_of(object, given("a delete call")?)?;
            let bin = match purpose.operation {
                Operation::HardDelete => Bin::Bypass,
                _ => Bin::Recycle,
            };
            record::delete_into(context, object, id, bin).map_err(target::without_path)?;
            Ok((id, false))
        }
        Operation::Query | Operation::QueryAll => Err(ApiError::internal("rows of a query")),
    }
}

/// How often each key is given in a chunk, regardless of letter case.
fn uses_of_keys(purpose: Purpose<'_>, rows: &[Row<'_>]) -> HashMap<String, usize> {
    let mut uses = HashMap::new();
    if purpose.operation == Operation::Upsert {
        for key in rows.iter().filter_map(|row| row.key.as_deref()) {
            *uses.entry(key.to_lowercase()).or_default() += 1;
        }
    }
    uses
}

/// Refuses a key that several rows of a chunk have.
fn check_key(
    purpose: Purpose<'_>,
    uses: &HashMap<String, usize>,
    key: Option<&str>,
) -> Result<(), ApiError> {
    let uses = key.and_then(|key| uses.get(&key.to_lowercase()));
    match (purpose.key, key, uses) {
        (Some(field), Some(key), Some(2..)) => Err(target::given_twice(field, key)),
        _ => Ok(()),
    }
}
