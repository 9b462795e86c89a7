use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, StatusCode};

use super::Buffers;
use super::pulse::Pulse;
use crate::auth::AccessToken;
use crate::client::ApiVersion;
use crate::error::{ApiError, Error, ErrorKind, Result};
use crate::events::{Hub, RequestInfo};
use crate::governor::Wish;
use crate::limits::ApiUsage;
use crate::op::{IDEMPOTENCY_KEY, Op, Path, Repeatability, Response};
use crate::retry::RetryPolicy;
use crate::transport::Body;

/// A request of the API before it has an org's address and a token: both are
/// put in for each attempt.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) path: Path,
    pub(crate) path_and_query: PathAndQuery,
    pub(crate) headers: HeaderMap,
    pub(crate) body: OutgoingBody,
    pub(crate) repeatability: Repeatability,
    pub(crate) accepts: &'static [StatusCode],
    pub(crate) undone: fn(&Response) -> Vec<ApiError>,
    pub(crate) api_calls: u32,
    pub(crate) usage: fn(&Response) -> Option<ApiUsage>,
    pub(crate) has_parts: bool,
    /// The answer's body is handed over unread.
    pub(crate) opens: bool,
    pub(crate) settings: CallSettings,
}

/// What one call sets otherwise than its client.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallSettings {
    pub(crate) timeout: Option<Duration>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) headers: HeaderMap,
    pub(crate) bulk_batches: Option<u64>,
    /// It may take longer than Salesforce calls short.
    pub(crate) long: bool,
    /// Memory for the answer.
    pub(crate) buffers: Buffers,
}

/// Bytes can be sent again, and so can a body that is made anew; a stream cannot.
pub(crate) enum OutgoingBody {
    Bytes(Bytes),
    Once(Mutex<Option<Body>>),
    Made(Box<dyn Fn() -> Body + Send + Sync>),
}

impl OutgoingBody {
    fn take(&self) -> Result<Body> {
        match self {
            Self::Bytes(bytes) => Ok(Body::from(bytes.clone())),
            Self::Once(body) => body
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take()
                .ok_or_else(|| Error::invalid_input("a streamed body can be sent only once")),
            Self::Made(make) => Ok(make()),
        }
    }

    fn is_replayable(&self) -> bool {
        matches!(self, Self::Bytes(_) | Self::Made(_))
    }

    fn is_streamed(&self) -> bool {
        matches!(self, Self::Once(_) | Self::Made(_))
    }
}

impl fmt::Debug for OutgoingBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Once(_) => f.write_str("stream"),
            Self::Made(_) => f.write_str("made anew"),
        }
    }
}

impl From<Body> for OutgoingBody {
    fn from(body: Body) -> Self {
        match body.as_bytes() {
            Some(bytes) => Self::Bytes(bytes.clone()),
            None => Self::Once(Mutex::new(Some(body))),
        }
    }
}

/// What the run of a request needs to know of it.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) info: Arc<RequestInfo>,
    pub(crate) repeatability: Repeatability,
    pub(crate) replayable: bool,
    /// Whether it goes under a key, by which Salesforce knows it again.
    pub(crate) keyed: bool,
    /// How many calls of the org's quota an answered attempt costs.
    pub(crate) api_calls: u32,
    /// Whether errors of parts of the answer are to tell of this call.
    pub(crate) has_parts: bool,
    pub(crate) opens: bool,
    /// Moves on as a streamed body is sent.
    pub(crate) pulse: Option<Pulse>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) buffers: Buffers,
}

impl Outgoing {
    /// # Errors
    /// A path that no address can carry.
    pub(crate) fn from_op<R>(
        op: Op<R>,
        version: ApiVersion,
        settings: CallSettings,
    ) -> Result<Self> {
        let body = OutgoingBody::Bytes(op.body.unwrap_or_default());
        let mut headers = op.headers;
        for (name, value) in &settings.headers {
            headers.insert(name, value.clone());
        }
        Ok(Self {
            path_and_query: path_and_query(&op.path, &op.query, version)?,
            method: op.method,
            path: op.path,
            headers,
            body,
            repeatability: op.repeatability,
            accepts: op.accepts,
            undone: op.undone,
            api_calls: op.api_calls,
            usage: op.usage,
            has_parts: op.has_parts,
            opens: false,
            settings,
        })
    }

    /// With statuses beyond the 2xx that the caller reads itself, in the place of the
    /// operation's.
    pub(crate) fn accepting(self, accepts: &'static [StatusCode]) -> Self {
        Self { accepts, ..self }
    }

    /// With a body that is no part of the operation.
    pub(crate) fn with_body(self, body: OutgoingBody) -> Self {
        Self { body, ..self }
    }

    /// To hand over the answer's body unread.
    pub(crate) fn opening(self) -> Self {
        Self {
            opens: true,
            ..self
        }
    }

    pub(super) fn facts(&self) -> Facts {
        Facts {
            info: Arc::new(RequestInfo {
                id: Hub::next_request_id(),
                method: self.method.clone(),
                path_template: self.path.template_cow(),
                sign_in: false,
            }),
            repeatability: self.repeatability,
            replayable: self.body.is_replayable(),
            keyed: self.key().is_some(),
            api_calls: self.api_calls,
            has_parts: self.has_parts,
            opens: self.opens,
            pulse: self.body.is_streamed().then(Pulse::default),
            timeout: self.settings.timeout,
            retry: self.settings.retry.clone(),
            buffers: self.settings.buffers.clone(),
        }
    }

    /// The key by which Salesforce knows it again.
    fn key(&self) -> Option<&HeaderValue> {
        match self.repeatability {
            Repeatability::Idempotent => self.headers.get(&IDEMPOTENCY_KEY),
            Repeatability::Once => None,
        }
    }

    /// Says of an error what only the request tells.
    pub(super) fn explain(&self, error: Error) -> Error {
        match self.key().map(HeaderValue::to_str) {
            Some(Ok(key)) if error.status() == Some(StatusCode::CONFLICT) => {
                error.with_hint(&format!(
                    "An earlier request under the idempotency key {key} is still under way: ask \
                     again later, under the same key"
                ))
            }
            _ => error,
        }
    }

    pub(super) fn accepts(&self) -> &'static [StatusCode] {
        self.accepts
    }

    /// What it takes of what a governor gives out.
    pub(super) fn wish(&self) -> Wish {
        Wish {
            long: self.settings.long,
            calls: self.api_calls,
        }
    }

    pub(super) fn bulk_batches(&self) -> Option<u64> {
        self.settings.bulk_batches
    }

    /// The request for one attempt: the token decides the host.
    pub(super) fn request(
        &self,
        token: &AccessToken,
        defaults: &HeaderMap,
        pulse: Option<&Pulse>,
    ) -> Result<http::Request<Body>> {
        let body = self.body.take()?;
        let body = match pulse {
            Some(pulse) => pulse.watch(body),
            None => body,
        };
        let mut request = http::Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = token
            .address(self.path_and_query.clone())
            .map_err(|error| {
                Error::invalid_input("the path makes no valid address").with_source(error)
            })?;
        let headers = request.headers_mut();
        // Room for all, and for those that the transport adds: a map that grows is
        // copied, and large pieces of memory are what threads wait for.
        *headers = HeaderMap::with_capacity(defaults.len() + self.headers.len() + 3);
        for (name, value) in defaults.iter().chain(&self.headers) {
            headers.insert(name, value.clone());
        }
        if self.path.as_str().starts_with(BULK_1) {
            headers.insert(&SESSION, token.session());
        } else {
            headers.insert(AUTHORIZATION, token.bearer());
        }
        check_length(&request)?;
        Ok(request)
    }
}

/// Bulk API 1.0 takes the token in a header of its own.
const BULK_1: &str = "/services/async/";
static SESSION: HeaderName = HeaderName::from_static("x-sfdc-session");

/// Salesforce takes so many bytes for an address and the headers together.
const LONGEST: usize = 16_384;

/// About what the transport adds: a line, the host, what compressions it knows.
const ADDED: usize = 128;

/// Only a long address makes a request too long, so only that is looked at.
const WORTH_COUNTING: usize = 4096;

fn check_length(request: &http::Request<Body>) -> Result<()> {
    let address = request.uri().path().len() + request.uri().query().map_or(0, str::len);
    if address < WORTH_COUNTING {
        return Ok(());
    }
    let headers: usize = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    let length = address + headers + ADDED;
    if length <= LONGEST {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::RequestTooLong,
        format!(
            "the address and the headers have about {length} bytes, and Salesforce takes \
             {LONGEST}; with fewer values at a time it would fit"
        ),
    ))
}

fn path_and_query(
    path: &Path,
    query: &[(String, String)],
    version: ApiVersion,
) -> Result<PathAndQuery> {
    PathAndQuery::from_maybe_shared(Bytes::from(address(path, query, version)))
        .map_err(|error| Error::invalid_input("the path makes no valid address").with_source(error))
}

/// The address below the host.
pub(crate) fn address(path: &Path, query: &[(String, String)], version: ApiVersion) -> String {
    let below = path.as_str();
    let mut text = String::with_capacity(below.len() + 32);
    if !path.is_absolute() {
        text.push_str("/services/data/v");
        text.push_str(&version.number().to_string());
        text.push_str(".0");
        if !below.starts_with('/') {
            text.push('/');
        }
    }
    text.push_str(below);
    if !query.is_empty() {
        text.push(if text.contains('?') { '&' } else { '?' });
        let encoded = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(query)
            .finish();
        text.push_str(&encoded);
    }
    text
}
