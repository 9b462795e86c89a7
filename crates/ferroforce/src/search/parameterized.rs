use std::fmt;

use serde::Serialize;

use crate::error::{Error, Result};
use crate::soql::Soql;

/// The most rows that a search gives, and that it leaves out.
const MOST: u32 = 2000;

/// How long an excerpt may be, in characters.
const EXCERPT: std::ops::RangeInclusive<u32> = 50..=1000;

/// A search without SOSL. What is searched for is a parameter here, so nothing in
/// it can become another part of the search. Wildcards, quotes and the words `AND`,
/// `OR` and `NOT` keep their meaning in it.
///
/// `Debug` does not show it.
///
/// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_search_parameterized_post.htm>
#[derive(Clone)]
#[must_use = "a search does nothing until it is sent"]
pub struct ParameterizedSearch {
    text: String,
    search_in: SearchIn,
    fields: Vec<String>,
    objects: Vec<SearchObject>,
    overall_limit: Option<u32>,
    default_limit: Option<u32>,
    offset: Option<u32>,
    snippet: Option<u32>,
    spell_correction: Option<bool>,
    labels: bool,
}

/// Which fields are looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum SearchIn {
    /// All that can be searched.
    #[default]
    All,
    /// Names.
    Name,
    /// Email addresses.
    Email,
    /// Phone numbers.
    Phone,
    /// Fields that the old search in the sidebar looked at.
    Sidebar,
}

/// An object that is searched, and what of it is wanted.
///
/// `Debug` shows its name only.
#[derive(Clone)]
#[must_use = "an object does nothing until a search has it"]
pub struct SearchObject {
    name: String,
    fields: Vec<String>,
    limit: Option<u32>,
    filter: Option<Soql>,
    order_by: Option<Soql>,
}

impl ParameterizedSearch {
    /// A search for `text` in all objects.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            search_in: SearchIn::All,
            fields: Vec::new(),
            objects: Vec::new(),
            overall_limit: None,
            default_limit: None,
            offset: None,
            snippet: None,
            spell_correction: None,
            labels: false,
        }
    }

    /// Which fields are looked at; all without this.
    pub fn search_in(mut self, fields: SearchIn) -> Self {
        self.search_in = fields;
        self
    }

    /// The fields that are wanted of objects that don't say so themselves. Without
    /// any, only the id comes.
    pub fn fields(mut self, names: impl IntoIterator<Item: Into<String>>) -> Self {
        self.fields.extend(names.into_iter().map(Into::into));
        self
    }

    /// Searches this object too. With none, all are searched.
    pub fn object(mut self, object: SearchObject) -> Self {
        self.objects.push(object);
        self
    }

    /// How many records come at the most, of all objects together; up to 2,000.
    pub fn overall_limit(mut self, records: u32) -> Self {
        self.overall_limit = Some(records);
        self
    }

    /// How many records come at the most of an object that does not say so itself;
    /// up to 2,000.
    pub fn default_limit(mut self, records: u32) -> Self {
        self.default_limit = Some(records);
        self
    }

    /// How many of the records that are found are left out at the beginning, up to
    /// 2,000; by this a search is read page by page. It needs exactly one
    /// [`object`](Self::object).
    pub fn offset(mut self, records: u32) -> Self {
        self.offset = Some(records);
        self
    }

    /// Also an excerpt of about so many characters, 50 to 1,000, from the text in which
    /// the words were found. Salesforce gives it for articles, cases, feeds and ideas.
    pub fn snippet(mut self, characters: u32) -> Self {
        self.snippet = Some(characters);
        self
    }

    /// Whether words that may be misspelt are searched for as they should be.
    pub fn spell_correction(mut self, correct: bool) -> Self {
        self.spell_correction = Some(correct);
        self
    }

    /// Also the labels of objects and fields, in
    /// [`SearchResults::metadata`](super::SearchResults::metadata).
    pub fn labels(mut self) -> Self {
        self.labels = true;
        self
    }

    pub(super) fn body(&self) -> Result<impl Serialize + use<'_>> {
        if self.text.trim().is_empty() {
            return Err(Error::invalid_input("there is nothing to search for"));
        }
        let limits = [self.overall_limit, self.default_limit];
        for limit in limits
            .into_iter()
            .chain(self.objects.iter().map(|object| object.limit))
            .flatten()
        {
            if !(1..=MOST).contains(&limit) {
                return Err(Error::invalid_input(format!(
                    "a limit of the search is {limit}; Salesforce takes 1 to {MOST}"
                )));
            }
        }
        if let Some(offset) = self.offset {
            if offset > MOST {
                return Err(Error::invalid_input(format!(
                    "the offset of the search is {offset}; Salesforce takes 0 to {MOST}"
                )));
            }
            if self.objects.len() != 1 {
                return Err(Error::invalid_input(
                    "a search with an offset is one of exactly one object",
                ));
            }
        }
        if let Some(length) = self.snippet
            && !EXCERPT.contains(&length)
        {
            return Err(Error::invalid_input(format!(
                "the excerpts of the search are to have {length} characters; Salesforce takes {} \
                 to {}",
                EXCERPT.start(),
                EXCERPT.end()
            )));
        }
        Ok(Body {
            q: &self.text,
            search_in: self.search_in,
            fields: &self.fields,
            sobjects: self
                .objects
                .iter()
                .map(SearchObject::body)
                .collect::<Result<_>>()?,
            overall_limit: self.overall_limit,
            default_limit: self.default_limit,
            offset: self.offset,
            snippet: self.snippet,
            spell_correction: self.spell_correction,
            metadata: self.labels.then_some("LABELS"),
        })
    }
}

impl SearchObject {
    /// An object by its name.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            fields: Vec::new(),
            limit: None,
            filter: None,
            order_by: None,
        }
    }

    /// The fields that are wanted.
    pub fn fields(mut self, names: impl IntoIterator<Item: Into<String>>) -> Self {
        self.fields.extend(names.into_iter().map(Into::into));
        self
    }

    /// How many records come at the most, up to 2,000.
    pub fn limit(mut self, records: u32) -> Self {
        self.limit = Some(records);
        self
    }

    /// A condition, as it stands behind `WHERE`: `Soql::new("Industry = :i").bind("i", x)`.
    pub fn filter(mut self, condition: impl Into<Soql>) -> Self {
        self.filter = Some(condition.into());
        self
    }

    /// The order, as it stands behind `ORDER BY`.
    pub fn order_by(mut self, fields: impl Into<Soql>) -> Self {
        self.order_by = Some(fields.into());
        self
    }

    fn body(&self) -> Result<ObjectBody<'_>> {
        let rendered = |soql: &Option<Soql>| -> Result<Option<String>> {
            soql.as_ref()
                .map(|soql| Ok(soql.render()?.into_owned()))
                .transpose()
        };
        Ok(ObjectBody {
            name: &self.name,
            fields: &self.fields,
            limit: self.limit,
            condition: rendered(&self.filter)?,
            order_by: rendered(&self.order_by)?,
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    q: &'a str,
    #[serde(rename = "in")]
    search_in: SearchIn,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    fields: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sobjects: Vec<ObjectBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    overall_limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snippet: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spell_correction: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ObjectBody<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    fields: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u32>,
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    condition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_by: Option<String>,
}

impl fmt::Debug for ParameterizedSearch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParameterizedSearch")
            .field("search_in", &self.search_in)
            .field("objects", &self.objects)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SearchObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SearchObject")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
