//! Records in: any number, from anywhere, cut into jobs.

mod csv_source;
mod cut;
mod drive;
mod feed;
mod hand_over;
mod handle;
mod join;
mod ledger;
mod loaded;
mod loading;
mod part;
mod progress;
mod retry;
mod settings;

use std::error::Error as StdError;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use futures_core::Stream;
use serde::Serialize;

pub use csv_source::CsvSource;
pub use handle::LoadHandle;
pub use join::{Joining, LoadJoin};
pub use loaded::{LoadCounts, Loaded, SavedResults};
pub use loading::Loading;
pub use progress::{LoadProgress, LoadProgressStream};
pub use retry::RetryRows;
pub use settings::NullCell;

use self::feed::{Feed, Iterated, Streamed, TryStreamed};
use self::settings::Settings;
use super::job::{NewJob, Poll};
use super::{Delimiter, LineEnding};
use crate::client::Salesforce;
use crate::error::Result;
use crate::types::RecordId;

/// What is to be done with records, and how. Made by [`Bulk::insert`](super::Bulk::insert)
/// and its neighbours; give it a source, and [`Load`] does it.
///
/// ```no_run
/// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
/// use ferroforce::bulk::CsvSource;
///
/// let loaded = salesforce
///     .bulk()
///     .upsert("Contact", "External_Id__c")
///     .journal("contacts.journal")
///     .csv(CsvSource::path("contacts.csv"))
///     .await?;
/// println!("{:?}", loaded.counts());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Ingest {
    client: Salesforce,
    settings: Settings,
}

impl Ingest {
    pub(super) fn new(client: Salesforce, job: NewJob) -> Self {
        Self {
            client,
            settings: Settings::new(job),
        }
    }

    /// The assignment rule that decides whose an account, case or lead will be. For
    /// API version 49.0 and later. Without one, none applies.
    #[must_use]
    pub fn assignment_rule(mut self, id: RecordId) -> Self {
        self.settings.job = self.settings.job.assignment_rule(id);
        self
    }

    /// What stands between two cells. Default comma, or what a CSV source has.
    #[must_use]
    pub fn delimiter(mut self, delimiter: Delimiter) -> Self {
        self.settings.delimiter = Some(delimiter);
        self.settings.job = self.settings.job.delimiter(delimiter);
        self
    }

    /// What ends a row. Default line feed, or what a CSV source has.
    #[must_use]
    pub fn line_ending(mut self, ending: LineEnding) -> Self {
        self.settings.line_ending = Some(ending);
        self.settings.job = self.settings.job.line_ending(ending);
        self
    }

    /// The columns of rows, and no others: a row that has another field is
    /// [refused](Loaded::refused). Without it, they are found out as the rows come: a job
    /// has the columns of all its rows, and where a row brings a further one after some
    /// 4 MiB of rows, the next job begins with it.
    #[must_use]
    pub fn columns(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.settings.columns = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// What stands in a cell whose value is null. Default `#N/A`, which empties the
    /// field.
    #[must_use]
    pub fn nulls(mut self, cell: NullCell) -> Self {
        self.settings.null = cell;
        self
    }

    /// How many bytes a job has at most. Default 100,000,000; Salesforce takes
    /// 150,000,000 of base64, which it makes of them.
    #[must_use]
    pub fn max_job_bytes(mut self, bytes: u64) -> Self {
        self.settings.bounds.bytes = bytes;
        self
    }

    /// How many rows a job has at most. Default 150,000,000, which is what an org takes
    /// in 24 hours.
    #[must_use]
    pub fn max_job_rows(mut self, rows: u64) -> Self {
        self.settings.bounds.records = rows;
        self
    }

    /// How many jobs are under way at once, until they have ended: Salesforce works on
    /// several side by side. Default 4. With 1 they do not lock each other out.
    #[must_use]
    pub fn jobs_at_once(mut self, jobs: usize) -> Self {
        self.settings.jobs_at_once = jobs.max(1);
        self
    }

    /// Where parts of the source and results go that are too large for memory, in files
    /// without a name that only their owner may read. Default is the folder for
    /// temporary files.
    #[must_use]
    pub fn spill_to(mut self, folder: impl AsRef<Path>) -> Self {
        self.settings.bounds.folder = Some(folder.as_ref().to_owned());
        self
    }

    /// Keeps a journal at this path: a program that was stopped at any point, and starts
    /// the same load again, with the same source and journal, goes on where it was. Each
    /// row is processed once. The journal holds ids and counts, and no row.
    ///
    /// The source must give the same rows again, or that is an error. When the load is
    /// over the journal stays, and starting it again sends nothing; delete it to load
    /// anew. A job that failed before it did anything is made anew; one that failed later
    /// stays as it is, and its rest can be [sent](RetryRows::unprocessed).
    #[must_use]
    pub fn journal(mut self, path: impl AsRef<Path>) -> Self {
        self.settings.journal = Some(path.as_ref().to_owned());
        self
    }

    /// How jobs are waited for.
    #[must_use]
    pub fn poll(mut self, poll: Poll) -> Self {
        self.settings.poll = poll;
        self
    }

    /// Whether a job's data goes with the request that creates it, where it has no more
    /// than 100,000 bytes and there is no journal. It saves two requests of four.
    ///
    /// Default is to do so for updates, and upserts by an external id, which may be
    /// repeated; a repeated upsert may then tell of a record that it was not created.
    /// With `true` it is done for all, and a request that ended unclear is an error, since
    /// nobody knows the job: look at [`Bulk::jobs`](super::Bulk::jobs).
    #[must_use]
    pub fn in_one_request(mut self, wanted: bool) -> Self {
        self.settings.one_request = Some(wanted);
        self
    }

    /// How long an upload may rest between two pieces, and Salesforce may take to answer
    /// it, instead of the client's setting.
    #[must_use]
    pub fn upload_timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = Some(timeout);
        self
    }

    /// Rows of an iterator: structs and maps that `serde` writes, or
    /// [`Record`](crate::Record)s. The fields of a nested one are those of a parent, as
    /// `Account.Key__c`.
    pub fn rows<I>(self, rows: I) -> Load
    where
        I: IntoIterator<Item: Serialize, IntoIter: Send + 'static>,
    {
        self.from(Input::Rows(Box::new(Iterated(rows.into_iter()))))
    }

    /// Rows of a stream.
    pub fn stream<S>(self, rows: S) -> Load
    where
        S: Stream<Item: Serialize> + Send + 'static,
    {
        self.from(Input::Rows(Box::new(Streamed(Box::pin(rows)))))
    }

    /// Rows of a stream that may break off: an `Err` ends the load, and the rows before it
    /// that were handed over stay so.
    pub fn try_stream<S, T, E>(self, rows: S) -> Load
    where
        S: Stream<Item = std::result::Result<T, E>> + Send + 'static,
        T: Serialize,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.from(Input::Rows(Box::new(TryStreamed(Box::pin(rows)))))
    }

    /// Rows that are CSV already. Its first line is the header: names of fields, and of
    /// fields of parents (`Account.Key__c`, or `Lead:Who.Email` where the parent may be of
    /// several types).
    pub fn csv(self, source: CsvSource) -> Load {
        self.from(Input::Csv(source))
    }

    pub(super) fn null_cell(&self) -> NullCell {
        self.settings.null
    }

    pub(super) fn has_journal(&self) -> bool {
        self.settings.journal.is_some()
    }

    fn from(self, input: Input) -> Load {
        Load::new(self.client, self.settings, input)
    }
}

/// Where rows come from.
pub(crate) enum Input {
    Rows(Box<dyn Feed>),
    Csv(CsvSource),
}

/// An operation with its source, ready to go: `.await` does it and waits until it is
/// done.
///
/// Memory is bounded, whatever the number of rows: a part of the source that has more
/// than 4 MiB is on disk until its job has ended, unless the source is a file.
///
/// See [`Loading::wait`] for what an error means.
#[must_use = "nothing is done until it is awaited or started"]
pub struct Load {
    client: Salesforce,
    settings: Settings,
    input: Option<Input>,
    handle: Option<LoadHandle>,
}

impl Load {
    /// Without a source: everything was handed over.
    pub(super) fn taken_up(client: Salesforce, handle: LoadHandle) -> Self {
        let settings = Settings::of(&handle.of);
        Self {
            client,
            settings,
            input: None,
            handle: Some(handle),
        }
    }

    fn new(client: Salesforce, settings: Settings, input: Input) -> Self {
        Self {
            client,
            settings,
            input: Some(input),
            handle: None,
        }
    }

    /// Goes on with a load that was begun by another process, from the same source with
    /// the same settings: what the handle knows to be handed over is waited for, and none
    /// of it is sent twice. What was handed over after it was taken is not known to it and
    /// would be sent again, so take it when the load has ended, well or not; a program
    /// that may be killed at any moment wants a [journal](Ingest::journal).
    pub fn resume(mut self, handle: LoadHandle) -> Self {
        self.handle = Some(handle);
        self
    }

    /// Begins, and gives what there is to wait for at once.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(self) -> Loading {
        Loading::start(self)
    }
}

impl IntoFuture for Load {
    type Output = Result<Loaded>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.start().wait().await })
    }
}

impl fmt::Debug for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Load")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
