use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderValue;
use http::uri::{PathAndQuery, Uri};
use serde::{Deserialize, Serialize};

use super::origin::Origin;
use super::{AuthError, AuthErrorKind, Secret};

/// A token is replaced this long before it expires; one that may be idle for a
/// short time only, a tenth of that before.
const MARGIN: Duration = Duration::from_secs(30);

/// A token for the API of one org. Cheap to clone; the secret is in memory once.
#[derive(Clone)]
pub struct AccessToken(Arc<Inner>);

struct Inner {
    secret: Secret,
    /// `Bearer` and the secret, as every request carries it.
    bearer: HeaderValue,
    origin: Origin,
    expiry: Expiry,
    /// When it was issued, in seconds since the epoch; 0 before that is known.
    issued: AtomicU64,
    identity_url: Option<String>,
    refresh_token: Option<Secret>,
}

/// How a token ends, as a store keeps it, in seconds; moments are counted from
/// the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ends {
    At(u64),
    AfterIdle { limit: u64, last_use: u64 },
}

enum Expiry {
    Unknown,
    At(SystemTime),
    /// A session that lives as long as it is used. Seconds since the epoch of
    /// its last use.
    Idle {
        limit: Duration,
        last_use: AtomicU64,
    },
}

impl AccessToken {
    /// A token for the org at `instance_url`, of which only scheme, host and
    /// port count. Without an expiry it is used until Salesforce turns it down;
    /// a token in JWT format tells its own.
    ///
    /// # Errors
    /// [`AuthErrorKind::Misconfigured`] if the token is empty or no header can
    /// carry it, or if the URL is not `https` (plain `http` is for loopback hosts).
    pub fn new(secret: impl Into<Secret>, instance_url: &str) -> Result<Self, AuthError> {
        let secret = secret.into();
        super::redacted::refuse(secret.expose(), super::redacted::ACCESS_TOKEN)?;
        let bearer = bearer(&secret).ok_or_else(|| {
            AuthError::new(
                AuthErrorKind::Misconfigured,
                "the access token is empty or holds characters that no token has",
            )
        })?;
        let expiry = super::oauth::jwt_expiry(secret.expose()).map_or(Expiry::Unknown, Expiry::At);
        Ok(Self(Arc::new(Inner {
            origin: Origin::of(instance_url)?,
            secret,
            bearer,
            expiry,
            issued: AtomicU64::new(0),
            identity_url: None,
            refresh_token: None,
        })))
    }

    /// The token expires at this moment, used or not.
    #[must_use]
    pub fn expires_at(self, at: SystemTime) -> Self {
        self.edit(|inner| inner.expiry = Expiry::At(at))
    }

    /// The token expires when it has not been used for `limit`, counted from
    /// `now` and then from each use. Salesforce's sessions do so, after two hours
    /// by default.
    #[must_use]
    pub fn expires_after_idle(self, limit: Duration, now: SystemTime) -> Self {
        self.edit(|inner| {
            inner.expiry = Expiry::Idle {
                limit,
                last_use: AtomicU64::new(seconds(now)),
            };
        })
    }

    /// The address of the user's identity, which a token answer carries.
    #[must_use]
    pub(crate) fn identity_url(self, url: Option<String>) -> Self {
        self.edit(|inner| inner.identity_url = url)
    }

    /// The token came with this refresh token, which can replace it. It goes where
    /// the token goes: into the session's store and to the flow that renews it.
    #[must_use]
    pub fn with_refresh_token(self, token: impl Into<Secret>) -> Self {
        let token = token.into();
        self.edit(|inner| inner.refresh_token = Some(token))
    }

    /// The same token where its refresh token is kept elsewhere.
    #[cfg(feature = "sf-cli")]
    pub(super) fn without_refresh_token(self) -> Self {
        self.edit(|inner| inner.refresh_token = None)
    }

    fn edit(self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = match Arc::try_unwrap(self.0) {
            Ok(inner) => inner,
            Err(shared) => Inner {
                secret: shared.secret.clone(),
                bearer: shared.bearer.clone(),
                origin: shared.origin.clone(),
                expiry: shared.expiry.copy(),
                issued: AtomicU64::new(shared.issued.load(Ordering::Relaxed)),
                identity_url: shared.identity_url.clone(),
                refresh_token: shared.refresh_token.clone(),
            },
        };
        change(&mut inner);
        Self(Arc::new(inner))
    }

    /// The token itself.
    pub fn secret(&self) -> &Secret {
        &self.0.secret
    }

    /// The refresh token that came with it, if one did.
    pub fn refresh_token(&self) -> Option<&Secret> {
        self.0.refresh_token.as_ref()
    }

    pub(crate) fn bearer(&self) -> HeaderValue {
        self.0.bearer.clone()
    }

    /// The token alone, which Bulk API 1.0 wants.
    pub(crate) fn session(&self) -> HeaderValue {
        let token = &self.0.bearer.as_bytes()[BEARER.len()..];
        let mut value =
            HeaderValue::from_bytes(token).unwrap_or_else(|_| HeaderValue::from_static(""));
        value.set_sensitive(true);
        value
    }

    /// The org's API host, as `https://host` or `https://host:port`.
    pub fn origin(&self) -> &str {
        self.0.origin.as_str()
    }

    pub(super) fn host(&self) -> &str {
        self.0.origin.authority()
    }

    /// The address of a path on the org's API host.
    pub(crate) fn address(&self, path: PathAndQuery) -> Result<Uri, http::Error> {
        self.0.origin.address(path)
    }

    pub(super) fn at_origin(self, origin: &str) -> Result<Self, AuthError> {
        let origin = Origin::of(origin)?;
        Ok(self.edit(|inner| inner.origin = origin))
    }

    /// The ids of org and user, where the answer named them: the last two parts
    /// of the identity URL.
    pub fn org_and_user(&self) -> Option<(&str, &str)> {
        let mut parts = self.0.identity_url.as_deref()?.rsplit('/');
        let user = parts.next()?;
        Some((parts.next()?, user))
    }

    /// When the token expires if it is not used before, where that is known.
    pub fn expiry(&self) -> Option<SystemTime> {
        match &self.0.expiry {
            Expiry::Unknown => None,
            Expiry::At(at) => Some(*at),
            // A time that no clock can show is never reached.
            Expiry::Idle { limit, last_use } => UNIX_EPOCH
                .checked_add(Duration::from_secs(last_use.load(Ordering::Relaxed)))?
                .checked_add(*limit),
        }
    }

    pub(super) fn identity(&self) -> Option<&str> {
        self.0.identity_url.as_deref()
    }

    pub(super) fn issued_at(&self) -> u64 {
        self.0.issued.load(Ordering::Relaxed)
    }

    pub(super) fn ends(&self) -> Option<Ends> {
        match &self.0.expiry {
            Expiry::Unknown => None,
            Expiry::At(at) => Some(Ends::At(seconds(*at))),
            Expiry::Idle { limit, last_use } => Some(Ends::AfterIdle {
                limit: limit.as_secs(),
                last_use: last_use.load(Ordering::Relaxed),
            }),
        }
    }

    /// The token as it was when a store took it: how it ends and when it was issued.
    pub(super) fn restored(self, ends: Option<Ends>, issued: u64) -> Self {
        self.edit(|inner| {
            inner.expiry = match ends {
                None => Expiry::Unknown,
                // A moment that no clock can show is never reached.
                Some(Ends::At(at)) => UNIX_EPOCH
                    .checked_add(Duration::from_secs(at))
                    .map_or(Expiry::Unknown, Expiry::At),
                Some(Ends::AfterIdle { limit, last_use }) => Expiry::Idle {
                    limit: Duration::from_secs(limit),
                    last_use: AtomicU64::new(last_use),
                },
            };
            inner.issued = AtomicU64::new(issued);
        })
    }

    /// Whether it is time to replace the token, some time before it expires.
    pub(super) fn is_due(&self, now: SystemTime) -> bool {
        let Some(at) = self.expiry() else {
            return false;
        };
        let lifetime = match &self.0.expiry {
            Expiry::Idle { limit, .. } => *limit,
            Expiry::Unknown | Expiry::At(_) => match self.0.issued.load(Ordering::Relaxed) {
                0 => Duration::MAX,
                issued => at
                    .duration_since(UNIX_EPOCH + Duration::from_secs(issued))
                    .unwrap_or_default(),
            },
        };
        now + MARGIN.min(lifetime / 10) >= at
    }

    /// Notes when the token was issued, which tells how long it lives.
    pub(super) fn issued(&self, now: SystemTime) {
        self.0.issued.store(seconds(now), Ordering::Relaxed);
    }

    pub(super) fn is_dead(&self, now: SystemTime) -> bool {
        self.expiry().is_some_and(|at| now >= at)
    }

    pub(super) fn used(&self, now: SystemTime) {
        if let Expiry::Idle { last_use, .. } = &self.0.expiry {
            last_use.fetch_max(seconds(now), Ordering::Relaxed);
        }
    }
}

impl Expiry {
    fn copy(&self) -> Self {
        match self {
            Self::Unknown => Self::Unknown,
            Self::At(at) => Self::At(*at),
            Self::Idle { limit, last_use } => Self::Idle {
                limit: *limit,
                last_use: AtomicU64::new(last_use.load(Ordering::Relaxed)),
            },
        }
    }
}

const BEARER: &str = "Bearer ";

fn bearer(secret: &Secret) -> Option<HeaderValue> {
    let token = secret.expose();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let mut value = HeaderValue::try_from(format!("{BEARER}{token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("secret", &self.0.secret)
            .field("origin", &self.0.origin)
            .field("expiry", &self.expiry())
            .field("refresh_token", &self.0.refresh_token)
            .finish()
    }
}
