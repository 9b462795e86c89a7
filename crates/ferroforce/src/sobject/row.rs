//! What operations on one row have in common, by whichever key it is found.

use http::{Method, StatusCode};

use crate::error::{Error, ErrorCode, Result};
use crate::op::{Op, Path, Response};

pub(super) fn with_fields<T>(op: Op<T>, fields: Option<&str>) -> Op<T> {
    match fields {
        Some(fields) => op.query("fields", fields),
        None => op,
    }
}

/// Deletes a record. If it had to be sent twice and the second answer is that there is
/// none, the first one did it.
pub(crate) fn delete(template: &'static str, values: &[&str]) -> Result<Op<()>> {
    let path = Path::fill(template, values)?;
    Ok(Op::new(Method::DELETE, path, deleted).accepts(&[StatusCode::NOT_FOUND]))
}

/// The second of two deletes finds nothing, which is what was wanted.
fn deleted(response: &Response) -> Result<()> {
    if response.status().is_success() {
        return Ok(());
    }
    let error = Error::from_answer(response);
    let gone = matches!(
        error.code(),
        Some(ErrorCode::NotFound | ErrorCode::EntityIsDeleted)
    );
    if response.is_repeated() && gone {
        Ok(())
    } else {
        Err(error)
    }
}
