//! Reading and replacing the files of `sf`.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::io::AsyncReadExt as _;
use zeroize::Zeroizing;

use super::lock::Lock;
use super::members::Members;
use crate::auth::{AuthError, AuthErrorKind};

/// The largest file that is read, in bytes. Those of `sf` are a few thousand.
const LARGEST: u64 = 1 << 20;

/// `sf` writes its files in place, so one may be met half written: how often it is
/// read again, and after which wait.
const READS: u32 = 20;
const BETWEEN_READS: Duration = Duration::from_millis(50);

/// A file of `sf`: an object in JSON.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) members: Members,
    /// When it was written.
    pub(super) written: Option<SystemTime>,
}

/// Reads an object. Nothing where there is no such file.
pub(super) async fn read(path: &Path) -> Result<Option<Found>, AuthError> {
    let mut reads = 0;
    loop {
        reads += 1;
        let Some((json, written)) = read_bytes(path).await? else {
            return Ok(None);
        };
        match Members::parse(&json) {
            Ok(members) => return Ok(Some(Found { members, written })),
            Err(_) if reads < READS && Lock::is_held(&Lock::of_writing(path)) => {
                tokio::time::sleep(BETWEEN_READS).await;
            }
            // serde's words could quote a token, its place cannot.
            Err(error) => {
                return Err(broken(
                    path,
                    &format!(
                        "is no JSON object: line {}, column {}",
                        error.line(),
                        error.column()
                    ),
                ));
            }
        }
    }
}

type Bytes = (Zeroizing<Vec<u8>>, Option<SystemTime>);

async fn read_bytes(path: &Path) -> Result<Option<Bytes>, AuthError> {
    let unreadable = |error| unreadable(path, error);
    let about = match tokio::fs::metadata(path).await {
        Ok(about) => about,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    // A pipe would be waited for.
    if !about.is_file() {
        return Err(broken(path, "is no file"));
    }
    let mut json = Zeroizing::new(Vec::new());
    let file = match tokio::fs::File::open(path).await {
        Ok(file) => file,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    file.take(LARGEST + 1)
        .read_to_end(&mut json)
        .await
        .map_err(unreadable)?;
    if json.len() as u64 > LARGEST {
        return Err(broken(path, "is larger than 1 MiB"));
    }
    Ok(Some((json, about.modified().ok())))
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn unreadable(path: &Path, error: io::Error) -> AuthError {
    broken(path, "cannot be read").with_source(error)
}

pub(super) fn broken(path: &Path, why: &str) -> AuthError {
    AuthError::new(
        AuthErrorKind::Misconfigured,
        format!("the file {} of sf {why}", path.display()),
    )
}

/// Puts `json` in the place of what the file held, for its owner only. Who reads
/// meanwhile finds the one or the other.
pub(super) fn replace(path: &Path, json: &str) -> io::Result<()> {
    // What a link leads to is replaced, and the link stays.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().unwrap_or(Path::new("."));
    let fresh = beside(&path, folder);
    let written = write_new(&fresh, json).and_then(|()| std::fs::rename(&fresh, &path));
    if written.is_err() {
        // It holds a token, so it is not left behind.
        let _ = std::fs::remove_file(&fresh);
    }
    written?;
    // The name itself lasts only with its folder.
    #[cfg(unix)]
    std::fs::File::open(folder)?.sync_all()?;
    Ok(())
}

/// A name that `sf` takes for none of its files.
fn beside(path: &Path, folder: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    folder.join(format!(".{name}.{:016x}.new", fastrand::u64(..)))
}

fn write_new(path: &Path, json: &str) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(json.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_is_absent_is_nothing_and_any_other_trouble_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        assert!(read(&path).await.unwrap().is_none());
        assert!(read(&path.join("below")).await.unwrap().is_none());
        let refused = async |path: &Path| read(path).await.err().unwrap().to_string();
        assert!(refused(folder.path()).await.contains("is no file"));
        std::fs::write(&path, "{\"token\": \"00D!secret\", oops").unwrap();
        assert!(read(&path.join("below")).await.unwrap().is_none());
        let said = refused(&path).await;
        assert!(said.contains("line 1, column 25"), "{said}");
        assert!(!said.contains("secret"), "{said}");
        std::fs::write(&path, vec![b' '; 1 << 21]).unwrap();
        assert!(refused(&path).await.contains("larger than 1 MiB"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_half_written_file_is_read_again_while_sf_writes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        std::fs::write(&path, "{\"a\"").unwrap();
        std::fs::create_dir(Lock::of_writing(&path)).unwrap();
        let writer = async {
            tokio::time::sleep(BETWEEN_READS / 2).await;
            std::fs::write(&path, "{\"a\":\"x\"}").unwrap();
        };
        let (found, ()) = tokio::join!(read(&path), writer);
        assert_eq!(found.unwrap().unwrap().members.text("a").unwrap(), "x");
        // A writer that never ends is not waited for without end.
        std::fs::write(&path, "{\"a\"").unwrap();
        assert!(read(&path).await.is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_replaced_file_is_its_owner_s_and_a_link_stays_one() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a.json"), folder.path().join("b.json"));
        std::fs::write(&path, "old").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        replace(&link, "new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
