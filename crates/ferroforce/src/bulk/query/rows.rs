use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::de::DeserializeOwned;

use super::download::{Described, Download, Item, Plan, Wanted};
use super::text::Rows;
use super::{QueryHandle, ResultCursor};
use crate::bulk::csv::read::{Columns, RecordMaker};
use crate::error::Result;
use crate::types::{Record, Shapes};

/// The rows of a query job as a stream; made by
/// [`BulkQuery::rows`](super::BulkQuery::rows) and
/// [`QueryJob::rows`](super::QueryJob::rows).
#[must_use = "a stream does nothing until it is polled"]
pub struct BulkRows<T> {
    place: Place,
    columns: Option<Arc<Columns>>,
    item: PhantomData<fn() -> T>,
}

/// The rows of a query job as a stream of [`Record`]s; made by
/// [`BulkQuery::records`](super::BulkQuery::records) and
/// [`QueryJob::records`](super::QueryJob::records).
#[must_use = "a stream does nothing until it is polled"]
pub struct BulkRecords {
    place: Place,
    /// Where rows are CSV.
    maker: Option<RecordMaker>,
    /// Where they are JSON.
    shapes: Shapes,
}

/// A place in the rows of a job.
struct Place {
    download: Download,
    rows: Option<Rows>,
    /// The next of these rows.
    index: usize,
}

impl Place {
    fn new(plan: Plan, wanted: Wanted) -> Self {
        Self {
            download: Download::new(plan, wanted),
            rows: None,
            index: 0,
        }
    }

    /// Waits for the next row. `header` gets the header, before any row.
    fn poll_row(
        &mut self,
        cx: &mut Context<'_>,
        mut header: impl FnMut(Described),
    ) -> Poll<Option<Result<Found>>> {
        loop {
            if let Some(rows) = &self.rows
                && self.index < rows.len()
            {
                let found = Found {
                    index: self.index,
                    number: self.download.number(),
                };
                self.index += 1;
                self.download.advance(1);
                return Poll::Ready(Some(Ok(found)));
            }
            self.rows = None;
            match ready!(self.download.poll_item(cx)).transpose()? {
                None => return Poll::Ready(None),
                Some(Item::Job(_) | Item::Page(_)) => {}
                Some(Item::Header(described)) => header(described),
                Some(Item::Rows { rows, .. }) => {
                    self.rows = Some(rows);
                    self.index = 0;
                }
            }
        }
    }
}

/// A row that has come.
struct Found {
    index: usize,
    number: u64,
}

macro_rules! about_the_job {
    () => {
        /// The job that the rows are of, once it has been started: what to keep, to take
        /// it up again after an error or in another run of the program, by
        /// [`Bulk::resume_query`](crate::bulk::Bulk::resume_query).
        pub fn handle(&self) -> Option<&QueryHandle> {
            self.place.download.handle()
        }

        /// How far the rows have been read, to be kept: see [`ResultCursor`]. It points
        /// behind the row that came last. `None` before the job was started, and where
        /// rows come in [any order](super::Paging::any_order).
        pub fn cursor(&self) -> Option<ResultCursor> {
            self.place.download.cursor()
        }
    };
}

impl<T> BulkRows<T> {
    pub(super) fn new(plan: Plan) -> Self {
        Self {
            place: Place::new(plan, Wanted::Rows),
            columns: None,
            item: PhantomData,
        }
    }

    about_the_job!();
}

impl<T: DeserializeOwned> BulkRows<T> {
    /// The next row, without the help of a stream library.
    ///
    /// # Errors
    /// As [`BulkQuery::rows`](super::BulkQuery::rows) says.
    pub async fn next(&mut self) -> Option<Result<T>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl BulkRecords {
    pub(super) fn new(plan: Plan) -> Self {
        Self {
            place: Place::new(plan, Wanted::Records),
            maker: None,
            shapes: Shapes::default(),
        }
    }

    about_the_job!();

    /// The next row, without the help of a stream library.
    ///
    /// # Errors
    /// As [`BulkQuery::rows`](super::BulkQuery::rows) says.
    pub async fn next(&mut self) -> Option<Result<Record>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl<T: DeserializeOwned> Stream for BulkRows<T> {
    type Item = Result<T>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { place, columns, .. } = self.get_mut();
        let found = place.poll_row(cx, |header| *columns = Some(header.columns));
        let Some(found) = ready!(found).transpose()? else {
            return Poll::Ready(None);
        };
        let columns = columns.as_deref();
        let rows = place.rows.as_ref();
        Poll::Ready(rows.and_then(|rows| rows.read(found.index, columns, found.number)))
    }
}

impl Stream for BulkRecords {
    type Item = Result<Record>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self {
            place,
            maker,
            shapes,
        } = self.get_mut();
        let found = place.poll_row(cx, |header| {
            *maker = Some(RecordMaker::new(
                header.columns,
                header.kinds,
                header.object,
                header.version,
            ));
        });
        let Some(found) = ready!(found).transpose()? else {
            return Poll::Ready(None);
        };
        let Some(rows) = &place.rows else {
            return Poll::Ready(None);
        };
        Poll::Ready(rows.record(found.index, maker.as_mut(), shapes, found.number))
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place")
            .field("job", &self.download.handle().map(QueryHandle::id))
            .field("number", &self.download.number())
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for BulkRows<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BulkRows").field(&self.place).finish()
    }
}

impl fmt::Debug for BulkRecords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BulkRecords").field(&self.place).finish()
    }
}
