use std::future::poll_fn;
use std::task::{Context, Poll};

use super::aside::{Aside, Complete, reuse};
use super::{Bounds, Refusals, Refused, as_u64};
use crate::bulk::csv::write::{Sheet, Written};
use crate::bulk::ingest::feed::Feed;
use crate::bulk::ingest::part::Part;
use crate::error::Result;

/// After so many rows others get their turn.
const AT_ONCE: usize = 1024;

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
struct Draft {
    first_row: u64,
    records: u64,
    aside: Aside,
    /// So many columns, and the length of their header.
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
            part: 0,
            row: 0,
            ended: false,
            refusals: Refusals::default(),
            draft: Draft {
                first_row: 0,
                records: 0,
                aside: Aside::new(&bounds),
                header: (0, 0),
            },
            bounds,
        }
    }

    pub(super) fn rows(&self) -> u64 {
        self.row
    }

    pub(super) fn take_refused(&mut self) -> Vec<Refused> {
        self.refusals.take()
    }

    pub(super) async fn next(&mut self, until: Option<u64>) -> Result<Option<Part>> {
        while !self.ended {
            if self.is_complete(until) {
                return self.cut(None).await.map(Some);
            }
            // The same for a row that was kept as for one that comes, or the parts of a
            // source would not be the same each time.
            if self.draft.aside.is_due(self.sheet.len()) {
                let piece = self.sheet.take(None);
                let memory = self.draft.aside.put(piece).await?;
                reuse(memory, self.sheet.text_mut());
            }
            match poll_fn(|cx| self.poll_rows(cx, until)).await? {
                Stop::CutBefore(row) => return self.cut(Some(row)).await.map(Some),
                Stop::Cut => return self.cut(None).await.map(Some),
                Stop::Ended => self.ended = true,
                Stop::Store => {}
                Stop::Yield => tokio::task::yield_now().await,
            }
        }
        if self.draft.records == 0 {
            return Ok(None);
        }
        self.cut(None).await.map(Some)
    }

    fn is_complete(&self, until: Option<u64>) -> bool {
        until.is_some_and(|until| self.row >= until) && self.draft.records > 0
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
            match stop {
                Some(stop) => return Poll::Ready(Ok(stop)),
                None if self.is_complete(until) => return Poll::Ready(Ok(Stop::Cut)),
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
        let added = columns - written.columns_before;
        let header = match draft.header {
            (known, length) if known == columns => length,
            _ => self.sheet.header(columns).len(),
        };
        let most = self.bounds.bytes;
        let alone = as_u64(header + self.sheet.len() - written.start);
        if alone > most {
            self.sheet.undo(written);
            let why = format!("it makes a job of {alone} bytes, and {most} is the limit");
            self.refusals.add(number, &why)?;
            return Ok(None);
        }
        // Those on disk cannot get further cells.
        if added > 0 && draft.aside.stored() > 0 {
            return Ok(Some(Stop::CutBefore(written)));
        }
        draft.header = (columns, header);
        let cells = as_u64(added) * draft.records;
        let bytes = draft.aside.stored() + cells + as_u64(header + self.sheet.len());
        // What was cut once is cut the same again.
        if bytes > most && until.is_none() && draft.records > 0 {
            return Ok(Some(Stop::CutBefore(written)));
        }
        self.sheet.widen(written);
        draft.records += 1;
        if draft.records == self.bounds.records {
            return Ok(Some(Stop::Cut));
        }
        Ok(draft.aside.is_due(self.sheet.len()).then_some(Stop::Store))
    }

    /// The part, and the beginning of the next one.
    async fn cut(&mut self, next: Option<Written>) -> Result<Part> {
        let columns = next.map_or(self.sheet.columns().len(), |row| row.columns_before);
        let end = self.row - u64::from(next.is_some());
        let draft = Draft {
            first_row: end,
            records: u64::from(next.is_some()),
            aside: Aside::new(&self.bounds),
            header: (0, 0),
        };
        let draft = std::mem::replace(&mut self.draft, draft);
        let header = self.sheet.header(columns).into();
        let rest = self.sheet.take(next);
        let Complete {
            data,
            checksum,
            memory,
        } = draft.aside.finish(rest).await?;
        reuse(memory, self.sheet.text_mut());
        let rows = draft.first_row..end;
        let part = Part::new(self.part, rows, draft.records, header, data, &checksum);
        self.part += 1;
        Ok(part)
    }
}
