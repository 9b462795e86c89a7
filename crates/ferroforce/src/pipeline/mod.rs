//! The one road that every request takes:
//! token → permits → send → release → observe → decide → renew, wait, or end.
//!
//! No permit is held while waiting for a token, a renewal or a backoff, and
//! sign-in requests need none: otherwise a client at its limit would wait for
//! itself.

mod buffers;
mod governed;
mod outgoing;
mod pulse;
mod run;
mod sign_in;

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use tokio::sync::Semaphore;
use tracing::Instrument;

pub(crate) use buffers::Buffers;
pub(crate) use outgoing::{CallSettings, Outgoing, OutgoingBody, address};
pub(crate) use sign_in::SignIn;

use crate::auth::{AuthContext, Granted, Slot};
use crate::clock::Clock;
use crate::error::{ApiError, CallContext, Result};
use crate::events::{BulkBatchesEvent, Event, Hub};
use crate::governor::{Share, Wish};
use crate::limits::ApiUsage;
use crate::op::Response;
use crate::retry::{Budget, RetryPolicy};
use crate::transport::{Body, HttpService};
use governed::Places;
use run::{Accepts, Exchange, Run, Step};

/// Bodies of errors are read up to here, whatever the answer promises.
const ERROR_BODY_LIMIT: usize = 64 * 1024;

/// A request has its session renewed once, and more often only if what it got was
/// no new token but one that somebody had left in a store.
const MOST_RENEWALS: usize = 3;

/// Everything that requests of one client share.
pub(crate) struct Pipeline {
    pub(crate) transport: Arc<dyn HttpService>,
    pub(crate) retry: RetryPolicy,
    pub(crate) budget: Budget,
    pub(crate) hub: Arc<Hub>,
    pub(crate) permits: Semaphore,
    /// What the client may take of what all callers of the org may.
    pub(crate) governor: Option<Share>,
    pub(crate) clock: Clock,
    pub(crate) random: fn() -> f64,
    pub(crate) attempt_timeout: Duration,
    pub(crate) max_response_bytes: usize,
    pub(crate) headers: HeaderMap,
    pub(crate) usage: Mutex<Option<ApiUsage>>,
}

/// An answer whose body is still on its way.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) head: Response,
    pub(crate) body: Body,
    /// How long the body may rest.
    pub(crate) stall: Duration,
    pub(crate) context: CallContext,
}

impl Pipeline {
    /// Sends a request of the API, signed in as `slot` says.
    pub(crate) async fn send<R>(
        self: &Arc<Self>,
        outgoing: &Outgoing,
        decode: impl FnOnce(&Response) -> Result<R> + Send,
        slot: &Arc<Slot>,
        context: &AuthContext,
    ) -> Result<R> {
        let mut run = Run::start(self, outgoing.facts());
        let span = run.span();
        async {
            let ended = self.drive(&mut run, outgoing, slot, context).await;
            run.end(ended, decode)
        }
        .instrument(span)
        .await
    }

    /// As [`send`](Self::send), up to the answer's head. The body is read by the
    /// caller, with no permit: a reader may take its time, and may call meanwhile.
    pub(crate) async fn open(
        self: &Arc<Self>,
        outgoing: &Outgoing,
        slot: &Arc<Slot>,
        context: &AuthContext,
    ) -> Result<Opened> {
        let mut run = Run::start(self, outgoing.facts());
        let span = run.span();
        async {
            let ended = self.drive(&mut run, outgoing, slot, context).await;
            let head = run.end(ended, |response| Ok(response.clone()))?;
            Ok(Opened {
                head,
                body: run.opened.take().unwrap_or_default(),
                stall: run.limit(),
                context: run.context(),
            })
        }
        .instrument(span)
        .await
    }

    /// The wait before an answer that broke off is asked for anew, for the `retry`th
    /// time in a row; `None` if it should not be.
    pub(crate) fn resumption(&self, outgoing: &Outgoing, retry: u32) -> Option<Duration> {
        let policy = outgoing.settings.retry.as_ref().unwrap_or(&self.retry);
        let wait = policy.resumption(retry, (self.random)())?;
        self.budget.withdraw().then_some(wait)
    }

    async fn drive(
        self: &Arc<Self>,
        run: &mut Run<'_>,
        outgoing: &Outgoing,
        slot: &Arc<Slot>,
        context: &AuthContext,
    ) -> Result<Response> {
        let mut renewals = 0;
        loop {
            let (granted, places) = self.admit(slot, context, outgoing.wish()).await?;
            let request = match outgoing.request(&granted.token, &self.headers, run.pulse()) {
                Ok(request) => request,
                Err(error) => {
                    places.give_back();
                    return Err(error);
                }
            };
            let sent = self.transport.call(request);
            let exchange = {
                let exchange = pin!(run.exchange(sent, Accepts::statuses(outgoing.accepts())));
                places.during(exchange).await
            };
            places.settle(&exchange, outgoing.usage);

            if is_rejected_session(&exchange) {
                if renewals > 0 && (granted.is_new() || renewals == MOST_RENEWALS) {
                    return Err(run.rejected_again(exchange));
                }
                renewals += 1;
                slot.renew(&granted, context).await?;
                if !run.replayable() {
                    return Err(run.rejected_stream(exchange));
                }
                continue;
            }
            if exchange.accepts_session() {
                slot.accepted(&granted, self.clock);
            }
            match run.settle(exchange, outgoing.undone).await {
                Step::Again => {}
                Step::Done(response) => {
                    self.count_batches(run, outgoing, &response);
                    return Ok(response);
                }
                Step::Failed(error) => return Err(outgoing.explain(error)),
            }
        }
    }

    /// A token, and then places while that token is still the current one.
    async fn admit<'a>(
        &'a self,
        slot: &Arc<Slot>,
        context: &AuthContext,
        wish: Wish,
    ) -> Result<(Granted, Places<'a>)> {
        loop {
            let granted = slot.token(context).await?;
            let (places, waited) = self.places(wish).await?;
            // Without a wait nothing can have changed.
            if !waited || slot.is_current(&granted) {
                return Ok((granted, places));
            }
            places.give_back();
        }
    }

    fn count_batches(&self, run: &Run<'_>, outgoing: &Outgoing, response: &Response) {
        if let Some(count) = outgoing.bulk_batches() {
            self.hub.emit(|| {
                Event::BulkBatches(BulkBatchesEvent {
                    request: run.info(),
                    count,
                    usage: ApiUsage::from_headers(response.headers()),
                })
            });
        }
    }

    pub(crate) fn usage(&self) -> Option<ApiUsage> {
        self.usage
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn note_usage(&self, headers: &HeaderMap) -> Option<ApiUsage> {
        let usage = ApiUsage::from_headers(headers)?;
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner) = Some(usage.clone());
        Some(usage)
    }
}

/// Only this means that a new token may help. A 401 with any other cause (an
/// Apex REST endpoint's own, a session that may not use REST) is an answer.
fn is_rejected_session(exchange: &Exchange) -> bool {
    let Exchange::Refused { status, errors, .. } = exchange else {
        return false;
    };
    let may_carry_it = matches!(
        *status,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST
    );
    may_carry_it && errors.iter().any(ApiError::is_expired_session)
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The headers may hold a gateway's key.
        f.debug_struct("Pipeline")
            .field("transport", &self.transport)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
