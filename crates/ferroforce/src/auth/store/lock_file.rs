use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::file::{failed, make_folder, private};
use super::{StoreError, StoreErrorKind, StoreKey, StoreLock};

/// Who replaces a value has done so long before this has passed.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(2);

/// A file that the operating system locks. It stays when it is no longer locked:
/// removing it would let two processes lock two files of one name.
pub(super) struct LockFile {
    folder: PathBuf,
    path: PathBuf,
}

impl LockFile {
    pub(super) fn of(folder: &Path, key: &StoreKey, kind: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            path: folder.join(format!("{}.{kind}", file_name(key))),
        }
    }

    /// The lock, unless somebody has it.
    pub(super) async fn take(self) -> Result<Option<StoreLock>, StoreError> {
        let file = super::blocking(move || self.lock()).await?;
        Ok(file.map(|file| StoreLock::new(async move { drop(file) })))
    }

    /// The lock, as soon as nobody else has it.
    pub(super) async fn wait(self) -> Result<File, StoreError> {
        let waiting = async {
            loop {
                let (folder, path) = (self.folder.clone(), self.path.clone());
                let lock = super::blocking(move || Self { folder, path }.lock()).await?;
                if let Some(file) = lock {
                    return Ok(file);
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(outcome) => outcome,
            Err(_) => Err(StoreError::new(
                StoreErrorKind::Unavailable,
                format!(
                    "another process has held {} for {} seconds",
                    self.path.display(),
                    PATIENCE.as_secs()
                ),
            )),
        }
    }

    fn lock(&self) -> Result<Option<File>, StoreError> {
        make_folder(&self.folder)?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        private(&mut options);
        let file = options
            .open(&self.path)
            .map_err(|error| failed("open", &self.path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed("lock", &self.path, error)),
        }
    }
}

/// A file name for a key, whose text may be too long for one: FNV-1a, 128 bits.
pub(super) fn file_name(key: &StoreKey) -> String {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let hash = key.as_str().bytes().fold(OFFSET, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(PRIME)
    });
    format!("{hash:032x}")
}
