//! Refreshes under way: one at a time for each refresh token.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::token::{Key, key_of};

/// The refresh tokens that are being exchanged right now.
#[derive(Debug, Default)]
pub(super) struct Refreshing(Mutex<HashSet<Key>>);

/// A refresh under way, until it is dropped.
#[derive(Debug)]
pub(super) struct UnderWay<'a> {
    all: &'a Refreshing,
    key: Key,
}

impl Refreshing {
    /// Begins a refresh, unless one with the same token is under way.
    pub(super) fn begin(&self, token: &str) -> Option<UnderWay<'_>> {
        let key = key_of(token);
        let is_first = self.lock().insert(key);
        is_first.then(|| UnderWay { all: self, key })
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<Key>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.all.lock().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_refresh_at_a_time_for_each_token() {
        let all = Refreshing::default();
        let first = all.begin("a");
        assert!(first.is_some() && all.begin("b").is_some());
        assert!(all.begin("a").is_none());
        drop(first);
        assert!(all.begin("a").is_some());
    }
}
