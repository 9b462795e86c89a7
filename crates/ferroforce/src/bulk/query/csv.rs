use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures_core::Stream;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};

use super::download::{Download, Item, Plan, Wanted};
use super::{QueryHandle, ResultCursor};
use crate::bulk::spool::blocking;
use crate::error::{Error, Result};
use crate::files::Part;

/// The results of a query job as one CSV text, with one header: a stream of bytes, and
/// a `tokio::io::AsyncRead`. Made by [`BulkQuery::csv`](super::BulkQuery::csv) and
/// [`QueryJob::csv`](super::QueryJob::csv).
///
/// Each piece holds whole rows. It ends when all rows have come, and with an `Err`
/// otherwise. The text is as Salesforce writes it: UTF-8, with quotes around all cells.
/// Of a job that is [resumed](super::QueryJob::resume) it begins with the next row, and
/// has a header only if no row was read before.
#[must_use = "a stream does nothing until it is polled"]
pub struct BulkCsv {
    download: Download,
    line_end: &'static [u8],
    /// Pieces that are there, to be read.
    pieces: VecDeque<Bytes>,
    has_header: bool,
    rows: u64,
    begun: Option<ResultCursor>,
}

impl BulkCsv {
    pub(super) fn new(plan: Plan) -> Self {
        let download = Download::new(plan, Wanted::Text);
        Self {
            has_header: download.number() > 0,
            download,
            line_end: b"",
            pieces: VecDeque::new(),
            rows: 0,
            begun: None,
        }
    }

    /// The page that began with the piece that came last, unless that was told.
    pub(super) fn begun_page(&mut self) -> Option<ResultCursor> {
        self.begun.take()
    }

    /// How many rows were given, those before it was resumed among them.
    pub(super) fn rows_in_all(&self) -> u64 {
        self.download.number()
    }

    /// The job that the results are of, once it has been started.
    pub fn handle(&self) -> Option<&QueryHandle> {
        self.download.handle()
    }

    /// How many rows have been given.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The next piece, without the help of a stream library.
    ///
    /// # Errors
    /// As [`BulkQuery::rows`](super::BulkQuery::rows) says.
    pub async fn next(&mut self) -> Option<Result<Bytes>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    pub(super) async fn save(mut self, path: PathBuf) -> Result<u64> {
        let disk = |error| Error::disk("the results cannot be written", error);
        let at = path.clone();
        let (part, file) = blocking(move || Part::create(&at)).await.map_err(disk)?;
        let mut file = tokio::fs::File::from_std(file);
        while let Some(piece) = self.next().await {
            file.write_all(&piece?).await.map_err(disk)?;
        }
        file.sync_all().await.map_err(disk)?;
        drop(file);
        blocking(move || part.finish(&path)).await.map_err(disk)?;
        Ok(self.rows)
    }

    /// Waits until there is a piece. `false` at the end.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool>> {
        while self.pieces.is_empty() {
            match ready!(self.download.poll_item(cx)).transpose()? {
                None => return Poll::Ready(Ok(false)),
                Some(Item::Job(_)) => {}
                Some(Item::Page(_)) => self.begun = self.download.cursor(),
                Some(Item::Header(header)) => {
                    self.line_end = header.dialect.line_end.bytes();
                    if !std::mem::replace(&mut self.has_header, true) {
                        self.pieces.push_back(header.text);
                        self.pieces.push_back(Bytes::from_static(self.line_end));
                    }
                }
                Some(Item::Rows { rows, .. }) => {
                    let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
                    self.download.advance(count);
                    self.rows += count;
                    let text = rows.text();
                    // The last row of a page need not have one.
                    let ended = text.ends_with(b"\n");
                    self.pieces.push_back(text);
                    if !ended {
                        self.pieces.push_back(Bytes::from_static(self.line_end));
                    }
                }
            }
        }
        Poll::Ready(Ok(true))
    }
}

impl Stream for BulkCsv {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(match ready!(self.poll_piece(cx)) {
            Ok(true) => self.pieces.pop_front().map(Ok),
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        })
    }
}

impl AsyncRead for BulkCsv {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !ready!(self.poll_piece(cx)).map_err(io::Error::other)? {
            return Poll::Ready(Ok(()));
        }
        if let Some(piece) = self.pieces.front_mut() {
            let length = piece.len().min(buffer.remaining());
            buffer.put_slice(&piece[..length]);
            piece.advance(length);
            if piece.is_empty() {
                self.pieces.pop_front();
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl fmt::Debug for BulkCsv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkCsv")
            .field("job", &self.download.handle().map(QueryHandle::id))
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}
