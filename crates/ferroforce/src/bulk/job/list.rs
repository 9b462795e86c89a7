use std::collections::VecDeque;
use std::fmt;
use std::future::{IntoFuture, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::ops::{self, JobPage};
use super::{JobInfo, JobKind};
use crate::client::Salesforce;
use crate::error::Result;
use crate::transport::BoxFuture;

/// Which jobs a list has. Without anything, all of its kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    pk_chunking: Option<bool>,
    job_type: Option<String>,
    concurrency_mode: Option<String>,
}

impl JobFilter {
    /// All jobs.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Jobs with, or without, PK chunking.
    #[must_use]
    pub fn pk_chunking(mut self, enabled: bool) -> Self {
        self.pk_chunking = Some(enabled);
        self
    }

    /// Jobs of one type: `V2Ingest`, `V2Query`, `Classic`, `BigObjectIngest`.
    #[must_use]
    pub fn job_type(mut self, name: impl Into<String>) -> Self {
        self.job_type = Some(name.into());
        self
    }

    /// Jobs of one mode: `parallel`, or `serial` for jobs of Bulk API 1.0.
    #[must_use]
    pub fn concurrency_mode(mut self, mode: impl Into<String>) -> Self {
        self.concurrency_mode = Some(mode.into());
        self
    }

    pub(super) fn pairs(&self) -> Vec<(String, String)> {
        let pairs = [
            (
                "isPkChunkingEnabled",
                self.pk_chunking.map(|on| on.to_string()),
            ),
            ("jobType", self.job_type.clone()),
            ("concurrencyMode", self.concurrency_mode.clone()),
        ];
        pairs
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect()
    }
}

/// The org's jobs as a stream, page by page. Made by
/// [`Bulk::jobs`](crate::bulk::Bulk::jobs).
#[must_use = "a stream does nothing until it is polled"]
pub struct JobList {
    client: Salesforce,
    page: VecDeque<JobInfo>,
    fetch: Option<BoxFuture<'static, Result<JobPage>>>,
}

impl JobList {
    pub(crate) fn new(client: Salesforce, kind: JobKind, filter: &JobFilter) -> Self {
        let first = client.call(ops::list(kind, filter)).into_future();
        Self {
            client,
            page: VecDeque::new(),
            fetch: Some(first),
        }
    }

    /// The next job, without the help of a stream library.
    ///
    /// # Errors
    /// What befalls the request. The stream ends with it.
    pub async fn next(&mut self) -> Option<Result<JobInfo>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl Stream for JobList {
    type Item = Result<JobInfo>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(job) = self.page.pop_front() {
                return Poll::Ready(Some(Ok(job)));
            }
            let Some(fetch) = &mut self.fetch else {
                return Poll::Ready(None);
            };
            let page = ready!(fetch.as_mut().poll(cx));
            self.fetch = None;
            let page = page?;
            self.page = page.records.into();
            if let Some(url) = page.next_records_url {
                let next = self.client.call(ops::next_page(&url)).into_future();
                self.fetch = Some(next);
            }
        }
    }
}

impl fmt::Debug for JobList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobList").finish_non_exhaustive()
    }
}
