//! Records of one object: create, get, update, delete, upsert, and what belongs to
//! them.
//!
//! <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_rows.htm>

mod changes;
mod external_id;
mod key;
mod members;
mod outcome;
mod parent;
mod password;
mod related;
mod row;

use std::fmt::Display;

use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use changes::{DeletedRecord, DeletedRecords, UpdatedRecords};
pub use external_id::ByExternalId;
pub use outcome::{Created, Upserted};
pub use parent::ParentKey;
pub use password::UserPassword;
pub use related::Related;

pub(crate) use members::Members;
pub(crate) use row::delete as delete_row;

use crate::client::{Call, Salesforce};
use crate::composite::references;
use crate::describe::{self, CompactLayouts, Layout, Layouts, SObjectDescribe, SObjectInfo};
use crate::error::{Error, Result};
use crate::files::{self, Blob, Download, Upload};
use crate::op::{Op, Path, Repeatability, decode_json, decode_nothing};
use crate::types::{DateTime, RecordId};

const ROW: &str = "/sobjects/{sobject}/{id}";

/// The records of one object, `Contact` for example. Made by
/// [`Salesforce::sobject`].
///
/// ```no_run
/// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct Contact {
///     last_name: String,
///     email: Option<String>,
/// }
///
/// let contacts = salesforce.sobject("Contact");
/// let ada = Contact { last_name: "Lovelace".into(), email: None };
/// let id = contacts.create(&ada).await?.id;
/// let stored: Contact = contacts.get(id).await?;
/// contacts.update(id, &serde_json::json!({"Email": "ada@example.com"})).await?;
/// contacts.delete(id).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct SObject {
    client: Salesforce,
    name: String,
}

impl SObject {
    pub(crate) fn new(client: Salesforce, name: String) -> Self {
        Self { client, name }
    }

    /// Creates a record.
    ///
    /// It is never sent twice after it may have been carried out: an error whose
    /// [`may_have_been_processed`](crate::Error::may_have_been_processed) is true leaves
    /// open whether the record is there. An upsert by external id has no such
    /// doubt.
    ///
    /// # Errors
    /// When it is awaited: what Salesforce says of the record, and everything
    /// that can befall a request.
    pub fn create(&self, record: &(impl Serialize + ?Sized)) -> Call<Created> {
        self.client.call(create(&self.name, record))
    }

    /// Reads a record with all the fields that the user may see.
    ///
    /// # Errors
    /// When it is awaited; [`Error::is_not_found`](crate::Error::is_not_found) if there is none.
    pub fn get<T: DeserializeOwned>(&self, id: impl Display) -> Call<T> {
        self.client.call(get(&self.name, &id, None))
    }

    /// Reads some fields of a record.
    ///
    /// # Errors
    /// When it is awaited; an unknown or hidden field is one.
    pub fn get_fields<T: DeserializeOwned>(
        &self,
        id: impl Display,
        fields: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Call<T> {
        self.client
            .call(get(&self.name, &id, Some(&field_list(fields))))
    }

    /// Writes the given fields of a record and leaves the others. A field that is null
    /// is emptied; of a struct, [`Patch`](crate::types::Patch) tells null from nothing.
    /// It may be repeated safely.
    ///
    /// # Errors
    /// When it is awaited.
    pub fn update(&self, id: impl Display, fields: &(impl Serialize + ?Sized)) -> Call<()> {
        self.client.call(update(&self.name, &id, fields))
    }

    /// Creates a record with a file: a `ContentVersion`, `Attachment` or `Document`.
    /// As [`create`](Self::create) it is never sent twice after it may have been
    /// carried out.
    ///
    /// ```no_run
    /// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
    /// use ferroforce::files::Blob;
    /// use serde_json::json;
    ///
    /// let record = json!({"Name": "contract.pdf", "ParentId": "001Pc00000LuBMUIA3"});
    /// let created = salesforce
    ///     .sobject("Attachment")
    ///     .upload(&record, Blob::path("scans/contract.pdf"))
    ///     .progress(|progress| println!("{} of {:?}", progress.bytes, progress.total))
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When it is awaited; a file that is too large or cannot be read is refused
    /// before anything is sent.
    pub fn upload(&self, record: &(impl Serialize + ?Sized), file: Blob) -> Upload<Created> {
        files::create(self.client.clone(), &self.name, record, file)
    }

    /// Replaces the file of a record, and writes the given fields: of a `Document`
    /// or an `Attachment`. A new version of a file of Salesforce Files is a new
    /// `ContentVersion`. Unless the file is a stream, it may be repeated safely.
    ///
    /// # Errors
    /// As [`upload`](Self::upload).
    pub fn update_file(
        &self,
        id: impl Display,
        fields: &(impl Serialize + ?Sized),
        file: Blob,
    ) -> Upload<()> {
        files::update(
            self.client.clone(),
            &self.name,
            record_id(&id),
            fields,
            file,
        )
    }

    /// The file of a record, by the record's id; by an external id it is
    /// [`ByExternalId::download`]. `("068…", "VersionData")` of a `ContentVersion`,
    /// `("00P…", "Body")` of an `Attachment`.
    ///
    /// ```no_run
    /// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
    /// let attachments = salesforce.sobject("Attachment");
    /// attachments.download("00PPc000001avB5", "Body").save("contract.pdf").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn download(&self, id: impl Display, field: &str) -> Download {
        files::download(self.client.clone(), &self.name, record_id(&id), field)
    }

    /// All about the object: its fields, its children, its record types.
    ///
    /// # Errors
    /// When it is awaited; [`Error::is_not_found`] if there is no such object, or
    /// the user may not see it.
    pub fn describe(&self) -> Call<SObjectDescribe> {
        self.client.call(describe::object(&self.name))
    }

    /// What the object is and allows, and records of it that the user had lately.
    ///
    /// # Errors
    /// As [`describe`](Self::describe).
    pub fn info(&self) -> Call<SObjectInfo> {
        self.client.call(describe::info(&self.name))
    }

    /// The page layouts of the object.
    ///
    /// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_layouts.htm>
    ///
    /// # Errors
    /// As [`describe`](Self::describe).
    pub fn layouts(&self) -> Call<Layouts> {
        self.client.call(describe::layouts(&self.name))
    }

    /// The page layout of one record type; that of objects without record types is
    /// `012000000000000AAA`.
    ///
    /// # Errors
    /// As [`describe`](Self::describe).
    pub fn layout(&self, record_type: impl Display) -> Call<Layout> {
        let op = record_id(&record_type).and_then(|id| describe::layout(&self.name, &id));
        self.client.call(op)
    }

    /// The compact layouts of the object: what cards and lists show of its records.
    ///
    /// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_compactlayouts.htm>
    ///
    /// # Errors
    /// As [`describe`](Self::describe).
    pub fn compact_layouts(&self) -> Call<CompactLayouts> {
        self.client.call(describe::compact_layouts(&self.name))
    }

    /// Puts a record into the recycle bin. When the request had to be repeated
    /// and the record turns out to be gone, that counts as success.
    ///
    /// # Errors
    /// When it is awaited; [`Error::is_not_found`](crate::Error::is_not_found) if there is none.
    pub fn delete(&self, id: impl Display) -> Call<()> {
        let op = record_id(&id).and_then(|id| row::delete(ROW, &[&self.name, &id]));
        self.client.call(op)
    }

    /// What a relationship of a record leads to: `("003…", "Account")` to the
    /// contact's account, `("001…", "Contacts")` to the account's contacts.
    pub fn related(&self, id: impl Display, relationship: &str) -> Related {
        Related::new(
            self.client.clone(),
            &self.name,
            record_id(&id),
            relationship,
        )
    }

    /// The records that were deleted from `start` to `end`, which are
    /// [`DateTime`]s or [`SystemTime`](std::time::SystemTime)s. Salesforce looks at
    /// the minutes and not at the seconds, and goes back 15 days.
    ///
    /// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_getdeleted.htm>
    ///
    /// # Errors
    /// When it is awaited; a span that ends before it begins is refused.
    pub fn deleted<S, E>(&self, start: S, end: E) -> Call<DeletedRecords>
    where
        S: TryInto<DateTime, Error: Into<Error>>,
        E: TryInto<DateTime, Error: Into<Error>>,
    {
        self.client.call(changes::deleted(&self.name, start, end))
    }

    /// The records that were created or changed from `start` to `end`, as
    /// [`deleted`](Self::deleted). Salesforce goes back 30 days.
    ///
    /// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_getupdated.htm>
    ///
    /// # Errors
    /// As [`deleted`](Self::deleted).
    pub fn updated<S, E>(&self, start: S, end: E) -> Call<UpdatedRecords>
    where
        S: TryInto<DateTime, Error: Into<Error>>,
        E: TryInto<DateTime, Error: Into<Error>>,
    {
        self.client.call(changes::updated(&self.name, start, end))
    }

    /// The record whose external id field holds `value`.
    pub fn external_id(&self, field: impl Into<String>, value: impl Display) -> ByExternalId {
        ByExternalId::new(
            self.client.clone(),
            self.name.clone(),
            field.into(),
            value.to_string(),
        )
    }
}

fn create(sobject: &str, record: &(impl Serialize + ?Sized)) -> Result<Op<Created>> {
    let path = Path::fill("/sobjects/{sobject}", &[sobject])?;
    Op::new(Method::POST, path, decode_json).json(record)
}

fn get<T: DeserializeOwned>(
    sobject: &str,
    id: &dyn Display,
    fields: Option<&str>,
) -> Result<Op<T>> {
    let path = Path::fill(ROW, &[sobject, &record_id(id)?])?;
    Ok(row::with_fields(
        Op::new(Method::GET, path, decode_json),
        fields,
    ))
}

fn update(sobject: &str, id: &dyn Display, fields: &(impl Serialize + ?Sized)) -> Result<Op<()>> {
    let path = Path::fill(ROW, &[sobject, &record_id(id)?])?;
    Op::new(Method::PATCH, path, decode_nothing)
        .repeatability(Repeatability::Idempotent)
        .json(fields)
}

/// Ids are checked before anything is sent. A reference to one is checked by the
/// composite that it belongs to.
pub(crate) fn record_id(id: &dyn Display) -> Result<String> {
    let id = id.to_string();
    if references::is_reference(&id) {
        return Ok(id);
    }
    let id: RecordId = id.parse()?;
    Ok(id.to_string())
}

pub(crate) fn field_list(fields: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut list = String::new();
    for field in fields {
        if !list.is_empty() {
            list.push(',');
        }
        list.push_str(field.as_ref());
    }
    list
}

impl From<Created> for RecordId {
    fn from(created: Created) -> Self {
        created.id
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
