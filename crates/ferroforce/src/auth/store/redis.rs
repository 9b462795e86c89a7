use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use ::redis::Script;

use super::encrypted::{EncryptedStore, EncryptionKey};
use super::{StoreError, StoreErrorKind, StoreKey, StoreLock, StoredToken, TokenStore};
use crate::redis::{RedisConnection, RedisFailure};

/// Whoever has the lock and is not heard of for so long has lost it.
const LEASE: Duration = Duration::from_secs(10);

/// A lock is kept for no longer than this, whatever its holder does: longer than a
/// sign-in may take.
const LONGEST: Duration = Duration::from_secs(75);

/// Stores a value unless there is one as new. The same value twice is stored once, and
/// both times it was.
static PUT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local stored = redis.call('HMGET', KEYS[1], 'generation', 'contents')
         if stored[1] and tonumber(stored[1]) >= tonumber(ARGV[1]) then
           return stored[1] == ARGV[1] and stored[2] == ARGV[2] and 1 or 0
         end
         redis.call('HSET', KEYS[1], 'generation', ARGV[1], 'contents', ARGV[2])
         return 1",
    )
});

static GET: LazyLock<Script> =
    LazyLock::new(|| Script::new("return redis.call('HMGET', KEYS[1], 'generation', 'contents')"));

/// Takes the lock, or keeps it: who has it already is told so.
static LOCK: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
         return redis.call('GET', KEYS[1]) == ARGV[1] and 1 or 0",
    )
});

static EXTEND: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
         return redis.call('PEXPIRE', KEYS[1], ARGV[2])",
    )
});

static FREE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
         return redis.call('DEL', KEYS[1])",
    )
});

/// A store in Redis, for workers on any number of machines.
///
/// Values are encrypted with a key that Redis never sees. Locks are leases, which
/// their holder extends while it lives: ten seconds after a worker was killed, another
/// takes over. A worker that was merely slow cannot overwrite a newer token.
///
/// Redis should keep what it was given (`appendonly yes`) and evict nothing of it
/// (`maxmemory-policy noeviction`, or a database of its own): a refresh token that is
/// lost there is lost. Keys begin with `ferroforce:`; nothing expires but locks.
///
/// ```
/// use ferroforce::auth::{ClientCredentials, EncryptionKey, RedisStore, Session};
/// use ferroforce::redis::RedisConnection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (url, key) = ("rediss://redis.example.com", "bXkgb3duIGtleSBvZiAzMiBieXRlcywgaW4gYmFzZTY=");
/// let store = RedisStore::new(RedisConnection::new(url)?, EncryptionKey::from_base64(key)?);
/// let session = Session::builder(ClientCredentials::new("client id", "client secret"))
///     .store(store)
///     .build();
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct RedisStore(Values);

#[derive(Debug, Clone)]
enum Values {
    Encrypted(EncryptedStore<Plain>),
    Plain(Plain),
}

#[derive(Clone)]
struct Plain {
    redis: RedisConnection,
    lease: Duration,
}

impl RedisStore {
    /// A store whose values are encrypted with `key`. Whoever shares it has the same.
    pub fn new(redis: RedisConnection, key: EncryptionKey) -> Self {
        Self(Values::Encrypted(EncryptedStore::new(
            Plain::new(redis),
            key,
        )))
    }

    /// A store whose values are not encrypted: whoever can read this Redis, or a copy
    /// of its data, can act as every user who signed in.
    pub fn without_encryption(redis: RedisConnection) -> Self {
        Self(Values::Plain(Plain::new(redis)))
    }

    /// How soon others take over when a worker dies while it signs in. Ten seconds by
    /// default; a lease shorter than a pause of the network, or of the process, lets two
    /// workers sign in at once.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        let plain = match &mut self.0 {
            Values::Encrypted(store) => store.inner_mut(),
            Values::Plain(plain) => plain,
        };
        plain.lease = lease;
        self
    }
}

impl TokenStore for RedisStore {
    async fn get(&self, key: &StoreKey) -> Result<Option<StoredToken>, StoreError> {
        match &self.0 {
            Values::Encrypted(store) => store.get(key).await,
            Values::Plain(store) => store.get(key).await,
        }
    }

    async fn put_if_newer(&self, key: &StoreKey, value: &StoredToken) -> Result<bool, StoreError> {
        match &self.0 {
            Values::Encrypted(store) => store.put_if_newer(key, value).await,
            Values::Plain(store) => store.put_if_newer(key, value).await,
        }
    }

    async fn try_lock(&self, key: &StoreKey) -> Result<Option<StoreLock>, StoreError> {
        match &self.0 {
            Values::Encrypted(store) => store.try_lock(key).await,
            Values::Plain(store) => store.try_lock(key).await,
        }
    }
}

impl Plain {
    fn new(redis: RedisConnection) -> Self {
        Self {
            redis,
            lease: LEASE,
        }
    }

    fn lease_ms(&self) -> u64 {
        u64::try_from(self.lease.as_millis())
            .unwrap_or(u64::MAX)
            .max(1)
    }
}

fn value_key(key: &StoreKey) -> String {
    format!("ferroforce:token:{}", key.as_str())
}

fn lock_key(key: &StoreKey) -> String {
    format!("ferroforce:lock:{}", key.as_str())
}

impl TokenStore for Plain {
    async fn get(&self, key: &StoreKey) -> Result<Option<StoredToken>, StoreError> {
        let get = GET.key(value_key(key));
        let stored: (Option<u64>, Option<Vec<u8>>) = self.redis.run(&get).await?;
        Ok(match stored {
            (Some(generation), Some(contents)) => Some(StoredToken::new(generation, contents)),
            _ => None,
        })
    }

    async fn put_if_newer(&self, key: &StoreKey, value: &StoredToken) -> Result<bool, StoreError> {
        let mut put = PUT.key(value_key(key));
        put.arg(value.generation()).arg(value.contents());
        Ok(self.redis.run(&put).await?)
    }

    async fn try_lock(&self, key: &StoreKey) -> Result<Option<StoreLock>, StoreError> {
        let holder: String = std::iter::repeat_with(fastrand::alphanumeric)
            .take(24)
            .collect();
        let mut lock = LOCK.key(lock_key(key));
        lock.arg(&holder).arg(self.lease_ms());
        if !self.redis.run::<bool>(&lock).await? {
            return Ok(None);
        }
        let lease = Lease {
            store: self.clone(),
            key: lock_key(key),
            holder,
        };
        Ok(Some(lease.held()))
    }
}

/// A lock that is held.
struct Lease {
    store: Plain,
    key: String,
    holder: String,
}

impl Lease {
    /// Extends the lease until the lock is released, or until it has lasted too long.
    fn held(self) -> StoreLock {
        let lease = Arc::new(self);
        let extending = Arc::clone(&lease);
        let task = Extending(tokio::spawn(async move {
            // What fails is tried again before the lease has ended.
            let _ = tokio::time::timeout(LONGEST, extending.extend()).await;
        }));
        StoreLock::new(async move {
            drop(task);
            let mut free = FREE.key(&lease.key);
            free.arg(&lease.holder);
            // If it fails, the lease ends by itself.
            let _ = lease.store.redis.run::<bool>(&free).await;
        })
    }

    async fn extend(&self) {
        loop {
            tokio::time::sleep(self.store.lease / 3).await;
            let mut extend = EXTEND.key(&self.key);
            extend.arg(&self.holder).arg(self.store.lease_ms());
            if let Ok(false) = self.store.redis.run::<bool>(&extend).await {
                return;
            }
        }
    }
}

struct Extending(tokio::task::JoinHandle<()>);

impl Drop for Extending {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl From<RedisFailure> for StoreError {
    fn from(failure: RedisFailure) -> Self {
        let kind = match failure.is_final {
            true => StoreErrorKind::Misconfigured,
            false => StoreErrorKind::Unavailable,
        };
        Self::new(kind, failure.to_string())
    }
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}
