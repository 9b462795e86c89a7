use std::fmt;

use serde::{Deserialize, Serialize};

use super::page::RawPage;
use crate::error::{Error, Result};
use crate::op::Op;

/// How far the rows of a query have been read: a value to be kept, so that another
/// run of the program goes on behind the last row. Made by
/// [`Rows::cursor`](super::Rows::cursor), taken up by
/// [`Query::resume`](super::Query::resume).
///
/// It is written by `serde` and holds no token, no query and no value of a field:
/// the address of a page, some numbers, and fingerprints of the query and of the
/// last row. Salesforce keeps pages for two days; after that, going on is an error.
/// A first page has no address; it is asked for anew, and if the last row is no
/// longer where it was, going on is an error too. So no row comes twice and none
/// is left out.
///
/// ```no_run
/// # async fn run(salesforce: ferroforce::Salesforce) -> Result<(), Box<dyn std::error::Error>> {
/// use ferroforce::Record;
/// use ferroforce::query::Cursor;
///
/// let mut query = salesforce.query("SELECT Id, Name FROM Account ORDER BY Id");
/// if let Ok(kept) = std::fs::read_to_string("cursor.json") {
///     query = query.resume(serde_json::from_str::<Cursor>(&kept)?);
/// }
/// let mut rows = query.rows::<Record>();
/// while let Some(row) = rows.next().await {
///     // … do something that lasts with row?, and then:
///     std::fs::write("cursor.json", serde_json::to_string(&rows.cursor())?)?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Where the page is. The first one has no address.
    pub(super) page: Option<String>,
    /// How many rows of the page have been read.
    pub(super) index: u64,
    /// How many rows of the query have been read.
    pub(super) number: u64,
    pub(super) total_size: Option<u64>,
    /// What was asked.
    pub(super) query: u64,
    /// The row before the next one, if that is of the same page.
    pub(super) last: Option<u64>,
}

impl Cursor {
    /// How many rows have been read.
    pub fn rows_read(&self) -> u64 {
        self.number
    }

    pub(super) fn at_start(query: u64) -> Self {
        Self {
            page: None,
            index: 0,
            number: 0,
            total_size: None,
            query,
            last: None,
        }
    }

    pub(super) fn check(&self, query: u64) -> Result<()> {
        if self.query == query {
            return Ok(());
        }
        Err(Error::invalid_input(
            "the cursor belongs to another query: its text, its values or what it includes differ",
        ))
    }
}

/// What tells one query from another, whichever program asks it.
pub(super) fn of_query(op: &Op<RawPage>) -> u64 {
    let mut hash = Fingerprint::default();
    hash.add(op.path().as_bytes());
    for (name, value) in op.query_pairs() {
        hash.add(name.as_bytes());
        hash.add(value.as_bytes());
    }
    hash.0
}

/// What tells one row from another, whatever happens to its fields meanwhile.
pub(super) fn of_row(row: &[u8]) -> u64 {
    #[derive(Deserialize)]
    struct Row<'a> {
        #[serde(borrow)]
        attributes: Attributes<'a>,
    }
    #[derive(Deserialize)]
    struct Attributes<'a> {
        url: &'a str,
    }
    let mut hash = Fingerprint::default();
    match serde_json::from_slice::<Row<'_>>(row) {
        Ok(row) => hash.add(row.attributes.url.as_bytes()),
        Err(_) => hash.add(row),
    }
    hash.0
}

/// FNV-1a, which is the same in every build.
pub(crate) struct Fingerprint(u64);

impl Default for Fingerprint {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fingerprint {
    pub(crate) fn value(&self) -> u64 {
        self.0
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        // An end that no text holds, so that ("ab", "c") and ("a", "bc") differ.
        for byte in bytes.iter().chain(&[0xff]) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cursor")
            .field("number", &self.number)
            .field("total_size", &self.total_size)
            .finish_non_exhaustive()
    }
}
