//! The locks by which `sf` keeps its processes apart: a folder beside the file,
//! made by whoever holds the lock and touched while it is held. Made and judged as
//! the npm package proper-lockfile does, which `sf` uses.

use std::fs::{self, File};
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::auth::{AuthError, AuthErrorKind};

/// A lock that was not touched for this long is a dead process's.
const STALE: Duration = Duration::from_secs(10);

/// How often a lock that is held is touched.
const TOUCH: Duration = Duration::from_secs(5);

/// The wait before another try: this long at first, twice as long each time, until
/// it is as long as the longest.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// A lock that is held until this is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    folder: PathBuf,
    /// When it was touched last, as the file system tells it. A lock that says
    /// otherwise was taken over by somebody who thought this process dead.
    touched: Option<SystemTime>,
}

impl Lock {
    /// The lock that is held while the refresh token of an auth file is exchanged.
    pub(super) fn of_rotation(auth_file: &Path) -> PathBuf {
        with_suffix(auth_file, ".token-rotation.lock")
    }

    /// The lock that is held while a file is written.
    pub(super) fn of_writing(file: &Path) -> PathBuf {
        with_suffix(file, ".lock")
    }

    /// Takes the lock, and waits for it at most so long.
    ///
    /// # Errors
    /// [`AuthErrorKind::Unavailable`] if a process that lives held it all the time.
    pub(super) async fn take(folder: PathBuf, patience: Duration) -> Result<Self, AuthError> {
        let (mut wait, mut waited) = (FIRST_WAIT, Duration::ZERO);
        loop {
            match Self::try_take(&folder) {
                Ok(Some(lock)) => return Ok(lock),
                Ok(None) if waited < patience => {
                    tokio::time::sleep(wait).await;
                    waited += wait;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
                Ok(None) => {
                    return Err(AuthError::new(
                        AuthErrorKind::Unavailable,
                        format!(
                            "another process has held the lock {} for {} seconds",
                            folder.display(),
                            patience.as_secs()
                        ),
                    ));
                }
                Err(error) => {
                    return Err(AuthError::new(
                        AuthErrorKind::Misconfigured,
                        format!("the lock {} of sf cannot be made", folder.display()),
                    )
                    .with_source(error));
                }
            }
        }
    }

    fn try_take(folder: &Path) -> io::Result<Option<Self>> {
        // The second try is for a lock that was found dead and put away.
        for _ in 0..2 {
            match fs::create_dir(folder) {
                Ok(()) => {
                    let mut lock = Self {
                        folder: folder.to_owned(),
                        touched: None,
                    };
                    lock.touch()?;
                    return Ok(Some(lock));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
            if Self::is_held(folder) {
                return Ok(None);
            }
            match fs::remove_dir(folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(None)
    }

    /// Whether a process that lives holds the lock, as far as can be told.
    pub(super) fn is_held(folder: &Path) -> bool {
        let Ok(touched) = fs::metadata(folder).and_then(|about| about.modified()) else {
            return false;
        };
        // One that was touched in the future is held: clocks differ.
        let now = crate::clock::Clock::system().wall();
        now.duration_since(touched).map_or(true, |age| age <= STALE)
    }

    /// Does the work and keeps the lock alive meanwhile.
    pub(super) async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            match tokio::time::timeout(TOUCH, work.as_mut()).await {
                Ok(done) => return done,
                // Who lost the lock goes on: what is under way cannot be taken back.
                Err(_) => {
                    if self.is_ours() {
                        let _ = self.touch();
                    }
                }
            }
        }
    }

    fn touch(&mut self) -> io::Result<()> {
        let folder = open_folder(&self.folder)?;
        folder.set_modified(crate::clock::Clock::system().wall())?;
        self.touched = Some(folder.metadata()?.modified()?);
        Ok(())
    }

    fn is_ours(&self) -> bool {
        let found = fs::metadata(&self.folder).and_then(|about| about.modified());
        found.ok() == self.touched
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.is_ours() {
            let _ = fs::remove_dir(&self.folder);
        }
    }
}

#[cfg(not(windows))]
fn open_folder(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Windows opens a folder only for those who ask for its attributes alone.
#[cfg(windows)]
fn open_folder(path: &Path) -> io::Result<File> {
    use std::os::windows::fs::OpenOptionsExt as _;
    const FILE_READ_AND_WRITE_ATTRIBUTES: u32 = 0x0180;
    const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;
    fs::OpenOptions::new()
        .access_mode(FILE_READ_AND_WRITE_ATTRIBUTES)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS)
        .open(path)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    fn untouched_for(folder: &Path, age: Duration) {
        let then = Clock::system().wall() - age;
        open_folder(folder).unwrap().set_modified(then).unwrap();
    }

    #[test]
    fn the_locks_stand_where_sf_looks_for_them() {
        let file = Path::new("/home/ada/.sfdx/ada@example.com.json");
        assert_eq!(
            Lock::of_rotation(file),
            Path::new("/home/ada/.sfdx/ada@example.com.json.token-rotation.lock")
        );
        assert_eq!(
            Lock::of_writing(file),
            Path::new("/home/ada/.sfdx/ada@example.com.json.lock")
        );
    }

    #[tokio::test(start_paused = true)]
    async fn one_at_a_time_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        let patience = Duration::from_secs(20);
        let first = Lock::take(path.clone(), patience).await.unwrap();
        assert!(path.is_dir());
        let error = Lock::take(path.clone(), Duration::from_secs(1))
            .await
            .unwrap_err();
        assert!(error.is_transient(), "{error}");
        let release = async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            drop(first);
        };
        let (second, ()) = tokio::join!(Lock::take(path.clone(), patience), release);
        drop(second.unwrap());
        assert!(!path.exists());
    }

    #[tokio::test(start_paused = true)]
    async fn a_lock_of_a_dead_process_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        fs::create_dir(&path).unwrap();
        untouched_for(&path, Duration::from_secs(9));
        assert!(Lock::take(path.clone(), Duration::ZERO).await.is_err());
        untouched_for(&path, Duration::from_secs(11));
        Lock::take(path.clone(), Duration::ZERO).await.unwrap();
        // A clock that was set back makes nobody dead.
        fs::create_dir(&path).unwrap();
        open_folder(&path)
            .unwrap()
            .set_modified(Clock::system().wall() + Duration::from_secs(60))
            .unwrap();
        assert!(Lock::take(path.clone(), Duration::ZERO).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_kept_alive_while_the_work_lasts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        let mut lock = Lock::take(path.clone(), Duration::ZERO).await.unwrap();
        untouched_for(&path, Duration::from_secs(11));
        lock.touched = fs::metadata(&path).unwrap().modified().ok();
        assert!(!Lock::is_held(&path));
        let seen = lock.during(async {
            tokio::time::sleep(Duration::from_secs(6)).await;
            Lock::is_held(&path)
        });
        assert!(seen.await);
    }

    #[tokio::test]
    async fn a_lock_that_somebody_took_over_is_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        let lock = Lock::take(path.clone(), Duration::ZERO).await.unwrap();
        fs::remove_dir(&path).unwrap();
        fs::create_dir(&path).unwrap();
        untouched_for(&path, Duration::from_secs(1));
        drop(lock);
        assert!(path.is_dir());
    }
}
