//! What went wrong while reading a query.

use std::fmt;

use crate::frame::{Place, frame};
use crate::span::Span;

/// The error code under which Salesforce reports a text that it can't read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// `MALFORMED_QUERY`: not a SOQL query.
    MalformedQuery,
    /// `MALFORMED_SEARCH`: not a SOSL search.
    MalformedSearch,
}

impl ErrorCode {
    /// The code as it stands in an answer's `errorCode`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MalformedQuery => "MALFORMED_QUERY",
            Self::MalformedSearch => "MALFORMED_SEARCH",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A query or search that could not be read: why, and where.
///
/// `Display` gives the text that Salesforce would answer, frame included.
///
/// ```
/// let error = ferroforce_soql::parse("SELECT Id FROM Account WHERE").unwrap_err();
/// assert_eq!(error.code().as_str(), "MALFORMED_QUERY");
/// assert_eq!(error.message(), "unexpected token: '<EOF>'");
/// assert_eq!((error.row(), error.column()), (1, 29));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    code: ErrorCode,
    message: String,
    span: Span,
    row: usize,
    column: usize,
    rendered: String,
}

impl ParseError {
    pub(crate) fn new(code: ErrorCode, source: &str, span: Span, message: String) -> Self {
        let place = Place::of(source, span.start);
        // Salesforce frames no error at the very start of the text.
        let rendered = if place.row == 1 && source[..span.start].trim().is_empty() {
            message.clone()
        } else {
            frame(source, span.start, &message)
        };
        Self {
            code,
            message,
            span,
            row: place.row,
            column: place.column,
            rendered,
        }
    }

    pub(crate) fn unframed(code: ErrorCode, source: &str, span: Span, message: String) -> Self {
        let mut error = Self::new(code, source, span, message);
        error.rendered.clone_from(&error.message);
        error
    }

    /// The error code of the answer.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        self.code
    }

    /// The text alone, without its frame.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The token that could not be read; empty at the end of the text.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// The line of the error, counted from one; leading blank lines are not counted.
    #[must_use]
    pub const fn row(&self) -> usize {
        self.row
    }

    /// The error's place in its line in characters, counted from one.
    #[must_use]
    pub const fn column(&self) -> usize {
        self.column
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rendered)
    }
}

impl std::error::Error for ParseError {}
