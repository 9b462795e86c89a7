//! How much of the org is used: what the last 24 hours had of calls and bulk jobs, and requests
//! that take long.

mod long;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use long::{Crowded, InFlight};

use crate::clock::Clock;

const HOUR: i64 = 60 * 60 * 1000;

/// How many hours count.
const HOURS: i64 = 24;

/// The API calls of the last 24 hours, in all and by app.
#[derive(Debug)]
pub(crate) struct Usage {
    clock: Arc<Clock>,
    calls: Mutex<Calls>,
}

/// What was counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls {
    all: Rolling,
    by_app: HashMap<String, Rolling>,
    others: HashMap<BulkCount, Rolling>,
}

/// What is counted of bulk jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum BulkCount {
    /// Batches of bulk jobs.
    Batches,
    /// Rows that bulk jobs write.
    Records,
    /// Jobs of Bulk API 2.0 that query.
    QueryJobs,
    /// Bytes that these found.
    QueryBytes,
}

/// A count of the last 24 hours, by hour, oldest first.
#[derive(Debug, Clone, Default)]
struct Rolling(VecDeque<(i64, u64)>);

impl Usage {
    pub(crate) fn new(clock: Arc<Clock>) -> Self {
        Self {
            clock,
            calls: Mutex::default(),
        }
    }

    /// Counts one call and returns how many there are now.
    pub(crate) fn count(&self) -> u64 {
        let hour = self.hour();
        let mut calls = self.lock();
        calls.all.count(hour);
        calls.all.sum(hour)
    }

    /// Counts one call of an app, besides those of the org, and returns how many the app has made.
    pub(crate) fn count_of_app(&self, app: &str) -> u64 {
        let hour = self.hour();
        let mut calls = self.lock();
        let calls = calls.by_app.entry(app.to_owned()).or_default();
        calls.count(hour);
        calls.sum(hour)
    }

    /// Counts so many of something, none is fine, and returns how many there are now.
    pub(crate) fn count_of(&self, what: BulkCount, so_many: u64) -> u64 {
        let hour = self.hour();
        let mut calls = self.lock();
        let count = calls.others.entry(what).or_default();
        count.add(hour, so_many);
        count.sum(hour)
    }

    /// The calls so far.
    pub(crate) fn calls(&self) -> u64 {
        let hour = self.hour();
        self.lock().all.sum(hour)
    }

    /// A copy of what was counted, for [`restore`](Self::restore).
    pub(crate) fn snapshot(&self) -> Calls {
        self.lock().clone()
    }

    pub(crate) fn restore(&self, calls: &Calls) {
        self.lock().clone_from(calls);
    }

    fn hour(&self) -> i64 {
        self.clock.now_millis().div_euclid(HOUR)
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rolling {
    fn count(&mut self, hour: i64) {
        self.add(hour, 1);
    }

    fn add(&mut self, hour: i64, so_many: u64) {
        match self.0.back_mut() {
            // A clock that was set back counts in the latest hour that it has seen.
            Some((last, count)) if *last >= hour => *count += so_many,
            _ => self.0.push_back((hour, so_many)),
        }
    }

    fn sum(&mut self, hour: i64) -> u64 {
        while self
            .0
            .front()
            .is_some_and(|(first, _)| *first <= hour - HOURS)
        {
            self.0.pop_front();
        }
        self.0.iter().map(|(_, calls)| calls).sum()
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_call_counts_for_a_day() {
        let clock = Arc::new(Clock::default());
        clock.stop_at("2026-03-01T12:30:00Z".parse().unwrap());
        let usage = Usage::new(Arc::clone(&clock));
        assert_eq!(usage.count(), 1);
        clock.advance(SignedDuration::from_hours(12));
        assert_eq!(usage.count(), 2);
        assert_eq!((usage.count_of_app("a"), usage.count_of_app("b")), (1, 1));
        clock.advance(SignedDuration::from_hours(11));
        assert_eq!(usage.calls(), 2);
        clock.advance(SignedDuration::from_hours(1));
        assert_eq!(usage.calls(), 1);
        clock.advance(-SignedDuration::from_hours(20));
        assert_eq!(usage.count(), 2);
        assert_eq!(usage.count_of_app("a"), 2);
    }
}
