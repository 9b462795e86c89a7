//! Jobs are made, told of, and change their state.

use http::HeaderMap;
use rusqlite::Connection;

use super::answer::{AsyncError, Info, Value};
use super::batch::{Batch, BatchState};
use super::xml;
use crate::bulk::csv::Dialect;
use crate::bulk::job::{Classic, ContentType, Format, Job, JobKind, Progress, State};
use crate::bulk::table::Entry as _;
use crate::bulk::{Operation, table, target};
use crate::composite::Input;
use crate::error::ApiError;
use crate::record::document::Document;
use crate::rest::Context;

/// How many records a range of ids has when the client does not say, and at most.
const CHUNK: i64 = 100_000;
const LARGEST_CHUNK: i64 = 250_000;

/// The standard objects of the org whose queries Salesforce cuts into ranges of ids.
const CHUNKED: [&str; 18] = [
    "Account",
    "Asset",
    "Campaign",
    "CampaignMember",
    "Case",
    "Contact",
    "Event",
    "Lead",
    "Note",
    "Opportunity",
    "OpportunityContactRole",
    "OpportunityLineItem",
    "Pricebook2",
    "PricebookEntry",
    "Product2",
    "Task",
    "User",
    "UserRole",
];

/// What a request says about a job.
#[derive(Debug, Default)]
struct Wanted {
    operation: Option<String>,
    object: Option<String>,
    key: Option<String>,
    assignment_rule: Option<String>,
    mode: Option<String>,
    content_type: Option<String>,
    state: Option<String>,
}

impl Wanted {
    fn read(body: &[u8], json: bool) -> Result<Self, AsyncError> {
        let unable = || AsyncError::new("InvalidJob", "Unable to parse Job");
        let mut wanted = Self::default();
        if json {
            let read = |wanted: &mut Self| -> Result<(), ApiError> {
                let mut input = Input::new(Document::parse(body)?);
                for name in NAMES {
                    if let (Some(slot), value) = (wanted.slot(name), input.text(name)?) {
                        *slot = value;
                    }
                }
                input.end()
            };
            read(&mut wanted).map_err(|_| unable())?;
            return Ok(wanted);
        }
        let document = xml::parse(body)
            .map_err(|_| AsyncError::new("InvalidXML", "The request is no XML document"))?;
        if document.name != "jobInfo" {
            return Err(unable());
        }
        for child in &document.children {
            let slot = wanted.slot(&child.name).ok_or_else(unable)?;
            *slot = Some(child.text.trim().to_owned()).filter(|text| !text.is_empty());
        }
        Ok(wanted)
    }

    fn slot(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "operation" => &mut self.operation,
            "object" => &mut self.object,
            "externalIdFieldName" => &mut self.key,
            "assignmentRuleId" => &mut self.assignment_rule,
            "concurrencyMode" => &mut self.mode,
            "contentType" => &mut self.content_type,
            "state" => &mut self.state,
            _ => return None,
        })
    }
}

/// What can be said about a job.
const NAMES: [&str; 7] = [
    "operation",
    "object",
    "externalIdFieldName",
    "assignmentRuleId",
    "concurrencyMode",
    "contentType",
    "state",
];

/// Makes a job.
pub(super) fn create(
    context: &Context<'_>,
    body: &[u8],
    json: bool,
    headers: &HeaderMap,
) -> Result<Job, AsyncError> {
    let wanted = Wanted::read(body, json)?;
    let missing = |what| move || AsyncError::new("InvalidJob", format!("No {what} provided"));
    let operation = wanted.operation.ok_or_else(missing("operation"))?;
    let operation = Operation::of(&operation).ok_or_else(|| {
        let operation = crate::error::excerpt(&operation);
        AsyncError::new(
            "InvalidJob",
            format!("The operation {operation} does not exist"),
        )
    })?;
    let object = wanted.object.ok_or_else(missing("object"))?;
    let (object, key) = target(context, operation, &object, wanted.key.as_deref())?;
    let content_type = match &wanted.content_type {
        None => ContentType::Plain(Format::Xml),
        Some(name) => ContentType::of(name).ok_or_else(|| {
            AsyncError::new("InvalidJob", "The content type of the job does not exist")
        })?,
    };
    let serial = match wanted.mode.as_deref() {
        None | Some("Parallel" | "0") => false,
        Some("Serial" | "1") => true,
        Some(_) => {
            return Err(AsyncError::new(
                "InvalidJob",
                "The concurrency mode of the job is neither Parallel nor Serial",
            ));
        }
    };
    let mut classic = Classic {
        content_type,
        serial,
        chunk: None,
        start_row: None,
    };
    if operation.is_query() {
        chunking(headers, &mut classic)?;
    }
    if classic.chunk.is_some() && !object.custom && !CHUNKED.contains(&object.name.as_str()) {
        let message = format!("PK chunking is not supported for {}", object.name);
        return Err(AsyncError::new("FeatureNotEnabled", message));
    }
    let now = context.org.clock.now_millis();
    let job = Job {
        id: table::new_id(context.db, Job::PREFIX)?,
        kind: JobKind::Classic,
        operation,
        object: object.name.clone(),
        key,
        assignment_rule: wanted.assignment_rule,
        query: None,
        created_by: context.user.id.to_string(),
        created: now,
        modified: now,
        state: State::Open,
        version: context.version.number(),
        dialect: Dialect::classic(headers.get("sforce-line-ending")),
        error: None,
        uploaded: false,
        progress: Progress::default(),
        classic: Some(classic),
    };
    table::put(context.db, &job)?;
    Ok(job)
}

/// Reads `Sforce-Enable-PKChunking`.
fn chunking(headers: &HeaderMap, classic: &mut Classic) -> Result<(), AsyncError> {
    let Some(header) = headers.get("sforce-enable-pkchunking") else {
        return Ok(());
    };
    let wrong = |what| {
        let message = format!("Sforce-Enable-PKChunking: {what}");
        Err(AsyncError::new("InvalidJob", message))
    };
    let Ok(header) = header.to_str() else {
        return wrong("it is no text");
    };
    if header.trim().eq_ignore_ascii_case("false") {
        return Ok(());
    }
    classic.chunk = Some(CHUNK);
    if header.trim().eq_ignore_ascii_case("true") {
        return Ok(());
    }
    for option in header.split(';').map(str::trim).filter(|o| !o.is_empty()) {
        match option
            .split_once('=')
            .map(|(name, value)| (name.trim(), value.trim()))
        {
            Some((name, size)) if name.eq_ignore_ascii_case("chunkSize") => {
                let size = size.parse().ok();
                let Some(size) = size.filter(|size| (1..=LARGEST_CHUNK).contains(size)) else {
                    return wrong("chunkSize must be from 1 to 250000");
                };
                classic.chunk = Some(size);
            }
            Some((name, id)) if name.eq_ignore_ascii_case("startRow") => {
                let Ok(id) = id.parse::<crate::id::RecordId>() else {
                    return wrong("startRow is no id");
                };
                classic.start_row = Some(id.to_string());
            }
            Some((name, _)) if name.eq_ignore_ascii_case("parent") => {
                // The org has no objects that share records.
                return Err(ApiError::unsupported("parent of Sforce-Enable-PKChunking").into());
            }
            _ => return wrong("its options are chunkSize, startRow and parent"),
        }
    }
    Ok(())
}

/// Closes a job, or aborts it with the batches that have not begun.
pub(super) fn change(
    context: &Context<'_>,
    body: &[u8],
    json: bool,
    mut job: Job,
) -> Result<Job, AsyncError> {
    let wanted = Wanted::read(body, json)?;
    let refused = |verb: &str| {
        let found = job.state.name();
        let message = format!("{verb} already {found} Job not allowed");
        Err(AsyncError::new("InvalidJobState", message))
    };
    let now = context.org.clock.now_millis();
    match (wanted.state.as_deref(), job.state) {
        (Some("Closed"), State::Open) => job.turn(State::Closed, now),
        (Some("Aborted"), State::Open | State::Closed) => {
            job.turn(State::Aborted, now);
            for mut batch in table::parts::<Batch>(context.db, &job.id)? {
                let began = batch.progress.started.is_some() && !batch.progress.is_stuck();
                if matches!(batch.state, BatchState::Queued | BatchState::InProgress) && !began {
                    batch.turn(BatchState::NotProcessed, now);
                    table::put(context.db, &batch)?;
                }
            }
        }
        (Some("Closed"), _) => return refused("Closing"),
        (Some("Aborted"), _) => return refused("Aborting"),
        _ => {
            return Err(AsyncError::new(
                "InvalidJobState",
                "The state of a Job must be Closed or Aborted",
            ));
        }
    }
    table::put(context.db, &job)?;
    Ok(job)
}

/// What is told of a job.
pub(super) fn info(db: &Connection, job: &Job, now: i64) -> Result<Info, ApiError> {
    let batches: Vec<Batch> = table::parts(db, &job.id)?;
    let in_state = |state| {
        let count = batches.iter().filter(|batch| batch.state == state).count();
        Value::Number(i64::try_from(count).unwrap_or(0))
    };
    let sum = |number: &dyn Fn(&Batch) -> i64| Value::Number(batches.iter().map(number).sum());
    let took = sum(&|batch| batch.progress.took(now));
    Ok(vec![
        ("id", Value::text(&job.id)),
        ("operation", Value::text(job.operation.name())),
        ("object", Value::text(&job.object)),
        ("createdById", Value::text(&job.created_by)),
        ("createdDate", Value::Moment(job.created)),
        ("systemModstamp", Value::Moment(job.modified)),
        ("state", Value::text(job.state.name())),
        ("externalIdFieldName", job.key.as_ref().into()),
        ("assignmentRuleId", job.assignment_rule.as_ref().into()),
        ("concurrencyMode", Value::text(job.mode())),
        ("contentType", Value::text(job.content_type().name())),
        ("numberBatchesQueued", in_state(BatchState::Queued)),
        ("numberBatchesInProgress", in_state(BatchState::InProgress)),
        ("numberBatchesCompleted", in_state(BatchState::Completed)),
        ("numberBatchesFailed", in_state(BatchState::Failed)),
        (
            "numberBatchesTotal",
            Value::Number(i64::try_from(batches.len()).unwrap_or(0)),
        ),
        (
            "numberRecordsProcessed",
            sum(&|batch| batch.progress.processed),
        ),
        ("numberRetries", Value::Number(0)),
        ("apiVersion", Value::Version(job.version)),
        ("numberRecordsFailed", sum(&|batch| batch.progress.failed)),
        ("totalProcessingTime", took.clone()),
        ("apiActiveProcessingTime", took),
        ("apexProcessingTime", Value::Number(0)),
        ("fastPathEnabled", Value::Flag(false)),
    ])
}
