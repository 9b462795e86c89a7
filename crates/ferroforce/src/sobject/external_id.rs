use std::fmt;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::{Upserted, field_list, row};
use crate::client::{Call, Salesforce};
use crate::error::{Error, Result};
use crate::op::{Op, Path, Repeatability, Response, decode_json};
use crate::types::RecordId;

const ROW: &str = "/sobjects/{sobject}/{field}/{value}";

/// One record, found by an external id. Made by
/// [`SObject::external_id`](super::SObject::external_id).
///
/// Any value reaches its record, slashes and percent signs included; only an
/// empty one, `.` and `..` cannot stand in an address and are refused.
#[derive(Clone)]
pub struct ByExternalId {
    client: Salesforce,
    sobject: String,
    field: String,
    value: String,
}

impl ByExternalId {
    pub(super) fn new(client: Salesforce, sobject: String, field: String, value: String) -> Self {
        Self {
            client,
            sobject,
            field,
            value,
        }
    }

    fn key(&self) -> [&str; 3] {
        [&self.sobject, &self.field, &self.value]
    }

    /// Reads the record with all the fields that the user may see.
    ///
    /// # Errors
    /// When it is awaited; [`Error::is_not_found`] if there is none, and
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

    /// Creates the record, or updates it where it exists. It may be repeated
    /// safely, so broken connections do not leave doubt.
    ///
    /// If `record` holds the external id field too, it must hold the same value;
    /// it is then left out, since Salesforce wants it in the address only.
    ///
    /// # Errors
    /// When it is awaited;
    /// [`ErrorKind::MultipleMatches`](crate::ErrorKind::MultipleMatches) if more
    /// than one record has this value, and nothing was written.
    pub fn upsert(&self, record: &(impl Serialize + ?Sized)) -> Call<Upserted> {
        self.client.call(self.write(record))
    }

    fn write(&self, record: &(impl Serialize + ?Sized)) -> Result<Op<Upserted>> {
        let path = Path::fill(ROW, &self.key())?;
        let op = Op::new(Method::PATCH, path, upserted)
            .repeatability(Repeatability::Idempotent)
            .json(record)?;
        let body = without_key(op.body(), &self.field, &self.value)?;
        Ok(op.json_bytes(body))
    }

    /// Puts the record into the recycle bin.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn delete(&self) -> Call<()> {
        self.client.call(row::delete(ROW, &self.key()))
    }
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

/// A JSON object whose members stay as they were written.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

fn without_key(body: Option<&Bytes>, field: &str, value: &str) -> Result<Bytes> {
    let body = body.cloned().unwrap_or_default();
    let mut members: Members = serde_json::from_slice(&body).map_err(|error| {
        Error::invalid_input("a record is written from a struct or map").with_source(error)
    })?;
    let before = members.0.len();
    for (name, member) in &members.0 {
        if name.eq_ignore_ascii_case(field) && !says(member, value) {
            return Err(Error::invalid_input(format!(
                "the record's own {name} differs from the value that it is upserted by"
            )));
        }
    }
    members
        .0
        .retain(|(name, _)| !name.eq_ignore_ascii_case(field));
    if members.0.len() == before {
        return Ok(body);
    }
    serde_json::to_vec(&members)
        .map(Bytes::from)
        .map_err(|error| Error::invalid_input("the record cannot be written").with_source(error))
}

fn says(member: &RawValue, value: &str) -> bool {
    match serde_json::from_str::<String>(member.get()) {
        Ok(text) => text == value,
        Err(_) => member.get() == value,
    }
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
