use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use super::outgoing::Facts;
use super::pulse::Pulse;
use super::{ERROR_BODY_LIMIT, Pipeline};
use crate::auth::{AuthError, AuthErrorKind};
use crate::error::{ApiError, CallContext, Error, ErrorKind, Result, parse_error_body};
use crate::events::{
    ApiCallEvent, Event, FailureEvent, RequestEvent, RequestInfo, ResponseEvent, RetryEvent,
};
use crate::limits::ApiUsage;
use crate::op::{Repeatability, Response};
use crate::retry::{Attempt, Outcome, RetryPolicy, Tally};
use crate::transport::{Body, BoxFuture, TransportError, TransportErrorKind};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
static SFDC_REQUEST_ID: HeaderName = HeaderName::from_static("x-sfdc-request-id");

/// A request on its way. Futures that wait for it have no place for the request itself.
pub(super) type Sent<'a> = BoxFuture<'a, Result<http::Response<Body>, TransportError>>;

/// How one attempt ended.
#[derive(Debug)]
pub(super) enum Exchange {
    /// An answer that the operation can read.
    Answered(Response),
    /// An answer that is an error.
    Refused {
        status: StatusCode,
        headers: HeaderMap,
        errors: Vec<ApiError>,
        body: Bytes,
    },
    /// No whole answer.
    Failed(TransportError),
}

impl Exchange {
    /// Whether Salesforce itself answered, and so took the session for good.
    /// Anything in between can answer too, but not in its words.
    pub(super) fn accepts_session(&self) -> bool {
        match self {
            Self::Answered(_) => true,
            Self::Refused { errors, .. } => !errors.is_empty(),
            Self::Failed(_) => false,
        }
    }

    fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Answered(response) => Some(response.status),
            Self::Refused { status, .. } => Some(*status),
            Self::Failed(_) => None,
        }
    }

    fn headers(&self) -> Option<&HeaderMap> {
        match self {
            Self::Answered(response) => Some(&response.headers),
            Self::Refused { headers, .. } => Some(headers),
            Self::Failed(_) => None,
        }
    }

    fn failure(&self) -> Option<TransportErrorKind> {
        match self {
            Self::Failed(error) => Some(error.kind()),
            Self::Answered(_) | Self::Refused { .. } => None,
        }
    }

    /// Whether it is open if Salesforce carried the request out.
    fn leaves_doubt(&self) -> bool {
        match self {
            Self::Answered(_) => false,
            Self::Refused { status, .. } => status.is_server_error(),
            Self::Failed(error) => !error.never_sent(),
        }
    }
}

/// Which answers the caller reads itself although they are no success.
#[derive(Clone, Copy)]
pub(super) struct Accepts {
    pub(super) statuses: &'static [StatusCode],
    /// Tells by the body that this is the service's own verdict.
    pub(super) verdict: fn(&[u8]) -> bool,
}

impl Accepts {
    pub(super) fn statuses(statuses: &'static [StatusCode]) -> Self {
        Self {
            statuses,
            verdict: |_| false,
        }
    }
}

/// What comes after an attempt.
pub(super) enum Step {
    Again,
    Done(Response),
    Failed(Error),
}

/// One request from its first attempt to its end: counts, events, waits.
pub(super) struct Run<'a> {
    pipeline: &'a Pipeline,
    facts: Facts,
    tally: Tally,
    attempt: u32,
    retries: u32,
    started: Instant,
    /// When the first attempt left: signing in does not count against the time
    /// for repeats.
    first_sent: Option<Instant>,
    usage: Option<ApiUsage>,
    /// An earlier attempt may have been carried out.
    doubtful: bool,
    last_status: Option<StatusCode>,
    request_id: Option<HeaderValue>,
    /// The body that is handed over unread.
    pub(super) opened: Option<Body>,
}

impl<'a> Run<'a> {
    pub(super) fn start(pipeline: &'a Pipeline, facts: Facts) -> Self {
        let request = Arc::clone(&facts.info);
        pipeline
            .hub
            .emit(|| Event::Request(RequestEvent { request }));
        Self {
            pipeline,
            facts,
            tally: Tally::default(),
            attempt: 0,
            retries: 0,
            started: pipeline.clock.steady(),
            first_sent: None,
            usage: None,
            doubtful: false,
            last_status: None,
            request_id: None,
            opened: None,
        }
    }

    pub(super) fn span(&self) -> tracing::Span {
        tracing::debug_span!(
            "ferroforce.request",
            id = self.facts.info.id,
            http.method = %self.facts.info.method,
            path = %self.facts.info.path_template,
            sign_in = self.facts.info.sign_in,
            attempts = tracing::field::Empty,
            http.status = tracing::field::Empty,
        )
    }

    pub(super) fn info(&self) -> Arc<RequestInfo> {
        Arc::clone(&self.facts.info)
    }

    pub(super) fn replayable(&self) -> bool {
        self.facts.replayable
    }

    pub(super) fn pulse(&self) -> Option<&Pulse> {
        self.facts.pulse.as_ref()
    }

    /// How long one attempt may take, or rest where it moves a stream.
    pub(super) fn limit(&self) -> Duration {
        self.facts.timeout.unwrap_or(self.pipeline.attempt_timeout)
    }

    fn policy(&self) -> &RetryPolicy {
        self.facts.retry.as_ref().unwrap_or(&self.pipeline.retry)
    }

    /// Waits for the answer to one attempt and reads what the answer's status asks for.
    pub(super) async fn exchange(&mut self, sent: Sent<'_>, accepts: Accepts) -> Exchange {
        self.attempt += 1;
        self.first_sent.get_or_insert(self.pipeline.clock.steady());
        let limit = self.limit();
        let mut deadline = self.pipeline.clock.steady() + limit;
        let pulse = self.facts.pulse.clone();
        let exchange = {
            let mut transfer = pin!(self.transfer(sent, accepts));
            loop {
                match tokio::time::timeout_at(deadline, transfer.as_mut()).await {
                    Ok(Ok(exchange)) => break exchange,
                    Ok(Err(error)) => break Exchange::Failed(error),
                    Err(_) => {}
                }
                // The time limit of a body that is streamed begins anew with every
                // piece of it.
                match pulse
                    .as_ref()
                    .and_then(Pulse::last)
                    .map(|last| last + limit)
                {
                    Some(later) if later > deadline => deadline = later,
                    _ => break Exchange::Failed(no_answer(limit)),
                }
            }
        };
        self.observe(&exchange);
        exchange
    }

    async fn transfer(
        &mut self,
        sent: Sent<'_>,
        accepts: Accepts,
    ) -> Result<Exchange, TransportError> {
        let answer = sent.await?;
        let (parts, body) = answer.into_parts();
        let (status, headers) = (parts.status, parts.headers);
        let repeated = self.doubtful;
        let response = |headers, body| Response {
            status,
            headers,
            body,
            repeated,
            context: None,
        };
        if self.facts.opens && status.is_success() {
            self.opened = Some(body);
            return Ok(Exchange::Answered(response(headers, Bytes::new())));
        }
        if status.is_success() || accepts.statuses.contains(&status) {
            let buffer = self.facts.buffers.take();
            let limit = self.pipeline.max_response_bytes;
            let body = body.collect_into(buffer, limit).await?;
            return Ok(Exchange::Answered(response(headers, body)));
        }
        // What an error says is wanted; that its body broke is not worth
        // losing its status for.
        let body = match body.collect_some(ERROR_BODY_LIMIT).await {
            Ok((body, _)) => body,
            // Of a sign-in it must be known whether this was a verdict.
            Err(error) if self.facts.info.sign_in => return Err(error),
            Err(_) => Bytes::new(),
        };
        if accepts.statuses.contains(&status) || (accepts.verdict)(&body) {
            return Ok(Exchange::Answered(response(headers, body)));
        }
        Ok(Exchange::Refused {
            errors: parse_error_body(&body),
            status,
            headers,
            body,
        })
    }

    fn observe(&mut self, exchange: &Exchange) {
        self.last_status = exchange.status();
        self.usage = None;
        self.request_id = exchange.headers().and_then(request_id).cloned();
        let (Some(status), Some(headers)) = (exchange.status(), exchange.headers()) else {
            return;
        };
        self.usage = self.pipeline.note_usage(headers);
        self.pipeline.hub.emit(|| {
            Event::ApiCall(ApiCallEvent {
                request: self.info(),
                attempt: self.attempt,
                status,
                count: self.facts.api_calls,
                usage: self.usage.clone(),
            })
        });
    }

    /// Ends the call, or waits until it is time for the next attempt.
    ///
    /// `undone` finds the errors of a success that wrote nothing: it is judged
    /// by them, and where it is not repeated it remains the answer.
    pub(super) async fn settle(
        &mut self,
        exchange: Exchange,
        undone: fn(&Response) -> Vec<ApiError>,
    ) -> Step {
        let exchange = match exchange {
            Exchange::Answered(response) => {
                let errors = undone(&response);
                let wait = if errors.is_empty() {
                    None
                } else {
                    self.decide(&refusal(&response, errors), None)
                };
                let Some(wait) = wait else {
                    self.pipeline.budget.deposit();
                    return Step::Done(response);
                };
                self.retries += 1;
                tokio::time::sleep(wait).await;
                return Step::Again;
            }
            other => other,
        };
        let retry_after = exchange
            .headers()
            .and_then(|headers| retry_after(headers, self.pipeline.clock.wall()));
        let Some(wait) = self.decide(&exchange, retry_after) else {
            return Step::Failed(self.error(exchange, retry_after));
        };
        self.doubtful |= exchange.leaves_doubt();
        self.retries += 1;
        tokio::time::sleep(wait).await;
        Step::Again
    }

    fn decide(&mut self, exchange: &Exchange, retry_after: Option<Duration>) -> Option<Duration> {
        let outcome = match exchange {
            Exchange::Failed(error) => Outcome::Failure(error),
            Exchange::Refused {
                status,
                headers,
                errors,
                ..
            } => Outcome::Answer {
                status: *status,
                headers,
                errors,
            },
            Exchange::Answered(_) => return None,
        };
        let attempt = Attempt {
            // A renewed session is no retry, so this is not the attempt's number.
            number: self.retries + 1,
            elapsed: self
                .first_sent
                .map_or(Duration::ZERO, |sent| sent.elapsed()),
            method: &self.facts.info.method,
            path_template: &self.facts.info.path_template,
            repeatability: self.facts.repeatability,
            replayable: self.facts.replayable,
            keyed: self.facts.keyed,
            retry_after,
            outcome,
        };
        let random = (self.pipeline.random)();
        let decision = self.policy().decide(&attempt, &self.tally, random)?;
        if !self.pipeline.budget.withdraw() {
            tracing::warn!("too many repeats of late: not repeating this request");
            return None;
        }
        self.tally.count(&decision);
        tracing::warn!(
            attempt = self.attempt,
            rule = decision.rule,
            wait_ms = u64::try_from(decision.wait.as_millis()).unwrap_or(u64::MAX),
            http.status = exchange.status().map(|status| status.as_u16()),
            "request will be sent again"
        );
        self.pipeline.hub.emit(|| {
            Event::Retry(RetryEvent {
                request: self.info(),
                attempt: self.attempt,
                rule: decision.rule,
                wait: decision.wait,
                status: exchange.status(),
                failure: exchange.failure(),
                usage: exchange.headers().and_then(ApiUsage::from_headers),
            })
        });
        Some(decision.wait)
    }

    fn error(&self, exchange: Exchange, after: Option<Duration>) -> Error {
        match exchange {
            Exchange::Failed(error) => Error::from_transport(error),
            Exchange::Refused {
                status,
                headers,
                errors,
                body,
            } => {
                // What answers a sign-in may repeat what it was sent.
                let shown = if self.facts.info.sign_in {
                    &[]
                } else {
                    &body[..]
                };
                Error::from_refusal(status, &headers, errors, shown).with_retry_after(after)
            }
            Exchange::Answered(response) => {
                Error::decode("an answer was taken for a failure").with_status(response.status)
            }
        }
    }

    /// A session that had just been renewed was turned down too.
    pub(super) fn rejected_again(&self, exchange: Exchange) -> Error {
        let advice = crate::auth::FRESH_TOKEN_REJECTED;
        let cause = AuthError::new(AuthErrorKind::FreshTokenRejected, advice);
        self.error(exchange, None)
            .with_hint(advice)
            .with_source(cause)
    }

    /// The session is renewed, and the body is gone.
    pub(super) fn rejected_stream(&self, exchange: Exchange) -> Error {
        self.error(exchange, None).with_hint(
            "The session had expired and has been renewed, and the body was a stream, which cannot \
             be sent twice; call again with a new stream",
        )
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Tells everyone how the call ended, and the error which call it was.
    pub(super) fn end<R>(
        &self,
        ended: Result<Response>,
        decode: impl FnOnce(&Response) -> Result<R>,
    ) -> Result<R> {
        let span = tracing::Span::current();
        span.record("attempts", self.attempt);
        if let Some(status) = self.last_status {
            span.record("http.status", status.as_u16());
        }
        let decoded = match ended {
            Ok(mut response) => {
                self.emit_response(response.status, response.body.len());
                if self.facts.has_parts {
                    response.context = Some(Arc::new(self.context()));
                }
                decode(&response).map_err(|error| {
                    // It was carried out, and only what came of it cannot be read.
                    let wrote = self.facts.repeatability == Repeatability::Once
                        || !self.facts.info.method.is_safe();
                    let done = wrote && response.status.is_success();
                    match error.kind() {
                        ErrorKind::Decode if done => error.after_doubt(),
                        _ => error,
                    }
                })
            }
            Err(error) => {
                match error.status() {
                    Some(status) => self.emit_response(status, 0),
                    None => self.emit_failure(error.kind()),
                }
                Err(error)
            }
        };
        decoded.map_err(|error| {
            let error = if self.doubtful {
                error.after_doubt()
            } else {
                error
            };
            let error = error.with_context(self.context());
            tracing::debug!(error = %error.redacted(), "request failed");
            error
        })
    }

    pub(super) fn context(&self) -> CallContext {
        CallContext {
            method: self.facts.info.method.clone(),
            path_template: self.facts.info.path_template.to_string(),
            attempts: self.attempt,
            elapsed: self.elapsed(),
            request_id: self.request_id.as_ref().and_then(shown),
        }
    }

    fn emit_failure(&self, kind: ErrorKind) {
        self.pipeline.hub.emit(|| {
            Event::Failure(FailureEvent {
                request: self.info(),
                attempt: self.attempt,
                kind,
                elapsed: self.elapsed(),
            })
        });
    }

    fn emit_response(&self, status: StatusCode, body_bytes: usize) {
        self.pipeline.hub.emit(|| {
            Event::Response(ResponseEvent {
                request: self.info(),
                attempt: self.attempt,
                status,
                body_bytes,
                elapsed: self.elapsed(),
                usage: self.usage.clone(),
            })
        });
    }
}

/// A success that wrote nothing, as rules see it.
fn refusal(response: &Response, errors: Vec<ApiError>) -> Exchange {
    Exchange::Refused {
        status: response.status,
        headers: response.headers.clone(),
        errors,
        body: Bytes::new(),
    }
}

fn no_answer(limit: Duration) -> TransportError {
    TransportError::new(
        TransportErrorKind::Timeout,
        format!("no answer within {limit:?}"),
    )
}

fn request_id(headers: &HeaderMap) -> Option<&HeaderValue> {
    headers
        .get(&REQUEST_ID)
        .or_else(|| headers.get(&SFDC_REQUEST_ID))
}

/// A request's id as errors show it.
fn shown(id: &HeaderValue) -> Option<String> {
    const LENGTH: usize = 64;
    Some(id.to_str().ok()?.chars().take(LENGTH).collect())
}

fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}
