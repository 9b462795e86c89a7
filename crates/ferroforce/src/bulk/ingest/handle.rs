use serde::{Deserialize, Serialize};

use super::part::Slice;
use super::settings::{NullCell, Settings};
use crate::bulk::job::{JobId, JobInfo, JobState, NewJob};

/// A load that was begun, to be kept and taken up again, by another process if need be.
///
/// It holds the ids of the jobs and which part of the source each has, and neither a
/// token nor a row. It is serialized by `serde`; what it is made of may change between
/// versions of this crate. Made by [`Loading::handle`](super::Loading::handle).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadHandle {
    pub(super) of: Identity,
    pub(super) jobs: Vec<Handed>,
    /// How many parts the source has, once it was read to its end.
    pub(super) parts: Option<u64>,
}

impl LoadHandle {
    /// The jobs, in the order of the source.
    pub fn jobs(&self) -> impl Iterator<Item = JobId> + '_ {
        self.jobs.iter().map(|handed| handed.job)
    }

    /// Whether the whole source was handed over. Otherwise the load goes on only where
    /// it is given its source again: see [`Load::resume`](super::Load::resume).
    #[must_use]
    pub fn is_handed_over(&self) -> bool {
        let handed = self.jobs.iter().filter(|job| job.closed).count();
        self.parts
            .is_some_and(|parts| u64::try_from(handed) == Ok(parts))
    }
}

/// What a load is of: its parts are found again only by the same settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(super) job: NewJob,
    pub(super) max_bytes: u64,
    pub(super) max_rows: u64,
    pub(super) null: NullCell,
    pub(super) columns: Option<Vec<String>>,
}

impl Identity {
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            job: settings.job.clone(),
            max_bytes: settings.bounds.bytes,
            max_rows: settings.bounds.records,
            null: settings.null,
            columns: settings.columns.clone(),
        }
    }
}

/// A part and the job that has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Handed {
    pub(super) slice: Slice,
    pub(super) job: JobId,
    /// The job has its data, and was told so.
    pub(super) closed: bool,
    /// How it ended.
    pub(super) ended: Option<Ended>,
}

impl Handed {
    /// What brings a ledger to know it.
    pub(super) fn entries(self) -> Vec<Entry> {
        let Self {
            slice,
            job,
            closed,
            ended,
        } = self;
        let part = slice.part;
        let mut entries = vec![Entry::Began { slice, job }];
        if closed {
            entries.push(Entry::Closed { part, job });
        }
        entries.extend(ended.map(|ended| Entry::Ended { part, job, ended }));
        entries
    }
}

/// A job that has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(super) info: Box<JobInfo>,
    /// Rows that nobody looked at, counted where there may be any.
    pub(super) unprocessed: u64,
}

impl Ended {
    /// Whether the job is known to have ended without having done anything.
    pub(super) fn is_void(&self) -> bool {
        self.info.state != JobState::JobComplete && self.info.number_records_processed == Some(0)
    }
}

/// What the journal of a load has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Entry {
    /// A job was created for this part: it is open, and has no data yet. One that was
    /// there for the same part is of no account any more.
    Began { slice: Slice, job: JobId },
    /// The job was told that it has its data.
    Closed { part: u64, job: JobId },
    /// The job has ended.
    Ended { part: u64, job: JobId, ended: Ended },
    /// The source was read to its end.
    Read { parts: u64 },
}
