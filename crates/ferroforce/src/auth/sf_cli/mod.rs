//! The logins that a person already has with `sf`, the Salesforce CLI.
//!
//! Only when asked for: nothing in this crate looks at the files of `sf` unless a
//! [`SfCli`] is made. They are read as `sf` itself reads them, without running it:
//! aliases and default org, both generations of encryption, every keychain.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use ferroforce::Salesforce;
//! use ferroforce::auth::sf_cli::SfCli;
//!
//! // An alias or a username, as for `sf … --target-org`.
//! let login = SfCli::from_env()?.login("my-sandbox").await?;
//! let salesforce = Salesforce::builder(login).build()?;
//! # Ok(())
//! # }
//! ```
//!
//! What is written to the files of `sf` is one thing alone: a refresh token that took
//! the place of the one in the file, since `sf` itself could not sign in any more
//! without it. It is written under the locks that `sf` takes.

mod auth_file;
mod auth_url;
mod cipher;
mod config;
mod files;
mod hexadecimal;
mod keychain;
mod lock;
mod login;
mod members;

use std::path::PathBuf;
use std::sync::Arc;

pub use auth_url::AuthUrl;
pub use keychain::Keychain;
pub use login::Login;

use super::{AccessToken, AuthError, AuthErrorKind, redacted};
use auth_file::AuthFile;

/// The files of `sf` of one user.
#[derive(Debug, Clone)]
pub struct SfCli {
    home: PathBuf,
    folder: Option<PathBuf>,
    target_org: Option<String>,
    instance_url: Option<String>,
    keychain: Keychain,
}

/// How a login gets new access tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LoginKind {
    /// By a refresh token: `sf org login web`, `sf org login sfdx-url`.
    RefreshToken,
    /// By a private key: `sf org login jwt`.
    Jwt,
    /// Not at all: `sf org login access-token`.
    AccessToken,
}

/// A login of `sf`, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginInfo {
    /// The user who signed in.
    pub username: String,
    /// Other names for this login.
    pub aliases: Vec<String>,
    /// Whether this one is meant where none is named.
    pub is_default: bool,
    /// The id of the org.
    pub org_id: Option<String>,
    /// The address of the org.
    pub instance_url: Option<String>,
    /// How it gets new access tokens.
    pub kind: LoginKind,
    /// Whether `sf` knows the org as a sandbox.
    pub is_sandbox: bool,
    /// Whether `sf` knows the org as a scratch org.
    pub is_scratch: bool,
}

impl SfCli {
    /// The files of the user who runs this program, as `sf` would use them here: with
    /// the project of the current folder and the variables `SF_TARGET_ORG`,
    /// `SF_ORG_INSTANCE_URL`, `SF_USE_GENERIC_UNIX_KEYCHAIN`, `SFDX_SECRET_TOOL_PATH`,
    /// and the older names that `sf` takes for them.
    ///
    /// # Errors
    /// [`AuthErrorKind::Misconfigured`] if the user has no home.
    pub fn from_env() -> Result<Self, AuthError> {
        let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
        let home = home.ok_or_else(|| {
            AuthError::new(
                AuthErrorKind::Misconfigured,
                "it is not known where the files of sf are: this user has no home",
            )
        })?;
        let folder = std::env::current_dir().ok();
        Ok(Self {
            folder,
            ..Self::in_home(home)
        }
        .variables(|name| std::env::var(name).ok()))
    }

    /// The files below this home, whatever the environment says.
    pub fn in_home(home: impl Into<PathBuf>) -> Self {
        Self {
            home: home.into(),
            folder: None,
            target_org: None,
            instance_url: None,
            keychain: Keychain::default(),
        }
    }

    fn variables(mut self, variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |names: [&str; 2]| {
            names
                .into_iter()
                .find_map(|name| variable(name).filter(|value| !value.is_empty()))
        };
        self.target_org = set(["SF_TARGET_ORG", "SFDX_DEFAULTUSERNAME"]);
        self.instance_url = set(["SF_ORG_INSTANCE_URL", "SFDX_INSTANCE_URL"]);
        let generic = set(["SF_USE_GENERIC_UNIX_KEYCHAIN", "USE_GENERIC_UNIX_KEYCHAIN"]);
        let is_true = |value: String| value == "1" || value.eq_ignore_ascii_case("true");
        self.keychain = if generic.is_some_and(is_true) {
            Keychain::File
        } else if let Some(program) =
            variable("SFDX_SECRET_TOOL_PATH").filter(|_| cfg!(target_os = "linux"))
        {
            Keychain::SecretTool(program.into())
        } else {
            Keychain::Usual
        };
        self
    }

    /// Whose project tells the default org: that of this folder, or of the nearest one
    /// above with a `sfdx-project.json`.
    #[must_use]
    pub fn in_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// The default org, whatever the files say (`SF_TARGET_ORG`).
    #[must_use]
    pub fn target_org(mut self, name: impl Into<String>) -> Self {
        self.target_org = Some(name.into());
        self
    }

    /// The org of an access token that is given in the place of a name
    /// (`SF_ORG_INSTANCE_URL`).
    #[must_use]
    pub fn instance_url(mut self, url: impl Into<String>) -> Self {
        self.instance_url = Some(url.into());
        self
    }

    /// Where the key lies.
    #[must_use]
    pub fn keychain(mut self, keychain: Keychain) -> Self {
        self.keychain = keychain;
        self
    }

    /// The alias or username that is meant where none is named, if there is one.
    ///
    /// # Errors
    /// [`AuthErrorKind::Misconfigured`] for a file that cannot be read.
    pub async fn default_org(&self) -> Result<Option<String>, AuthError> {
        if let Some(org) = &self.target_org {
            return Ok(Some(org.clone()));
        }
        let project = self.folder.as_deref().and_then(config::project_of);
        config::default_org(&self.home, project).await
    }

    /// Every login, in the order of the usernames. What is no login of `sf` is passed
    /// over, and so is a file that cannot be read.
    ///
    /// # Errors
    /// [`AuthErrorKind::Misconfigured`] if the folder or the aliases cannot be read.
    pub async fn logins(&self) -> Result<Vec<LoginInfo>, AuthError> {
        let aliases = config::aliases(&self.home).await?;
        let default = self.default_org().await?;
        let mut logins = Vec::new();
        for username in auth_file::usernames(&self.state()).await? {
            let path = self.auth_file(&username)?;
            if let Ok(Some(file)) = AuthFile::read(&path).await {
                logins.push(file.info(username, &aliases, default.as_deref()));
            }
        }
        Ok(logins)
    }

    /// The login of this alias or username. An access token may stand in the place of a
    /// name, where the [`instance_url`](Self::instance_url) tells its org.
    ///
    /// # Errors
    /// [`AuthErrorKind::Misconfigured`] if there is no such login, or if it cannot be
    /// read or decrypted.
    pub async fn login(&self, name: &str) -> Result<Login, AuthError> {
        redacted::refuse(name, redacted::ACCESS_TOKEN)?;
        if is_token(name) {
            let url = self.instance_url.as_deref().ok_or_else(|| {
                AuthError::new(
                    AuthErrorKind::Misconfigured,
                    "an access token in the place of a login needs the address of its org: set \
                     SF_ORG_INSTANCE_URL",
                )
            })?;
            return Ok(Login::of_token(AccessToken::new(name, url)?));
        }
        let aliases = config::aliases(&self.home).await?;
        let username = aliases
            .iter()
            .find(|(alias, _)| alias == name)
            .map_or(name, |(_, username)| username);
        let path = self.auth_file(username)?;
        let Some(file) = AuthFile::read(&path).await? else {
            return Err(unknown(name, username));
        };
        let key = Arc::new(self.keychain.key(&self.state()).await?);
        let default = self.default_org().await?;
        let info = file.info(username.to_owned(), &aliases, default.as_deref());
        Login::of_file(info, path, key, &file)
    }

    /// The login that is meant where none is named.
    ///
    /// # Errors
    /// As [`login`](Self::login), and if there is no default org.
    pub async fn default_login(&self) -> Result<Login, AuthError> {
        match self.default_org().await? {
            Some(name) => self.login(&name).await,
            None => Err(AuthError::new(
                AuthErrorKind::Misconfigured,
                "sf has no default org here: name one, or set one by: sf config set target-org ORG",
            )),
        }
    }

    /// The folder of the auth files and the key.
    fn state(&self) -> PathBuf {
        self.home.join(".sfdx")
    }

    fn auth_file(&self, username: &str) -> Result<PathBuf, AuthError> {
        let is_name = !username.is_empty()
            && !username.starts_with('.')
            && !username.contains(['/', '\\', ':'])
            && !username.chars().any(char::is_control);
        if !is_name {
            return Err(unknown(username, username));
        }
        Ok(self.state().join(format!("{username}.json")))
    }
}

fn is_token(name: &str) -> bool {
    name.starts_with("00D") && name.contains('!')
}

fn unknown(name: &str, username: &str) -> AuthError {
    let meant = if name == username {
        String::new()
    } else {
        format!(" (an alias of {username:?})")
    };
    AuthError::new(
        AuthErrorKind::Misconfigured,
        format!(
            "sf has no login {name:?}{meant}. Its logins are listed by: sf org list auth; a new one is \
             made by: sf org login web"
        ),
    )
}

#[cfg(test)]
mod tests;
