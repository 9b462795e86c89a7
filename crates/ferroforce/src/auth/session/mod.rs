//! One sign-in, shared by everything that uses an org.

mod builder;
mod flight;
mod shared;
mod slot;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use builder::SessionBuilder;
pub(crate) use slot::{FRESH_TOKEN_REJECTED, Granted, Slot};

use super::flow::DynAuth;
use super::{AccessToken, Auth, AuthContext, AuthError, AuthErrorKind};
use shared::Vault;

/// A sign-in that many clients share.
///
/// Clone it, keep it in a `static`, hand it to any number of clients: each org
/// gets one token, fetched once, however many callers are waiting. The session
/// owns no connection, no runtime and no background task; a sign-in runs in a
/// task of its own, on the runtime and with the transport of the client that
/// asked first, and goes on when that caller goes away.
///
/// Clients of different orgs never share a token: there is one per origin that
/// clients were built for, and a client without an org URL finds its org's when
/// the token names it.
///
/// A [store](Self::builder) shares it between processes and machines.
///
/// Revoking the token of a shared session signs everybody out who shares it.
#[derive(Clone)]
pub struct Session(Arc<Shared>);

struct Shared {
    auth: Arc<dyn DynAuth>,
    flow: &'static str,
    vault: Option<Arc<Vault>>,
    slots: Mutex<Vec<(SlotKey, Arc<Slot>)>>,
}

/// What a client was built for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SlotKey {
    /// No org URL: whichever org the sign-in leads to.
    Any,
    /// The org at this origin.
    Origin(String),
    /// This origin, whatever the token says of its own.
    Pinned(String),
}

impl Session {
    /// A session of this flow.
    pub fn new(auth: impl Auth) -> Self {
        Self::builder(auth).build()
    }

    /// A session of this flow that keeps its tokens in a store: other threads,
    /// processes and machines share the sign-in, and the next start of the program
    /// does without one.
    ///
    /// ```
    /// use ferroforce::auth::{ClientCredentials, MemoryStore, Session};
    ///
    /// let session = Session::builder(ClientCredentials::new("client id", "client secret"))
    ///     .store(MemoryStore::new())
    ///     .build();
    /// ```
    pub fn builder<A: Auth>(auth: A) -> SessionBuilder<A> {
        SessionBuilder::new(auth)
    }

    fn with_vault(auth: impl Auth, vault: Option<Vault>) -> Self {
        Self(Arc::new(Shared {
            flow: flow_name(&auth),
            auth: Arc::new(auth),
            vault: vault.map(Arc::new),
            slots: Mutex::default(),
        }))
    }

    /// Waits until no sign-in is under way, so that a token that is being issued
    /// is not lost with the runtime.
    pub async fn close(&self) {
        let slots: Vec<_> = self
            .slots()
            .iter()
            .map(|(_, slot)| Arc::clone(slot))
            .collect();
        for slot in slots {
            slot.landed().await;
        }
    }

    pub(crate) fn slot(&self, key: &SlotKey) -> Arc<Slot> {
        let mut slots = self.slots();
        if let Some((_, slot)) = slots.iter().find(|(known, _)| known == key) {
            return Arc::clone(slot);
        }
        let registry = Registry(Arc::downgrade(&self.0));
        let auth = Arc::clone(&self.0.auth);
        let slot = Slot::new(auth, self.0.vault.clone(), key.clone(), registry);
        slots.push((key.clone(), Arc::clone(&slot)));
        slot
    }

    fn slots(&self) -> MutexGuard<'_, Vec<(SlotKey, Arc<Slot>)>> {
        self.0.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The way back from a slot to its session.
struct Registry(std::sync::Weak<Shared>);

impl Registry {
    /// The slot turned out to be this origin's: clients that are built for it
    /// from now on share it.
    fn found_origin(&self, origin: &str, slot: &Arc<Slot>) {
        if let Some(shared) = self.0.upgrade() {
            let key = SlotKey::Origin(origin.to_owned());
            let mut slots = shared.slots.lock().unwrap_or_else(PoisonError::into_inner);
            if !slots.iter().any(|(known, _)| *known == key) {
                slots.push((key, Arc::clone(slot)));
            }
        }
    }
}

/// The flow of a client that is there for its settings alone.
#[derive(Debug)]
pub(super) struct NoFlow;

impl Auth for NoFlow {
    async fn acquire(&self, _: &AuthContext) -> Result<AccessToken, AuthError> {
        Err(AuthError::new(
            AuthErrorKind::Misconfigured,
            "a context for sign-ins has no session: build a client of a flow",
        ))
    }
}

fn flow_name<A: Auth>(_: &A) -> &'static str {
    std::any::type_name::<A>()
}

impl<A: Auth> From<A> for Session {
    fn from(auth: A) -> Self {
        Self::new(auth)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A flow's own Debug may show what it should not.
        f.debug_struct("Session")
            .field("flow", &self.0.flow)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
