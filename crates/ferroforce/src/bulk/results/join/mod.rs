//! Puts results to the rows that they are of, whatever their order, in bounded memory.
//!
//! Rows and results are put into buckets by a fingerprint, both by the same one, so that
//! a row and its result are in the same bucket. Bucket by bucket they are matched, and
//! what comes of it is put into buckets again, by the place of the row in the source: those
//! are sorted one by one.

mod bucket;
mod fate;
mod fingerprint;
mod matching;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

pub use fate::RowOutcome;

pub(crate) use matching::{Inputs, join};

use crate::error::Result;

/// How a result is put to its row.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JoinBy {
    /// By the value of this column: best one that differs from row to row.
    Column(String),
    /// By all values of the row. Where rows are equal, so are their results, but for which
    /// is which.
    Values,
}

impl JoinBy {
    /// By the value of this column.
    pub fn column(name: impl Into<String>) -> Self {
        Self::Column(name.into())
    }
}

/// A row of a source, and what became of it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct JoinedRow {
    /// The row's place in the source, from 0.
    pub row: u64,
    /// What became of it.
    pub outcome: RowOutcome,
}

/// What became of the rows of a source, in its order. Made by
/// [`LoadJoin`](crate::bulk::LoadJoin).
#[must_use = "a stream does nothing until it is polled"]
pub struct JoinedRows(pub(super) Pin<Box<dyn Stream<Item = Result<JoinedRow>> + Send>>);

impl JoinedRows {
    /// The next row, without the help of a stream library.
    ///
    /// # Errors
    /// What the disk says.
    pub async fn next(&mut self) -> Option<Result<JoinedRow>> {
        std::future::poll_fn(|cx| self.0.as_mut().poll_next(cx)).await
    }
}

impl Stream for JoinedRows {
    type Item = Result<JoinedRow>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for JoinedRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JoinedRows")
    }
}

#[cfg(test)]
mod tests;
