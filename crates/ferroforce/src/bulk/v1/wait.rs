//! Waiting for the batches of a job.

use super::super::job::{Next, Pace};
use super::super::{JobId, JobKind, JobState, Poll};
use super::batch::{V1Batch, V1BatchId, V1BatchState};
use super::ops;
use crate::client::{ApiVersion, Salesforce};
use crate::error::Result;
use crate::events::{Event, JobEvent};

/// A job whose batches are waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting<'a> {
    pub(super) client: &'a Salesforce,
    pub(super) kind: JobKind,
    pub(super) job: JobId,
    pub(super) version: ApiVersion,
    /// A batch in whose place others are worked on.
    pub(super) divided: Option<V1BatchId>,
}

impl Waiting<'_> {
    /// Asks for the batches until all that are `awaited` have ended, and gives all back.
    /// Every answer is told by an event.
    ///
    /// # Errors
    /// As [`Poll`] says, and what `awaited` finds wrong. It names the job.
    pub(super) async fn until_ended(
        self,
        poll: &Poll,
        awaited: impl Fn(&[V1Batch]) -> Result<bool>,
    ) -> Result<Vec<V1Batch>> {
        let clock = self.client.clock();
        let began = clock.steady();
        let mut pace = Pace::new(poll);
        loop {
            let asked = self.client.call(ops::batches(self.job, self.version)).await;
            let elapsed = clock.steady().duration_since(began);
            let next = match asked {
                Ok(batches) => {
                    let known = awaited(&batches).map_err(|error| error.with_job(self.job))?;
                    let ended = known && batches.iter().all(|batch| batch.state.is_final());
                    self.client.emit(|| self.event(&batches, ended));
                    if ended {
                        return Ok(batches);
                    }
                    pace.goes_on(elapsed, self.client.random())
                }
                Err(error) => pace.failed(error, elapsed, self.client.random()),
            };
            match next {
                Next::Ask(pause) => tokio::time::sleep(pause).await,
                Next::GiveUp(error) => return Err(error.with_job(self.job)),
            }
        }
    }

    fn event(self, batches: &[V1Batch], ended: bool) -> Event {
        let any = |state: &V1BatchState| {
            let counts = |batch: &&V1Batch| {
                let others = Some(batch.id) == self.divided && batches.len() > 1;
                batch.state == *state && !(others && *state == V1BatchState::NotProcessed)
            };
            batches.iter().any(|batch| counts(&batch))
        };
        let state = if !ended {
            JobState::InProgress
        } else if any(&V1BatchState::Failed) {
            JobState::Failed
        } else if any(&V1BatchState::NotProcessed) {
            JobState::Aborted
        } else {
            JobState::JobComplete
        };
        let sum = |count: fn(&V1Batch) -> u64| batches.iter().map(count).sum();
        Event::Job(JobEvent {
            kind: self.kind,
            job: self.job,
            state,
            processed: sum(|batch| batch.number_records_processed),
            failed: sum(|batch| batch.number_records_failed),
        })
    }
}
