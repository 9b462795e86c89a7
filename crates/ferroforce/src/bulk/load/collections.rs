//! Few rows, 200 in a request.

use futures_core::Stream;
use futures_util::StreamExt;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::bulk::ingest::{LoadCounts, NullCell};
use crate::bulk::job::{JobOperation, NewJob};
use crate::client::Salesforce;
use crate::composite::RecordStream;
use crate::error::{Error, Result};
use crate::sobject::Members;

const ASSIGNMENT: &str = "sforce-auto-assign";

/// What became of rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome {
    successful: u64,
    errors: Vec<(u64, Error)>,
}

impl Outcome {
    pub(super) fn counts(&self) -> LoadCounts {
        let failed = u64::try_from(self.errors.len()).unwrap_or(u64::MAX);
        LoadCounts {
            sent: self.successful + failed,
            successful: self.successful,
            failed,
            ..LoadCounts::default()
        }
    }

    pub(super) fn errors(&self) -> Vec<(u64, &Error)> {
        let errors = self.errors.iter();
        errors.map(|(row, error)| (*row, error)).collect()
    }

    pub(super) fn all_succeeded(&self) -> Result<LoadCounts> {
        match self.errors.first() {
            Some((_, error)) => Err(error.clone()),
            None => Ok(self.counts()),
        }
    }

    async fn of<R>(results: impl Stream<Item = Result<R>>) -> Self {
        let mut outcome = Self::default();
        let mut results = std::pin::pin!(results.enumerate());
        while let Some((row, result)) = results.next().await {
            match result {
                Ok(_) => outcome.successful += 1,
                Err(error) => {
                    let row = u64::try_from(row).unwrap_or(u64::MAX);
                    outcome.errors.push((row, error));
                }
            }
        }
        outcome
    }
}

pub(super) async fn load<T: Serialize + Send + Sync + 'static>(
    client: &Salesforce,
    job: &NewJob,
    null: NullCell,
    rows: impl Stream<Item = T> + Send + 'static,
) -> Result<Outcome> {
    let object = job.object.clone();
    // None applies to a bulk job that names none.
    let rule = match job.assignment_rule_id {
        Some(id) => id.to_string(),
        None => "FALSE".to_owned(),
    };
    Ok(match &job.operation {
        JobOperation::Insert => {
            let created = rows
                .map(move |row| Row::new(row, null))
                .create_all(client, object);
            Outcome::of(created.header(ASSIGNMENT, &rule)).await
        }
        JobOperation::Upsert => {
            let field = job.external_id_field_name.clone().unwrap_or_default();
            let upserted = rows
                .map(move |row| Row::new(row, null))
                .upsert_all(client, object, field);
            Outcome::of(upserted.header(ASSIGNMENT, &rule)).await
        }
        JobOperation::Update => {
            let pairs = rows.map(move |row| split(&row, null));
            Outcome::of(pairs.update_all(client, object)).await
        }
        JobOperation::Delete => {
            Outcome::of(rows.map(move |row| split(&row, null).0).delete_all(client)).await
        }
        other => {
            return Err(Error::invalid_input(format!(
                "collections have no operation {other}"
            )));
        }
    })
}

/// A row that means what it means in a bulk job.
enum Row<T> {
    Fields(Fields),
    /// What is no row is refused where it is to be sent.
    Other(T),
}

impl<T: Serialize> Row<T> {
    fn new(row: T, null: NullCell) -> Self {
        match members(&row, null) {
            Some(members) => Self::Fields(Fields(members)),
            None => Self::Other(row),
        }
    }
}

impl<T: Serialize> Serialize for Row<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Fields(fields) => fields.serialize(serializer),
            Self::Other(row) => row.serialize(serializer),
        }
    }
}

/// The fields of a row, without those that a bulk job leaves as they are: an empty cell
/// does, while an empty text in JSON empties the field.
fn members(row: &impl Serialize, null: NullCell) -> Option<Vec<(String, Box<RawValue>)>> {
    let json = serde_json::to_vec(row).ok()?;
    let Members(mut members) = serde_json::from_slice(&json).ok()?;
    members.retain(|(_, value)| match value.get() {
        "\"\"" => false,
        "null" => null == NullCell::Null,
        _ => true,
    });
    Some(members)
}

/// A row's id and its other fields. What has no id, or is no row, is refused where it is
/// to be sent.
fn split(row: &impl Serialize, null: NullCell) -> (String, Fields) {
    let mut members = members(row, null).unwrap_or_default();
    let mut id = String::new();
    members.retain(|(name, value)| {
        let is_id = name.eq_ignore_ascii_case("Id");
        if is_id {
            id = serde_json::from_str(value.get()).unwrap_or_default();
        }
        !is_id
    });
    (id, Fields(members))
}

struct Fields(Vec<(String, Box<RawValue>)>);

impl Serialize for Fields {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
