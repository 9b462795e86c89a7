//! Jobs end when they are old.

use std::sync::atomic::Ordering;

use rusqlite::{Connection, params};

use super::job::{Job, JobKind, State};
use super::table;
use crate::error::ApiError;
use crate::org::Org;

const HOUR: i64 = 60 * 60 * 1000;

/// How long a job may be open.
const OPEN: i64 = 24 * HOUR;

/// How long a job is kept after it has ended.
const KEPT: i64 = 7 * 24 * HOUR;

/// How often it is enough to look for old jobs.
const OFTEN: i64 = 60 * 1000;

/// The same as [`expire`], if that was not done just now.
pub(super) fn expire_now_and_then(org: &Org, db: &Connection) -> Result<(), ApiError> {
    let now = org.clock.now_millis();
    let last = org.bulk.swept.load(Ordering::Relaxed);
    if (last..last + OFTEN).contains(&now) {
        return Ok(());
    }
    org.bulk.swept.store(now, Ordering::Relaxed);
    expire(db, now)
}

/// Aborts the jobs that have been open for too long, and forgets those that ended long ago.
fn expire(db: &Connection, now: i64) -> Result<(), ApiError> {
    // Of most jobs it is enough to look at when they were made.
    let mut select = db.prepare_cached(
        "SELECT id FROM \"_bulk_job\" WHERE parent IS NULL AND json ->> 'created' < ?1",
    )?;
    let old = select.query_map(params![now - OPEN], |row| row.get::<_, String>(0))?;
    let old: Vec<String> = old.collect::<Result<_, _>>()?;
    for id in old {
        let Some(mut job) = table::get::<Job>(db, &id)? else {
            continue;
        };
        let classic = job.kind == JobKind::Classic;
        if job.state == State::Open && !classic {
            job.turn(State::Aborted, job.created + OPEN);
            table::put(db, &job)?;
        }
        let ended = job.state.is_final() || classic;
        let since = job.progress.finished.unwrap_or(job.modified);
        if ended && now - since > KEPT {
            table::remove(db, &id)?;
        }
    }
    Ok(())
}
