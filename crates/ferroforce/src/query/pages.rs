use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use serde::de::DeserializeOwned;

use super::Page;
use super::page::RawPage;
use crate::client::{Call, Salesforce};
use crate::error::{Error, Result};
use crate::op::Op;
use crate::retry::RetryPolicy;
use crate::transport::BoxFuture;
use tracing::Instrument;

/// Fetches one page after the other, always one ahead of the reader.
pub(super) struct Source {
    client: Salesforce,
    batch_size: Option<u32>,
    timeout: Option<Duration>,
    retry: Option<RetryPolicy>,
    prefetch: bool,
    fetch: Fetch,
    /// A page that waits until the fetch of the next one has set out.
    held: Option<RawPage>,
}

enum Fetch {
    /// The first page, as part of the reader's own task, so that a query is sent
    /// when its rows are asked for.
    Here(BoxFuture<'static, Result<RawPage>>),
    /// A further page, fetched while the one before it is read.
    Ahead(Ahead),
    Done,
}

/// A task that ends with its owner.
struct Ahead(tokio::task::JoinHandle<Result<RawPage>>);

impl Drop for Ahead {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Source {
    pub(super) fn new(
        client: Salesforce,
        op: Result<Op<RawPage>>,
        batch_size: Option<u32>,
        timeout: Option<Duration>,
        retry: Option<RetryPolicy>,
    ) -> Self {
        let mut source = Self {
            client,
            batch_size,
            timeout,
            retry,
            prefetch: true,
            fetch: Fetch::Done,
            held: None,
        };
        source.fetch = Fetch::Here(source.send(op));
        source
    }

    /// Asks for a page only when it is wanted.
    pub(super) fn without_prefetch(mut self) -> Self {
        self.prefetch = false;
        self
    }

    fn send(&self, op: Result<Op<RawPage>>) -> BoxFuture<'static, Result<RawPage>> {
        let mut call = Call::new(self.client.clone(), op);
        if let Some(timeout) = self.timeout {
            call = call.timeout(timeout);
        }
        if let Some(policy) = &self.retry {
            call = call.retry(policy.clone());
        }
        call.into_future()
    }

    pub(super) fn poll_page(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<RawPage>>> {
        if let Some(page) = self.held.take() {
            return Poll::Ready(Some(Ok(page)));
        }
        let page = match &mut self.fetch {
            Fetch::Done => return Poll::Ready(None),
            Fetch::Here(fetch) => ready!(fetch.as_mut().poll(cx)),
            Fetch::Ahead(Ahead(task)) => ready!(Pin::new(task).poll(cx)).unwrap_or_else(lost),
        };
        self.fetch = match &page {
            Ok(page) => self.following(page),
            Err(_) => Fetch::Done,
        };
        match page {
            // A reader that finds row after row ready does not let go of its
            // thread, and tokio keeps the newest task for that very thread: the
            // fetch would begin only when the page has been read.
            Ok(page) if matches!(self.fetch, Fetch::Ahead(_)) => {
                self.held = Some(page);
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            page => Poll::Ready(Some(page)),
        }
    }

    fn following(&self, page: &RawPage) -> Fetch {
        let Some(url) = &page.next else {
            return Fetch::Done;
        };
        tracing::trace!(rows = page.len(), "page read, another follows");
        let fetch = self.send(super::next_page(url, self.batch_size));
        if self.prefetch {
            Fetch::Ahead(Ahead(tokio::spawn(fetch.in_current_span())))
        } else {
            Fetch::Here(fetch)
        }
    }

    pub(super) async fn next_page(&mut self) -> Option<Result<RawPage>> {
        std::future::poll_fn(|cx| self.poll_page(cx)).await
    }
}

fn lost(error: tokio::task::JoinError) -> Result<RawPage> {
    let what = if error.is_panic() {
        "the task that was fetching the next page panicked"
    } else {
        "the runtime dropped the task that was fetching the next page"
    };
    Err(Error::new(crate::ErrorKind::Interrupted, what).with_source(error))
}

/// A query's pages as a stream; made by [`Query::pages`](super::Query::pages).
#[must_use = "a stream does nothing until it is polled"]
pub struct Pages<T> {
    source: Source,
    rows: u64,
    item: PhantomData<fn() -> T>,
}

impl<T> Pages<T> {
    pub(super) fn new(source: Source) -> Self {
        Self {
            source,
            rows: 0,
            item: PhantomData,
        }
    }
}

impl<T: DeserializeOwned> Pages<T> {
    /// The next page, without the help of a stream library.
    ///
    /// # Errors
    /// As [`Query::rows`](super::Query::rows) says.
    pub async fn next(&mut self) -> Option<Result<Page<T>>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl<T: DeserializeOwned> Stream for Pages<T> {
    type Item = Result<Page<T>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(raw) = ready!(self.source.poll_page(cx)).transpose()? else {
            return Poll::Ready(None);
        };
        let before = self.rows;
        self.rows += raw.len() as u64;
        Poll::Ready(Some(raw.page(before)))
    }
}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}
