use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::stream;
use tokio::sync::watch;

use super::ledger::Stand;

/// How far a load has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadProgress {
    /// Rows of the source that were read.
    pub rows_read: u64,
    /// Whether those are all.
    pub read_to_the_end: bool,
    /// Rows that cannot be sent: see [`Loaded::refused`](super::Loaded::refused).
    pub rows_refused: u64,
    /// Rows that were handed over to Salesforce.
    pub rows_sent: u64,
    /// Bytes that were handed over.
    pub bytes_sent: u64,
    /// Jobs that were created.
    pub jobs: u64,
    /// Jobs that have ended.
    pub jobs_ended: u64,
    /// Rows that Salesforce has worked on, as it said last.
    pub rows_processed: u64,
    /// Those of them that failed.
    pub rows_failed: u64,
}

/// How far a load has come, told whenever it comes further; a reader that is slow gets
/// the newest. It ends with the load. Made by
/// [`Loading::progress`](super::Loading::progress).
#[must_use = "a stream does nothing until it is polled"]
pub struct LoadProgressStream(Pin<Box<dyn Stream<Item = LoadProgress> + Send>>);

impl LoadProgressStream {
    pub(super) fn new(mut watched: watch::Receiver<Stand>) -> Self {
        watched.mark_changed();
        Self(Box::pin(stream::unfold(Some(watched), |watched| async {
            let mut watched = watched?;
            watched.changed().await.ok()?;
            let Stand { progress, over } = *watched.borrow_and_update();
            Some((progress, (!over).then_some(watched)))
        })))
    }

    /// The next one, without the help of a stream library.
    pub async fn next(&mut self) -> Option<LoadProgress> {
        std::future::poll_fn(|cx| self.0.as_mut().poll_next(cx)).await
    }
}

impl Stream for LoadProgressStream {
    type Item = LoadProgress;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<LoadProgress>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for LoadProgressStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoadProgressStream")
    }
}
