//! When a failed request is sent again, and when it must not be.
//!
//! The rules are plain functions of what happened: no clock, no randomness, no
//! waiting. [`RetryPolicy`] holds them in order, with the limits over all.

mod backoff;
mod budget;
mod decide;
mod rule;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use backoff::Backoff;
pub use rule::{Attempt, Outcome, RetryRule, Verdict};

pub(crate) use budget::Budget;
pub(crate) use decide::Tally;

/// When and how often failed requests are sent again.
///
/// The default repeats what is certain to have done nothing (no connection,
/// locked rows, 429, too many requests at once), and what may be repeated
/// without harm after broken connections, timeouts and 5xx answers, and, under an
/// idempotency key, while the first attempt is still under way (409): up to three
/// times within five minutes. It never repeats a create that may have happened,
/// and never waits for a daily quota.
///
/// ```
/// use ferroforce::retry::{Outcome, RetryPolicy, RetryRule, Verdict};
///
/// // Also wait for a maintenance page of a proxy in between.
/// let policy = RetryPolicy::default().max_retries(5).rule(
///     RetryRule::new("proxy", |attempt| match attempt.outcome() {
///         Outcome::Answer { status, .. } if status.as_u16() == 420 => Verdict::Retry { after: None },
///         _ => Verdict::Pass,
///     })
///     .max_retries(2),
/// );
/// ```
#[derive(Clone)]
pub struct RetryPolicy {
    rules: Arc<[RetryRule]>,
    max_retries: u32,
    timeout: Duration,
    backoff: Backoff,
    max_retry_after: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            rules: rule::defaults().into(),
            max_retries: 3,
            timeout: Duration::from_secs(300),
            backoff: Backoff::default(),
            max_retry_after: Duration::from_secs(60),
        }
    }
}

impl RetryPolicy {
    /// A policy that never repeats anything. An expired session is still
    /// renewed.
    pub fn never() -> Self {
        Self {
            rules: Arc::new([]),
            max_retries: 0,
            ..Self::default()
        }
    }

    /// The wait before something that reads is begun anew for the `retry`th time in a
    /// row; `None` if that is once too often. `random` is in `0..1`.
    pub(crate) fn resumption(&self, retry: u32, random: f64) -> Option<Duration> {
        (retry <= self.max_retries).then(|| self.backoff.delay(retry, random))
    }

    /// The rules for a password: it is submitted again only where it was not
    /// looked at, since each wrong one counts towards locking the user out.
    pub(crate) fn for_passwords(&self) -> Self {
        self.with_rules(rule::for_passwords())
    }

    /// The rules for a code or token that works once: using it a second time
    /// revokes what the first use gave.
    pub(crate) fn for_single_use(&self) -> Self {
        self.with_rules(rule::for_single_use())
    }

    fn with_rules(&self, rules: Vec<RetryRule>) -> Self {
        Self {
            rules: rules.into(),
            ..self.clone()
        }
    }

    /// Adds a rule behind the ones there are.
    #[must_use]
    pub fn rule(mut self, rule: RetryRule) -> Self {
        self.rules = self.rules.iter().cloned().chain([rule]).collect();
        self
    }

    /// How often one request is repeated at most, over all rules. Default 3.
    #[must_use]
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// No repeat is begun that would start later than this after the call began.
    /// Signing in does not count. Default 5 minutes, which leaves room for an
    /// attempt that timed out.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long to wait between attempts.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    pub(crate) fn wait(&self, attempt: u32, random: f64) -> Duration {
        self.backoff.delay(attempt, random)
    }

    /// The longest `Retry-After` that is waited for; a longer one ends the call
    /// with an error that carries it. Default 60 seconds.
    #[must_use]
    pub fn max_retry_after(mut self, ceiling: Duration) -> Self {
        self.max_retry_after = ceiling;
        self
    }
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryPolicy")
            .field("rules", &self.rules)
            .field("max_retries", &self.max_retries)
            .field("timeout", &self.timeout)
            .field("backoff", &self.backoff)
            .field("max_retry_after", &self.max_retry_after)
            .finish()
    }
}

#[cfg(test)]
mod tests;
