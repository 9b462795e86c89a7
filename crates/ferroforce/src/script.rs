//! A transport that plays what a test wrote down.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Method, StatusCode};

use crate::auth::{AccessToken, Auth, AuthContext, AuthError, Session};
use crate::client::{Salesforce, SalesforceBuilder};
use crate::clock::Clock;
use crate::transport::{Body, BoxFuture, HttpService, TransportError, TransportErrorKind};

pub(crate) const ORG: &str = "https://acme.my.salesforce.com";

/// What a request gets.
#[derive(Clone)]
pub(crate) enum Reply {
    Answer(StatusCode, Vec<(&'static str, String)>, Bytes),
    Fail(TransportErrorKind),
    /// The body breaks off.
    Cut(StatusCode, Bytes),
    /// A body that rests after its beginning, for good.
    Rests(StatusCode, Bytes),
    /// A body without an end, in pieces of 64 KiB.
    Endless(StatusCode),
    /// Of an answer, so many bytes of its body, and then this.
    Begins(Box<Self>, usize, Then),
    Never,
    After(Duration, Box<Self>),
}

/// What becomes of a body that has begun.
#[derive(Clone, Copy)]
pub(crate) enum Then {
    Breaks,
    Rests,
    /// As if that were all.
    Ends,
}

impl Reply {
    pub(crate) fn begins(self, bytes: usize, then: Then) -> Self {
        Self::Begins(Box::new(self), bytes, then)
    }

    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::Answer(
            StatusCode::from_u16(status).unwrap(),
            vec![("content-type", "application/json;charset=UTF-8".into())],
            Bytes::copy_from_slice(body.as_bytes()),
        )
    }

    pub(crate) fn html(status: u16) -> Self {
        Self::Answer(
            StatusCode::from_u16(status).unwrap(),
            vec![("content-type", "text/html".into())],
            Bytes::from_static(b"<html><body>Down for maintenance</body></html>"),
        )
    }

    pub(crate) fn expired() -> Self {
        Self::json(
            401,
            r#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#,
        )
    }

    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        let body = serde_json::json!([{"errorCode": code, "message": message}]);
        Self::json(status, &body.to_string())
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Answer(_, headers, _) = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }

    async fn play(self) -> Result<http::Response<Body>, TransportError> {
        let mut reply = self;
        let mut part = None;
        loop {
            match reply {
                Self::Begins(whole, bytes, then) => {
                    part = Some((bytes, then));
                    reply = *whole;
                }
                Self::After(wait, then) => {
                    tokio::time::sleep(wait).await;
                    reply = *then;
                }
                Self::Never => std::future::pending::<()>().await,
                Self::Fail(kind) => return Err(TransportError::new(kind, "scripted failure")),
                Self::Answer(status, headers, body) => {
                    let mut answer = http::Response::new(match part {
                        Some((bytes, then)) => begun(body.slice(..bytes), then),
                        None => Body::from(body),
                    });
                    *answer.status_mut() = status;
                    for (name, value) in headers {
                        answer.headers_mut().append(name, value.parse().unwrap());
                    }
                    return Ok(answer);
                }
                Self::Cut(status, begin) => {
                    let broken = TransportError::new(TransportErrorKind::Interrupted, "cut");
                    let chunks = stream::iter([Ok(begin), Err(broken)]);
                    return Ok(answer(status, Body::stream(chunks)));
                }
                Self::Rests(status, begin) => {
                    let chunks = stream::iter([Ok(begin)]).chain(stream::pending());
                    return Ok(answer(status, Body::stream(chunks)));
                }
                Self::Endless(status) => {
                    let piece = Bytes::from(vec![b'x'; 64 * 1024]);
                    let chunks = stream::repeat_with(move || Ok(piece.clone()));
                    return Ok(answer(status, Body::stream(chunks)));
                }
            }
        }
    }
}

fn begun(begin: Bytes, then: Then) -> Body {
    let begin = stream::iter([Ok(begin)]);
    let broken = TransportError::new(TransportErrorKind::Interrupted, "cut");
    match then {
        Then::Breaks => Body::stream(begin.chain(stream::iter([Err(broken)]))),
        Then::Rests => Body::stream(begin.chain(stream::pending())),
        Then::Ends => Body::stream(begin),
    }
}

fn answer(status: StatusCode, body: Body) -> http::Response<Body> {
    let mut answer = http::Response::new(body);
    *answer.status_mut() = status;
    answer
}

/// A request as it was sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) method: Method,
    pub(crate) uri: http::Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Sent {
    pub(crate) fn token(&self) -> Option<&str> {
        self.headers
            .get("authorization")?
            .to_str()
            .ok()?
            .strip_prefix("Bearer ")
    }
}

type Player = dyn Fn(&Sent, usize) -> Reply + Send + Sync;

/// Answers each request by a function of it and of its number, from 0.
#[derive(Clone)]
pub(crate) struct Script {
    player: Arc<Player>,
    sent: Arc<Mutex<Vec<Sent>>>,
    under_way: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Script {
    pub(crate) fn new(player: impl Fn(&Sent, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self {
            player: Arc::new(player),
            sent: Arc::default(),
            under_way: Arc::default(),
            most: Arc::default(),
        }
    }

    /// These replies in this order; the last one again and again.
    pub(crate) fn replies(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies: Vec<_> = replies.into_iter().collect();
        Self::new(move |_, number| replies[number.min(replies.len() - 1)].clone())
    }

    /// What it answers, for a script that answers some requests otherwise.
    pub(crate) fn answer(&self, sent: &Sent) -> Reply {
        (self.player)(sent, self.count())
    }

    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.sent.lock().unwrap().len()
    }

    /// Forgets what was sent so far.
    #[cfg(feature = "redis")]
    pub(crate) fn begin_anew(&self) {
        self.sent.lock().unwrap().clear();
        self.most.store(0, Ordering::SeqCst);
    }

    /// How many requests were under way at once, at the most.
    pub(crate) fn most_at_once(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

struct UnderWay(Arc<AtomicUsize>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl HttpService for Script {
    fn call(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        Box::pin(async move {
            let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            let _guard = UnderWay(Arc::clone(&self.under_way));
            let (parts, body) = request.into_parts();
            let sent = Sent {
                method: parts.method,
                uri: parts.uri,
                headers: parts.headers,
                body: body.collect(usize::MAX).await?,
            };
            let number = {
                let mut all = self.sent.lock().unwrap();
                all.push(sent.clone());
                all.len() - 1
            };
            (self.player)(&sent, number).play().await
        })
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Script")
    }
}

type Signer = dyn Fn(usize) -> Result<AccessToken, AuthError> + Send + Sync;

/// A flow that needs no network: sign-in number n (from 1) gives what the
/// function says.
#[derive(Clone)]
pub(crate) struct Counting {
    sign_ins: Arc<AtomicUsize>,
    takes: Duration,
    signer: Arc<Signer>,
}

impl Counting {
    /// Tokens `token-1`, `token-2`, … of [`ORG`].
    pub(crate) fn tokens() -> Self {
        Self::new(|number| AccessToken::new(format!("token-{number}"), ORG))
    }

    pub(crate) fn new(
        signer: impl Fn(usize) -> Result<AccessToken, AuthError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            sign_ins: Arc::default(),
            takes: Duration::from_millis(100),
            signer: Arc::new(signer),
        }
    }

    pub(crate) fn sign_ins(&self) -> usize {
        self.sign_ins.load(Ordering::SeqCst)
    }
}

impl fmt::Debug for Counting {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("a session must not print its flow")
    }
}

impl Auth for Counting {
    async fn acquire(&self, _: &AuthContext) -> Result<AccessToken, AuthError> {
        let number = self.sign_ins.fetch_add(1, Ordering::SeqCst) + 1;
        tokio::time::sleep(self.takes).await;
        (self.signer)(number)
    }
}

/// A client on a script, with time that tests move and waits without jitter.
pub(crate) fn client(auth: impl Into<Session>, script: &Script) -> Salesforce {
    builder(auth, script).build().unwrap()
}

pub(crate) fn builder(auth: impl Into<Session>, script: &Script) -> SalesforceBuilder {
    Salesforce::builder(auth)
        .transport(script.clone())
        .clock(Clock::following_tokio(), || 1.0)
}

/// What a sign-in without a client uses, on a script.
pub(crate) fn context(script: &Script) -> AuthContext {
    AuthContext::builder()
        .transport(script.clone())
        .clock(Clock::following_tokio(), || 1.0)
        .auth_context()
        .unwrap()
}

/// The form of the request with this number, from 0.
pub(crate) fn form(script: &Script, number: usize) -> HashMap<String, String> {
    form_urlencoded::parse(&script.sent()[number].body)
        .into_owned()
        .collect()
}
