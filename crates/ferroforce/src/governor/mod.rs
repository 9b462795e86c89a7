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
//! let governor = Governor::builder().in_flight(50).long(25).build();
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

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

pub use refusal::{Reason, Refusal};

pub(crate) use decide::Wish;
pub(crate) use ledger::{Ended, LimitReached};
pub(crate) use permit::{Answer, Permit};

use crate::clock::Clock;
use crate::limits::Limits;
use decide::{Ceilings, Terms};
use ledger::{Ledger, Now};

/// As many as a client lets go at once by default.
const IN_FLIGHT: u32 = 100;

/// As many as Salesforce lets take long in production orgs and sandboxes.
const LONG: u32 = 25;

/// What the callers of one org may do together. Clones govern together; see the
/// [module](self).
///
/// It is one org's: clients of two orgs need two.
#[derive(Clone)]
pub struct Governor(Arc<Inner>);

struct Inner {
    ceilings: Ceilings,
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
    clock: Clock,
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
    /// a governor takes in by itself.
    pub fn note_limits(&self, limits: &Limits) {
        let ended = Ended {
            usage: limits.api_usage(),
            ..Ended::default()
        };
        self.0.ledger().learn("", &ended, 0, self.0.now());
        self.0.freed.notify_waiters();
    }

    /// What is going on now.
    pub fn standing(&self) -> Standing {
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

    /// How many of them may take long ([`Call::long`](crate::Call::long)). Default 25, as
    /// production orgs and sandboxes have it; Developer and trial orgs have 5.
    pub fn long(mut self, requests: u32) -> Self {
        self.ceilings.long = requests.max(1);
        self
    }

    #[cfg(test)]
    pub(crate) fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// A governor in the memory of this process.
    pub fn build(self) -> Governor {
        Governor(Arc::new(Inner {
            ceilings: self.ceilings,
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
