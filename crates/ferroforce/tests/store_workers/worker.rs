//! A worker: one session that shares its tokens by way of a store.

use std::env;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ferroforce::Salesforce;
use ferroforce::auth::{
    Auth, AuthError, AuthErrorKind, ClientCredentials, FileStore, RefreshToken, Session,
};
#[cfg(feature = "redis")]
use ferroforce::auth::{EncryptionKey, RedisStore};
use ferroforce::events::Event;
#[cfg(feature = "redis")]
use ferroforce::redis::RedisConnection;
use ferroforce::transport::{Body, BoxFuture, HttpService, TransportError};

use crate::fleet::SAYS;

fn setting(name: &str) -> Option<String> {
    env::var(name).ok()
}

fn required(name: &str) -> String {
    setting(name).unwrap_or_else(|| panic!("{name} is not set"))
}

fn say(what: &str) {
    let mut output = std::io::stdout();
    writeln!(output, "{SAYS}{what}").unwrap();
    output.flush().unwrap();
}

/// Makes a call for each line that it is told, until there are no more.
pub(crate) fn run() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let failed = Arc::new(AtomicBool::new(false));
    let client = client(&failed);
    for line in std::io::stdin().lines() {
        assert_eq!(line.unwrap(), "call");
        let mut outcome = runtime.block_on(call(&client));
        if failed.swap(false, Ordering::SeqCst) {
            outcome.push_str(", the store failed");
        }
        say(&outcome);
    }
}

fn client(failed: &Arc<AtomicBool>) -> Salesforce {
    let (id, secret) = (
        required("WORKER_CLIENT_ID"),
        required("WORKER_CLIENT_SECRET"),
    );
    let session = match setting("WORKER_REFRESH_TOKEN") {
        Some(refresh_token) => with_store(
            RefreshToken::new(id, refresh_token)
                .client_secret(secret)
                .user("ada"),
        ),
        None => with_store(ClientCredentials::new(id, secret)),
    };
    let failed = Arc::clone(failed);
    let builder = Salesforce::builder(session)
        .org_url(required("WORKER_ORG"))
        .observer(move |event: &Event| {
            if let Event::StoreFailed(_) = event {
                failed.store(true, Ordering::SeqCst);
            }
        });
    match setting("WORKER_STUCK") {
        Some(_) => builder.transport(Stuck).build(),
        None => builder.build(),
    }
    .unwrap()
}

fn with_store(auth: impl Auth) -> Session {
    #[cfg(feature = "redis")]
    if let Some(url) = setting("WORKER_REDIS") {
        let redis = RedisConnection::new(&url).unwrap();
        let mut store = RedisStore::new(redis, EncryptionKey::from_bytes([7; 32]));
        if let Some(lease) = setting("WORKER_LEASE_MS") {
            store = store.lease(std::time::Duration::from_millis(lease.parse().unwrap()));
        }
        return Session::builder(auth).store(store).build();
    }
    let store = FileStore::new(required("WORKER_FOLDER"));
    Session::builder(auth).store(store).build()
}

async fn call(client: &Salesforce) -> String {
    let Err(error) = client.limits().await else {
        return "ok".to_owned();
    };
    let text = error.to_string();
    match error.auth().map(AuthError::kind) {
        Some(AuthErrorKind::FreshTokenRejected) if text.contains("IP address") => {
            "FreshTokenRejected, IP address".to_owned()
        }
        Some(kind) => format!("{kind:?}"),
        // The request that found it out has the refusal itself.
        None if text.contains("IP address") => "FreshTokenRejected, IP address".to_owned(),
        None => text,
    }
}

/// Never sends what it is given.
#[derive(Debug)]
struct Stuck;

impl HttpService for Stuck {
    fn call(
        &self,
        _: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        say("about to send");
        Box::pin(std::future::pending())
    }
}
