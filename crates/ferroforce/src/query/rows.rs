use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::de::DeserializeOwned;

use super::cursor::Cursor;
use super::page::RawPage;
use super::pages::Source;
use crate::error::Result;
use crate::types::{Record, Shapes};

/// A query's rows as a stream; made by [`Query::rows`](super::Query::rows).
#[must_use = "a stream does nothing until it is polled"]
pub struct Rows<T> {
    place: Place,
    item: PhantomData<fn() -> T>,
}

/// A query's rows as a stream of [`Record`]s; made by
/// [`Query::records`](super::Query::records).
#[must_use = "a stream does nothing until it is polled"]
pub struct Records {
    place: Place,
    shapes: Shapes,
}

/// A place in the rows of a query.
struct Place {
    source: Source,
    page: Option<RawPage>,
    /// The next row of the page.
    index: usize,
    /// Its place in the whole query.
    number: u64,
    total_size: Option<u64>,
    /// Where to go on while there is no page, unless the rows have ended.
    waiting: Option<Cursor>,
    query: u64,
}

impl Place {
    fn new(source: Source, start: Cursor) -> Self {
        Self {
            source,
            page: None,
            index: 0,
            number: start.number,
            total_size: start.total_size,
            query: start.query,
            waiting: Some(start),
        }
    }

    fn cursor(&self) -> Option<Cursor> {
        let Some(page) = &self.page else {
            return self.waiting.clone();
        };
        if self.index == page.len() && page.next.is_some() {
            return Some(self.behind(page));
        }
        Some(Cursor {
            page: page.at.clone(),
            index: page.left_out + self.index as u64,
            number: self.number,
            total_size: self.total_size,
            query: self.query,
            last: page.fingerprint_before(self.index),
        })
    }

    /// The start of the page after this one.
    fn behind(&self, page: &RawPage) -> Cursor {
        Cursor {
            page: page.next.clone(),
            index: 0,
            number: self.number,
            total_size: self.total_size,
            query: self.query,
            last: None,
        }
    }

    /// Rows may go while pages are read, so fewer than were stated are worth a
    /// word and no error. A count without rows is what `COUNT()` answers.
    fn compare_counts(&self) {
        if let Some(stated) = self.total_size
            && self.number > 0
            && self.number < stated
        {
            tracing::warn!(
                stated,
                received = self.number,
                "fewer rows came than were stated"
            );
        }
    }

    /// Reads the next row by `read`, which gets its page, its place there and
    /// its number.
    fn poll_row<R>(
        &mut self,
        cx: &mut Context<'_>,
        read: impl FnOnce(&RawPage, usize, u64) -> Result<R>,
    ) -> Poll<Option<Result<R>>> {
        loop {
            if let Some(page) = &self.page
                && self.index < page.len()
            {
                let row = read(page, self.index, self.number);
                self.index += 1;
                self.number += 1;
                return Poll::Ready(Some(row));
            }
            // An empty page is no end; only the server's `done` is.
            if let Some(page) = self.page.take() {
                self.waiting = page.next.is_some().then(|| self.behind(&page));
                self.source.give_back(page);
            }
            match ready!(self.source.poll_page(cx)).transpose()? {
                Some(page) => {
                    self.total_size = self.total_size.or(page.total_size);
                    self.page = Some(page);
                    self.index = 0;
                }
                None => {
                    self.compare_counts();
                    return Poll::Ready(None);
                }
            }
        }
    }
}

impl<T> Rows<T> {
    pub(super) fn new(source: Source, start: Cursor) -> Self {
        Self {
            place: Place::new(source, start),
            item: PhantomData,
        }
    }

    /// How far the rows have been read, to be kept: see [`Cursor`]. It points behind
    /// the row that came last, or, after an error that ended the query, to where it
    /// broke off. `None` once all rows have come.
    pub fn cursor(&self) -> Option<Cursor> {
        self.place.cursor()
    }

    /// How many rows the query found when it was asked; known once the first
    /// page is there. Rows may come and go while its pages are read.
    pub fn total_size(&self) -> Option<u64> {
        self.place.total_size
    }
}

impl Records {
    pub(super) fn new(source: Source, start: Cursor) -> Self {
        Self {
            place: Place::new(source, start),
            shapes: Shapes::default(),
        }
    }

    /// As [`Rows::cursor`].
    pub fn cursor(&self) -> Option<Cursor> {
        self.place.cursor()
    }

    /// As [`Rows::total_size`].
    pub fn total_size(&self) -> Option<u64> {
        self.place.total_size
    }
}

impl<T: DeserializeOwned> Rows<T> {
    /// Whether no page is there and none is on its way.
    pub(super) fn has_ended(&self) -> bool {
        self.place.page.is_none() && self.place.source.has_ended()
    }

    /// The next row, without the help of a stream library.
    ///
    /// # Errors
    /// As [`Query::rows`](super::Query::rows) says.
    pub async fn next(&mut self) -> Option<Result<T>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl Records {
    /// The next row, without the help of a stream library.
    ///
    /// # Errors
    /// As [`Query::rows`](super::Query::rows) says.
    pub async fn next(&mut self) -> Option<Result<Record>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl<T: DeserializeOwned> Stream for Rows<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        self.place.poll_row(cx, RawPage::row)
    }
}

impl Stream for Records {
    type Item = Result<Record>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Record>>> {
        let Self { place, shapes } = self.get_mut();
        place.poll_row(cx, |page, index, _| Record::read(page.slice(index), shapes))
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place")
            .field("number", &self.number)
            .field("total_size", &self.total_size)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Rows<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rows").field(&self.place).finish()
    }
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Records").field(&self.place).finish()
    }
}
