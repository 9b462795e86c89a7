//! Refresh tokens that work once.
//!
//! Three writes belong to each use of one: a mark before it is sent, and then what
//! it gave, or that it gave nothing. A mark that is found means that somebody
//! stopped in between, so nobody knows whether the refresh token is still good, and
//! using it could revoke all that came of it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{Entry, Outcome, Trouble, Visit, report};
use crate::auth::session::flight::{Ask, Issued};
use crate::auth::store::{Contents, DynStore, Ended, State};
use crate::auth::{AccessToken, AuthError, AuthErrorKind, Secret, StoreKey, StoredToken};

/// A new refresh token that the store did not take is offered again after these
/// waits, before anybody uses the access token that came with it.
const AT_ONCE: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_millis(1500),
];

/// And after these while the access token is in use: for a quarter of an hour.
const LATER: [Duration; 8] = [
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(20),
    Duration::from_secs(40),
    Duration::from_secs(80),
    Duration::from_secs(160),
    Duration::from_secs(300),
    Duration::from_secs(300),
];

impl Visit<'_> {
    /// The refresh token that the flow was made with, if this session has not used
    /// it and the store has not seen it.
    pub(super) fn unseen_seed(&self, known: Option<&Contents>) -> Option<Secret> {
        if self.ask.current.is_some() {
            return None;
        }
        let first = self.first??;
        let seen = known.is_some_and(|known| known.knows(first));
        (!seen).then(|| first.clone())
    }

    /// Uses a refresh token.
    pub(super) async fn spend(
        &self,
        entry: Option<Entry>,
        first: Option<&Secret>,
    ) -> Result<Outcome, Trouble> {
        let now = self.ask.context.now();
        let begun = self.after(entry.as_ref());
        let known = self.newest(entry, first);
        let seed = self.unseen_seed(known.as_ref());
        let token = match (&seed, &known) {
            (Some(_), _) => None,
            (None, Some(known)) => Some(spendable(known)?),
            (None, None) => return Err(nothing_known().into()),
        };

        let mut mark = Contents {
            state: State::Started,
            written: now,
            ..known
                .clone()
                .unwrap_or_else(|| Contents::new(None, State::Live, now))
        };
        if let Some(seed) = &seed {
            mark.used_up(seed.clone());
        }
        let put = self.put(begun, &mark).await;
        if !put.map_err(|error| Trouble::Store("mark", error))? {
            return Ok(Outcome::Again);
        }

        let answer = match token {
            Some(token) => self.ask.auth.refresh(self.ask.context, token).await,
            None => self.ask.auth.acquire(self.ask.context).await,
        };
        match answer {
            Ok(token) => {
                let mut issued = self.ask.issued(token);
                issued.stored = begun + 1;
                let contents = Contents {
                    seeds: mark.seeds,
                    ..issued.contents(self.ask)
                };
                self.keep(begun + 1, &contents).await;
                Ok(Outcome::Token(issued))
            }
            Err(error) => {
                self.failed(error, begun + 1, mark, known, seed.is_some())
                    .await
            }
        }
    }

    /// What is newest, the store's value or this session's own token, which a store
    /// that failed or was emptied does not have.
    fn newest(&self, entry: Option<Entry>, first: Option<&Secret>) -> Option<Contents> {
        let stored = entry.as_ref().map_or(0, |entry| entry.generation);
        let stored_contents = entry.map(|entry| entry.contents);
        let current = self
            .ask
            .current
            .filter(|current| current.stored > stored && current.token.refresh_token().is_some());
        let Some(current) = current else {
            return stored_contents;
        };
        let seeds = stored_contents.map_or_else(Vec::new, |contents| contents.seeds);
        let mut own = Contents {
            seeds,
            ..Contents::new(
                Some(current.token.clone()),
                State::Live,
                self.ask.context.now(),
            )
        };
        if let Some(first) = first {
            own.used_up(first.clone());
        }
        Some(own)
    }

    /// Stores a new token before anybody uses it. If the store fails, it is offered
    /// the token again and again while it is used here.
    async fn keep(&self, generation: u64, contents: &Contents) {
        let value = match contents.seal(generation) {
            Ok(value) => value,
            Err(error) => return report(self.ask.context, "put", &error),
        };
        let mut put = self.store.boxed_put(self.key, &value).await;
        for wait in AT_ONCE {
            if put.is_ok() {
                break;
            }
            tokio::time::sleep(wait).await;
            put = self.store.boxed_put(self.key, &value).await;
        }
        match put {
            // If somebody stored something newer, a person has signed in meanwhile. The
            // token at hand is good all the same.
            Ok(_) => {}
            Err(error) => {
                report(self.ask.context, "put", &error);
                let later = keep_later(Arc::clone(self.store), self.key.clone(), value);
                drop(tokio::spawn(later));
            }
        }
    }

    /// Notes what is known of the refresh token now.
    async fn failed(
        &self,
        error: AuthError,
        generation: u64,
        mark: Contents,
        known: Option<Contents>,
        was_seed: bool,
    ) -> Result<Outcome, Trouble> {
        let now = self.ask.context.now();
        let known = known.unwrap_or_else(|| Contents::new(None, State::Live, now));
        match error.kind() {
            // It is dead. If it was one that the flow was made with, what the store had
            // may still be good.
            AuthErrorKind::SignInAgain if was_seed && known.is_live() && known.token.is_some() => {
                let seeds = mark.seeds;
                self.note(generation, Contents { seeds, ..known }).await;
                Ok(Outcome::Again)
            }
            AuthErrorKind::SignInAgain => {
                let state = State::Ended(Ended {
                    code: error.code().unwrap_or_default().to_owned(),
                    description: error.description().to_owned(),
                });
                self.note(generation, Contents { state, ..mark }).await;
                Err(error.into())
            }
            // It was not used: nothing was sent, or Salesforce said so.
            AuthErrorKind::Refused | AuthErrorKind::Unavailable | AuthErrorKind::Misconfigured => {
                self.note(generation, known).await;
                Err(error.into())
            }
            // Nobody knows. The mark stays.
            AuthErrorKind::Unclear => Err(in_the_dark(&error).into()),
            _ => Err(error.into()),
        }
    }

    /// A store that does not take this has a mark, and errs on the safe side.
    pub(super) async fn note(&self, generation: u64, contents: Contents) {
        if let Err(error) = self.put(generation, &contents).await {
            report(self.ask.context, "put", &error);
        }
    }
}

async fn keep_later(store: Arc<dyn DynStore>, key: StoreKey, value: StoredToken) {
    for wait in LATER {
        tokio::time::sleep(wait).await;
        if store.boxed_put(&key, &value).await.is_ok() {
            return;
        }
    }
}

impl Contents {
    pub(super) fn is_live(&self) -> bool {
        self.state == State::Live
    }
}

/// The token whose refresh token may be used.
fn spendable(known: &Contents) -> Result<&AccessToken, AuthError> {
    match &known.state {
        State::Live => known.token.as_ref().ok_or_else(nothing_known),
        State::Started => Err(AuthError::new(
            AuthErrorKind::SignInAgain,
            format!(
                "a refresh was begun at {} and how it ended was never stored, so the refresh token \
                 may have been used, and using it twice would revoke it: sign in again",
                Timestamp::try_from(known.written).unwrap_or_default()
            ),
        )),
        State::Ended(ended) => Err(AuthError::coded(
            AuthErrorKind::SignInAgain,
            ended.code.clone(),
            ended.description.clone(),
            Some("The refresh token was used, revoked or has expired: sign in again"),
        )),
    }
}

fn nothing_known() -> AuthError {
    AuthError::new(
        AuthErrorKind::SignInAgain,
        "there is no refresh token of this app and user: sign in again",
    )
}

fn in_the_dark(error: &AuthError) -> AuthError {
    AuthError::new(
        AuthErrorKind::SignInAgain,
        format!(
            "the refresh token was sent and the answer was lost, so it may have been used, and \
             using it twice would revoke it: sign in again ({error})"
        ),
    )
    .with_source(error.clone())
}

impl Issued {
    /// What the store is to keep of it.
    pub(super) fn contents(&self, ask: &Ask<'_>) -> Contents {
        Contents {
            after_rejection: self.after_rejection,
            ignore_expiry: self.ignore_expiry,
            token_generation: self.stored,
            ..Contents::new(Some(self.token.clone()), State::Live, ask.context.now())
        }
    }
}
