//! Files that only their owner may read: keys and certificates for other programs.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tempfile::{NamedTempFile, TempDir};

/// A folder for files with secrets: one that was given, or one that goes with this value.
#[derive(Debug)]
pub(crate) struct Files {
    given: Option<PathBuf>,
    /// Made when the first file is written.
    own: Mutex<Option<TempDir>>,
}

impl Files {
    /// Files in this folder, which is made if it is missing, or in a fresh one.
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self {
            given: folder,
            own: Mutex::new(None),
        }
    }

    /// Writes a file with mode 0600, whatever was there, and returns its path. Whoever reads it
    /// meanwhile sees the old file or the new one, never half of one.
    pub(crate) fn write(&self, name: &str, contents: &str) -> io::Result<PathBuf> {
        let folder = self.folder()?;
        // Such files have mode 0600 from the start, and take it with them.
        let mut file = NamedTempFile::new_in(&folder)?;
        file.write_all(contents.as_bytes())?;
        let path = folder.join(name);
        file.persist(&path).map_err(|error| error.error)?;
        Ok(path)
    }

    fn folder(&self) -> io::Result<PathBuf> {
        if let Some(given) = &self.given {
            fs::create_dir_all(given)?;
            return Ok(given.clone());
        }
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = match own.take() {
            Some(folder) => folder,
            None => tempfile::Builder::new()
                .prefix("ferroforce-org-")
                .tempdir()?,
        };
        let path = Path::to_owned(folder.path());
        *own = Some(folder);
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn files_are_for_their_owner_only() {
        use std::os::unix::fs::PermissionsExt;

        let given = TempDir::new().unwrap();
        let folder = given.path().join("made/on/demand");
        for files in [Files::new(Some(folder)), Files::new(None)] {
            let path = files.write("key.pem", "one").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            assert_eq!(files.write("key.pem", "two").unwrap(), path);
            assert_eq!(fs::read_to_string(&path).unwrap(), "two");
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
    }

    #[test]
    fn a_fresh_folder_goes_with_its_owner_and_a_given_one_stays() {
        let given = TempDir::new().unwrap();
        let files = Files::new(Some(given.path().to_owned()));
        let stays = files.write("a", "").unwrap();
        drop(files);
        assert!(stays.exists());
        let files = Files::new(None);
        let goes = files.write("a", "").unwrap();
        assert_eq!(files.write("b", "").unwrap().parent(), goes.parent());
        drop(files);
        assert!(!goes.exists());
    }
}
