//! What is in flight, and what is known of quotas, in the memory of one process.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use super::decide::{Ceilings, Decision, Quota, Terms, View, Wish, decide};
use crate::limits::ApiUsage;

/// Answers come in any order, so a smaller number is believed only when no larger one
/// has come for this long.
pub(super) const SETTLED: Duration = Duration::from_secs(60);

/// What was heard longer ago is not known any more: calls fall out of the 24 hours.
pub(super) const FORGOTTEN: Duration = Duration::from_secs(10 * 60);

/// How long calls that take long are held back after Salesforce said that there are too
/// many.
pub(super) const HELD: Duration = Duration::from_secs(5);

const HOUR: u64 = 60 * 60;
const HOURS: u64 = 24;

/// The moment, by both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    pub(super) steady: Instant,
    pub(super) wall: SystemTime,
}

/// How a call ended, as far as it matters here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ended {
    /// What the answer stated.
    pub(crate) usage: Option<ApiUsage>,
    /// It never left, so it cost nothing.
    pub(crate) never_sent: bool,
    pub(crate) limit: Option<LimitReached>,
}

impl Ended {
    pub(crate) fn unsent() -> Self {
        Self {
            never_sent: true,
            ..Self::default()
        }
    }
}

/// The two things that `REQUEST_LIMIT_EXCEEDED` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LimitReached {
    /// The daily quota is used up.
    Daily,
    /// Too many requests take long at once.
    AtOnce,
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    in_flight: u32,
    long: u32,
    pending: u64,
    shares: HashMap<String, Account>,
    org: Option<Reading>,
    apps: HashMap<String, Reading>,
    long_held: Option<Instant>,
}

#[derive(Debug, Default)]
struct Account {
    in_flight: u32,
    used: Rolling,
    /// The app whose quota this share's answers state.
    app: Option<String>,
}

#[derive(Debug, Clone, Copy)]
struct Reading {
    quota: Quota,
    raised: Instant,
    heard: Instant,
}

impl Reading {
    fn first(quota: Quota, now: Instant) -> Self {
        Self {
            quota,
            raised: now,
            heard: now,
        }
    }

    fn hear(&mut self, quota: Quota, now: Instant) {
        let higher = quota.consumed >= self.quota.consumed;
        if higher || now.duration_since(self.raised) > SETTLED {
            self.quota.consumed = quota.consumed;
            self.raised = now;
        }
        self.quota.limit = quota.limit;
        self.heard = now;
    }

    fn known(&self, now: Instant) -> Option<Quota> {
        (now.duration_since(self.heard) <= FORGOTTEN).then_some(self.quota)
    }
}

/// A count of the last 24 hours, by hour, oldest first.
#[derive(Debug, Default)]
struct Rolling(VecDeque<(u64, u64)>);

impl Rolling {
    fn add(&mut self, hour: u64, calls: u64) {
        match self.0.back_mut() {
            // A clock that was set back counts in the latest hour that it has seen.
            Some((last, sum)) if *last >= hour => *sum += calls,
            _ => self.0.push_back((hour, calls)),
        }
    }

    fn take_back(&mut self, calls: u64) {
        if let Some((_, sum)) = self.0.back_mut() {
            *sum = sum.saturating_sub(calls);
        }
    }

    fn sum(&mut self, hour: u64) -> u64 {
        while self
            .0
            .front()
            .is_some_and(|(first, _)| first + HOURS <= hour)
        {
            self.0.pop_front();
        }
        self.0.iter().map(|(_, calls)| calls).sum()
    }
}

impl Now {
    fn hour(self) -> u64 {
        let since = self.wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        since.as_secs() / HOUR
    }
}

impl Ledger {
    fn view(&mut self, share: &str, now: Now) -> View {
        let account = self.shares.get_mut(share);
        let (mine, used, app) = account.map_or((0, 0, None), |account| {
            (
                account.in_flight,
                account.used.sum(now.hour()),
                account.app.as_ref(),
            )
        });
        let app = app.and_then(|app| self.apps.get(app)?.known(now.steady));
        View {
            in_flight: self.in_flight,
            long: self.long,
            mine,
            used,
            pending: self.pending,
            org: self.org.and_then(|reading| reading.known(now.steady)),
            app,
            long_held: self.long_held.is_some_and(|until| now.steady < until),
        }
    }

    /// Decides, and enters the call if it may go.
    pub(super) fn ask(
        &mut self,
        ceilings: Ceilings,
        share: &str,
        terms: Terms,
        wish: Wish,
        now: Now,
    ) -> Decision {
        let view = self.view(share, now);
        let decision = decide(ceilings, terms, &view, wish);
        if decision == Decision::Admit {
            self.enter(share, wish, now);
        }
        decision
    }

    fn enter(&mut self, share: &str, wish: Wish, now: Now) {
        let calls = u64::from(wish.calls);
        self.in_flight += 1;
        self.long += u32::from(wish.long);
        self.pending += calls;
        if !self.shares.contains_key(share) {
            self.shares.insert(share.to_owned(), Account::default());
        }
        if let Some(account) = self.shares.get_mut(share) {
            account.in_flight += 1;
            account.used.add(now.hour(), calls);
        }
    }

    /// The call that was entered is over.
    pub(super) fn leave(&mut self, share: &str, wish: Wish, ended: &Ended, now: Now) {
        let calls = u64::from(wish.calls);
        self.in_flight = self.in_flight.saturating_sub(1);
        self.long = self.long.saturating_sub(u32::from(wish.long));
        self.pending = self.pending.saturating_sub(calls);
        if let Some(account) = self.shares.get_mut(share) {
            account.in_flight = account.in_flight.saturating_sub(1);
            if ended.never_sent {
                account.used.take_back(calls);
            }
        }
        self.learn(share, ended, if ended.never_sent { 0 } else { calls }, now);
    }

    /// Takes in what an answer said; `calls` is what it cost if the answer does not say.
    pub(super) fn learn(&mut self, share: &str, ended: &Ended, calls: u64, now: Now) {
        match &ended.usage {
            Some(usage) => self.hear(share, usage, now.steady),
            // It may have been counted, and nobody said so.
            None => self.charge(share, calls),
        }
        match ended.limit {
            Some(LimitReached::Daily) => {
                let known = self.org.get_or_insert_with(|| {
                    let quota = Quota {
                        consumed: 0,
                        limit: 0,
                    };
                    Reading::first(quota, now.steady)
                });
                let quota = Quota {
                    consumed: known.quota.consumed.max(known.quota.limit),
                    ..known.quota
                };
                known.hear(quota, now.steady);
            }
            Some(LimitReached::AtOnce) => self.long_held = Some(now.steady + HELD),
            None => {}
        }
    }

    fn hear(&mut self, share: &str, usage: &ApiUsage, now: Instant) {
        let quota = Quota {
            consumed: usage.consumed,
            limit: usage.limit,
        };
        match &mut self.org {
            Some(reading) => reading.hear(quota, now),
            None => self.org = Some(Reading::first(quota, now)),
        }
        let Some(app) = &usage.app else {
            return;
        };
        let quota = Quota {
            consumed: app.consumed,
            limit: app.limit,
        };
        match self.apps.get_mut(&app.name) {
            Some(reading) => reading.hear(quota, now),
            None => {
                self.apps
                    .insert(app.name.clone(), Reading::first(quota, now));
            }
        }
        if let Some(account) = self.shares.get_mut(share)
            && account.app.as_deref() != Some(&app.name)
        {
            account.app = Some(app.name.clone());
        }
    }

    fn charge(&mut self, share: &str, calls: u64) {
        let app = self
            .shares
            .get(share)
            .and_then(|account| account.app.as_ref());
        let app = app.and_then(|app| self.apps.get_mut(app));
        for reading in [self.org.as_mut(), app].into_iter().flatten() {
            reading.quota.consumed = reading.quota.consumed.saturating_add(calls);
        }
    }

    /// What is going on, for whoever wants to see it.
    pub(super) fn standing(&mut self, now: Now) -> (u32, u32, Option<Quota>) {
        let view = self.view("", now);
        (view.in_flight, view.long, view.org)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::limits::AppUsage;

    const CEILINGS: Ceilings = Ceilings {
        in_flight: 4,
        long: 2,
    };
    const SHORT: Wish = Wish {
        long: false,
        calls: 1,
    };

    fn now(second: u64) -> Now {
        // Any fixed beginning: only differences count.
        thread_local! {
            static START: Instant = crate::clock::Clock::system().steady();
        }
        Now {
            steady: START.with(|start| *start + Duration::from_secs(second)),
            wall: UNIX_EPOCH + Duration::from_secs(second),
        }
    }

    fn usage(consumed: u64, limit: u64) -> Ended {
        Ended {
            usage: Some(ApiUsage {
                consumed,
                limit,
                app: None,
            }),
            ..Ended::default()
        }
    }

    fn floor(calls: u64) -> Terms {
        Terms {
            floor: calls,
            ..Terms::default()
        }
    }

    fn left(ledger: &mut Ledger, second: u64) -> Option<u64> {
        ledger.standing(now(second)).2.map(Quota::left)
    }

    #[test]
    fn a_number_that_comes_late_does_not_undo_a_newer_one() {
        let mut ledger = Ledger::default();
        for (second, consumed, expected) in [
            (0, 50, 50),
            (1, 60, 40),
            (2, 58, 40),
            (62, 20, 80), // The 24 hours have moved on.
        ] {
            ledger.learn("a", &usage(consumed, 100), 1, now(second));
            assert_eq!(left(&mut ledger, second), Some(expected), "at {second}");
        }
        // A quota that was raised counts at once.
        ledger.learn("a", &usage(20, 200), 1, now(63));
        assert_eq!(left(&mut ledger, 63), Some(180));
    }

    #[test]
    fn what_was_heard_long_ago_is_forgotten_and_one_call_finds_out() {
        let mut ledger = Ledger::default();
        ledger.learn("a", &usage(90, 100), 1, now(0));
        let mut ask = |second| ledger.ask(CEILINGS, "a", floor(20), SHORT, now(second));
        assert!(matches!(ask(1), Decision::Stop(_)));
        assert!(matches!(ask(600), Decision::Stop(_)));
        assert_eq!(ask(601), Decision::Admit);
        assert_eq!(ask(601), Decision::Wait);
        ledger.leave("a", SHORT, &usage(10, 100), now(602));
        assert_eq!(
            ledger.ask(CEILINGS, "a", floor(20), SHORT, now(602)),
            Decision::Admit
        );
    }

    #[test]
    fn an_answer_that_got_lost_counts_as_a_call_and_one_that_never_left_does_not() {
        let mut ledger = Ledger::default();
        let terms = Terms {
            daily_calls: Some(2),
            ..Terms::default()
        };
        ledger.learn("a", &usage(50, 100), 1, now(0));
        assert_eq!(
            ledger.ask(CEILINGS, "a", terms, SHORT, now(0)),
            Decision::Admit
        );
        ledger.leave("a", SHORT, &Ended::default(), now(0));
        assert_eq!(left(&mut ledger, 0), Some(49));
        let never = Ended {
            never_sent: true,
            ..Ended::default()
        };
        for _ in 0..5 {
            assert_eq!(
                ledger.ask(CEILINGS, "a", terms, SHORT, now(0)),
                Decision::Admit
            );
            ledger.leave("a", SHORT, &never, now(0));
        }
        assert_eq!(left(&mut ledger, 0), Some(49));
    }

    #[test]
    fn a_share_s_calls_come_back_after_a_day() {
        let mut ledger = Ledger::default();
        let terms = Terms {
            daily_calls: Some(2),
            ..Terms::default()
        };
        let mut at = |hour: u64| {
            let decision = ledger.ask(CEILINGS, "a", terms, SHORT, now(hour * HOUR));
            if decision == Decision::Admit {
                ledger.leave("a", SHORT, &usage(1, 1000), now(hour * HOUR));
            }
            decision == Decision::Admit
        };
        assert_eq!(
            [at(0), at(12), at(23), at(24), at(24), at(36)],
            [true, true, false, true, false, true]
        );
    }

    #[test]
    fn the_two_meanings_of_one_code_have_two_effects() {
        let reached = |limit| Ended {
            limit: Some(limit),
            ..Ended::default()
        };
        let mut ledger = Ledger::default();
        ledger.learn("a", &usage(50, 100), 0, now(0));
        ledger.learn("a", &reached(LimitReached::AtOnce), 0, now(0));
        let long = Wish {
            long: true,
            calls: 1,
        };
        assert_eq!(
            ledger.ask(CEILINGS, "a", floor(20), long, now(4)),
            Decision::Wait
        );
        assert_eq!(
            ledger.ask(CEILINGS, "a", floor(20), long, now(5)),
            Decision::Admit
        );
        assert_eq!(left(&mut ledger, 5), Some(50), "the quota is not touched");

        ledger.learn("a", &reached(LimitReached::Daily), 0, now(6));
        assert_eq!(left(&mut ledger, 6), Some(0));
        assert!(matches!(
            ledger.ask(CEILINGS, "a", floor(20), SHORT, now(6)),
            Decision::Stop(_)
        ));
        let mut fresh = Ledger::default();
        fresh.learn("a", &reached(LimitReached::Daily), 0, now(0));
        assert!(matches!(
            fresh.ask(CEILINGS, "a", floor(1), SHORT, now(1)),
            Decision::Stop(_)
        ));
    }

    #[test]
    fn an_app_s_quota_is_that_of_the_shares_that_use_it() {
        let mut ledger = Ledger::default();
        let terms = Terms {
            app_floor: 10,
            ..Terms::default()
        };
        let stated = Ended {
            usage: Some(ApiUsage {
                consumed: 1,
                limit: 1000,
                app: Some(AppUsage {
                    name: "loader".into(),
                    consumed: 245,
                    limit: 250,
                }),
            }),
            ..Ended::default()
        };
        assert_eq!(
            ledger.ask(CEILINGS, "a", terms, SHORT, now(0)),
            Decision::Admit
        );
        ledger.leave("a", SHORT, &stated, now(0));
        assert!(matches!(
            ledger.ask(CEILINGS, "a", terms, SHORT, now(0)),
            Decision::Stop(_)
        ));
        assert_eq!(
            ledger.ask(CEILINGS, "b", terms, SHORT, now(0)),
            Decision::Admit
        );
    }

    proptest! {
        /// However calls come and end, what is in flight stays within the ceilings, and
        /// an org that counts every call is never taken below the floor.
        #[test]
        fn neither_ceilings_nor_floor_are_broken(
            steps in proptest::collection::vec((0u8..4, any::<bool>(), any::<prop::sample::Index>()), 1..200),
            begin in 0u64..120,
        ) {
            const LIMIT: u64 = 100;
            const FLOOR: u64 = 30;
            let mut ledger = Ledger::default();
            let mut flying: Vec<Wish> = Vec::new();
            let mut consumed = begin;
            for (second, (step, long, at)) in (0u64..).zip(steps) {
                let wish = Wish { long, calls: 1 };
                if step < 2 || flying.is_empty() {
                    let before = consumed;
                    if ledger.ask(CEILINGS, "a", floor(FLOOR), wish, now(second)) == Decision::Admit {
                        flying.push(wish);
                        // The org counts a call when it comes.
                        consumed += 1;
                        let known = left(&mut ledger, second).is_some();
                        prop_assert!(!known || LIMIT.saturating_sub(before) > FLOOR);
                    }
                } else {
                    let wish = flying.swap_remove(at.index(flying.len()));
                    let ended = if step == 2 { usage(consumed, LIMIT) } else { Ended::default() };
                    ledger.leave("a", wish, &ended, now(second));
                }
                prop_assert!(flying.len() <= 4);
                prop_assert!(flying.iter().filter(|wish| wish.long).count() <= 2);
            }
            for wish in flying.drain(..) {
                ledger.leave("a", wish, &Ended::default(), now(1000));
            }
            let (in_flight, long, _) = ledger.standing(now(1000));
            prop_assert_eq!((in_flight, long), (0, 0));
        }
    }
}
