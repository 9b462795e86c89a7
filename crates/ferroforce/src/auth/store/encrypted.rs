use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use zeroize::Zeroizing;

use super::{StoreError, StoreErrorKind, StoreKey, StoreLock, StoredToken, TokenStore};
use crate::auth::{AuthError, AuthErrorKind, Secret};

/// The format of what is encrypted, its first byte.
const FORMAT: u8 = 1;

const KEY_LEN: usize = 32;

/// A key for [`EncryptedStore`]: 256 bits, from a vault or a variable of the
/// environment, and the same wherever the store is shared.
///
/// `openssl rand -base64 32` makes one.
#[derive(Clone)]
pub struct EncryptionKey(Zeroizing<[u8; KEY_LEN]>);

impl EncryptionKey {
    /// A key of these bytes, which must be random.
    pub fn from_bytes(bytes: [u8; KEY_LEN]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A key in base64 (44 characters).
    ///
    /// # Errors
    /// [`AuthErrorKind::Misconfigured`] if it is not base64 of 32 bytes.
    pub fn from_base64(text: impl Into<Secret>) -> Result<Self, AuthError> {
        let text = text.into();
        let bytes = super::from_base64(text.expose().trim()).map(Zeroizing::new);
        let key = bytes.and_then(|bytes| <[u8; KEY_LEN]>::try_from(bytes.as_slice()).ok());
        key.map(Self::from_bytes).ok_or_else(|| {
            AuthError::new(
                AuthErrorKind::Misconfigured,
                "the key of a token store is not base64 of 32 bytes; `openssl rand -base64 32` \
                 makes one",
            )
        })
    }

    fn cipher(&self) -> Result<RandomizedNonceKey, StoreError> {
        RandomizedNonceKey::new(&AES_256_GCM, self.0.as_slice()).map_err(|_| {
            StoreError::new(
                StoreErrorKind::Misconfigured,
                "the key of the token store cannot be used",
            )
        })
    }

    fn seal(&self, key: &StoreKey, generation: u64, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut text = Vec::with_capacity(plain.len() + AES_256_GCM.tag_len());
        text.extend_from_slice(plain);
        let nonce = self
            .cipher()?
            .seal_in_place_append_tag(Aad::from(bound(key, generation)), &mut text)
            .map_err(|_| {
                StoreError::new(
                    StoreErrorKind::Unavailable,
                    "a token could not be encrypted",
                )
            })?;
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + text.len());
        sealed.push(FORMAT);
        sealed.extend_from_slice(nonce.as_ref());
        sealed.append(&mut text);
        Ok(sealed)
    }

    /// Nothing if it was sealed with another key, for another place, or changed since.
    fn open(&self, key: &StoreKey, stored: &StoredToken) -> Result<Option<Vec<u8>>, StoreError> {
        let Some((nonce, text)) = stored
            .contents()
            .strip_prefix(&[FORMAT])
            .and_then(|rest| rest.split_first_chunk::<NONCE_LEN>())
        else {
            return Ok(None);
        };
        let cipher = self.cipher()?;
        let aad = Aad::from(bound(key, stored.generation()));
        let mut text = Zeroizing::new(text.to_vec());
        let opened = cipher.open_in_place(Nonce::from(nonce), aad, &mut text);
        Ok(opened.ok().map(|plain| plain.to_vec()))
    }
}

/// What a value is bound to: it cannot be moved to another key or passed off as newer.
fn bound(key: &StoreKey, generation: u64) -> Vec<u8> {
    let mut bound = generation.to_be_bytes().to_vec();
    bound.extend_from_slice(key.as_str().as_bytes());
    bound
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncryptionKey([redacted])")
    }
}

/// A store that encrypts what another keeps (AES-256-GCM). A value that was changed,
/// moved to another key, or given another generation is not read.
///
/// ```
/// use ferroforce::auth::{EncryptedStore, EncryptionKey, FileStore};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let key = "bXkgb3duIGtleSBvZiAzMiBieXRlcywgaW4gYmFzZTY=";
/// let store = EncryptedStore::new(FileStore::new("/var/lib/acme"), EncryptionKey::from_base64(key)?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct EncryptedStore<S> {
    inner: S,
    key: EncryptionKey,
    older: Vec<EncryptionKey>,
}

impl<S: TokenStore> EncryptedStore<S> {
    /// Encrypts what `inner` keeps with `key`.
    pub fn new(inner: S, key: EncryptionKey) -> Self {
        Self {
            inner,
            key,
            older: Vec::new(),
        }
    }

    /// Reads also what was encrypted with this key, so that keys can be changed: first
    /// everybody reads both, then everybody writes with the new one.
    #[must_use]
    pub fn reads_also(mut self, key: EncryptionKey) -> Self {
        self.older.push(key);
        self
    }

    #[cfg(feature = "redis")]
    pub(super) fn inner_mut(&mut self) -> &mut S {
        &mut self.inner
    }
}

impl<S: TokenStore> TokenStore for EncryptedStore<S> {
    async fn get(&self, key: &StoreKey) -> Result<Option<StoredToken>, StoreError> {
        let Some(stored) = self.inner.get(key).await? else {
            return Ok(None);
        };
        for cipher in std::iter::once(&self.key).chain(&self.older) {
            if let Some(plain) = cipher.open(key, &stored)? {
                return Ok(Some(StoredToken::new(stored.generation(), plain)));
            }
        }
        Err(StoreError::new(
            StoreErrorKind::Unreadable,
            "a token in the store was encrypted with another key, or was changed",
        ))
    }

    async fn put_if_newer(&self, key: &StoreKey, value: &StoredToken) -> Result<bool, StoreError> {
        let sealed = self.key.seal(key, value.generation(), value.contents())?;
        let sealed = StoredToken::new(value.generation(), sealed);
        self.inner.put_if_newer(key, &sealed).await
    }

    async fn try_lock(&self, key: &StoreKey) -> Result<Option<StoreLock>, StoreError> {
        self.inner.try_lock(key).await
    }
}
