//! Jobs are made.

use crate::bulk::csv::{Delimiter, Dialect, LineEnding};
use crate::bulk::job::{Detail, Job, JobKind, Progress, State};
use crate::bulk::table::{self, Entry as _, Part};
use crate::bulk::work::millis;
use crate::bulk::{JobError, Operation, extract, ingest, target};
use crate::composite::Input;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::record::document::{Document, Scalar, Token};
use crate::rest::{ApiRequest, Context, Reply, UploadParts, json_body};
use crate::usage::BulkCount;

/// How many characters of data a job may be made with.
const MOST_CHARACTERS: usize = 100_000;

/// The first version of the API whose jobs may name an assignment rule.
const RULES_SINCE: u16 = 49;

/// The name of the part with the data.
const CONTENT: &str = "content";

/// Makes a job that writes, with its data if it comes along.
pub(super) fn ingest(context: &Context<'_>, request: &ApiRequest) -> Result<Reply, ApiError> {
    let parts = UploadParts::of(request)?;
    let data = match &request.upload {
        Some(_) => Some(parts.blob(CONTENT)?),
        None => None,
    };
    let mut input = Input::new(Document::parse(parts.json)?);
    let operation = choice(&mut input, "operation", "OperationEnum", Operation::of)?
        .ok_or_else(|| JobError::new("InvalidJob", "No operation provided"))?;
    if operation.is_query() {
        let message = "A query is made at /jobs/query and not at /jobs/ingest";
        return Err(JobError::new("InvalidOperation", message).into());
    }
    let object = input
        .text("object")?
        .ok_or_else(|| JobError::new("InvalidJob", "No object provided"))?;
    let key = input.text("externalIdFieldName")?;
    let rule = match context.version.number() {
        RULES_SINCE.. => input.text("assignmentRuleId")?,
        _ => None,
    };
    let dialect = dialect(&mut input)?;
    input.end()?;
    let usage = &context.org.usage;
    let policies = context.org.auth.policies();
    if usage.count_of(BulkCount::Batches, 0) >= policies.daily_bulk_batches {
        let message = "ApiBatchItems Limit exceeded.";
        return Err(JobError::new("ExceededQuota", message).into());
    }
    let (object, key) = target(context, operation, &object, key.as_deref())?;
    check_rule(rule.as_deref())?;
    let mut job = Job {
        object: object.name.clone(),
        key,
        dialect,
        ..new(context, JobKind::Ingest, operation)?
    };
    if let Some(data) = data {
        let text = data.read(4 * MOST_CHARACTERS).map_err(ApiError::internal)?;
        let text = text.and_then(|data| String::from_utf8(data).ok());
        let Some(text) = text.filter(|text| text.chars().count() <= MOST_CHARACTERS) else {
            let message = "The data of a multipart request has more than 100000 characters";
            return Err(JobError::new("InvalidJob", message).into());
        };
        let upload = Part {
            owner: &job.id,
            name: ingest::UPLOAD,
        };
        let size = i64::try_from(text.len()).unwrap_or(i64::MAX);
        upload.append(context.db, size, text.as_bytes())?;
        job.uploaded = true;
        close(context, &mut job);
    }
    table::put(context.db, &job)?;
    Ok(Reply::ok(job.to_json(Detail::Made, job.created)))
}

/// Refuses an assignment rule: there is none in the org.
fn check_rule(rule: Option<&str>) -> Result<(), ApiError> {
    let Some(rule) = rule.filter(|rule| !rule.is_empty()) else {
        return Ok(());
    };
    Err(match rule.parse::<RecordId>() {
        Ok(_) => ApiError::bad_request(
            "INVALID_ASSIGNMENT_RULE",
            "assignmentRuleId names an assignment rule that does not exist",
        ),
        Err(_) => ApiError::bad_request(
            "MALFORMED_ID",
            "assignmentRuleId takes the id of an assignment rule",
        ),
    })
}

/// Makes a job that queries.
pub(super) fn query(context: &Context<'_>, request: &ApiRequest) -> Result<Reply, ApiError> {
    let mut input = Input::new(Document::parse(json_body(request)?)?);
    let operation = choice(&mut input, "operation", "OperationEnum", Operation::of)?
        .filter(|operation| operation.is_query())
        .ok_or_else(|| {
            JobError::new(
                "InvalidOperation",
                "The operation of a query job must be query or queryAll",
            )
        })?;
    let soql = input
        .text("query")?
        .ok_or_else(|| JobError::new("InvalidJob", "No query provided"))?;
    let dialect = dialect(&mut input)?;
    input.end()?;
    let object = extract::check(context, &soql, operation)?;
    let most = context.org.auth.policies().daily_bulk_query_jobs;
    let jobs = context.org.usage.count_of(BulkCount::QueryJobs, 1);
    if jobs > most {
        return Err(ApiError::bad_request(
            "LIMIT_EXCEEDED",
            format!("Max bulk v2 query jobs ({most}) per 24 hrs has been reached ({jobs})"),
        ));
    }
    let mut job = Job {
        object,
        query: Some(soql),
        dialect,
        ..new(context, JobKind::Query, operation)?
    };
    close(context, &mut job);
    table::put(context.db, &job)?;
    Ok(Reply::ok(job.to_json(Detail::Made, job.created)))
}

/// A new job, of no object yet.
fn new(context: &Context<'_>, kind: JobKind, operation: Operation) -> Result<Job, ApiError> {
    let now = context.org.clock.now_millis();
    Ok(Job {
        id: table::new_id(context.db, Job::PREFIX)?,
        kind,
        operation,
        object: String::new(),
        key: None,
        assignment_rule: None,
        query: None,
        created_by: context.user.id.to_string(),
        created: now,
        modified: now,
        state: State::Open,
        version: context.version.number(),
        dialect: Dialect::default(),
        error: None,
        uploaded: false,
        progress: Progress::default(),
        classic: None,
    })
}

/// Lets a job be worked on, from when the org gets to it.
pub(super) fn close(context: &Context<'_>, job: &mut Job) {
    let now = context.org.clock.now_millis();
    let seconds = context.org.auth.policies().bulk_queued_seconds;
    job.progress.due = now.saturating_add(millis(seconds));
    job.turn(State::UploadComplete, now);
}

/// How the data, or the result, is written.
fn dialect(input: &mut Input<'_>) -> Result<Dialect, ApiError> {
    let csv = |name: &str| (name == "CSV").then_some(());
    choice(input, "contentType", "ContentTypeEnum", csv)?;
    let delimiter = choice(
        input,
        "columnDelimiter",
        "ColumnDelimiterEnum",
        Delimiter::of,
    )?;
    let line_ending = choice(input, "lineEnding", "LineEndingEnum", LineEnding::of)?;
    Ok(Dialect {
        delimiter: delimiter.unwrap_or_default(),
        line_ending: line_ending.unwrap_or_default(),
        any_ending: false,
    })
}

/// A member with one of a few values, if it is there.
pub(super) fn choice<T>(
    input: &mut Input<'_>,
    name: &str,
    type_name: &str,
    find: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, ApiError> {
    let wrong = |token: Token<'_>| Err(token.not_a(type_name));
    let Some(token) = input.take(name) else {
        return Ok(None);
    };
    match token.scalar()? {
        Scalar::Null => Ok(None),
        Scalar::String(text) if text.is_empty() => Ok(None),
        Scalar::String(text) => match find(&text) {
            Some(found) => Ok(Some(found)),
            None => wrong(token),
        },
        _ => wrong(token),
    }
}

/// A job that is not in a state for what is asked.
pub(super) fn wrong_state(message: impl Into<String>) -> ApiError {
    JobError::new("InvalidJobState", message).into()
}
