//! Queries: what they may ask for, and what they found.

use super::Operation;
use crate::error::ApiError;
use crate::rest::Context;

/// The rows that were found.
pub(super) const RESULT: &str = "result";

/// Checks a query, and tells the object that it is about.
pub(super) fn check(
    _context: &Context<'_>,
    _soql: &str,
    _operation: Operation,
) -> Result<String, ApiError> {
    Err(ApiError::unsupported("queries of the Bulk API"))
}
