//! The body of a request, member by member.

use crate::error::ApiError;
use crate::record::document::{Document, Scalar, Token};

/// The members of a JSON object. Each is taken once; at the end none may be left.
pub(crate) struct Input<'a> {
    members: Vec<(String, Token<'a>)>,
}

impl<'a> Input<'a> {
    pub(crate) fn new(document: Document<'a>) -> Self {
        Self {
            members: document.members,
        }
    }

    /// A member, if it is there.
    pub(crate) fn take(&mut self, name: &str) -> Option<Token<'a>> {
        let at = self.members.iter().position(|(known, _)| known == name)?;
        Some(self.members.remove(at).1)
    }

    /// A yes or no, false by default.
    pub(super) fn flag(&mut self, name: &str) -> Result<bool, ApiError> {
        let Some(token) = self.take(name) else {
            return Ok(false);
        };
        match token.scalar()? {
            Scalar::Bool(value) => Ok(value),
            Scalar::Null => Ok(false),
            Scalar::String(text) if text == "true" => Ok(true),
            Scalar::String(text) if text == "false" => Ok(false),
            _ => Err(token.not_a("boolean")),
        }
    }

    /// A text, if it is there and not null.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        let Some(token) = self.take(name) else {
            return Ok(None);
        };
        match token.scalar()? {
            Scalar::String(text) => Ok(Some(text)),
            Scalar::Null => Ok(None),
            Scalar::Int(text) | Scalar::Float(text) => Ok(Some(text.to_owned())),
            _ => Err(token.not_a("string")),
        }
    }

    /// A list, which has to be there.
    pub(super) fn list(&mut self, name: &'static str) -> Result<Vec<Token<'a>>, ApiError> {
        self.take(name).ok_or_else(|| missing(name))?.elements()
    }

    /// Ends the reading: what nobody took has no place in the request.
    pub(crate) fn end(self) -> Result<(), ApiError> {
        match self.members.first() {
            Some((name, token)) => Err(token.unrecognized(name)),
            None => Ok(()),
        }
    }
}

/// A list of texts, as `ids` and `fields` are.
pub(super) fn texts(tokens: Vec<Token<'_>>) -> Result<Vec<String>, ApiError> {
    let text = |token: Token<'_>| match token.scalar()? {
        Scalar::String(text) => Ok(text),
        _ => Err(token.not_a("string")),
    };
    tokens.into_iter().map(text).collect()
}

/// A part of the request that has to be there.
pub(super) fn missing(name: &'static str) -> ApiError {
    ApiError::bad_request(
        "REQUIRED_FIELD_MISSING",
        format!("Required fields are missing: [{name}]"),
    )
}
