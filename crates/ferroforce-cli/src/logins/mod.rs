//! The logins that were made from the command line, in files that only their owner can
//! read: who signed in, where and how in one, and each session's tokens in one of its own.

mod file;
mod login;

use std::env;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

pub(crate) use login::{Flow, Hidden, Login, private_key, stored};

use self::file::LoginsFile;

/// Nobody has signed in under this name.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UnknownOrg(pub(crate) String);

/// All logins.
#[derive(Debug)]
pub(crate) struct Logins {
    folder: PathBuf,
}

impl Logins {
    /// Those of this user.
    pub(crate) fn of_user() -> anyhow::Result<Self> {
        let named = |name| env::var_os(name).filter(|value| !value.is_empty());
        let folder = match named("FERROFORCE_HOME") {
            Some(folder) => PathBuf::from(folder),
            None => config_folder(named)
                .context("no folder for logins is known: set FERROFORCE_HOME")?
                .join("ferroforce"),
        };
        Ok(Self { folder })
    }

    /// All of them, by user name.
    pub(crate) fn all(&self) -> anyhow::Result<Vec<Login>> {
        Ok(self.file().read()?.logins)
    }

    /// The login of this alias or user name, or the default one.
    pub(crate) fn find(&self, name: Option<&str>) -> anyhow::Result<Login> {
        let logins = self.all()?;
        let found = match name {
            Some(name) => logins.iter().find(|login| login.is_called(name)),
            None => logins.iter().find(|login| login.default),
        };
        match (found, name) {
            (Some(login), _) => Ok(login.clone()),
            (None, Some(name)) => Err(UnknownOrg(format!(
                "nobody has signed in as {name}: `ferroforce org list` shows who has"
            ))
            .into()),
            (None, None) => Err(UnknownOrg(
                "there is no default org: name one with --target-org, or sign in with --set-default"
                    .to_owned(),
            )
            .into()),
        }
    }

    /// Adds a login, or replaces that of the same user. Its alias is taken from whoever
    /// has it.
    pub(crate) fn add(&self, login: &Login) -> anyhow::Result<()> {
        self.file().change(|logins| {
            logins.retain(|other| other.username != login.username);
            for other in &mut *logins {
                if other.alias == login.alias {
                    other.alias = None;
                }
                other.default &= !login.default;
            }
            logins.push(login.clone());
        })
    }

    pub(crate) fn remove(&self, username: &str) -> anyhow::Result<()> {
        self.file()
            .change(|logins| logins.retain(|login| login.username != username))
    }

    /// The folder with the tokens.
    pub(crate) fn tokens(&self) -> PathBuf {
        self.folder.join("tokens")
    }

    fn file(&self) -> LoginsFile<'_> {
        LoginsFile(&self.folder)
    }

    #[cfg(test)]
    fn of_folder(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }
}

#[cfg(windows)]
fn config_folder(named: impl Fn(&'static str) -> Option<std::ffi::OsString>) -> Option<PathBuf> {
    named("APPDATA").map(PathBuf::from)
}

#[cfg(not(windows))]
fn config_folder(named: impl Fn(&'static str) -> Option<std::ffi::OsString>) -> Option<PathBuf> {
    let own = named("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        // A relative one is to be ignored, says who invented it.
        .filter(|folder| folder.is_absolute());
    own.or_else(|| Some(Path::new(&named("HOME")?).join(".config")))
}

#[cfg(test)]
mod tests;
