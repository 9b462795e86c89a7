//! Searching for text: SOSL, and searches that are given as parameters.
//!
//! <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_search.htm>

mod parameterized;
mod results;
mod sosl;
mod term;

use std::borrow::Cow;
use std::fmt;

use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;

pub use parameterized::{ParameterizedSearch, SearchIn, SearchObject};
pub use results::{EntityMetadata, FieldMetadata, Metadata, SearchResults};
pub use sosl::Sosl;
pub use term::Term;

use crate::client::{Call, Salesforce};
use crate::error::Result;
use crate::op::{Op, Path, Repeatability, decode_json};
use crate::soql::Literal;

/// A search on its way; made by [`Salesforce::search`]. [`fetch`](Self::fetch) sends it.
#[must_use = "a search does nothing until it is fetched"]
pub struct Search {
    client: Salesforce,
    path: &'static str,
    sosl: Sosl,
}

impl Search {
    pub(crate) fn new(client: Salesforce, path: &'static str, sosl: Sosl) -> Self {
        Self { client, path, sosl }
    }

    /// What to search for, in the place of `:name`. See [`Sosl::term`].
    pub fn term(mut self, name: impl Into<Cow<'static, str>>, term: impl Into<Term>) -> Self {
        self.sosl = self.sosl.term(name, term);
        self
    }

    /// A value of a condition, in the place of `:name`. See [`Sosl::bind`].
    pub fn bind(mut self, name: impl Into<Cow<'static, str>>, value: impl Literal) -> Self {
        self.sosl = self.sosl.bind(name, value);
        self
    }

    /// A list of names, in the place of `:name`. See [`Sosl::names`].
    pub fn names(
        mut self,
        name: impl Into<Cow<'static, str>>,
        values: impl IntoIterator<Item: AsRef<str>>,
    ) -> Self {
        self.sosl = self.sosl.names(name, values);
        self
    }

    /// The records that were found, all at once: there are 2,000 at the most, of
    /// all objects together.
    ///
    /// # Errors
    /// When it is awaited; [`MalformedSearch`](crate::ErrorCode::MalformedSearch)
    /// where it is not SOSL.
    pub fn fetch<T: DeserializeOwned>(self) -> Call<SearchResults<T>> {
        self.client.call(op(self.path, &self.sosl))
    }
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The search may hold values.
        f.debug_struct("Search").finish_non_exhaustive()
    }
}

/// An object in the order in which the user's searches go through them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ScopeEntry {
    /// The object's name.
    #[serde(rename = "type")]
    pub object: String,
    /// Where it is described, below the org's host.
    #[serde(default)]
    pub url: Option<String>,
}

/// Searching.
impl Salesforce {
    /// A search in SOSL.
    ///
    /// ```no_run
    /// # async fn run(salesforce: ferroforce::Salesforce, typed_in: String) -> ferroforce::Result<()> {
    /// use ferroforce::Record;
    ///
    /// let found = salesforce
    ///     .search("FIND {:text} IN NAME FIELDS RETURNING Account(Id, Name), Contact(Id, Name) LIMIT 50")
    ///     .term("text", typed_in)
    ///     .fetch::<Record>()
    ///     .await?;
    /// for contact in found.of("Contact") {
    ///     println!("{}", contact.get::<String>("Name")?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn search(&self, sosl: impl Into<Sosl>) -> Search {
        Search::new(self.clone(), "/search", sosl.into())
    }

    /// A search that is given as parameters, without SOSL.
    ///
    /// # Errors
    /// When it is awaited.
    ///
    /// ```no_run
    /// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
    /// use ferroforce::Record;
    /// use ferroforce::search::{ParameterizedSearch, SearchIn, SearchObject};
    ///
    /// let search = ParameterizedSearch::new("Acme")
    ///     .search_in(SearchIn::Name)
    ///     .object(SearchObject::new("Account").fields(["Id", "Name"]).limit(10));
    /// let found = salesforce.parameterized_search::<Record>(&search).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn parameterized_search<T: DeserializeOwned>(
        &self,
        search: &ParameterizedSearch,
    ) -> Call<SearchResults<T>> {
        self.call(parameterized(search))
    }

    /// The objects that the user's searches go through, the most used first.
    ///
    /// # Errors
    /// When it is awaited.
    pub fn search_scope(&self) -> Call<Vec<ScopeEntry>> {
        let path = Path::fill("/search/scopeOrder", &[]);
        self.call(path.map(|path| Op::new(Method::GET, path, decode_json)))
    }
}

fn op<T: DeserializeOwned>(path: &'static str, sosl: &Sosl) -> Result<Op<SearchResults<T>>> {
    let path = Path::fill(path, &[])?;
    Ok(Op::new(Method::GET, path, SearchResults::decode).query("q", sosl.render()?))
}

fn parameterized<T: DeserializeOwned>(
    search: &ParameterizedSearch,
) -> Result<Op<SearchResults<T>>> {
    let path = Path::fill("/parameterizedSearch", &[])?;
    // A search by POST reads and writes nothing.
    Op::new(Method::POST, path, SearchResults::decode)
        .repeatability(Repeatability::Idempotent)
        .json(&search.body()?)
}

#[cfg(test)]
mod tests;
