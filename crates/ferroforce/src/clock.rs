use std::time::SystemTime;

use tokio::time::Instant;

/// The only place that reads time: a wall clock for what Salesforce dates, and
/// a steady one for waiting.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Clock {
    /// In tests the wall clock follows the runtime's paused time from here on.
    follows: Option<(SystemTime, Instant)>,
}

impl Clock {
    pub(crate) const fn system() -> Self {
        Self { follows: None }
    }

    #[cfg(test)]
    pub(crate) fn following_tokio() -> Self {
        Self {
            follows: Some((SystemTime::now(), Instant::now())),
        }
    }

    pub(crate) fn wall(self) -> SystemTime {
        match self.follows {
            None => SystemTime::now(),
            Some((wall, steady)) => wall + steady.elapsed(),
        }
    }

    pub(crate) fn steady(self) -> Instant {
        Instant::now()
    }
}
