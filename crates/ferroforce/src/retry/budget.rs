use std::sync::atomic::{AtomicU32, Ordering};

const CAPACITY: u32 = 500;
const PRICE: u32 = 5;

/// Keeps retries from multiplying the load on an org that is in trouble: each
/// repeat costs, each success pays back a little, and when nothing is left
/// calls fail at once. One hundred repeats in a row empty it.
#[derive(Debug)]
pub(crate) struct Budget(AtomicU32);

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicU32::new(CAPACITY))
    }
}

impl Budget {
    pub(crate) fn withdraw(&self) -> bool {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(PRICE)
            })
            .is_ok()
    }

    pub(crate) fn deposit(&self) {
        // Full is the usual case, and costs no write.
        if self.0.load(Ordering::Relaxed) < CAPACITY {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}
