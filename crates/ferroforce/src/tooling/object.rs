use std::fmt::Display;

use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::client::{Call, Salesforce};
use crate::error::Result;
use crate::op::{Op, Path, Repeatability, decode_json, decode_nothing};
use crate::sobject::{Created, delete_row};
use crate::types::{Record, RecordId};

const ROW: &str = "/tooling/sobjects/{sobject}/{id}";

/// The records of one object of the Tooling API. Made by
/// [`Tooling::sobject`](super::Tooling::sobject).
#[derive(Debug, Clone)]
pub struct ToolingObject {
    client: Salesforce,
    name: String,
}

impl ToolingObject {
    pub(super) fn new(client: Salesforce, name: String) -> Self {
        Self { client, name }
    }

    /// Creates a record, which is never sent twice when it may have been carried out.
    ///
    /// # Errors
    /// When it is awaited.
    pub fn create(&self, record: &(impl Serialize + ?Sized)) -> Call<Created> {
        let path = Path::fill("/tooling/sobjects/{sobject}", &[&self.name]);
        let op = path.and_then(|path| Op::new(Method::POST, path, decode_json).json(record));
        self.client.call(op)
    }

    /// Reads a record.
    ///
    /// # Errors
    /// When it is awaited; [`Error::is_not_found`](crate::Error::is_not_found) if there is none.
    pub fn get<T: DeserializeOwned>(&self, id: impl Display) -> Call<T> {
        let op = self
            .row(&id)
            .map(|path| Op::new(Method::GET, path, decode_json));
        self.client.call(op)
    }

    /// Writes the given fields of a record and leaves the others.
    ///
    /// # Errors
    /// When it is awaited.
    pub fn update(&self, id: impl Display, fields: &(impl Serialize + ?Sized)) -> Call<()> {
        let op = self.row(&id).and_then(|path| {
            Op::new(Method::PATCH, path, decode_nothing)
                .repeatability(Repeatability::Idempotent)
                .json(fields)
        });
        self.client.call(op)
    }

    /// Deletes a record. When the request had to be repeated and the record turns out to
    /// be gone, that counts as success.
    ///
    /// # Errors
    /// When it is awaited; [`Error::is_not_found`](crate::Error::is_not_found) if there is none.
    pub fn delete(&self, id: impl Display) -> Call<()> {
        self.client.call(delete_row(ROW, &[&self.name, &key(&id)]))
    }

    /// What the object is: its fields and more, as [`Record`] or a type of yours.
    ///
    /// # Errors
    /// When it is awaited.
    pub fn describe(&self) -> Call<Record> {
        let path = Path::fill("/tooling/sobjects/{sobject}/describe", &[&self.name]);
        self.client
            .call(path.map(|path| Op::new(Method::GET, path, decode_json)))
    }

    fn row(&self, id: &dyn Display) -> Result<Path> {
        Path::fill(ROW, &[&self.name, &key(id)])
    }
}

/// Some objects of the Tooling API have ids of other forms, such as names.
fn key(id: &dyn Display) -> String {
    let id = id.to_string();
    id.parse::<RecordId>().map_or(id, |id| id.to_string())
}
