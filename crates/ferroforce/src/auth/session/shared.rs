//! A sign-in that is shared by way of a store.
//!
//! Whoever needs a token reads the store, takes its lock, reads it again, signs
//! in, and stores what it got. All that is decided here; a store only stores.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::flight::{Ask, Issued};
use super::slot::HOLD_REJECTED;
use crate::auth::store::{Contents, DynStore, StoredToken};
use crate::auth::{
    AuthContext, AuthError, AuthErrorKind, Renewal, StoreError, StoreErrorKind, StoreKey, StoreLock,
};
use crate::events::{Event, StoreFailedEvent};

mod log_out;
mod single_use;

/// The lock is asked for again after this, then after twice as long, and so on.
const FIRST_WAIT: Duration = Duration::from_millis(10);
const LONGEST_WAIT: Duration = Duration::from_millis(250);

/// Nobody waits longer for somebody else's sign-in. What is left of the sign-in's
/// deadline is enough for one of its own.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often what was read may turn out to be old by the time it was acted upon.
const ROUNDS: usize = 4;

/// A store and what of it is the session's.
pub(super) struct Vault {
    store: Arc<dyn DynStore>,
    /// None: the store is the session's own.
    partition: Option<String>,
}

/// What a store had, with its generation.
#[derive(Clone)]
struct Entry {
    contents: Contents,
    generation: u64,
}

/// Why there is no token.
enum Trouble {
    /// Nothing was sent.
    Store(&'static str, StoreError),
    SignIn(AuthError),
}

impl From<AuthError> for Trouble {
    fn from(error: AuthError) -> Self {
        Self::SignIn(error)
    }
}

/// What became of a try under the lock.
enum Outcome {
    Token(Issued),
    /// The store moved on meanwhile.
    Again,
}

impl Vault {
    pub(super) fn shared(store: Arc<dyn DynStore>, partition: String) -> Self {
        Self {
            store,
            partition: Some(partition),
        }
    }

    pub(super) fn private(store: Arc<dyn DynStore>) -> Self {
        Self {
            store,
            partition: None,
        }
    }

    /// A token that is newer than what there is: from the store, or by signing in.
    pub(super) async fn token(&self, ask: &Ask<'_>) -> Result<Issued, AuthError> {
        let (key, renewal) = (self.key(ask)?, ask.auth.renewal());
        let visit = self.visit(&key, ask, &renewal);
        match visit.token().await {
            Ok(issued) => Ok(issued),
            Err(Trouble::SignIn(error)) => Err(error),
            Err(Trouble::Store(operation, error)) => {
                report(ask.context, operation, &error);
                match renewal {
                    Renewal::Credentials => {
                        let mut issued = ask.alone().await?;
                        // Newer than what the store had, should it come back with that.
                        issued.stored = ask.current.map_or(0, |current| current.stored) + 1;
                        Ok(issued)
                    }
                    Renewal::RefreshToken { .. } => Err(not_without_store(&error)),
                }
            }
        }
    }
}

impl Vault {
    fn key(&self, ask: &Ask<'_>) -> Result<StoreKey, AuthError> {
        Ok(match &self.partition {
            Some(partition) => StoreKey::new(partition, &ask.auth.identity(ask.context)?),
            None => StoreKey::private(),
        })
    }

    fn visit<'a>(&'a self, key: &'a StoreKey, ask: &'a Ask<'a>, renewal: &'a Renewal) -> Visit<'a> {
        Visit {
            store: &self.store,
            key,
            ask,
            first: match renewal {
                Renewal::Credentials => None,
                Renewal::RefreshToken { first } => Some(first.as_ref()),
            },
        }
    }
}

/// One sign-in's dealings with a store.
struct Visit<'a> {
    store: &'a Arc<dyn DynStore>,
    key: &'a StoreKey,
    ask: &'a Ask<'a>,
    /// For a flow of refresh tokens: the one it was made with.
    first: Option<Option<&'a crate::auth::Secret>>,
}

impl Visit<'_> {
    async fn token(&self) -> Result<Issued, Trouble> {
        let entry = self.read().await?;
        if let Some(issued) = self.usable(entry.as_ref()) {
            return Ok(issued);
        }
        let patience = self.ask.context.clock().steady() + PATIENCE;
        for _ in 0..ROUNDS {
            let lock = match self.lock(patience).await? {
                Locked::Mine(lock) => lock,
                Locked::News(issued) => return Ok(issued),
            };
            let outcome = self.under_lock().await;
            lock.release().await;
            match outcome? {
                Outcome::Token(issued) => return Ok(issued),
                Outcome::Again => {}
            }
        }
        Err(AuthError::new(
            AuthErrorKind::Unavailable,
            "the token store changed each time a token was about to be stored",
        )
        .into())
    }

    /// Waits for the lock, or for the token of whoever has it.
    async fn lock(&self, until: Instant) -> Result<Locked, Trouble> {
        let waiting = async {
            let mut wait = FIRST_WAIT;
            loop {
                let lock = self.store.boxed_lock(self.key).await;
                if let Some(lock) = lock.map_err(|error| Trouble::Store("lock", error))? {
                    return Ok(Locked::Mine(lock));
                }
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
                let entry = self.read().await?;
                if let Some(issued) = self.usable(entry.as_ref()) {
                    return Ok(Locked::News(issued));
                }
            }
        };
        match tokio::time::timeout_at(until, waiting).await {
            Ok(outcome) => outcome,
            Err(_) => Err(AuthError::new(
                AuthErrorKind::Unavailable,
                format!(
                    "somebody who shares the token store has been signing in for {} seconds",
                    PATIENCE.as_secs()
                ),
            )
            .into()),
        }
    }

    async fn under_lock(&self) -> Result<Outcome, Trouble> {
        let entry = self.read().await?;
        if let Some(issued) = self.usable(entry.as_ref()) {
            return Ok(Outcome::Token(issued));
        }
        match self.first {
            Some(first) => self.spend(entry, first).await,
            None => self.sign_in(entry).await,
        }
    }

    /// By credentials. A store that fails now costs nothing but the sharing.
    async fn sign_in(&self, entry: Option<Entry>) -> Result<Outcome, Trouble> {
        let mut issued = self.ask.alone().await?;
        issued.stored = self.after(entry.as_ref());
        match self.put(issued.stored, &issued.contents(self.ask)).await {
            Ok(true) => Ok(Outcome::Token(issued)),
            // It took longer than the lock, and somebody else was faster.
            Ok(false) => match self.read().await {
                Ok(entry) => Ok(Outcome::Token(
                    self.usable(entry.as_ref()).unwrap_or(issued),
                )),
                Err(_) => Ok(Outcome::Token(issued)),
            },
            Err(error) => {
                report(self.ask.context, "put", &error);
                Ok(Outcome::Token(issued))
            }
        }
    }

    async fn read(&self) -> Result<Option<Entry>, Trouble> {
        let read = async {
            let Some(stored) = self.store.boxed_get(self.key).await? else {
                return Ok(None);
            };
            Ok(Some(Entry {
                contents: Contents::open(&stored)?,
                generation: stored.generation(),
            }))
        };
        read.await.map_err(|error| Trouble::Store("get", error))
    }

    async fn put(&self, generation: u64, contents: &Contents) -> Result<bool, StoreError> {
        let value: StoredToken = contents.seal(generation)?;
        self.store.boxed_put(self.key, &value).await
    }

    /// The generation of what comes next.
    fn after(&self, entry: Option<&Entry>) -> u64 {
        let stored = entry.map_or(0, |entry| entry.generation);
        let current = self.ask.current.map_or(0, |granted| granted.stored);
        stored.max(current) + 1
    }

    /// The token of the store, if it serves this session as well as a new one.
    fn usable(&self, entry: Option<&Entry>) -> Option<Issued> {
        let contents = &entry?.contents;
        let generation = contents.token_generation;
        if !contents.is_live() || self.unseen_seed(Some(contents)).is_some() {
            return None;
        }
        let token = contents.token.as_ref()?;
        if let Some(current) = self.ask.current {
            let newer = generation > current.stored
                || (generation == current.stored && token.secret() != current.token.secret());
            if !newer {
                return None;
            }
        }
        let now = self.ask.context.now();
        let of_this_org = self
            .ask
            .origin
            .as_deref()
            .is_none_or(|origin| origin == token.origin());
        let good = contents.ignore_expiry || !self.ask.auth.expired(token, now);
        // By somebody else's clock: if that is wrong, it costs a sign-in or a minute.
        let age = now.duration_since(contents.written).unwrap_or_default();
        (of_this_org && good).then(|| Issued {
            token: token.clone(),
            ignore_expiry: contents.ignore_expiry,
            after_rejection: contents.after_rejection && age < HOLD_REJECTED,
            stored: generation,
            is_new: false,
        })
    }
}

enum Locked {
    Mine(StoreLock),
    News(Issued),
}

fn report(context: &AuthContext, operation: &'static str, error: &StoreError) {
    tracing::warn!(operation, kind = %error.kind(), "the token store failed");
    context.emit(|| {
        Event::StoreFailed(StoreFailedEvent {
            operation,
            error: error.clone(),
        })
    });
}

/// A refresh token that cannot be marked as used might be used twice.
fn not_without_store(error: &StoreError) -> AuthError {
    let kind = match error.kind() {
        StoreErrorKind::Unavailable => AuthErrorKind::Unavailable,
        StoreErrorKind::Unreadable | StoreErrorKind::Misconfigured | StoreErrorKind::Missing => {
            AuthErrorKind::Misconfigured
        }
    };
    AuthError::new(
        kind,
        format!(
            "the token store failed, and without it a refresh token could be used twice, which \
             revokes it: {error}"
        ),
    )
    .with_source(error.clone())
}

#[cfg(test)]
mod tests;
