//! What is known of a load: in memory, and in its journal where it has one.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::watch;

use super::cut::Refused;
use super::handle::{Ended, Entry, Handed, Identity, LoadHandle};
use super::part::Slice;
use super::progress::LoadProgress;
use crate::bulk::job::{JobId, JobInfo};
use crate::bulk::journal::{Journal, Kind};
use crate::error::{Error, Result};

#[derive(Debug)]
pub(super) struct Ledger {
    of: Identity,
    journal: OnceLock<Journal>,
    known: Mutex<Known>,
    progress: watch::Sender<Stand>,
}

/// How far the load has come, and whether that was all.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stand {
    pub(super) progress: LoadProgress,
    pub(super) over: bool,
}

#[derive(Debug, Default)]
struct Known {
    jobs: BTreeMap<u64, Handed>,
    /// What Salesforce said last of jobs that have not ended.
    running: BTreeMap<JobId, (u64, u64)>,
    parts: Option<u64>,
    refused: Vec<Refused>,
    rows_read: u64,
    over: bool,
}

impl Ledger {
    pub(super) fn empty(of: Identity) -> Arc<Self> {
        Self::knowing(of, Known::default())
    }

    fn knowing(of: Identity, known: Known) -> Arc<Self> {
        Arc::new(Self {
            of,
            journal: OnceLock::new(),
            progress: watch::Sender::new(known.stand()),
            known: Mutex::new(known),
        })
    }

    /// With what `handle` knows from before.
    pub(super) fn new(of: Identity, handle: Option<LoadHandle>) -> Result<Arc<Self>> {
        let mut known = Known::default();
        if let Some(handle) = handle {
            if handle.of != of {
                return Err(Error::invalid_input(
                    "the handle is of something else: another operation, object or setting",
                ));
            }
            known.parts = handle.parts;
            let jobs = handle.jobs.into_iter();
            known.jobs = jobs.map(|handed| (handed.slice.part, handed)).collect();
        }
        Ok(Self::knowing(of, known))
    }

    /// Takes in what the journal knows from before, and writes there from now on; first
    /// what a handle knows and the journal does not.
    pub(super) async fn open_journal(&self, path: &Path) -> Result<()> {
        let (journal, entries) =
            Journal::open::<_, Entry>(path, Kind::Load, self.of.clone()).await?;
        let mut unwritten = self.known().jobs.clone();
        for entry in &entries {
            if let Entry::Began { slice, .. } = entry {
                unwritten.remove(&slice.part);
            }
        }
        let read = entries
            .iter()
            .any(|entry| matches!(entry, Entry::Read { .. }));
        if let Some(parts) = self.parts()
            && !read
        {
            journal.append(&Entry::Read { parts }).await?;
        }
        for handed in unwritten.into_values() {
            for entry in handed.entries() {
                journal.append(&entry).await?;
            }
        }
        self.change(|known| entries.into_iter().for_each(|entry| known.enter(entry)));
        // There is one only.
        let _ = self.journal.set(journal);
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters what happened. It is on the disk when this returns.
    pub(super) async fn enter(&self, entry: Entry) -> Result<()> {
        if let Some(journal) = self.journal.get() {
            journal.append(&entry).await?;
        }
        self.change(|known| known.enter(entry));
        Ok(())
    }

    fn change(&self, change: impl FnOnce(&mut Known)) {
        let mut known = self.known();
        change(&mut known);
        let stand = known.stand();
        drop(known);
        self.progress.send_replace(stand);
    }

    /// Nothing more will happen.
    pub(super) fn end(&self) {
        self.change(|known| known.over = true);
    }

    pub(super) fn read(&self, rows: u64, refused: Vec<Refused>) {
        self.change(|known| {
            known.rows_read = rows;
            known.refused.extend(refused);
        });
    }

    pub(super) fn heard(&self, info: &JobInfo) {
        let processed = info.number_records_processed.unwrap_or(0);
        let failed = info.number_records_failed.unwrap_or(0);
        self.change(|known| {
            known.running.insert(info.id, (processed, failed));
        });
    }

    /// How many parts the source has, if it was read to its end, now or before.
    pub(super) fn parts(&self) -> Option<u64> {
        self.known().parts
    }

    /// What was handed over of this part.
    pub(super) fn handed(&self, part: u64) -> Option<Handed> {
        self.known().jobs.get(&part).cloned()
    }

    pub(super) fn refused(&self) -> Vec<Refused> {
        self.known().refused.clone()
    }

    /// The jobs that have not ended.
    pub(super) fn unfinished(&self) -> Vec<JobId> {
        let known = self.known();
        let jobs = known.jobs.values().filter(|handed| handed.ended.is_none());
        jobs.map(|handed| handed.job).collect()
    }

    pub(super) fn handle(&self) -> LoadHandle {
        let known = self.known();
        LoadHandle {
            of: self.of.clone(),
            jobs: known.jobs.values().cloned().collect(),
            parts: known.parts,
        }
    }

    pub(super) fn watch(&self) -> watch::Receiver<Stand> {
        self.progress.subscribe()
    }
}

impl Known {
    fn enter(&mut self, entry: Entry) {
        match entry {
            Entry::Began { slice, job } => {
                let handed = Handed {
                    slice,
                    job,
                    closed: false,
                    ended: None,
                };
                self.jobs.insert(handed.slice.part, handed);
            }
            Entry::Closed { part, job } => {
                if let Some(handed) = self.of(part, job) {
                    handed.closed = true;
                }
            }
            Entry::Ended { part, job, ended } => {
                if let Some(handed) = self.of(part, job) {
                    handed.closed = true;
                    handed.ended = Some(ended);
                }
                self.running.remove(&job);
            }
            Entry::Read { parts } => self.parts = Some(parts),
        }
    }

    fn of(&mut self, part: u64, job: JobId) -> Option<&mut Handed> {
        self.jobs.get_mut(&part).filter(|handed| handed.job == job)
    }

    fn stand(&self) -> Stand {
        Stand {
            progress: self.progress(),
            over: self.over,
        }
    }

    fn progress(&self) -> LoadProgress {
        let mut progress = LoadProgress {
            rows_read: self.rows_read,
            rows_refused: u64::try_from(self.refused.len()).unwrap_or(u64::MAX),
            read_to_the_end: self.parts.is_some(),
            ..LoadProgress::default()
        };
        for handed in self.jobs.values() {
            let Slice { records, bytes, .. } = handed.slice;
            progress.jobs += 1;
            if handed.closed {
                progress.rows_sent += records;
                progress.bytes_sent += bytes;
            }
            let (processed, failed) = match &handed.ended {
                Some(Ended { info, .. }) => {
                    progress.jobs_ended += 1;
                    (
                        info.number_records_processed.unwrap_or(0),
                        info.number_records_failed.unwrap_or(0),
                    )
                }
                None => self.running.get(&handed.job).copied().unwrap_or_default(),
            };
            progress.rows_processed += processed;
            progress.rows_failed += failed;
        }
        progress
    }
}
