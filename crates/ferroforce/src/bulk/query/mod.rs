//! Records that come out: query jobs and their results.
//!
//! <https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/query_create_job.htm>

mod csv;
mod cursor;
mod download;
mod elements;
mod job;
mod kinds;
mod ops;
mod page;
mod paging;
mod resumable;
mod rows;
mod text;
mod upcoming;

use std::fmt;
use std::path::Path;

use serde::de::DeserializeOwned;

pub use csv::BulkCsv;
pub use cursor::ResultCursor;
pub use job::{QueryHandle, QueryJob};
pub use paging::Paging;
pub use rows::{BulkRecords, BulkRows};

use super::v1::{self, PkChunking, V1ContentType};
use super::{Bulk, Delimiter, JobInfo, LineEnding, Poll};
use crate::client::Salesforce;
use crate::error::{Error, Result};
use crate::op::Op;
use crate::soql::Soql;
use download::{Plan, Start};

impl Bulk {
    /// A query whose rows Salesforce gathers in a job of its own: for results of any
    /// size.
    ///
    /// ```no_run
    /// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
    /// # #[derive(serde::Deserialize)]
    /// # struct Contact {}
    /// let mut contacts = salesforce
    ///     .bulk()
    ///     .query("SELECT Id, LastName, Account.Name FROM Contact WHERE CreatedDate > :since")
    ///     .bind("since", "2026-01-01T00:00:00Z".parse::<ferroforce::DateTime>()?)
    ///     .rows::<Contact>();
    /// while let Some(contact) = contacts.next().await {
    ///     let contact = contact?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn query(&self, soql: impl Into<Soql>) -> BulkQuery {
        BulkQuery {
            client: self.client.clone(),
            soql: soql.into(),
            deleted_too: false,
            delimiter: Delimiter::default(),
            line_ending: LineEnding::default(),
            chunking: None,
            json: false,
            poll: Poll::default(),
            paging: Paging::default(),
        }
    }

    /// Takes up a query job that this program or another has started.
    pub fn resume_query(&self, handle: QueryHandle) -> QueryJob {
        QueryJob::new(self.client.clone(), handle)
    }
}

/// A query on its way to become a job; made by [`Bulk::query`].
///
/// [`start`](Self::start) gives a [`QueryJob`] that can be taken up again. The other
/// finishers do it all: they start the job, wait for it and read its results.
///
/// Jobs take no `GROUP BY`, no `OFFSET`, no `TYPEOF`, no aggregates, no subqueries for
/// children and no compound fields such as `MailingAddress`. `LIMIT` and `ORDER BY`
/// keep Salesforce from dividing a query by ids, so that large ones may run out of
/// time.
#[must_use = "a query does nothing until one of its finishers sends it"]
pub struct BulkQuery {
    client: Salesforce,
    soql: Soql,
    deleted_too: bool,
    delimiter: Delimiter,
    line_ending: LineEnding,
    chunking: Option<PkChunking>,
    json: bool,
    poll: Poll,
    paging: Paging,
}

impl BulkQuery {
    crate::soql::placeholders!();

    fn edit(mut self, change: impl FnOnce(Soql) -> Soql) -> Self {
        self.soql = change(self.soql);
        self
    }

    /// Also rows that are in the recycle bin or archived (`queryAll`).
    pub fn include_deleted(mut self) -> Self {
        self.deleted_too = true;
        self
    }

    /// What stands between two cells of the results. Default comma; it makes a
    /// difference for [`csv`](Self::csv) and [`save`](Self::save) only.
    pub fn delimiter(mut self, delimiter: Delimiter) -> Self {
        self.delimiter = delimiter;
        self
    }

    /// What ends a row of the results. Default line feed; it makes a difference for
    /// [`csv`](Self::csv) and [`save`](Self::save) only.
    pub fn line_ending(mut self, ending: LineEnding) -> Self {
        self.line_ending = ending;
        self
    }

    /// Has Salesforce divide the query by ranges of ids, by Bulk API 1.0: for tables so
    /// large that a job of 2.0 runs out of time. `WHERE` is the only other clause that
    /// the query can have. All else is the same: handles, rows, results in a file.
    ///
    /// Rows come in the order of their chunks. A chunk that fails makes the whole an
    /// error, since what the others found would be a part of the rows only.
    ///
    /// <https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/async_api_headers_enable_pk_chunking.htm>
    pub fn pk_chunking(mut self, chunking: PkChunking) -> Self {
        self.chunking = Some(chunking);
        self
    }

    /// Has the results come as JSON, by Bulk API 1.0, which takes queries in chunks of ids
    /// and others. Then numbers and booleans of [`records`](Self::records) are told by the
    /// results themselves, at no further call, and types that tell null from an empty text
    /// find both. They cannot be read as [`csv`](Self::csv) or [saved](Self::save).
    ///
    /// Salesforce writes dates and moments in milliseconds since 1970 there, which
    /// [`Date`](crate::Date) and [`DateTime`](crate::DateTime) read as well.
    ///
    /// ```no_run
    /// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
    /// let query = "SELECT Id, NumberOfEmployees, Owner.Name FROM Account";
    /// let mut accounts = salesforce.bulk().query(query).json().records();
    /// while let Some(account) = accounts.next().await {
    ///     let account = account?;
    ///     let employees: Option<u32> = account.get("NumberOfEmployees")?;
    ///     let owner: Option<&str> = account.get("Owner.Name")?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn json(mut self) -> Self {
        self.json = true;
        self
    }

    /// How the job is waited for.
    pub fn poll(mut self, poll: Poll) -> Self {
        self.poll = poll;
        self
    }

    /// How its results are fetched.
    pub fn paging(mut self, paging: Paging) -> Self {
        self.paging = paging;
        self
    }

    /// Starts the job, and gives it back at once.
    ///
    /// # Errors
    /// What Salesforce says of the query, and what befalls the request. A job that was
    /// started twice because an answer was lost does no harm and ends by itself.
    pub async fn start(self) -> Result<QueryJob> {
        let version = self.client.api_version();
        let handle = match (self.chunking.clone(), self.json) {
            (None, false) => {
                let info = self.client.call(self.op()).await?;
                QueryHandle::new(&info, version, self.delimiter, self.line_ending)
            }
            (chunking, json) => {
                if (self.delimiter, self.line_ending) != Default::default() {
                    return Err(Error::invalid_input(
                        "Bulk API 1.0 knows commas and line feeds only",
                    ));
                }
                let format = if json {
                    V1ContentType::Json
                } else {
                    V1ContentType::Csv
                };
                let query = self.soql.render()?;
                let started =
                    v1::query::start(&self.client, &query, self.deleted_too, chunking, format);
                let (job, asked) = started.await?;
                QueryHandle::classic(job, version, asked)
            }
        };
        tracing::debug!(job = %handle.id(), "query job started");
        Ok(QueryJob::new(self.client, handle)
            .poll(self.poll)
            .paging(self.paging))
    }

    fn op(&self) -> Result<Op<JobInfo>> {
        ops::create(
            &self.soql,
            self.deleted_too,
            self.delimiter,
            self.line_ending,
            self.client.api_version(),
        )
    }

    fn plan(self) -> Plan {
        let client = self.client.clone();
        let (poll, paging) = (self.poll.clone(), self.paging.clone());
        Plan {
            client,
            start: Start::Query(Box::new(self)),
            poll,
            paging,
            from: None,
        }
    }

    /// The rows as a stream of `T`. The job is started when the first row is asked
    /// for; dropping the stream ends the fetching and not the job.
    ///
    /// A row that does not fit `T` is one `Err`, and the rows behind it still come. An
    /// error that ends the results is followed by the end: see
    /// [`BulkRows::handle`] for how to go on then.
    ///
    /// A type that reads the rows of a [query](Salesforce::query) reads these too:
    /// parents are nested, an empty cell is null. A [`Record`](crate::Record) is none of
    /// them unless the results are [JSON](Self::json); [`records`](Self::records) makes
    /// some.
    pub fn rows<T: DeserializeOwned>(self) -> BulkRows<T> {
        BulkRows::new(self.plan())
    }

    /// The rows as a stream of [`Record`](crate::Record)s, for columns that are not
    /// known when the program is written. Numbers and booleans are what the
    /// description of the object says, which costs a call for each object that the
    /// query names, unless the results are [JSON](Self::json).
    pub fn records(self) -> BulkRecords {
        BulkRecords::new(self.plan())
    }

    /// The results as one CSV text, with one header: a stream of bytes, and a
    /// `tokio::io::AsyncRead`.
    pub fn csv(self) -> BulkCsv {
        BulkCsv::new(self.plan())
    }

    /// Writes the results to a file as one CSV text, and gives back how many rows it
    /// has. What stood there is replaced when all have come, and stays as it is
    /// otherwise. Only its owner may read it.
    ///
    /// # Errors
    /// As [`rows`](Self::rows), and [`ErrorKind::Disk`](crate::ErrorKind::Disk).
    pub async fn save(self, path: impl AsRef<Path>) -> Result<u64> {
        let path = path.as_ref().to_owned();
        self.csv().save(path).await
    }

    /// As [`save`](Self::save), and crash-proof: how far it came is kept in `journal`,
    /// a file of its own. When the program was stopped, at any point and however, call
    /// this again with the same query and files: the job is taken up again, and what is
    /// missing is fetched, page by page. No row is missing then, and none is there
    /// twice. Once all is done, it does nothing more.
    ///
    /// Until then the rows are in a file beside `path`, whose name ends with `.part`. The
    /// journal holds no token, no query and no rows. Remove it to begin anew, which is
    /// necessary when Salesforce no longer has the job: it keeps results for seven days.
    ///
    /// # Errors
    /// As [`save`](Self::save), a journal of another query or file, and a file that is
    /// gone although its journal says that it is whole.
    pub async fn save_resumable(
        self,
        path: impl AsRef<Path>,
        journal: impl AsRef<Path>,
    ) -> Result<u64> {
        let (path, journal) = (path.as_ref().to_owned(), journal.as_ref().to_owned());
        resumable::save(self, &path, &journal).await
    }
}

impl fmt::Debug for BulkQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The query may hold values.
        f.debug_struct("BulkQuery")
            .field("paging", &self.paging)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
