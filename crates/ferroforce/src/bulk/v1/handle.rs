use serde::{Deserialize, Serialize};

use super::super::JobId;
use super::batch::V1BatchId;
use super::cut::{Bounds, Cut};
use super::job::{NewV1Job, V1ContentType};
use crate::client::ApiVersion;
use crate::error::Result;

/// All that is needed to take up a load again once its rows are sent: a value to be kept,
/// by `serde`. It holds no token and no rows. Made by
/// [`V1Running::handle`](super::V1Running::handle).
///
/// While rows are being sent there is none; what takes up a load that was stopped then is
/// its [journal](super::V1Load::journal).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct V1Handle {
    pub(super) of: Of,
    pub(super) jobs: Vec<Handed>,
    /// All rows were sent.
    pub(super) complete: bool,
}

/// What a load is of: its batches are found again only by the same settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Of {
    job: NewV1Job,
    batch_rows: usize,
    batch_bytes: usize,
    version: u16,
}

/// A job and the batches that it took, in the order of their rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Handed {
    pub(super) job: JobId,
    pub(super) batches: Vec<Sent>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sent {
    pub(super) id: V1BatchId,
    pub(super) rows: u64,
    pub(super) data: Data,
}

/// What tells the data of one batch from that of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Data {
    bytes: usize,
    /// CRC-32.
    checksum: u32,
}

impl Data {
    pub(super) fn of(data: &[u8]) -> Self {
        Self {
            bytes: data.len(),
            checksum: crc32fast::hash(data),
        }
    }
}

impl Sent {
    pub(super) fn new(id: V1BatchId, cut: &Cut) -> Self {
        Self {
            id,
            rows: cut.rows,
            data: Data::of(&cut.data),
        }
    }
}

/// What the journal of a load has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Entry {
    /// A job was created. It has no batches yet, and the one before it takes none.
    Job(JobId),
    /// The last job has this batch.
    Batch(Sent),
    /// All rows were sent.
    Complete,
}

impl Of {
    pub(super) fn new(job: &NewV1Job, bounds: Bounds, version: ApiVersion) -> Self {
        Self {
            job: job.clone(),
            batch_rows: bounds.rows,
            batch_bytes: bounds.bytes,
            version: version.number(),
        }
    }
}

impl V1Handle {
    pub(super) fn new(of: Of) -> Self {
        Self {
            of,
            jobs: Vec::new(),
            complete: false,
        }
    }

    pub(super) fn enter(&mut self, entry: Entry) {
        match entry {
            Entry::Job(job) => self.jobs.push(Handed {
                job,
                batches: Vec::new(),
            }),
            Entry::Batch(sent) => {
                if let Some(last) = self.jobs.last_mut() {
                    last.batches.push(sent);
                }
            }
            Entry::Complete => self.complete = true,
        }
    }

    /// The jobs, in the order of their rows. Mostly it is one: another one is made where it
    /// was not clear whether a batch arrived, since a job that is closed takes no batch
    /// that comes late.
    pub fn jobs(&self) -> impl Iterator<Item = JobId> + '_ {
        self.jobs.iter().map(|handed| handed.job)
    }

    /// How many rows were sent.
    pub fn rows(&self) -> u64 {
        self.sent().map(|sent| sent.rows).sum()
    }

    pub(super) fn sent(&self) -> impl Iterator<Item = &Sent> {
        self.jobs.iter().flat_map(|handed| &handed.batches)
    }

    pub(super) fn job(&self) -> &NewV1Job {
        &self.of.job
    }

    pub(super) fn content_type(&self) -> V1ContentType {
        self.of.job.content_type
    }

    pub(super) fn version(&self) -> Result<ApiVersion> {
        ApiVersion::new(self.of.version)
    }
}
