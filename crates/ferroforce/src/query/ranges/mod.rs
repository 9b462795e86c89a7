//! One query in several ranges of ids that are read at once.

mod split;
mod words;

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::de::DeserializeOwned;

use super::{Query, Rows};
use crate::error::{Error, Result};
use crate::transport::BoxFuture;
use split::split;

/// The most ranges, and the most of them at once.
const MOST: usize = 1000;
const MOST_AT_ONCE: usize = 20;

/// A query that is read in several ranges of ids at once; made by
/// [`Query::by_id_ranges`].
#[must_use = "a query does nothing until its rows are asked for"]
pub struct ByIdRanges {
    query: Query,
    object: String,
    ranges: usize,
    at_once: usize,
}

impl ByIdRanges {
    pub(super) fn new(query: Query, object: String) -> Self {
        Self {
            query,
            object,
            ranges: 16,
            at_once: 4,
        }
    }

    /// Into how many ranges the ids are split: 16 without this, 1,000 at the most.
    /// Each split takes two small queries.
    pub fn ranges(mut self, count: usize) -> Self {
        self.ranges = count;
        self
    }

    /// How many ranges are read at once: 4 without this, 20 at the most. Each has up
    /// to two pages in memory.
    pub fn at_once(mut self, count: usize) -> Self {
        self.at_once = count;
        self
    }

    /// The rows as a stream, in no order: each row once. See
    /// [`Query::rows`](super::Query::rows).
    pub fn rows<T: DeserializeOwned>(self) -> RangedRows<T> {
        let at_once = self.at_once;
        RangedRows {
            state: State::Splitting(Box::pin(self.split())),
            at_once,
        }
    }

    async fn split(self) -> Result<VecDeque<Query>> {
        let Self {
            query,
            object,
            ranges,
            at_once,
        } = self;
        for (what, count, most) in [
            ("ranges", ranges, MOST),
            ("ranges at once", at_once, MOST_AT_ONCE),
        ] {
            if !(1..=most).contains(&count) {
                return Err(Error::invalid_input(format!(
                    "{count} {what} were asked for; there may be 1 to {most}"
                )));
            }
        }
        // What is wrong with the query is found before anything is sent.
        let whole = query.in_range(&words::MARK)?;
        words::check(&whole.ask.first_page(whole.settings.batch_size)?)?;
        split(&query, &object, ranges)
            .await?
            .into_iter()
            .map(|range| query.in_range(&range))
            .collect()
    }
}

impl Query {
    /// Reads the rows of a large object in several ranges of ids at once, which is
    /// faster where the org is slower than the network: `:range` stands where the
    /// condition on the id is to be put, and `object` is the object whose rows the
    /// query finds.
    ///
    /// ```no_run
    /// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
    /// use ferroforce::Record;
    ///
    /// let mut rows = salesforce
    ///     .query("SELECT Id, Name FROM Contact WHERE :range AND LeadSource = :source")
    ///     .bind("source", "Web")
    ///     .by_id_ranges("Contact")
    ///     .rows::<Record>();
    /// while let Some(row) = rows.next().await {
    ///     println!("{}", row?.get::<String>("Name")?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The ranges lie between ids that the org has, which small queries find, and the
    /// first and the last are open to their sides: every row that is there all the
    /// while comes once. The rows come in no order. `LIMIT`, `OFFSET`, `GROUP BY` and
    /// functions such as `COUNT` and `MAX` would count in each range anew, so they are
    /// refused; so is `OR` beside `:range`, unless it stands in parentheses.
    pub fn by_id_ranges(self, object: impl Into<String>) -> ByIdRanges {
        ByIdRanges::new(self, object.into())
    }

    fn in_range(&self, range: &dyn fmt::Display) -> Result<Self> {
        if self.from.is_some() {
            return Err(Error::invalid_input(
                "a cursor belongs to a query that is read in one range",
            ));
        }
        Ok(Self {
            client: self.client.clone(),
            ask: self
                .ask
                .clone()
                .edit(|soql| soql.made("range", Ok(range.to_string()))),
            settings: self.settings.clone(),
            from: None,
        })
    }
}

/// The rows of several ranges of ids as a stream; made by [`ByIdRanges::rows`].
#[must_use = "a stream does nothing until it is polled"]
pub struct RangedRows<T> {
    state: State<T>,
    at_once: usize,
}

enum State<T> {
    Splitting(BoxFuture<'static, Result<VecDeque<Query>>>),
    Reading {
        waiting: VecDeque<Query>,
        active: Vec<Rows<T>>,
        /// Whose turn it is.
        turn: usize,
    },
}

impl<T: DeserializeOwned> RangedRows<T> {
    /// The next row, without the help of a stream library.
    ///
    /// # Errors
    /// As [`Query::rows`] says.
    pub async fn next(&mut self) -> Option<Result<T>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    fn end(&mut self) {
        self.state = State::Reading {
            waiting: VecDeque::new(),
            active: Vec::new(),
            turn: 0,
        };
    }
}

impl<T: DeserializeOwned> Stream for RangedRows<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        if let State::Splitting(splitting) = &mut self.state {
            match ready!(splitting.as_mut().poll(cx)) {
                Ok(mut waiting) => {
                    let first = self.at_once.min(waiting.len());
                    let active = waiting.drain(..first).map(Query::rows).collect();
                    self.state = State::Reading {
                        waiting,
                        active,
                        turn: 0,
                    };
                }
                Err(error) => {
                    self.end();
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
        let State::Reading {
            waiting,
            active,
            turn,
        } = &mut self.state
        else {
            return Poll::Pending;
        };
        // One after the other, beginning with the one that had a row last.
        let mut asked = 0;
        while asked < active.len() {
            *turn %= active.len();
            match Pin::new(&mut active[*turn]).poll_next(cx) {
                Poll::Ready(Some(Err(error))) if active[*turn].has_ended() => {
                    // Rows of this range are missing, so the whole is not whole.
                    self.end();
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Ready(Some(row)) => return Poll::Ready(Some(row)),
                Poll::Ready(None) => match waiting.pop_front() {
                    Some(next) => active[*turn] = next.rows(),
                    None => {
                        drop(active.swap_remove(*turn));
                        // The last one moved up, and its neighbour may not have been asked.
                        asked = 0;
                    }
                },
                Poll::Pending => {
                    *turn += 1;
                    asked += 1;
                }
            }
        }
        if active.is_empty() {
            Poll::Ready(None)
        } else {
            Poll::Pending
        }
    }
}

impl fmt::Debug for ByIdRanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByIdRanges")
            .field("ranges", &self.ranges)
            .field("at_once", &self.at_once)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for RangedRows<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RangedRows").finish_non_exhaustive()
    }
}
