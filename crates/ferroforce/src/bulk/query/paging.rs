use std::time::Duration;

/// How the results of a query job are fetched.
///
/// By default page after page: each tells where the next one is, and that one is
/// fetched while this one is read. [`parallel`](Self::parallel) fetches several at
/// once.
///
/// ```
/// use ferroforce::bulk::Paging;
///
/// let paging = Paging::new().parallel(4).any_order();
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paging {
    pub(super) page_rows: u32,
    pub(super) at_once: usize,
    pub(super) listed: bool,
    pub(super) ordered: bool,
    pub(super) strict: bool,
    pub(super) timeout: Option<Duration>,
}

impl Default for Paging {
    fn default() -> Self {
        Self {
            page_rows: 50_000,
            at_once: 2,
            listed: false,
            ordered: true,
            strict: false,
            timeout: None,
        }
    }
}

/// The most pages at once.
const MOST_AT_ONCE: usize = 20;

impl Paging {
    /// The default.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many rows a page has at most. Default 50,000. Pages are read as they come,
    /// so their size is no matter of memory. A page is what Salesforce has 20 minutes
    /// to send.
    #[must_use]
    pub fn page_rows(mut self, rows: u32) -> Self {
        self.page_rows = rows.max(1);
        self
    }

    /// Asks Salesforce for the addresses of all pages, as it cuts them, and fetches so
    /// many at once: 1 to 20. For API version 58.0 and later; before that the pages are
    /// fetched one after the other. Each page that waits for its turn takes up to 2 MiB
    /// of memory.
    #[must_use]
    pub fn parallel(mut self, pages: usize) -> Self {
        self.at_once = pages.clamp(1, MOST_AT_ONCE);
        self.listed = true;
        self
    }

    /// Gives rows as they come, whatever page they are of. Without it the order is
    /// Salesforce's. It has no [cursor](super::BulkRows::cursor).
    #[must_use]
    pub fn any_order(mut self) -> Self {
        self.ordered = false;
        self
    }

    pub(super) fn in_order(mut self) -> Self {
        self.ordered = true;
        self
    }

    /// Takes a page that does not tell how many rows it has for an error. Without it
    /// such a page is reported as a warning, and the rows of all pages together are
    /// compared with what the job says.
    #[must_use]
    pub fn require_counts(mut self) -> Self {
        self.strict = true;
        self
    }

    /// How long Salesforce may take to begin a page, and how long a page may rest
    /// between two pieces, instead of the client's setting. A page that rests longer is
    /// asked for again.
    #[must_use]
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = Some(time);
        self
    }
}
