use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{StoreError, StoreKey, StoreLock, StoredToken, TokenStore};

/// A store in this process, for sessions that are built apart. Clones share.
///
/// A session of a flow that uses refresh tokens has one of its own unless it is
/// given another.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    values: HashMap<StoreKey, StoredToken>,
    locked: HashSet<StoreKey>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    #[cfg(test)]
    pub(in crate::auth) fn empty(&self) {
        self.held().values.clear();
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TokenStore for MemoryStore {
    async fn get(&self, key: &StoreKey) -> Result<Option<StoredToken>, StoreError> {
        Ok(self.held().values.get(key).cloned())
    }

    async fn put_if_newer(&self, key: &StoreKey, value: &StoredToken) -> Result<bool, StoreError> {
        let mut held = self.held();
        let stored = held.values.get(key);
        let newer = stored.is_none_or(|stored| value.generation() > stored.generation());
        if newer {
            held.values.insert(key.clone(), value.clone());
        }
        Ok(newer)
    }

    async fn try_lock(&self, key: &StoreKey) -> Result<Option<StoreLock>, StoreError> {
        let free = self.held().locked.insert(key.clone());
        let locked = free.then(|| Locked {
            store: self.clone(),
            key: key.clone(),
        });
        Ok(locked.map(|locked| StoreLock::new(async move { drop(locked) })))
    }
}

struct Locked {
    store: MemoryStore,
    key: StoreKey,
}

impl Drop for Locked {
    fn drop(&mut self) {
        self.store.held().locked.remove(&self.key);
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryStore")
    }
}
