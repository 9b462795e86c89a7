//! How a call gets its place, and gives it back.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use tokio::sync::Mutex;

use super::decide::{Decision, Wish};
use super::ledger::Ended;
use super::{Refusal, Share};

/// How long a call waits at most before it looks again: some of what holds it back ends
/// by time alone.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Those who wait, in their order: calls that take long apart from the others, which
/// need not wait for the same.
#[derive(Default)]
pub(super) struct Queues {
    short: Mutex<()>,
    long: Mutex<()>,
}

/// What a call that asks is told.
pub(crate) enum Answer {
    Granted(Permit),
    /// Not now.
    Wait,
    Refused(Refusal),
}

/// A call's place among those that are under way. Whoever drops it without
/// [`settle`](Self::settle) leaves open what became of the call.
pub(crate) struct Permit {
    share: Share,
    wish: Wish,
    settled: bool,
}

impl Share {
    /// A place, if there is one now and nobody waits for it.
    pub(crate) async fn try_admit(&self, wish: Wish) -> Answer {
        match self.queue(wish).try_lock() {
            Ok(_first) => self.ask(wish).await,
            Err(_) => Answer::Wait,
        }
    }

    fn queue(&self, wish: Wish) -> &Mutex<()> {
        if wish.long {
            &self.queues.long
        } else {
            &self.queues.short
        }
    }

    #[expect(clippy::unused_async, reason = "others are asked over a network")]
    async fn ask(&self, wish: Wish) -> Answer {
        let governor = &self.governor.0;
        let decision = governor.ledger().ask(
            governor.ceilings,
            &self.job,
            self.terms,
            wish,
            governor.now(),
        );
        match decision {
            Decision::Admit => Answer::Granted(Permit {
                share: self.clone(),
                wish,
                settled: false,
            }),
            Decision::Wait => Answer::Wait,
            Decision::Stop(reason) => Answer::Refused(Refusal::new(&self.job, reason)),
        }
    }

    /// A place, as soon as there is one.
    pub(crate) async fn admit(&self, wish: Wish) -> Result<Permit, Refusal> {
        let _first = self.queue(wish).lock().await;
        loop {
            let mut freed = std::pin::pin!(self.governor.0.freed.notified());
            // From here on nothing that ends is missed.
            freed.as_mut().enable();
            match self.ask(wish).await {
                Answer::Granted(permit) => return Ok(permit),
                Answer::Refused(refusal) => return Err(refusal),
                Answer::Wait => {}
            }
            // Whether it was woken or looks again by itself, it asks.
            let _ = tokio::time::timeout(LOOK_AGAIN, freed).await;
        }
    }
}

impl Permit {
    /// Does the work for which the place is.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        work.await
    }

    /// The call has ended so.
    pub(crate) fn settle(mut self, ended: &Ended) {
        self.settled = true;
        self.leave(ended);
    }

    fn leave(&self, ended: &Ended) {
        let governor = &self.share.governor.0;
        governor
            .ledger()
            .leave(&self.share.job, self.wish, ended, governor.now());
        governor.freed.notify_waiters();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.settled {
            self.leave(&Ended::default());
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("wish", &self.wish)
            .finish_non_exhaustive()
    }
}
