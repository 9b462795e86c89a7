//! The org's time: the only place that reads it.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// What time it is in the org. Runs with the machine's clock until it is set.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    set: Mutex<Setting>,
}

#[derive(Debug, Clone, Copy)]
enum Setting {
    /// The machine's time plus this.
    Running(SignedDuration),
    Stopped(Timestamp),
}

impl Default for Setting {
    fn default() -> Self {
        Self::Running(SignedDuration::ZERO)
    }
}

impl Clock {
    /// The present moment, as the org sees it.
    pub(crate) fn now(&self) -> Timestamp {
        match *self.lock() {
            Setting::Running(offset) => shifted(Timestamp::now(), offset),
            Setting::Stopped(at) => at,
        }
    }

    /// The present moment in milliseconds since 1970, as stored in datetime columns.
    pub(crate) fn now_millis(&self) -> i64 {
        self.now().as_millisecond()
    }

    /// Stops the clock at a moment.
    pub(crate) fn stop_at(&self, at: Timestamp) {
        *self.lock() = Setting::Stopped(at);
    }

    /// Moves the clock on (or back); a stopped one stays stopped.
    pub(crate) fn advance(&self, by: SignedDuration) {
        let mut set = self.lock();
        *set = match *set {
            Setting::Running(offset) => Setting::Running(offset.saturating_add(by)),
            Setting::Stopped(at) => Setting::Stopped(shifted(at, by)),
        };
    }

    /// Lets the clock run with the machine's again.
    pub(crate) fn run(&self) {
        *self.lock() = Setting::default();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Setting> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn shifted(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_clock_moves_only_when_told() {
        let clock = Clock::default();
        let noon: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        clock.stop_at(noon);
        assert_eq!(clock.now(), noon);
        clock.advance(SignedDuration::from_hours(3));
        assert_eq!(clock.now(), "2026-03-01T15:00:00Z".parse().unwrap());
        assert_eq!(clock.now_millis(), 1_772_377_200_000);
    }
}
