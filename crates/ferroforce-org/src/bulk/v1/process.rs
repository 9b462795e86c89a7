//! The work on batches.

use rusqlite::{Connection, OptionalExtension};

use super::batch::{Batch, BatchState, Range, ResultFile};
use super::data::{self, MOST_ROWS, ROWS};
use super::results;
use crate::admin::Trouble;
use crate::bulk::columns::Row;
use crate::bulk::extract;
use crate::bulk::ingest::{self, Failure, Written};
use crate::bulk::job::{ContentType, Format, Job};
use crate::bulk::rows::{Purpose, write};
use crate::bulk::table::{self, Part};
use crate::bulk::work::{begins, lasts, maker};
use crate::error::ApiError;
use crate::org::Org;
use crate::query::{FlatPlan, NotFlat, Slice};
use crate::record::Incoming;
use crate::record::document::{Document, Scalar, Token};
use crate::rest::{ApiVersion, Context};
use crate::schema::{Field, Object};

/// How many rows are looked for at once.
const CHUNK: i64 = 2_000;

/// Does some of the work of a batch. Whatever goes wrong with it ends the batch. False if it is
/// not its turn.
pub(in crate::bulk) fn advance(
    org: &Org,
    db: &Connection,
    id: &str,
    now: i64,
) -> Result<Option<i64>, ApiError> {
    let Some(batch) = table::get::<Batch>(db, id)? else {
        return Ok(Some(i64::MAX));
    };
    if batch.progress.due > now {
        return Ok(Some(batch.progress.due));
    }
    let fail = |message: &str| {
        let mut batch = batch.clone();
        batch.message = Some(message.to_owned());
        batch.turn(BatchState::Failed, now);
        table::put(db, &batch)
    };
    let job = table::get::<Job>(db, &batch.job)?;
    let user = job.as_ref().and_then(|job| maker(org, &job.created_by));
    let (Some(job), Some(user)) = (job, user) else {
        fail("InvalidUser : The user of the job is gone")?;
        return Ok(None);
    };
    let version = ApiVersion::of_number(job.version);
    let context = Context::in_background(org, db, &user, version);
    let done = context.atomically(|| {
        let mut batch = batch.clone();
        step(&context, &job, &mut batch, now)?;
        table::put(db, &batch)
    });
    if let Err(error) = done {
        tracing::error!(?error, "a batch failed");
        fail("Unknown : The local org could not process the batch")?;
    }
    Ok(None)
}

fn step(context: &Context<'_>, job: &Job, batch: &mut Batch, now: i64) -> Result<(), ApiError> {
    let chunked = job.is_pk_chunked() && batch.range.is_none();
    if begins(context, &mut batch.progress, &job.object, chunked, now) {
        batch.turn(BatchState::InProgress, now);
    }
    if batch.progress.is_stuck() {
        return Ok(());
    }
    if !batch.progress.done {
        let worked = if let Some(message) = batch.message.take() {
            Err(Failure::Job(message))
        } else if chunked && is_chunkable(context, job, batch) {
            chunk(context, job, batch, now)
        } else if job.operation.is_query() {
            find(context, job, batch)
        } else {
            ingest(context, job, batch)
        };
        match worked {
            Ok(()) => {}
            Err(Failure::Job(message)) => {
                batch.message = Some(message);
                batch.turn(BatchState::Failed, now);
                return Ok(());
            }
            Err(Failure::Store(error)) => return Err(error),
        }
    }
    if batch.progress.done
        && batch.state == BatchState::InProgress
        && !lasts(context, &mut batch.progress, now)
    {
        batch.turn(BatchState::Completed, now);
    }
    Ok(())
}

/// Writes some of the rows of a batch.
fn ingest(context: &Context<'_>, job: &Job, batch: &mut Batch) -> Result<(), Failure> {
    let object = object(context, job)?;
    let key = job.key.as_deref().unwrap_or("Id");
    let purpose = Purpose {
        object,
        operation: job.operation,
        key: object.field(key),
    };
    let progress = &mut batch.progress;
    let written = if job.content_type() == ContentType::Plain(Format::Csv) {
        let mut written =
            ingest::write_chunk(context, purpose, &batch.id, job.dialect, progress, |_| {
                false
            })?;
        // Only what became of them is told.
        written.lines.clear();
        written
    } else {
        write_records(context, purpose, batch)?
    };
    if batch.progress.processed > MOST_ROWS {
        return Err(Failure::Job(format!(
            "InvalidBatch : A batch has at most {MOST_ROWS} rows"
        )));
    }
    results::keep(context.db, job, batch, &written.outcomes)?;
    Ok(())
}

fn object<'s>(context: &Context<'s>, job: &Job) -> Result<&'s Object, Failure> {
    let object = context.schema.object(&job.object).ok_or_else(|| {
        Failure::Job(format!(
            "InvalidEntity : Entity '{}' is not supported by the Bulk API.",
            job.object
        ))
    })?;
    Ok(object)
}

/// Writes a piece of the rows of a batch that is not in CSV.
fn write_records<'s>(
    context: &Context<'s>,
    purpose: Purpose<'s>,
    batch: &mut Batch,
) -> Result<Written, Failure> {
    let progress = &mut batch.progress;
    let part = Part {
        owner: &batch.id,
        name: ROWS,
    };
    let (pieces, _) = part.end(context.db)?;
    let Some(piece) = part.piece(context.db, progress.position)? else {
        progress.done = true;
        return Ok(Written::default());
    };
    let records = Token::parse(&piece.bytes)?.elements()?;
    let mut rows: Vec<Row<'s>> = records
        .into_iter()
        .map(|record| row(context, purpose, record))
        .collect();
    if let Some(Trouble::Fails { after, message }) = &progress.trouble {
        let left = i64::try_from(*after).unwrap_or(i64::MAX) - progress.processed;
        match usize::try_from(left) {
            Ok(left) if left > 0 => rows.truncate(left),
            _ => return Err(Failure::Job(message.clone())),
        }
    }
    let outcomes = write(context, purpose, rows);
    ingest::count(context, progress, &outcomes);
    progress.position += 1;
    progress.done = progress.position >= pieces;
    Ok(Written {
        lines: Vec::new(),
        outcomes,
    })
}

/// What a record in JSON says.
fn row<'s>(context: &Context<'s>, purpose: Purpose<'s>, record: Token<'_>) -> Row<'s> {
    let read = |key: &mut Option<String>| {
        let mut document = record.document()?;
        if let Some(field) = purpose.key {
            *key = take_key(field, &mut document)?;
        }
        Incoming::read(context, purpose.object, &document, None)
    };
    let mut key = None;
    let incoming = read(&mut key);
    Row { key, incoming }
}

/// Takes the member out that tells which record is meant.
fn take_key(field: &Field, document: &mut Document<'_>) -> Result<Option<String>, ApiError> {
    let is_key = |(name, _): &(String, Token<'_>)| name.eq_ignore_ascii_case(&field.name);
    let Some(at) = document.members.iter().position(is_key) else {
        return Ok(None);
    };
    let (_, token) = document.members.remove(at);
    Ok(match token.scalar()? {
        Scalar::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Scalar::Int(text) | Scalar::Float(text) => Some(text.to_owned()),
        _ => None,
    })
}

/// Compiles the query of a batch.
fn plan(context: &Context<'_>, job: &Job, batch: &Batch) -> Result<FlatPlan, Failure> {
    let soql = batch.query.as_deref().unwrap_or_default();
    extract::compile(context, soql, job.operation, batch.created).map_err(|reason| {
        Failure::Job(match reason {
            NotFlat::Subquery => {
                "FeatureNotEnabled : Aggregate Relationships not supported in Bulk \
                                  Query with CSV content type"
                    .to_owned()
            }
            NotFlat::Blob => "FeatureNotEnabled : Binary field not supported".to_owned(),
            NotFlat::Compound => failed(
                "FUNCTIONALITY_NOT_ENABLED",
                "Selecting compound data not supported in Bulk Query",
            ),
            other => {
                let error = extract::refusal(other);
                let item = error.items().first();
                let (code, message) = item.map_or(("", ""), |item| (&item.code, &item.message));
                failed(code, message)
            }
        })
    })
}

fn failed(code: &str, message: &str) -> String {
    format!("InvalidBatch : Failed to process query: {code}: {message}")
}

/// Looks for some of the rows of a batch.
fn find(context: &Context<'_>, job: &Job, batch: &mut Batch) -> Result<(), Failure> {
    let plan = plan(context, job, batch)?;
    let progress = &batch.progress;
    let mut most = if plan.is_by_id() { CHUNK } else { i64::MAX };
    if let Some(limit) = plan.limit() {
        most = most.min((limit - progress.processed).max(0));
    }
    if let Some(Trouble::Fails { after, message }) = &progress.trouble {
        let left = i64::try_from(*after).unwrap_or(i64::MAX) - progress.processed;
        if left <= 0 {
            return Err(Failure::Job(message.clone()));
        }
        most = most.min(left);
    }
    let range = batch.range.as_ref();
    let after = progress
        .last_id
        .clone()
        .or_else(|| range.and_then(|range| range.after.clone()));
    let to = range.and_then(|range| range.to.clone());
    let slice = Slice {
        after: after.as_deref(),
        to: to.as_deref(),
        most,
    };
    let format = job.content_type().format();
    if format == Format::Csv && batch.progress.header.is_none() {
        let mut line = Vec::new();
        job.dialect.write(plan.header(), &mut line);
        batch.progress.header = Some(String::from_utf8_lossy(&line).into_owned());
    }
    let (mut rows, mut found, mut bytes) = (0, 0, Vec::new());
    let last = plan.rows(context.db, slice, |row| {
        if rows == CHUNK {
            keep(context, batch, &mut rows, &mut bytes)?;
        }
        let first = rows == 0 && starts_file(context, batch);
        match format {
            Format::Csv => job.dialect.write(row.cells()?, &mut bytes),
            Format::Json => {
                if !first {
                    bytes.push(b',');
                }
                let record = row.json(context.version, true)?;
                bytes.extend_from_slice(record.to_string().as_bytes());
            }
            Format::Xml => results::record(&row.json(context.version, false)?, &mut bytes),
        }
        rows += 1;
        found += 1;
        Ok(())
    })?;
    keep(context, batch, &mut rows, &mut bytes)?;
    let progress = &mut batch.progress;
    progress.processed += found;
    progress.done = found < most || plan.limit() == Some(progress.processed);
    if last.is_some() {
        progress.last_id = last;
    }
    Ok(())
}

/// Whether the next row that is found begins a file.
fn starts_file(context: &Context<'_>, batch: &Batch) -> bool {
    let most = i64::from(context.org.auth.policies().bulk_page_records);
    batch.files.last().is_none_or(|file| file.rows >= most)
}

/// Adds rows to the result of a batch: to its last file, or to another one if that is full.
fn keep(
    context: &Context<'_>,
    batch: &mut Batch,
    rows: &mut i64,
    bytes: &mut Vec<u8>,
) -> Result<(), ApiError> {
    if *rows == 0 {
        return Ok(());
    }
    let part = Part {
        owner: &batch.id,
        name: extract::RESULT,
    };
    let (n, _) = part.end(context.db)?;
    part.append(context.db, *rows, bytes)?;
    if starts_file(context, batch) {
        batch.files.push(ResultFile {
            id: table::new_id(context.db, *b"752")?,
            rows: 0,
            pieces: (n, n),
        });
    }
    if let Some(file) = batch.files.last_mut() {
        file.rows += *rows;
        file.pieces.1 = n + 1;
    }
    *rows = 0;
    bytes.clear();
    Ok(())
}

/// Whether a query can be cut into ranges of ids: WHERE is the only clause that it may have, and
/// not about ids.
fn is_chunkable(context: &Context<'_>, job: &Job, batch: &Batch) -> bool {
    let soql = batch.query.as_deref().unwrap_or_default();
    let plain = ferroforce_soql::parse(soql)
        .is_ok_and(|query| query.limit.is_none() && query.order_by.is_empty());
    plain && plan(context, job, batch).is_ok_and(|plan| !plan.is_about_ids())
}

/// Puts batches in the place of one that queries: one for each range of ids.
fn chunk(context: &Context<'_>, job: &Job, batch: &mut Batch, now: i64) -> Result<(), Failure> {
    let size = job.chunk_size();
    let object = object(context, job)?;
    let most = match &batch.progress.trouble {
        Some(Trouble::Chunking { after }) => *after,
        _ => u64::MAX,
    };
    let mut after = match job.start_row() {
        None => None,
        Some(id) => before(context.db, object, id)?,
    };
    let mut made = 0;
    loop {
        if made == most {
            return Err(Failure::Job(
                "InvalidBatch : Failed to chunk the query by primary key".to_owned(),
            ));
        }
        let to = last_of_range(context.db, object, after.as_deref(), size)?;
        let range = Range {
            after: after.clone(),
            to: to.clone(),
        };
        let part = Batch {
            query: batch.query.clone(),
            range: Some(range),
            ..data::new(context, job, &batch.content_type)?
        };
        table::put(context.db, &part)?;
        made += 1;
        if to.is_none() {
            break;
        }
        after = to;
    }
    batch.progress.done = true;
    batch.turn(BatchState::NotProcessed, now);
    Ok(())
}

/// The greatest id below another.
fn before(db: &Connection, object: &Object, id: &str) -> Result<Option<String>, ApiError> {
    let sql = format!(
        "SELECT \"Id\" FROM \"{}\" WHERE \"Id\" < ?1 ORDER BY \"Id\" DESC LIMIT 1",
        object.name
    );
    let found = db.prepare_cached(&sql)?.query_row([id], |row| row.get(0));
    Ok(found.optional()?)
}

/// The id of the last record of a range with so many; none if there are not more than that.
fn last_of_range(
    db: &Connection,
    object: &Object,
    after: Option<&str>,
    size: i64,
) -> Result<Option<String>, ApiError> {
    let sql = format!(
        "SELECT \"Id\" FROM \"{}\" WHERE \"Id\" > ?1 ORDER BY \"Id\" LIMIT 2 OFFSET ?2",
        object.name
    );
    let mut select = db.prepare_cached(&sql)?;
    let ids = select.query_map((after.unwrap_or(""), size - 1), |row| row.get(0))?;
    let ids: Vec<String> = ids.collect::<Result<_, _>>()?;
    Ok(match <[String; 2]>::try_from(ids) {
        Ok([last, _]) => Some(last),
        Err(_) => None,
    })
}
