//! One login of `sf`: the file of a user.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::cipher::{Broken, Key};
use super::files::{self, Found};
use super::members::Members;
use super::{LoginInfo, LoginKind};
use crate::auth::{AuthError, AuthErrorKind, Secret};

/// A file as it was read.
pub(super) struct AuthFile {
    pub(super) members: Members,
    pub(super) written: Option<SystemTime>,
    path: PathBuf,
}

/// What a file holds, decrypted.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) instance_url: Option<String>,
    pub(super) login_url: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<Secret>,
    pub(super) access_token: Option<Secret>,
    pub(super) refresh_token: Option<Secret>,
    pub(super) private_key: Option<PathBuf>,
}

impl AuthFile {
    pub(super) async fn read(path: &Path) -> Result<Option<Self>, AuthError> {
        let found = files::read(path).await?;
        Ok(found.map(|Found { members, written }| Self {
            members,
            written,
            path: path.to_owned(),
        }))
    }

    fn kind(&self) -> LoginKind {
        // A login by key that became one by browser keeps the path of the key.
        if self.members.text("refreshToken").is_some() {
            LoginKind::RefreshToken
        } else if self.members.text("privateKey").is_some() {
            LoginKind::Jwt
        } else {
            LoginKind::AccessToken
        }
    }

    pub(super) fn info(
        &self,
        username: String,
        aliases: &[(String, String)],
        default: Option<&str>,
    ) -> LoginInfo {
        let aliases: Vec<String> = aliases
            .iter()
            .filter(|(_, meant)| *meant == username)
            .map(|(alias, _)| alias.clone())
            .collect();
        LoginInfo {
            is_default: default
                .is_some_and(|name| name == username || aliases.iter().any(|alias| alias == name)),
            org_id: self.members.text("orgId"),
            instance_url: self.members.text("instanceUrl"),
            kind: self.kind(),
            is_sandbox: self.members.is_true("isSandbox"),
            is_scratch: self.members.is_true("isScratch")
                || self.members.text("devHubUsername").is_some(),
            username,
            aliases,
        }
    }

    pub(super) fn decrypt(&self, key: &Key) -> Result<Stored, AuthError> {
        let secret = |name: &str| match self.members.text(name) {
            Some(field) => key
                .open(&field)
                .map(Some)
                .map_err(|why| self.broken(name, why)),
            None => Ok(None),
        };
        Ok(Stored {
            instance_url: self.members.text("instanceUrl"),
            login_url: self.members.text("loginUrl"),
            client_id: self.members.text("clientId"),
            client_secret: secret("clientSecret")?.filter(|secret| !secret.is_empty()),
            access_token: secret("accessToken")?.filter(|token| !token.is_empty()),
            refresh_token: secret("refreshToken")?.filter(|token| !token.is_empty()),
            private_key: self.members.text("privateKey").map(PathBuf::from),
        })
    }

    fn broken(&self, name: &str, why: Broken) -> AuthError {
        let why = match why {
            Broken::Form => "has not the form of an encrypted field",
            Broken::Tag => {
                "was encrypted with another key than the one in the keychain, or changed since"
            }
        };
        AuthError::new(
            AuthErrorKind::Misconfigured,
            format!(
                "{name} in the file {} of sf {why}. A new login by: sf org login web, writes it anew",
                self.path.display()
            ),
        )
    }
}

/// The users who have a file, sorted.
pub(super) async fn usernames(state: &Path) -> Result<Vec<String>, AuthError> {
    let mut entries = match tokio::fs::read_dir(state).await {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(files::broken(state, "cannot be read").with_source(error)),
    };
    let mut names = Vec::new();
    while let Some(entry) = entries
        .next_entry()
        .await
        .map_err(|error| files::broken(state, "cannot be read").with_source(error))?
    {
        if let Some(name) = entry.file_name().to_str().and_then(username_of) {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// The user that a file is named after: `ada@example.com.json`. Other files stand beside
/// them.
fn username_of(file: &str) -> Option<&str> {
    let name = file.strip_suffix(".json")?;
    let (user, domain) = name.split_once('@')?;
    let is_user = !user.is_empty() && !user.starts_with('.') && !domain.contains('@');
    let is_domain = domain.split('.').all(|label| !label.is_empty())
        && domain.contains('.')
        && !domain.contains(char::is_whitespace);
    (is_user && is_domain).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_named_after_a_user_are_logins() {
        for (file, user) in [
            ("ada@example.com.json", Some("ada@example.com")),
            ("ada@example.com.full.json", Some("ada@example.com.full")),
            ("alias.json", None),
            ("key.json", None),
            (".ada@example.com.json", None),
            ("ada@example.json", None),
            ("ada@example..com.json", None),
            ("ada@example.com.json.lock", None),
            ("00D000000000001.sandbox.json", None),
        ] {
            assert_eq!(username_of(file), user, "{file}");
        }
    }
}
