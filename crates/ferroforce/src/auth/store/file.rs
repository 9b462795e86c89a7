use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::lock_file::{LockFile, file_name};
use super::{StoreError, StoreErrorKind, StoreKey, StoreLock, StoredToken, TokenStore};

/// No file of ours is larger.
const LIMIT: u64 = 256 * 1024;

/// A store in a folder of this machine, one file for each key, for the processes of
/// one user.
///
/// Files have mode 0600 and the folder, if the store makes it, 0700; a file that
/// others can read is refused. A value replaces another as a whole or not at all, and
/// is on the disk before it counts. Locks are the operating system's, which frees them
/// when a process dies; the folder must be on a disk whose locks work, which those of
/// some networks do not.
///
/// On Windows files have the permissions of their folder: choose one of the user's own.
///
/// Tokens stand in the files as they are. [`EncryptedStore`](super::EncryptedStore)
/// changes that, where there is a better place for its key.
#[derive(Debug, Clone)]
pub struct FileStore(Arc<Folder>);

#[derive(Debug)]
struct Folder {
    path: PathBuf,
}

/// What is in a file.
#[derive(Serialize, Deserialize)]
struct Written<'a> {
    /// Two keys may have one file name, which is very unlikely and must not matter.
    key: &'a str,
    generation: u64,
    /// Base64, since it may be encrypted.
    contents: &'a str,
}

impl FileStore {
    /// A store in `folder`, which is made when it is first needed.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(Arc::new(Folder {
            path: folder.into(),
        }))
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folder) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let folder = Arc::clone(&self.0);
        super::blocking(move || work(&folder)).await
    }
}

impl TokenStore for FileStore {
    async fn get(&self, key: &StoreKey) -> Result<Option<StoredToken>, StoreError> {
        let key = key.clone();
        self.blocking(move |folder| folder.read(&key)).await
    }

    async fn put_if_newer(&self, key: &StoreKey, value: &StoredToken) -> Result<bool, StoreError> {
        let write_lock = LockFile::of(&self.0.path, key, "write").wait().await?;
        let (key, value) = (key.clone(), value.clone());
        self.blocking(move |folder| {
            let put = folder.write_if_newer(&key, &value);
            // Here, since writing goes on when nobody waits for it any more.
            drop(write_lock);
            put
        })
        .await
    }

    async fn try_lock(&self, key: &StoreKey) -> Result<Option<StoreLock>, StoreError> {
        LockFile::of(&self.0.path, key, "lock").take().await
    }
}

impl Folder {
    fn file(&self, key: &StoreKey) -> PathBuf {
        self.path.join(format!("{}.token", file_name(key)))
    }

    fn read(&self, key: &StoreKey) -> Result<Option<StoredToken>, StoreError> {
        let path = self.file(key);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("read", &path, error)),
        };
        check_mode(&file, &path)?;
        let mut text = Zeroizing::new(Vec::with_capacity(16 * 1024));
        file.take(LIMIT)
            .read_to_end(&mut text)
            .map_err(|error| failed("read", &path, error))?;
        let unreadable = || {
            StoreError::new(
                StoreErrorKind::Unreadable,
                format!(
                    "{} is no file of a token store; move it away",
                    path.display()
                ),
            )
        };
        let written: Written<'_> = serde_json::from_slice(&text).map_err(|_| unreadable())?;
        if written.key != key.as_str() {
            return Err(unreadable());
        }
        let contents = super::from_base64(written.contents).ok_or_else(unreadable)?;
        Ok(Some(StoredToken::new(written.generation, contents)))
    }

    fn write_if_newer(&self, key: &StoreKey, value: &StoredToken) -> Result<bool, StoreError> {
        let stored = self.read(key)?;
        if stored.is_some_and(|stored| stored.generation() >= value.generation()) {
            return Ok(false);
        }
        let contents = super::to_base64(value.contents());
        let mut text = Zeroizing::new(Vec::with_capacity(16 * 1024 + contents.len()));
        let written = Written {
            key: key.as_str(),
            generation: value.generation(),
            contents: &contents,
        };
        serde_json::to_writer(&mut *text, &written).map_err(|error| {
            StoreError::new(StoreErrorKind::Misconfigured, "a token cannot be written")
                .with_source(io::Error::from(error))
        })?;
        self.replace(&self.file(key), &text)
    }

    /// Puts `text` where `path` is, at once and to stay. Only who has the lock for
    /// writing may do so.
    fn replace(&self, path: &Path, text: &[u8]) -> Result<bool, StoreError> {
        let temporary = path.with_extension("new");
        // Left by a process that died.
        let _ = fs::remove_file(&temporary);
        let done = write_new(&temporary, text)
            .and_then(|()| fs::rename(&temporary, path))
            .and_then(|()| sync_folder(&self.path));
        if let Err(error) = done {
            let _ = fs::remove_file(&temporary);
            return Err(failed("write", path, error));
        }
        Ok(true)
    }
}

fn write_new(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    private(&mut options);
    let mut file = options.open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

/// What is made by this is the user's alone.
pub(super) fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

pub(super) fn make_folder(path: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(path)
        .map_err(|error| failed("make", path, error))
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn check_mode(file: &File, path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt;

    let metadata = file
        .metadata()
        .map_err(|error| failed("read", path, error))?;
    if metadata.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    Err(StoreError::new(
        StoreErrorKind::Misconfigured,
        format!(
            "others than its owner can get at {path}, which holds a token: chmod 600 {path}",
            path = path.display()
        ),
    ))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
fn check_mode(_: &File, _: &Path) -> Result<(), StoreError> {
    Ok(())
}

pub(super) fn failed(what: &str, path: &Path, error: io::Error) -> StoreError {
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::NotADirectory => {
            StoreErrorKind::Misconfigured
        }
        _ => StoreErrorKind::Unavailable,
    };
    StoreError::new(
        kind,
        format!("could not {what} {}: {error}", path.display()),
    )
    .with_source(error)
}
