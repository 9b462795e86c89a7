use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::cut::Bounds;
use super::handle::Identity;
use crate::bulk::csv::{Delimiter, LineEnding};
use crate::bulk::job::{NewJob, Poll};
use crate::client::ApiVersion;
use crate::error::{Error, Result};

/// What stands in a cell whose value is null.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum NullCell {
    /// `#N/A`: the field is emptied, as null does in JSON.
    #[default]
    Null,
    /// Nothing: the field is left as it is.
    Empty,
}

impl NullCell {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Null => "#N/A",
            Self::Empty => "",
        }
    }
}

/// What a load is told.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) job: NewJob,
    /// As the user said, and not as it was found.
    pub(super) delimiter: Option<Delimiter>,
    pub(super) line_ending: Option<LineEnding>,
    pub(super) columns: Option<Vec<String>>,
    pub(super) null: NullCell,
    pub(super) bounds: Bounds,
    pub(super) jobs_at_once: usize,
    pub(super) journal: Option<PathBuf>,
    pub(super) poll: Poll,
    /// Whether small parts go with the request that creates their job.
    pub(super) one_request: Option<bool>,
    pub(super) timeout: Option<Duration>,
}

/// What Salesforce takes for one job, in base64, which it makes of the data.
const MOST_BYTES: u64 = 150_000_000;

const DEFAULT_BYTES: u64 = 100_000_000;

/// What Salesforce takes in 24 hours.
const MOST_RECORDS: u64 = 150_000_000;

/// What is kept in memory of a part, in bytes.
const MEMORY: usize = 4 * 1024 * 1024;

impl Settings {
    pub(super) fn new(job: NewJob) -> Self {
        Self {
            job,
            delimiter: None,
            line_ending: None,
            columns: None,
            null: NullCell::default(),
            bounds: Bounds {
                bytes: DEFAULT_BYTES,
                records: MOST_RECORDS,
                memory: MEMORY,
                folder: None,
            },
            jobs_at_once: 4,
            journal: None,
            poll: Poll::default(),
            one_request: None,
            timeout: None,
        }
    }

    /// Those that a load was begun with, as far as they matter for going on.
    pub(super) fn of(identity: &Identity) -> Self {
        let mut settings = Self::new(identity.job.clone());
        settings.bounds.bytes = identity.max_bytes;
        settings.bounds.records = identity.max_rows;
        settings.null = identity.null;
        settings.columns.clone_from(&identity.columns);
        settings
    }

    pub(super) fn check(&self, version: ApiVersion) -> Result<()> {
        let since = |what: &str, number: u16| {
            if version.number() >= number {
                return Ok(());
            }
            Err(Error::invalid_input(format!(
                "{what} are there since API version {number}.0, and the client speaks {version}"
            )))
        };
        since("bulk jobs that take records in", 41)?;
        if self.job.assignment_rule_id.is_some() {
            since("assignment rules of bulk jobs", 49)?;
        }
        let bounds = &self.bounds;
        if !(1..=MOST_BYTES).contains(&bounds.bytes) || bounds.records == 0 {
            return Err(Error::invalid_input(format!(
                "a job has 1 to {MOST_BYTES} bytes, and at least one record"
            )));
        }
        Ok(())
    }
}
