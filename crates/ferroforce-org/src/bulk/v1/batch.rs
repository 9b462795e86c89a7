//! A batch of a job, and how far it is.

use serde::{Deserialize, Serialize};

use super::answer::Value;
use crate::bulk::job::Progress;
use crate::bulk::table::Entry;

/// What kind of entry batches are.
pub(in crate::bulk) const KIND: &str = "Batch";

/// The states of batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::bulk) enum BatchState {
    Queued,
    InProgress,
    Completed,
    Failed,
    NotProcessed,
}

impl BatchState {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Queued => "Queued",
            Self::InProgress => "InProgress",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
            Self::NotProcessed => "NotProcessed",
        }
    }
}

/// A batch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::bulk) struct Batch {
    pub(super) id: String,
    pub(super) job: String,
    pub(super) state: BatchState,
    /// Why it failed.
    pub(super) message: Option<String>,
    pub(super) created: i64,
    pub(super) modified: i64,
    /// The media type of the data, as it was sent.
    pub(super) content_type: String,
    pub(super) progress: Progress,
    /// The text of a query.
    pub(super) query: Option<String>,
    /// The range of ids that it is about, if it is one of many.
    pub(super) range: Option<Range>,
    /// The files that a query found.
    pub(super) files: Vec<ResultFile>,
}

/// The ids after one and up to another.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::bulk) struct Range {
    pub(super) after: Option<String>,
    pub(super) to: Option<String>,
}

/// A file that a query found: some of the pieces of the result.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::bulk) struct ResultFile {
    pub(super) id: String,
    pub(super) rows: i64,
    /// The number of its first piece, and of the one behind its last.
    pub(super) pieces: (i64, i64),
}

impl Entry for Batch {
    const PREFIX: [u8; 3] = *b"751";

    fn kind(&self) -> &'static str {
        KIND
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn parent(&self) -> Option<&str> {
        Some(&self.job)
    }

    fn is_runnable(&self) -> bool {
        matches!(self.state, BatchState::Queued | BatchState::InProgress)
            && !self.progress.is_stuck()
    }
}

impl Batch {
    /// Changes the state, now.
    pub(super) fn turn(&mut self, state: BatchState, now: i64) {
        self.state = state;
        self.modified = now;
        if !matches!(state, BatchState::Queued | BatchState::InProgress) {
            self.progress.finished.get_or_insert(now);
        }
    }

    /// What is told of it.
    pub(super) fn info(&self, now: i64) -> Vec<(&'static str, Value)> {
        let took = Value::Number(self.progress.took(now));
        vec![
            ("id", Value::text(&self.id)),
            ("jobId", Value::text(&self.job)),
            ("state", Value::text(self.state.name())),
            ("stateMessage", self.message.as_ref().into()),
            ("createdDate", Value::Moment(self.created)),
            ("systemModstamp", Value::Moment(self.modified)),
            (
                "numberRecordsProcessed",
                Value::Number(self.progress.processed),
            ),
            ("numberRecordsFailed", Value::Number(self.progress.failed)),
            ("totalProcessingTime", took.clone()),
            ("apiActiveProcessingTime", took),
            ("apexProcessingTime", Value::Number(0)),
        ]
    }
}
