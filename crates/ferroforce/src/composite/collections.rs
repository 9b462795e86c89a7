//! Up to 200 records in one request.

use std::fmt::Display;

use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::limits;
use super::rows::{self, RowResults};
use crate::client::{ApiVersion, Call, Salesforce};
use crate::error::{Error, Result};
use crate::op::{Decode, Op, Path, Repeatability, Response};
use crate::sobject::{Created, Upserted, field_list, record_id};

/// Many records in one request, that costs one call of the org's quota: 200 to be
/// written, 2,000 to be read. Made by [`Salesforce::collections`].
///
/// ```no_run
/// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
/// use serde_json::json;
///
/// let names = ["Acme", "Umbrella"];
/// let accounts = names.map(|name| json!({"Name": name}));
/// let results = salesforce.collections().create("Account", &accounts).await?;
/// for (name, result) in names.iter().zip(results) {
///     match result {
///         Ok(created) => println!("{name}: {}", created.id),
///         Err(error) => println!("{name}: {error}"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// For more records than that there are [streams](super::RecordStream). What is
/// made here can also be added to a [`Composite`](super::Composite).
///
/// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_sobjects_collections.htm>
#[derive(Debug, Clone)]
pub struct Collections {
    client: Salesforce,
    all_or_none: bool,
}

impl Collections {
    pub(super) fn new(client: Salesforce) -> Self {
        Self {
            client,
            all_or_none: false,
        }
    }

    /// Whether all records are undone when one fails. Default false.
    ///
    /// With it, records that were undone fail with
    /// [`ErrorKind::RolledBack`](crate::ErrorKind::RolledBack), and if a locked
    /// record was the cause, the request is repeated as the retry policy says,
    /// creates included.
    #[must_use]
    pub fn all_or_none(mut self, all_or_none: bool) -> Self {
        self.all_or_none = all_or_none;
        self
    }

    /// Creates records of one object. It is never sent twice after it may have
    /// been carried out.
    ///
    /// # Errors
    /// When it is awaited: more than 200 records, and what befalls the request as
    /// a whole. What befalls a record is in the results.
    pub fn create(
        &self,
        sobject: &str,
        records: impl IntoIterator<Item = impl Serialize>,
    ) -> Call<RowResults<Created>> {
        self.create_mixed(records.into_iter().map(|record| (sobject, record)))
    }

    /// Creates records of several objects: pairs of an object's name and a record.
    ///
    /// # Errors
    /// As [`create`](Self::create), and more than 10 runs of records of the same
    /// object: put those of one object next to each other.
    pub fn create_mixed<'a>(
        &self,
        records: impl IntoIterator<Item = (&'a str, impl Serialize)>,
    ) -> Call<RowResults<Created>> {
        let rows = records
            .into_iter()
            .map(|(sobject, record)| Ok((sobject, rows::write(sobject, None, &record)?)));
        let op = mixed(rows).and_then(|rows| {
            let op = create(&rows, self.all_or_none)?;
            self.checked(op)
        });
        self.client.call(op)
    }

    /// Writes fields of records of one object: pairs of an id and the fields.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn update(
        &self,
        sobject: &str,
        records: impl IntoIterator<Item = (impl Display, impl Serialize)>,
    ) -> Call<RowResults<()>> {
        let records = records.into_iter();
        self.update_mixed(records.map(|(id, fields)| (sobject, id, fields)))
    }

    /// Writes fields of records of several objects: an object's name, an id and
    /// the fields.
    ///
    /// # Errors
    /// As [`create_mixed`](Self::create_mixed).
    pub fn update_mixed<'a>(
        &self,
        records: impl IntoIterator<Item = (&'a str, impl Display, impl Serialize)>,
    ) -> Call<RowResults<()>> {
        let rows = records.into_iter().map(|(sobject, id, fields)| {
            let id = record_id(&id)?;
            Ok((sobject, rows::write(sobject, Some(&id), &fields)?))
        });
        let op = mixed(rows).and_then(|rows| {
            let op = update(&rows, self.all_or_none)?;
            self.checked(op)
        });
        self.client.call(op)
    }

    /// Creates or updates records of one object, found by the external id field
    /// that each of them holds. A record without a value there is created.
    ///
    /// It may be repeated, and is, if each record has a value in that field.
    ///
    /// # Errors
    /// As [`create`](Self::create), and an API version before 46.0.
    pub fn upsert(
        &self,
        sobject: &str,
        field: &str,
        records: impl IntoIterator<Item = impl Serialize>,
    ) -> Call<RowResults<Upserted>> {
        let rows = records
            .into_iter()
            .map(|record| rows::write(sobject, None, &record));
        let op = placed(rows).and_then(|rows| {
            upsert_since(self.client.api_version())?;
            upsert(sobject, field, &rows, self.all_or_none)
        });
        self.client.call(op)
    }

    /// Puts records into the recycle bin, whatever their object.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn delete(&self, ids: impl IntoIterator<Item = impl Display>) -> Call<RowResults<()>> {
        let op = placed(ids.into_iter().map(|id| record_id(&id)))
            .and_then(|ids| self.checked(delete(&ids, self.all_or_none)?));
        self.client.call(op)
    }

    /// Reads fields of up to 2,000 records of one object. A record that is not
    /// there, or is hidden from the user, is `None`.
    ///
    /// # Errors
    /// When it is awaited: more than 2,000 ids, an unknown field, and what befalls
    /// the request. A record that does not fit `T` is an error among the results.
    pub fn retrieve<T: DeserializeOwned>(
        &self,
        sobject: &str,
        ids: impl IntoIterator<Item = impl Display>,
        fields: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Call<RowResults<Option<T>>> {
        let op = placed(ids.into_iter().map(|id| record_id(&id)))
            .and_then(|ids| self.checked(retrieve(sobject, &ids, &field_list(fields))?));
        self.client.call(op)
    }

    fn checked<R>(&self, op: Op<R>) -> Result<Op<R>> {
        since(self.client.api_version())?;
        Ok(op)
    }
}

pub(super) fn since(version: ApiVersion) -> Result<()> {
    limits::since("collections", version, 42)
}

pub(super) fn upsert_since(version: ApiVersion) -> Result<()> {
    limits::since("collections that upsert", version, 46)
}

/// The rows, or the first that is refused, with its place.
fn placed<T>(rows: impl Iterator<Item = Result<T>>) -> Result<Vec<T>> {
    let placed = rows.enumerate().map(|(place, row)| {
        row.map_err(|error| {
            let message = format!("record {place}: {}", error.message());
            Error::invalid_input(message).with_source(error)
        })
    });
    placed.collect()
}

/// The rows without their objects, of which there are not too many in turn.
fn mixed<'a>(rows: impl Iterator<Item = Result<(&'a str, Vec<u8>)>>) -> Result<Vec<Vec<u8>>> {
    let rows = placed(rows)?;
    let runs = rows.chunk_by(|(a, _), (b, _)| a.eq_ignore_ascii_case(b));
    limits::at_most(
        "runs of records of the same object",
        runs.count(),
        limits::RUNS,
        "put the records of one object next to each other",
    )?;
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

fn some_records(rows: usize) -> Result<()> {
    if rows == 0 {
        return Err(Error::invalid_input("there is no record in the collection"));
    }
    limits::at_most(
        "records in the collection",
        rows,
        limits::RECORDS,
        "take several collections, or a stream, which cuts them",
    )
}

fn body(rows: &[Vec<u8>], all_or_none: bool) -> Vec<u8> {
    let bytes: usize = rows.iter().map(Vec::len).sum();
    let mut body = Vec::with_capacity(bytes + rows.len() + 48);
    body.extend_from_slice(format!("{{\"allOrNone\":{all_or_none},\"records\":[").as_bytes());
    for (place, row) in rows.iter().enumerate() {
        if place > 0 {
            body.push(b',');
        }
        body.extend_from_slice(row);
    }
    body.extend_from_slice(b"]}");
    body
}

fn transaction<R>(op: Op<R>, all_or_none: bool) -> Op<R> {
    if all_or_none {
        op.undone(rows::lock_errors)
    } else {
        op
    }
}

fn writing<R>(
    method: Method,
    path: Path,
    rows: &[Vec<u8>],
    all_or_none: bool,
    read: fn(&Response, usize) -> Result<RowResults<R>>,
) -> Result<Op<RowResults<R>>> {
    some_records(rows.len())?;
    let op = Op::with_decode(method, path, Decode::Rows(read, rows.len()))
        .json_bytes(body(rows, all_or_none).into());
    Ok(transaction(op, all_or_none))
}

pub(super) fn create(rows: &[Vec<u8>], all_or_none: bool) -> Result<Op<RowResults<Created>>> {
    let path = Path::fill("/composite/sobjects", &[])?;
    writing(Method::POST, path, rows, all_or_none, rows::created)
}

pub(super) fn update(rows: &[Vec<u8>], all_or_none: bool) -> Result<Op<RowResults<()>>> {
    let path = Path::fill("/composite/sobjects", &[])?;
    let op = writing(Method::PATCH, path, rows, all_or_none, rows::updated)?;
    Ok(op.repeatability(Repeatability::Idempotent))
}

pub(super) fn upsert(
    sobject: &str,
    field: &str,
    rows: &[Vec<u8>],
    all_or_none: bool,
) -> Result<Op<RowResults<Upserted>>> {
    let path = Path::fill("/composite/sobjects/{sobject}/{field}", &[sobject, field])?;
    let op = writing(Method::PATCH, path, rows, all_or_none, rows::upserted)?;
    let keyed = rows.iter().all(|row| rows::has_key(row, field));
    Ok(op.repeatability(if keyed {
        Repeatability::Idempotent
    } else {
        Repeatability::Once
    }))
}

pub(super) fn delete(ids: &[String], all_or_none: bool) -> Result<Op<RowResults<()>>> {
    some_records(ids.len())?;
    let path = Path::fill("/composite/sobjects", &[])?;
    let op = Op::with_decode(Method::DELETE, path, Decode::Rows(rows::deleted, ids.len()))
        .query("ids", ids.join(","))
        .query("allOrNone", all_or_none.to_string());
    Ok(transaction(op, all_or_none))
}

pub(super) fn retrieve<T: DeserializeOwned>(
    sobject: &str,
    ids: &[String],
    fields: &str,
) -> Result<Op<RowResults<Option<T>>>> {
    limits::at_most(
        "ids to be read",
        ids.len(),
        limits::RETRIEVED,
        "take several calls, or a stream, which cuts them",
    )?;
    #[derive(Serialize)]
    struct Wanted<'a> {
        ids: &'a [String],
        fields: Vec<&'a str>,
    }
    let fields = fields
        .split(',')
        .filter(|field| !field.is_empty())
        .collect();
    let path = Path::fill("/composite/sobjects/{sobject}", &[sobject])?;
    Op::with_decode(Method::POST, path, Decode::Rows(rows::retrieved, ids.len()))
        .repeatability(Repeatability::Idempotent)
        .json(&Wanted { ids, fields })
}
