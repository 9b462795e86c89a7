//! Sending batches, each once, whatever the network does and whenever the program stops.
//!
//! Batches are sent one after the other, so there is at most one of which it is not clear
//! whether it arrived. Then the job is closed: a batch that is on its way comes in before
//! that or never. Afterwards the list of the job's batches is final, and the request of
//! the one that is not known can be fetched and compared. What follows goes to a new job.

use std::collections::VecDeque;

use super::super::{JobKind, Poll};
use super::batch::V1BatchId;
use super::close::close;
use super::cut::Cut;
use super::handle::{Data, Entry, Sent, V1Handle};
use super::ops;
use super::wait::Waiting;
use crate::bulk::journal::Journal;
use crate::client::{ApiVersion, Salesforce};
use crate::error::{Error, ErrorKind, Result};

/// How often a batch is sent that did not arrive.
const MOST: u32 = 4;

/// A load whose rows are being sent.
pub(super) struct Sending {
    client: Salesforce,
    version: ApiVersion,
    handle: V1Handle,
    journal: Option<Journal>,
    poll: Poll,
    /// Whether the last job takes batches.
    open: bool,
    /// A batch that the last job has, and that was not noted.
    found: Option<(V1BatchId, Data)>,
}

impl Sending {
    pub(super) fn new(
        client: Salesforce,
        version: ApiVersion,
        handle: V1Handle,
        journal: Option<Journal>,
        poll: Poll,
    ) -> Self {
        Self {
            client,
            version,
            handle,
            journal,
            poll,
            open: false,
            found: None,
        }
    }

    pub(super) fn handle(&self) -> &V1Handle {
        &self.handle
    }

    /// Sends what `next` gives until it gives nothing, but for what was sent before.
    pub(super) async fn run(
        &mut self,
        mut next: impl FnMut() -> Result<Option<Cut>> + Send,
    ) -> Result<()> {
        // A first row that cannot be written is no reason for a job.
        let mut cut = next()?;
        let mut known: VecDeque<Sent> = self.handle.sent().cloned().collect();
        if !self.handle.complete && !self.handle.jobs.is_empty() {
            self.settle().await?;
        }
        while let Some(batch) = cut {
            match known.pop_front() {
                Some(sent) if sent == Sent::new(sent.id, &batch) => {}
                Some(sent) => return Err(other_source(sent.id)),
                None if self.handle.complete => {
                    return Err(Error::invalid_input(
                        "the source is not what it was: it has rows where it ended before",
                    ));
                }
                None => self.place(&batch).await?,
            }
            cut = next()?;
        }
        let left = known.front().map(|sent| sent.id);
        if let Some(id) = left.or(self.found.map(|(id, _)| id)) {
            return Err(other_source(id));
        }
        if self.handle.complete {
            return Ok(());
        }
        if let Some(last) = self.handle.jobs.last().filter(|_| self.open) {
            close(&self.client, last.job, self.version).await?;
        }
        self.enter(Entry::Complete).await
    }

    async fn enter(&mut self, entry: Entry) -> Result<()> {
        if let Some(journal) = &self.journal {
            journal.append(&entry).await?;
        }
        self.handle.enter(entry);
        Ok(())
    }

    /// Has the last job take no further batches, and looks for one that was not noted.
    async fn settle(&mut self) -> Result<()> {
        let Some(last) = self.handle.jobs.last() else {
            return Ok(());
        };
        let job = last.job;
        close(&self.client, job, self.version).await?;
        let listed = self.client.call(ops::batches(job, self.version)).await?;
        let is_noted = |id: V1BatchId| last.batches.iter().any(|sent| sent.id == id);
        let mut unknown = listed.iter().filter(|batch| !is_noted(batch.id));
        let first = unknown.next().map(|batch| batch.id);
        if unknown.next().is_some() {
            return Err(Error::new(
                ErrorKind::Incomplete,
                "the job has batches that this load did not send; abort it",
            ));
        }
        let is_listed = |id: V1BatchId| listed.iter().any(|batch| batch.id == id);
        if let Some(lost) = last.batches.iter().find(|sent| !is_listed(sent.id)) {
            return Err(Error::new(
                ErrorKind::Incomplete,
                format!("the job no longer tells of batch {}", lost.id),
            ));
        }
        self.open = false;
        if let Some(id) = first {
            let request = ops::request(job, self.version, id);
            let data = self.client.call(request).await?;
            self.found = Some((id, Data::of(&data)));
        }
        Ok(())
    }

    /// Has the batch be there, once.
    async fn place(&mut self, cut: &Cut) -> Result<()> {
        let mut sent = 0;
        loop {
            if let Some((id, data)) = self.found {
                if data != Data::of(&cut.data) {
                    return Err(other_source(id));
                }
                self.found = None;
                return self.enter(Entry::Batch(Sent::new(id, cut))).await;
            }
            if !self.open {
                self.begin().await?;
            }
            let Some(job) = self.handle.jobs.last().map(|last| last.job) else {
                return Ok(());
            };
            sent += 1;
            let content_type = self.handle.content_type();
            let op = ops::add(job, self.version, content_type, cut.data.clone());
            let error = match self.client.call(op).bulk_batches(1).await {
                Ok(batch) => return self.enter(Entry::Batch(Sent::new(batch.id, cut))).await,
                Err(error) if error.may_have_been_processed() => error,
                Err(error) => return Err(error),
            };
            self.settle().await.map_err(Error::after_doubt)?;
            if self.found.is_some() {
                continue;
            }
            if sent >= MOST {
                return Err(error);
            }
            let wait = self.client.backoff(sent);
            tracing::warn!(sent, "a batch did not arrive and is sent again");
            tokio::time::sleep(wait).await;
        }
    }

    /// Makes a job for what follows.
    async fn begin(&mut self) -> Result<()> {
        if self.handle.job().serial
            && let Some(last) = self.handle.jobs.last()
        {
            // Jobs are worked on side by side, and these batches should not be.
            let waiting = Waiting {
                client: &self.client,
                kind: JobKind::Ingest,
                job: last.job,
                version: self.version,
                divided: None,
            };
            waiting.until_ended(&self.poll, |_| Ok(true)).await?;
        }
        let create = ops::create(self.handle.job(), self.version);
        let job = self.client.call(create).await?.id;
        self.enter(Entry::Job(job)).await?;
        self.open = true;
        Ok(())
    }
}

fn other_source(batch: V1BatchId) -> Error {
    Error::invalid_input(format!(
        "the source is not what it was: batch {batch} has other rows than would be sent now; \
         nothing more was sent"
    ))
}
