//! One page of results: opened, read as it comes, checked, and where it breaks off
//! opened again and read on from there.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_core::Stream;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use tokio::sync::{mpsc, oneshot};

use super::super::job::JobId;
use super::ops::{self, PageAt};
use super::paging::Paging;
use super::text::{Piece, Text, Written};
use crate::bulk::csv::read::Spare;
use crate::client::{ApiVersion, Salesforce};
use crate::error::{Error, ErrorKind, Result};
use crate::pipeline::{CallSettings, Opened, Outgoing};
use crate::transport::{TransportError, TransportErrorKind};

/// How many bytes of rows are handed on at a time, where they come quicker than they
/// are read.
const BATCH_BYTES: usize = 64 * 1024;

/// How many batches of a page wait to be read.
pub(super) const BATCHES: usize = 3;

/// How often a page is opened again without any row of it having come meanwhile.
const MOST_FAILURES: u32 = 5;

/// How much is compared of what came before a page broke off.
const TAIL: usize = 1024;

/// What the pages of a job have in common.
#[derive(Debug)]
pub(super) struct Pages {
    pub(super) client: Salesforce,
    pub(super) job: JobId,
    pub(super) version: ApiVersion,
    pub(super) written: Written,
    pub(super) paging: Paging,
    /// Whether a page tells how many rows it has. Those of Bulk API 1.0 do not.
    pub(super) counted: bool,
    pub(super) spare: Arc<Spare>,
}

/// The answer's word on where the next page is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    At(String),
    End,
    /// It said nothing.
    Untold,
}

/// Where the pieces of a page go.
pub(super) struct Sink {
    /// Told as soon as the page is open.
    pub(super) next: Option<oneshot::Sender<Next>>,
    pub(super) pieces: mpsc::Sender<Piece>,
}

/// Why an attempt at a page ended.
enum End {
    /// It did not come whole, and may do so if it is asked for again.
    Again(Error),
    Failed(Error),
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// A page under way.
struct Progress {
    text: Text,
    /// How many bytes came, over all attempts.
    received: u64,
    /// The last of them.
    tail: Vec<u8>,
}

/// Reads a page to its end, and gives back how many rows it has.
///
/// # Errors
/// What the request meets, and a page that is not as it was stated, however often it is
/// asked for.
pub(super) async fn read(pages: Arc<Pages>, at: PageAt, mut sink: Sink) -> Result<u64> {
    let mut progress = Progress {
        text: Text::new(pages.written, &pages.spare),
        received: 0,
        tail: Vec::new(),
    };
    let mut failures = 0;
    loop {
        let before = progress.received;
        let error = match attempt(&pages, &at, &mut progress, &mut sink).await {
            Ok(rows) => return Ok(rows),
            Err(End::Failed(error)) => return Err(error.with_job(pages.job)),
            Err(End::Again(error)) => error,
        };
        failures = if progress.received > before {
            1
        } else {
            failures + 1
        };
        if failures > MOST_FAILURES {
            return Err(error.with_job(pages.job));
        }
        let wait = pages.client.backoff(failures);
        tracing::warn!(
            error = %error.redacted(),
            wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            "a page of results broke off and is asked for again"
        );
        tokio::time::sleep(wait).await;
    }
}

/// What keeps a page from beginning was repeated by the client's policy already; what
/// breaks it off later was not.
async fn attempt(
    pages: &Pages,
    at: &PageAt,
    progress: &mut Progress,
    sink: &mut Sink,
) -> Result<u64, End> {
    let op = ops::page(
        pages.job,
        pages.version,
        at,
        pages.paging.page_rows,
        pages.written,
    )?;
    let settings = CallSettings {
        timeout: pages.paging.timeout,
        ..CallSettings::default()
    };
    let outgoing = Outgoing::from_op(op, pages.client.api_version(), settings)?.opening();
    let opened = pages.client.open(&outgoing).await?;
    let stated = Stated::read(opened.head.headers());
    if stated.rows.is_none() && pages.counted {
        let untold = "a page of results does not tell how many rows it has";
        if pages.paging.strict {
            return Err(Error::new(ErrorKind::Incomplete, untold).into());
        }
        tracing::warn!("{untold}");
    }
    if let Some(next) = sink.next.take() {
        // Nobody may want to know.
        let _ = next.send(stated.next.clone());
    }
    receive(opened, progress, sink, stated.length).await?;
    finish(progress, sink, stated.rows).await
}

/// What an answer tells of its page.
struct Stated {
    rows: Option<u64>,
    next: Next,
    length: Option<u64>,
}

impl Stated {
    fn read(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        let next = match text("sforce-locator") {
            None => Next::Untold,
            Some("null" | "") => Next::End,
            Some(locator) => Next::At(locator.to_owned()),
        };
        let length = headers
            .get(CONTENT_LENGTH)
            .filter(|_| !headers.contains_key(CONTENT_ENCODING))
            .and_then(|length| length.to_str().ok()?.parse().ok());
        Self {
            rows: text("sforce-numberofrecords").and_then(|rows| rows.trim().parse().ok()),
            next,
            length,
        }
    }
}

/// Reads the body, of which as much as came before is left out.
async fn receive(
    opened: Opened,
    progress: &mut Progress,
    sink: &Sink,
    length: Option<u64>,
) -> Result<(), End> {
    let mut body = opened.body;
    let broken = |error: TransportError| {
        let error = Error::from_transport(error);
        End::Again(error.with_context(opened.context.clone()))
    };
    let mut known = Known::before(progress);
    let mut received = 0_u64;
    let mut waiting = 0_usize;
    loop {
        let ready = poll_fn(|cx| {
            Poll::Ready(match Pin::new(&mut body).poll_next(cx) {
                Poll::Ready(piece) => Some(piece),
                Poll::Pending => None,
            })
        });
        let piece = match ready.await {
            Some(piece) => piece,
            None => {
                // Rows that are there are not kept from who waits for them.
                if waiting > 0 {
                    send_rows(progress, sink).await?;
                    waiting = 0;
                }
                let next = poll_fn(|cx| Pin::new(&mut body).poll_next(cx));
                match tokio::time::timeout(opened.stall, next).await {
                    Ok(piece) => piece,
                    Err(_) => return Err(broken(rested(opened.stall))),
                }
            }
        };
        let Some(piece) = piece else { break };
        let piece = piece.map_err(broken)?;
        received += as_u64(piece.len());
        // A piece may be much larger than what is handed on.
        for new in known.leave_out(&piece)?.chunks(BATCH_BYTES) {
            progress.add(new);
            waiting += new.len();
            if waiting >= BATCH_BYTES {
                send_rows(progress, sink).await?;
                waiting = 0;
            }
        }
    }
    if let Some(length) = length
        && received != length
    {
        let message = format!("the page ended after {received} of {length} bytes");
        let kind = TransportErrorKind::Interrupted;
        return Err(broken(TransportError::new(kind, message)));
    }
    if !known.is_past() {
        return Err(incomplete(
            "the page is shorter than it was before it broke off".to_owned(),
        ));
    }
    Ok(())
}

fn rested(stall: Duration) -> TransportError {
    TransportError::new(
        TransportErrorKind::Timeout,
        format!("the page rested for {stall:?}"),
    )
}

impl Progress {
    fn add(&mut self, bytes: &[u8]) {
        self.text.push(bytes);
        self.received += as_u64(bytes.len());
        let last = &bytes[bytes.len().saturating_sub(TAIL)..];
        self.tail.extend_from_slice(last);
        let over = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..over);
    }
}

/// What a page began with when it came before.
struct Known {
    left: u64,
    tail: Vec<u8>,
    /// What came in the place of the tail.
    met: Vec<u8>,
}

impl Known {
    fn before(progress: &Progress) -> Self {
        Self {
            left: progress.received,
            tail: progress.tail.clone(),
            met: Vec::new(),
        }
    }

    fn is_past(&self) -> bool {
        self.left == 0
    }

    /// What is new in a piece.
    ///
    /// # Errors
    /// When what came before reads otherwise now: then nobody can tell which rows are
    /// still to come.
    fn leave_out<'a>(&mut self, piece: &'a [u8]) -> Result<&'a [u8]> {
        if self.left == 0 {
            return Ok(piece);
        }
        let length = usize::try_from(self.left).map_or(piece.len(), |left| left.min(piece.len()));
        let (old, new) = piece.split_at(length);
        // Where in the piece the tail goes on.
        let before_tail = self
            .left
            .saturating_sub(as_u64(self.tail.len() - self.met.len()));
        let begin = usize::try_from(before_tail).map_or(old.len(), |at| at.min(old.len()));
        self.met.extend_from_slice(&old[begin..]);
        self.left -= as_u64(length);
        if self.left == 0 && self.met != self.tail {
            return Err(Error::new(
                ErrorKind::StaleCursor,
                "a page of results reads otherwise than before it broke off",
            ));
        }
        Ok(new)
    }
}

fn incomplete(message: String) -> End {
    End::Again(Error::new(ErrorKind::Incomplete, message))
}

/// Hands on the rows that are there as a whole.
async fn send_rows(progress: &mut Progress, sink: &Sink) -> Result<()> {
    let (header, rows) = progress.text.take()?;
    if let Some(header) = header {
        send(sink, Piece::Header(header)).await?;
    }
    if let Some(rows) = rows {
        send(sink, Piece::Rows(rows)).await?;
    }
    Ok(())
}

async fn send(sink: &Sink, piece: Piece) -> Result<()> {
    sink.pieces
        .send(piece)
        .await
        .map_err(|_| Error::new(ErrorKind::Interrupted, "nobody waits for the rows any more"))
}

/// Compares what came with what was stated, and hands on the rest.
async fn finish(progress: &mut Progress, sink: &Sink, stated: Option<u64>) -> Result<u64, End> {
    send_rows(progress, sink).await?;
    let rows = progress
        .text
        .rows()
        .map_err(|what| incomplete(what.to_owned()))?;
    if let Some(stated) = stated
        && stated != rows
    {
        return Err(incomplete(format!(
            "a page of results has {rows} rows where {stated} were stated"
        )));
    }
    progress.text.finish();
    send_rows(progress, sink).await?;
    Ok(rows)
}

fn as_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
