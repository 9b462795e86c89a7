//! Requests that take long, of which there may be only so many at once.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// From when on a request takes long, by the org's clock.
const LONG: SignedDuration = SignedDuration::from_secs(20);

/// In a request's extensions: too many requests took long when it came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crowded;

/// The requests that are being answered, with the moments in which they came.
#[derive(Debug, Default)]
pub(crate) struct InFlight(Mutex<Requests>);

#[derive(Debug, Default)]
struct Requests {
    count: u64,
    began: BTreeMap<u64, Timestamp>,
}

/// A request that is being answered; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Ticket<'a> {
    number: u64,
    requests: &'a InFlight,
}

impl InFlight {
    /// Notes that a request begins.
    pub(crate) fn begin(&self, now: Timestamp) -> Ticket<'_> {
        let mut requests = self.lock();
        requests.count += 1;
        let number = requests.count;
        requests.began.insert(number, now);
        Ticket {
            number,
            requests: self,
        }
    }

    /// How many requests have taken long by now.
    pub(crate) fn long(&self, now: Timestamp) -> usize {
        let began = &self.lock().began;
        began
            .values()
            .filter(|began| now.duration_since(**began) >= LONG)
            .count()
    }

    fn lock(&self) -> MutexGuard<'_, Requests> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.requests.lock().began.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_take_long_from_20_seconds_on_and_until_they_end() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let requests = InFlight::default();
        let first = requests.begin(at(0));
        let second = requests.begin(at(1));
        assert_eq!(requests.long(at(19)), 0);
        assert_eq!(requests.long(at(20)), 1);
        assert_eq!(requests.long(at(21)), 2);
        drop(first);
        assert_eq!(requests.long(at(21)), 1);
        drop(second);
        assert_eq!(requests.long(at(21)), 0);
    }
}
