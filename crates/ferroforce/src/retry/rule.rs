use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};

use crate::error::{ApiError, ErrorCode};
use crate::op::Repeatability;
use crate::transport::{TransportError, TransportErrorKind};

/// What a [`RetryRule`] says of a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Nothing: the next rule is asked.
    Pass,
    /// Send it again, after this long or after the policy's backoff, whichever
    /// is longer.
    Retry {
        /// The wait that Salesforce asked for.
        after: Option<Duration>,
    },
    /// Do not send it again, whatever other rules say.
    Stop,
}

/// How an attempt ended. Successes are never judged.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Outcome<'a> {
    /// Salesforce answered with an error.
    #[non_exhaustive]
    Answer {
        /// The HTTP status.
        status: StatusCode,
        /// The headers of the answer.
        headers: &'a HeaderMap,
        /// The errors that it lists; empty for a body that is none of Salesforce's.
        errors: &'a [ApiError],
    },
    /// There was no whole answer.
    Failure(&'a TransportError),
}

/// A failed attempt, as rules see it.
#[derive(Debug, Clone)]
pub struct Attempt<'a> {
    pub(crate) number: u32,
    pub(crate) elapsed: Duration,
    pub(crate) method: &'a Method,
    pub(crate) path_template: &'a str,
    pub(crate) repeatability: Repeatability,
    pub(crate) replayable: bool,
    pub(crate) keyed: bool,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) outcome: Outcome<'a>,
}

impl<'a> Attempt<'a> {
    /// Which attempt this was, from 1.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The time since the call began.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// The HTTP method.
    pub fn method(&self) -> &Method {
        self.method
    }

    /// The path with placeholders for values.
    pub fn path_template(&self) -> &str {
        self.path_template
    }

    /// Whether the operation may be carried out twice.
    pub fn is_idempotent(&self) -> bool {
        self.repeatability == Repeatability::Idempotent
    }

    /// `Retry-After` of the answer, seconds and dates alike.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// How it ended.
    pub fn outcome(&self) -> Outcome<'a> {
        self.outcome
    }
}

type Judge = dyn Fn(&Attempt<'_>) -> Verdict + Send + Sync;

/// One reason to send a request again, or not to.
///
/// A rule is asked only about failures. One whose own limit is spent is passed
/// over; it does not end the search.
#[derive(Clone)]
pub struct RetryRule {
    name: &'static str,
    judge: Arc<Judge>,
    max_retries: Option<u32>,
}

impl RetryRule {
    /// A rule of your own. `name` shows up in retry events.
    ///
    /// The rule decides alone: look at [`Attempt::is_idempotent`] before you
    /// repeat what may have been carried out.
    pub fn new(
        name: &'static str,
        judge: impl Fn(&Attempt<'_>) -> Verdict + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            judge: Arc::new(judge),
            max_retries: None,
        }
    }

    /// How often this rule repeats one request at most. Without it only the
    /// policy's limit counts.
    #[must_use]
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = Some(retries);
        self
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn judge(&self, attempt: &Attempt<'_>) -> Verdict {
        (self.judge)(attempt)
    }

    pub(super) fn is_spent(&self, used: u32) -> bool {
        self.max_retries.is_some_and(|max| used >= max)
    }
}

impl fmt::Debug for RetryRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryRule")
            .field("name", &self.name)
            .field("max_retries", &self.max_retries)
            .finish_non_exhaustive()
    }
}

const AGAIN: Verdict = Verdict::Retry { after: None };

pub(super) fn defaults() -> Vec<RetryRule> {
    vec![
        RetryRule::new("never sent", never_sent),
        RetryRule::new("row lock", row_lock),
        RetryRule::new("request limit", request_limit),
        RetryRule::new("too many requests", too_many_requests),
        RetryRule::new("still under way", still_under_way),
        RetryRule::new("broken connection", broken_connection),
        RetryRule::new("server error", server_error),
    ]
}

pub(super) fn for_single_use() -> Vec<RetryRule> {
    vec![RetryRule::new("never sent", never_sent)]
}

pub(super) fn for_passwords() -> Vec<RetryRule> {
    vec![
        RetryRule::new("never sent", never_sent),
        RetryRule::new("not available", not_available),
    ]
}

/// A verdict on the credentials never gets here, so a 503 is a service that did
/// not look at them.
fn not_available(attempt: &Attempt<'_>) -> Verdict {
    match attempt.outcome {
        Outcome::Answer { status, .. } if status == StatusCode::SERVICE_UNAVAILABLE => {
            Verdict::Retry {
                after: attempt.retry_after,
            }
        }
        _ => Verdict::Pass,
    }
}

fn never_sent(attempt: &Attempt<'_>) -> Verdict {
    match attempt.outcome {
        Outcome::Failure(error) => match error.kind() {
            TransportErrorKind::Connect => AGAIN,
            TransportErrorKind::Unsendable => Verdict::Stop,
            _ => Verdict::Pass,
        },
        Outcome::Answer { .. } => Verdict::Pass,
    }
}

fn row_lock(attempt: &Attempt<'_>) -> Verdict {
    // Salesforce rolled the transaction back, so any method may come again.
    match attempt.outcome {
        Outcome::Answer { errors, .. }
            if errors
                .iter()
                .any(|error| *error.code() == ErrorCode::UnableToLockRow) =>
        {
            AGAIN
        }
        _ => Verdict::Pass,
    }
}

fn request_limit(attempt: &Attempt<'_>) -> Verdict {
    let Outcome::Answer { errors, .. } = attempt.outcome else {
        return Verdict::Pass;
    };
    let mut limits = errors
        .iter()
        .filter(|error| *error.code() == ErrorCode::RequestLimitExceeded)
        .peekable();
    if limits.peek().is_none() {
        Verdict::Pass
    } else if limits.all(ApiError::is_concurrency_limit) {
        Verdict::Retry {
            after: attempt.retry_after,
        }
    } else {
        // The daily quota comes back over hours.
        Verdict::Stop
    }
}

fn too_many_requests(attempt: &Attempt<'_>) -> Verdict {
    match attempt.outcome {
        Outcome::Answer { status, .. } if status == StatusCode::TOO_MANY_REQUESTS => {
            Verdict::Retry {
                after: attempt.retry_after,
            }
        }
        _ => Verdict::Pass,
    }
}

/// Under a key a conflict is with the request itself: the one that was sent before, and
/// of which no answer came.
fn still_under_way(attempt: &Attempt<'_>) -> Verdict {
    match attempt.outcome {
        Outcome::Answer { status, .. } if attempt.keyed && status == StatusCode::CONFLICT => {
            Verdict::Retry {
                after: attempt.retry_after,
            }
        }
        _ => Verdict::Pass,
    }
}

fn broken_connection(attempt: &Attempt<'_>) -> Verdict {
    match attempt.outcome {
        Outcome::Failure(error)
            if attempt.is_idempotent() && error.kind() != TransportErrorKind::TooLarge =>
        {
            AGAIN
        }
        _ => Verdict::Pass,
    }
}

fn server_error(attempt: &Attempt<'_>) -> Verdict {
    match attempt.outcome {
        // What is not implemented will not be a second later.
        Outcome::Answer { status, .. } if status == StatusCode::NOT_IMPLEMENTED => Verdict::Pass,
        Outcome::Answer { status, .. } if status.is_server_error() && attempt.is_idempotent() => {
            Verdict::Retry {
                after: attempt.retry_after,
            }
        }
        _ => Verdict::Pass,
    }
}
