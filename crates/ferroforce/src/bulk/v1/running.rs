use std::collections::VecDeque;
use std::fmt;

use super::super::{JobId, JobKind, Poll};
use super::batch::V1Batch;
use super::close::abort;
use super::handle::{Handed, V1Handle};
use super::results::V1Outcomes;
use super::wait::Waiting;
use crate::client::Salesforce;
use crate::error::{Error, ErrorKind, Result};

/// A load that Salesforce works on. Made by [`V1Load::start`](super::V1Load::start), and by
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

    /// Stops the jobs. Batches that are done stay done.
    ///
    /// # Errors
    /// What befalls the requests.
    pub async fn abort(&self) -> Result<()> {
        let version = self.handle.version()?;
        for job in self.handle.jobs() {
            abort(&self.client, job, version)
                .await
                .map_err(|error| error.with_job(job))?;
        }
        Ok(())
    }

    /// Waits until all batches are done, and gives what became of their rows. Each answer
    /// meanwhile is an [`Event::Job`](crate::events::Event::Job).
    ///
    /// # Errors
    /// As [`Poll`] says. The error names the job, and the job goes on.
    pub async fn wait(&self) -> Result<V1Outcomes> {
        let version = self.handle.version()?;
        let mut ended = VecDeque::new();
        for handed in &self.handle.jobs {
            let waiting = Waiting {
                client: &self.client,
                kind: JobKind::Ingest,
                job: handed.job,
                version,
                divided: None,
            };
            let known = |batches: &[V1Batch]| in_order(handed, batches).map(|_| true);
            let batches = waiting.until_ended(&self.poll, known).await?;
            ended.extend(in_order(handed, &batches)?);
        }
        let content_type = self.handle.content_type();
        let client = self.client.clone();
        Ok(V1Outcomes::new(client, version, content_type, ended))
    }
}

/// A batch, whose it is, and how many rows it was sent.
pub(super) type Batch = (JobId, V1Batch, u64);

/// The batches of a job in the order of their rows.
fn in_order(handed: &Handed, batches: &[V1Batch]) -> Result<Vec<Batch>> {
    let found = handed.batches.iter().map(|sent| {
        let batch = batches.iter().find(|batch| batch.id == sent.id);
        let batch = batch.ok_or_else(|| {
            Error::new(
                ErrorKind::Incomplete,
                format!("the job no longer tells of batch {}", sent.id),
            )
        })?;
        Ok((handed.job, batch.clone(), sent.rows))
    });
    found.collect()
}

impl fmt::Debug for V1Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("V1Running")
            .field("jobs", &self.handle.jobs().collect::<Vec<_>>())
            .field("rows", &self.handle.rows())
            .finish_non_exhaustive()
    }
}
