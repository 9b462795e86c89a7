//! What the client does, as it does it.
//!
//! An [`Observer`] is called in place, cannot fail a request and should be
//! quick. An [`EventStream`] takes the same events to another task; when that
//! task is slow the oldest events are dropped and counted. Both can come and go
//! while the client works.
//!
//! No event holds a token, a body, a query or a field value.

mod hub;
mod stream;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};

pub use hub::Subscription;
pub use stream::EventStream;

pub(crate) use hub::Hub;

use crate::auth::StoreError;
use crate::bulk::{JobId, JobKind, JobState};
use crate::error::ErrorKind;
use crate::limits::ApiUsage;
use crate::transport::TransportErrorKind;

/// Something that happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// A call begins: its first attempt is about to be sent.
    Request(RequestEvent),
    /// An attempt failed and the request will be sent again.
    Retry(RetryEvent),
    /// Salesforce answered one attempt, well or not. One call of the org's
    /// daily quota is used up, but for sign-in.
    ApiCall(ApiCallEvent),
    /// A call ended with an answer.
    Response(ResponseEvent),
    /// A call ended without an answer.
    Failure(FailureEvent),
    /// A request was answered that hands data to the Bulk API.
    BulkBatches(BulkBatchesEvent),
    /// A bulk job was asked for, and told where it stands.
    Job(JobEvent),
    /// Of several ways to do a thing, one was chosen.
    Choice(ChoiceEvent),
    /// A sign-in gave a token.
    TokenIssued(TokenIssuedEvent),
    /// The session's token store failed, and this process goes on without it.
    StoreFailed(StoreFailedEvent),
    /// The governor that processes share cannot be reached, and this process governs by
    /// itself; or it can be reached again.
    Governor(GovernorEvent),
}

impl Event {
    /// The name of the event's kind: stable, fit for a metric.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Request(_) => "request",
            Self::Retry(_) => "retry",
            Self::ApiCall(_) => "api_call",
            Self::Response(_) => "response",
            Self::Failure(_) => "failure",
            Self::BulkBatches(_) => "bulk_batches",
            Self::Job(_) => "job",
            Self::Choice(_) => "choice",
            Self::TokenIssued(_) => "token_issued",
            Self::StoreFailed(_) => "store_failed",
            Self::Governor(_) => "governor",
        }
    }

    /// The request that the event is about.
    pub fn request(&self) -> Option<&RequestInfo> {
        match self {
            Self::Request(event) => Some(&event.request),
            Self::Retry(event) => Some(&event.request),
            Self::ApiCall(event) => Some(&event.request),
            Self::Response(event) => Some(&event.request),
            Self::Failure(event) => Some(&event.request),
            Self::BulkBatches(event) => Some(&event.request),
            Self::Job(_)
            | Self::Choice(_)
            | Self::TokenIssued(_)
            | Self::StoreFailed(_)
            | Self::Governor(_) => None,
        }
    }

    /// The org's API usage, where the answer stated it.
    pub fn usage(&self) -> Option<&ApiUsage> {
        match self {
            Self::Retry(event) => event.usage.as_ref(),
            Self::ApiCall(event) => event.usage.as_ref(),
            Self::Response(event) => event.usage.as_ref(),
            Self::BulkBatches(event) => event.usage.as_ref(),
            Self::Request(_)
            | Self::Failure(_)
            | Self::Job(_)
            | Self::Choice(_)
            | Self::TokenIssued(_)
            | Self::StoreFailed(_)
            | Self::Governor(_) => None,
        }
    }

    /// Calls that the org has used of its daily quota, where stated.
    pub fn consumed(&self) -> Option<u64> {
        self.usage().map(|usage| usage.consumed)
    }

    /// Calls that are left of the org's daily quota, where stated.
    pub fn remaining(&self) -> Option<u64> {
        self.usage().map(ApiUsage::remaining)
    }
}

/// Which request an event belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestInfo {
    /// A number that is the same in all events of one call and in no other call
    /// of this process.
    pub id: u64,
    /// The HTTP method.
    pub method: Method,
    /// The path with placeholders for values.
    pub path_template: Cow<'static, str>,
    /// Whether this is a request of a sign-in.
    pub sign_in: bool,
}

/// See [`Event::Request`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RequestEvent {
    /// The request.
    pub request: Arc<RequestInfo>,
}

/// See [`Event::Retry`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RetryEvent {
    /// The request.
    pub request: Arc<RequestInfo>,
    /// Which attempt failed, from 1.
    pub attempt: u32,
    /// The retry rule that decided.
    pub rule: &'static str,
    /// The wait before the next attempt.
    pub wait: Duration,
    /// The status of the answer, where there was one.
    pub status: Option<StatusCode>,
    /// How the network failed, where there was no whole answer.
    pub failure: Option<TransportErrorKind>,
    /// The org's API usage, where the answer stated it.
    pub usage: Option<ApiUsage>,
}

/// See [`Event::ApiCall`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ApiCallEvent {
    /// The request.
    pub request: Arc<RequestInfo>,
    /// Which attempt was answered, from 1.
    pub attempt: u32,
    /// The status of the answer.
    pub status: StatusCode,
    /// How many calls of the daily quota it cost: 1, or 0 for sign-in.
    pub count: u32,
    /// The org's API usage, where the answer stated it.
    pub usage: Option<ApiUsage>,
}

/// See [`Event::Response`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ResponseEvent {
    /// The request.
    pub request: Arc<RequestInfo>,
    /// How many attempts it took.
    pub attempt: u32,
    /// The status of the last answer.
    pub status: StatusCode,
    /// The size of the body, in bytes after decompression; 0 for an error, and for
    /// a file that is still to be read.
    pub body_bytes: usize,
    /// The time since the call began.
    pub elapsed: Duration,
    /// The org's API usage, where the answer stated it.
    pub usage: Option<ApiUsage>,
}

/// See [`Event::Failure`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FailureEvent {
    /// The request.
    pub request: Arc<RequestInfo>,
    /// How many attempts were made.
    pub attempt: u32,
    /// The family of the error.
    pub kind: ErrorKind,
    /// The time since the call began.
    pub elapsed: Duration,
}

/// See [`Event::BulkBatches`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BulkBatchesEvent {
    /// The request.
    pub request: Arc<RequestInfo>,
    /// How many batches of the org's daily allocation it costs.
    pub count: u64,
    /// The org's API usage, where the answer stated it.
    pub usage: Option<ApiUsage>,
}

/// See [`Event::Job`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct JobEvent {
    /// Which way its records go.
    pub kind: JobKind,
    /// The job.
    pub job: JobId,
    /// Where it stands.
    pub state: JobState,
    /// Rows that were worked on.
    pub processed: u64,
    /// Those of them that failed.
    pub failed: u64,
}

/// See [`Event::Choice`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChoiceEvent {
    /// What is to be done: `load` for [`Salesforce::load`](crate::Salesforce::load),
    /// `extract` for [`Salesforce::extract`](crate::Salesforce::extract).
    pub operation: &'static str,
    /// The API that does it: `REST`, `collections` or `Bulk API 2.0`.
    pub chosen: &'static str,
    /// Why this one, without any data.
    pub why: Cow<'static, str>,
    /// How many rows there are, where that was asked or estimated.
    pub rows: Option<u64>,
    /// What makes it slower than it could be, where something does.
    pub remark: Option<&'static str>,
}

/// See [`Event::TokenIssued`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TokenIssuedEvent {
    /// The host of the org that the token is for.
    pub host: String,
    /// Counts the tokens of this session, from 1.
    pub generation: u64,
    /// How long the sign-in took.
    pub elapsed: Duration,
}

/// See [`Event::StoreFailed`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoreFailedEvent {
    /// What the store was to do: `get`, `lock`, `put`, or `mark` that a refresh token
    /// is about to be used.
    pub operation: &'static str,
    /// What went wrong.
    pub error: StoreError,
}

/// See [`Event::Governor`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GovernorEvent {
    /// Why it cannot be reached; nothing when it can be again.
    pub failure: Option<String>,
}

/// Is told of every event, in place.
///
/// A closure will do. Keep it quick, since the request waits for it; a panic is
/// caught and changes nothing.
pub trait Observer: Send + Sync + 'static {
    /// Something happened.
    fn observe(&self, event: &Event);
}

impl<F: Fn(&Event) + Send + Sync + 'static> Observer for F {
    fn observe(&self, event: &Event) {
        self(event);
    }
}

impl fmt::Debug for dyn Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

#[cfg(test)]
mod tests;
