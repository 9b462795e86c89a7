use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::error::{Error, ErrorKind, Result};
use crate::op::Response;
use crate::types::Record;

/// What GraphQL answers: data, errors, or both.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[must_use = "an answer may hold errors"]
pub struct GraphQlAnswer<T> {
    /// The data. Where there are errors it can be partial, or missing because what
    /// came makes no `T`.
    pub data: Option<T>,
    /// What went wrong.
    pub errors: Vec<GraphQlError>,
}

/// An error that GraphQL lists.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct GraphQlError {
    /// What went wrong, in words that may hold data of the org.
    pub message: String,
    /// Where in the document, where it is known.
    #[serde(default)]
    pub locations: Option<Vec<GraphQlLocation>>,
    /// More about it, the kind of error for example.
    #[serde(default)]
    pub extensions: Option<Record>,
}

/// A place in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct GraphQlLocation {
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
}

/// The errors that GraphQL listed, and the data that came with them.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GraphQlErrors<T> {
    /// What went wrong; at least one.
    pub errors: Vec<GraphQlError>,
    /// What came all the same.
    pub data: Option<T>,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    data: Option<Box<RawValue>>,
    #[serde(default)]
    errors: Option<Vec<GraphQlError>>,
}

impl<T: DeserializeOwned> GraphQlAnswer<T> {
    pub(super) fn decode(response: &Response) -> Result<Self> {
        let wire: Wire = response.json()?;
        let errors = wire.errors.unwrap_or_default();
        let data = match wire.data {
            None => None,
            Some(data) => match serde_json::from_str(data.get()) {
                Ok(data) => Some(data),
                // What is missing is missing because of the errors.
                Err(_) if !errors.is_empty() => None,
                Err(error) => {
                    let message = format!("at data: {error}");
                    return Err(Error::decode(message).with_source(error));
                }
            },
        };
        Ok(Self { data, errors })
    }
}

impl<T> GraphQlAnswer<T> {
    /// The data, if there are no errors.
    ///
    /// # Errors
    /// The errors that GraphQL listed, with the data that came with them; `?` turns
    /// them into an [`Error`] and drops the data.
    pub fn ok(self) -> Result<T, GraphQlErrors<T>> {
        let Self { data, mut errors } = self;
        match data {
            Some(data) if errors.is_empty() => Ok(data),
            data => {
                if errors.is_empty() {
                    errors.push(GraphQlError {
                        message: "the answer has neither data nor errors".to_owned(),
                        locations: None,
                        extensions: None,
                    });
                }
                Err(GraphQlErrors { errors, data })
            }
        }
    }
}

impl<T> fmt::Display for GraphQlErrors<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, error) in self.errors.iter().enumerate() {
            if number > 0 {
                f.write_str("; ")?;
            }
            f.write_str(&error.message)?;
            if let Some(at) = error.locations.iter().flatten().next() {
                write!(f, " (line {}, column {})", at.line, at.column)?;
            }
        }
        Ok(())
    }
}

impl<T: fmt::Debug> std::error::Error for GraphQlErrors<T> {}

impl<T> From<GraphQlErrors<T>> for Error {
    fn from(errors: GraphQlErrors<T>) -> Self {
        Self::new(ErrorKind::Api, errors.to_string())
    }
}
