//! Rows from wherever they come, one after the other into a sheet.

use std::error::Error as StdError;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::Serialize;

use crate::bulk::csv::write::{Refusal, Sheet, Written};
use crate::error::{Error, Result};

/// A row that was written or refused; an error ends the source.
pub(crate) type Fed = Result<std::result::Result<Written, Refusal>>;

/// A source of rows.
pub(crate) trait Feed: Send {
    /// Writes the next row.
    fn poll_row(&mut self, cx: &mut Context<'_>, sheet: &mut Sheet) -> Poll<Option<Fed>>;
}

/// Rows of an iterator.
pub(crate) struct Iterated<I>(pub(crate) I);

impl<I> Feed for Iterated<I>
where
    I: Iterator<Item: Serialize> + Send,
{
    fn poll_row(&mut self, _: &mut Context<'_>, sheet: &mut Sheet) -> Poll<Option<Fed>> {
        Poll::Ready(self.0.next().map(|row| Ok(sheet.write(&row))))
    }
}

/// Rows of a stream.
pub(crate) struct Streamed<S>(pub(crate) Pin<Box<S>>);

impl<S> Feed for Streamed<S>
where
    S: Stream<Item: Serialize> + Send,
{
    fn poll_row(&mut self, cx: &mut Context<'_>, sheet: &mut Sheet) -> Poll<Option<Fed>> {
        let row = ready!(self.0.as_mut().poll_next(cx));
        Poll::Ready(row.map(|row| Ok(sheet.write(&row))))
    }
}

/// Rows of a stream that may break off.
pub(crate) struct TryStreamed<S>(pub(crate) Pin<Box<S>>);

impl<S, T, E> Feed for TryStreamed<S>
where
    S: Stream<Item = std::result::Result<T, E>> + Send,
    T: Serialize,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    fn poll_row(&mut self, cx: &mut Context<'_>, sheet: &mut Sheet) -> Poll<Option<Fed>> {
        let row = ready!(self.0.as_mut().poll_next(cx));
        Poll::Ready(row.map(|row| match row {
            Ok(row) => Ok(sheet.write(&row)),
            Err(error) => {
                Err(Error::invalid_input("the source of the rows broke off").with_source(error))
            }
        }))
    }
}
