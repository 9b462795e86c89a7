//! What can go wrong, and what it means for the caller.

mod answer;
mod api;
mod context;
mod display;

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

pub use api::{ApiError, DuplicateMatch, ErrorCode};
pub use context::CallContext;
pub use display::Redacted;

pub(crate) use api::parse_error_body;

use crate::auth::AuthError;
use crate::bulk::JobId;
use crate::governor::Refusal;
use crate::transport::TransportError;

/// The result of nearly everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn StdError + Send + Sync>;

/// A failed call: what happened, to which request, and what to do about it.
///
/// Cheap to clone and eight bytes wide. [`kind`](Self::kind) tells the family;
/// the predicates answer the questions that programs ask; the accessors give
/// every detail that Salesforce sent.
///
/// `Display` is meant for the caller and may hold data of the org (a duplicate
/// value, an external id). [`redacted`](Self::redacted) prints the same without.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    api: Arc<[ApiError]>,
    matches: Arc<[String]>,
    jobs: Arc<[JobId]>,
    status: Option<StatusCode>,
    retry_after: Option<Duration>,
    may_have_been_processed: bool,
    context: Option<CallContext>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The family of an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input was refused before anything was sent.
    InvalidInput,
    /// Sign-in failed. [`Error::auth`] has the details.
    Auth,
    /// No connection could be made, so nothing was sent.
    Connect,
    /// The time limit passed. The request may have been processed.
    Timeout,
    /// The connection broke, or the body ended before its promised length.
    Interrupted,
    /// Salesforce refused the request. [`Error::api_errors`] has its words.
    Api,
    /// Nothing was written, since another operation of the same transaction
    /// failed. [`Error::rolled_back_by`] is that operation's error.
    RolledBack,
    /// An external id matched more than one record (HTTP 300), and nothing was
    /// written. [`Error::matches`] lists them.
    MultipleMatches,
    /// The record is not in the state that the request was made conditional on
    /// (HTTP 412), and this attempt wrote nothing. Where
    /// [`Error::may_have_been_processed`] is true an earlier attempt may have, and
    /// this one met what it left.
    PreconditionFailed,
    /// The answer pointed to another address. It was not followed, since it
    /// would have carried the token away from its org.
    Redirect,
    /// The answer could not be understood.
    Decode,
    /// The answer was larger than the limit.
    TooLarge,
    /// Exactly one row was expected and none came.
    NoRows,
    /// At most one row was expected and more came.
    TooManyRows,
    /// The address and the headers of the request are longer than Salesforce takes,
    /// so nothing was sent, or what was sent was turned away unread (HTTP 414 or 431).
    /// Mostly it is a query with many values.
    RequestTooLong,
    /// A [`Governor`](crate::governor::Governor) stopped the call, so that a part of the
    /// org's daily quota stays for others; nothing was sent. [`Error::refusal`] tells
    /// what is left.
    Quota,
    /// The rows of a query are no longer where its
    /// [`Cursor`](crate::query::Cursor) left them.
    StaleCursor,
    /// A bulk job ended, and not as it should. [`Error::jobs`] names it, and
    /// [`Error::api_errors`] has Salesforce's words.
    JobFailed,
    /// The time that was given to wait for bulk jobs passed. They go on, and
    /// [`Error::jobs`] names them.
    StillRunning,
    /// Another number of rows came than Salesforce stated.
    Incomplete,
    /// A file on this machine could not be read or written.
    Disk,
}

impl Error {
    fn build(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            message: message.into(),
            api: Arc::new([]),
            matches: Arc::new([]),
            jobs: Arc::new([]),
            status: None,
            retry_after: None,
            may_have_been_processed: false,
            context: None,
            source: None,
        }))
    }

    fn edit(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::build(kind, message)
    }

    pub(crate) fn invalid_input(message: impl Into<String>) -> Self {
        Self::build(ErrorKind::InvalidInput, message)
    }

    pub(crate) fn decode(message: impl Into<String>) -> Self {
        Self::build(ErrorKind::Decode, message)
    }

    pub(crate) fn from_api(
        status: StatusCode,
        api: Vec<ApiError>,
        message: impl Into<String>,
    ) -> Self {
        let kind = match status {
            StatusCode::PRECONDITION_FAILED => ErrorKind::PreconditionFailed,
            StatusCode::URI_TOO_LONG | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
                ErrorKind::RequestTooLong
            }
            _ => ErrorKind::Api,
        };
        Self::build(kind, message).edit(|inner| {
            inner.api = api.into();
            inner.status = Some(status);
            inner.may_have_been_processed = status.is_server_error();
        })
    }

    pub(crate) fn from_matches(status: StatusCode, matches: Vec<String>) -> Self {
        Self::build(ErrorKind::MultipleMatches, matches.join(", ")).edit(|inner| {
            inner.matches = matches.into();
            inner.status = Some(status);
        })
    }

    /// The errors that one of many rows or requests in an answer was given.
    pub(crate) fn of_row(api: Vec<ApiError>) -> Self {
        let message = if api.is_empty() {
            "Salesforce says that it failed, and not why"
        } else {
            ""
        };
        Self::build(ErrorKind::Api, message).edit(|inner| inner.api = api.into())
    }

    /// The same, as that of an operation that was undone because `cause`
    /// happened at `place`.
    pub(crate) fn undone_by(self, place: &str, cause: &Self) -> Self {
        let code = cause.code().map_or("an error", ErrorCode::as_str);
        let message = format!("{place} failed with {code}");
        self.edit(|inner| {
            inner.kind = ErrorKind::RolledBack;
            inner.message = message;
        })
        .with_source(cause.clone())
    }

    pub(crate) fn from_transport(error: TransportError) -> Self {
        let sent = !error.never_sent();
        Self::build(error.kind().into(), error.to_string())
            .edit(|inner| inner.may_have_been_processed = sent)
            .with_source(error)
    }

    pub(crate) fn disk(what: &str, error: std::io::Error) -> Self {
        Self::build(ErrorKind::Disk, format!("{what}: {error}")).with_source(error)
    }

    pub(crate) fn with_job(self, job: JobId) -> Self {
        self.with_jobs([job])
    }

    /// Names these jobs beside those that are named.
    pub(crate) fn with_jobs(self, jobs: impl IntoIterator<Item = JobId>) -> Self {
        self.edit(|inner| {
            let mut all = inner.jobs.to_vec();
            for job in jobs {
                if !all.contains(&job) {
                    all.push(job);
                }
            }
            inner.jobs = all.into();
        })
    }

    pub(crate) fn with_api_errors(self, errors: Vec<ApiError>) -> Self {
        self.edit(|inner| inner.api = errors.into())
    }

    pub(crate) fn with_source(self, source: impl Into<Source>) -> Self {
        let source: Source = source.into();
        self.edit(|inner| inner.source = Some(Arc::from(source)))
    }

    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        self.edit(|inner| inner.status = Some(status))
    }

    pub(crate) fn with_retry_after(self, after: Option<Duration>) -> Self {
        self.edit(|inner| inner.retry_after = after)
    }

    pub(crate) fn with_context(self, context: CallContext) -> Self {
        self.edit(|inner| inner.context = Some(context))
    }

    /// An earlier attempt of the same call may have been carried out.
    pub(crate) fn after_doubt(self) -> Self {
        self.edit(|inner| inner.may_have_been_processed = true)
    }

    pub(crate) fn with_hint(self, hint: &str) -> Self {
        self.edit(|inner| {
            if !inner.message.is_empty() {
                inner.message.push_str(". ");
            }
            inner.message.push_str(hint);
        })
    }

    /// The family of this error.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Every error that Salesforce listed, in its order. Empty unless
    /// Salesforce answered with an error.
    ///
    /// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm>
    pub fn api_errors(&self) -> &[ApiError] {
        &self.0.api
    }

    /// The code of the first error that Salesforce listed.
    pub fn code(&self) -> Option<&ErrorCode> {
        self.0.api.first().map(ApiError::code)
    }

    /// The records that an external id matched, as the paths that Salesforce
    /// lists: `/services/data/v66.0/sobjects/Contact/003…`. Empty unless this is
    /// [`ErrorKind::MultipleMatches`].
    pub fn matches(&self) -> &[String] {
        &self.0.matches
    }

    /// The bulk jobs that the error is about. They can be taken up by these ids:
    /// see [`Bulk::job`](crate::bulk::Bulk::job).
    pub fn jobs(&self) -> &[JobId] {
        &self.0.jobs
    }

    /// The HTTP status of the answer, where there was one.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// How long Salesforce asked to wait (`Retry-After`).
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The failed sign-in, when this is one.
    pub fn auth(&self) -> Option<&AuthError> {
        let mut source = self.source();
        while let Some(error) = source {
            if let Some(auth) = error.downcast_ref::<AuthError>() {
                return Some(auth);
            }
            source = error.source();
        }
        None
    }

    /// What a governor stopped the call for. Only with [`ErrorKind::Quota`].
    pub fn refusal(&self) -> Option<&Refusal> {
        self.source()?.downcast_ref()
    }

    /// Why this operation was undone: the error of the one that failed. Only
    /// with [`ErrorKind::RolledBack`].
    pub fn rolled_back_by(&self) -> Option<&Self> {
        match self.0.kind {
            ErrorKind::RolledBack => self.source()?.downcast_ref(),
            _ => None,
        }
    }

    /// Which request failed, after how many attempts and how long. Absent when
    /// the error belongs to no request.
    pub fn context(&self) -> Option<&CallContext> {
        self.0.context.as_ref()
    }

    /// The same text without anything that may be data of the org: codes,
    /// status and request stay, messages go. Fit for a log.
    pub fn redacted(&self) -> Redacted<'_> {
        Redacted(self)
    }

    fn has_code(&self, wanted: impl Fn(&ErrorCode) -> bool) -> bool {
        self.0.api.iter().any(|error| wanted(error.code()))
    }

    /// Salesforce did nothing with the request, in this attempt or an earlier
    /// one, so it may be sent again whatever it does.
    pub fn is_before_send(&self) -> bool {
        let before = matches!(
            self.0.kind,
            ErrorKind::InvalidInput
                | ErrorKind::RequestTooLong
                | ErrorKind::Connect
                | ErrorKind::Auth
                | ErrorKind::Quota
        );
        before && !self.0.may_have_been_processed
    }

    /// Salesforce may have carried out the request although it failed: before
    /// a create is repeated, look whether the record is there.
    pub fn may_have_been_processed(&self) -> bool {
        self.0.may_have_been_processed
    }

    /// The same call may succeed later. Whether it may be *repeated* is another
    /// question: see [`may_have_been_processed`](Self::may_have_been_processed).
    pub fn is_retryable(&self) -> bool {
        match self.0.kind {
            ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Interrupted => true,
            ErrorKind::Auth => self.auth().is_some_and(AuthError::is_transient),
            ErrorKind::RolledBack => self.rolled_back_by().is_some_and(Self::is_retryable),
            _ => {
                self.is_row_lock()
                    || self.is_concurrency_limit()
                    // Without a time to come back, a conflict is a verdict.
                    || (self.0.status == Some(StatusCode::CONFLICT)
                        && self.0.retry_after.is_some())
                    || self.0.status.is_some_and(|status| {
                        (status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED)
                            || status == StatusCode::TOO_MANY_REQUESTS
                    })
            }
        }
    }

    /// A limit of the org was reached: the daily number of calls, or the number
    /// of calls at once; or a governor stopped the call before it was.
    ///
    /// # Troubleshooting
    /// [`is_concurrency_limit`](Self::is_concurrency_limit) passes by itself;
    /// the daily limit does so only as its rolling 24 hours move on. See
    /// [`Salesforce::limits`](crate::Salesforce::limits) for what is left.
    pub fn is_limit(&self) -> bool {
        self.0.kind == ErrorKind::Quota
            || self.0.status == Some(StatusCode::TOO_MANY_REQUESTS)
            || self.has_code(|code| *code == ErrorCode::RequestLimitExceeded)
    }

    /// Too many long requests ran at once. Waiting helps.
    pub fn is_concurrency_limit(&self) -> bool {
        self.0.api.iter().any(ApiError::is_concurrency_limit)
    }

    /// Another transaction held a record that this one needed. Nothing was
    /// written.
    pub fn is_row_lock(&self) -> bool {
        self.has_code(|code| *code == ErrorCode::UnableToLockRow)
    }

    /// The record, object or address does not exist, was deleted, or is hidden
    /// from this user.
    pub fn is_not_found(&self) -> bool {
        self.0.status == Some(StatusCode::NOT_FOUND)
            || self
                .has_code(|code| matches!(code, ErrorCode::NotFound | ErrorCode::EntityIsDeleted))
    }

    /// Sign-in failed, or the session is not accepted.
    ///
    /// # Troubleshooting
    /// [`auth`](Self::auth) holds Salesforce's code and the usual remedy.
    pub fn is_auth(&self) -> bool {
        self.0.kind == ErrorKind::Auth || self.0.status == Some(StatusCode::UNAUTHORIZED)
    }

    /// A duplicate rule stopped the write.
    /// [`ApiError::duplicates`] lists the records that matched.
    pub fn is_duplicate(&self) -> bool {
        self.has_code(|code| *code == ErrorCode::DuplicatesDetected)
    }

    /// The error's own words, without request and codes.
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.source {
            Some(source) => Some(source.as_ref()),
            None => None,
        }
    }
}

/// For conversions that cannot fail.
impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::build(ErrorKind::Quota, refusal.to_string()).with_source(refusal)
    }
}

impl From<AuthError> for Error {
    fn from(error: AuthError) -> Self {
        Self::build(ErrorKind::Auth, error.to_string()).with_source(error)
    }
}

#[cfg(test)]
mod tests;
