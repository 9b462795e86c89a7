use std::fmt;

use serde::{Deserialize, Serialize};

use super::QueryHandle;

/// How far the results of a query job were read: a value to be kept, so that another
/// run of the program goes on behind the last row. Made by
/// [`BulkRows::cursor`](super::BulkRows::cursor), taken up by
/// [`QueryJob::resume`](super::QueryJob::resume).
///
/// It is written by `serde` and holds no token, no query and no value of a field.
/// Salesforce keeps results for seven days.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultCursor {
    pub(super) job: QueryHandle,
    /// Where the page is. The first one may have no address.
    pub(super) page: Option<String>,
    /// How many rows a page has at most, where that was asked for.
    pub(super) page_rows: u32,
    /// Whether pages are as Salesforce lists them.
    pub(super) listed: bool,
    /// How many rows of the page have been read.
    pub(super) index: u64,
    /// How many rows of the results have been read.
    pub(super) number: u64,
}

impl ResultCursor {
    /// The job that the results are of.
    pub fn job(&self) -> &QueryHandle {
        &self.job
    }

    /// How many rows have been read.
    pub fn rows_read(&self) -> u64 {
        self.number
    }
}

impl fmt::Debug for ResultCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResultCursor")
            .field("job", &self.job.id())
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}
