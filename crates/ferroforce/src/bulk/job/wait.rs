//! Waiting for a job: ever longer, with patience for a bad line, and without an end
//! unless one was asked for.

use std::time::Duration;

use super::{JobId, JobInfo, JobKind, ops};
use crate::client::Salesforce;
use crate::error::{Error, ErrorKind, Result};
use crate::events::{Event, JobEvent};
use crate::retry::Backoff;

/// How a job is waited for.
///
/// The state is asked for after a pause that grows, from half a second to 30, and of
/// which up to a half is left out at random. An answer that does not come, or says that
/// something is wrong with Salesforce at large, is no reason to stop: only where that
/// goes on for [`patience`](Self::patience) does the wait end with that error. There is
/// no time limit unless one is [set](Self::timeout). However a wait ends, the job goes
/// on, and the error [names it](crate::Error::jobs).
#[derive(Debug, Clone, PartialEq)]
pub struct Poll {
    first: Duration,
    longest: Duration,
    patience: Duration,
    timeout: Option<Duration>,
}

impl Default for Poll {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            longest: Duration::from_secs(30),
            patience: Duration::from_secs(15 * 60),
            timeout: None,
        }
    }
}

impl Poll {
    /// The first pause. Default half a second.
    #[must_use]
    pub fn first(mut self, pause: Duration) -> Self {
        self.first = pause;
        self
    }

    /// The longest pause. Default 30 seconds.
    #[must_use]
    pub fn longest(mut self, pause: Duration) -> Self {
        self.longest = pause;
        self
    }

    /// For how long nothing but errors may come, if they are such as may pass.
    /// Default 15 minutes.
    #[must_use]
    pub fn patience(mut self, time: Duration) -> Self {
        self.patience = time;
        self
    }

    /// Ends the wait after this long with [`ErrorKind::StillRunning`]. Default none.
    #[must_use]
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = Some(time);
        self
    }

    /// For steps that must be taken, however long it takes.
    pub(crate) fn without_timeout(self) -> Self {
        Self {
            timeout: None,
            ..self
        }
    }

    fn backoff(&self) -> Backoff {
        Backoff::default()
            .base(self.first)
            .factor(1.5)
            .max(self.longest.max(self.first))
    }
}

/// What came of asking.
#[derive(Debug)]
pub(crate) enum Next {
    Ask(Duration),
    GiveUp(Error),
}

/// The pauses of one wait. It knows the time only from what it is told.
#[derive(Debug)]
pub(crate) struct Pace {
    poll: Poll,
    asked: u32,
    /// Since when nothing but errors came.
    failing_since: Option<Duration>,
}

impl Pace {
    pub(crate) fn new(poll: &Poll) -> Self {
        Self {
            poll: poll.clone(),
            asked: 0,
            failing_since: None,
        }
    }

    /// The job goes on. `elapsed` is the time since the wait began, `random` in `0..1`.
    pub(crate) fn goes_on(&mut self, elapsed: Duration, random: f64) -> Next {
        self.failing_since = None;
        self.pause(elapsed, random)
    }

    /// Asking failed.
    pub(crate) fn failed(&mut self, error: Error, elapsed: Duration, random: f64) -> Next {
        let since = *self.failing_since.get_or_insert(elapsed);
        if !may_pass(&error) || elapsed.saturating_sub(since) > self.poll.patience {
            return Next::GiveUp(error);
        }
        match self.pause(elapsed, random) {
            Next::GiveUp(end) => Next::GiveUp(end.with_source(error)),
            ask => ask,
        }
    }

    fn pause(&mut self, elapsed: Duration, random: f64) -> Next {
        self.asked = self.asked.saturating_add(1);
        // At least half of it, or the first ones would be none at all.
        let pause = self.poll.backoff().delay(self.asked, 0.5 + random / 2.0);
        let Some(timeout) = self.poll.timeout else {
            return Next::Ask(pause);
        };
        let left = timeout.saturating_sub(elapsed);
        if left.is_zero() {
            let message = format!("the job has not ended within {timeout:?}; it goes on");
            return Next::GiveUp(Error::new(ErrorKind::StillRunning, message));
        }
        Next::Ask(pause.min(left))
    }
}

/// Whether this says nothing of the job: it may be over in a while.
fn may_pass(error: &Error) -> bool {
    error.is_retryable() || error.is_limit() || error.kind() == ErrorKind::Decode
}

fn event(kind: JobKind, info: &JobInfo) -> Event {
    Event::Job(JobEvent {
        kind,
        job: info.id,
        state: info.state.clone(),
        processed: info.number_records_processed.unwrap_or(0),
        failed: info.number_records_failed.unwrap_or(0),
    })
}

/// Asks for the job until it has ended. `told` hears every answer.
///
/// # Errors
/// As [`Poll`] says, with the job's id.
pub(crate) async fn until_ended(
    client: &Salesforce,
    kind: JobKind,
    id: JobId,
    poll: &Poll,
    mut told: impl FnMut(&JobInfo) + Send,
) -> Result<JobInfo> {
    let clock = client.clock();
    let began = clock.steady();
    let mut pace = Pace::new(poll);
    loop {
        let asked = client.call(ops::get(kind, &id)).await;
        let elapsed = clock.steady().duration_since(began);
        let next = match asked {
            Ok(info) => {
                client.emit(|| event(kind, &info));
                told(&info);
                if info.state.is_final() {
                    return Ok(info);
                }
                pace.goes_on(elapsed, client.random())
            }
            Err(error) => pace.failed(error, elapsed, client.random()),
        };
        match next {
            Next::Ask(pause) => tokio::time::sleep(pause).await,
            Next::GiveUp(error) => return Err(error.with_job(id)),
        }
    }
}
