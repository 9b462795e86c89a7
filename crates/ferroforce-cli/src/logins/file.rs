use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

use super::Login;

const VERSION: u32 = 1;

/// The file with all logins. It is read as a whole, and replaced as a whole.
pub(super) struct LoginsFile<'a>(pub(super) &'a Path);

#[derive(Serialize, Deserialize)]
pub(super) struct Contents {
    version: u32,
    pub(super) logins: Vec<Login>,
}

impl LoginsFile<'_> {
    fn path(&self) -> PathBuf {
        self.0.join("logins.json")
    }

    pub(super) fn read(&self) -> anyhow::Result<Contents> {
        let path = self.path();
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Contents {
                    version: VERSION,
                    logins: Vec::new(),
                });
            }
            Err(error) => {
                return Err(error).with_context(|| format!("{} can't be read", path.display()));
            }
        };
        check_mode(&path)?;
        // The parser's own words could quote a secret.
        match serde_json::from_slice(&text) {
            Ok(
                contents @ Contents {
                    version: VERSION, ..
                },
            ) => Ok(contents),
            _ => bail!(
                "{} was not written by this version of ferroforce: move it away and sign in again",
                path.display()
            ),
        }
    }

    /// Changes what is in the file, with nobody else between reading and writing.
    pub(super) fn change(&self, change: impl FnOnce(&mut Vec<Login>)) -> anyhow::Result<()> {
        let failed = || format!("{} can't be written", self.path().display());
        make_folder(self.0).with_context(failed)?;
        let lock = private(&self.0.join("logins.lock")).with_context(failed)?;
        lock.lock().with_context(failed)?;
        let mut contents = self.read()?;
        change(&mut contents.logins);
        contents
            .logins
            .sort_by(|one, other| one.username.cmp(&other.username));
        let mut new = tempfile::Builder::new()
            .prefix(".logins-")
            .tempfile_in(self.0)
            .with_context(failed)?;
        let text = serde_json::to_vec_pretty(&contents)?;
        new.write_all(&text).with_context(failed)?;
        new.as_file().sync_all().with_context(failed)?;
        new.persist(self.path()).with_context(failed)?;
        Ok(())
    }
}

#[cfg(unix)]
fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;

    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

#[cfg(not(unix))]
fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

/// Secrets that others can read are not used, so that it is noticed.
#[cfg(unix)]
fn check_mode(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!(
            "others can read {0}, which holds secrets: `chmod 600 {0}` helps",
            path.display()
        );
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(_: &Path) -> anyhow::Result<()> {
    Ok(())
}

/// Writes a file as its owner would have to, for tests of what else may be in it.
#[cfg(test)]
pub(super) fn write_private(path: &Path, text: &str) {
    let mut file = private(path).unwrap();
    file.set_len(0).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}
