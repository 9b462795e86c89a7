use std::collections::VecDeque;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::super::job::{Next, Pace};
use super::super::{JobId, JobInfo, Poll};
use super::add::add;
use super::batch::{V1Batch, V1BatchId};
use super::cut::{Bounds, Cut, Cutter};
use super::job::{NewV1Job, V1ContentType};
use super::ops;
use super::results::V1Outcomes;
use crate::client::{ApiVersion, Call, Salesforce};
use crate::error::{Error, ErrorKind, Result};

/// A load on its way; made by [`BulkV1::load`](super::BulkV1::load).
///
/// Rows are sent in batches of up to 10,000 rows and 10 MB. What became of them comes in
/// their order.
#[must_use = "a load does nothing until it is started"]
#[derive(Debug, Clone)]
pub struct V1Load {
    pub(super) client: Salesforce,
    pub(super) job: NewV1Job,
    pub(super) bounds: Bounds,
    poll: Poll,
}

impl V1Load {
    pub(super) fn new(client: Salesforce, job: NewV1Job) -> Self {
        Self {
            client,
            job,
            bounds: Bounds::default(),
            poll: Poll::default(),
        }
    }

    /// How many rows a batch has at most. Default 10,000, which is what Salesforce
    /// takes. Smaller ones help where triggers are slow.
    pub fn batch_rows(mut self, rows: usize) -> Self {
        self.bounds.rows = rows.clamp(1, Bounds::default().rows);
        self
    }

    /// How many bytes a batch has at most. Default 10 million, which is what Salesforce
    /// takes.
    pub fn batch_bytes(mut self, bytes: usize) -> Self {
        self.bounds.bytes = bytes.clamp(1, Bounds::default().bytes);
        self
    }

    /// How its end is waited for.
    pub fn poll(mut self, poll: Poll) -> Self {
        self.poll = poll;
        self
    }

    /// Sends the rows, batch after batch, and gives back the load while Salesforce still
    /// works on them. A batch that may have arrived is looked for before it is sent
    /// again, so that no row is written twice.
    ///
    /// # Errors
    /// A row that cannot be written, and what befalls the requests. The job is aborted
    /// then, but batches that were sent before may be done: the error names the job.
    pub async fn start<R: Serialize>(
        self,
        rows: impl IntoIterator<Item = R, IntoIter: Send>,
    ) -> Result<V1Running> {
        let mut cutter = Cutter::new(self.job.content_type, self.bounds);
        let mut rows = rows.into_iter();
        let mut ended = false;
        // Rows are turned into text before anything is waited for, so that they need
        // not be moved to other threads.
        self.run(move || {
            for row in rows.by_ref() {
                if let Some(cut) = cutter.add(&row)? {
                    return Ok(Some(cut));
                }
            }
            if std::mem::replace(&mut ended, true) {
                return Ok(None);
            }
            Ok(cutter.finish())
        })
        .await
    }

    /// Sends what `next` gives until it gives nothing.
    pub(super) async fn run(
        self,
        mut next: impl FnMut() -> Result<Option<Cut>> + Send,
    ) -> Result<V1Running> {
        // A first row that cannot be written is no reason for a job.
        let mut cut = next()?;
        let version = self.client.api_version();
        let job = self.client.call(ops::create(&self.job, version)).await?.id;
        let mut running = V1Running {
            handle: V1Handle {
                job,
                version: version.number(),
                content_type: self.job.content_type,
                batches: Vec::new(),
            },
            client: self.client,
            poll: self.poll,
        };
        while let Some(batch) = cut {
            let sent = running.send(&batch).await.and_then(|()| next());
            cut = match sent {
                Ok(cut) => cut,
                Err(error) => {
                    if let Err(error) = running.abort().await {
                        tracing::warn!(error = %error.redacted(), "the job could not be aborted");
                    }
                    return Err(error.with_job(job));
                }
            };
        }
        let closed = running
            .client
            .call(ops::change(job, version, "Closed"))
            .await;
        closed.map_err(|error| error.with_job(job))?;
        Ok(running)
    }
}

/// All that is needed to take up a load again: a value to be kept, by `serde`. It holds
/// no token and no rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct V1Handle {
    pub(super) job: JobId,
    pub(super) version: u16,
    pub(super) content_type: V1ContentType,
    /// The batches in the order of their rows, and how many rows each has.
    batches: Vec<(V1BatchId, u64)>,
}

impl V1Handle {
    /// The job's id.
    pub fn id(&self) -> JobId {
        self.job
    }

    /// How many rows were sent.
    pub fn rows(&self) -> u64 {
        self.batches.iter().map(|(_, rows)| rows).sum()
    }

    pub(super) fn version(&self) -> Result<ApiVersion> {
        ApiVersion::new(self.version)
    }
}

/// A load that Salesforce works on. Made by [`V1Load::start`], and by
/// [`BulkV1::resume`](super::BulkV1::resume) of its [handle](Self::handle).
#[derive(Clone)]
pub struct V1Running {
    client: Salesforce,
    handle: V1Handle,
    poll: Poll,
}

impl V1Running {
    pub(super) fn new(client: Salesforce, handle: V1Handle) -> Self {
        Self {
            client,
            handle,
            poll: Poll::default(),
        }
    }

    /// What to keep, to take the load up again.
    pub fn handle(&self) -> &V1Handle {
        &self.handle
    }

    /// How its end is waited for.
    #[must_use]
    pub fn poll(mut self, poll: Poll) -> Self {
        self.poll = poll;
        self
    }

    /// Stops the job. Batches that are done stay done.
    pub fn abort(&self) -> Call<JobInfo> {
        let version = self.handle.version();
        self.client
            .call(version.and_then(|version| ops::change(self.handle.job, version, "Aborted")))
    }

    async fn send(&mut self, cut: &Cut) -> Result<()> {
        let known: Vec<_> = self.handle.batches.iter().map(|(id, _)| *id).collect();
        let V1Handle {
            job, content_type, ..
        } = self.handle;
        let version = self.handle.version()?;
        let batch = add(&self.client, job, version, content_type, &cut.data, &known).await?;
        self.handle.batches.push((batch.id, cut.rows));
        Ok(())
    }

    /// Waits until all batches are done, and gives what became of their rows.
    ///
    /// # Errors
    /// As [`Poll`] says. The error names the job, and the job goes on.
    pub async fn wait(&self) -> Result<V1Outcomes> {
        let job = self.handle.job;
        let clock = self.client.clock();
        let began = clock.steady();
        let mut pace = Pace::new(&self.poll);
        let version = self.handle.version()?;
        loop {
            let asked = self.client.call(ops::batches(job, version)).await;
            let elapsed = clock.steady().duration_since(began);
            let next = match asked.map(|batches| self.ended(&batches)) {
                Ok(Ok(Some(batches))) => {
                    let (client, handle) = (self.client.clone(), self.handle.clone());
                    return Ok(V1Outcomes::new(client, handle, batches));
                }
                Ok(Ok(None)) => pace.goes_on(elapsed, self.client.random()),
                Ok(Err(error)) => return Err(error.with_job(job)),
                Err(error) => pace.failed(error, elapsed, self.client.random()),
            };
            match next {
                Next::Ask(pause) => tokio::time::sleep(pause).await,
                Next::GiveUp(error) => return Err(error.with_job(job)),
            }
        }
    }

    /// The batches in the order of their rows, if all have ended.
    fn ended(&self, batches: &[V1Batch]) -> Result<Option<VecDeque<(V1Batch, u64)>>> {
        let mut ended = VecDeque::with_capacity(batches.len());
        for (id, rows) in &self.handle.batches {
            let Some(batch) = batches.iter().find(|batch| batch.id == *id) else {
                return Err(Error::new(
                    ErrorKind::Incomplete,
                    format!("the job no longer tells of batch {id}"),
                ));
            };
            if !batch.state.is_final() {
                return Ok(None);
            }
            ended.push_back((batch.clone(), *rows));
        }
        Ok(Some(ended))
    }
}

impl fmt::Debug for V1Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("V1Running")
            .field("job", &self.handle.job)
            .field("batches", &self.handle.batches.len())
            .finish_non_exhaustive()
    }
}
