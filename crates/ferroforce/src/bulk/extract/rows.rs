use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Extract, Road};
use crate::bulk::{BulkQuery, BulkRecords, BulkRows, QueryHandle, ResultCursor};
use crate::error::{Error, Result};
use crate::query::{Cursor, Query, Records, Rows};
use crate::transport::BoxFuture;
use crate::types::Record;

/// How far the rows of an extract have been read, to be kept: see
/// [`Cursor`] and [`ResultCursor`]. Taken up by [`Extract::resume`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ExtractCursor {
    /// Rows that came by REST.
    Rest(Cursor),
    /// Rows of a job.
    Bulk(ResultCursor),
}

impl ExtractCursor {
    pub(super) fn road(&self) -> Road {
        match self {
            Self::Rest(_) => Road::Rest,
            Self::Bulk(_) => Road::Bulk,
        }
    }
}

/// Rows that come one way or the other.
enum State<R, B> {
    Choosing(Box<Extract>, BoxFuture<'static, Result<Road>>),
    Rest(R),
    Bulk(B),
    Ended,
}

/// What can be made of either way.
trait Ways {
    type Rest: Stream + Unpin;
    type Bulk: Stream<Item = <Self::Rest as Stream>::Item> + Unpin;

    fn rest(query: Query) -> Self::Rest;
    fn bulk(query: BulkQuery) -> Self::Bulk;
    fn resumed(extract: Extract, cursor: ResultCursor) -> Result<Self::Bulk>;
}

impl<R, B> State<R, B>
where
    R: Stream + Unpin,
    B: Stream<Item = R::Item> + Unpin,
{
    fn new(extract: Extract) -> Self {
        let choice = Box::pin(extract.clone().choose());
        Self::Choosing(Box::new(extract), choice)
    }

    fn poll<W, T>(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T>>>
    where
        W: Ways<Rest = R, Bulk = B>,
        R: Stream<Item = Result<T>>,
    {
        loop {
            match self {
                Self::Choosing(_, choice) => {
                    let road = ready!(choice.as_mut().poll(cx));
                    let before = std::mem::replace(self, Self::Ended);
                    let Self::Choosing(extract, _) = before else {
                        return Poll::Ready(None);
                    };
                    *self = begin::<W>(*extract, road?)?;
                }
                Self::Rest(rows) => return Pin::new(rows).poll_next(cx),
                Self::Bulk(rows) => return Pin::new(rows).poll_next(cx),
                Self::Ended => return Poll::Ready(None),
            }
        }
    }
}

fn begin<W: Ways>(mut extract: Extract, road: Road) -> Result<State<W::Rest, W::Bulk>> {
    Ok(match (road, extract.from.take()) {
        (Road::Bulk, Some(ExtractCursor::Bulk(cursor))) => {
            State::Bulk(W::resumed(extract, cursor)?)
        }
        (Road::Rest, Some(ExtractCursor::Rest(cursor))) => {
            State::Rest(W::rest(extract.query().resume(cursor)))
        }
        (Road::Rest, None) => State::Rest(W::rest(extract.query())),
        (Road::Bulk, None) => State::Bulk(W::bulk(extract.job())),
        (_, Some(_)) => {
            return Err(Error::invalid_input(
                "the cursor is of rows that came another way than was asked for",
            ));
        }
    })
}

impl Extract {
    fn job(self) -> BulkQuery {
        let query = self.client.bulk().query(self.soql);
        let query = query.poll(self.poll).paging(self.paging);
        if self.deleted_too {
            query.include_deleted()
        } else {
            query
        }
    }
}

/// The rows of an extract as a stream; made by [`Extract::rows`].
#[must_use = "a stream does nothing until it is polled"]
pub struct ExtractedRows<T>(State<Rows<T>, BulkRows<T>>);

/// The rows of an extract as a stream of [`Record`]s; made by [`Extract::records`].
#[must_use = "a stream does nothing until it is polled"]
pub struct ExtractedRecords(State<Records, BulkRecords>);

struct Typed<T>(std::marker::PhantomData<fn() -> T>);

impl<T: DeserializeOwned> Ways for Typed<T> {
    type Rest = Rows<T>;
    type Bulk = BulkRows<T>;

    fn rest(query: Query) -> Rows<T> {
        query.rows()
    }

    fn bulk(query: BulkQuery) -> BulkRows<T> {
        query.rows()
    }

    fn resumed(extract: Extract, cursor: ResultCursor) -> Result<BulkRows<T>> {
        let bulk = extract.client.bulk();
        let job = bulk.resume_query(cursor.job().clone());
        Ok(job
            .poll(extract.poll)
            .paging(extract.paging)
            .resume(cursor)?
            .rows())
    }
}

struct Dynamic;

impl Ways for Dynamic {
    type Rest = Records;
    type Bulk = BulkRecords;

    fn rest(query: Query) -> Records {
        query.records()
    }

    fn bulk(query: BulkQuery) -> BulkRecords {
        query.records()
    }

    fn resumed(extract: Extract, cursor: ResultCursor) -> Result<BulkRecords> {
        let bulk = extract.client.bulk();
        let job = bulk.resume_query(cursor.job().clone());
        Ok(job
            .poll(extract.poll)
            .paging(extract.paging)
            .resume(cursor)?
            .records())
    }
}

macro_rules! about_the_rows {
    () => {
        /// The way that was chosen, once it is.
        pub fn road(&self) -> Option<Road> {
            match &self.0 {
                State::Rest(_) => Some(Road::Rest),
                State::Bulk(_) => Some(Road::Bulk),
                State::Choosing(..) | State::Ended => None,
            }
        }

        /// How far the rows have been read, to be kept.
        pub fn cursor(&self) -> Option<ExtractCursor> {
            match &self.0 {
                State::Rest(rows) => rows.cursor().map(ExtractCursor::Rest),
                State::Bulk(rows) => rows.cursor().map(ExtractCursor::Bulk),
                State::Choosing(..) | State::Ended => None,
            }
        }

        /// The job, if there is one.
        pub fn job(&self) -> Option<&QueryHandle> {
            match &self.0 {
                State::Bulk(rows) => rows.handle(),
                State::Rest(_) | State::Choosing(..) | State::Ended => None,
            }
        }
    };
}

impl<T: DeserializeOwned> ExtractedRows<T> {
    pub(super) fn new(extract: Extract) -> Self {
        Self(State::new(extract))
    }

    about_the_rows!();

    /// The next row, without the help of a stream library.
    ///
    /// # Errors
    /// What befalls the choice, and as the stream of the way that was chosen.
    pub async fn next(&mut self) -> Option<Result<T>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl ExtractedRecords {
    pub(super) fn new(extract: Extract) -> Self {
        Self(State::new(extract))
    }

    about_the_rows!();

    /// The next row, without the help of a stream library.
    ///
    /// # Errors
    /// As [`ExtractedRows::next`].
    pub async fn next(&mut self) -> Option<Result<Record>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl<T: DeserializeOwned> Stream for ExtractedRows<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll::<Typed<T>, T>(cx)
    }
}

impl Stream for ExtractedRecords {
    type Item = Result<Record>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll::<Dynamic, Record>(cx)
    }
}

impl<R: fmt::Debug, B: fmt::Debug> fmt::Debug for State<R, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Choosing(..) => f.write_str("Choosing"),
            Self::Rest(rows) => rows.fmt(f),
            Self::Bulk(rows) => rows.fmt(f),
            Self::Ended => f.write_str("Ended"),
        }
    }
}

impl<T> fmt::Debug for ExtractedRows<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExtractedRows").field(&self.0).finish()
    }
}

impl fmt::Debug for ExtractedRecords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExtractedRecords").field(&self.0).finish()
    }
}
