use std::fmt;
use std::sync::Arc;

use tokio::task::JoinHandle;

use super::cut::{CsvCutter, Cutter, RowCutter, Told};
use super::drive::{await_jobs, drive};
use super::hand_over::Lane;
use super::handle::{Identity, LoadHandle};
use super::ledger::Ledger;
use super::loaded::Loaded;
use super::progress::{LoadProgress, LoadProgressStream};
use super::settings::Settings;
use super::{Input, Load};
use crate::bulk::csv::write::{Columns, Sheet, Style};
use crate::bulk::job::JobId;
use crate::client::Salesforce;
use crate::error::{Error, ErrorKind, Result};

/// A load under way, made by [`Load::start`]: a task of the runtime cuts the source,
/// hands its parts over and waits for their jobs.
///
/// Dropping it ends that task. Jobs that have their data go on without it; one that has
/// not stays open and does nothing. Keep the [`handle`](Self::handle), or a
/// [journal](super::Ingest::journal), to go on later.
#[must_use = "dropping it ends the load"]
pub struct Loading {
    client: Salesforce,
    settings: Arc<Settings>,
    ledger: Arc<Ledger>,
    task: Option<JoinHandle<Result<Arc<Settings>>>>,
    outcome: Option<Result<()>>,
}

impl Loading {
    /// Begins; what is wrong is told by whoever waits.
    pub(super) fn start(load: Load) -> Self {
        let Load {
            client,
            settings,
            input,
            handle,
        } = load;
        let of = Identity::of(&settings);
        let (ledger, refused) = match Ledger::new(of.clone(), handle) {
            Ok(ledger) => (ledger, None),
            Err(error) => (Ledger::empty(of), Some(error)),
        };
        let (lane_client, lane_ledger) = (client.clone(), Arc::clone(&ledger));
        let given = settings.clone();
        let work = async move {
            let _over = Over(Arc::clone(&lane_ledger));
            if let Some(error) = refused {
                return Err(error);
            }
            let mut settings = given;
            settings.check(lane_client.api_version())?;
            if let Some(path) = &settings.journal {
                lane_ledger.open_journal(path).await?;
            }
            let cutter = match input {
                Some(input) => Some(open(input, &mut settings).await?),
                None if lane_ledger.handle().is_handed_over() => None,
                None => return Err(without_source().with_jobs(lane_ledger.unfinished())),
            };
            let settings = Arc::new(settings);
            let lane = Lane {
                client: lane_client,
                settings: Arc::clone(&settings),
                ledger: lane_ledger,
            };
            match cutter {
                Some(cutter) => drive(lane, cutter).await?,
                None => await_jobs(lane).await?,
            }
            Ok(settings)
        };
        Self {
            client,
            settings: Arc::new(settings),
            ledger,
            task: Some(tokio::spawn(work)),
            outcome: None,
        }
    }

    /// Waits until all jobs have ended, however long that takes, unless the load's
    /// [`Poll`](crate::bulk::Poll) has a timeout.
    ///
    /// It may be cancelled and called again.
    ///
    /// # Errors
    /// [`ErrorKind::JobFailed`] where a job did not complete: further jobs are not begun
    /// then. [`ErrorKind::Incomplete`] where rows are in none of the results. What befalls
    /// the source, the requests and the disk. The error names the jobs that are concerned;
    /// what has ended, and how, is in [`so_far`](Self::so_far). Rows that Salesforce
    /// refused are no error: they are counted in what this gives.
    pub async fn wait(&mut self) -> Result<Loaded> {
        if let Some(task) = &mut self.task {
            let ended = task.await.unwrap_or_else(|lost| {
                let what = if lost.is_panic() {
                    "the task of the load panicked"
                } else {
                    "the runtime dropped the task of the load"
                };
                let jobs = self.ledger.unfinished();
                Err(Error::new(ErrorKind::Interrupted, what)
                    .with_source(lost)
                    .with_jobs(jobs))
            });
            self.task = None;
            self.outcome = Some(ended.map(|settings| self.settings = settings));
        }
        if let Some(Err(error)) = &self.outcome {
            return Err(error.clone());
        }
        let loaded = self.so_far();
        loaded.check()?;
        Ok(loaded)
    }

    /// The jobs that were begun so far.
    pub fn jobs(&self) -> Vec<JobId> {
        self.ledger.handle().jobs().collect()
    }

    /// The load as it stands, to be kept and taken up again.
    pub fn handle(&self) -> LoadHandle {
        self.ledger.handle()
    }

    /// How far it has come, as it comes further.
    pub fn progress(&self) -> LoadProgressStream {
        LoadProgressStream::new(self.ledger.watch())
    }

    /// How far it has come.
    pub fn progress_now(&self) -> LoadProgress {
        self.ledger.watch().borrow().progress
    }

    /// What the jobs came to that have ended so far.
    pub fn so_far(&self) -> Loaded {
        let settings = Arc::clone(&self.settings);
        Loaded::new(
            self.client.clone(),
            settings,
            self.ledger.handle().jobs,
            self.ledger.refused(),
        )
    }
}

fn without_source() -> Error {
    Error::invalid_input(
        "not all of the source was handed over; start the load with its source and this handle",
    )
}

/// Tells that the task has ended, however.
struct Over(Arc<Ledger>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Opens the source. How CSV is written is for its job to say.
async fn open(input: Input, settings: &mut Settings) -> Result<Cutter> {
    let bounds = settings.bounds.clone();
    match input {
        Input::Rows(feed) => {
            let columns = match &settings.columns {
                Some(names) => Columns::declared(names.iter().cloned())
                    .map_err(|refusal| Error::invalid_input(refusal.0))?,
                None => Columns::default(),
            };
            let style = Style {
                delimiter: settings.job.column_delimiter,
                line_ending: settings.job.line_ending,
                null: settings.null.text(),
            };
            let sheet = Sheet::new(style, columns);
            Ok(Cutter::Rows(Box::new(RowCutter::new(feed, sheet, bounds))))
        }
        Input::Csv(source) => {
            let told = Told {
                delimiter: settings.delimiter,
                line_ending: settings.line_ending,
            };
            let cutter = CsvCutter::open(source.0, told, bounds).await?;
            let dialect = cutter.dialect();
            settings.job.column_delimiter = dialect.delimiter;
            settings.job.line_ending = dialect.line_end;
            Ok(Cutter::Csv(Box::new(cutter)))
        }
    }
}

impl Drop for Loading {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl fmt::Debug for Loading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loading")
            .field("progress", &self.progress_now())
            .finish_non_exhaustive()
    }
}
