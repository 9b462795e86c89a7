//! What a shared session costs each request: the read of its token.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use ferroforce::Salesforce;
use ferroforce::auth::{
    AccessToken, Auth, AuthContext, AuthError, EncryptionKey, FileStore, FlowIdentity, MemoryStore,
    RedisStore, Session, StoreError, StoreKey, StoreLock, StoredToken, TokenStore,
};
use ferroforce::redis::RedisConnection;

use crate::{Result, report};

const ORG: &str = "https://acme.my.salesforce.com";

/// So many reads are timed together: one takes little longer than reading a clock.
const TOGETHER: u32 = 1000;
const TIMES: usize = 1000;

/// Prints the nanoseconds of one read, the median of a thousand times a thousand,
/// without a store, and with each. What reads a token must call no store, and what
/// starts with a stored token must not sign in.
pub async fn run(folder: &Path, redis: Option<&str>) -> Result<()> {
    measure("none", Session::new(Instantly::default())).await?;
    with("memory", MemoryStore::new()).await?;
    with("file", FileStore::new(folder)).await?;
    if let Some(url) = redis {
        let redis = RedisConnection::new(url)?;
        with(
            "redis",
            RedisStore::new(redis, EncryptionKey::from_bytes([7; 32])),
        )
        .await?;
    }
    Ok(())
}

async fn with(name: &str, store: impl TokenStore) -> Result<()> {
    let store = Counted {
        store: Arc::new(store),
        calls: Arc::default(),
    };
    let share = |auth: &Instantly| Session::builder(auth.clone()).store(store.clone()).build();
    let first = Instantly::default();
    client(share(&first))?.access_token().await?;

    let second = Instantly::default();
    let session = share(&second);
    client(session.clone())?.access_token().await?;
    if second.0.load(Ordering::Relaxed) != 0 {
        return Err(format!("{name}: a start with a stored token signed in").into());
    }
    let before = store.calls.load(Ordering::Relaxed);
    measure(name, session).await?;
    if store.calls.load(Ordering::Relaxed) != before {
        return Err(format!("{name}: reading a token called the store").into());
    }
    Ok(())
}

fn client(session: Session) -> Result<Salesforce> {
    Ok(Salesforce::builder(session).org_url(ORG).build()?)
}

async fn measure(name: &str, session: Session) -> Result<()> {
    let client = client(session)?;
    client.access_token().await?;
    let mut times = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let start = Instant::now();
        for _ in 0..TOGETHER {
            black_box(client.access_token().await?);
        }
        times.push(start.elapsed() / TOGETHER);
    }
    times.sort_unstable();
    let median = times[TIMES / 2].as_nanos();
    report(&format!("session-{name}"), "ours", median as f64);
    Ok(())
}

/// Signs in without a network, and counts how often.
#[derive(Debug, Clone, Default)]
struct Instantly(Arc<AtomicUsize>);

impl Auth for Instantly {
    async fn acquire(&self, _: &AuthContext) -> std::result::Result<AccessToken, AuthError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        AccessToken::new("00D000000000001!AQEAQtoken", ORG)
    }

    fn identity(&self, _: &AuthContext) -> std::result::Result<FlowIdentity, AuthError> {
        Ok(FlowIdentity::new("instantly", ORG))
    }
}

/// A store that counts what is asked of it.
#[derive(Debug)]
struct Counted<S> {
    store: Arc<S>,
    calls: Arc<AtomicUsize>,
}

impl<S> Clone for Counted<S> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            calls: Arc::clone(&self.calls),
        }
    }
}

impl<S> Counted<S> {
    fn count(&self) -> &S {
        self.calls.fetch_add(1, Ordering::Relaxed);
        &self.store
    }
}

impl<S: TokenStore> TokenStore for Counted<S> {
    async fn get(&self, key: &StoreKey) -> std::result::Result<Option<StoredToken>, StoreError> {
        self.count().get(key).await
    }

    async fn put_if_newer(
        &self,
        key: &StoreKey,
        value: &StoredToken,
    ) -> std::result::Result<bool, StoreError> {
        self.count().put_if_newer(key, value).await
    }

    async fn try_lock(&self, key: &StoreKey) -> std::result::Result<Option<StoreLock>, StoreError> {
        self.count().try_lock(key).await
    }
}
