//! What is said about queries that can be read but make no sense.

use ferroforce_soql::{Span, frame};

use crate::error::ApiError;

/// A query's text, to show excerpts of in errors.
#[derive(Clone, Copy)]
pub(super) struct Source<'a>(pub(super) &'a str);

/// The advice that ends messages about unknown names.
const DESCRIBE: &str = "Please reference your WSDL or the describe call for the appropriate names.";

impl Source<'_> {
    /// What the query says there.
    pub(super) fn text(&self, span: Span) -> &str {
        self.0.get(span.range()).unwrap_or_default()
    }

    /// An error at a place of the query.
    pub(super) fn at(self, span: Span, code: &'static str, message: &str) -> ApiError {
        ApiError::bad_request(code, frame(self.0, span.start, message))
    }

    pub(super) fn no_column(self, span: Span, column: &str, entity: &str) -> ApiError {
        let message = format!(
            "No such column '{column}' on entity '{entity}'. If you are attempting to use a \
             custom field, be sure to append the '__c' after the custom field name. {DESCRIBE}"
        );
        self.at(span, "INVALID_FIELD", &message)
    }

    pub(super) fn no_object(self, span: Span, name: &str) -> ApiError {
        let message = format!(
            "sObject type '{name}' is not supported. If you are attempting to use a custom \
             object, be sure to append the '__c' after the entity name. {DESCRIBE}"
        );
        self.at(span, "INVALID_TYPE", &message)
    }

    pub(super) fn no_relationship(self, span: Span, name: &str) -> ApiError {
        let message = format!(
            "Didn't understand relationship '{name}' in field path. If you are attempting to use \
             a custom relationship, be sure to append the '__r' after the custom relationship \
             name. {DESCRIBE}"
        );
        self.at(span, "INVALID_FIELD", &message)
    }

    pub(super) fn no_child_relationship(self, span: Span, name: &str) -> ApiError {
        let message = format!(
            "Didn't understand relationship '{name}' in FROM part of query call. If you are \
             attempting to use a custom relationship, be sure to append the '__r' after the \
             custom relationship name. {DESCRIBE}"
        );
        self.at(span, "INVALID_TYPE", &message)
    }

    /// A field whose describe says no to `filtered`, `sorted` or `grouped`.
    pub(super) fn not_allowed(self, span: Span, field: &str, what: &str) -> ApiError {
        let message = format!("field '{field}' can not be {what} in a query call");
        self.at(span, "INVALID_FIELD", &message)
    }

    /// A value of another type than the field's.
    pub(super) fn wrong_type(self, span: Span, field: &str, expected: &str) -> ApiError {
        let quotes = if expected == "string" {
            "should be enclosed in quotes"
        } else {
            "should not be enclosed in quotes"
        };
        let message = format!(
            "value of filter criterion for field '{field}' must be of type {expected} and {quotes}"
        );
        self.at(span, "INVALID_FIELD", &message)
    }
}

/// A fault of the query as a whole, which has no frame.
pub(super) fn malformed(message: &'static str) -> ApiError {
    ApiError::bad_request("MALFORMED_QUERY", message)
}
