//! One part on its way into a job of its own.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{CONTENT_TYPE, HeaderValue};

use super::handle::Entry;
use super::ledger::Ledger;
use super::part::Part;
use super::settings::Settings;
use crate::bulk::job::{JobId, JobInfo, JobKind, JobOperation, JobState, Next, Pace, batches, ops};
use crate::client::Salesforce;
use crate::error::{Error, ErrorKind, Result};
use crate::op::{Op, Repeatability};
use crate::pipeline::{CallSettings, Outgoing, OutgoingBody};
use crate::retry::Backoff;

/// How often a part gets a new job.
const JOBS: u32 = 5;

/// Salesforce takes data of so many characters with the request that creates its job.
const ONE_REQUEST: u64 = 100_000;

/// What jobs of a load have in common.
#[derive(Debug, Clone)]
pub(super) struct Lane {
    pub(super) client: Salesforce,
    pub(super) settings: Arc<Settings>,
    pub(super) ledger: Arc<Ledger>,
}

impl Lane {
    /// Gives the part to a job. That job has its data and was told so when this returns.
    ///
    /// A job takes its data once. Where it is not known whether it did, it is aborted,
    /// and another one gets the part: nothing is done with data before the job is told
    /// that it is complete.
    pub(super) async fn hand_over(&self, part: &Part) -> Result<JobId> {
        if let Some(data) = self.fits_one_request(part) {
            return self.in_one_request(part, data).await;
        }
        let mut tries = 0;
        loop {
            tries += 1;
            let created = self.client.call(ops::create(&self.settings.job)).await?;
            let job = created.id;
            let slice = part.slice.clone();
            self.ledger.enter(Entry::Began { slice, job }).await?;
            let error = match self.upload(job, part).await {
                Ok(()) => match self.close(job, part).await.map_err(|e| e.with_job(job))? {
                    Closed::Yes => return Ok(job),
                    Closed::Gone(error) => error,
                },
                Err(error) => {
                    // It stays open and without effect, if this cannot be said.
                    let _ = self.client.bulk().job(job).abort().await;
                    error
                }
            };
            let error = error.with_job(job);
            if tries == JOBS || !another_job_may_help(&error) {
                return Err(error);
            }
            tracing::warn!(error = %error.redacted(), "a job is made anew");
            self.pause(tries).await;
        }
    }

    async fn pause(&self, tries: u32) {
        let pause = Backoff::default().delay(tries, self.client.random());
        tokio::time::sleep(pause).await;
    }

    async fn upload(&self, job: JobId, part: &Part) -> Result<()> {
        let op = ops::upload(&job)?;
        let settings = CallSettings {
            timeout: self.settings.timeout,
            ..CallSettings::default()
        };
        let part = part.clone();
        let body = OutgoingBody::Made(Box::new(move || part.body()));
        let outgoing = Outgoing::from_op(op, self.client.api_version(), settings)?;
        self.client
            .send(&outgoing.with_body(body), |_| Ok(()))
            .await
    }

    /// Tells the job that it has its data.
    async fn close(&self, job: JobId, part: &Part) -> Result<Closed> {
        let handle = self.client.bulk().job(job);
        let clock = self.client.clock();
        let began = clock.steady();
        let mut pace = Pace::new(&self.settings.poll.clone().without_timeout());
        loop {
            let refused = match handle.close(part.slice.records).await {
                Ok(_) => break,
                Err(error) => error,
            };
            let state = self.client.call(ops::get(JobKind::Ingest, &job)).await;
            let elapsed = clock.steady().duration_since(began);
            let next = match state {
                Ok(info) => match info.state {
                    JobState::Open if may_be_said_again(&refused) => {
                        pace.failed(refused, elapsed, self.client.random())
                    }
                    JobState::Open => return Err(refused),
                    JobState::Aborted if untouched(&info) => return Ok(Closed::Gone(refused)),
                    _ => break,
                },
                Err(error) => pace.failed(error, elapsed, self.client.random()),
            };
            match next {
                Next::Ask(pause) => tokio::time::sleep(pause).await,
                Next::GiveUp(error) => return Err(error),
            }
        }
        let part = part.slice.part;
        self.ledger.enter(Entry::Closed { part, job }).await?;
        Ok(Closed::Yes)
    }

    /// Takes up a part that was handed over before: `None` where it needs another job,
    /// because nothing was done with its data.
    pub(super) async fn take_up(&self, job: JobId) -> Result<Option<JobInfo>> {
        let asked = self.client.call(ops::get(JobKind::Ingest, &job)).await;
        let mut info = asked.map_err(|error| error.with_job(job))?;
        if info.state == JobState::Open {
            let handle = self.client.bulk().job(job);
            // Whoever worked with it may close it at the same time: what it has become
            // counts.
            let aborted = handle.abort().await;
            info = handle.get().await.map_err(|error| error.with_job(job))?;
            if info.state == JobState::Open {
                let error = aborted.err().unwrap_or_else(|| {
                    Error::new(
                        ErrorKind::JobFailed,
                        "the job was aborted and is still open",
                    )
                });
                return Err(error.with_job(job));
            }
        }
        if info.state == JobState::Aborted && untouched(&info) {
            return Ok(None);
        }
        Ok(Some(info))
    }

    /// Creation and data in one request, where that is sure to do no harm: then it is
    /// not known under which id, until it is done.
    fn fits_one_request(&self, part: &Part) -> Option<(Bytes, Bytes)> {
        // A delete that is repeated would fail for every row.
        let repeatable = match self.settings.job.operation {
            JobOperation::Update => true,
            JobOperation::Upsert => {
                let field = self.settings.job.external_id_field_name.as_deref();
                // A row without an id would be created.
                !field.is_some_and(|field| field.eq_ignore_ascii_case("Id"))
            }
            _ => false,
        };
        let wanted = self.settings.one_request.unwrap_or(repeatable);
        let fits = part.slice.bytes <= ONE_REQUEST && self.settings.journal.is_none();
        let (header, data) = part.in_memory()?;
        (wanted && fits).then(|| (header.clone(), data.clone()))
    }

    async fn in_one_request(&self, part: &Part, data: (Bytes, Bytes)) -> Result<JobId> {
        let op = one_request(&self.settings.job, &data)?;
        let records = part.slice.records;
        let repeatable = self.settings.one_request != Some(true);
        let op = op.repeatability(if repeatable {
            Repeatability::Idempotent
        } else {
            Repeatability::Once
        });
        let created = self
            .client
            .call(Ok(op))
            .bulk_batches(batches(records))
            .await?;
        let slice = part.slice.clone();
        let (part, job) = (slice.part, created.id);
        self.ledger.enter(Entry::Began { slice, job }).await?;
        self.ledger.enter(Entry::Closed { part, job }).await?;
        Ok(job)
    }
}

enum Closed {
    Yes,
    /// Somebody aborted it before anything was done.
    Gone(Error),
}

fn untouched(info: &JobInfo) -> bool {
    info.number_records_processed == Some(0)
}

/// Whether a job that is still open may be told again.
fn may_be_said_again(error: &Error) -> bool {
    error.is_retryable() || error.may_have_been_processed()
}

fn another_job_may_help(error: &Error) -> bool {
    // The answer to data that came a second time, of which nobody knows.
    let twice = error
        .code()
        .is_some_and(|code| code.as_str().eq_ignore_ascii_case("INVALIDJOB"));
    twice
        || error.is_retryable()
        || (error.may_have_been_processed() && error.kind() != ErrorKind::InvalidInput)
}

/// The job and its data.
fn one_request(job: &crate::bulk::NewJob, data: &(Bytes, Bytes)) -> Result<Op<JobInfo>> {
    let boundary = format!("ferroforce-{:032x}", fastrand::u128(..));
    let mut op = ops::create(job)?;
    let mut body = BytesMut::with_capacity(data.0.len() + data.1.len() + 1024);
    body.put_slice(
        format!(
            "--{boundary}\r\nContent-Type: application/json\r\n\
             Content-Disposition: form-data; name=\"job\"\r\n\r\n"
        )
        .as_bytes(),
    );
    body.put_slice(op.body().map_or(&[], |job| &job[..]));
    body.put_slice(
        format!(
            "\r\n--{boundary}\r\nContent-Type: text/csv\r\n\
             Content-Disposition: form-data; name=\"content\"; filename=\"content\"\r\n\r\n"
        )
        .as_bytes(),
    );
    body.put_slice(&data.0);
    body.put_slice(&data.1);
    body.put_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    op.body = Some(body.freeze());
    let content_type = format!("multipart/form-data; boundary=\"{boundary}\"");
    let content_type = HeaderValue::try_from(content_type)
        .map_err(|error| Error::invalid_input("the boundary makes no header").with_source(error))?;
    Ok(op.header(CONTENT_TYPE, content_type))
}
