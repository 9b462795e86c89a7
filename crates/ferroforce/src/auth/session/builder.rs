use std::fmt;
use std::sync::Arc;

use super::Session;
use super::shared::Vault;
use crate::auth::store::DynStore;
use crate::auth::{Auth, MemoryStore, Renewal, TokenStore};

/// Makes a [`Session`] that keeps its tokens in a store. See [`Session::builder`].
pub struct SessionBuilder<A> {
    auth: A,
    store: Option<Arc<dyn DynStore>>,
    partition: String,
}

impl<A: Auth> SessionBuilder<A> {
    pub(super) fn new(auth: A) -> Self {
        Self {
            auth,
            store: None,
            partition: String::new(),
        }
    }

    /// Keeps tokens in `store`, and takes them from there: whoever shares it shares
    /// the sign-in. The flow must have an [identity](Auth::identity).
    #[must_use]
    pub fn store(mut self, store: impl TokenStore) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Shares only with sessions of this partition. Orgs may lock sessions to the IP
    /// address that they began on, so workers behind different addresses need a
    /// partition for each.
    #[must_use]
    pub fn partition(mut self, partition: impl Into<String>) -> Self {
        self.partition = partition.into();
        self
    }

    /// The session.
    pub fn build(self) -> Session {
        let vault = match (self.store, self.auth.renewal()) {
            (Some(store), _) => Some(Vault::shared(store, self.partition)),
            // All of the session's orgs must know which refresh token is the newest.
            (None, Renewal::RefreshToken { .. }) => {
                Some(Vault::private(Arc::new(MemoryStore::new())))
            }
            (None, Renewal::Credentials) => None,
        };
        Session::with_vault(self.auth, vault)
    }
}

impl<A> fmt::Debug for SessionBuilder<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A flow's own Debug may show what it should not.
        f.debug_struct("SessionBuilder")
            .field("flow", &std::any::type_name::<A>())
            .field("partition", &self.partition)
            .finish_non_exhaustive()
    }
}
