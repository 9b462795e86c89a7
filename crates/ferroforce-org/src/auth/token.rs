//! Sessions and refresh tokens.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;

use super::app::REFRESHING;
use super::issuer::JwtFormat;
use super::secret::Secret;
use crate::id::RecordId;

/// Tokens are found by their digest, so that the time of a look-up tells nothing of them.
pub(super) type Key = [u8; 32];

/// This many spent refresh tokens of a family are remembered to recognise their reuse.
const SPENT_LIMIT: usize = 64;

/// Dead sessions are cleared out when there are this many sessions.
const SWEEP_AT: usize = 4096;

/// What a token lets its bearer do, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) user_id: RecordId,
    /// None for a session from `login()`, which belongs to no app.
    pub(crate) client_id: Option<String>,
    pub(crate) scopes: Vec<String>,
}

impl Grant {
    /// Whether it lasts beyond its session, by a refresh token.
    pub(crate) fn lasts(&self) -> bool {
        self.scopes
            .iter()
            .any(|scope| REFRESHING.contains(&scope.as_str()))
    }

    pub(crate) fn allows_api(&self) -> bool {
        self.scopes
            .iter()
            .any(|scope| scope == "api" || scope == "full")
    }
}

/// Under which terms tokens are issued and used.
#[derive(Clone, Debug)]
pub(crate) struct Terms<'a> {
    pub(crate) now: Timestamp,
    /// Where the request comes from.
    pub(crate) address: Option<IpAddr>,
    /// Whether a session is good only where it was issued to.
    pub(crate) locked_to_address: bool,
    /// After so long without use a session ends.
    pub(crate) lifetime: Duration,
    /// How many refresh tokens a user may have per app.
    pub(crate) limit: usize,
    /// The format of access tokens; without one they say nothing.
    pub(crate) format: Option<JwtFormat<'a>>,
}

impl Terms<'_> {
    /// Whether a session may be used from where the request comes.
    fn admit(&self, session: &Session) -> bool {
        !self.locked_to_address || session.address.is_none() || session.address == self.address
    }
}

/// A live session.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) grant: Grant,
    pub(crate) issued_at: Timestamp,
    /// Each call pushes the end of a session out.
    last_used: Timestamp,
    /// Only a token that says itself when it ends has a fixed end.
    fixed_end: Option<Timestamp>,
    /// Where it was issued to.
    address: Option<IpAddr>,
    token: Secret,
    family: Option<u64>,
}

impl Session {
    /// When the session ends if it is not used again.
    pub(crate) fn ends_at(&self, lifetime: Duration) -> Timestamp {
        let after_use = || self.last_used.checked_add(lifetime).ok();
        let ends_at = self.fixed_end.or_else(after_use);
        ends_at.unwrap_or(Timestamp::MAX)
    }

    fn is_live(&self, now: Timestamp, lifetime: Duration) -> bool {
        now < self.ends_at(lifetime)
    }
}

/// A refresh token through all its rotations, and the sessions that came of it.
#[derive(Clone, Debug)]
struct Family {
    grant: Grant,
    current: Key,
    issued_at: Timestamp,
    spent: VecDeque<Key>,
}

/// Why a refresh token was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefreshRefused {
    /// Never issued, revoked, or issued to another app.
    Unknown,
    /// Rotated away before; the whole family is revoked.
    Reused,
}

/// What was issued for a code, a refresh token or a password.
#[derive(Clone, Debug)]
pub(crate) struct Issued {
    pub(crate) grant: Grant,
    pub(crate) access_token: Secret,
    /// Only if the grant is to last; of a refresh, only if the token was rotated.
    pub(crate) refresh_token: Option<Secret>,
}

/// What a token that is looked at from outside turns out to be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found<'a> {
    pub(crate) grant: &'a Grant,
    pub(crate) issued_at: Timestamp,
    pub(crate) kind: TokenKind,
    /// None for a refresh token, which does not end by itself.
    pub(crate) ends_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Access,
    Refresh,
}

/// All tokens of the org.
#[derive(Clone, Debug)]
pub(crate) struct TokenStore {
    organization_id: RecordId,
    sessions: HashMap<Key, Session>,
    families: HashMap<u64, Family>,
    /// Current and spent refresh tokens alike.
    refresh_tokens: HashMap<Key, u64>,
    next_family: u64,
    /// By user and app.
    counts: BTreeMap<(RecordId, Option<String>), Counts>,
}

/// How often somebody has signed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) logins: u64,
    pub(crate) refreshes: u64,
    /// Refresh tokens that came again after they were rotated away.
    pub(crate) reuses: u64,
}

impl TokenStore {
    /// An empty store; sessions begin with the org's 15-character id.
    pub(crate) fn new(organization_id: RecordId) -> Self {
        Self {
            organization_id,
            sessions: HashMap::new(),
            families: HashMap::new(),
            refresh_tokens: HashMap::new(),
            next_family: 0,
            counts: BTreeMap::new(),
        }
    }

    /// Starts a session.
    pub(crate) fn issue(&mut self, grant: Grant, terms: &Terms<'_>) -> Secret {
        self.count(&grant).logins += 1;
        self.start_session(grant, None, terms)
    }

    /// A live session with the same rights, if there is one; using it again pushes its end out.
    pub(crate) fn reuse(&mut self, grant: &Grant, terms: &Terms<'_>) -> Option<Secret> {
        let session = self.sessions.values_mut().find(|session| {
            session.family.is_none()
                && session.grant == *grant
                && session.is_live(terms.now, terms.lifetime)
                && terms.admit(session)
        })?;
        session.last_used = terms.now;
        let token = session.token.clone();
        self.count(grant).logins += 1;
        Some(token)
    }

    /// Starts a session with a refresh token. A user has only so many refresh tokens per app:
    /// one more ends the oldest, with its sessions.
    pub(crate) fn issue_pair(&mut self, grant: Grant, terms: &Terms<'_>) -> (Secret, Secret) {
        self.count(&grant).logins += 1;
        let mut others: Vec<_> = self
            .families
            .iter()
            .filter(|(_, family)| {
                family.grant.user_id == grant.user_id && family.grant.client_id == grant.client_id
            })
            .map(|(id, _)| *id)
            .collect();
        others.sort_unstable();
        let surplus = (others.len() + 1).saturating_sub(terms.limit.max(1));
        for id in others.into_iter().take(surplus) {
            self.revoke_family(id);
        }
        let id = self.next_family;
        self.next_family += 1;
        let refresh_token = new_refresh_token();
        let key = key_of(refresh_token.expose());
        self.refresh_tokens.insert(key, id);
        let family = Family {
            grant: grant.clone(),
            current: key,
            issued_at: terms.now,
            spent: VecDeque::new(),
        };
        self.families.insert(id, family);
        (self.start_session(grant, Some(id), terms), refresh_token)
    }

    /// Starts a session, with a refresh token if the grant is to last.
    pub(crate) fn issue_granted(&mut self, grant: Grant, terms: &Terms<'_>) -> Issued {
        let (access_token, refresh_token) = if grant.lasts() {
            let (access, refresh) = self.issue_pair(grant.clone(), terms);
            (access, Some(refresh))
        } else {
            (self.issue(grant.clone(), terms), None)
        };
        Issued {
            grant,
            access_token,
            refresh_token,
        }
    }

    /// Exchanges a refresh token for a new session. A token that was rotated away before revokes
    /// its whole family.
    pub(crate) fn refresh(
        &mut self,
        token: &str,
        client_id: &str,
        rotate: bool,
        terms: &Terms<'_>,
    ) -> Result<Issued, RefreshRefused> {
        let key = key_of(token);
        let id = *self
            .refresh_tokens
            .get(&key)
            .ok_or(RefreshRefused::Unknown)?;
        let family = self.families.get_mut(&id).ok_or(RefreshRefused::Unknown)?;
        if family.grant.client_id.as_deref() != Some(client_id) {
            return Err(RefreshRefused::Unknown);
        }
        if family.current != key {
            let grant = family.grant.clone();
            self.count(&grant).reuses += 1;
            self.revoke_family(id);
            return Err(RefreshRefused::Reused);
        }
        let grant = family.grant.clone();
        let refresh_token = rotate.then(new_refresh_token);
        if let Some(token) = &refresh_token {
            family.spent.push_back(key);
            let forgotten = if family.spent.len() > SPENT_LIMIT {
                family.spent.pop_front()
            } else {
                None
            };
            family.current = key_of(token.expose());
            self.refresh_tokens.insert(family.current, id);
            if let Some(key) = forgotten {
                self.refresh_tokens.remove(&key);
            }
        }
        self.count(&grant).refreshes += 1;
        let access_token = self.start_session(grant.clone(), Some(id), terms);
        Ok(Issued {
            grant,
            access_token,
            refresh_token,
        })
    }

    /// The live session of a token, whose end is pushed out.
    pub(crate) fn session(&mut self, token: &str, terms: &Terms<'_>) -> Option<&Session> {
        let session = self.sessions.get_mut(&key_of(token))?;
        if !session.is_live(terms.now, terms.lifetime) || !terms.admit(session) {
            return None;
        }
        session.last_used = session.last_used.max(terms.now);
        Some(session)
    }

    /// Looks at a token without using it.
    pub(crate) fn find(
        &self,
        token: &str,
        now: Timestamp,
        lifetime: Duration,
    ) -> Option<Found<'_>> {
        let key = key_of(token);
        if let Some(session) = self.sessions.get(&key) {
            return session.is_live(now, lifetime).then(|| Found {
                grant: &session.grant,
                issued_at: session.issued_at,
                kind: TokenKind::Access,
                ends_at: Some(session.ends_at(lifetime)),
            });
        }
        let family = self.families.get(self.refresh_tokens.get(&key)?)?;
        (family.current == key).then_some(Found {
            grant: &family.grant,
            issued_at: family.issued_at,
            kind: TokenKind::Refresh,
            ends_at: None,
        })
    }

    /// Ends a session, or a refresh token with all its sessions. False if there is no such token.
    pub(crate) fn revoke(&mut self, token: &str) -> bool {
        let key = key_of(token);
        if self.sessions.remove(&key).is_some() {
            return true;
        }
        match self.refresh_tokens.get(&key) {
            Some(id) => {
                let id = *id;
                self.revoke_family(id);
                true
            }
            None => false,
        }
    }

    /// Ends one session as if its time had run out. False if there is no such session.
    pub(crate) fn expire(&mut self, token: &str) -> bool {
        self.sessions.remove(&key_of(token)).is_some()
    }

    /// Ends all sessions, or those of one user, as if their time had run out, and tells how many.
    /// Refresh tokens stay good.
    pub(crate) fn expire_all(&mut self, user_id: Option<RecordId>) -> usize {
        let before = self.sessions.len();
        self.sessions
            .retain(|_, session| user_id.is_some_and(|id| id != session.grant.user_id));
        before - self.sessions.len()
    }

    /// Ends all sessions and refresh tokens, or those of one user, and tells how many.
    pub(crate) fn revoke_all(&mut self, user_id: Option<RecordId>) -> usize {
        let families: Vec<_> = self
            .families
            .iter()
            .filter(|(_, family)| user_id.is_none_or(|id| id == family.grant.user_id))
            .map(|(id, _)| *id)
            .collect();
        let sessions = self.expire_all(user_id);
        for id in &families {
            self.revoke_family(*id);
        }
        sessions + families.len()
    }

    /// Makes every session last from now on, as if it had just been used.
    pub(crate) fn renew(&mut self, now: Timestamp) {
        for session in self.sessions.values_mut() {
            session.issued_at = now;
            session.last_used = now;
        }
    }

    fn start_session(&mut self, grant: Grant, family: Option<u64>, terms: &Terms<'_>) -> Secret {
        let now = terms.now;
        if self.sessions.len() >= SWEEP_AT && self.sessions.len().is_power_of_two() {
            self.sessions
                .retain(|_, session| session.is_live(now, terms.lifetime));
        }
        let (token, fixed_end) = match &terms.format {
            Some(format) => {
                let (token, ends_at) = format.issue(&grant, now);
                (token, Some(ends_at))
            }
            None => (self.new_access_token(), None),
        };
        let session = Session {
            grant,
            issued_at: now,
            last_used: now,
            fixed_end,
            address: terms.address,
            token: token.clone(),
            family,
        };
        self.sessions.insert(key_of(token.expose()), session);
        token
    }

    fn new_access_token(&self) -> Secret {
        Secret::from(format!(
            "{}!AQ{}",
            self.organization_id.short(),
            Secret::random(94).expose()
        ))
    }

    /// How often this user has signed in to this app.
    fn count(&mut self, grant: &Grant) -> &mut Counts {
        let whose = (grant.user_id, grant.client_id.clone());
        self.counts.entry(whose).or_default()
    }

    /// Whose sign-ins were counted, and how many there were.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (RecordId, Option<&str>, Counts)> {
        let counts = self.counts.iter();
        counts.map(|((user, app), counts)| (*user, app.as_deref(), *counts))
    }

    /// Counts from nothing.
    pub(crate) fn forget_counts(&mut self) {
        self.counts.clear();
    }

    fn revoke_family(&mut self, id: u64) {
        if let Some(family) = self.families.remove(&id) {
            self.refresh_tokens.remove(&family.current);
            for key in family.spent {
                self.refresh_tokens.remove(&key);
            }
            self.sessions
                .retain(|_, session| session.family != Some(id));
        }
    }
}

fn new_refresh_token() -> Secret {
    Secret::from(format!("5Aep861{}", Secret::random(80).expose()))
}

/// What a token is found by.
pub(super) fn key_of(token: &str) -> Key {
    let mut key = Key::default();
    key.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    key
}

#[cfg(test)]
mod tests;
