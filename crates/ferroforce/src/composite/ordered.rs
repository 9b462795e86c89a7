//! Work on a stream's items in chunks, several at a time, with the outcomes in
//! the order of the items.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::error::Result;
use crate::transport::BoxFuture;

/// Rows with their places in the input.
pub(super) type Placed<Row> = Vec<(u64, Row)>;

/// Chunks that are done one after the other, beside other lanes.
pub(super) type Lane<R> = BoxFuture<'static, Placed<Result<R>>>;

/// What is done with the items.
pub(super) trait Work<Item> {
    type Row;
    type Output;

    /// What of an item is kept until it is sent. An error is the item's outcome.
    fn prepare(&self, item: Item) -> Result<Self::Row>;

    /// How many bytes of memory a row takes, about.
    fn weight(&self, row: &Self::Row) -> usize;

    /// How many rows are looked at together.
    fn window(&self) -> usize;

    /// How many lanes run beside each other.
    fn in_flight(&self) -> usize;

    /// Whether a window is begun only when the one before it is done.
    fn window_by_window(&self) -> bool;

    /// The work on a window.
    fn lanes(&self, rows: Placed<Self::Row>) -> Vec<Lane<Self::Output>>;
}

/// Windows are cut where their rows take more memory than this.
const WINDOW_BYTES: usize = 8 * 1024 * 1024;
/// How far work may run ahead of a chunk that is slow: so many times what is in
/// flight.
const AHEAD: usize = 4;

pub(super) struct Ordered<S, Row, R> {
    input: Pin<Box<S>>,
    ended: bool,
    pending: Placed<Row>,
    pending_bytes: usize,
    /// Outcomes from that of item `first` on, as far as they are known.
    outcomes: VecDeque<Option<Result<R>>>,
    first: u64,
    running: FuturesUnordered<Lane<R>>,
}

impl<S: Stream, Row, R> Ordered<S, Row, R> {
    pub(super) fn new(input: S) -> Self {
        Self {
            input: Box::pin(input),
            ended: false,
            pending: Vec::new(),
            pending_bytes: 0,
            outcomes: VecDeque::new(),
            first: 0,
            running: FuturesUnordered::new(),
        }
    }

    pub(super) fn poll_next(
        &mut self,
        work: &impl Work<S::Item, Row = Row, Output = R>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<R>>> {
        loop {
            if let Some(outcome) = self.take_first() {
                return Poll::Ready(Some(outcome));
            }
            self.take_in(work, cx);
            // Nothing else would send them: an input may wait for these very outcomes,
            // and items that were refused may have taken the room of a whole window.
            if self.running.is_empty() {
                self.launch(work);
            }
            match self.running.poll_next_unpin(cx) {
                Poll::Ready(Some(done)) => {
                    for (place, outcome) in done {
                        self.put(place, outcome);
                    }
                }
                _ if matches!(self.outcomes.front(), Some(Some(_))) => {}
                Poll::Ready(None) if self.ended => return Poll::Ready(None),
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn take_first(&mut self) -> Option<Result<R>> {
        self.outcomes.front_mut()?.take().inspect(|_| {
            self.outcomes.pop_front();
            self.first += 1;
        })
    }

    fn put(&mut self, place: u64, outcome: Result<R>) {
        let at = usize::try_from(place - self.first).unwrap_or(usize::MAX);
        if let Some(slot) = self.outcomes.get_mut(at) {
            *slot = Some(outcome);
        }
    }

    /// Takes items while there is room for their work and the input has some.
    fn take_in(&mut self, work: &impl Work<S::Item, Row = Row, Output = R>, cx: &mut Context<'_>) {
        let most_ahead = work
            .window()
            .saturating_mul(work.in_flight().saturating_mul(AHEAD));
        while !self.ended
            && self.running.len() < work.in_flight()
            && self.outcomes.len() < most_ahead
            && (self.running.is_empty() || !work.window_by_window())
        {
            match self.input.as_mut().poll_next(cx) {
                Poll::Pending => return,
                Poll::Ready(None) => {
                    self.ended = true;
                    self.launch(work);
                }
                Poll::Ready(Some(item)) => {
                    let place = self.first + self.outcomes.len() as u64;
                    self.outcomes.push_back(None);
                    match work.prepare(item) {
                        Ok(row) => {
                            self.pending_bytes += work.weight(&row);
                            self.pending.push((place, row));
                        }
                        Err(error) => self.put(place, Err(error)),
                    }
                    if self.pending.len() >= work.window() || self.pending_bytes >= WINDOW_BYTES {
                        self.launch(work);
                    }
                }
            }
        }
    }

    fn launch(&mut self, work: &impl Work<S::Item, Row = Row, Output = R>) {
        let rows = std::mem::take(&mut self.pending);
        self.pending_bytes = 0;
        if !rows.is_empty() {
            self.running.extend(work.lanes(rows));
        }
    }
}
