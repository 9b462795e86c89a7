use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};

use super::*;
use crate::error::ApiError;
use crate::op::Repeatability::{self, Idempotent, Once};
use crate::transport::{TransportError, TransportErrorKind};

/// What can go wrong with an attempt.
#[derive(Debug, Clone, Copy)]
enum Failure {
    Transport(TransportErrorKind),
    Answer(u16, &'static str, &'static str),
}

use Failure::{Answer, Transport};

struct Case {
    failure: Failure,
    repeatability: Repeatability,
    replayable: bool,
    keyed: bool,
    number: u32,
    after: Option<u64>,
}

fn decide(policy: &RetryPolicy, case: &Case, tally: &Tally) -> Option<Decision> {
    let headers = HeaderMap::new();
    let errors;
    let transport;
    let outcome = match case.failure {
        Transport(kind) => {
            transport = TransportError::new(kind, "");
            Outcome::Failure(&transport)
        }
        Answer(status, code, message) => {
            errors = if code.is_empty() {
                vec![]
            } else {
                vec![ApiError::new(code, message)]
            };
            Outcome::Answer {
                status: StatusCode::from_u16(status).unwrap(),
                headers: &headers,
                errors: &errors,
            }
        }
    };
    let attempt = Attempt {
        number: case.number,
        elapsed: Duration::ZERO,
        method: &Method::POST,
        path_template: "/",
        repeatability: case.repeatability,
        replayable: case.replayable,
        keyed: case.keyed,
        retry_after: case.after.map(Duration::from_secs),
        outcome,
    };
    policy.decide(&attempt, tally, 1.0)
}

use super::decide::Decision;

const DAILY: &str = "TotalRequests Limit exceeded.";
const AT_ONCE: &str = "ConcurrentRequests (Concurrent API Requests) Limit exceeded.";

/// Every failure, and whether it is repeated for an operation that may be
/// carried out twice, and for one that may not.
const TABLE: [(Failure, bool, bool); 20] = [
    (Transport(TransportErrorKind::Connect), true, true),
    (Transport(TransportErrorKind::Unsendable), false, false),
    (Transport(TransportErrorKind::Timeout), true, false),
    (Transport(TransportErrorKind::Interrupted), true, false),
    (Transport(TransportErrorKind::TooLarge), false, false),
    (Answer(400, "REQUIRED_FIELD_MISSING", ""), false, false),
    (Answer(400, "UNABLE_TO_LOCK_ROW", ""), true, true),
    (Answer(401, "INVALID_SESSION_ID", ""), false, false),
    (Answer(403, "REQUEST_LIMIT_EXCEEDED", DAILY), false, false),
    (Answer(403, "REQUEST_LIMIT_EXCEEDED", AT_ONCE), true, true),
    (Answer(404, "NOT_FOUND", ""), false, false),
    (Answer(409, "", ""), false, false),
    (Answer(429, "", ""), true, true),
    (Answer(500, "", ""), true, false),
    (Answer(500, "UNKNOWN_EXCEPTION", ""), true, false),
    (Answer(501, "NOT_IMPLEMENTED", ""), false, false),
    (Answer(502, "", ""), true, false),
    (Answer(503, "", ""), true, false),
    (Answer(503, "SERVER_UNAVAILABLE", ""), true, false),
    (Answer(503, "REQUEST_LIMIT_EXCEEDED", DAILY), false, false),
];

#[test]
fn every_operation_failure_body_and_attempt_decides_as_the_table_says() {
    let policy = RetryPolicy::default();
    for (failure, idempotent, once) in TABLE {
        for (repeatability, expected) in [(Idempotent, idempotent), (Once, once)] {
            for replayable in [true, false] {
                for number in 1..=5 {
                    let case = Case {
                        failure,
                        repeatability,
                        replayable,
                        keyed: false,
                        number,
                        after: None,
                    };
                    let expected = expected && replayable && number <= 3;
                    assert_eq!(
                        decide(&policy, &case, &Tally::default()).is_some(),
                        expected,
                        "{failure:?} {repeatability:?} replayable: {replayable} attempt {number}"
                    );
                }
            }
        }
    }
}

fn case(failure: Failure) -> Case {
    Case {
        failure,
        repeatability: Idempotent,
        replayable: true,
        keyed: false,
        number: 1,
        after: None,
    }
}

#[test]
fn waits_grow_and_are_bounded() {
    let policy = RetryPolicy::default()
        .max_retries(20)
        .timeout(Duration::MAX);
    let waits: Vec<u128> = (1..=7)
        .map(|number| {
            let case = Case {
                number,
                ..case(Answer(503, "", ""))
            };
            decide(&policy, &case, &Tally::default())
                .unwrap()
                .wait
                .as_millis()
        })
        .collect();
    assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
}

#[test]
fn retry_after_is_honoured_up_to_the_ceiling() {
    let policy = RetryPolicy::default();
    for status in [429, 503] {
        let wait = |after| {
            let case = Case {
                after: Some(after),
                ..case(Answer(status, "", ""))
            };
            decide(&policy, &case, &Tally::default()).map(|decision| decision.wait.as_secs())
        };
        assert_eq!(wait(7), Some(7), "{status}");
        assert_eq!(wait(0), Some(0), "the backoff alone, {status}");
        assert_eq!(wait(61), None, "over the ceiling, {status}");
    }
}

#[test]
fn a_conflict_is_waited_out_only_under_a_key() {
    let policy = RetryPolicy::default();
    let wait = |keyed, after| {
        let case = Case {
            keyed,
            after,
            ..case(Answer(409, "", ""))
        };
        decide(&policy, &case, &Tally::default()).map(|decision| decision.wait.as_millis())
    };
    assert_eq!(wait(true, Some(7)), Some(7000));
    assert_eq!(wait(true, None), Some(500), "the backoff alone");
    assert_eq!(wait(true, Some(61)), None, "over the ceiling");
    assert_eq!(wait(false, Some(7)), None);
}

#[test]
fn nothing_is_repeated_that_would_start_after_the_timeout() {
    let policy = RetryPolicy::default().timeout(Duration::from_millis(499));
    assert!(decide(&policy, &case(Answer(503, "", "")), &Tally::default()).is_none());
}

#[test]
fn a_policy_without_rules_repeats_nothing() {
    for (failure, ..) in TABLE {
        assert!(decide(&RetryPolicy::never(), &case(failure), &Tally::default()).is_none());
    }
}

/// In the ancestor a spent exception rule ended the search.
#[test]
fn a_spent_rule_is_passed_over() {
    let again = |_: &Attempt<'_>| Verdict::Retry { after: None };
    let policy = RetryPolicy::never()
        .max_retries(10)
        .rule(RetryRule::new("first", again).max_retries(1))
        .rule(RetryRule::new("second", again).max_retries(5));
    let mut tally = Tally::default();
    let mut rules = Vec::new();
    while let Some(decision) = decide(
        &policy,
        &case(Transport(TransportErrorKind::Timeout)),
        &tally,
    ) {
        tally.count(&decision);
        rules.push(decision.rule);
    }
    assert_eq!(
        rules,
        ["first", "second", "second", "second", "second", "second"]
    );
}

/// Likewise a spent rule that would not even have matched.
#[test]
fn a_rule_with_no_retries_blocks_nothing() {
    let policy = RetryPolicy::never()
        .max_retries(1)
        .rule(RetryRule::new("none", |_| Verdict::Pass).max_retries(0))
        .rule(RetryRule::new("some", |_| Verdict::Retry { after: None }));
    let decision = decide(&policy, &case(Answer(418, "", "")), &Tally::default()).unwrap();
    assert_eq!(decision.rule, "some");
}

#[test]
fn stop_is_final() {
    let policy = RetryPolicy::default().rule(RetryRule::new("stop", |_| Verdict::Stop));
    for (failure, ..) in TABLE {
        assert!(decide(&policy, &case(failure), &Tally::default()).is_none());
    }
}

#[test]
fn passwords_and_codes_are_repeated_only_where_they_were_not_looked_at() {
    let policy = RetryPolicy::default();
    for (failure, ..) in TABLE {
        let case = Case {
            repeatability: Once,
            ..case(failure)
        };
        let never_sent = matches!(failure, Transport(TransportErrorKind::Connect));
        let not_available = matches!(failure, Answer(503, ..));
        let repeated = |policy: &RetryPolicy| decide(policy, &case, &Tally::default()).is_some();
        assert_eq!(
            repeated(&policy.for_single_use()),
            never_sent,
            "{failure:?}"
        );
        assert_eq!(
            repeated(&policy.for_passwords()),
            never_sent || not_available,
            "{failure:?}"
        );
    }
}

#[test]
fn the_budget_runs_dry_and_recovers() {
    let budget = Budget::default();
    assert_eq!((0..).take_while(|_| budget.withdraw()).count(), 100);
    for _ in 0..5 {
        budget.deposit();
    }
    assert!(budget.withdraw());
    assert!(!budget.withdraw());
}

#[test]
fn jitter_stays_within_the_wait() {
    let backoff = Backoff::default();
    assert_eq!(backoff.delay(1, 0.0), Duration::ZERO);
    assert_eq!(backoff.delay(2, 0.5), Duration::from_millis(500));
    assert_eq!(
        Backoff::default().jitter(false).delay(2, 0.0),
        Duration::from_secs(1)
    );
    assert_eq!(backoff.delay(u32::MAX, 1.0), Duration::from_secs(10));
}
