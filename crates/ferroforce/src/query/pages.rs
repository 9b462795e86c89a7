use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use http::HeaderMap;
use serde::de::DeserializeOwned;
use tracing::Instrument;

use super::cursor::Cursor;
use super::page::RawPage;
use super::{Page, ask, long};
use crate::client::{Call, Salesforce};
use crate::error::{Error, ErrorKind, Result};
use crate::op::Op;
use crate::pipeline::Buffers;
use crate::retry::RetryPolicy;
use crate::transport::BoxFuture;

/// How pages are asked for.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) batch_size: Option<u32>,
    pub(super) timeout: Option<Duration>,
    pub(super) retry: Option<RetryPolicy>,
    pub(super) long: bool,
    pub(super) prefetch: bool,
    pub(super) headers: HeaderMap,
    /// A header that no request can have.
    pub(super) refused: Option<Error>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            batch_size: None,
            timeout: None,
            retry: None,
            long: false,
            prefetch: true,
            headers: HeaderMap::new(),
            refused: None,
        }
    }
}

impl Settings {
    /// A call with these settings.
    pub(super) fn call<R>(self, client: Salesforce, op: Result<Op<R>>) -> Call<R> {
        let mut call = Call::new(client, self.refused.map_or(op, Err));
        for (name, value) in &self.headers {
            call.put(Ok((name.clone(), value.clone())));
        }
        if let Some(timeout) = self.timeout {
            call = call.timeout(timeout);
        }
        if let Some(policy) = self.retry {
            call = call.retry(policy);
        }
        if self.long {
            call = call.long();
        }
        call
    }
}

/// Fetches one page after the other, always one ahead of the reader.
pub(super) struct Source {
    client: Salesforce,
    settings: Settings,
    buffers: Buffers,
    fetch: Fetch,
    /// Where the page that is fetched is.
    at: Option<String>,
    /// A page that waits until the fetch of the next one has set out.
    held: Option<RawPage>,
    /// Rows that were read before a cursor was kept, and the last one of them.
    skip: u64,
    last: Option<u64>,
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
    pub(super) fn new(client: Salesforce, op: Result<Op<RawPage>>, settings: Settings) -> Self {
        let mut source = Self {
            client,
            settings,
            buffers: Buffers::kept(),
            fetch: Fetch::Done,
            at: None,
            held: None,
            skip: 0,
            last: None,
        };
        source.fetch = Fetch::Here(source.send(op));
        source
    }

    /// Goes on where `cursor` was made; `op` is the first page of its query.
    pub(super) fn resume(
        client: Salesforce,
        op: Result<Op<RawPage>>,
        settings: Settings,
        cursor: &Cursor,
    ) -> Self {
        let batch_size = settings.batch_size;
        let op = match &cursor.page {
            Some(url) => op.and_then(|_| ask::next_page(url, batch_size)),
            None => op,
        };
        let mut source = Self::new(client, op, settings);
        source.at.clone_from(&cursor.page);
        source.skip = cursor.index;
        source.last = cursor.last;
        source
    }

    fn send(&self, op: Result<Op<RawPage>>) -> BoxFuture<'static, Result<RawPage>> {
        let (client, settings) = (&self.client, &self.settings);
        let long = op.as_ref().ok().and_then(long::kept);
        let call = settings.clone().call(client.clone(), op);
        let call = call.buffers(self.buffers.clone()).into_future();
        match long {
            None => call,
            Some(op) => Box::pin(long::send(call, client.clone(), op, settings.clone())),
        }
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
        let page = page.and_then(|page| self.arrived(page));
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

    /// Leaves out what was read before.
    fn arrived(&mut self, mut page: RawPage) -> Result<RawPage> {
        page.at = self.at.take();
        self.at.clone_from(&page.next);
        if self.skip == 0 {
            return Ok(page);
        }
        let rows = page.len() as u64;
        if self.skip > rows {
            if page.next.is_none() {
                return Err(moved());
            }
            page.leave_out(rows);
            self.skip -= rows;
            return Ok(page);
        }
        page.leave_out(self.skip);
        self.skip = 0;
        if self
            .last
            .take()
            .is_some_and(|last| page.before != Some(last))
        {
            return Err(moved());
        }
        Ok(page)
    }

    fn following(&self, page: &RawPage) -> Fetch {
        let Some(url) = &page.next else {
            return Fetch::Done;
        };
        tracing::trace!(rows = page.len(), "page read, another follows");
        let fetch = self.send(ask::next_page(url, self.settings.batch_size));
        if self.settings.prefetch {
            Fetch::Ahead(Ahead(tokio::spawn(fetch.in_current_span())))
        } else {
            Fetch::Here(fetch)
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.held.is_none() && matches!(self.fetch, Fetch::Done)
    }

    /// Takes a page that was read, for its memory.
    pub(super) fn give_back(&self, page: RawPage) {
        self.buffers.give_back(page.into_body());
    }

    pub(super) async fn next_page(&mut self) -> Option<Result<RawPage>> {
        std::future::poll_fn(|cx| self.poll_page(cx)).await
    }
}

fn moved() -> Error {
    Error::new(
        ErrorKind::StaleCursor,
        "the rows are no longer where the cursor left them; ask the query anew",
    )
}

fn lost(error: tokio::task::JoinError) -> Result<RawPage> {
    let what = if error.is_panic() {
        "the task that was fetching the next page panicked"
    } else {
        "the runtime dropped the task that was fetching the next page"
    };
    Err(Error::new(ErrorKind::Interrupted, what).with_source(error))
}

/// A query's pages as a stream; made by [`Query::pages`](super::Query::pages).
#[must_use = "a stream does nothing until it is polled"]
pub struct Pages<T> {
    source: Source,
    rows: u64,
    item: PhantomData<fn() -> T>,
}

impl<T> Pages<T> {
    pub(super) fn new(source: Source, rows_before: u64) -> Self {
        Self {
            source,
            rows: rows_before,
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
        let page = raw.page(before);
        self.source.give_back(raw);
        Poll::Ready(Some(page))
    }
}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}
