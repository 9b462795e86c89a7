use std::path::{Path, PathBuf};

use serde::Serialize;

use super::super::Poll;
use super::cut::{Bounds, Cut, Cutter};
use super::handle::{Of, V1Handle};
use super::job::NewV1Job;
use super::running::V1Running;
use super::send::Sending;
use crate::bulk::journal::{Journal, Kind};
use crate::client::Salesforce;
use crate::error::Result;

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
    journal: Option<PathBuf>,
}

impl V1Load {
    pub(super) fn new(client: Salesforce, job: NewV1Job) -> Self {
        Self {
            client,
            job,
            bounds: Bounds::default(),
            poll: Poll::default(),
            journal: None,
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

    /// Makes the load crash-proof: which jobs and batches there are is noted in this file
    /// before anything depends on it. When the program was stopped while it sent rows, at
    /// any point and however, start the same load with the same source and the same file:
    /// each row is sent once. What was sent is not sent again, and the file must not be
    /// used by two programs at a time. It holds ids and counts, and no row.
    ///
    /// To find out what was sent, the job that was last is closed, and a batch of it that
    /// the file does not know is fetched back and compared with the rows. The rest goes to
    /// a new job, after the batches of the other one where the job is
    /// [serial](NewV1Job::serial).
    ///
    /// The rows must be the same, in the same order and written alike (maps that have their
    /// keys in no order are not), or that is an error, and nothing more is sent. When all
    /// were sent, starting the load again sends nothing and gives it back to be waited
    /// for; remove the file to load anew.
    ///
    /// What it does not promise: a job to which somebody else adds batches is an error,
    /// which only [aborting](super::V1Job::abort) it resolves; and zipped batches are found
    /// again only by the same version of the library that packs them.
    pub fn journal(mut self, path: impl AsRef<Path>) -> Self {
        self.journal = Some(path.as_ref().to_owned());
        self
    }

    /// Sends the rows, batch after batch, and gives back the load while Salesforce still
    /// works on them. Where it is not clear whether a batch arrived, its job is closed, and
    /// the batch is looked for before it is sent again, in another job: no row is written
    /// twice.
    ///
    /// # Errors
    /// A row that cannot be written, and what befalls the requests. The jobs are aborted
    /// then, but batches that were sent before may be done: the error names the jobs. With a
    /// [journal](Self::journal) nothing is aborted, and the load can go on; its errors are
    /// those of the disk too, and a source that is not what it was.
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
        next: impl FnMut() -> Result<Option<Cut>> + Send,
    ) -> Result<V1Running> {
        let version = self.client.api_version();
        let of = Of::new(&self.job, self.bounds, version);
        let mut handle = V1Handle::new(of.clone());
        let mut journal = None;
        if let Some(path) = &self.journal {
            let (opened, entries) = Journal::open(path, Kind::Load, of).await?;
            entries.into_iter().for_each(|entry| handle.enter(entry));
            journal = Some(opened);
        }
        let (client, poll) = (self.client, self.poll);
        let abandoned = journal.is_none();
        let mut sending = Sending::new(client.clone(), version, handle, journal, poll.clone());
        let sent = sending.run(next).await;
        let running = V1Running::new(client, sending.handle().clone()).poll(poll);
        let Err(error) = sent else {
            return Ok(running);
        };
        if abandoned && let Err(error) = running.abort().await {
            tracing::warn!(error = %error.redacted(), "the job could not be aborted");
        }
        Err(error.with_jobs(running.handle().jobs()))
    }
}
