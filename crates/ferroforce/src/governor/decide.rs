//! Whether a call may go: a function of what is known and nothing else.

use super::refusal::Reason;

/// What all of an org's callers may do together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ceilings {
    pub(super) in_flight: u32,
    pub(super) long: u32,
}

/// What one share may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) in_flight: Option<u32>,
    pub(super) daily_calls: Option<u64>,
    /// Calls that this share leaves of the org's quota.
    pub(super) floor: u64,
    /// The same of the app's own quota, where it has one.
    pub(super) app_floor: u64,
}

/// The call that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) long: bool,
    /// How many calls of the quota it costs.
    pub(crate) calls: u32,
}

/// A quota as Salesforce stated it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quota {
    pub(super) consumed: u64,
    pub(super) limit: u64,
}

impl Quota {
    /// Where the limit is a soft one, more may be consumed than it allows.
    pub(super) fn left(self) -> u64 {
        self.limit.saturating_sub(self.consumed)
    }
}

/// What is going on, without the call that asks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct View {
    /// Requests of all shares.
    pub(super) in_flight: u32,
    /// Those of them that take long.
    pub(super) long: u32,
    /// Requests of this share.
    pub(super) mine: u32,
    /// Calls of this share in the last 24 hours, those in flight among them.
    pub(super) used: u64,
    /// Calls in flight, of which the quotas may not know yet.
    pub(super) pending: u64,
    pub(super) org: Option<Quota>,
    pub(super) app: Option<Quota>,
    /// Salesforce said a moment ago that too much takes long.
    pub(super) long_held: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Admit,
    /// Something in flight must end first.
    Wait,
    Stop(Reason),
}

pub(super) fn decide(ceilings: Ceilings, terms: Terms, view: &View, wish: Wish) -> Decision {
    let calls = u64::from(wish.calls);
    if let Some(budget) = terms.daily_calls
        && view.used.saturating_add(calls) > budget
    {
        let used = view.used;
        return Decision::Stop(Reason::SpentShare { used, budget });
    }
    let mut unclear = false;
    for (quota, floor, reason) in [
        (
            view.org,
            terms.floor,
            Reason::org_floor as fn(u64, u64) -> Reason,
        ),
        (view.app, terms.app_floor, Reason::app_floor),
    ] {
        let Some(left) = quota.filter(|_| floor > 0).map(Quota::left) else {
            continue;
        };
        if left < floor.saturating_add(calls) {
            return Decision::Stop(reason(left, floor));
        }
        // What is in flight may be counted in what is left, or not: that will show.
        unclear |= left < floor.saturating_add(calls).saturating_add(view.pending);
    }
    // While nothing is known, one goes ahead and finds out.
    let keeps = terms.floor > 0 || terms.app_floor > 0;
    unclear |= keeps && view.org.is_none() && view.pending > 0;

    let full = view.in_flight >= ceilings.in_flight
        || terms.in_flight.is_some_and(|most| view.mine >= most)
        || (wish.long && (view.long >= ceilings.long || view.long_held));
    if unclear || full {
        Decision::Wait
    } else {
        Decision::Admit
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CEILINGS: Ceilings = Ceilings {
        in_flight: 10,
        long: 2,
    };
    const SHORT: Wish = Wish {
        long: false,
        calls: 1,
    };
    const LONG: Wish = Wish {
        long: true,
        calls: 1,
    };

    fn quota(consumed: u64, limit: u64) -> Option<Quota> {
        Some(Quota { consumed, limit })
    }

    #[test]
    fn what_is_decided_when() {
        use Decision::{Admit, Wait};
        let free = Terms::default();
        let terms = |floor, app_floor| Terms {
            floor,
            app_floor,
            ..free
        };
        let view = View::default();
        let at = |consumed, limit, pending| View {
            org: quota(consumed, limit),
            pending,
            ..view
        };
        let org_floor = |left, floor| Decision::Stop(Reason::org_floor(left, floor));
        for (case, terms, view, wish, expected) in [
            ("nothing is going on", free, view, SHORT, Admit),
            (
                "the last place",
                free,
                View {
                    in_flight: 9,
                    ..view
                },
                SHORT,
                Admit,
            ),
            (
                "no place",
                free,
                View {
                    in_flight: 10,
                    ..view
                },
                SHORT,
                Wait,
            ),
            (
                "a long one, the last place",
                free,
                View { long: 1, ..view },
                LONG,
                Admit,
            ),
            (
                "a long one, no place",
                free,
                View { long: 2, ..view },
                LONG,
                Wait,
            ),
            (
                "a short one beside long ones",
                free,
                View { long: 2, ..view },
                SHORT,
                Admit,
            ),
            (
                "long ones are held",
                free,
                View {
                    long_held: true,
                    ..view
                },
                LONG,
                Wait,
            ),
            (
                "short ones are not",
                free,
                View {
                    long_held: true,
                    ..view
                },
                SHORT,
                Admit,
            ),
            (
                "the share's last place",
                Terms {
                    in_flight: Some(3),
                    ..free
                },
                View { mine: 2, ..view },
                SHORT,
                Admit,
            ),
            (
                "no place in the share",
                Terms {
                    in_flight: Some(3),
                    ..free
                },
                View { mine: 3, ..view },
                SHORT,
                Wait,
            ),
            (
                "the share's last call",
                Terms {
                    daily_calls: Some(5),
                    ..free
                },
                View { used: 4, ..view },
                SHORT,
                Admit,
            ),
            (
                "the share is spent",
                Terms {
                    daily_calls: Some(5),
                    ..free
                },
                View { used: 5, ..view },
                SHORT,
                Decision::Stop(Reason::SpentShare { used: 5, budget: 5 }),
            ),
            (
                "no floor, nothing left",
                free,
                at(100, 100, 0),
                SHORT,
                Admit,
            ),
            (
                "no floor, over a soft limit",
                free,
                at(150, 100, 7),
                SHORT,
                Admit,
            ),
            (
                "above the floor",
                terms(20, 0),
                at(79, 100, 0),
                SHORT,
                Admit,
            ),
            (
                "the floor would be broken",
                terms(20, 0),
                at(80, 100, 0),
                SHORT,
                org_floor(20, 20),
            ),
            (
                "below the floor",
                terms(20, 0),
                at(95, 100, 3),
                SHORT,
                org_floor(5, 20),
            ),
            (
                "below the floor, over a soft limit",
                terms(20, 0),
                at(150, 100, 0),
                SHORT,
                org_floor(0, 20),
            ),
            (
                "what is in flight may break it",
                terms(20, 0),
                at(75, 100, 5),
                SHORT,
                Wait,
            ),
            (
                "what is in flight does not",
                terms(20, 0),
                at(75, 100, 4),
                SHORT,
                Admit,
            ),
            (
                "a floor above the limit",
                terms(200, 0),
                at(0, 100, 0),
                SHORT,
                org_floor(100, 200),
            ),
            (
                "a call that costs more",
                terms(20, 0),
                at(75, 100, 0),
                Wish { calls: 6, ..SHORT },
                org_floor(25, 20),
            ),
            (
                "nothing known, one finds out",
                terms(20, 0),
                view,
                SHORT,
                Admit,
            ),
            (
                "nothing known, the others wait",
                terms(20, 0),
                View { pending: 1, ..view },
                SHORT,
                Wait,
            ),
            (
                "nothing known, and no floor",
                free,
                View { pending: 1, ..view },
                SHORT,
                Admit,
            ),
            (
                "the app's floor",
                terms(0, 5),
                View {
                    app: quota(245, 250),
                    ..at(0, 100, 0)
                },
                SHORT,
                Decision::Stop(Reason::app_floor(5, 5)),
            ),
            (
                "above the app's floor",
                terms(0, 5),
                View {
                    app: quota(244, 250),
                    ..at(0, 100, 0)
                },
                SHORT,
                Admit,
            ),
            (
                "an app without a quota",
                terms(0, 5),
                at(0, 100, 9),
                SHORT,
                Admit,
            ),
        ] {
            assert_eq!(decide(CEILINGS, terms, &view, wish), expected, "{case}");
        }
    }

    fn any_quota() -> impl Strategy<Value = Option<Quota>> {
        proptest::option::of(
            (0u64..300, 0u64..200).prop_map(|(consumed, limit)| Quota { consumed, limit }),
        )
    }

    proptest! {
        /// Whatever the order in which calls come and end, no ceiling is ever broken.
        #[test]
        fn what_is_admitted_fits(
            in_flight in 0u32..12, long in 0u32..4, mine in 0u32..12, used in 0u64..30,
            pending in 0u64..20, org in any_quota(), app in any_quota(), long_held: bool,
            most in proptest::option::of(0u32..8), budget in proptest::option::of(0u64..30),
            floor in 0u64..60, app_floor in 0u64..60, is_long: bool, calls in 0u32..4,
        ) {
            let view = View { in_flight, long, mine, used, pending, org, app, long_held };
            let terms = Terms { in_flight: most, daily_calls: budget, floor, app_floor };
            let wish = Wish { long: is_long, calls };
            let decision = decide(CEILINGS, terms, &view, wish);
            if decision == Decision::Admit {
                prop_assert!(in_flight < CEILINGS.in_flight);
                prop_assert!(!is_long || (long < CEILINGS.long && !long_held));
                prop_assert!(most.is_none_or(|most| mine < most));
                prop_assert!(budget.is_none_or(|budget| used + u64::from(calls) <= budget));
                for (quota, floor) in [(org, floor), (app, app_floor)] {
                    if let (Some(quota), true) = (quota, floor > 0) {
                        prop_assert!(quota.left() >= floor + u64::from(calls) + pending);
                    }
                }
            }
            // What waits, waits for something that ends.
            if decision == Decision::Wait {
                let full = in_flight >= CEILINGS.in_flight || most.is_some_and(|most| mine >= most);
                prop_assert!(full || pending > 0 || (is_long && (long_held || long >= CEILINGS.long)));
            }
        }

        #[test]
        fn more_room_never_makes_it_worse(in_flight in 1u32..12, long in 1u32..4, is_long: bool) {
            let wish = Wish { long: is_long, calls: 1 };
            let view = View { in_flight, long, ..View::default() };
            let less = View { in_flight: in_flight - 1, long: long - 1, ..view };
            if decide(CEILINGS, Terms::default(), &view, wish) == Decision::Admit {
                prop_assert_eq!(decide(CEILINGS, Terms::default(), &less, wish), Decision::Admit);
            }
        }
    }
}
