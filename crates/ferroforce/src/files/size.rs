//! How large files may be.

use crate::error::{Error, Result};

const MIB: u64 = 1024 * 1024;

/// A file of Salesforce Files, sent as multipart.
const CONTENT_VERSION: u64 = 2048 * MIB;

/// Any other blob, sent as multipart.
const BLOB: u64 = 500 * MIB;

/// What Salesforce takes as base64 within JSON: 50 MB of text, which are as many
/// bytes.
pub(super) const BASE64: u64 = 50 * MIB / 4 * 3;

/// The most that one multipart request for a record of this object carries.
pub(super) fn limit(sobject: &str) -> u64 {
    if sobject.eq_ignore_ascii_case("ContentVersion") {
        CONTENT_VERSION
    } else {
        BLOB
    }
}

pub(super) fn check(bytes: u64, limit: u64) -> Result<()> {
    if bytes <= limit {
        return Ok(());
    }
    Err(Error::invalid_input(too_large(limit)))
}

pub(super) fn too_large(limit: u64) -> String {
    format!(
        "the file is larger than the {} MB that Salesforce takes in such a request",
        limit as f64 / MIB as f64
    )
}
