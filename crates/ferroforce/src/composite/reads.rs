//! Many small reads in few requests.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use http::Method;

use super::limits;
use super::ordered::{Lane, Ordered, Placed, Work};
use crate::client::{Call, Salesforce};
use crate::error::{Error, Result};
use crate::op::Op;

const IN_FLIGHT: usize = 4;

/// The results of many reads, of which 25 go in a request. Made by
/// [`Salesforce::batch_reads`].
///
/// It saves round trips and no quota: each read costs a call. Timeouts and retry
/// policies of the calls are not looked at; those of the client apply.
#[must_use = "a stream does nothing until it is polled"]
pub struct BatchReads<S: Stream, R> {
    work: Reads,
    items: Ordered<S, Op<R>, R>,
}

struct Reads {
    client: Salesforce,
    in_flight: usize,
}

impl<S: Stream<Item = Call<R>>, R: Send + 'static> BatchReads<S, R> {
    pub(super) fn new(client: Salesforce, calls: S) -> Self {
        Self {
            work: Reads {
                client,
                in_flight: IN_FLIGHT,
            },
            items: Ordered::new(calls),
        }
    }

    /// How many requests are under way at once. Default 4.
    pub fn in_flight(mut self, requests: usize) -> Self {
        self.work.in_flight = requests.max(1);
        self
    }

    /// The next result, without the help of a stream library.
    pub async fn next(&mut self) -> Option<Result<R>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

// The input is boxed, and nothing else is pinned.
impl<S: Stream, R> Unpin for BatchReads<S, R> {}

impl<S: Stream<Item = Call<R>>, R: Send + 'static> Stream for BatchReads<S, R> {
    type Item = Result<R>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        this.items.poll_next(&this.work, cx)
    }
}

impl<R: Send + 'static> Work<Call<R>> for Reads {
    type Row = Op<R>;
    type Output = R;

    fn prepare(&self, call: Call<R>) -> Result<Op<R>> {
        let op = call.into_op()?;
        if *op.method() != Method::GET || !op.is_repeatable() {
            return Err(Error::invalid_input(
                "only reads are put together without a word; take a batch for anything else",
            ));
        }
        limits::of_batch(&op.path, &op.headers, self.client.api_version())
            .map_err(|why| Error::invalid_input(format!("the request {why}")))?;
        Ok(op)
    }

    fn weight(&self, op: &Op<R>) -> usize {
        let query: usize = op.query.iter().map(|(_, value)| value.len()).sum();
        op.path.as_str().len() + query
    }

    fn window(&self) -> usize {
        limits::REQUESTS
    }

    fn in_flight(&self) -> usize {
        self.in_flight
    }

    fn window_by_window(&self) -> bool {
        false
    }

    fn lanes(&self, ops: Placed<Op<R>>) -> Vec<Lane<R>> {
        let mut batch = self.client.batch();
        let references: Vec<_> = ops
            .into_iter()
            .map(|(place, op)| (place, batch.add(op)))
            .collect();
        vec![Box::pin(async move {
            let outcomes = batch.send().await;
            let result = |reference| match &outcomes {
                Ok(outcomes) => outcomes.get(reference),
                Err(error) => Err(error.clone()),
            };
            references
                .into_iter()
                .map(|(place, reference)| (place, result(reference)))
                .collect()
        })]
    }
}

impl<S: Stream, R> fmt::Debug for BatchReads<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchReads")
            .field("in_flight", &self.work.in_flight)
            .finish_non_exhaustive()
    }
}
