//! Which faults strike which requests.

use fastrand::Rng;
use http::Method;
use serde::Serialize;

use super::fault::{Effect, Fault};
use crate::id::RecordId;

/// A fault that was added, and what it has done so far.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FaultStatus {
    /// By which it can be removed.
    pub id: u64,
    /// The fault.
    pub fault: Fault,
    /// How many requests, or writes, it was meant for, those that it let through included.
    pub seen: u32,
    /// How many of them it has struck.
    pub struck: u32,
}

/// The faults to come, in the order in which they were added.
#[derive(Debug)]
pub(crate) struct Rules {
    rules: Vec<FaultStatus>,
    next_id: u64,
    random: Rng,
}

impl Default for Rules {
    fn default() -> Self {
        // The same in every run, so that a test that fails by chance fails again.
        Self {
            rules: Vec::new(),
            next_id: 1,
            random: Rng::with_seed(0),
        }
    }
}

impl Rules {
    pub(crate) fn add(&mut self, fault: Fault) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.rules.push(FaultStatus {
            id,
            fault,
            seen: 0,
            struck: 0,
        });
        id
    }

    /// False if there is none with this id.
    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.rules.len();
        self.rules.retain(|rule| rule.id != id);
        self.rules.len() < before
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// Starts the dice that decide over probabilities anew.
    pub(crate) fn seed(&mut self, seed: u64) {
        self.random = Rng::with_seed(seed);
    }

    pub(crate) fn list(&self) -> Vec<FaultStatus> {
        self.rules.clone()
    }

    /// The effects that a request has to suffer, in their order. At most the last of them
    /// answers it: the faults after that one don't see the request.
    pub(crate) fn strike(&mut self, method: &Method, path: &str) -> Vec<(u64, Effect)> {
        let mut effects = Vec::new();
        for rule in &mut self.rules {
            let fault = &rule.fault;
            if fault.times.is_some_and(|times| rule.struck >= times) || !fault.is_for(method, path)
            {
                continue;
            }
            if !rule.strikes(&mut self.random) {
                continue;
            }
            let fault = &rule.fault;
            effects.push((rule.id, fault.effect.clone()));
            if fault.effect.answers() {
                break;
            }
        }
        effects
    }

    /// The rules that have not struck as often as they may.
    pub(super) fn living(&self) -> Vec<FaultStatus> {
        let is_over =
            |rule: &&FaultStatus| rule.fault.times.is_none_or(|times| rule.struck < times);
        self.rules.iter().filter(is_over).cloned().collect()
    }

    /// Notes that there is something that a rule is meant for, and tells whether it strikes.
    pub(super) fn strikes(&mut self, id: u64) -> bool {
        let random = &mut self.random;
        let rule = self.rules.iter_mut().find(|rule| rule.id == id);
        rule.is_some_and(|rule| rule.strikes(random))
    }

    /// Whether somebody else holds a lock that the write of a record needs: its own, if it is
    /// there already, or that of one that it refers to.
    pub(crate) fn lock(
        &mut self,
        object: &str,
        own: Option<RecordId>,
        referred: impl Fn() -> Vec<RecordId>,
    ) -> Option<Lock> {
        for rule in &mut self.rules {
            let Effect::LockedRecords {
                object: wanted,
                ids,
            } = &rule.fault.effect
            else {
                continue;
            };
            let is_over = rule.fault.times.is_some_and(|times| rule.struck >= times);
            let is_other = |wanted: &String| !wanted.eq_ignore_ascii_case(object);
            if is_over || wanted.as_ref().is_some_and(is_other) {
                continue;
            }
            let locked: Vec<RecordId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
            let lock = if ids.is_empty() || own.is_some_and(|own| locked.contains(&own)) {
                Lock::Own
            } else {
                let parent = referred().into_iter().find(|id| locked.contains(id));
                match parent {
                    Some(id) => Lock::Of(id),
                    None => continue,
                }
            };
            if rule.strikes(&mut self.random) {
                return Some(lock);
            }
        }
        None
    }
}

/// A lock that somebody else holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lock {
    /// On the record that is written.
    Own,
    /// On another record.
    Of(RecordId),
}

impl FaultStatus {
    /// Notes that there is something that the fault is meant for, and tells whether it strikes.
    fn strikes(&mut self, random: &mut Rng) -> bool {
        self.seen = self.seen.saturating_add(1);
        if self.seen <= self.fault.skip || random.f64() >= self.fault.probability {
            return false;
        }
        self.struck = self.struck.saturating_add(1);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Which of so many requests a fault strikes.
    fn struck(fault: Fault, requests: usize) -> Vec<bool> {
        let mut rules = Rules::default();
        rules.add(fault);
        (0..requests)
            .map(|_| !rules.strike(&Method::GET, "/a/b").is_empty())
            .collect()
    }

    #[test]
    fn how_often_a_fault_strikes() {
        assert_eq!(struck(Fault::html(), 3), [true, false, false]);
        assert_eq!(struck(Fault::html().skip(1), 3), [false, true, false]);
        assert_eq!(struck(Fault::html().times(2), 3), [true, true, false]);
        assert_eq!(
            struck(Fault::html().skip(1).always(), 3),
            [false, true, true]
        );
        assert_eq!(struck(Fault::html().times(0), 2), [false, false]);
        assert_eq!(struck(Fault::html().path("/a"), 1), [true]);
        assert_eq!(struck(Fault::html().path("/b"), 1), [false]);
        assert_eq!(struck(Fault::html().method(Method::POST), 1), [false]);
    }

    #[test]
    fn probabilities_are_met_and_the_same_in_every_run() {
        let often = |probability| {
            let fault = Fault::html().always().probability(probability);
            struck(fault, 1000)
                .into_iter()
                .filter(|struck| *struck)
                .count()
        };
        assert_eq!((often(0.0), often(1.0), often(f64::NAN)), (0, 1000, 1000));
        assert!((250..350).contains(&often(0.3)));
        assert_eq!(
            struck(Fault::html().probability(0.5), 50),
            struck(Fault::html().probability(0.5), 50)
        );
    }

    #[test]
    fn locks_are_on_records_and_those_that_they_refer_to() {
        let id = |n| RecordId::nth(*b"001", n);
        let mut rules = Rules::default();
        rules.add(Fault::locked_records([id(1).short()]).times(2));
        let lock = |rules: &mut Rules, own, referred: &[RecordId]| {
            rules.lock("Contact", own, || referred.to_vec())
        };
        assert_eq!(lock(&mut rules, None, &[]), None);
        assert_eq!(lock(&mut rules, Some(id(2)), &[id(3)]), None);
        assert_eq!(lock(&mut rules, Some(id(1)), &[]), Some(Lock::Own));
        assert!(rules.strike(&Method::GET, "/").is_empty());
        assert_eq!(
            lock(&mut rules, None, &[id(2), id(1)]),
            Some(Lock::Of(id(1)))
        );
        assert_eq!(lock(&mut rules, Some(id(1)), &[]), None);
        assert_eq!((rules.list()[0].seen, rules.list()[0].struck), (2, 2));

        rules.add(Fault::locked_object("contact").skip(1));
        let locks = [0; 3].map(|_| lock(&mut rules, None, &[]));
        assert_eq!(locks, [None, Some(Lock::Own), None]);
        rules.add(Fault::locked_object("Account"));
        assert_eq!(lock(&mut rules, Some(id(2)), &[]), None);
    }

    #[test]
    fn requests_of_others_are_not_counted() {
        let mut rules = Rules::default();
        rules.add(Fault::html().path("/a").skip(1));
        for path in ["/b", "/a", "/b"] {
            assert!(rules.strike(&Method::GET, path).is_empty());
        }
        assert_eq!(rules.strike(&Method::GET, "/a").len(), 1);
        assert_eq!((rules.list()[0].seen, rules.list()[0].struck), (2, 1));
    }

    #[test]
    fn effects_add_up_until_one_answers() {
        let mut rules = Rules::default();
        let delay = rules.add(Fault::delay(Duration::from_secs(1)).always());
        let html = rules.add(Fault::html());
        let cut = rules.add(Fault::cut_before());
        let ids = |rules: &mut Rules| -> Vec<u64> {
            rules
                .strike(&Method::GET, "/")
                .into_iter()
                .map(|(id, _)| id)
                .collect()
        };
        assert_eq!(ids(&mut rules), [delay, html]);
        assert_eq!(ids(&mut rules), [delay, cut]);
        assert_eq!(ids(&mut rules), [delay]);
        assert!(rules.remove(delay) && !rules.remove(delay));
        assert!(ids(&mut rules).is_empty());
        rules.clear();
        assert!(rules.list().is_empty());
    }
}
