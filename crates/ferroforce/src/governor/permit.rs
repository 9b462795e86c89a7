//! How a call gets its place, and gives it back.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use tokio::sync::Mutex;

use super::decide::{Ceilings, Decision, Wish};
use super::ledger::Ended;
#[cfg(feature = "redis")]
use super::shared::{Lease, Shared};
use super::{Refusal, Share};
use crate::events::Hub;
#[cfg(feature = "redis")]
use crate::events::{Event, GovernorEvent};

/// How long a call waits at most before it looks again: some of what holds it back ends
/// by time alone.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What ends in other processes is told to nobody, so it is looked for sooner: this long
/// after the first look, and then after twice as long each time, up to the longest.
#[cfg(feature = "redis")]
const FIRST_LOOK: Duration = Duration::from_millis(10);
#[cfg(feature = "redis")]
const LAST_LOOK: Duration = Duration::from_millis(250);

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
    /// Its place in Redis; without it, one in the ledger of this process.
    #[cfg(feature = "redis")]
    lease: Option<Lease>,
    stage: Stage,
}

/// How far a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It may have been entered in Redis, of which there is no answer yet.
    #[cfg(feature = "redis")]
    Asks,
    Goes,
    Over,
}

impl Share {
    /// A place, if there is one now and nobody waits for it.
    pub(crate) async fn try_admit(&self, wish: Wish, hub: &Hub) -> Answer {
        match self.queue(wish).try_lock() {
            Ok(_first) => self.ask(wish, hub).await,
            Err(_) => Answer::Wait,
        }
    }

    /// A place, as soon as there is one.
    pub(crate) async fn admit(&self, wish: Wish, hub: &Hub) -> Result<Permit, Refusal> {
        let _first = self.queue(wish).lock().await;
        let mut looks = 0;
        loop {
            let mut freed = std::pin::pin!(self.governor.0.freed.notified());
            // From here on nothing that ends is missed.
            freed.as_mut().enable();
            match self.ask(wish, hub).await {
                Answer::Granted(permit) => return Ok(permit),
                Answer::Refused(refusal) => return Err(refusal),
                Answer::Wait => {}
            }
            // Whether it was woken or looks again by itself, it asks.
            let _ = tokio::time::timeout(self.pause(looks), freed).await;
            looks += 1;
        }
    }

    fn queue(&self, wish: Wish) -> &Mutex<()> {
        if wish.long {
            &self.queues.long
        } else {
            &self.queues.short
        }
    }

    #[cfg(not(feature = "redis"))]
    fn pause(&self, _: u32) -> Duration {
        LOOK_AGAIN
    }

    /// Those who wait in different processes do not all look at once.
    #[cfg(feature = "redis")]
    fn pause(&self, looks: u32) -> Duration {
        if self.governor.0.shared.is_none() {
            return LOOK_AGAIN;
        }
        let longest = FIRST_LOOK.saturating_mul(1 << looks.min(10)).min(LAST_LOOK);
        longest.mul_f64(0.5 + fastrand::f64() / 2.0)
    }

    #[cfg(not(feature = "redis"))]
    async fn ask(&self, wish: Wish, _: &Hub) -> Answer {
        self.ask_here(self.governor.0.ceilings, wish)
    }

    #[cfg(feature = "redis")]
    async fn ask(&self, wish: Wish, hub: &Hub) -> Answer {
        let governor = &self.governor.0;
        let Some(shared) = &governor.shared else {
            return self.ask_here(governor.ceilings, wish);
        };
        // Whoever goes away while this asks leaves no place taken.
        let mut permit = Permit {
            share: self.clone(),
            wish,
            lease: None,
            stage: Stage::Asks,
        };
        let lease = permit.lease.insert(Lease::new(&self.job, wish));
        let asked = shared
            .ask(governor.ceilings, &self.job, self.terms, lease)
            .await;
        if let Some(failure) = shared.news(&asked) {
            tell(hub, failure);
        }
        permit.stage = Stage::Over;
        match asked {
            Ok(Decision::Admit) => {
                permit.stage = Stage::Goes;
                Answer::Granted(permit)
            }
            Ok(Decision::Wait) => Answer::Wait,
            Ok(Decision::Stop(reason)) => Answer::Refused(Refusal::new(&self.job, reason)),
            Err(_) => self.ask_here(governor.alone, wish),
        }
    }

    /// Asks the ledger of this process.
    fn ask_here(&self, ceilings: Ceilings, wish: Wish) -> Answer {
        let governor = &self.governor.0;
        let decision = governor
            .ledger()
            .ask(ceilings, &self.job, self.terms, wish, governor.now());
        match decision {
            Decision::Admit => Answer::Granted(Permit {
                share: self.clone(),
                wish,
                #[cfg(feature = "redis")]
                lease: None,
                stage: Stage::Goes,
            }),
            Decision::Wait => Answer::Wait,
            Decision::Stop(reason) => Answer::Refused(Refusal::new(&self.job, reason)),
        }
    }
}

/// Says that this process governs by itself from now on, and why; or that it does so no more.
#[cfg(feature = "redis")]
fn tell(hub: &Hub, failure: Option<String>) {
    match &failure {
        Some(failure) => {
            tracing::warn!(failure, "the governor is out of reach: governing alone");
        }
        None => tracing::info!("the governor is within reach again"),
    }
    hub.emit(|| Event::Governor(GovernorEvent { failure }));
}

impl Permit {
    #[cfg(not(feature = "redis"))]
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        work.await
    }

    /// Does the work for which the place is, and keeps the place meanwhile.
    #[cfg(feature = "redis")]
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        let (Some(lease), Some(shared)) = (&self.lease, self.shared()) else {
            return work.await;
        };
        let kept = async {
            loop {
                tokio::time::sleep(shared.beat()).await;
                shared.keep(&self.share.job, lease).await;
            }
        };
        let (work, kept) = (std::pin::pin!(work), std::pin::pin!(kept));
        match futures_util::future::select(work, kept).await {
            futures_util::future::Either::Left((done, _)) => done,
            futures_util::future::Either::Right((never, _)) => never,
        }
    }

    #[cfg(feature = "redis")]
    fn shared(&self) -> Option<&Shared> {
        self.share.governor.0.shared.as_ref()
    }

    /// The call has ended so.
    pub(crate) fn settle(mut self, ended: &Ended) {
        self.leave(ended);
    }

    fn leave(&mut self, ended: &Ended) {
        self.stage = Stage::Over;
        let governor = &self.share.governor.0;
        #[cfg(feature = "redis")]
        if let Some(lease) = self.lease.take() {
            // So that it is known should Redis go away.
            governor
                .ledger()
                .learn(&self.share.job, ended, 0, governor.now());
            let (share, ended) = (self.share.clone(), ended.clone());
            // Without a runtime the lease ends by itself.
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(async move {
                    let governor = &share.governor.0;
                    if let Some(shared) = &governor.shared {
                        shared.leave(&share.job, Some(&lease), &ended).await;
                    }
                    governor.freed.notify_waiters();
                });
            }
            return;
        }
        governor
            .ledger()
            .leave(&self.share.job, self.wish, ended, governor.now());
        governor.freed.notify_waiters();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        match self.stage {
            #[cfg(feature = "redis")]
            Stage::Asks => self.leave(&Ended::unsent()),
            Stage::Goes => self.leave(&Ended::default()),
            Stage::Over => {}
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
