use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};

use super::{Event, EventStream, Observer};

static NEXT_REQUEST: AtomicU64 = AtomicU64::new(1);

#[derive(Clone)]
struct Entry {
    id: u64,
    observer: Arc<dyn Observer>,
}

/// Hands each event to whoever listens.
#[derive(Default)]
pub(crate) struct Hub {
    entries: RwLock<Arc<[Entry]>>,
    /// How many listen, so that nobody listening costs one load.
    listening: AtomicUsize,
    next_id: AtomicU64,
}

impl Hub {
    pub(crate) fn next_request_id() -> u64 {
        NEXT_REQUEST.fetch_add(1, Ordering::Relaxed)
    }

    /// Makes and hands out an event, unless nobody listens.
    pub(crate) fn emit(&self, event: impl FnOnce() -> Event) {
        if self.listening.load(Ordering::Acquire) == 0 {
            return;
        }
        let entries = Arc::clone(&self.entries.read().unwrap_or_else(PoisonError::into_inner));
        let event = event();
        for entry in entries.iter() {
            // An observer's fault must not become the request's.
            let told = catch_unwind(AssertUnwindSafe(|| entry.observer.observe(&event)));
            if told.is_err() {
                tracing::error!(event = event.name(), "an observer panicked");
            }
        }
    }

    pub(crate) fn subscribe(self: &Arc<Self>, observer: Arc<dyn Observer>) -> Subscription {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        self.change(|entries| entries.push(Entry { id, observer }));
        Subscription {
            hub: Arc::downgrade(self),
            id,
        }
    }

    pub(crate) fn stream(self: &Arc<Self>, capacity: usize) -> EventStream {
        let (sink, stream) = super::stream::channel(capacity);
        stream.fed_by(self.subscribe(sink))
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Entry>)) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let mut list = entries.to_vec();
        change(&mut list);
        self.listening.store(list.len(), Ordering::Release);
        let old = std::mem::replace(&mut *entries, list.into());
        drop(entries);
        // An observer that goes with its entry may unsubscribe others in turn.
        drop(old);
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Hub({} listening)",
            self.listening.load(Ordering::Relaxed)
        )
    }
}

/// Keeps an observer subscribed; dropping it, or
/// [`unsubscribe`](Self::unsubscribe), ends that.
#[must_use = "an observer is told nothing more once its subscription is dropped"]
pub struct Subscription {
    hub: Weak<Hub>,
    id: u64,
}

impl Subscription {
    /// Ends the subscription.
    pub fn unsubscribe(self) {}

    /// Keeps the observer for as long as the client lives.
    pub fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(hub) = self.hub.upgrade() {
            hub.change(|entries| entries.retain(|entry| entry.id != self.id));
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subscription({})", self.id)
    }
}
