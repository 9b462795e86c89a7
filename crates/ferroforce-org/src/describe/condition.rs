//! Answers that a client has already: ETags, `Last-Modified`, and 304.

use http::HeaderMap;
use http::header::{
    ETAG, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE,
    LAST_MODIFIED,
};
use jiff::Timestamp;
use jiff::fmt::rfc2822;

/// What tells one state of an answer from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Validators {
    etag: String,
    modified: Timestamp,
}

impl Validators {
    /// Of a body that is as it is since a moment.
    pub(crate) fn new(body: &[u8], modified: Timestamp) -> Self {
        Self {
            etag: format!("\"{:08x}\"", fingerprint(body)),
            modified,
        }
    }

    /// The headers that tell the client.
    pub(crate) fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let modified = rfc2822::DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&self.modified)
            .ok();
        [(ETAG, Some(self.etag.clone())), (LAST_MODIFIED, modified)]
            .into_iter()
            .filter_map(|(name, value)| Some((name, HeaderValue::try_from(value?).ok()?)))
            .collect()
    }

    /// Whether the client has this very answer, so that 304 says enough. As HTTP has it,
    /// `If-Modified-Since` counts only without `If-None-Match`.
    pub(crate) fn are_known_to(&self, client: &HeaderMap) -> bool {
        if let Some(tags) = client.get(IF_NONE_MATCH) {
            return tags.to_str().is_ok_and(|tags| self.is_among(tags));
        }
        moment(client, IF_MODIFIED_SINCE)
            .is_some_and(|since| self.modified.as_second() <= since.as_second())
    }

    /// Whether the client wants an answer only if it has not changed since a moment, and it has.
    pub(crate) fn are_too_new_for(&self, client: &HeaderMap) -> bool {
        moment(client, IF_UNMODIFIED_SINCE)
            .is_some_and(|since| self.modified.as_second() > since.as_second())
    }

    /// A tag counts whether weak or strong, and whether or not it names the encoding
    /// (`"1a2b3c4d--gzip"`).
    fn is_among(&self, tags: &str) -> bool {
        let own = self.etag.trim_matches('"');
        tags.split(',').map(str::trim).any(|tag| {
            let tag = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"');
            tag == "*" || tag == own || tag.strip_suffix("--gzip") == Some(own)
        })
    }
}

/// The moment in a header.
fn moment(client: &HeaderMap, name: HeaderName) -> Option<Timestamp> {
    let date = client.get(name)?.to_str().ok()?;
    rfc2822::DateTimeParser::new().parse_timestamp(date).ok()
}

/// FNV-1a: the same on every machine and in every run.
fn fingerprint(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}
