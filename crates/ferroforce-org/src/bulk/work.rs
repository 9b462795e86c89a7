//! Who does the work: the store's thread, between requests.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use rusqlite::Connection;

use super::ingest::{self, Failure};
use super::job::{Job, JobKind, Progress, State};
use super::rows::Purpose;
use super::{extract, table, v1};
use crate::auth::{self, CurrentUser};
use crate::error::ApiError;
use crate::org::Org;
use crate::rest::{ApiVersion, Context};

/// What is left to do after a slice of work.
enum Left {
    /// There is more.
    More,
    /// Nothing before this moment, in milliseconds since 1970.
    Nothing { before: i64 },
}

/// Sees to it that somebody works, if there may be something to do by now. To be called on the
/// store's thread, whenever somebody could notice that nobody does.
pub(crate) fn attend(org: &Arc<Org>) {
    if org.clock.now_millis() >= org.bulk.due.load(Ordering::Relaxed) {
        wake(org);
    }
}

/// Sees to it that somebody works.
pub(crate) fn wake(org: &Arc<Org>) {
    if !org.bulk.working.swap(true, Ordering::Relaxed) {
        go_on(org);
    }
}

/// Works a slice when the requests before it have been answered. The org may be gone by then.
fn go_on(org: &Arc<Org>) {
    let weak = Arc::downgrade(org);
    org.store.post(move |db| turn(&weak, db));
}

fn turn(org: &Weak<Org>, db: &Connection) {
    let Some(org) = org.upgrade() else { return };
    let left = slice(&org, db).unwrap_or_else(|error| {
        tracing::error!(?error, "no work can be done on bulk jobs");
        Left::Nothing { before: i64::MAX }
    });
    match left {
        Left::More => go_on(&org),
        Left::Nothing { before } => {
            org.bulk.due.store(before, Ordering::Relaxed);
            org.bulk.working.store(false, Ordering::Relaxed);
        }
    }
}

/// Does some of the work that is due.
fn slice(org: &Org, db: &Connection) -> Result<Left, ApiError> {
    let now = org.clock.now_millis();
    let mut before = i64::MAX;
    for (kind, id) in table::runnable(db)? {
        if kind == v1::KIND {
            if let Some(due) = v1::advance(org, db, &id, now)? {
                before = before.min(due);
                continue;
            }
            auth::records::follow(org, db)?;
            return Ok(Left::More);
        }
        let Some(job) = table::get::<Job>(db, &id)? else {
            continue;
        };
        if job.progress.due > now {
            before = before.min(job.progress.due);
            continue;
        }
        advance(org, db, job)?;
        // Users may have been written.
        auth::records::follow(org, db)?;
        return Ok(Left::More);
    }
    Ok(Left::Nothing { before })
}

/// Whoever made a job, as if they asked for its work themselves.
pub(super) fn maker(org: &Org, id: &str) -> Option<CurrentUser> {
    let member = org.auth.directory.by_id(id.parse().ok()?)?;
    Some(CurrentUser {
        id: member.id,
        app: None,
        profile_id: Some(member.profile_id),
    })
}

/// Does some of the work of a job. Whatever goes wrong with it ends the job.
fn advance(org: &Org, db: &Connection, job: Job) -> Result<(), ApiError> {
    let Some(user) = maker(org, &job.created_by) else {
        return fail(org, db, job, "InvalidUser : The user of the job is gone");
    };
    let version = ApiVersion::of_number(job.version);
    let context = Context::in_background(org, db, &user, version);
    let done = context.atomically(|| {
        let mut job = job.clone();
        step(&context, &mut job)?;
        table::put(db, &job)
    });
    match done {
        Ok(()) => Ok(()),
        Err(error) => {
            tracing::error!(?error, "a bulk job failed");
            fail(
                org,
                db,
                job,
                "Unknown : The local org could not process the job",
            )
        }
    }
}

fn fail(org: &Org, db: &Connection, mut job: Job, message: &str) -> Result<(), ApiError> {
    job.error = Some(message.to_owned());
    job.turn(State::Failed, org.clock.now_millis());
    table::put(db, &job)
}

fn step(context: &Context<'_>, job: &mut Job) -> Result<(), ApiError> {
    let org = context.org;
    let now = org.clock.now_millis();
    if begins(context, &mut job.progress, &job.object, false, now) {
        job.turn(State::InProgress, now);
    }
    if job.progress.is_stuck() {
        return Ok(());
    }
    if !job.progress.done {
        let worked = match job.kind {
            JobKind::Ingest => ingest(context, job),
            JobKind::Query => extract::find_chunk(context, job),
            JobKind::Classic => Ok(()),
        };
        match worked {
            Ok(()) => {}
            Err(Failure::Job(message)) => {
                job.error = Some(message);
                job.turn(State::Failed, now);
                return Ok(());
            }
            Err(Failure::Store(error)) => return Err(error),
        }
    }
    if job.progress.done && !lasts(context, &mut job.progress, now) {
        job.turn(State::JobComplete, now);
        ingest::forget_upload(context.db, &job.id)?;
    }
    Ok(())
}

/// Begins some work, if it has not begun: from here on it may go wrong.
pub(super) fn begins(
    context: &Context<'_>,
    progress: &mut Progress,
    object: &str,
    chunked: bool,
    now: i64,
) -> bool {
    if progress.started.is_some() {
        return false;
    }
    progress.started = Some(now);
    progress.trouble = context.org.admin.trouble(object, chunked);
    true
}

/// Whether work that is done has to last longer, by the org's clock.
pub(super) fn lasts(context: &Context<'_>, progress: &mut Progress, now: i64) -> bool {
    let seconds = context.org.auth.policies().bulk_in_progress_seconds;
    progress.due = progress
        .started
        .unwrap_or(now)
        .saturating_add(millis(seconds));
    progress.due > now
}

/// Seconds in milliseconds.
pub(super) fn millis(seconds: u64) -> i64 {
    i64::try_from(seconds)
        .unwrap_or(i64::MAX)
        .saturating_mul(1000)
}

/// Writes a chunk of the rows of a job of Bulk API 2.0.
fn ingest(context: &Context<'_>, job: &mut Job) -> Result<(), Failure> {
    let object = context.schema.object(&job.object).ok_or_else(|| {
        Failure::Job(format!(
            "InvalidEntity : Entity '{}' is not supported by the Bulk API.",
            job.object
        ))
    })?;
    let key = job.key.as_deref().unwrap_or("Id");
    let purpose = Purpose {
        object,
        operation: job.operation,
        key: object.field(key),
    };
    let is_over = |progress: &Progress| ingest::is_over_allocation(context, progress);
    let (id, dialect) = (&job.id, job.dialect);
    let written = ingest::write_chunk(context, purpose, id, dialect, &mut job.progress, is_over)?;
    ingest::keep_results(context.db, id, dialect, &written)?;
    Ok(())
}
