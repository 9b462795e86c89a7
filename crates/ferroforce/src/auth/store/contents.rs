use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize};

use super::{StoreError, StoreErrorKind, StoredToken};
use crate::auth::token::Ends;
use crate::auth::{AccessToken, Secret};

/// The format of values. A value of another version is not read.
const VERSION: u32 = 1;

/// Nothing larger is read or written.
const LIMIT: usize = 64 * 1024;

/// So many refresh tokens that flows were made with are remembered.
const SEEDS: usize = 16;

/// What a session keeps in a store.
#[derive(Debug, Clone)]
pub(in crate::auth) struct Contents {
    /// The token, with the refresh token that came with it.
    pub(in crate::auth) token: Option<AccessToken>,
    /// The generation in which the token was new. Marks that are set and taken back
    /// come later and change nothing of the token.
    pub(in crate::auth) token_generation: u64,
    pub(in crate::auth) state: State,
    /// When the value was written, by the clock of who wrote it: for people to read.
    pub(in crate::auth) written: SystemTime,
    /// The refresh tokens that flows were made with and that were used up since:
    /// what is stored is newer than these.
    pub(in crate::auth) seeds: Vec<Secret>,
    /// The token replaced one that Salesforce had turned down.
    pub(in crate::auth) after_rejection: bool,
    /// The token counted as expired from the start, so some clock is wrong.
    pub(in crate::auth) ignore_expiry: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::auth) enum State {
    Live,
    /// A refresh token is about to be sent, or was.
    Started,
    /// The refresh token is dead, for all who share it.
    Ended(Ended),
}

/// Salesforce's words on a refresh token that is dead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::auth) struct Ended {
    pub(in crate::auth) code: String,
    pub(in crate::auth) description: String,
}

impl Contents {
    pub(in crate::auth) fn new(token: Option<AccessToken>, state: State, now: SystemTime) -> Self {
        Self {
            token,
            token_generation: 0,
            state,
            written: now,
            seeds: Vec::new(),
            after_rejection: false,
            ignore_expiry: false,
        }
    }

    pub(in crate::auth) fn knows(&self, seed: &Secret) -> bool {
        self.seeds.contains(seed)
    }

    /// Notes that this refresh token was used.
    pub(in crate::auth) fn used_up(&mut self, seed: Secret) {
        if !self.knows(&seed) {
            self.seeds.push(seed);
        }
        let surplus = self.seeds.len().saturating_sub(SEEDS);
        self.seeds.drain(..surplus);
    }

    pub(in crate::auth) fn seal(&self, generation: u64) -> Result<StoredToken, StoreError> {
        let token = self.token.as_ref().map(|token| TokenOut {
            access_token: token.secret().expose(),
            instance_url: token.origin(),
            ends: token.ends(),
            issued: token.issued_at(),
            identity_url: token.identity(),
            refresh_token: token.refresh_token().map(Secret::expose),
        });
        let (state, ended) = match &self.state {
            State::Live => ("live", None),
            State::Started => ("refresh started", None),
            State::Ended(ended) => ("ended", Some(ended)),
        };
        let out = Out {
            version: VERSION,
            state,
            ended,
            written: self
                .written
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_secs(),
            token,
            token_generation: self.token_generation,
            seeds: self.seeds.iter().map(Secret::expose).collect(),
            after_rejection: self.after_rejection,
            ignore_expiry: self.ignore_expiry,
        };
        // Large enough not to be moved, since what it leaves behind is not wiped.
        let mut contents = Vec::with_capacity(16 * 1024);
        let written = serde_json::to_writer(&mut contents, &out);
        if written.is_err() || contents.len() > LIMIT {
            return Err(StoreError::new(
                StoreErrorKind::Misconfigured,
                "the token is too large for a store",
            ));
        }
        Ok(StoredToken::new(generation, contents))
    }

    pub(in crate::auth) fn open(stored: &StoredToken) -> Result<Self, StoreError> {
        let unreadable = || {
            StoreError::new(
                StoreErrorKind::Unreadable,
                "what the token store holds was not written by this version of ferroforce, or was \
                 changed",
            )
        };
        if stored.contents().len() > LIMIT {
            return Err(unreadable());
        }
        let read: In = serde_json::from_slice(stored.contents()).map_err(|_| unreadable())?;
        let state = match (read.state.as_str(), read.ended) {
            ("live", None) => State::Live,
            ("refresh started", None) => State::Started,
            ("ended", Some(ended)) => State::Ended(ended),
            _ => return Err(unreadable()),
        };
        let token = match read.token {
            Some(token) => Some(token.read().map_err(|_| unreadable())?),
            None => None,
        };
        if read.version != VERSION {
            return Err(unreadable());
        }
        Ok(Self {
            token,
            token_generation: read.token_generation,
            state,
            written: UNIX_EPOCH
                .checked_add(Duration::from_secs(read.written))
                .unwrap_or(UNIX_EPOCH),
            seeds: read.seeds.into_iter().map(|seed| seed.0).collect(),
            after_rejection: read.after_rejection,
            ignore_expiry: read.ignore_expiry,
        })
    }
}

#[derive(Serialize)]
struct Out<'a> {
    version: u32,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<&'a Ended>,
    written: u64,
    token: Option<TokenOut<'a>>,
    token_generation: u64,
    seeds: Vec<&'a str>,
    after_rejection: bool,
    ignore_expiry: bool,
}

#[derive(Serialize)]
struct TokenOut<'a> {
    access_token: &'a str,
    instance_url: &'a str,
    ends: Option<Ends>,
    issued: u64,
    identity_url: Option<&'a str>,
    refresh_token: Option<&'a str>,
}

#[derive(Deserialize)]
struct In {
    version: u32,
    state: String,
    ended: Option<Ended>,
    written: u64,
    token: Option<TokenIn>,
    token_generation: u64,
    seeds: Vec<SecretIn>,
    after_rejection: bool,
    ignore_expiry: bool,
}

#[derive(Deserialize)]
struct TokenIn {
    access_token: SecretIn,
    instance_url: String,
    ends: Option<Ends>,
    issued: u64,
    identity_url: Option<String>,
    refresh_token: Option<SecretIn>,
}

/// Only a store's values make secrets out of text that was read.
struct SecretIn(Secret);

impl<'de> Deserialize<'de> for SecretIn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Secret::new(String::deserialize(deserializer)?)))
    }
}

impl TokenIn {
    fn read(self) -> Result<AccessToken, crate::auth::AuthError> {
        let token = AccessToken::new(self.access_token.0, &self.instance_url)?
            .restored(self.ends, self.issued)
            .identity_url(self.identity_url);
        Ok(match self.refresh_token {
            Some(refresh_token) => token.with_refresh_token(refresh_token.0),
            None => token,
        })
    }
}
