//! One org, governed for all who work on it.
//!
//! An org has limits that its callers share: some twenty-five requests that take long
//! at once, and a number of calls in a day. A client's own limit knows nothing of other
//! clients. A [`Governor`] does: it lets so many requests go at once, of which so many
//! may take long, and stops work that is to leave the rest of the daily quota to others.
//!
//! ```
//! use ferroforce::Salesforce;
//! use ferroforce::auth::ClientCredentials;
//! use ferroforce::governor::Governor;
//!
//! # fn main() -> ferroforce::Result<()> {
//! let governor = Governor::builder().in_flight(50).build();
//! // The nightly load takes ten places at most, and leaves 20,000 calls of the day.
//! let nightly = governor.share("nightly-load").in_flight(10).floor(20_000);
//! let salesforce = Salesforce::builder(ClientCredentials::new("client id", "client secret"))
//!     .org_url("https://acme.my.salesforce.com")
//!     .governor(nightly)
//!     .build()?;
//! # Ok(())
//! # }
//! ```
//!
//! See [the guide](crate::guide::many_workers).

mod decide;
mod ledger;
mod permit;
mod refusal;
#[cfg(feature = "redis")]
mod shared;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
#[cfg(feature = "redis")]
use std::time::Duration;

use tokio::sync::Notify;

pub use refusal::{Reason, Refusal};

pub(crate) use decide::Wish;
pub(crate) use ledger::{Ended, LimitReached};
pub(crate) use permit::{Answer, Permit};

use crate::clock::Clock;
use crate::limits::Limits;
#[cfg(feature = "redis")]
use crate::redis::RedisConnection;
use decide::{Ceilings, Terms};
use ledger::{Ledger, Now};

/// As many as a client lets go at once by default.
const IN_FLIGHT: u32 = 100;

/// One less than Salesforce lets take long in production orgs and sandboxes: while as many
/// as that do, it turns down every other call.
const LONG: u32 = 24;

/// What the callers of one org may do together. Clones govern together; see the
/// [module](self).
///
/// It is one org's: clients of two orgs need two.
#[derive(Clone)]
pub struct Governor(Arc<Inner>);

struct Inner {
    ceilings: Ceilings,
    /// What this process allows itself while Redis cannot be reached.
    #[cfg(feature = "redis")]
    alone: Ceilings,
    #[cfg(feature = "redis")]
    shared: Option<shared::Shared>,
    clock: Clock,
    ledger: Mutex<Ledger>,
    /// Something in flight has ended.
    freed: Notify,
}

/// The settings of a [`Governor`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct GovernorBuilder {
    ceilings: Ceilings,
    #[cfg(feature = "redis")]
    redis: Option<InRedis>,
    clock: Clock,
}

/// Where a governor is that several processes share.
#[cfg(feature = "redis")]
#[derive(Debug, Clone)]
struct InRedis {
    connection: RedisConnection,
    name: String,
    lease: Duration,
    alone: Option<Ceilings>,
}

/// What is going on at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Standing {
    /// Requests that are under way.
    pub in_flight: u32,
    /// Those of them that take long.
    pub long: u32,
    /// Calls that are left of the org's daily quota, as far as is known; 0 where a soft
    /// limit is exceeded.
    pub left: Option<u64>,
}

impl Governor {
    /// Begins a governor.
    pub fn builder() -> GovernorBuilder {
        GovernorBuilder {
            ceilings: Ceilings {
                in_flight: IN_FLIGHT,
                long: LONG,
            },
            #[cfg(feature = "redis")]
            redis: None,
            clock: Clock::system(),
        }
    }

    /// The part of a job. Jobs of one name, on whatever machine, have one share
    /// together.
    pub fn share(&self, job: impl Into<String>) -> Share {
        Share {
            governor: self.clone(),
            job: Arc::from(job.into()),
            terms: Terms::default(),
            queues: Arc::default(),
        }
    }

    /// Takes in what [`Salesforce::limits`](crate::Salesforce::limits) said, for a program
    /// that asks by another client. What the answers to its own clients' calls state,
    /// `limits` among them, a governor takes in by itself.
    pub async fn note_limits(&self, limits: &Limits) {
        let ended = Ended {
            usage: limits.api_usage(),
            ..Ended::default()
        };
        self.0.ledger().learn("", &ended, 0, self.0.now());
        #[cfg(feature = "redis")]
        if let Some(shared) = &self.0.shared {
            shared.leave("", None, &ended).await;
        }
        self.0.freed.notify_waiters();
    }

    /// What is going on now: all over the org, or in this process while Redis cannot be
    /// reached.
    pub async fn standing(&self) -> Standing {
        #[cfg(feature = "redis")]
        if let Some(shared) = &self.0.shared
            && let Ok((in_flight, long, left)) = shared.look().await
        {
            return Standing {
                in_flight,
                long,
                left,
            };
        }
        let (in_flight, long, org) = self.0.ledger().standing(self.0.now());
        Standing {
            in_flight,
            long,
            left: org.map(decide::Quota::left),
        }
    }
}

impl Inner {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Now {
        Now {
            steady: self.clock.steady(),
            wall: self.clock.wall(),
        }
    }
}

impl GovernorBuilder {
    /// How many requests may be under way at once; more wait their turn. Default 100.
    pub fn in_flight(mut self, requests: u32) -> Self {
        self.ceilings.in_flight = requests.max(1);
        self
    }

    /// How many of them may take long ([`Call::long`](crate::Call::long)). Salesforce allows
    /// 25 in production orgs and sandboxes, 5 in Developer and trial orgs, and while so many
    /// do, it turns down every other call. So the default is 24; take 4 for the others.
    pub fn long(mut self, requests: u32) -> Self {
        self.ceilings.long = requests.max(1);
        self
    }

    /// Governs workers of any number of processes and machines, by way of this Redis. All
    /// that are to be governed together give the same name, which should be the org's, and
    /// the same limits.
    ///
    /// While Redis cannot be reached each process goes on by itself and says so in an
    /// [event](crate::events::Event::Governor).
    #[cfg(feature = "redis")]
    pub fn redis(mut self, redis: RedisConnection, name: impl Into<String>) -> Self {
        self.redis = Some(InRedis {
            connection: redis,
            name: name.into(),
            lease: shared::LEASE,
            alone: None,
        });
        self
    }

    /// How many requests, and how many that take long, this process allows itself while
    /// Redis cannot be reached. By default as many as all of them together: with ten workers
    /// a tenth of that is safer. Give it after [`redis`](Self::redis).
    #[cfg(feature = "redis")]
    pub fn alone(mut self, in_flight: u32, long: u32) -> Self {
        if let Some(redis) = &mut self.redis {
            redis.alone = Some(Ceilings {
                in_flight: in_flight.max(1),
                long: long.max(1),
            });
        }
        self
    }

    /// How soon the places of a worker that died are free again. Default 20 seconds; a
    /// worker that lives keeps its places however long they are needed. Give it after
    /// [`redis`](Self::redis).
    #[cfg(feature = "redis")]
    pub fn lease(mut self, lease: Duration) -> Self {
        if let Some(redis) = &mut self.redis {
            redis.lease = lease;
        }
        self
    }

    #[cfg(test)]
    pub(crate) fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The governor: in the memory of this process, unless it was given a Redis.
    pub fn build(self) -> Governor {
        Governor(Arc::new(Inner {
            ceilings: self.ceilings,
            #[cfg(feature = "redis")]
            alone: self
                .redis
                .as_ref()
                .and_then(|redis| redis.alone)
                .unwrap_or(self.ceilings),
            #[cfg(feature = "redis")]
            shared: self.redis.map(|redis| {
                shared::Shared::new(redis.connection, redis.name).with_lease(redis.lease)
            }),
            clock: self.clock,
            ledger: Mutex::default(),
            freed: Notify::new(),
        }))
    }
}

/// The part of one job in what a [`Governor`] allows. Give it to a client with
/// [`SalesforceBuilder::governor`](crate::SalesforceBuilder::governor).
///
/// Without further settings a share may take all there is.
#[derive(Clone)]
#[must_use = "a share governs nothing until a client has it"]
pub struct Share {
    governor: Governor,
    job: Arc<str>,
    terms: Terms,
    queues: Arc<permit::Queues>,
}

impl Share {
    /// How many requests of this job may be under way at once.
    pub fn in_flight(mut self, requests: u32) -> Self {
        self.terms.in_flight = Some(requests.max(1));
        self
    }

    /// How many calls this job may make in 24 hours, counted by the hour. A call beyond
    /// ends with [`ErrorKind::Quota`](crate::ErrorKind::Quota).
    pub fn daily_calls(mut self, calls: u64) -> Self {
        self.terms.daily_calls = Some(calls);
        self
    }

    /// How many calls of the org's daily quota this job leaves to others: one that would
    /// take more ends with [`ErrorKind::Quota`](crate::ErrorKind::Quota).
    ///
    /// A quota that is soft and exceeded counts as one of which nothing is left. While it
    /// is not known what is left, one call goes ahead of the others to find out; and so it
    /// does when nothing was heard for ten minutes, since calls come back as the 24 hours
    /// move on.
    pub fn floor(mut self, calls: u64) -> Self {
        self.terms.floor = calls;
        self
    }

    /// The same of the quota that the connected app has, where it has one of its own.
    pub fn app_floor(mut self, calls: u64) -> Self {
        self.terms.app_floor = calls;
        self
    }

    /// The governor that it is a part of.
    pub fn governor(&self) -> &Governor {
        &self.governor
    }
}

/// All there is, without a floor.
impl From<Governor> for Share {
    fn from(governor: Governor) -> Self {
        governor.share("")
    }
}

impl fmt::Debug for Governor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Governor")
            .field("ceilings", &self.0.ceilings)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Share")
            .field("job", &self.job)
            .field("terms", &self.terms)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
