//! Jobs are closed, aborted and deleted.

use super::create::{choice, close, wrong_state};
use crate::bulk::job::{Detail, Job, JobKind, State};
use crate::bulk::table;
use crate::composite::Input;
use crate::error::ApiError;
use crate::record::document::Document;
use crate::rest::{ApiRequest, Context, Reply, json_body};

/// The states that a client can give a job.
fn state(name: &str) -> Option<State> {
    [State::UploadComplete, State::Aborted]
        .into_iter()
        .find(|known| known.name() == name)
}

/// Closes a job, or aborts it.
pub(super) fn change(
    context: &Context<'_>,
    request: &ApiRequest,
    mut job: Job,
) -> Result<Reply, ApiError> {
    let mut input = Input::new(Document::parse(json_body(request)?)?);
    let wanted = choice(&mut input, "state", "JobStateEnum", state)?
        .ok_or_else(|| wrong_state("No state provided"))?;
    input.end()?;
    let verb = if wanted == State::Aborted {
        "Aborting"
    } else {
        "Closing"
    };
    let found = match job.state {
        State::JobComplete => "Completed",
        State::Failed => "Failed",
        State::Aborted => "Aborted",
        _ if wanted == State::Aborted => {
            job.turn(State::Aborted, context.org.clock.now_millis());
            table::put(context.db, &job)?;
            return Ok(Reply::ok(job.to_json(Detail::Made, job.modified)));
        }
        State::Open if job.kind == JobKind::Ingest => {
            close(context, &mut job);
            table::put(context.db, &job)?;
            return Ok(Reply::ok(job.to_json(Detail::Made, job.modified)));
        }
        _ => "Closed",
    };
    Err(wrong_state(format!(
        "{verb} already {found} Job not allowed"
    )))
}

/// Deletes a job that nobody works on, with its data and results.
pub(super) fn delete(context: &Context<'_>, job: &Job) -> Result<Reply, ApiError> {
    if !job.state.is_final() && job.state != State::UploadComplete {
        let state = job.state.name();
        return Err(wrong_state(format!(
            "Deleting a Job that is {state} not allowed"
        )));
    }
    table::remove(context.db, &job.id)?;
    Ok(Reply::no_content())
}
