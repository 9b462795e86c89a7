use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ::keyring::Entry;
use zeroize::Zeroizing;

use super::lock_file::LockFile;
use super::{FileStore, StoreError, StoreErrorKind, StoreKey, StoreLock, StoredToken, TokenStore};

const NONE_HERE: &str = "there is no keyring on this machine, or it is locked: on Linux a Secret \
     Service (GNOME Keyring, KWallet) must run in the user's session, which containers, servers \
     and CI do not have. Take a FileStore there, or let KeyringStore::or_file do so";

/// A store in the keyring of the operating system: the macOS keychain, the Windows
/// Credential Manager, or a Secret Service on Linux. For programs at which a user sits.
///
/// Keyrings have no locks, so these are files in `~/.ferroforce/locks`, which hold
/// nothing. The Credential Manager takes 2,560 bytes, enough for usual tokens and too
/// little for some in JWT format.
///
/// ```
/// use ferroforce::auth::{FileStore, KeyringStore, RefreshToken, Session};
///
/// let store = KeyringStore::new("acme-importer").or_file(FileStore::new("/home/ada/.acme"));
/// let auth = RefreshToken::stored("client id", "ada@acme.com");
/// let session = Session::builder(auth).store(store).build();
/// ```
#[derive(Clone)]
pub struct KeyringStore(Arc<Inner>);

struct Inner {
    ring: Arc<dyn Ring>,
    locks: Option<PathBuf>,
    instead: Option<FileStore>,
    told: AtomicBool,
}

/// A keyring, as far as it is used here.
trait Ring: Send + Sync {
    fn get(&self, key: &StoreKey) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError>;
    fn set(&self, key: &StoreKey, value: &[u8]) -> Result<(), StoreError>;
}

impl KeyringStore {
    /// A store whose entries belong to `service`, the name of your program.
    pub fn new(service: impl Into<String>) -> Self {
        let service = service.into();
        Self(Arc::new(Inner {
            ring: Arc::new(Native { service }),
            locks: std::env::home_dir().map(|home| home.join(".ferroforce").join("locks")),
            instead: None,
            told: AtomicBool::new(false),
        }))
    }

    /// Uses `store` where there is no keyring, and says so once, in a warning.
    #[must_use]
    pub fn or_file(self, store: FileStore) -> Self {
        self.edit(|inner| inner.instead = Some(store))
    }

    /// The folder of the lock files.
    #[must_use]
    pub fn lock_folder(self, folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        self.edit(|inner| inner.locks = Some(folder))
    }

    fn edit(self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Inner {
            ring: Arc::clone(&self.0.ring),
            locks: self.0.locks.clone(),
            instead: self.0.instead.clone(),
            told: AtomicBool::new(false),
        };
        change(&mut inner);
        Self(Arc::new(inner))
    }

    /// What to use instead, if there is no keyring.
    async fn instead(&self, key: &StoreKey) -> Result<Option<&FileStore>, StoreError> {
        let (ring, key) = (Arc::clone(&self.0.ring), key.clone());
        match super::blocking(move || ring.get(&key)).await {
            Err(error) if error.kind() == StoreErrorKind::Missing => match &self.0.instead {
                Some(store) => {
                    if !self.0.told.swap(true, Ordering::Relaxed) {
                        tracing::warn!("there is no keyring; tokens are kept in a file");
                    }
                    Ok(Some(store))
                }
                None => Err(error),
            },
            _ => Ok(None),
        }
    }

    fn locks(&self) -> Result<&Path, StoreError> {
        self.0.locks.as_deref().ok_or_else(|| {
            StoreError::new(
                StoreErrorKind::Misconfigured,
                "the user has no home folder for lock files: name one with \
                 KeyringStore::lock_folder",
            )
        })
    }
}

impl TokenStore for KeyringStore {
    async fn get(&self, key: &StoreKey) -> Result<Option<StoredToken>, StoreError> {
        if let Some(store) = self.instead(key).await? {
            return store.get(key).await;
        }
        let (ring, key) = (Arc::clone(&self.0.ring), key.clone());
        super::blocking(move || read(ring.as_ref(), &key)).await
    }

    async fn put_if_newer(&self, key: &StoreKey, value: &StoredToken) -> Result<bool, StoreError> {
        if let Some(store) = self.instead(key).await? {
            return store.put_if_newer(key, value).await;
        }
        let write_lock = LockFile::of(self.locks()?, key, "write").wait().await?;
        let ring = Arc::clone(&self.0.ring);
        let (key, value) = (key.clone(), value.clone());
        super::blocking(move || {
            let put = write_if_newer(ring.as_ref(), &key, &value);
            drop(write_lock);
            put
        })
        .await
    }

    async fn try_lock(&self, key: &StoreKey) -> Result<Option<StoreLock>, StoreError> {
        if let Some(store) = self.instead(key).await? {
            return store.try_lock(key).await;
        }
        LockFile::of(self.locks()?, key, "lock").take().await
    }
}

/// An entry is the generation, eight bytes, and the contents.
fn read(ring: &dyn Ring, key: &StoreKey) -> Result<Option<StoredToken>, StoreError> {
    let Some(entry) = ring.get(key)? else {
        return Ok(None);
    };
    let (generation, contents) = entry.split_first_chunk().ok_or_else(|| {
        StoreError::new(
            StoreErrorKind::Unreadable,
            "an entry of the keyring was not written by ferroforce",
        )
    })?;
    Ok(Some(StoredToken::new(
        u64::from_be_bytes(*generation),
        contents,
    )))
}

fn write_if_newer(
    ring: &dyn Ring,
    key: &StoreKey,
    value: &StoredToken,
) -> Result<bool, StoreError> {
    if read(ring, key)?.is_some_and(|stored| stored.generation() >= value.generation()) {
        return Ok(false);
    }
    let mut entry = Zeroizing::new(Vec::with_capacity(8 + value.contents().len()));
    entry.extend_from_slice(&value.generation().to_be_bytes());
    entry.extend_from_slice(value.contents());
    ring.set(key, &entry).map(|()| true)
}

/// The operating system's.
struct Native {
    service: String,
}

impl Native {
    fn entry(&self, key: &StoreKey) -> Result<Entry, StoreError> {
        Entry::new(&self.service, key.as_str()).map_err(|error| failed(&error))
    }
}

impl Ring for Native {
    fn get(&self, key: &StoreKey) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        match self.entry(key)?.get_secret() {
            Ok(entry) => Ok(Some(Zeroizing::new(entry))),
            Err(::keyring::Error::NoEntry) => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    }

    fn set(&self, key: &StoreKey, value: &[u8]) -> Result<(), StoreError> {
        self.entry(key)?
            .set_secret(value)
            .map_err(|error| failed(&error))
    }
}

/// The crate's own errors can hold the entry.
fn failed(error: &::keyring::Error) -> StoreError {
    use ::keyring::Error;
    match error {
        Error::NoDefaultStore | Error::NoStorageAccess(_) => {
            StoreError::new(StoreErrorKind::Missing, NONE_HERE)
        }
        Error::TooLong(_, limit) => StoreError::new(
            StoreErrorKind::Misconfigured,
            format!("the token is too long for this keyring, which takes {limit} bytes"),
        ),
        Error::BadEncoding(_) | Error::BadDataFormat(..) | Error::Ambiguous(_) => StoreError::new(
            StoreErrorKind::Unreadable,
            "an entry of the keyring cannot be read",
        ),
        _ => StoreError::new(
            StoreErrorKind::Unavailable,
            "the keyring did not do what it was asked to",
        ),
    }
}

impl fmt::Debug for KeyringStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyringStore")
            .field("instead", &self.0.instead)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Mutex;

    use super::*;
    use crate::auth::FlowIdentity;

    #[derive(Default)]
    struct Fake(Mutex<HashMap<StoreKey, Vec<u8>>>);

    impl Ring for Fake {
        fn get(&self, key: &StoreKey) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
            Ok(self.0.lock().unwrap().get(key).cloned().map(Zeroizing::new))
        }

        fn set(&self, key: &StoreKey, value: &[u8]) -> Result<(), StoreError> {
            self.0.lock().unwrap().insert(key.clone(), value.to_vec());
            Ok(())
        }
    }

    struct NoRing;

    impl Ring for NoRing {
        fn get(&self, _: &StoreKey) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
            Err(failed(&::keyring::Error::NoDefaultStore))
        }

        fn set(&self, _: &StoreKey, _: &[u8]) -> Result<(), StoreError> {
            Err(failed(&::keyring::Error::NoDefaultStore))
        }
    }

    fn store(ring: impl Ring + 'static, folder: &Path) -> KeyringStore {
        KeyringStore(Arc::new(Inner {
            ring: Arc::new(ring),
            locks: Some(folder.to_owned()),
            instead: None,
            told: AtomicBool::new(false),
        }))
    }

    fn key() -> StoreKey {
        StoreKey::new("", &FlowIdentity::new("flow", "https://host"))
    }

    #[tokio::test]
    async fn a_keyring_is_a_store() {
        let folder = tempfile::tempdir().unwrap();
        super::super::tests::is_a_store(&store(Fake::default(), folder.path())).await;
    }

    #[tokio::test]
    async fn where_there_is_no_keyring_the_error_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let none = store(NoRing, folder.path());
        let error = none.get(&key()).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Missing);
        assert!(error.to_string().contains("FileStore"), "{error}");
        assert!(none.try_lock(&key()).await.is_err());
    }

    #[tokio::test]
    async fn where_there_is_no_keyring_a_file_serves() {
        let folder = tempfile::tempdir().unwrap();
        let file = FileStore::new(folder.path().join("tokens"));
        let none = store(NoRing, folder.path()).or_file(file.clone());
        super::super::tests::is_a_store(&none).await;
        assert!(
            file.get(&super::super::tests::key("a"))
                .await
                .unwrap()
                .is_some()
        );
    }

    #[tokio::test]
    async fn an_entry_of_somebody_else_is_no_token() {
        let folder = tempfile::tempdir().unwrap();
        let ring = Fake::default();
        ring.set(&key(), b"short").unwrap();
        let error = store(ring, folder.path()).get(&key()).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unreadable);
    }
}
