use std::time::Duration;

use super::{Attempt, RetryPolicy, Verdict};

/// Send it again after `wait`, because `rule` said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) rule: &'static str,
    pub(crate) wait: Duration,
    index: usize,
}

/// How often each rule has been used for one request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally(Vec<u32>);

impl Tally {
    fn used(&self, rule: usize) -> u32 {
        self.0.get(rule).copied().unwrap_or_default()
    }

    pub(crate) fn count(&mut self, decision: &Decision) {
        if self.0.len() <= decision.index {
            self.0.resize(decision.index + 1, 0);
        }
        self.0[decision.index] += 1;
    }
}

impl RetryPolicy {
    /// Whether to send the request again, as a function of its arguments alone;
    /// `random` is in `0..1`.
    pub(crate) fn decide(
        &self,
        attempt: &Attempt<'_>,
        tally: &Tally,
        random: f64,
    ) -> Option<Decision> {
        if attempt.number > self.max_retries || !attempt.replayable {
            return None;
        }
        let (index, rule, after) = self.first_hit(attempt, tally)?;
        if after.is_some_and(|after| after > self.max_retry_after) {
            return None;
        }
        let wait = self
            .backoff
            .delay(attempt.number, random)
            .max(after.unwrap_or_default());
        (attempt.elapsed.saturating_add(wait) < self.timeout).then_some(Decision {
            rule,
            wait,
            index,
        })
    }

    fn first_hit(
        &self,
        attempt: &Attempt<'_>,
        tally: &Tally,
    ) -> Option<(usize, &'static str, Option<Duration>)> {
        let mut hit = None;
        for (index, rule) in self.rules.iter().enumerate() {
            match rule.judge(attempt) {
                Verdict::Stop => return None,
                // A spent rule is passed over, so that a later one can still help.
                Verdict::Retry { after } if hit.is_none() && !rule.is_spent(tally.used(index)) => {
                    hit = Some((index, rule.name(), after));
                }
                _ => {}
            }
        }
        hit
    }
}
