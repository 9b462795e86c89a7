//! New records with their children.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::settings::{Settings, settings};
use super::{limits, outcomes, rows};
use crate::client::Salesforce;
use crate::error::{ApiError, Error, ErrorCode, Result, parse_error_body};
use crate::op::{Op, Path, Response};
use crate::types::RecordId;

/// A new record and its children, for a [`Tree`].
#[must_use = "a record does nothing until its tree is sent"]
pub struct TreeRecord {
    sobject: String,
    /// The fields as JSON.
    fields: Result<Box<RawValue>>,
    children: Vec<(String, Vec<Self>)>,
}

impl TreeRecord {
    /// A record of `sobject`.
    pub fn new(sobject: impl Into<String>, record: &(impl Serialize + ?Sized)) -> Self {
        let fields = serde_json::value::to_raw_value(record).map_err(|error| {
            Error::invalid_input("the record cannot be written as JSON").with_source(error)
        });
        Self {
            sobject: sobject.into(),
            fields,
            children: Vec::new(),
        }
    }

    /// With children in the relationship of that name, `Contacts` for example.
    pub fn children(
        mut self,
        relationship: impl Into<String>,
        records: impl IntoIterator<Item = Self>,
    ) -> Self {
        let records = records.into_iter().collect();
        self.children.push((relationship.into(), records));
        self
    }
}

impl fmt::Debug for TreeRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TreeRecord")
            .field("sobject", &self.sobject)
            .field("children", &self.children)
            .finish_non_exhaustive()
    }
}

/// New records with their children, all of them or none. Made by
/// [`Salesforce::tree`].
///
/// ```no_run
/// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
/// use ferroforce::composite::TreeRecord;
/// use serde_json::json;
///
/// let contacts = ["Lovelace", "Hopper"]
///     .map(|name| TreeRecord::new("Contact", &json!({"LastName": name})));
/// let acme = TreeRecord::new("Account", &json!({"Name": "Acme"})).children("Contacts", contacts);
/// let created = salesforce.tree([acme]).send().await?;
/// println!("{} and {}", created[0].id, created[0].children("Contacts")[1].id);
/// # Ok(())
/// # }
/// ```
///
/// It takes 200 records on 5 levels, of 5 objects, whose roots are of one object.
/// It is never sent twice after it may have been carried out.
///
/// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_sobject_tree.htm>
#[must_use = "a tree does nothing until it is sent"]
pub struct Tree {
    client: Salesforce,
    records: Vec<TreeRecord>,
    settings: Settings,
}

/// A record that was created with its children.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TreeCreated {
    /// Its id.
    pub id: RecordId,
    children: Vec<(String, Vec<Self>)>,
}

impl TreeCreated {
    /// Its children in the relationship of that name, in the order in which they
    /// were given.
    pub fn children(&self, relationship: &str) -> &[Self] {
        let mut children = self.children.iter();
        children
            .find(|(name, _)| name == relationship)
            .map_or(&[], |(_, children)| children)
    }
}

impl Tree {
    pub(super) fn new(client: Salesforce, records: Vec<TreeRecord>) -> Self {
        Self {
            client,
            records,
            settings: Settings::default(),
        }
    }

    settings!();

    /// Sends it, and gives what was created in the form of what was given. Without
    /// a record nothing is sent.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) with rule and
    /// place for what Salesforce would not take, before anything is sent; and what
    /// befalls the request. If a record is refused nothing is created, and the
    /// error names all that were refused.
    pub async fn send(self) -> Result<Vec<TreeCreated>> {
        let Some(root) = self.records.first() else {
            return Ok(Vec::new());
        };
        let sobject = root.sobject.clone();
        limits::since("trees", self.client.api_version(), 34)?;
        let mut written = Written::default();
        written.add(&sobject, &self.records, 1)?;
        limits::at_most(
            "different objects in the tree",
            written.sobjects.len(),
            limits::TREE_TYPES,
            "take a graph",
        )?;
        let other = |record: &TreeRecord| !record.sobject.eq_ignore_ascii_case(&sobject);
        if let Some(place) = self.records.iter().position(other) {
            return Err(Error::invalid_input(format!(
                "record {place} is of {}, and all roots of a tree are of one object, here {sobject}",
                self.records[place].sobject
            )));
        }
        let path = Path::fill("/composite/tree/{sobject}", &[&sobject])?;
        let op = Op::new(Method::POST, path, read)
            .accepts(&[StatusCode::BAD_REQUEST])
            .undone(lock_errors)
            .with_parts()
            .json_bytes([b"{\"records\":", &written.json[..], b"}"].concat().into());
        let results = self.settings.send(&self.client, Ok(op)).await?;
        written.outcome(results, &self.records)
    }
}

/// The records as JSON, named `r0`, `r1` and so on as they stand there.
#[derive(Default)]
struct Written {
    json: Vec<u8>,
    /// Where each record is, by its number.
    places: Vec<String>,
    sobjects: BTreeSet<String>,
}

impl Written {
    fn add(&mut self, above: &str, records: &[TreeRecord], level: usize) -> Result<()> {
        limits::at_most(
            "levels in the tree",
            level,
            limits::TREE_LEVELS,
            "take a graph",
        )?;
        self.json.push(b'[');
        for (index, record) in records.iter().enumerate() {
            if index > 0 {
                self.json.push(b',');
            }
            let place = format!("{above}[{index}]");
            let at = |error: Error| {
                Error::invalid_input(format!("{place}: {}", error.message())).with_source(error)
            };
            let name = format!("r{}", self.places.len());
            self.places.push(place.clone());
            limits::at_most(
                "records in the tree, or more,",
                self.places.len(),
                limits::RECORDS,
                "take several trees, or graphs",
            )?;
            self.sobjects.insert(record.sobject.to_ascii_lowercase());
            let fields = record.fields.as_ref().map_err(|error| at(error.clone()))?;
            let row = rows::write_as(&record.sobject, Some(&name), None, fields).map_err(at)?;
            // The children join the members that are there.
            self.json.extend_from_slice(&row[..row.len() - 1]);
            for (relationship, children) in &record.children {
                self.json.push(b',');
                rows::quote(&mut self.json, relationship)?;
                self.json.extend_from_slice(b":{\"records\":");
                self.add(&format!("{place}.{relationship}"), children, level + 1)?;
                self.json.push(b'}');
            }
            self.json.push(b'}');
        }
        self.json.push(b']');
        Ok(())
    }

    fn outcome(&self, results: Outcome, records: &[TreeRecord]) -> Result<Vec<TreeCreated>> {
        match results {
            Outcome::Created(results) => {
                let count = results.len();
                let mut ids: BTreeMap<String, RecordId> = results.into_iter().collect();
                let mut names = (0..self.places.len()).map(|number| format!("r{number}"));
                let created = created(records, &mut || ids.remove(&names.next()?));
                created.ok_or_else(|| outcomes::miscounted(count, self.places.len(), "records"))
            }
            Outcome::Refused(errors, response) => {
                let place = |name: &str| {
                    let number: Option<usize> = name.strip_prefix('r')?.parse().ok();
                    Some(self.places.get(number?)?.as_str())
                };
                let places: Vec<&str> = errors.iter().filter_map(|(name, _)| place(name)).collect();
                let errors = errors.into_iter().flat_map(|(_, errors)| errors).collect();
                let message = format!("nothing was created, because of {}", places.join(", "));
                let error = Error::from_api(response.status(), errors, message);
                Err(match &response.context {
                    Some(context) => error.with_context((**context).clone()),
                    None => error,
                })
            }
        }
    }
}

/// The records' ids, taken in the order in which they were written.
fn created(
    records: &[TreeRecord],
    next: &mut dyn FnMut() -> Option<RecordId>,
) -> Option<Vec<TreeCreated>> {
    let created_one = |record: &TreeRecord| {
        let id = next()?;
        let children = record.children.iter();
        let children = children
            .map(|(name, records)| Some((name.clone(), created(records, next)?)))
            .collect::<Option<_>>()?;
        Some(TreeCreated { id, children })
    };
    records.iter().map(created_one).collect()
}

/// What a tree was answered, by the names of its records.
enum Outcome {
    Created(Vec<(String, RecordId)>),
    Refused(Vec<(String, Vec<ApiError>)>, Response),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    has_errors: bool,
    #[serde(borrow)]
    results: Vec<WireResult<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireResult<'a> {
    reference_id: String,
    id: Option<RecordId>,
    #[serde(borrow)]
    errors: Option<&'a RawValue>,
}

fn read(response: &Response) -> Result<Outcome> {
    let wire = match outcomes::read::<Wire<'_>>(response) {
        Ok(wire) => wire,
        Err(_) if !response.status().is_success() => return Err(Error::from_answer(response)),
        Err(error) => return Err(error.after_doubt()),
    };
    let results = wire.results.into_iter();
    if wire.has_errors {
        let errors = results.map(|result| {
            let errors = result.errors.map_or("", RawValue::get);
            (result.reference_id, parse_error_body(errors.as_bytes()))
        });
        return Ok(Outcome::Refused(errors.collect(), response.clone()));
    }
    let ids = results.filter_map(|result| Some((result.reference_id, result.id?)));
    Ok(Outcome::Created(ids.collect()))
}

fn lock_errors(response: &Response) -> Vec<ApiError> {
    let Ok(wire) = outcomes::read_where_locked::<Wire<'_>>(response) else {
        return Vec::new();
    };
    let errors = wire.results.iter().filter_map(|result| result.errors);
    errors
        .flat_map(|errors| parse_error_body(errors.get().as_bytes()))
        .filter(|error| *error.code() == ErrorCode::UnableToLockRow)
        .collect()
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tree")
            .field("records", &self.records)
            .finish_non_exhaustive()
    }
}
