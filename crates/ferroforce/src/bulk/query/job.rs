use std::fmt;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::job::{JobId, JobKind, ops, until_ended};
use super::super::v1::query as v1;
use super::super::{Delimiter, JobInfo, JobState, LineEnding, Poll};
use super::download::{Plan, Start};
use super::text::Written;
use super::{BulkCsv, BulkRecords, BulkRows, Paging, ResultCursor};
use crate::bulk::csv::read::Dialect;
use crate::client::{ApiVersion, Call, Salesforce};
use crate::error::{Error, Result};

/// All that is needed to take up a query job again: a value to be kept, by `serde`.
/// It holds no token, no query and no rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryHandle {
    id: JobId,
    /// Results are told in the version that the job was created with only.
    version: u16,
    delimiter: Delimiter,
    line_ending: LineEnding,
    /// How it was asked by Bulk API 1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    classic: Option<v1::Asked>,
}

impl QueryHandle {
    /// A job of Bulk API 1.0.
    pub(super) fn classic(id: JobId, version: ApiVersion, asked: v1::Asked) -> Self {
        Self {
            id,
            version: version.number(),
            delimiter: Delimiter::default(),
            line_ending: LineEnding::default(),
            classic: Some(asked),
        }
    }

    pub(super) fn is_classic(&self) -> bool {
        self.classic.is_some()
    }

    /// What the job says of itself stands above what was asked for.
    pub(super) fn new(
        info: &JobInfo,
        version: ApiVersion,
        delimiter: Delimiter,
        line_ending: LineEnding,
    ) -> Self {
        let told = info.api_version.and_then(whole);
        Self {
            id: info.id,
            version: told.unwrap_or(version.number()),
            delimiter: info.column_delimiter.unwrap_or(delimiter),
            line_ending: info.line_ending.unwrap_or(line_ending),
            classic: None,
        }
    }

    /// The job's id.
    pub fn id(&self) -> JobId {
        self.id
    }

    pub(super) fn version(&self) -> Result<ApiVersion> {
        ApiVersion::new(self.version)
    }

    /// What the results are written in.
    pub(super) fn written(&self) -> Written {
        match &self.classic {
            Some(asked) if asked.is_json() => Written::Json,
            _ => Written::Csv(Dialect::told(self.delimiter, self.line_ending)),
        }
    }
}

fn whole(version: f64) -> Option<u16> {
    format!("{version:.0}").parse().ok()
}

/// A query job. Made by [`BulkQuery::start`](super::BulkQuery::start), and by
/// [`Bulk::resume_query`](crate::bulk::Bulk::resume_query) of its
/// [handle](Self::handle).
///
/// ```no_run
/// # async fn run(salesforce: ferroforce::Salesforce) -> Result<(), Box<dyn std::error::Error>> {
/// let bulk = salesforce.bulk();
/// let job = bulk.query("SELECT Id, Name FROM Account").start().await?;
/// std::fs::write("job.json", serde_json::to_string(job.handle())?)?;
///
/// // … here, or in another run of the program:
/// let handle = serde_json::from_str(&std::fs::read_to_string("job.json")?)?;
/// let mut rows = bulk.resume_query(handle).records();
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct QueryJob {
    client: Salesforce,
    handle: QueryHandle,
    poll: Poll,
    paging: Paging,
    from: Option<ResultCursor>,
}

impl QueryJob {
    pub(super) fn new(client: Salesforce, handle: QueryHandle) -> Self {
        Self {
            client,
            handle,
            poll: Poll::default(),
            paging: Paging::default(),
            from: None,
        }
    }

    /// What to keep, to take the job up again.
    pub fn handle(&self) -> &QueryHandle {
        &self.handle
    }

    /// The job's id.
    pub fn id(&self) -> JobId {
        self.handle.id
    }

    /// How the job is waited for.
    #[must_use]
    pub fn poll(mut self, poll: Poll) -> Self {
        self.poll = poll;
        self
    }

    /// How its results are fetched.
    #[must_use]
    pub fn paging(mut self, paging: Paging) -> Self {
        self.paging = paging;
        self
    }

    /// Goes on behind the last row that was read when `cursor` was made, by this
    /// program or another. Pages are fetched as they were then, in their order.
    ///
    /// # Errors
    /// A cursor of another job.
    pub fn resume(mut self, cursor: ResultCursor) -> Result<Self> {
        if cursor.job.id != self.handle.id {
            return Err(Error::invalid_input(format!(
                "the cursor is of job {}, and this is job {}",
                cursor.job.id, self.handle.id
            )));
        }
        self.from = Some(cursor);
        Ok(self)
    }

    /// Where the job stands.
    pub fn get(&self) -> Call<JobInfo> {
        let QueryHandle { id, classic, .. } = &self.handle;
        self.client.call(match classic {
            None => ops::get(JobKind::Query, id),
            Some(_) => self
                .handle
                .version()
                .and_then(|version| v1::get(*id, version)),
        })
    }

    /// Waits until the job has ended. The other methods do so by themselves.
    ///
    /// # Errors
    /// [`ErrorKind::JobFailed`](crate::ErrorKind::JobFailed) where it ended in any
    /// other way than complete, and as [`Poll`] says. The error names the job
    /// ([`Error::jobs`]).
    pub async fn wait(&self) -> Result<JobInfo> {
        let complete = wait(&self.client, &self.handle, &self.poll).await?;
        Ok(complete.info)
    }

    /// Stops the job.
    pub fn abort(&self) -> Call<JobInfo> {
        let QueryHandle { id, classic, .. } = &self.handle;
        self.client.call(match classic {
            None => ops::change(JobKind::Query, id, &JobState::Aborted),
            Some(_) => self
                .handle
                .version()
                .and_then(|version| v1::abort(*id, version)),
        })
    }

    /// Deletes a job that has ended, with its results. Bulk API 1.0 has no such call:
    /// its jobs go by themselves after seven days.
    pub fn delete(&self) -> Call<()> {
        let QueryHandle { id, classic, .. } = &self.handle;
        self.client.call(match classic {
            None => ops::delete(JobKind::Query, id),
            Some(_) => Err(Error::invalid_input(
                "jobs of Bulk API 1.0 cannot be deleted; they go by themselves after seven days",
            )),
        })
    }

    fn plan(self) -> Plan {
        Plan {
            client: self.client,
            start: Start::Job(self.handle),
            poll: self.poll,
            paging: self.paging,
            from: self.from,
        }
    }

    /// The rows as a stream of `T`, once the job is complete. See
    /// [`BulkQuery::rows`](super::BulkQuery::rows).
    pub fn rows<T: DeserializeOwned>(self) -> BulkRows<T> {
        BulkRows::new(self.plan())
    }

    /// The rows as a stream of [`Record`](crate::Record)s. See
    /// [`BulkQuery::records`](super::BulkQuery::records).
    pub fn records(self) -> BulkRecords {
        BulkRecords::new(self.plan())
    }

    /// The results as one CSV text. See [`BulkQuery::csv`](super::BulkQuery::csv).
    pub fn csv(self) -> BulkCsv {
        BulkCsv::new(self.plan())
    }

    /// Writes the results to a file. See [`BulkQuery::save`](super::BulkQuery::save).
    ///
    /// # Errors
    /// As there.
    pub async fn save(self, path: impl AsRef<Path>) -> Result<u64> {
        self.csv().save(path.as_ref().to_owned()).await
    }
}

/// A job that is complete.
pub(super) struct Complete {
    pub(super) info: JobInfo,
    /// Where the results are, if that is known by now.
    pub(super) pages: Option<Vec<String>>,
}

pub(super) async fn wait(
    client: &Salesforce,
    handle: &QueryHandle,
    poll: &Poll,
) -> Result<Complete> {
    if let Some(asked) = &handle.classic {
        let complete = v1::complete(client, handle.id, handle.version()?, asked, poll).await?;
        return Ok(Complete {
            info: complete.info,
            pages: Some(complete.pages),
        });
    }
    let info = until_ended(client, JobKind::Query, handle.id, poll, |_| {}).await?;
    match info.failure() {
        None => Ok(Complete { info, pages: None }),
        Some(error) => Err(error),
    }
}

impl fmt::Debug for QueryJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueryJob")
            .field("handle", &self.handle)
            .field("paging", &self.paging)
            .finish_non_exhaustive()
    }
}
