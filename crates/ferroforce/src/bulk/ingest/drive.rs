//! A load as a whole: parts are cut, handed over, and waited for, several at once.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use futures_core::Stream;
use futures_util::stream::FuturesUnordered;

use super::cut::Cutter;
use super::hand_over::Lane;
use super::handle::{Ended, Entry};
use super::part::{Part, Slice};
use crate::bulk::job::ops::ResultKind;
use crate::bulk::job::{JobId, JobInfo, JobKind, JobState, until_ended};
use crate::bulk::results::fetch;
use crate::error::{Error, Result};
use crate::transport::BoxFuture;

type Cutting = BoxFuture<'static, (Cutter, Result<Option<Part>>)>;

/// A part that a job has, or had before.
type HandedOver = Result<(Slice, JobId)>;

/// Whether the job is complete.
type Waited = Result<bool>;

struct Drive {
    lane: Lane,
    cutter: Option<Cutter>,
    cutting: Option<Cutting>,
    /// Parts that were cut.
    parts: u64,
    /// One that waits for its turn.
    waiting: Option<Part>,
    handing: FuturesUnordered<BoxFuture<'static, HandedOver>>,
    jobs: FuturesUnordered<BoxFuture<'static, Waited>>,
    /// No further part is cut.
    stopped: bool,
    error: Option<Error>,
}

enum Turn {
    Cut(Cutter, Result<Option<Part>>),
    Handed(HandedOver),
    Waited(Waited),
}

/// Loads all that the cutter cuts. It ends when all jobs have, or something is wrong: a
/// job that failed keeps further ones from being begun.
pub(super) async fn drive(lane: Lane, cutter: Cutter) -> Result<()> {
    let mut drive = Drive {
        lane,
        cutter: Some(cutter),
        cutting: None,
        parts: 0,
        waiting: None,
        handing: FuturesUnordered::new(),
        jobs: FuturesUnordered::new(),
        stopped: false,
        error: None,
    };
    drive.run().await
}

/// Waits for jobs that have all of the source already.
pub(super) async fn await_jobs(lane: Lane) -> Result<()> {
    let mut drive = Drive {
        cutter: None,
        cutting: None,
        parts: 0,
        waiting: None,
        handing: FuturesUnordered::new(),
        jobs: FuturesUnordered::new(),
        stopped: true,
        error: None,
        lane,
    };
    for handed in drive.lane.ledger.handle().jobs {
        if handed.ended.is_none() {
            drive.wait(handed.slice, handed.job);
        }
    }
    drive.run().await
}

impl Drive {
    async fn run(&mut self) -> Result<()> {
        loop {
            self.begin_work();
            let Some(turn) = std::future::poll_fn(|cx| self.poll_turn(cx)).await else {
                break;
            };
            let done = match turn {
                Turn::Cut(cutter, part) => self.cut(cutter, part).await,
                Turn::Handed(handed) => handed.map(|(slice, job)| self.wait(slice, job)),
                Turn::Waited(complete) => complete.map(|complete| self.stopped |= !complete),
            };
            if let Err(error) = done {
                self.fail(error);
            }
        }
        match self.error.take() {
            Some(error) => Err(error.with_jobs(self.lane.ledger.unfinished())),
            None => Ok(()),
        }
    }

    /// What is on its way is handed over, or would stay behind open. Nothing is waited
    /// for.
    fn fail(&mut self, error: Error) {
        self.stopped = true;
        self.waiting = None;
        self.jobs.clear();
        self.error.get_or_insert(error);
    }

    fn begin_work(&mut self) {
        let under_way = self.handing.len() + self.jobs.len();
        if !self.stopped
            && under_way < self.lane.settings.jobs_at_once
            && let Some(part) = self.waiting.take()
        {
            self.hand_over(part);
        }
        if self.stopped || self.waiting.is_some() {
            return;
        }
        if let Some(mut cutter) = self.cutter.take() {
            let known = self.lane.ledger.handed(self.parts);
            let until = known.map(|known| known.slice.rows.end);
            self.cutting = Some(Box::pin(async move {
                let part = cutter.next(until).await;
                (cutter, part)
            }));
        }
    }

    fn poll_turn(&mut self, cx: &mut std::task::Context<'_>) -> Poll<Option<Turn>> {
        if let Poll::Ready(Some(waited)) = Pin::new(&mut self.jobs).poll_next(cx) {
            return Poll::Ready(Some(Turn::Waited(waited)));
        }
        if let Poll::Ready(Some(handed)) = Pin::new(&mut self.handing).poll_next(cx) {
            return Poll::Ready(Some(Turn::Handed(handed)));
        }
        if let Some(cutting) = &mut self.cutting {
            if self.stopped {
                self.cutting = None;
            } else if let Poll::Ready((cutter, part)) = cutting.as_mut().poll(cx) {
                self.cutting = None;
                return Poll::Ready(Some(Turn::Cut(cutter, part)));
            }
        }
        let idle = self.jobs.is_empty() && self.handing.is_empty() && self.cutting.is_none();
        if idle {
            return Poll::Ready(None);
        }
        Poll::Pending
    }

    async fn cut(&mut self, mut cutter: Cutter, part: Result<Option<Part>>) -> Result<()> {
        let ledger = Arc::clone(&self.lane.ledger);
        ledger.read(cutter.rows(), cutter.take_refused());
        let known = ledger.handed(self.parts);
        match (part?, known) {
            (Some(part), Some(known)) if part.slice == known.slice => {
                self.parts += 1;
                match known.ended {
                    None => self.take_up(part, known.job),
                    // Nothing was done with its data.
                    Some(ended) if ended.is_void() => self.waiting = Some(part),
                    Some(_) => {}
                }
            }
            (_, Some(known)) => {
                return Err(Error::invalid_input(format!(
                    "the source is not what it was: its rows {} to {} are others, or gone",
                    known.slice.rows.start, known.slice.rows.end
                ))
                .with_job(known.job));
            }
            (Some(part), None) if ledger.parts().is_some_and(|parts| self.parts >= parts) => {
                return Err(Error::invalid_input(format!(
                    "the source is not what it was: it has rows from {} on, where it ended before",
                    part.slice.rows.start
                )));
            }
            (Some(part), None) => {
                self.parts += 1;
                self.waiting = Some(part);
            }
            (None, None) => {
                let parts = self.parts;
                return match ledger.parts() {
                    None => ledger.enter(Entry::Read { parts }).await,
                    Some(before) if parts == before => Ok(()),
                    Some(_) => Err(Error::invalid_input(
                        "the source is not what it was: it ends sooner than before",
                    )),
                };
            }
        }
        self.cutter = Some(cutter);
        Ok(())
    }

    fn hand_over(&self, part: Part) {
        let lane = self.lane.clone();
        self.handing.push(Box::pin(async move {
            let job = lane.hand_over(&part).await?;
            Ok((part.slice, job))
        }));
    }

    fn take_up(&self, part: Part, job: JobId) {
        let lane = self.lane.clone();
        self.handing.push(Box::pin(async move {
            let job = match lane.take_up(job).await? {
                Some(_) => {
                    let part = part.slice.part;
                    lane.ledger.enter(Entry::Closed { part, job }).await?;
                    job
                }
                None => lane.hand_over(&part).await?,
            };
            Ok((part.slice, job))
        }));
    }

    fn wait(&mut self, slice: Slice, job: JobId) {
        // After an error nothing is waited for.
        if self.error.is_none() {
            let lane = self.lane.clone();
            self.jobs
                .push(Box::pin(async move { lane.wait(slice, job).await }));
        }
    }
}

impl Lane {
    /// Waits until the job has ended, and counts.
    async fn wait(&self, slice: Slice, job: JobId) -> Waited {
        let ledger = &self.ledger;
        let told = |info: &JobInfo| ledger.heard(info);
        let poll = &self.settings.poll;
        let info = until_ended(&self.client, JobKind::Ingest, job, poll, told).await?;
        let complete = info.state == JobState::JobComplete;
        let processed = info.number_records_processed.unwrap_or(0);
        let unprocessed = if complete && processed == slice.records {
            0
        } else {
            self.count_unprocessed(&info).await?
        };
        let info = Box::new(info);
        let part = slice.part;
        let ended = Ended { info, unprocessed };
        let entry = Entry::Ended { part, job, ended };
        ledger.enter(entry).await?;
        Ok(complete)
    }

    async fn count_unprocessed(&self, info: &JobInfo) -> Result<u64> {
        let folder = self.settings.bounds.folder.as_deref();
        let kind = ResultKind::Unprocessed;
        let fetched = fetch(&self.client, info.id, kind, info.dialect(), None, folder);
        Ok(fetched.await?.rows)
    }
}
