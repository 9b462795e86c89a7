use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue, USER_AGENT};
use tokio::sync::Semaphore;

use super::call::header;
use super::salesforce::Inner;
use super::{ApiVersion, OrgUrl, Salesforce};
use crate::auth::{AuthContext, Session, SlotKey};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::events::{Hub, Observer};
use crate::governor::Share;
use crate::pipeline::Pipeline;
use crate::retry::{Budget, RetryPolicy};
use crate::transport::HttpService;

const NAME: &str = concat!("ferroforce/", env!("CARGO_PKG_VERSION"));

/// Salesforce itself gives up on a request after ten minutes, on a query after
/// two.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(150);
#[cfg(feature = "reqwest")]
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const CONCURRENCY: usize = 100;
const MAX_RESPONSE_BYTES: usize = 256 * 1024 * 1024;

/// The settings of a [`Salesforce`] client. Every one has a default; the URL of
/// the org is the one that most clients set.
#[must_use = "a builder does nothing until it is built"]
pub struct SalesforceBuilder {
    session: Session,
    org_url: Option<String>,
    pin_org_url: bool,
    version: Result<ApiVersion>,
    retry: RetryPolicy,
    concurrency: usize,
    governor: Option<Share>,
    attempt_timeout: Duration,
    max_response_bytes: usize,
    headers: Vec<(String, String)>,
    observers: Vec<Arc<dyn Observer>>,
    transport: Option<Arc<dyn HttpService>>,
    #[cfg(feature = "reqwest")]
    network: Network,
    clock: Clock,
    random: fn() -> f64,
}

#[cfg(feature = "reqwest")]
#[derive(Default)]
struct Network {
    connect_timeout: Option<Duration>,
    proxy: Option<(String, Option<(String, crate::auth::Secret)>)>,
    roots: Vec<Vec<u8>>,
}

impl SalesforceBuilder {
    pub(super) fn new(session: Session) -> Self {
        Self {
            session,
            org_url: None,
            pin_org_url: false,
            version: Ok(ApiVersion::default()),
            retry: RetryPolicy::default(),
            concurrency: CONCURRENCY,
            governor: None,
            attempt_timeout: ATTEMPT_TIMEOUT,
            max_response_bytes: MAX_RESPONSE_BYTES,
            headers: Vec::new(),
            observers: Vec::new(),
            transport: None,
            #[cfg(feature = "reqwest")]
            network: Network::default(),
            clock: Clock::system(),
            random: fastrand::f64,
        }
    }

    /// The org's URL in any form that people have at hand: see [`OrgUrl`].
    /// Without it the sign-in decides which org this is. A token that turns out
    /// to be another org's is refused.
    pub fn org_url(mut self, url: impl Into<String>) -> Self {
        self.org_url = Some(url.into());
        self
    }

    /// Sends requests to the [`org_url`](Self::org_url) even where the token
    /// names another host: for a proxy that stands before the org. The token
    /// then goes to that proxy.
    pub fn pin_org_url(mut self) -> Self {
        self.pin_org_url = true;
        self
    }

    /// The API version: `66`, `66.0`, `v66` and `v66.0` are the same. Default
    /// 66.0.
    pub fn version<V>(mut self, version: V) -> Self
    where
        V: TryInto<ApiVersion>,
        V::Error: Into<Error>,
    {
        self.version = version.try_into().map_err(Into::into);
        self
    }

    /// When failed requests are repeated. Default: [`RetryPolicy::default`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// How many requests may be under way at once; more wait their turn.
    /// Default 100. Sign-in does not count.
    pub fn concurrency_limit(mut self, limit: usize) -> Self {
        self.concurrency = limit;
        self
    }

    /// The part of a [`Governor`](crate::governor::Governor) that this client's requests
    /// take from: a share, or all of it. It governs besides the
    /// [`concurrency_limit`](Self::concurrency_limit), which is this client's alone.
    /// Sign-in does not count.
    pub fn governor(mut self, share: impl Into<Share>) -> Self {
        self.governor = Some(share.into());
        self
    }

    /// How long one attempt may take, from sending to the last byte of the
    /// answer. Default 150 seconds: Salesforce lets a query run for 120.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// The largest answer that is read into memory. Default 256 MiB.
    pub fn max_response_bytes(mut self, limit: usize) -> Self {
        self.max_response_bytes = limit;
        self
    }

    /// A header of every request, sign-in included.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// An observer that is told of every event, for as long as the client lives.
    /// [`Salesforce::subscribe`] adds one later.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// A transport of your own instead of the built-in one.
    pub fn transport(mut self, transport: impl HttpService) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// How long making a connection may take. Default 10 seconds.
    #[cfg(feature = "reqwest")]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.network.connect_timeout = Some(timeout);
        self
    }

    /// A proxy for everything but loopback hosts, instead of the one that the
    /// environment names (`HTTPS_PROXY`, `NO_PROXY`).
    #[cfg(feature = "reqwest")]
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.network.proxy = Some((url.into(), None));
        self
    }

    /// A proxy that wants a name and a password.
    #[cfg(feature = "reqwest")]
    pub fn proxy_with_credentials(
        mut self,
        url: impl Into<String>,
        username: impl Into<String>,
        password: impl Into<crate::auth::Secret>,
    ) -> Self {
        self.network.proxy = Some((url.into(), Some((username.into(), password.into()))));
        self
    }

    /// Trusts the root certificates in this PEM text besides the system's.
    #[cfg(feature = "reqwest")]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.network.roots.push(pem.into());
        self
    }

    #[cfg(test)]
    pub(crate) fn clock(mut self, clock: Clock, random: fn() -> f64) -> Self {
        self.clock = clock;
        self.random = random;
        self
    }

    /// Checks the settings and makes the client. Nothing is sent yet.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a URL,
    /// version, header, proxy or certificate that cannot be used, a limit of 0,
    /// or a missing transport (feature `reqwest` off and none given).
    pub fn build(self) -> Result<Salesforce> {
        self.parts().map(Salesforce::from_inner)
    }

    /// Checks the settings and makes what a sign-in without a client uses.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub fn auth_context(self) -> Result<AuthContext> {
        let parts = self.parts()?;
        Ok(parts.context.with_observers(parts.observers))
    }

    fn parts(mut self) -> Result<Inner> {
        let version = self.version.clone()?;
        let org_url = self
            .org_url
            .as_deref()
            .map(str::parse::<OrgUrl>)
            .transpose()?;
        if self.concurrency == 0 || self.concurrency > Semaphore::MAX_PERMITS {
            return Err(Error::invalid_input(
                "the concurrency limit must be at least 1",
            ));
        }
        let key = match (&org_url, self.pin_org_url) {
            (None, true) => {
                return Err(Error::invalid_input("to pin the org URL, give one"));
            }
            (None, false) => SlotKey::Any,
            (Some(url), false) => SlotKey::Origin(url.origin().to_owned()),
            (Some(url), true) => SlotKey::Pinned(url.origin().to_owned()),
        };
        let headers = self.default_headers()?;
        let transport = self.take_transport()?;
        let hub = Arc::new(Hub::default());
        let observers = std::mem::take(&mut self.observers)
            .into_iter()
            .map(|observer| hub.subscribe(observer))
            .collect();
        let pipeline = Arc::new(Pipeline {
            transport,
            retry: self.retry,
            budget: Budget::default(),
            hub,
            permits: Semaphore::new(self.concurrency),
            governor: self.governor,
            clock: self.clock,
            random: self.random,
            attempt_timeout: self.attempt_timeout,
            max_response_bytes: self.max_response_bytes,
            headers,
            usage: Mutex::default(),
        });
        Ok(Inner {
            slot: self.session.slot(&key),
            context: AuthContext::of_client(Arc::clone(&pipeline), org_url, version),
            pipeline,
            version,
            session: self.session,
            observers,
        })
    }

    fn default_headers(&self) -> Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_static(NAME));
        headers.insert(
            HeaderName::from_static("sforce-call-options"),
            HeaderValue::from_static(concat!("client=ferroforce/", env!("CARGO_PKG_VERSION"))),
        );
        for (name, value) in &self.headers {
            let (name, value) = header(name, value)?;
            headers.insert(name, value);
        }
        Ok(headers)
    }

    #[cfg(feature = "reqwest")]
    fn take_transport(&mut self) -> Result<Arc<dyn HttpService>> {
        let network_is_set = self.network.proxy.is_some()
            || self.network.connect_timeout.is_some()
            || !self.network.roots.is_empty();
        if let Some(transport) = self.transport.take() {
            if network_is_set {
                return Err(Error::invalid_input(
                    "proxy, root certificates and connect timeout are settings of the built-in \
                     transport, and another one was given: set them there",
                ));
            }
            return Ok(transport);
        }
        let network = std::mem::take(&mut self.network);
        let options = crate::transport::Options {
            connect_timeout: Some(network.connect_timeout.unwrap_or(CONNECT_TIMEOUT)),
            proxy: network.proxy.map(proxy).transpose()?,
            roots: network
                .roots
                .iter()
                .map(|pem| certificates(pem))
                .collect::<Result<Vec<_>>>()?
                .concat(),
        };
        Ok(Arc::new(crate::transport::ReqwestService::new(options)))
    }

    #[cfg(not(feature = "reqwest"))]
    fn take_transport(&mut self) -> Result<Arc<dyn HttpService>> {
        self.transport.take().ok_or_else(|| {
            Error::invalid_input(
                "there is no transport: enable ferroforce's feature `reqwest`, or give one with \
                 `transport`",
            )
        })
    }
}

#[cfg(feature = "reqwest")]
fn proxy(
    (url, credentials): (String, Option<(String, crate::auth::Secret)>),
) -> Result<reqwest::Proxy> {
    let proxy = reqwest::Proxy::all(url)
        // reqwest's words repeat the address, which may hold a password.
        .map_err(|_| {
            Error::invalid_input("the proxy is no URL like http://proxy.example.com:8080")
        })?
        .no_proxy(reqwest::NoProxy::from_env());
    Ok(match credentials {
        Some((username, password)) => proxy.basic_auth(&username, password.expose()),
        None => proxy,
    })
}

#[cfg(feature = "reqwest")]
fn certificates(pem: &[u8]) -> Result<Vec<reqwest::Certificate>> {
    let unusable = |error| {
        Error::invalid_input("the root certificates are no certificates in PEM").with_source(error)
    };
    let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(unusable)?;
    // What is in the PEM is looked at only where it is put to use.
    reqwest::Client::builder()
        .tls_certs_only(certificates.clone())
        .build()
        .map_err(unusable)?;
    if certificates.is_empty() {
        return Err(Error::invalid_input(
            "there is no certificate in what was given as root certificates",
        ));
    }
    Ok(certificates)
}

impl fmt::Debug for SalesforceBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SalesforceBuilder")
            .field("session", &self.session)
            .field("org_url", &self.org_url)
            .field("retry", &self.retry)
            .field("concurrency", &self.concurrency)
            .field("timeout", &self.attempt_timeout)
            .finish_non_exhaustive()
    }
}
