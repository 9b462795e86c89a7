//! A job, and how far it is.

use serde::{Deserialize, Serialize};

use super::Operation;
use super::csv::Dialect;
use super::table::Entry;
use crate::admin::Trouble;
use crate::json::Json;
use crate::value::time::datetime_text;

/// Which API a job belongs to, and what for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum JobKind {
    Ingest,
    Query,
    /// Of Bulk API 1.0.
    Classic,
}

impl JobKind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ingest => "V2Ingest",
            Self::Query => "V2Query",
            Self::Classic => "Classic",
        }
    }
}

/// The states of jobs. Those of Bulk API 1.0 are `Open`, `Closed`, `Aborted` and `Failed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum State {
    Open,
    UploadComplete,
    InProgress,
    JobComplete,
    Failed,
    Aborted,
    Closed,
}

impl State {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::UploadComplete => "UploadComplete",
            Self::InProgress => "InProgress",
            Self::JobComplete => "JobComplete",
            Self::Failed => "Failed",
            Self::Aborted => "Aborted",
            Self::Closed => "Closed",
        }
    }

    /// Whether nothing more happens to the job.
    pub(super) const fn is_final(self) -> bool {
        matches!(self, Self::JobComplete | Self::Failed | Self::Aborted)
    }
}

/// How much is told of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// What is told when it is made or changed.
    Made,
    /// What a list tells, which may have jobs of several APIs.
    Listed,
    /// What is told when it is asked for.
    Whole,
}

/// What the data of a job of Bulk API 1.0 is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ContentType {
    Plain(Format),
    /// An archive with the data and what it refers to.
    Zip(Format),
}

/// How data is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Format {
    Csv,
    Json,
    Xml,
}

impl Format {
    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Json => "application/json;charset=UTF-8",
            Self::Xml => "application/xml",
        }
    }
}

impl ContentType {
    const ALL: [Self; 6] = [
        Self::Plain(Format::Csv),
        Self::Plain(Format::Json),
        Self::Plain(Format::Xml),
        Self::Zip(Format::Csv),
        Self::Zip(Format::Json),
        Self::Zip(Format::Xml),
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Plain(Format::Csv) => "CSV",
            Self::Plain(Format::Json) => "JSON",
            Self::Plain(Format::Xml) => "XML",
            Self::Zip(Format::Csv) => "ZIP_CSV",
            Self::Zip(Format::Json) => "ZIP_JSON",
            Self::Zip(Format::Xml) => "ZIP_XML",
        }
    }

    /// The content type of this name.
    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }

    /// How the data is written, packed or not.
    pub(super) const fn format(self) -> Format {
        match self {
            Self::Plain(format) | Self::Zip(format) => format,
        }
    }

    /// Whether the job is told of in JSON.
    pub(super) fn is_json(self) -> bool {
        self.format() == Format::Json
    }
}

/// What only jobs of Bulk API 1.0 have.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Classic {
    pub(super) content_type: ContentType,
    /// Whether one batch is worked on after the other.
    pub(super) serial: bool,
    /// How many records a range of ids has, if queries are cut into such.
    pub(super) chunk: Option<i64>,
    /// The id with which the first range begins.
    pub(super) start_row: Option<String>,
}

/// A job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) id: String,
    pub(super) kind: JobKind,
    pub(super) operation: Operation,
    pub(super) object: String,
    /// The external id by which an upsert finds records.
    pub(super) key: Option<String>,
    pub(super) assignment_rule: Option<String>,
    /// The text of a query.
    pub(super) query: Option<String>,
    pub(super) created_by: String,
    /// Moments are milliseconds since 1970.
    pub(super) created: i64,
    pub(super) modified: i64,
    pub(super) state: State,
    pub(super) version: u16,
    pub(super) dialect: Dialect,
    /// Why the job failed.
    pub(super) error: Option<String>,
    /// Whether its data is there.
    pub(super) uploaded: bool,
    pub(super) progress: Progress,
    pub(super) classic: Option<Classic>,
}

/// How far the work of a job, or of a batch, is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Progress {
    /// The moment before which nothing is done.
    pub(super) due: i64,
    pub(super) started: Option<i64>,
    pub(super) finished: Option<i64>,
    /// The first line of the data, as it was uploaded.
    pub(super) header: Option<String>,
    /// How many bytes of the data have been read.
    pub(super) position: i64,
    pub(super) processed: i64,
    pub(super) failed: i64,
    /// The id of the last record that a query has found.
    pub(super) last_id: Option<String>,
    /// Whether all is done, and only time has to pass.
    pub(super) done: bool,
    /// What is to go wrong.
    pub(super) trouble: Option<Trouble>,
}

impl Progress {
    /// How long the work took, in milliseconds.
    pub(super) fn took(&self, now: i64) -> i64 {
        let end = self.finished.unwrap_or(now);
        self.started.map_or(0, |started| (end - started).max(0))
    }

    /// Whether it is stuck on purpose.
    pub(super) fn is_stuck(&self) -> bool {
        self.started.is_some() && self.trouble == Some(Trouble::Stuck)
    }
}

impl Entry for Job {
    const PREFIX: [u8; 3] = *b"750";

    fn kind(&self) -> &'static str {
        self.kind.name()
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn is_runnable(&self) -> bool {
        let is_closed = matches!(self.state, State::UploadComplete | State::InProgress);
        is_closed && !self.progress.is_stuck()
    }
}

impl Job {
    /// Changes the state, now.
    pub(super) fn turn(&mut self, state: State, now: i64) {
        self.state = state;
        self.modified = now;
        if state.is_final() {
            self.progress.finished.get_or_insert(now);
        }
    }

    /// Whether its queries are cut into ranges of ids.
    pub(super) fn is_pk_chunked(&self) -> bool {
        self.chunk_size() > 0
    }

    /// How many records a range of ids has; 0 if there are none.
    pub(super) fn chunk_size(&self) -> i64 {
        let size = self.classic.as_ref().and_then(|classic| classic.chunk);
        size.unwrap_or(0)
    }

    /// The id with which the first range of ids begins.
    pub(super) fn start_row(&self) -> Option<&str> {
        self.classic.as_ref()?.start_row.as_deref()
    }

    /// Whether its batches are worked on side by side.
    pub(super) fn mode(&self) -> &'static str {
        match &self.classic {
            Some(Classic { serial: true, .. }) => "Serial",
            _ => "Parallel",
        }
    }

    /// What its data is.
    pub(super) fn content_type(&self) -> ContentType {
        let classic = self.classic.as_ref();
        classic.map_or(ContentType::Plain(Format::Csv), |classic| {
            classic.content_type
        })
    }

    /// Whether all its rows are read by ranges of ids: what limits or sorts them stands against
    /// it.
    fn is_pk_chunking_supported(&self) -> bool {
        let query = self.query.as_deref().unwrap_or_default();
        ferroforce_soql::parse(query)
            .is_ok_and(|query| query.limit.is_none() && query.order_by.is_empty())
    }

    /// The job as Bulk API 2.0 tells it, to so much detail.
    pub(super) fn to_json(&self, detail: Detail, now: i64) -> Json {
        let mut members: Vec<(&'static str, Json)> = vec![
            ("id", Json::from(&self.id)),
            ("operation", self.operation.name().into()),
            ("object", Json::from(&self.object)),
            ("createdById", Json::from(&self.created_by)),
            ("createdDate", datetime_text(self.created).into()),
            ("systemModstamp", datetime_text(self.modified).into()),
            ("state", self.state.name().into()),
        ];
        if let Some(key) = &self.key {
            members.push(("externalIdFieldName", key.into()));
        }
        if let Some(rule) = &self.assignment_rule {
            members.push(("assignmentRuleId", rule.into()));
        }
        members.extend([
            ("concurrencyMode", Json::from(self.mode())),
            ("contentType", self.content_type().name().into()),
            ("apiVersion", f64::from(self.version).into()),
        ]);
        if detail != Detail::Made {
            members.push(("jobType", self.kind.name().into()));
        }
        if self.state == State::Open && self.kind == JobKind::Ingest {
            let url = format!(
                "services/data/v{}.0/jobs/ingest/{}/batches",
                self.version, self.id
            );
            members.push(("contentUrl", url.into()));
        }
        members.extend([
            ("lineEnding", Json::from(self.dialect.line_ending.name())),
            ("columnDelimiter", self.dialect.delimiter.name().into()),
        ]);
        if detail == Detail::Whole {
            members.extend(self.numbers(now));
        }
        Json::object(members)
    }

    /// What only the answer about a single job tells.
    fn numbers(&self, now: i64) -> Vec<(&'static str, Json)> {
        let took = Json::from(self.progress.took(now));
        let processed = Json::from(self.progress.processed);
        let mut members = vec![("numberRecordsProcessed", processed)];
        if self.kind == JobKind::Query {
            members.extend([
                ("retries", 0.into()),
                ("totalProcessingTime", took),
                (
                    "isPkChunkingSupported",
                    self.is_pk_chunking_supported().into(),
                ),
            ]);
        } else {
            members.extend([
                ("numberRecordsFailed", self.progress.failed.into()),
                ("retries", 0.into()),
                ("totalProcessingTime", took.clone()),
                ("apiActiveProcessingTime", took),
                ("apexProcessingTime", 0.into()),
            ]);
        }
        if let Some(error) = &self.error {
            members.push(("errorMessage", error.into()));
        }
        members
    }
}
