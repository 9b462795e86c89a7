use std::fmt;

use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::row;
use crate::client::{Call, Salesforce};
use crate::error::{Error, Result};
use crate::op::{Op, Path, Repeatability, decode_json, decode_nothing};
use crate::query::{self, Rows};

/// By how many relationships: Salesforce goes five up.
const PATHS: [&str; 5] = [
    "/sobjects/{sobject}/{id}/{relationship}",
    "/sobjects/{sobject}/{id}/{relationship}/{relationship}",
    "/sobjects/{sobject}/{id}/{relationship}/{relationship}/{relationship}",
    "/sobjects/{sobject}/{id}/{relationship}/{relationship}/{relationship}/{relationship}",
    "/sobjects/{sobject}/{id}/{relationship}/{relationship}/{relationship}/{relationship}/{relationship}",
];

/// What a relationship of a record leads to: a parent, or children. Made by
/// [`SObject::related`](super::SObject::related).
///
/// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/dome_relationship_traversal.htm>
///
/// ```no_run
/// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
/// use ferroforce::Record;
///
/// let contacts = salesforce.sobject("Contact");
/// let boss: Record = contacts.related("003P000001avB5GIAU", "Account").related("Owner").get().await?;
///
/// let accounts = salesforce.sobject("Account");
/// let mut people = accounts.related("001Pc00000LuBMUIA3", "Contacts").list::<Record>();
/// while let Some(person) = people.next().await {
///     println!("{}", person?.get::<String>("Name")?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Related {
    client: Salesforce,
    /// Object, id, and one relationship after the other.
    steps: Result<Vec<String>>,
}

impl Related {
    pub(super) fn new(
        client: Salesforce,
        sobject: &str,
        id: Result<String>,
        relationship: &str,
    ) -> Self {
        let steps = id.map(|id| vec![sobject.to_owned(), id, relationship.to_owned()]);
        Self { client, steps }
    }

    /// One relationship further: up to five, of which the last may lead to children.
    #[must_use]
    pub fn related(&self, relationship: &str) -> Self {
        let mut further = self.clone();
        if let Ok(steps) = &mut further.steps {
            steps.push(relationship.to_owned());
        }
        further
    }

    fn path(&self) -> Result<Path> {
        let steps = self.steps.as_ref().map_err(Clone::clone)?;
        let template = PATHS.get(steps.len() - 3).ok_or_else(|| {
            Error::invalid_input("a path leads over five relationships at the most")
        })?;
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        Path::fill(template, &steps)
    }

    /// Reads the parent.
    ///
    /// # Errors
    /// When it is awaited; [`Error::is_not_found`](Error::is_not_found) if the record has none.
    pub fn get<T: DeserializeOwned>(&self) -> Call<T> {
        self.client.call(self.read(None))
    }

    /// Reads some fields of the parent.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_fields<T: DeserializeOwned>(
        &self,
        fields: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Call<T> {
        self.client
            .call(self.read(Some(&super::field_list(fields))))
    }

    fn read<T: DeserializeOwned>(&self, fields: Option<&str>) -> Result<Op<T>> {
        let op = Op::new(Method::GET, self.path()?, decode_json);
        Ok(row::with_fields(op, fields))
    }

    /// Writes the given fields of the parent. It may be repeated safely.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn update(&self, fields: &(impl Serialize + ?Sized)) -> Call<()> {
        let op = self.path().and_then(|path| {
            Op::new(Method::PATCH, path, decode_nothing)
                .repeatability(Repeatability::Idempotent)
                .json(fields)
        });
        self.client.call(op)
    }

    /// Puts the parent into the recycle bin. It is never repeated when it may have
    /// been carried out: deleting a parent can empty the lookup, and the address
    /// would then lead nowhere for another reason.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn delete(&self) -> Call<()> {
        let op = self.path().map(|path| {
            Op::new(Method::DELETE, path, decode_nothing).repeatability(Repeatability::Once)
        });
        self.client.call(op)
    }

    /// The children as a stream, page after page as a query's
    /// [`rows`](crate::query::Query::rows). No children is an empty stream.
    pub fn list<T: DeserializeOwned>(&self) -> Rows<T> {
        query::rows_at(self.client.clone(), self.path(), None)
    }

    /// Some fields of the children, as [`list`](Self::list).
    pub fn list_fields<T: DeserializeOwned>(
        &self,
        fields: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Rows<T> {
        let fields = super::field_list(fields);
        query::rows_at(self.client.clone(), self.path(), Some(&fields))
    }
}

impl fmt::Debug for Related {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Related").finish_non_exhaustive()
    }
}
