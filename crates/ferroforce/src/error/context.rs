use std::time::Duration;

use http::Method;

/// Which request an [`Error`](crate::Error) is about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallContext {
    /// The HTTP method.
    pub method: Method,
    /// The path with placeholders for ids and values, so that it holds no data:
    /// `/sobjects/{sobject}/{id}`.
    pub path_template: String,
    /// How often the request was sent, or tried to be.
    pub attempts: u32,
    /// The time from the start of the call to this error.
    pub elapsed: Duration,
    /// Salesforce's own id of the last answer (`X-Request-Id`), for its support.
    pub request_id: Option<String>,
}
