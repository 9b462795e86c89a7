//! GraphQL.
//!
//! <https://developer.salesforce.com/docs/platform/graphql/guide/graphql-about.html>

mod answer;

use std::fmt;

use bytes::Bytes;
use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

pub use answer::{GraphQlAnswer, GraphQlError, GraphQlErrors, GraphQlLocation};

use crate::client::{Call, Salesforce};
use crate::error::{Error, Result};
use crate::op::{Op, Path, Repeatability};

/// A GraphQL document and its variables. Values belong into the variables, where
/// they cannot become part of the document.
///
/// `Debug` shows neither.
#[derive(Clone)]
#[must_use = "a document does nothing until it is sent"]
pub struct GraphQl {
    document: String,
    operation: Option<String>,
    variables: Result<Option<Box<RawValue>>>,
}

impl GraphQl {
    /// A document.
    pub fn new(document: impl Into<String>) -> Self {
        Self {
            document: document.into(),
            operation: None,
            variables: Ok(None),
        }
    }

    /// The values of the document's variables: a struct or map that is written as a
    /// JSON object.
    pub fn variables(mut self, variables: &(impl Serialize + ?Sized)) -> Self {
        self.variables = serde_json::value::to_raw_value(variables)
            .map(Some)
            .map_err(|error| {
                Error::invalid_input("the variables cannot be written as JSON").with_source(error)
            });
        self
    }

    /// Which operation of the document is meant, where there are several.
    pub fn operation(mut self, name: impl Into<String>) -> Self {
        self.operation = Some(name.into());
        self
    }

    /// Whether the document may hold a mutation. A field of that name makes it seem
    /// so, which does no harm.
    fn may_write(&self) -> bool {
        self.document
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .any(|word| word == "mutation")
    }

    fn body(&self) -> Result<Bytes> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body<'a> {
            query: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            operation_name: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            variables: Option<&'a RawValue>,
        }
        let body = Body {
            query: &self.document,
            operation_name: self.operation.as_deref(),
            variables: self.variables.as_ref().map_err(Clone::clone)?.as_deref(),
        };
        let bytes = serde_json::to_vec(&body).map_err(|error| {
            Error::invalid_input("the document cannot be written as JSON").with_source(error)
        })?;
        Ok(bytes.into())
    }
}

impl From<&'static str> for GraphQl {
    fn from(document: &'static str) -> Self {
        Self::new(document)
    }
}

/// GraphQL.
impl Salesforce {
    /// Sends a GraphQL document. One without a mutation only reads and may be
    /// repeated; one with a mutation is never repeated when it may have been carried
    /// out.
    ///
    /// ```no_run
    /// # async fn run(salesforce: ferroforce::Salesforce, name: String) -> ferroforce::Result<()> {
    /// use ferroforce::Record;
    /// use ferroforce::graphql::GraphQl;
    /// use serde_json::json;
    ///
    /// let document = GraphQl::new(
    ///     "query accounts($name: String) {
    ///        uiapi { query { Account(where: {Name: {eq: $name}}) { edges { node { Id } } } } }
    ///      }",
    /// )
    /// .variables(&json!({"name": name}));
    /// let data = salesforce.graphql::<Record>(document).await?.ok()?;
    /// println!("{:?}", data.json("uiapi.query.Account.edges"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When it is awaited. Errors that GraphQL lists come with a 200 and are in the
    /// [`GraphQlAnswer`].
    pub fn graphql<T: DeserializeOwned>(
        &self,
        document: impl Into<GraphQl>,
    ) -> Call<GraphQlAnswer<T>> {
        self.call(op(&document.into()))
    }
}

fn op<T: DeserializeOwned>(document: &GraphQl) -> Result<Op<GraphQlAnswer<T>>> {
    let repeatability = if document.may_write() {
        Repeatability::Once
    } else {
        Repeatability::Idempotent
    };
    let path = Path::fill("/graphql", &[])?;
    Ok(Op::new(Method::POST, path, GraphQlAnswer::decode)
        .repeatability(repeatability)
        .json_bytes(document.body()?))
}

impl fmt::Debug for GraphQl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphQl").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
