//! Records in, by whichever way fits their number.

mod collections;

use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::pin::Pin;

use futures_core::Stream;
use futures_util::{StreamExt, stream};
use serde::Serialize;

use super::ingest::{Ingest, LoadCounts, Loaded};
use super::job::{JobOperation, NewJob};
use crate::client::Salesforce;
use crate::composite::IntoRecordStream;
use crate::error::{Error, Result};
use crate::events::{ChoiceEvent, Event};

/// So many rows are few: they take ten requests at most.
const FEW: usize = 2_000;

/// How records get in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LoadWay {
    /// Requests with 200 records each, answered at once.
    Collections,
    /// Bulk API 2.0: jobs that Salesforce works on by itself.
    Bulk,
}

/// Records in, by whichever way fits their number. Made by [`Salesforce::load`].
///
/// Up to 2,000 rows go through [collections](crate::composite::RecordStream), more through
/// [bulk jobs](crate::bulk::Ingest); [`Event::Choice`] tells which and why. What is
/// promised depends on the way (what a null and an empty text do to a field does not: see
/// [`Ingest::nulls`]):
///
/// * Through bulk, with a [journal](Ingest::journal), each row is processed once, also where
///   the program is killed and begins again.
/// * An update, and an upsert by an external id, may be done again from the beginning,
///   whichever the way: the second time finds what the first one did.
/// * **A plain insert through collections cannot be taken up.** A request that ended unclear
///   is not repeated: each of its rows has an error that
///   [says so](Error::may_have_been_processed). A program that was killed does not know
///   which rows were created; begun again it creates them twice. Where that matters, take
///   bulk with a journal, or upsert by an external id.
///
/// ```no_run
/// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
/// use ferroforce::bulk::NewJob;
/// use serde_json::json;
///
/// let rows = (0..10_000).map(|n| json!({"LastName": "Doe", "Key__c": format!("D-{n}")}));
/// let report = salesforce
///     .load(NewJob::upsert("Contact", "Key__c"))
///     .with_bulk(|bulk| bulk.journal("contacts.journal"))
///     .rows(rows)
///     .await?;
/// println!("{:?}: {:?}", report.way(), report.counts());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Loader {
    client: Salesforce,
    ingest: Ingest,
    job: NewJob,
    way: Option<LoadWay>,
    few: usize,
}

impl Loader {
    pub(super) fn new(client: Salesforce, job: NewJob) -> Self {
        Self {
            ingest: Ingest::new(client.clone(), job.clone()),
            client,
            job,
            way: None,
            few: FEW,
        }
    }

    /// Takes this way, whatever the number of rows.
    #[must_use]
    pub fn through(mut self, way: LoadWay) -> Self {
        self.way = Some(way);
        self
    }

    /// How many rows go through collections at most. So many are held in memory until it
    /// is known how many there are. Default 2,000.
    #[must_use]
    pub fn few(mut self, rows: usize) -> Self {
        self.few = rows;
        self
    }

    /// Settings for the case that bulk is taken. A journal decides for bulk, since nothing
    /// else can keep its promise.
    #[must_use]
    pub fn with_bulk(mut self, settings: impl FnOnce(Ingest) -> Ingest) -> Self {
        self.ingest = settings(self.ingest);
        self
    }

    /// Rows of an iterator.
    pub fn rows<I, T>(self, rows: I) -> ChoosingLoad
    where
        I: IntoIterator<Item = T, IntoIter: Send + 'static>,
        T: Serialize + Send + Sync + 'static,
    {
        self.stream(rows.into_stream())
    }

    /// Rows of a stream.
    pub fn stream<S, T>(self, rows: S) -> ChoosingLoad
    where
        S: Stream<Item = T> + Send + 'static,
        T: Serialize + Send + Sync + 'static,
    {
        ChoosingLoad(Box::pin(self.run(rows)))
    }

    async fn run<S, T>(self, rows: S) -> Result<LoadReport>
    where
        S: Stream<Item = T> + Send + 'static,
        T: Serialize + Send + Sync + 'static,
    {
        let mut rows: Pin<Box<dyn Stream<Item = T> + Send>> = Box::pin(rows);
        let mut first = Vec::new();
        let hard = self.job.operation == JobOperation::HardDelete;
        let decided = match self.way {
            Some(LoadWay::Collections) if hard => {
                return Err(Error::invalid_input(
                    "collections delete no record for good",
                ));
            }
            Some(way) => Some((way, "as the program says")),
            None if self.ingest.has_journal() => Some((LoadWay::Bulk, "it keeps a journal")),
            None if hard => Some((LoadWay::Bulk, "nothing else deletes for good")),
            None => None,
        };
        let (way, why) = match decided {
            Some(decided) => decided,
            None => {
                while first.len() <= self.few
                    && let Some(row) = poll_fn(|cx| rows.as_mut().poll_next(cx)).await
                {
                    first.push(row);
                }
                if first.len() <= self.few {
                    (LoadWay::Collections, "there are few rows")
                } else {
                    (LoadWay::Bulk, "there are many rows")
                }
            }
        };
        self.client.emit(|| {
            Event::Choice(ChoiceEvent {
                operation: "load",
                chosen: match way {
                    LoadWay::Collections => "collections",
                    LoadWay::Bulk => "Bulk API 2.0",
                },
                why: why.into(),
                rows: (decided.is_none() && way == LoadWay::Collections)
                    .then(|| u64::try_from(first.len()).unwrap_or(u64::MAX)),
                remark: None,
            })
        });
        let rows = stream::iter(first).chain(rows);
        match way {
            LoadWay::Bulk => Ok(LoadReport(Report::Bulk(self.ingest.stream(rows).await?))),
            LoadWay::Collections => {
                let outcome =
                    collections::load(&self.client, &self.job, self.ingest.null_cell(), rows)
                        .await?;
                Ok(LoadReport(Report::Collections(outcome)))
            }
        }
    }
}

/// A load that is ready to go: `.await` chooses its way and does it.
#[must_use = "nothing is done until it is awaited"]
pub struct ChoosingLoad(Pin<Box<dyn Future<Output = Result<LoadReport>> + Send>>);

impl IntoFuture for ChoosingLoad {
    type Output = Result<LoadReport>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        self.0
    }
}

impl fmt::Debug for ChoosingLoad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChoosingLoad")
    }
}

/// What a load came to, whichever way it took.
#[derive(Debug, Clone)]
#[must_use = "rows of it may have failed"]
pub struct LoadReport(Report);

#[derive(Debug, Clone)]
enum Report {
    Bulk(Loaded),
    Collections(collections::Outcome),
}

impl LoadReport {
    /// The way that was taken.
    pub fn way(&self) -> LoadWay {
        match self.0 {
            Report::Bulk(_) => LoadWay::Bulk,
            Report::Collections(_) => LoadWay::Collections,
        }
    }

    /// Rows, by what became of them.
    pub fn counts(&self) -> LoadCounts {
        match &self.0 {
            Report::Bulk(loaded) => loaded.counts(),
            Report::Collections(outcome) => outcome.counts(),
        }
    }

    /// What the jobs came to, with the way to their results. Only for
    /// [`LoadWay::Bulk`].
    pub fn bulk(&self) -> Option<&Loaded> {
        match &self.0 {
            Report::Bulk(loaded) => Some(loaded),
            Report::Collections(_) => None,
        }
    }

    /// The rows that failed, by their place in the source (from 0). For
    /// [`LoadWay::Bulk`] those that could not be sent; the others are in its
    /// [results](Loaded::failed).
    pub fn errors(&self) -> Vec<(u64, &Error)> {
        match &self.0 {
            Report::Bulk(loaded) => loaded.refused().collect(),
            Report::Collections(outcome) => outcome.errors(),
        }
    }

    /// The counts, if every row was written.
    ///
    /// # Errors
    /// The error of the first row that failed, or that of [`Loaded::all_succeeded`].
    pub fn all_succeeded(&self) -> Result<LoadCounts> {
        match &self.0 {
            Report::Bulk(loaded) => loaded.all_succeeded(),
            Report::Collections(outcome) => outcome.all_succeeded(),
        }
    }
}

impl Salesforce {
    /// Records in, by whichever way fits their number: collections or bulk jobs.
    ///
    /// `job` says what to do with which object, [`NewJob::upsert`] for example.
    pub fn load(&self, job: NewJob) -> Loader {
        Loader::new(self.clone(), job)
    }
}
