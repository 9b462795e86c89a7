//! The wire between all workers and the org, watched.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ferroforce::events::Event;
use ferroforce::transport::reqwest_0_13::Adapter;
use ferroforce::transport::{Body, BoxFuture, HttpService, TransportError};
use http::StatusCode;

#[derive(Debug, Clone)]
pub(crate) struct Wire {
    to: Adapter,
    seen: Arc<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    all: UnderWay,
    long: UnderWay,
    limits_reached: AtomicUsize,
}

#[derive(Debug, Default)]
struct UnderWay {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl UnderWay {
    fn begin(&self) -> Passage<'_> {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        Passage(self)
    }
}

struct Passage<'a>(&'a UnderWay);

impl Drop for Passage<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Default for Wire {
    fn default() -> Self {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .tls_certs_only([])
            .build()
            .unwrap();
        Self {
            to: client.into(),
            seen: Arc::default(),
        }
    }
}

impl Wire {
    /// Counts the calls that the org turned down for a limit.
    pub(crate) fn observer(&self) -> impl Fn(&Event) + Send + Sync + 'static {
        let seen = Arc::clone(&self.seen);
        move |event| {
            if let Event::ApiCall(call) = event
                && call.status == StatusCode::FORBIDDEN
            {
                seen.limits_reached.fetch_add(1, Ordering::SeqCst);
            }
        }
    }

    pub(crate) fn limits_reached(&self) -> usize {
        self.seen.limits_reached.load(Ordering::SeqCst)
    }

    /// How many calls were under way at once, at the most.
    pub(crate) fn most(&self) -> usize {
        self.seen.all.most.load(Ordering::SeqCst)
    }

    /// How many of those that take long.
    pub(crate) fn most_long(&self) -> usize {
        self.seen.long.most.load(Ordering::SeqCst)
    }
}

impl HttpService for Wire {
    fn call(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        let path = request.uri().path();
        let is_call = path.starts_with("/services/data/");
        let is_long = path.ends_with("/queryAll");
        Box::pin(async move {
            let _all = is_call.then(|| self.seen.all.begin());
            let _long = is_long.then(|| self.seen.long.begin());
            self.to.call(request).await
        })
    }
}
