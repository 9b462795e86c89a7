//! A governor in Redis, for workers that share no memory.
//!
//! A place is a lease, kept for as long as its call is under way, so that one of a worker
//! that died is free again by itself. What is decided is decided by a script, in one step
//! for all; it says the same as [`decide`](super::decide::decide).

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use ::redis::{Script, ScriptInvocation};
use tokio::time::Instant;

use super::decide::{Ceilings, Decision, Terms, Wish};
use super::ledger::{Ended, LimitReached};
use super::refusal::Reason;
use crate::clock::Clock;
use crate::redis::RedisConnection;

/// A place whose worker is not heard of for this long is free again.
pub(super) const LEASE: Duration = Duration::from_secs(20);

/// No call waits longer than this for Redis.
const PATIENCE: Duration = Duration::from_secs(3);

/// A Redis that did not answer is not asked again before this has passed.
const LEFT_ALONE: Duration = Duration::from_secs(5);

macro_rules! script {
    ($name:literal) => {
        LazyLock::new(|| Script::new(concat!(include_str!("state.lua"), include_str!($name))))
    };
}

static ASK: LazyLock<Script> = script!("ask.lua");
static LEAVE: LazyLock<Script> = script!("leave.lua");
static KEEP: LazyLock<Script> = script!("keep.lua");
static LOOK: LazyLock<Script> = script!("look.lua");

static NEXT: AtomicU64 = AtomicU64::new(0);

/// What a governor has in Redis.
pub(super) struct Shared {
    redis: RedisConnection,
    name: String,
    lease: Duration,
    left_alone: Duration,
    reach: Mutex<Reach>,
}

/// Whether Redis can be reached.
#[derive(Default)]
struct Reach {
    /// It did not answer, and is not asked again before then.
    left_alone: Option<Instant>,
    failure: String,
    /// Somebody was told that it does not answer.
    told: bool,
}

/// The place of one call.
pub(super) struct Lease(String);

/// Redis did not answer.
#[derive(Debug)]
pub(super) struct Unreachable;

impl Shared {
    pub(super) fn new(redis: RedisConnection, name: String) -> Self {
        Self {
            redis,
            name,
            lease: LEASE,
            left_alone: LEFT_ALONE,
            reach: Mutex::default(),
        }
    }

    pub(super) fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = lease.max(Duration::from_millis(1));
        self
    }

    #[cfg(test)]
    pub(super) fn with_left_alone(mut self, left_alone: Duration) -> Self {
        self.left_alone = left_alone;
        self
    }

    /// How often a lease is kept alive.
    pub(super) fn beat(&self) -> Duration {
        self.lease / 3
    }

    pub(super) async fn ask(
        &self,
        ceilings: Ceilings,
        share: &str,
        terms: Terms,
        lease: &Lease,
    ) -> Result<Decision, Unreachable> {
        let mut ask = self.prepare(&ASK, share);
        ask.arg(&lease.0)
            .arg(self.lease_ms())
            .arg(ceilings.in_flight)
            .arg(ceilings.long)
            .arg(terms.in_flight.map_or(-1, i64::from))
            .arg(terms.daily_calls.map_or(-1, small))
            .arg(small(terms.floor))
            .arg(small(terms.app_floor));
        Ok(match self.run::<(u8, u64, u64)>(&ask).await? {
            (0, ..) => Decision::Admit,
            (2, left, floor) => Decision::Stop(Reason::org_floor(left, floor)),
            (3, left, floor) => Decision::Stop(Reason::app_floor(left, floor)),
            (4, used, budget) => Decision::Stop(Reason::SpentShare { used, budget }),
            _ => Decision::Wait,
        })
    }

    /// Why Redis is out of reach, if that was not told before; or, as nothing, that it
    /// is not any more.
    pub(super) fn news<T>(&self, outcome: &Result<T, Unreachable>) -> Option<Option<String>> {
        let mut reach = self.reach();
        match (
            outcome,
            std::mem::replace(&mut reach.told, outcome.is_err()),
        ) {
            (Err(Unreachable), false) => Some(Some(reach.failure.clone())),
            (Ok(_), true) => Some(None),
            _ => None,
        }
    }

    /// A call is over; without a lease, somebody else's, of which only the answer counts.
    pub(super) async fn leave(&self, share: &str, lease: Option<&Lease>, ended: &Ended) {
        let nobody = Lease::new(
            share,
            Wish {
                long: false,
                calls: 0,
            },
        );
        let org = ended.usage.as_ref();
        let app = org.and_then(|usage| usage.app.as_ref());
        let mut leave = self.prepare(&LEAVE, share);
        leave
            .arg(&lease.unwrap_or(&nobody).0)
            .arg(u8::from(ended.never_sent))
            .arg(org.map_or(-1, |usage| small(usage.consumed)))
            .arg(org.map_or(-1, |usage| small(usage.limit)))
            .arg(app.map_or(-1, |usage| small(usage.consumed)))
            .arg(app.map_or(-1, |usage| small(usage.limit)))
            .arg(app.map_or("", |usage| usage.name.as_str()))
            .arg(match ended.limit {
                None => 0,
                Some(LimitReached::Daily) => 1,
                Some(LimitReached::AtOnce) => 2,
            });
        // If it fails, the lease ends by itself.
        let _ = self.run::<u8>(&leave).await;
    }

    pub(super) async fn keep(&self, share: &str, lease: &Lease) {
        let mut keep = self.prepare(&KEEP, share);
        keep.arg(&lease.0).arg(self.lease_ms());
        let _ = self.run::<u8>(&keep).await;
    }

    /// Calls in flight, long ones among them, and what is left of the quota.
    pub(super) async fn look(&self) -> Result<(u32, u32, Option<u64>), Unreachable> {
        let (in_flight, long, left): (u32, u32, i64) = self.run(&self.prepare(&LOOK, "")).await?;
        Ok((in_flight, long, u64::try_from(left).ok()))
    }

    fn prepare<'a>(&self, script: &'a Script, share: &str) -> ScriptInvocation<'a> {
        let name = &self.name;
        let mut invocation = script.key(format!("ferroforce:governor:{name}:flight"));
        invocation
            .key(format!("ferroforce:governor:{name}:said"))
            .key(format!("ferroforce:governor:{name}:used:{share}"));
        invocation
    }

    fn lease_ms(&self) -> u64 {
        u64::try_from(self.lease.as_millis()).unwrap_or(u64::MAX)
    }

    async fn run<T: ::redis::FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, Unreachable> {
        let left_alone = self.reach().left_alone;
        if left_alone.is_some_and(|until| Clock::system().steady() < until) {
            return Err(Unreachable);
        }
        let failure = match tokio::time::timeout(PATIENCE, self.redis.run(script)).await {
            Ok(Ok(said)) => {
                self.reach().left_alone = None;
                return Ok(said);
            }
            Ok(Err(failure)) => failure.to_string(),
            Err(_) => format!("Redis: no answer within {PATIENCE:?}"),
        };
        let mut reach = self.reach();
        reach.left_alone = Some(Clock::system().steady() + self.left_alone);
        reach.failure = failure;
        Err(Unreachable)
    }

    fn reach(&self) -> std::sync::MutexGuard<'_, Reach> {
        self.reach.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    pub(super) fn new(share: &str, wish: Wish) -> Self {
        static PROCESS: LazyLock<u64> = LazyLock::new(|| fastrand::u64(..));
        let (long, calls) = (u8::from(wish.long), wish.calls);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(format!("{:016x}-{number} {long} {calls} {share}", *PROCESS))
    }
}

/// Redis' scripts count in floating point.
fn small(number: u64) -> i64 {
    const LARGEST: i64 = 1 << 53;
    i64::try_from(number).unwrap_or(LARGEST).min(LARGEST)
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("name", &self.name)
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
