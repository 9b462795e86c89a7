//! Runs of reports in the background. They are run when they are asked for, and their results
//! kept for a day.

use std::sync::{Mutex, PoisonError};

use super::{Running, run};
use crate::error::ApiError;
use crate::id::RecordId;
use crate::json::Json;
use crate::rest::Context;
use crate::rest::request::Reply;

/// What ids of runs begin with.
const KEY_PREFIX: [u8; 3] = *b"0LG";

/// How long results are kept, in milliseconds.
const KEPT: i64 = 24 * 60 * 60 * 1000;

/// How many runs of a report are listed.
const MOST: usize = 2_000;

/// The runs of an org.
#[derive(Debug, Default)]
pub(crate) struct Runs(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    made: u64,
    runs: Vec<Run>,
}

#[derive(Debug, Clone)]
struct Run {
    id: RecordId,
    report: RecordId,
    user: RecordId,
    requested: i64,
    details: bool,
    shown: Json,
}

impl Runs {
    /// Forgets all of them.
    pub(crate) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Kept::default();
    }

    fn with<T>(&self, now: i64, work: impl FnOnce(&mut Kept) -> T) -> T {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.runs.retain(|run| now - run.requested < KEPT);
        work(&mut kept)
    }

    fn find(&self, context: &Context<'_>, report: RecordId, id: &str) -> Option<Run> {
        let id: RecordId = id.parse().ok()?;
        self.with(context.now, |kept| {
            let mut runs = kept.runs.iter();
            let run = runs.find(|run| run.is(id, report, context))?;
            Some(run.clone())
        })
    }
}

impl Run {
    /// Runs are seen by those who asked for them.
    fn is(&self, id: RecordId, report: RecordId, context: &Context<'_>) -> bool {
        self.id == id && self.report == report && self.user == context.user.id
    }

    /// What is told of a run: that it has just begun, or that it is done.
    fn members(&self, done: bool) -> Vec<(&'static str, Json)> {
        let moment = moment(self.requested);
        let (completed, status) = if done {
            (Json::from(moment.as_str()), "Success")
        } else {
            (Json::Null, "New")
        };
        vec![
            ("completionDate", completed),
            ("hasDetailRows", self.details.into()),
            ("id", self.id.as_str().into()),
            ("ownerId", self.user.as_str().into()),
            ("queryable", false.into()),
            ("requestDate", moment.into()),
            ("status", status.into()),
        ]
    }

    fn entry(&self, context: &Context<'_>, done: bool) -> Json {
        let version = context.version.path();
        let (report, id) = (self.report, self.id);
        let url = format!("{version}/analytics/reports/{report}/instances/{id}");
        let mut members = self.members(done);
        members.push(("url", url.into()));
        Json::object(members)
    }
}

/// A moment in whole seconds.
fn moment(millis: i64) -> String {
    let moment = jiff::Timestamp::from_millisecond(millis).unwrap_or_default();
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `POST …/instances`.
pub(super) fn start(
    context: &Context<'_>,
    report: &Running,
    details: bool,
) -> Result<Reply, ApiError> {
    let mut started = Run {
        id: RecordId::nth(KEY_PREFIX, 0),
        report: report.id,
        user: context.user.id,
        requested: context.now,
        details,
        shown: Json::Null,
    };
    started.id = context.org.report_runs.with(context.now, |kept| {
        kept.made += 1;
        RecordId::nth(KEY_PREFIX, kept.made)
    });
    let mut attributes = started.members(true);
    attributes.extend([
        ("reportId", Json::from(report.id.as_str())),
        ("reportName", Json::from(&report.report.name)),
        ("type", "ReportInstance".into()),
    ]);
    started.shown = run::shown(context, report, Json::object(attributes), details)?;
    let answer = started.entry(context, false);
    let runs = &context.org.report_runs;
    runs.with(context.now, |kept| kept.runs.push(started));
    Ok(Reply::ok(answer))
}

/// `GET …/instances`: the runs that the user asked for, the latest first.
pub(super) fn list(context: &Context<'_>, report: RecordId) -> Reply {
    let runs = &context.org.report_runs;
    let entries = runs.with(context.now, |kept| {
        let runs = kept.runs.iter().rev();
        runs.filter(|run| run.is(run.id, report, context))
            .take(MOST)
            .map(|run| run.entry(context, true))
            .collect()
    });
    Reply::ok(entries)
}

/// `GET …/instances/{id}`.
pub(super) fn result(context: &Context<'_>, report: RecordId, id: &str) -> Result<Reply, ApiError> {
    let run = context.org.report_runs.find(context, report, id);
    Ok(Reply::ok(run.ok_or_else(ApiError::not_found)?.shown))
}

/// `DELETE …/instances/{id}`.
pub(super) fn delete(context: &Context<'_>, report: RecordId, id: &str) -> Result<Reply, ApiError> {
    let runs = &context.org.report_runs;
    let run = runs
        .find(context, report, id)
        .ok_or_else(ApiError::not_found)?;
    runs.with(context.now, |kept| {
        kept.runs.retain(|kept| kept.id != run.id)
    });
    Ok(Reply::no_content())
}
