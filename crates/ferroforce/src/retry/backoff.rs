use std::time::Duration;

/// The wait before the next attempt: exponential, with full jitter (any length
/// between nothing and the exponential one is as likely as another).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    base: Duration,
    factor: f64,
    max: Duration,
    jitter: bool,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            base: Duration::from_millis(500),
            factor: 2.0,
            max: Duration::from_secs(10),
            jitter: true,
        }
    }
}

impl Backoff {
    /// The wait before the first repeat; with jitter, the longest one. Default
    /// 500 ms.
    #[must_use]
    pub fn base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// What each further wait is multiplied by; below 1 counts as 1. Default 2.
    #[must_use]
    pub fn factor(mut self, factor: f64) -> Self {
        self.factor = if factor >= 1.0 { factor } else { 1.0 };
        self
    }

    /// The longest wait. Default 10 seconds.
    #[must_use]
    pub fn max(mut self, max: Duration) -> Self {
        self.max = max;
        self
    }

    /// Whether waits are drawn at random, so that many callers do not come back
    /// at once. Default true.
    #[must_use]
    pub fn jitter(mut self, jitter: bool) -> Self {
        self.jitter = jitter;
        self
    }

    /// The wait before repeat number `retry` (from 1); `random` is in `0..1`.
    pub(crate) fn delay(&self, retry: u32, random: f64) -> Duration {
        let growth = self.factor.powf(f64::from(retry.saturating_sub(1)));
        let seconds = (self.base.as_secs_f64() * growth).min(self.max.as_secs_f64());
        let share = if self.jitter {
            random.clamp(0.0, 1.0)
        } else {
            1.0
        };
        Duration::try_from_secs_f64(seconds * share).unwrap_or(self.max)
    }
}
