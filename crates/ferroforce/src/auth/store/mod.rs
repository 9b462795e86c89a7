//! Where tokens are kept between processes, machines and starts of a program.

mod contents;
#[cfg(feature = "encrypted-store")]
mod encrypted;
mod error;
mod file;
#[cfg(feature = "keyring")]
mod keyring;
mod lock_file;
mod memory;
#[cfg(feature = "redis")]
mod redis;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

#[cfg(feature = "encrypted-store")]
pub use encrypted::{EncryptedStore, EncryptionKey};
pub use error::{StoreError, StoreErrorKind};
pub use file::FileStore;
#[cfg(feature = "keyring")]
pub use keyring::KeyringStore;
pub use memory::MemoryStore;
#[cfg(feature = "redis")]
pub use redis::RedisStore;

pub(super) use contents::{Contents, Ended, State};

use super::FlowIdentity;
use crate::transport::BoxFuture;

/// Keeps tokens for sessions, under a key each. It stores and never decides: what
/// a value means, when a token is used and when it is replaced is up to the
/// session.
///
/// Write one of your own with plain `async fn` over whatever holds a value and its
/// number: a table with a key, a version and a blob will do. Values hold secrets;
/// wrap a store that others can read in an encrypting one.
///
/// A store that fails does not fail requests: see
/// [`guide::token_stores`](crate::guide::token_stores).
pub trait TokenStore: fmt::Debug + Send + Sync + 'static {
    /// The value under `key`, if there is one.
    ///
    /// # Errors
    /// If that is not known.
    fn get(
        &self,
        key: &StoreKey,
    ) -> impl Future<Output = Result<Option<StoredToken>, StoreError>> + Send;

    /// Stores `value` if there is none under `key` or its generation is higher than
    /// that of the one there is, and tells whether it did. Comparing and storing is one
    /// step that nothing comes between, and what was stored stays although the machine
    /// loses its power, as far as the store can promise that.
    ///
    /// # Errors
    /// If it is not known that the value was stored.
    fn put_if_newer(
        &self,
        key: &StoreKey,
        value: &StoredToken,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Takes the lock of `key`, or gives nothing if somebody has it; it never waits
    /// for the lock. A lock must not outlive who took it: the operating system frees
    /// it, or it expires. A lock that is lost does no harm, since older generations
    /// cannot replace newer ones.
    ///
    /// # Errors
    /// If it is not known who has the lock.
    fn try_lock(
        &self,
        key: &StoreKey,
    ) -> impl Future<Output = Result<Option<StoreLock>, StoreError>> + Send;
}

/// What a value is stored under: a partition and the identity of a flow.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct StoreKey(String);

impl StoreKey {
    /// The key of a flow's token. Sessions of different partitions do not share;
    /// the usual one is `""`.
    pub fn new(partition: &str, identity: &FlowIdentity) -> Self {
        let partition =
            percent_encoding::utf8_percent_encode(partition, percent_encoding::NON_ALPHANUMERIC);
        Self(format!("{partition}/{}", identity.text()))
    }

    /// The key of a session that shares with nobody.
    pub(super) fn private() -> Self {
        Self(String::new())
    }

    /// The key as text: ASCII without white space, at most a few hundred bytes. It
    /// names the user, and holds no secret.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreKey")
    }
}

/// A value of a store: bytes that only sessions read, and their place in the order
/// of values.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredToken {
    generation: u64,
    contents: Zeroizing<Vec<u8>>,
}

impl StoredToken {
    /// A value as a store read it.
    pub fn new(generation: u64, contents: impl Into<Vec<u8>>) -> Self {
        Self {
            generation,
            contents: Zeroizing::new(contents.into()),
        }
    }

    /// Counts the values under a key, from 1. Below 2⁵³.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// What there is to store: secret, of 64 KiB at most, and UTF-8 unless it was
    /// encrypted.
    pub fn contents(&self) -> &[u8] {
        &self.contents
    }
}

impl fmt::Debug for StoredToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredToken")
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

/// A lock of a store, until it is dropped.
pub struct StoreLock(Option<BoxFuture<'static, ()>>);

impl StoreLock {
    /// A lock that `release` frees, by being run or by being dropped: it is run when
    /// the session is done, and only dropped where there is no runtime any more.
    pub fn new(release: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Some(Box::pin(release)))
    }

    /// Frees the lock.
    pub async fn release(mut self) {
        if let Some(release) = self.0.take() {
            release.await;
        }
    }
}

impl Drop for StoreLock {
    fn drop(&mut self) {
        if let (Some(release), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current())
        {
            drop(runtime.spawn(release));
        }
    }
}

impl fmt::Debug for StoreLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreLock")
    }
}

impl<S: TokenStore> TokenStore for Arc<S> {
    async fn get(&self, key: &StoreKey) -> Result<Option<StoredToken>, StoreError> {
        S::get(self, key).await
    }

    async fn put_if_newer(&self, key: &StoreKey, value: &StoredToken) -> Result<bool, StoreError> {
        S::put_if_newer(self, key, value).await
    }

    async fn try_lock(&self, key: &StoreKey) -> Result<Option<StoreLock>, StoreError> {
        S::try_lock(self, key).await
    }
}

/// [`TokenStore`] without its type, so that a session can hold any.
pub(super) trait DynStore: Send + Sync {
    fn boxed_get<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<StoredToken>, StoreError>>;
    fn boxed_put<'a>(
        &'a self,
        key: &'a StoreKey,
        value: &'a StoredToken,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;
    fn boxed_lock<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<StoreLock>, StoreError>>;
}

impl<S: TokenStore> DynStore for S {
    fn boxed_get<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<StoredToken>, StoreError>> {
        Box::pin(TokenStore::get(self, key))
    }

    fn boxed_put<'a>(
        &'a self,
        key: &'a StoreKey,
        value: &'a StoredToken,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(TokenStore::put_if_newer(self, key, value))
    }

    fn boxed_lock<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<StoreLock>, StoreError>> {
        Box::pin(TokenStore::try_lock(self, key))
    }
}

/// Runs what waits for the disk, or for another program, where waiting is no harm.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => Err(StoreError::new(
            StoreErrorKind::Unavailable,
            "the runtime ended while the token store was at work",
        )
        .with_source(error)),
    }
}

fn to_base64(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(STANDARD.encode(bytes))
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests;
