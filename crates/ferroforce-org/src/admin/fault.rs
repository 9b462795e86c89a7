//! What can be made to go wrong.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde::{Deserialize, Serialize};

use super::pattern::matches;
use super::plain::{number_of_status, text, text_of_option};
use crate::id::RecordId;

/// Something that goes wrong on purpose: for which requests, how often, and what.
///
/// A new fault strikes once, the next time that any request is made. In JSON:
///
/// ```json
/// {"path": "/services/data/*/query", "method": "GET", "skip": 1, "times": 2,
///  "effect": {"kind": "error", "status": 503, "code": "SERVER_UNAVAILABLE",
///             "message": "The server is busy", "retry_after": 1}}
/// ```
///
/// The same in Rust:
///
/// ```
/// use ferroforce_org::Fault;
/// use http::{Method, StatusCode};
///
/// let fault = Fault::error(StatusCode::SERVICE_UNAVAILABLE, "SERVER_UNAVAILABLE", "The server is busy")
///     .retry_after(1)
///     .path("/services/data/*/query")
///     .method(Method::GET)
///     .skip(1)
///     .times(2);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Fault {
    /// Only requests with this method. Default: any.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "text_of_option"
    )]
    pub method: Option<Method>,
    /// Only requests to this path and those below it; `*` stands for any characters. Default: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// How many of these requests are let through first. Default: 0.
    #[serde(default)]
    pub skip: u32,
    /// How many it then strikes, at least 1; null for all. Default: 1.
    #[serde(default = "once")]
    pub times: Option<u32>,
    /// How likely it strikes, from 0 to 1. Default: 1.
    #[serde(default = "certain")]
    pub probability: f64,
    /// What goes wrong.
    pub effect: Effect,
}

fn once() -> Option<u32> {
    Some(1)
}

fn certain() -> f64 {
    1.0
}

fn job_failed() -> String {
    "InternalServerError : The job failed".to_owned()
}

fn bad_gateway() -> StatusCode {
    StatusCode::BAD_GATEWAY
}

/// After so many seconds a query is ended.
pub(super) const MOST_SECONDS_OF_QUERY: u64 = 120;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Effect {
    /// The session of the request ends first, so that the org refuses the request and every
    /// other one with that session.
    ExpiredSession {},
    /// The request is refused, in the form that its API gives to errors.
    Error {
        /// The status.
        #[serde(with = "number_of_status")]
        status: StatusCode,
        /// The `errorCode`, OAuth `error`, or SOAP `exceptionCode`.
        code: String,
        /// The message.
        message: String,
        /// Seconds for a `Retry-After` header. Default: no header.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    /// The answer is a page of HTML, as from a gateway in front of the org.
    Html {
        /// The status. Default: 502.
        #[serde(default = "bad_gateway", with = "number_of_status")]
        status: StatusCode,
    },
    /// The connection is closed before the request is processed.
    CutBefore {},
    /// The request is processed; the connection is closed instead of an answer.
    CutAfter {},
    /// The request is processed; the connection is closed in the middle of the answer's body, or
    /// instead of an answer that has none.
    CutBody {
        /// How many bytes of the body are sent; always fewer than there are.
        after: usize,
        /// Whether the body is sent in chunks, without its length. Default: false.
        #[serde(default)]
        chunked: bool,
    },
    /// The request is processed; the answer rests in the middle of its body, or never begins if it
    /// has none. The connection stays open until the client has enough of it.
    RestingBody {
        /// How many bytes of the body are sent first; always fewer than there are.
        after: usize,
    },
    /// The request is processed; the answer's body is sent in small pieces with pauses.
    SlowBody {
        /// How many bytes are sent at once; at least 1.
        piece: usize,
        /// Milliseconds between pieces.
        pause: u64,
    },
    /// The request is processed only after a while.
    Delay {
        /// Milliseconds.
        by: u64,
    },
    /// A query takes long by the org's clock, which is moved on by as much; nothing waits. From
    /// 120 seconds on it is ended with 400 `QUERY_TIMEOUT`.
    SlowQuery {
        /// How long it would take.
        seconds: u64,
    },
    /// The request is processed; its answer comes only after a while.
    Stall {
        /// Milliseconds.
        by: u64,
    },
    /// A record is not written, since somebody else holds a lock: `UNABLE_TO_LOCK_ROW`, with 400
    /// for a single record and in the result of a record among others.
    ///
    /// It strikes writes of records, whatever requests they come in: `skip`, `times` and
    /// `probability` are about these, and there is no `method` and no `path`.
    LockedRecords {
        /// Only writes of records of this object. Default: of any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        object: Option<String>,
        /// Only writes of these records, and of those that are made to refer to them. Default:
        /// of any.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ids: Vec<String>,
    },
    /// The work of a bulk job never ends: it stays `InProgress` until it is aborted.
    ///
    /// This one, and those below that are about bulk jobs, strike when the work of a job begins:
    /// `skip`, `times` and `probability` are about jobs, and there is no `method` and no `path`.
    /// In Bulk API 1.0 batches take the place of jobs.
    StuckJob {
        /// Only jobs with this object. Default: with any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        object: Option<String>,
    },
    /// A bulk job fails half-way. What was written before stays written.
    FailedJob {
        /// Only jobs with this object. Default: with any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        object: Option<String>,
        /// How many records are processed first. Default: 0.
        #[serde(default)]
        after: u64,
        /// The job's error. Default: `InternalServerError : The job failed`.
        #[serde(default = "job_failed")]
        message: String,
    },
    /// The records of a bulk job after so many are in batches beyond the daily allocation: they
    /// are not processed, and no result tells of them.
    OverAllocation {
        /// Only jobs with this object. Default: with any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        object: Option<String>,
        /// How many records are processed first. Default: 0.
        #[serde(default)]
        after: u64,
    },
    /// Cutting a query of Bulk API 1.0 into ranges of ids fails. The ranges that were cut before
    /// run all the same: what they find is not all.
    FailedChunking {
        /// Only jobs with this object. Default: with any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        object: Option<String>,
        /// How many ranges there are before. Default: 0.
        #[serde(default)]
        after: u64,
    },
    /// A page of a bulk query's result has fewer records than its headers tell, or a file about the
    /// rows of a job that writes fewer than the job tells. It is well formed and has its right
    /// length.
    ShortPage {
        /// How many records it has at most.
        records: usize,
    },
    /// The answer has a header with this value, or is without this header.
    Header {
        /// The header.
        #[serde(with = "text")]
        name: HeaderName,
        /// Its value; null takes the header away.
        #[serde(default, with = "text_of_option")]
        value: Option<HeaderValue>,
    },
}

impl Effect {
    /// Whether it answers the request itself, so that no other effect can.
    pub(crate) fn answers(&self) -> bool {
        matches!(
            self,
            Self::Error { .. } | Self::Html { .. } | Self::CutBefore {}
        ) || matches!(self, Self::SlowQuery { seconds } if *seconds >= MOST_SECONDS_OF_QUERY)
    }
}

impl From<Effect> for Fault {
    fn from(effect: Effect) -> Self {
        Self {
            method: None,
            path: None,
            skip: 0,
            times: once(),
            probability: certain(),
            effect,
        }
    }
}

impl Fault {
    /// What makes a fault senseless, if anything does.
    pub(super) fn flaw(&self) -> Option<&'static str> {
        if !(0.0..=1.0).contains(&self.probability) {
            Some("a fault's probability must be from 0 to 1")
        } else if self.times == Some(0) {
            Some("a fault's times must be at least 1, or null for always")
        } else if matches!(self.effect, Effect::SlowBody { piece: 0, .. }) {
            Some("a slow body's piece must be at least 1")
        } else if !self.is_about_requests() && (self.method.is_some() || self.path.is_some()) {
            Some("a fault about records or jobs has neither a method nor a path")
        } else if let Effect::LockedRecords { ids, .. } = &self.effect {
            if ids.iter().any(|id| id.parse::<RecordId>().is_err()) {
                Some("the id of a locked record is malformed")
            } else {
                None
            }
        } else {
            None
        }
    }

    /// The session of the request ends first.
    pub fn expired_session() -> Self {
        Effect::ExpiredSession {}.into()
    }

    /// The request is refused, in the form that its API gives to errors.
    pub fn error(status: StatusCode, code: impl Into<String>, message: impl Into<String>) -> Self {
        let (code, message) = (code.into(), message.into());
        Effect::Error {
            status,
            code,
            message,
            retry_after: None,
        }
        .into()
    }

    /// The request is refused, since a record is locked by somebody else: 400
    /// `UNABLE_TO_LOCK_ROW`. [`locked_records`](Self::locked_records) is about some of its records.
    pub fn locked_row() -> Self {
        let message = "unable to obtain exclusive access to this record";
        Self::error(StatusCode::BAD_REQUEST, "UNABLE_TO_LOCK_ROW", message)
    }

    /// The next write of one of these records, or of one that is made to refer to one of them,
    /// fails, since somebody else holds a lock: `UNABLE_TO_LOCK_ROW`. Records beside them, in the
    /// same request, are written.
    pub fn locked_records<I>(ids: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        Effect::LockedRecords {
            object: None,
            ids: ids.into_iter().map(Into::into).collect(),
        }
        .into()
    }

    /// The next write of a record of this object fails, since somebody else holds a lock.
    pub fn locked_object(object: impl Into<String>) -> Self {
        Effect::LockedRecords {
            object: Some(object.into()),
            ids: Vec::new(),
        }
        .into()
    }

    /// The work of the next bulk job, or batch of Bulk API 1.0, never ends.
    pub fn stuck_job() -> Self {
        Effect::StuckJob { object: None }.into()
    }

    /// The next bulk job fails when so many of its records are processed.
    pub fn failed_job(after: u64) -> Self {
        Effect::FailedJob {
            object: None,
            after,
            message: job_failed(),
        }
        .into()
    }

    /// The records of the next bulk job after so many are beyond the daily allocation, and in no
    /// result.
    pub fn over_allocation(after: u64) -> Self {
        Effect::OverAllocation {
            object: None,
            after,
        }
        .into()
    }

    /// Cutting the next query of Bulk API 1.0 into ranges of ids fails after so many of them.
    pub fn failed_chunking(after: u64) -> Self {
        Effect::FailedChunking {
            object: None,
            after,
        }
        .into()
    }

    /// The next page of a bulk query's result has at most so many records, and headers that tell
    /// of all that it should have. With another [`path`](Self::path), such as
    /// `*/successfulResults`, it is a file about the rows of a job that writes.
    pub fn short_page(records: usize) -> Self {
        Self::from(Effect::ShortPage { records }).path("/services/data/*/jobs/query/*/results")
    }

    /// Strikes only records, or bulk jobs, of this object; does nothing to other faults.
    #[must_use]
    pub fn object(mut self, name: impl Into<String>) -> Self {
        if let Effect::LockedRecords { object, .. }
        | Effect::StuckJob { object }
        | Effect::FailedJob { object, .. }
        | Effect::OverAllocation { object, .. }
        | Effect::FailedChunking { object, .. } = &mut self.effect
        {
            *object = Some(name.into());
        }
        self
    }

    /// The server is down for a moment: 503 `SERVER_UNAVAILABLE`.
    pub fn unavailable() -> Self {
        let message = "The server is temporarily unavailable";
        Self::error(
            StatusCode::SERVICE_UNAVAILABLE,
            "SERVER_UNAVAILABLE",
            message,
        )
    }

    /// The answer is a page of HTML with status 502.
    pub fn html() -> Self {
        Effect::Html {
            status: bad_gateway(),
        }
        .into()
    }

    /// The connection is closed before the request is processed.
    pub fn cut_before() -> Self {
        Effect::CutBefore {}.into()
    }

    /// The request is processed; the connection is closed instead of an answer.
    pub fn cut_after() -> Self {
        Effect::CutAfter {}.into()
    }

    /// A token is issued, or a refresh token rotated, and the answer that tells it is lost.
    pub fn lost_token() -> Self {
        Self::cut_after()
            .method(Method::POST)
            .path("/services/oauth2/token")
    }

    /// A refresh is refused because one with the same token is still under way, as real orgs do
    /// when refreshes overlap: 400 `invalid_grant`.
    pub fn refresh_under_way() -> Self {
        let message = "token request is already being processed";
        Self::error(StatusCode::BAD_REQUEST, "invalid_grant", message)
            .method(Method::POST)
            .path("/services/oauth2/token")
    }

    /// The connection is closed after so many bytes of the answer's body; `Content-Length`
    /// promises all of them.
    pub fn cut_body(after: usize) -> Self {
        Effect::CutBody {
            after,
            chunked: false,
        }
        .into()
    }

    /// The connection is closed in the middle of a body that is sent in chunks.
    pub fn cut_chunked_body(after: usize) -> Self {
        Effect::CutBody {
            after,
            chunked: true,
        }
        .into()
    }

    /// After so many bytes of the answer's body nothing comes any more, and the connection stays
    /// open until the client has enough of it.
    pub fn resting_body(after: usize) -> Self {
        Effect::RestingBody { after }.into()
    }

    /// The answer's body is sent in pieces of so many bytes with pauses (in whole milliseconds).
    pub fn slow_body(piece: usize, pause: Duration) -> Self {
        Effect::SlowBody {
            piece,
            pause: whole_millis(pause),
        }
        .into()
    }

    /// The request is processed only after a while (in whole milliseconds).
    pub fn delay(by: Duration) -> Self {
        Effect::Delay {
            by: whole_millis(by),
        }
        .into()
    }

    /// A query takes this long (in whole seconds) by the org's clock, and is ended with 400
    /// `QUERY_TIMEOUT` if that is two minutes or more.
    pub fn slow_query(takes: Duration) -> Self {
        let seconds = takes.as_secs();
        Self::from(Effect::SlowQuery { seconds }).path("/services/data/*/query*")
    }

    /// The request is processed; its answer comes only after a while (in whole milliseconds).
    pub fn stall(by: Duration) -> Self {
        Effect::Stall {
            by: whole_millis(by),
        }
        .into()
    }

    /// The answer has a header with this value, whatever it had.
    pub fn header(name: HeaderName, value: HeaderValue) -> Self {
        Effect::Header {
            name,
            value: Some(value),
        }
        .into()
    }

    /// The answer is without this header.
    pub fn no_header(name: HeaderName) -> Self {
        Effect::Header { name, value: None }.into()
    }

    /// Adds a `Retry-After` header of so many seconds to an error; does nothing to other faults.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        if let Effect::Error { retry_after, .. } = &mut self.effect {
            *retry_after = Some(seconds);
        }
        self
    }

    /// Strikes only requests with this method.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// Strikes only requests to this path and those below it; `*` stands for any characters.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Lets so many requests through first.
    #[must_use]
    pub fn skip(mut self, requests: u32) -> Self {
        self.skip = requests;
        self
    }

    /// Strikes so many requests.
    #[must_use]
    pub fn times(mut self, requests: u32) -> Self {
        self.times = Some(requests);
        self
    }

    /// Strikes every request.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    /// Strikes with this probability, from 0 to 1.
    #[must_use]
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    /// Whether requests suffer from it, and not records or jobs.
    fn is_about_requests(&self) -> bool {
        !matches!(self.effect, Effect::LockedRecords { .. }) && !self.effect.is_about_jobs()
    }

    /// Whether it is meant for a request, whatever was before.
    pub(crate) fn is_for(&self, method: &Method, path: &str) -> bool {
        if !self.is_about_requests() {
            return false;
        }
        self.method.as_ref().is_none_or(|wanted| wanted == method)
            && self
                .path
                .as_deref()
                .is_none_or(|pattern| matches(pattern, path))
    }
}

fn whole_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_rust_say_the_same() {
        let table = [
            (
                r#"{"effect":{"kind":"expired_session"}}"#,
                Fault::expired_session(),
            ),
            (
                r#"{"effect":{"kind":"cut_before"},"times":null}"#,
                Fault::cut_before().always(),
            ),
            (
                r#"{"path":"/services/oauth2/token","method":"post","effect":{"kind":"cut_after"}}"#,
                Fault::lost_token(),
            ),
            (r#"{"effect":{"kind":"html"}}"#, Fault::html()),
            (
                r#"{"path":"/services/data/*/query*","effect":{"kind":"slow_query","seconds":150}}"#,
                Fault::slow_query(Duration::from_secs(150)),
            ),
            (
                r#"{"skip":2,"times":3,"probability":0.5,"effect":{"kind":"cut_body","after":10}}"#,
                Fault::cut_body(10).skip(2).times(3).probability(0.5),
            ),
            (
                r#"{"effect":{"kind":"error","status":403,"code":"C","message":"m","retry_after":7}}"#,
                Fault::error(StatusCode::FORBIDDEN, "C", "m").retry_after(7),
            ),
            (
                r#"{"effect":{"kind":"slow_body","piece":1,"pause":2000}}"#,
                Fault::slow_body(1, Duration::from_secs(2)),
            ),
            (
                r#"{"effect":{"kind":"resting_body","after":7}}"#,
                Fault::resting_body(7),
            ),
            (
                r#"{"effect":{"kind":"delay","by":50}}"#,
                Fault::delay(Duration::from_millis(50)),
            ),
            (
                r#"{"effect":{"kind":"stall","by":50}}"#,
                Fault::stall(Duration::from_millis(50)),
            ),
            (
                r#"{"times":3,"effect":{"kind":"locked_records","ids":["001Lo0000000001"]}}"#,
                Fault::locked_records(["001Lo0000000001"]).times(3),
            ),
            (
                r#"{"effect":{"kind":"locked_records","object":"Account"}}"#,
                Fault::locked_object("Account"),
            ),
            (
                r#"{"effect":{"kind":"stuck_job","object":"Contact"}}"#,
                Fault::stuck_job().object("Contact"),
            ),
            (
                r#"{"effect":{"kind":"failed_job","after":7}}"#,
                Fault::failed_job(7),
            ),
            (
                r#"{"effect":{"kind":"over_allocation","after":7}}"#,
                Fault::over_allocation(7),
            ),
            (
                r#"{"effect":{"kind":"failed_chunking"}}"#,
                Fault::failed_chunking(0),
            ),
            (
                r#"{"path":"/services/data/*/jobs/query/*/results","effect":{"kind":"short_page","records":3}}"#,
                Fault::short_page(3),
            ),
            (
                r#"{"effect":{"kind":"header","name":"Sforce-Limit-Info"}}"#,
                Fault::no_header(HeaderName::from_static("sforce-limit-info")),
            ),
            (
                r#"{"effect":{"kind":"header","name":"a","value":"b"}}"#,
                Fault::header(HeaderName::from_static("a"), HeaderValue::from_static("b")),
            ),
        ];
        for (json, fault) in table {
            assert_eq!(
                serde_json::from_str::<Fault>(json).unwrap(),
                fault,
                "{json}"
            );
            let written = serde_json::to_string(&fault).unwrap();
            assert_eq!(
                serde_json::from_str::<Fault>(&written).unwrap(),
                fault,
                "{written}"
            );
        }
    }

    #[test]
    fn a_fault_about_records_is_not_about_requests() {
        let fault = Fault::locked_records(["001Lo0000000001"]);
        assert_eq!(fault.flaw(), None);
        assert!(!fault.is_for(&Method::GET, "/"));
        assert!(fault.clone().path("/a").flaw().is_some());
        assert!(fault.method(Method::GET).flaw().is_some());
        assert!(Fault::locked_records(["001"]).flaw().is_some());
    }

    #[test]
    fn json_with_mistakes_is_refused() {
        for json in [
            "{}",
            r#"{"effect":{"kind":"magic"}}"#,
            r#"{"effect":{"kind":"html","status":101}}"#,
            r#"{"effect":{"kind":"html","status":1000}}"#,
            r#"{"effect":{"kind":"html","status":502},"tmes":2}"#,
            r#"{"effect":{"kind":"header","name":"a b"}}"#,
            r#"{"effect":{"kind":"header","name":"a","value":"b\n"}}"#,
            r#"{"effect":{"kind":"cut_before"},"method":"G T"}"#,
        ] {
            assert!(serde_json::from_str::<Fault>(json).is_err(), "{json}");
        }
    }
}
