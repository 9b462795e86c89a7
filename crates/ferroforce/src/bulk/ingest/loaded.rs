use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::cut::Refused;
use super::handle::{Ended, Handed};
use super::join::LoadJoin;
use super::retry::RetryRows;
use super::settings::Settings;
use crate::bulk::job::ops::ResultKind;
use crate::bulk::job::{JobInfo, JobState};
use crate::bulk::results::{self, FailedRow, JoinBy, Place, ResultRows, ResultsOf, Succeeded};
use crate::client::Salesforce;
use crate::error::{Error, ErrorKind, Result};

/// What a load came to: the jobs as they ended, and the way to their results.
///
/// Results stay in the org for 7 days, or until the job is
/// [deleted](crate::bulk::Job::delete).
#[derive(Clone)]
#[must_use = "rows of it may have failed"]
pub struct Loaded {
    client: Salesforce,
    settings: Arc<Settings>,
    jobs: Vec<Handed>,
    refused: Vec<Refused>,
}

/// Rows, by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadCounts {
    /// Rows that were sent. They are one of the following four each.
    pub sent: u64,
    /// Rows that were written.
    pub successful: u64,
    /// Rows that Salesforce refused.
    pub failed: u64,
    /// Rows that nobody looked at, because their job failed or was aborted.
    pub unprocessed: u64,
    /// Rows of which Salesforce says nothing, as it is with those beyond the daily
    /// allocation of batches.
    pub unaccounted: u64,
    /// Rows that could not be sent, and are not among those that were.
    pub refused: u64,
}

/// Where results were [saved](Loaded::save).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SavedResults {
    /// The rows that were written.
    pub successful: PathBuf,
    /// The rows that Salesforce refused.
    pub failed: PathBuf,
    /// The rows that nobody looked at.
    pub unprocessed: PathBuf,
}

impl Loaded {
    pub(super) fn new(
        client: Salesforce,
        settings: Arc<Settings>,
        mut jobs: Vec<Handed>,
        refused: Vec<Refused>,
    ) -> Self {
        jobs.retain(|handed| handed.ended.is_some());
        Self {
            client,
            settings,
            jobs,
            refused,
        }
    }

    fn ended(&self) -> impl Iterator<Item = (&Handed, &Ended)> {
        let jobs = self.jobs.iter();
        jobs.filter_map(|handed| Some((handed, handed.ended.as_ref()?)))
    }

    /// The jobs as they ended, in the order of the source.
    pub fn jobs(&self) -> impl Iterator<Item = &JobInfo> {
        self.ended().map(|(_, ended)| &*ended.info)
    }

    /// Rows, by what became of them: `sent` is the sum of `successful`, `failed`,
    /// `unprocessed` and `unaccounted`.
    pub fn counts(&self) -> LoadCounts {
        let mut all = LoadCounts {
            refused: u64::try_from(self.refused.len()).unwrap_or(u64::MAX),
            ..LoadCounts::default()
        };
        for (handed, ended) in self.ended() {
            let counts = counts(handed, ended);
            all.sent += counts.sent;
            all.successful += counts.successful;
            all.failed += counts.failed;
            all.unprocessed += counts.unprocessed;
            all.unaccounted += counts.unaccounted;
        }
        all
    }

    /// The rows that could not be sent, by their place in the source (from 0), and why.
    pub fn refused(&self) -> impl Iterator<Item = (u64, &Error)> {
        self.refused
            .iter()
            .map(|refused| (refused.row, &refused.error))
    }

    /// The counts, if every row was written.
    ///
    /// # Errors
    /// A job that failed, and rows that failed, were not looked at, are unaccounted for,
    /// or could not be sent.
    pub fn all_succeeded(&self) -> Result<LoadCounts> {
        self.check()?;
        if let Some((_, error)) = self.refused().next() {
            return Err(error.clone());
        }
        let counts = self.counts();
        if counts.successful == counts.sent {
            return Ok(counts);
        }
        let LoadCounts {
            sent,
            failed,
            unprocessed,
            ..
        } = counts;
        let jobs = self.ended().filter(|(handed, ended)| {
            let counts = self::counts(handed, ended);
            counts.successful < counts.sent
        });
        let message =
            format!("of {sent} rows {failed} failed, and {unprocessed} were not looked at");
        Err(Error::new(ErrorKind::Api, message).with_jobs(jobs.map(|(handed, _)| handed.job)))
    }

    /// Whether the jobs are complete, and tell of all rows.
    pub(super) fn check(&self) -> Result<()> {
        let failures = self.jobs().filter_map(JobInfo::failure);
        let failed: Vec<Error> = failures.collect();
        if let Some(first) = failed.first() {
            let jobs = failed.iter().flat_map(|error| error.jobs().iter().copied());
            return Err(first.clone().with_jobs(jobs));
        }
        for (handed, ended) in self.ended() {
            let counts = counts(handed, ended);
            let told = counts.successful + counts.failed + counts.unprocessed;
            if told != counts.sent {
                let message = format!(
                    "{} rows were sent, and {told} are in the results",
                    counts.sent
                );
                return Err(Error::new(ErrorKind::Incomplete, message).with_job(handed.job));
            }
        }
        Ok(())
    }

    /// The rows that were written, with their ids.
    pub fn successful<T: DeserializeOwned + Send + 'static>(&self) -> ResultRows<Succeeded<T>> {
        results::successful(self.place(ResultKind::Successful))
    }

    /// The rows that Salesforce refused, and why.
    pub fn failed<T: DeserializeOwned + Send + 'static>(&self) -> ResultRows<FailedRow<T>> {
        results::failed(self.place(ResultKind::Failed))
    }

    /// The rows that nobody looked at.
    pub fn unprocessed<T: DeserializeOwned + Send + 'static>(&self) -> ResultRows<T> {
        results::unprocessed(self.place(ResultKind::Unprocessed))
    }

    /// Sends rows that failed once more: those that met a locked record, unless
    /// [others](RetryRows::codes) are named.
    pub fn retry(&self) -> RetryRows {
        RetryRows::new(self)
    }

    /// Puts the results to the rows of the source, which is given once more: they come in
    /// no particular order.
    pub fn join(&self, by: JoinBy) -> LoadJoin {
        LoadJoin::new(self.clone(), by)
    }

    /// Writes the results into three files of `folder`, which only their owner may read:
    /// `successful.csv` with the columns `sf__Id` and `sf__Created`, `failed.csv` with
    /// `sf__Id` and `sf__Error`, and `unprocessed.csv`, each with the columns of the rows.
    /// They have commas and line feeds. A file that is there is replaced.
    ///
    /// # Errors
    /// What befalls the results, and the disk.
    pub async fn save(&self, folder: impl AsRef<Path>) -> Result<SavedResults> {
        let folder = folder.as_ref();
        let saved = SavedResults {
            successful: folder.join("successful.csv"),
            failed: folder.join("failed.csv"),
            unprocessed: folder.join("unprocessed.csv"),
        };
        for (kind, path) in [
            (ResultKind::Successful, &saved.successful),
            (ResultKind::Failed, &saved.failed),
            (ResultKind::Unprocessed, &saved.unprocessed),
        ] {
            results::save(self.place(kind), kind, path).await?;
        }
        Ok(saved)
    }

    pub(super) fn spill_to(&mut self, folder: &Path) {
        Arc::make_mut(&mut self.settings).bounds.folder = Some(folder.to_owned());
    }

    pub(super) fn client(&self) -> &Salesforce {
        &self.client
    }

    pub(super) fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    /// Where results of one kind are, and how many.
    pub(super) fn place(&self, kind: ResultKind) -> Place {
        let jobs = self.ended().map(|(handed, ended)| {
            let counts = counts(handed, ended);
            let rows = match kind {
                ResultKind::Successful => counts.successful,
                ResultKind::Failed => counts.failed,
                ResultKind::Unprocessed => counts.unprocessed,
            };
            ResultsOf {
                job: handed.job,
                dialect: ended.info.dialect(),
                rows,
            }
        });
        Place {
            client: self.client.clone(),
            jobs: jobs.collect(),
            folder: self.settings.bounds.folder.clone(),
        }
    }
}

fn counts(handed: &Handed, ended: &Ended) -> LoadCounts {
    let sent = handed.slice.records;
    let failed = ended.info.number_records_failed.unwrap_or(0);
    let processed = ended.info.number_records_processed.unwrap_or(0);
    let successful = processed.saturating_sub(failed);
    let unprocessed = ended.unprocessed;
    LoadCounts {
        sent,
        successful,
        failed,
        unprocessed,
        unaccounted: sent.saturating_sub(successful + failed + unprocessed),
        refused: 0,
    }
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let states: Vec<&JobState> = self.jobs().map(|job| &job.state).collect();
        f.debug_struct("Loaded")
            .field("counts", &self.counts())
            .field("jobs", &states)
            .finish_non_exhaustive()
    }
}
