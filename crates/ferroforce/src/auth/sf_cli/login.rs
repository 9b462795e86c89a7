use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::auth_file::{AuthFile, Stored};
use super::cipher::Key;
use super::lock::Lock;
use super::{AuthUrl, LoginInfo, LoginKind, files};
use crate::auth::{
    AccessToken, Auth, AuthContext, AuthError, AuthErrorKind, FlowIdentity, JwtBearer, PrivateKey,
    RefreshToken, Secret,
};
use crate::client::OrgUrl;

const PRODUCTION: &str = "https://login.salesforce.com";

/// The app that `sf` signs in with, which is meant where a file names none.
const APP_OF_SF: &str = "PlatformCLI";

/// How long another process may take over a refresh. A sign-in has sixty seconds in all,
/// of which the refresh itself needs some.
const PATIENCE: Duration = Duration::from_secs(25);

/// How long a file is waited for that somebody else writes.
const WRITE_PATIENCE: Duration = Duration::from_secs(5);

/// What was written to the file so recently by somebody else is a token that he has just
/// got, and as good as one of our own.
const RECENT: Duration = Duration::from_secs(60);

/// A login of `sf`, to sign in with. Made by [`SfCli::login`](super::SfCli::login).
///
/// It begins with the access token that `sf` got last, so that a program that starts
/// signs in not at all. When that has ended it does what `sf` does: it exchanges the
/// refresh token, or signs with the private key. Programs that do so at the same time,
/// `sf` among them, wait for each other; who comes second takes the token of the first.
#[derive(Clone)]
pub struct Login(Arc<Inner>);

struct Inner {
    info: LoginInfo,
    source: Source,
}

enum Source {
    /// An access token in the place of a login.
    Token(AccessToken),
    File(File),
}

struct File {
    path: PathBuf,
    key: Arc<Key>,
    /// A refresh token that was sent, and of which it is not known what it became. Sent
    /// again, it would end every session that came of it.
    lost: Mutex<Option<Secret>>,
}

impl Login {
    pub(super) fn of_token(token: AccessToken) -> Self {
        let info = LoginInfo {
            username: String::new(),
            aliases: Vec::new(),
            is_default: false,
            org_id: token
                .secret()
                .expose()
                .split_once('!')
                .map(|(org, _)| org.to_owned()),
            instance_url: Some(token.origin().to_owned()),
            kind: LoginKind::AccessToken,
            is_sandbox: false,
            is_scratch: false,
        };
        Self(Arc::new(Inner {
            info,
            source: Source::Token(token),
        }))
    }

    /// # Errors
    /// What is broken in the file.
    pub(super) fn of_file(
        info: LoginInfo,
        path: PathBuf,
        key: Arc<Key>,
        file: &AuthFile,
    ) -> Result<Self, AuthError> {
        // A key that does not fit is told now rather than by the first request.
        file.decrypt(&key)?;
        Ok(Self(Arc::new(Inner {
            info,
            source: Source::File(File {
                path,
                key,
                lost: Mutex::default(),
            }),
        })))
    }

    /// Whose login it is, and of which org.
    pub fn info(&self) -> &LoginInfo {
        &self.0.info
    }
}

impl Auth for Login {
    async fn acquire(&self, cx: &AuthContext) -> Result<AccessToken, AuthError> {
        match &self.0.source {
            Source::Token(token) => Ok(token.clone()),
            Source::File(file) => {
                let stored = file.read().await?.1;
                match stored.token()? {
                    Some(token) => Ok(token),
                    None => self.renew(cx, file, None).await,
                }
            }
        }
    }

    async fn refresh(
        &self,
        cx: &AuthContext,
        current: &AccessToken,
    ) -> Result<AccessToken, AuthError> {
        match &self.0.source {
            Source::Token(_) => Err(self.ended()),
            Source::File(file) => self.renew(cx, file, Some(current)).await,
        }
    }

    fn identity(&self, _: &AuthContext) -> Result<FlowIdentity, AuthError> {
        let info = self.info();
        if info.username.is_empty() {
            return Err(AuthError::new(
                AuthErrorKind::NoIdentity,
                "an access token in the place of a login does not tell whose it is, so no store \
                 can keep it",
            ));
        }
        let host = info.instance_url.as_deref().unwrap_or(PRODUCTION);
        Ok(FlowIdentity::new("sf-login", host).user(&info.username))
    }
}

impl Login {
    async fn renew(
        &self,
        cx: &AuthContext,
        file: &File,
        current: Option<&AccessToken>,
    ) -> Result<AccessToken, AuthError> {
        let (_, stored) = file.read().await?;
        match (&stored.refresh_token, &stored.private_key) {
            (Some(_), _) => file.exchange(cx, current).await,
            (None, Some(key)) => self.sign(cx, &stored, key).await,
            (None, None) => Err(self.ended()),
        }
    }

    async fn sign(
        &self,
        cx: &AuthContext,
        stored: &Stored,
        path: &Path,
    ) -> Result<AccessToken, AuthError> {
        let client_id = stored.client_id.as_deref().unwrap_or_default();
        let file = path.to_owned();
        let key = tokio::task::spawn_blocking(move || PrivateKey::from_pem_file(file))
            .await
            .map_err(|error| {
                AuthError::new(AuthErrorKind::Panicked, "the private key was not read")
                    .with_source(error)
            })?
            .map_err(|error| {
                AuthError::new(
                    AuthErrorKind::Misconfigured,
                    format!("the private key of the sf login cannot be read: {error}"),
                )
            })?;
        let flow =
            JwtBearer::new(client_id, &self.info().username, key).login_url(stored.login_url());
        // The audience follows from the org, which the client need not have been told.
        let org: Option<OrgUrl> = stored
            .instance_url
            .as_deref()
            .and_then(|url| url.parse().ok());
        flow.acquire_for(cx, org.as_ref().or_else(|| cx.org_url()))
            .await
    }

    fn ended(&self) -> AuthError {
        AuthError::coded(
            AuthErrorKind::SignInAgain,
            "session ended",
            "the access token has ended, and the sf login has neither refresh token nor private \
             key to get another",
            Some("Sign in again: sf org login web, or sf org login access-token"),
        )
    }
}

impl File {
    async fn read(&self) -> Result<(AuthFile, Stored), AuthError> {
        let file = AuthFile::read(&self.path).await?.ok_or_else(|| {
            AuthError::new(
                AuthErrorKind::SignInAgain,
                "the login of sf is gone: somebody logged out. Sign in again: sf org login web",
            )
        })?;
        let stored = file.decrypt(&self.key)?;
        Ok((file, stored))
    }

    /// Exchanges the refresh token, while no other process does.
    async fn exchange(
        &self,
        cx: &AuthContext,
        current: Option<&AccessToken>,
    ) -> Result<AccessToken, AuthError> {
        let mut lock = Lock::take(Lock::of_rotation(&self.path), PATIENCE).await?;
        lock.during(async {
            let (file, stored) = self.read().await?;
            let recent = file
                .written
                .and_then(|written| cx.now().duration_since(written).ok())
                .is_some_and(|age| age < RECENT);
            if let Some(token) = stored.token()?
                && recent
                && current.is_some_and(|current| current.secret() != token.secret())
            {
                return Ok(token);
            }
            // It had one when the lock was asked for.
            let Some(old) = &stored.refresh_token else {
                return stored.token()?.ok_or_else(used_up);
            };
            if self.lost().as_ref() == Some(old) {
                return Err(used_up());
            }
            let granted = self.spend(cx, &stored, old).await?;
            match granted.refresh_token() {
                Some(new) if new != old => self.keep(file, new, &granted).await?,
                _ => {}
            }
            *self.lost() = None;
            Ok(granted.without_refresh_token())
        })
        .await
    }

    async fn spend(
        &self,
        cx: &AuthContext,
        stored: &Stored,
        token: &Secret,
    ) -> Result<AccessToken, AuthError> {
        let client_id = stored.client_id.as_deref().unwrap_or(APP_OF_SF);
        let mut flow = RefreshToken::new(client_id, token.clone()).login_url(stored.login_url());
        if let Some(secret) = &stored.client_secret {
            flow = flow.client_secret(secret.clone());
        }
        // From here to the answer the token is in nobody's hands, and this may be dropped.
        *self.lost() = Some(token.clone());
        let error = match flow.acquire(cx).await {
            Ok(granted) => return Ok(granted),
            Err(error) => error,
        };
        if error.kind() != AuthErrorKind::Unclear {
            *self.lost() = None;
        }
        Err(match error.kind() {
            AuthErrorKind::SignInAgain => AuthError::coded(
                error.kind(),
                error.code().unwrap_or("invalid_grant"),
                error.description(),
                Some("Sign in again: sf org login web"),
            ),
            _ => error,
        })
    }

    /// Writes a new refresh token, with the access token that came with it, to the file.
    async fn keep(
        &self,
        mut file: AuthFile,
        refresh_token: &Secret,
        granted: &AccessToken,
    ) -> Result<(), AuthError> {
        let lock = Lock::take(Lock::of_writing(&self.path), WRITE_PATIENCE).await;
        if lock.is_ok() {
            // Somebody may have written other things meanwhile, which are to stay.
            if let Ok(Some(newest)) = AuthFile::read(&self.path).await {
                file = newest;
            }
        }
        // Without the lock it is written all the same: the old token is worth nothing.
        for (name, secret) in [
            ("refreshToken", refresh_token),
            ("accessToken", granted.secret()),
        ] {
            let mut random = [0; 12];
            let sealed = aws_lc_rs::rand::fill(&mut random)
                .ok()
                .and_then(|()| self.key.seal(secret, random))
                .ok_or_else(|| not_kept("it could not be encrypted"))?;
            file.members
                .set(name, &sealed)
                .map_err(|error| not_kept("it could not be encoded").with_source(error))?;
        }
        let json = file
            .members
            .write()
            .map_err(|error| not_kept("it could not be encoded").with_source(error))?;
        let path = self.path.clone();
        // Once begun it ends, whoever goes away meanwhile.
        tokio::task::spawn_blocking(move || {
            let written = files::replace(&path, &json);
            drop(lock);
            written
        })
        .await
        .map_err(|error| not_kept("the writing broke off").with_source(error))?
        .map_err(|error| not_kept("the file could not be written").with_source(error))
    }

    fn lost(&self) -> std::sync::MutexGuard<'_, Option<Secret>> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stored {
    fn token(&self) -> Result<Option<AccessToken>, AuthError> {
        let Some(secret) = &self.access_token else {
            return Ok(None);
        };
        let url = self.instance_url.as_deref().ok_or_else(|| {
            AuthError::new(
                AuthErrorKind::Misconfigured,
                "the sf login does not say which org it is for",
            )
        })?;
        AccessToken::new(secret.clone(), url).map(Some)
    }

    fn login_url(&self) -> &str {
        let url = self.login_url.as_deref().or(self.instance_url.as_deref());
        url.unwrap_or(PRODUCTION)
    }
}

fn used_up() -> AuthError {
    AuthError::coded(
        AuthErrorKind::SignInAgain,
        "refresh token lost",
        "the refresh token was sent and what came of it was lost, so it may be used up; sent again, \
         it would end every session that came of it",
        Some("Sign in again: sf org login web"),
    )
}

fn not_kept(why: &str) -> AuthError {
    AuthError::new(
        AuthErrorKind::SignInAgain,
        format!(
            "Salesforce gave a new refresh token, and {why}, so sf has one that is used up. Sign in \
             again: sf org login web"
        ),
    )
}

impl From<AuthUrl> for RefreshToken {
    fn from(url: AuthUrl) -> Self {
        let flow =
            Self::new(url.client_id(), url.refresh_token().clone()).login_url(url.login_url());
        match url.client_secret() {
            Some(secret) => flow.client_secret(secret.clone()),
            None => flow,
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("kind", &self.info().kind)
            .finish_non_exhaustive()
    }
}
