use std::future::poll_fn;
use std::io::Write;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::{Bounds, Refusals, Refused};
use crate::bulk::csv::write::{Sheet, Written};
use crate::bulk::ingest::feed::Feed;
use crate::bulk::ingest::part::{Data, Part};
use crate::bulk::spool::{Stored, blocking, unnamed};
use crate::error::{Error, Result};

/// After so many rows others get their turn.
const AT_ONCE: usize = 1024;

/// Bytes that are written to disk at once.
const PIECE: usize = 1024 * 1024;

/// Cuts rows that are written as they are cut.
pub(crate) struct RowCutter {
    feed: Box<dyn Feed>,
    sheet: Sheet,
    bounds: Bounds,
    part: u64,
    /// The next row of the source.
    row: u64,
    ended: bool,
    refusals: Refusals,
    draft: Draft,
}

/// The part that is written.
#[derive(Default)]
struct Draft {
    first_row: u64,
    records: u64,
    /// What is on disk.
    file: Option<Arc<std::fs::File>>,
    stored: u64,
    checksum: crc32fast::Hasher,
    /// The header's length, for so many columns.
    header: (usize, usize),
}

/// Why rows are not read for a moment.
enum Stop {
    /// The part is complete; the last row is part of the next one.
    CutBefore(Written),
    Cut,
    Ended,
    /// Memory is full.
    Store,
    /// It is another's turn.
    Yield,
}

impl RowCutter {
    pub(crate) fn new(feed: Box<dyn Feed>, sheet: Sheet, bounds: Bounds) -> Self {
        Self {
            feed,
            sheet,
            bounds,
            part: 0,
            row: 0,
            ended: false,
            refusals: Refusals::default(),
            draft: Draft::default(),
        }
    }

    pub(super) fn rows(&self) -> u64 {
        self.row
    }

    pub(super) fn take_refused(&mut self) -> Vec<Refused> {
        std::mem::take(&mut self.refusals.0)
    }

    pub(super) async fn next(&mut self, until: Option<u64>) -> Result<Option<Part>> {
        if until.is_some_and(|until| self.row >= until) && self.draft.records > 0 {
            return self.cut(None).await.map(Some);
        }
        while !self.ended {
            match poll_fn(|cx| self.poll_rows(cx, until)).await? {
                Stop::CutBefore(row) => return self.cut(Some(row)).await.map(Some),
                Stop::Cut => return self.cut(None).await.map(Some),
                Stop::Ended => self.ended = true,
                Stop::Store => self.store(None).await?,
                Stop::Yield => tokio::task::yield_now().await,
            }
        }
        if self.draft.records == 0 {
            return Ok(None);
        }
        self.cut(None).await.map(Some)
    }

    fn poll_rows(&mut self, cx: &mut Context<'_>, until: Option<u64>) -> Poll<Result<Stop>> {
        for _ in 0..AT_ONCE {
            let fed = match self.feed.poll_row(cx, &mut self.sheet) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(Ok(Stop::Ended)),
                Poll::Ready(Some(fed)) => fed?,
            };
            let number = self.row;
            self.row += 1;
            let stop = match fed {
                Ok(written) => self.take_in(number, written, until)?,
                Err(refusal) => {
                    self.refusals.add(number, &refusal.0)?;
                    None
                }
            };
            let complete = until.is_some_and(|until| self.row >= until) && self.draft.records > 0;
            match stop {
                Some(stop) => return Poll::Ready(Ok(stop)),
                None if complete => return Poll::Ready(Ok(Stop::Cut)),
                None => {}
            }
        }
        Poll::Ready(Ok(Stop::Yield))
    }

    /// The row was written; tells whether the part is complete with it, or without it.
    fn take_in(
        &mut self,
        number: u64,
        written: Written,
        until: Option<u64>,
    ) -> Result<Option<Stop>> {
        let draft = &mut self.draft;
        let columns = self.sheet.columns().len();
        if columns > written.columns_before && draft.records > 0 {
            // Those on disk cannot get further cells.
            if draft.stored > 0 {
                return Ok(Some(Stop::CutBefore(written)));
            }
            self.sheet.widen(written);
        }
        if draft.header.0 != columns {
            draft.header = (columns, self.sheet.header(columns).len());
        }
        let bytes = draft.stored + as_u64(draft.header.1 + self.sheet.len());
        // What was cut once is cut the same again.
        if bytes > self.bounds.bytes && until.is_none() {
            if draft.records > 0 {
                return Ok(Some(Stop::CutBefore(written)));
            }
            self.sheet.undo(written);
            let most = self.bounds.bytes;
            let why = format!("it makes a job of {bytes} bytes, and {most} is the limit");
            self.refusals.add(number, &why)?;
            return Ok(None);
        }
        draft.records += 1;
        if draft.records == self.bounds.records {
            return Ok(Some(Stop::Cut));
        }
        let limit = match draft.file {
            Some(_) => PIECE,
            None => self.bounds.memory,
        };
        Ok((self.sheet.len() >= limit).then_some(Stop::Store))
    }

    /// Puts what is in memory to disk, but for the last row if it is to be `kept`.
    async fn store(&mut self, kept: Option<Written>) -> Result<()> {
        let failed = |error| Error::disk("the rows cannot be put aside", error);
        let piece = self
            .sheet
            .take(kept, Vec::with_capacity(PIECE + PIECE / 2));
        self.draft.checksum.update(&piece);
        self.draft.stored += as_u64(piece.len());
        let file = self.draft.file.take();
        let folder = self.bounds.folder.clone();
        let written = blocking(move || {
            let file = match file {
                Some(file) => file,
                None => Arc::new(unnamed(folder.as_deref())?),
            };
            (&*file).write_all(&piece)?;
            Ok(file)
        });
        self.draft.file = Some(written.await.map_err(failed)?);
        Ok(())
    }

    /// The part, and the beginning of the next one.
    async fn cut(&mut self, next: Option<Written>) -> Result<Part> {
        let columns = next.map_or(self.sheet.columns().len(), |row| row.columns_before);
        if self.draft.file.is_some() {
            self.store(next).await?;
        }
        let header = self.sheet.header(columns).into();
        let draft = std::mem::take(&mut self.draft);
        let mut checksum = draft.checksum;
        let data = match draft.file {
            Some(file) => Data::Stored {
                stored: Stored {
                    file,
                    range: 0..draft.stored,
                },
                checksum: checksum.clone().finalize(),
            },
            None => {
                let rows = self.sheet.take(next, Vec::new());
                checksum.update(&rows);
                Data::Memory(rows.into())
            }
        };
        let end = self.row - u64::from(next.is_some());
        let rows = draft.first_row..end;
        let part = Part::new(self.part, rows, draft.records, header, data, &checksum);
        self.part += 1;
        self.draft.first_row = end;
        self.draft.records = u64::from(next.is_some());
        Ok(part)
    }
}

fn as_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
