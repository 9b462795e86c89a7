use crate::error::{Error, Result};

/// How Salesforce divides a query by ranges of ids ("PK chunking"), for
/// [`BulkQuery::pk_chunking`](crate::bulk::BulkQuery::pk_chunking).
///
/// It takes custom objects and [the standard ones that Salesforce
/// lists](https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/async_api_headers_enable_pk_chunking.htm),
/// and queries of which `WHERE` is the only clause.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PkChunking {
    size: Option<u32>,
    parent: Option<String>,
    start_row: Option<String>,
}

const MOST: u32 = 250_000;

impl PkChunking {
    /// In chunks of 100,000 ids.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many ids a chunk has: 250,000 at the most. Rows that the query does not find
    /// count, so a chunk can have fewer rows, or none.
    #[must_use]
    pub fn chunk_size(mut self, ids: u32) -> Self {
        self.size = Some(ids);
        self
    }

    /// The object that a `Share` or `History` object belongs to.
    #[must_use]
    pub fn parent(mut self, object: impl Into<String>) -> Self {
        self.parent = Some(object.into());
        self
    }

    /// The id of 15 or 18 characters that the first chunk begins with.
    #[must_use]
    pub fn start_row(mut self, id: impl Into<String>) -> Self {
        self.start_row = Some(id.into());
        self
    }

    /// The value of the header.
    pub(super) fn header(&self) -> Result<String> {
        let mut parts = Vec::new();
        if let Some(size) = self.size {
            if !(1..=MOST).contains(&size) {
                return Err(Error::invalid_input(format!(
                    "a chunk of {size} ids: Salesforce takes 1 to {MOST}"
                )));
            }
            parts.push(format!("chunkSize={size}"));
        }
        for (name, value) in [("parent", &self.parent), ("startRow", &self.start_row)] {
            let Some(value) = value else { continue };
            if !value
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            {
                return Err(Error::invalid_input(format!(
                    "the {name} of PK chunking is none"
                )));
            }
            parts.push(format!("{name}={value}"));
        }
        Ok(if parts.is_empty() {
            "TRUE".to_owned()
        } else {
            parts.join("; ")
        })
    }
}
