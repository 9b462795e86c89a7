use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::de::DeserializeOwned;

use super::page::RawPage;
use super::pages::Source;
use crate::error::Result;

/// A query's rows as a stream; made by [`Query::rows`](super::Query::rows).
#[must_use = "a stream does nothing until it is polled"]
pub struct Rows<T> {
    source: Source,
    page: Option<RawPage>,
    /// The next row of the page.
    index: usize,
    /// Its place in the whole query.
    number: u64,
    total_size: Option<u64>,
    item: PhantomData<fn() -> T>,
}

impl<T> Rows<T> {
    pub(super) fn new(source: Source) -> Self {
        Self {
            source,
            page: None,
            index: 0,
            number: 0,
            total_size: None,
            item: PhantomData,
        }
    }

    /// How many rows the query found when it was asked; known once the first
    /// page is there. Rows may come and go while its pages are read.
    pub fn total_size(&self) -> Option<u64> {
        self.total_size
    }
}

impl<T: DeserializeOwned> Stream for Rows<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        let this = &mut *self;
        loop {
            if let Some(page) = &this.page
                && this.index < page.len()
            {
                let row = page.row(this.index, this.number);
                this.index += 1;
                this.number += 1;
                return Poll::Ready(Some(row));
            }
            // An empty page is no end; only the server's `done` is.
            this.page = None;
            match ready!(this.source.poll_page(cx)).transpose()? {
                Some(page) => {
                    this.total_size.get_or_insert(page.total_size);
                    this.page = Some(page);
                    this.index = 0;
                }
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<T> fmt::Debug for Rows<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows")
            .field("number", &self.number)
            .field("total_size", &self.total_size)
            .finish_non_exhaustive()
    }
}
