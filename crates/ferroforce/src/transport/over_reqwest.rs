//! The default transport.

use std::cell::RefCell;
use std::error::Error as StdError;
use std::fmt;
use std::future::ready;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, TryStreamExt};
use http::header::CONTENT_LENGTH;
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderValue};
use reqwest::{Client, ClientBuilder, Url};

use super::{Body, BoxFuture, HttpService, TransportError, TransportErrorKind};
use crate::auth::is_loopback_host;

/// What a client's builder can set of its network.
#[derive(Clone, Default)]
pub(crate) struct Options {
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) proxy: Option<reqwest::Proxy>,
    pub(crate) roots: Vec<reqwest::Certificate>,
}

/// reqwest, with redirects off. The TLS side is set up by the first https
/// request, so that loopback http works on a machine without root certificates.
pub(crate) struct ReqwestService {
    options: Options,
    loopback: OnceLock<Result<Client, TransportError>>,
    tls: OnceLock<Result<Client, TransportError>>,
}

impl ReqwestService {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            options,
            loopback: OnceLock::new(),
            tls: OnceLock::new(),
        }
    }

    fn client(&self, uri: &http::Uri) -> Result<&Client, TransportError> {
        let plain_loopback =
            uri.scheme_str() == Some("http") && uri.host().is_some_and(is_loopback_host);
        let client = if plain_loopback {
            self.loopback
                .get_or_init(|| build(self.builder().no_proxy().tls_certs_only([])))
        } else {
            self.tls.get_or_init(|| self.tls_client())
        };
        client.as_ref().map_err(Clone::clone)
    }

    fn builder(&self) -> ClientBuilder {
        let mut builder = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            // Repeats are the pipeline's business alone.
            .retry(reqwest::retry::never())
            .tcp_nodelay(true);
        if let Some(timeout) = self.options.connect_timeout {
            builder = builder.connect_timeout(timeout);
        }
        builder
    }

    fn tls_client(&self) -> Result<Client, TransportError> {
        let configured = || {
            let mut builder = self.builder();
            if let Some(proxy) = self.options.proxy.clone() {
                builder = builder.proxy(proxy);
            }
            builder
        };
        let with_system_roots = configured().tls_certs_merge(self.options.roots.clone());
        build(with_system_roots).or_else(|error| self.without_system_roots(configured(), error))
    }

    #[cfg(feature = "webpki-roots")]
    fn without_system_roots(
        &self,
        builder: ClientBuilder,
        _: TransportError,
    ) -> Result<Client, TransportError> {
        let bundled = webpki_root_certs::TLS_SERVER_ROOT_CERTS
            .iter()
            .filter_map(|der| reqwest::Certificate::from_der(der).ok());
        build(builder.tls_certs_only(bundled.chain(self.options.roots.clone())))
    }

    #[cfg(not(feature = "webpki-roots"))]
    fn without_system_roots(
        &self,
        builder: ClientBuilder,
        error: TransportError,
    ) -> Result<Client, TransportError> {
        if !self.options.roots.is_empty() {
            return build(builder.tls_certs_only(self.options.roots.clone()));
        }
        Err(TransportError::new(
            TransportErrorKind::Unsendable,
            "this machine has no root certificates to check an https host with: install its \
             ca-certificates package, give the client root certificates, or enable ferroforce's \
             feature `webpki-roots`",
        )
        .with_source(error))
    }
}

fn build(builder: ClientBuilder) -> Result<Client, TransportError> {
    builder.build().map_err(|error| {
        TransportError::new(
            TransportErrorKind::Unsendable,
            format!("the HTTP client cannot be set up: {}", cause(&error)),
        )
        .with_source(error)
    })
}

impl HttpService for ReqwestService {
    fn call(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        let sent = self
            .client(request.uri())
            .and_then(|client| Ok((client, url(request.uri())?)));
        match sent {
            Ok((client, url)) => send(client, url, request),
            Err(error) => Box::pin(ready(Err(error))),
        }
    }
}

/// A body of at most so many bytes mostly comes together with its headers.
const READ_AT_ONCE: u64 = 8192;

/// Boxed as it is: an `async` block around it would hold reqwest's large future
/// twice.
fn send(
    client: &Client,
    url: Url,
    request: http::Request<Body>,
) -> BoxFuture<'static, Result<http::Response<Body>, TransportError>> {
    Box::pin(client.execute(into_reqwest(request, url)).map(answer))
}

fn answer(
    response: reqwest::Result<reqwest::Response>,
) -> Result<http::Response<Body>, TransportError> {
    let mut response = response.map_err(classify)?;
    let mut answer = http::Response::new(Body::empty());
    *answer.status_mut() = response.status();
    *answer.headers_mut() = std::mem::take(response.headers_mut());
    // None of a compressed body, whose stated length is another.
    let length = response.content_length();
    if length.is_none_or(|length| length > READ_AT_ONCE) {
        detach(answer.headers_mut());
    }
    let body = Body::stream(response.bytes_stream().map_err(classify));
    *answer.body_mut() = match length {
        Some(length) => body.with_length(length),
        None => body,
    };
    Ok(answer)
}

/// Gives headers memory of their own. Theirs is that into which the connection reads,
/// which it can't use again for the body as long as they are there.
fn detach(headers: &mut HeaderMap) {
    for value in headers.values_mut() {
        // What came as a value is one.
        if let Ok(own) = HeaderValue::from_bytes(value.as_bytes()) {
            *value = own;
        }
    }
}

fn into_reqwest(request: http::Request<Body>, url: Url) -> reqwest::Request {
    let (parts, body) = request.into_parts();
    let mut request = reqwest::Request::new(parts.method, url);
    *request.headers_mut() = parts.headers;
    if let (None, Some(length)) = (body.as_bytes(), body.length()) {
        request.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    *request.body_mut() = Some(match body.as_bytes() {
        Some(bytes) => Bytes::clone(bytes).into(),
        None => reqwest::Body::wrap_stream(body),
    });
    request
}

/// The host of a thread's last request, parsed. A client mostly talks to one, and
/// parsing it is a good part of what a small request costs.
struct Host {
    scheme: Option<Scheme>,
    authority: Option<Authority>,
    url: Url,
}

thread_local! {
    // Threads that share it would wait for each other at every request.
    static LAST_HOST: RefCell<Option<Host>> = const { RefCell::new(None) };
}

fn url(uri: &http::Uri) -> Result<Url, TransportError> {
    LAST_HOST.with_borrow_mut(|last| {
        if let Some(host) = last
            && host.scheme.as_ref() == uri.scheme()
            && host.authority.as_ref() == uri.authority()
        {
            let mut url = host.url.clone();
            url.set_path(uri.path());
            url.set_query(uri.query());
            return Ok(url);
        }
        let url = parse(uri)?;
        *last = Some(Host {
            scheme: uri.scheme().cloned(),
            authority: uri.authority().cloned(),
            url: url.clone(),
        });
        Ok(url)
    })
}

fn parse(uri: &http::Uri) -> Result<Url, TransportError> {
    Url::parse(&uri.to_string()).map_err(|error| {
        TransportError::new(
            TransportErrorKind::Unsendable,
            format!("the request cannot be sent: {error}"),
        )
        .with_source(error)
    })
}

fn classify(error: reqwest::Error) -> TransportError {
    // A body that was to be sent says itself why it broke off.
    if let Some(own) = TransportError::behind(&error) {
        return own;
    }
    let (kind, what) = if error.is_connect() {
        (TransportErrorKind::Connect, "no connection")
    } else if error.is_builder() {
        (TransportErrorKind::Unsendable, "the request cannot be sent")
    } else if error.is_timeout() {
        (TransportErrorKind::Timeout, "the time limit passed")
    } else if error.is_body() || error.is_decode() {
        (
            TransportErrorKind::Interrupted,
            "the body ended before its end",
        )
    } else {
        (TransportErrorKind::Interrupted, "the connection broke")
    };
    // The URL may hold a query and ids.
    let error = error.without_url();
    TransportError::new(kind, format!("{what}: {}", cause(&error))).with_source(error)
}

/// The innermost cause, which is the one that says something.
fn cause(error: &dyn StdError) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

impl fmt::Debug for ReqwestService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A proxy's address may hold its password.
        f.debug_struct("ReqwestService").finish_non_exhaustive()
    }
}

/// A transport made of a `reqwest::Client` that you configured.
///
/// This module names reqwest's own types, so it follows reqwest's versions and
/// not this crate's semver.
#[cfg(feature = "reqwest_0_13")]
pub mod reqwest_0_13 {
    use super::{Body, BoxFuture, Client, HttpService, TransportError, ready, send, url};

    /// Sends requests by a `reqwest::Client` of your own.
    ///
    /// Build it with `redirect(Policy::none())` and `retry(never())`: redirects
    /// and repeats are decided by the client of the org.
    #[derive(Debug, Clone)]
    pub struct Adapter(Client);

    impl From<Client> for Adapter {
        fn from(client: Client) -> Self {
            Self(client)
        }
    }

    impl HttpService for Adapter {
        fn call(
            &self,
            request: http::Request<Body>,
        ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
            match url(request.uri()) {
                Ok(url) => send(&self.0, url, request),
                Err(error) => Box::pin(ready(Err(error))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_host_gives_the_address_that_parsing_gives() {
        for uri in [
            "https://acme.my.salesforce.com/services/data/v66.0/query?q=SELECT+Id",
            "https://acme.my.salesforce.com/services/data",
            "https://acme.my.salesforce.com",
            "https://acme.my.salesforce.com?a=b",
            "https://acme.my.salesforce.com/a%2Fb/%3F/c%20d/..e/~?x=%26&y=/?",
            "https://acme.my.salesforce.com/a/../b/%2e%2E/c//d/./e",
            "https://ACME.my.salesforce.com:443/x",
            "https://umbrella.my.salesforce.com/x?y",
            "http://umbrella.my.salesforce.com/x?y",
            "http://umbrella.my.salesforce.com:8080/x?y",
            "http://127.0.0.1:8080/x",
            "http://[::1]:8080/x?",
            "http://[::1]:8080/y",
        ] {
            let parsed = Url::parse(uri).unwrap();
            let uri: http::Uri = uri.parse().unwrap();
            for _ in 0..2 {
                assert_eq!(url(&uri).unwrap(), parsed);
            }
        }
    }
}
