use std::fmt;

use http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::key::without_key;
use super::{Upserted, field_list, row};
use crate::client::{Call, Salesforce};
use crate::error::Result;
use crate::files::{self, Download};
use crate::op::{Op, Path, Repeatability, Response, decode_json};
use crate::types::RecordId;

const ROW: &str = "/sobjects/{sobject}/{field}/{value}";

/// One record, found by an external id. Made by
/// [`SObject::external_id`](super::SObject::external_id).
///
/// Any value reaches its record, slashes and percent signs included; only `.`, `..`
/// and an empty one cannot stand in an address and are refused. So is one of white
/// space alone: Salesforce trims texts, and would take it for none.
#[derive(Clone)]
pub struct ByExternalId {
    client: Salesforce,
    sobject: String,
    field: String,
    value: String,
    key_check: bool,
}

impl ByExternalId {
    pub(super) fn new(client: Salesforce, sobject: String, field: String, value: String) -> Self {
        Self {
            client,
            sobject,
            field,
            value,
            key_check: true,
        }
    }

    /// Sends records as they are: an upsert then looks for the external id field in
    /// them neither to compare nor to leave it out.
    #[must_use]
    pub fn without_key_check(mut self) -> Self {
        self.key_check = false;
        self
    }

    fn key(&self) -> [&str; 3] {
        [&self.sobject, &self.field, &self.value]
    }

    /// Reads the record with all the fields that the user may see.
    ///
    /// # Errors
    /// When it is awaited; [`Error::is_not_found`](crate::Error::is_not_found) if there is none, and
    /// [`ErrorKind::MultipleMatches`](crate::ErrorKind::MultipleMatches).
    pub fn get<T: DeserializeOwned>(&self) -> Call<T> {
        self.client.call(self.read(None))
    }

    /// Reads some fields of the record.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_fields<T: DeserializeOwned>(
        &self,
        fields: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Call<T> {
        self.client.call(self.read(Some(&field_list(fields))))
    }

    fn read<T: DeserializeOwned>(&self, fields: Option<&str>) -> Result<Op<T>> {
        let path = Path::fill(ROW, &self.key())?;
        Ok(row::with_fields(
            Op::new(Method::GET, path, decode_json),
            fields,
        ))
    }

    /// The file of the record, as [`SObject::download`](super::SObject::download).
    ///
    /// Salesforce gives files out by the ids of their records, so the id is asked for
    /// first, which costs a call.
    ///
    /// ```no_run
    /// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
    /// let scan = salesforce.sobject("Scan__c").external_id("Number__c", "S-1");
    /// scan.download("Image__c").save("scan.png").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When it is awaited: as [`get`](Self::get).
    pub fn download(&self, field: &str) -> Download {
        let record = Path::fill(ROW, &self.key()).map(|path| {
            let op = Op::new(Method::GET, path, found);
            row::with_fields(op, Some("Id"))
        });
        files::download_found(self.client.clone(), record, &self.sobject, field)
    }

    /// Creates the record, or updates it where it exists. It may be repeated
    /// safely, so broken connections do not leave doubt.
    ///
    /// If `record` holds the external id field too, in any letter case, it must hold
    /// the same value: the same text, the same number, or either form of the same id
    /// where the field is `Id`. It is then left out, since Salesforce wants it in the
    /// address only. [`without_key_check`](Self::without_key_check) switches that off.
    ///
    /// # Errors
    /// When it is awaited;
    /// [`ErrorKind::MultipleMatches`](crate::ErrorKind::MultipleMatches) if more
    /// than one record has this value, and nothing was written.
    pub fn upsert(&self, record: &(impl Serialize + ?Sized)) -> Call<Upserted> {
        self.client.call(self.write(record))
    }

    /// Updates the record and never creates one (`updateOnly`). It may be repeated
    /// safely. What is said of the external id field in [`upsert`](Self::upsert) goes
    /// for it too.
    ///
    /// # Errors
    /// As [`upsert`](Self::upsert), and [`Error::is_not_found`](crate::Error::is_not_found) if there is no such
    /// record.
    pub fn update(&self, record: &(impl Serialize + ?Sized)) -> Call<Upserted> {
        let op = self.write(record).map(|op| op.query("updateOnly", "true"));
        self.client.call(op)
    }

    fn write(&self, record: &(impl Serialize + ?Sized)) -> Result<Op<Upserted>> {
        let path = Path::fill(ROW, &self.key())?;
        let op = Op::new(Method::PATCH, path, upserted)
            .repeatability(Repeatability::Idempotent)
            .json(record)?;
        match op.body() {
            Some(body) if self.key_check => {
                let body = without_key(body, &self.field, &self.value)?;
                Ok(op.json_bytes(body))
            }
            _ => Ok(op),
        }
    }

    /// Puts the record into the recycle bin. When the request had to be repeated and
    /// the record turns out to be gone, that counts as success.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn delete(&self) -> Call<()> {
        self.client.call(row::delete(ROW, &self.key()))
    }
}

fn found(response: &Response) -> Result<RecordId> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Wire {
        id: RecordId,
    }
    response.json::<Wire>().map(|wire| wire.id)
}

fn upserted(response: &Response) -> Result<Upserted> {
    #[derive(Deserialize)]
    struct Wire {
        id: RecordId,
        #[serde(default)]
        created: bool,
    }
    let repeated = response.is_repeated();
    if response.status() == StatusCode::NO_CONTENT {
        return Ok(Upserted {
            id: None,
            created: false,
            repeated,
        });
    }
    let created_status = response.status() == StatusCode::CREATED;
    let wire: Wire = response.json()?;
    Ok(Upserted {
        id: Some(wire.id),
        created: wire.created || created_status,
        repeated,
    })
}

impl fmt::Debug for ByExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The value may be personal data.
        f.debug_struct("ByExternalId")
            .field("sobject", &self.sobject)
            .field("field", &self.field)
            .finish_non_exhaustive()
    }
}
