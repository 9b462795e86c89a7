//! Rows that were uploaded to Bulk API 2.0, and what became of them.

use std::borrow::Cow;

use rusqlite::Connection;

use super::columns::Columns;
use super::csv::{Dialect, Malformed, Scan, check_header, quote};
use super::job::Progress;
use super::rows::{CHUNK, Outcome, Purpose, error_cell, write};
use super::table::Part;
use crate::admin::Trouble;
use crate::error::ApiError;
use crate::rest::Context;
use crate::usage::BulkCount;

/// The data that was uploaded.
pub(super) const UPLOAD: &str = "upload";
/// The rows that were written.
pub(super) const SUCCESSFUL: &str = "successful";
/// The rows that were not.
pub(super) const FAILED: &str = "failed";

/// How many rows count as a batch.
const BATCH: i64 = 10_000;

/// Why a slice of work was not done.
#[derive(Debug)]
pub(super) enum Failure {
    /// The job fails, with this as its error.
    Job(String),
    /// The org failed.
    Store(ApiError),
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self::Store(error)
    }
}

impl From<Malformed> for Failure {
    fn from(malformed: Malformed) -> Self {
        Self::Job(malformed.to_string())
    }
}

/// A record, and the bytes that it was read from.
type RecordOf<'r> = (Vec<Cow<'static, str>>, &'r [u8]);

/// Reads the records of uploaded data.
pub(super) struct Records<'d> {
    db: &'d Connection,
    part: Part<'d>,
    dialect: Dialect,
    /// What has been loaded and not been read.
    bytes: Vec<u8>,
    /// How many of them have been read since.
    read: usize,
    /// How many bytes of the data stand before them.
    first: i64,
    /// The next piece to load, and how many there are.
    next: i64,
    pieces: i64,
}

impl<'d> Records<'d> {
    /// Begins at a byte.
    pub(super) fn from(
        db: &'d Connection,
        part: Part<'d>,
        dialect: Dialect,
        position: i64,
    ) -> Result<Self, ApiError> {
        let (pieces, _) = part.end(db)?;
        let next = part.place(db, position)?.unwrap_or(0);
        let mut records = Self {
            db,
            part,
            dialect,
            bytes: Vec::new(),
            read: 0,
            first: position,
            next,
            pieces,
        };
        if let Some(piece) = part.piece(db, next)? {
            let skipped = usize::try_from(position - piece.first).unwrap_or(0);
            records.bytes = piece.bytes;
            records.bytes.drain(..skipped.min(records.bytes.len()));
            records.next += 1;
        }
        Ok(records)
    }

    /// Where the next record begins.
    pub(super) fn position(&self) -> i64 {
        self.first + i64::try_from(self.read).unwrap_or(0)
    }

    /// The next record.
    pub(super) fn next(&mut self) -> Result<Option<RecordOf<'_>>, Failure> {
        loop {
            let last = self.next >= self.pieces;
            match self.dialect.scan(&self.bytes[self.read..], last)? {
                Scan::Record { cells, len } => {
                    let cells = cells
                        .into_iter()
                        .map(|cell| Cow::Owned(cell.into_owned()))
                        .collect();
                    let start = self.read;
                    self.read += len;
                    return Ok(Some((cells, &self.bytes[start..self.read])));
                }
                Scan::Blank { len } => self.read += len,
                Scan::End => return Ok(None),
                Scan::Incomplete => self.load()?,
            }
        }
    }

    /// Loads another piece.
    fn load(&mut self) -> Result<(), ApiError> {
        self.first = self.position();
        self.bytes.drain(..self.read);
        self.read = 0;
        let piece = self.part.piece(self.db, self.next)?;
        let piece = piece.ok_or_else(|| ApiError::internal("a piece of data is missing"))?;
        self.bytes.extend_from_slice(&piece.bytes);
        self.next += 1;
        Ok(())
    }
}

/// Rows that were written, and what became of them.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) lines: Vec<Vec<Cow<'static, str>>>,
    pub(super) outcomes: Vec<Outcome>,
}

/// Writes a chunk of the rows of a job, unless they are beyond the daily allocation.
pub(super) fn write_chunk<'s>(
    context: &Context<'s>,
    purpose: Purpose<'s>,
    id: &str,
    dialect: Dialect,
    progress: &mut Progress,
    is_over: impl FnOnce(&Progress) -> bool,
) -> Result<Written, Failure> {
    let db = context.db;
    let upload = Part {
        owner: id,
        name: UPLOAD,
    };
    let mut records = Records::from(db, upload, dialect, progress.position)?;
    let Some(columns) = header(context, purpose, &mut records, progress)? else {
        progress.done = true;
        return Ok(Written::default());
    };
    progress.position = records.position();
    let most = match &progress.trouble {
        Some(Trouble::Fails { after, .. }) => left(*after, progress),
        // One more row tells that there are some beyond.
        Some(Trouble::OverAllocation { after }) => left(*after, progress).max(1),
        _ => CHUNK,
    };
    if most == 0
        && let Some(Trouble::Fails { message, .. }) = &progress.trouble
    {
        return Err(Failure::Job(message.clone()));
    }
    let mut lines = Vec::with_capacity(most);
    let mut malformed = None;
    while lines.len() < most {
        match records.next() {
            Ok(None) => {
                progress.done = true;
                break;
            }
            Ok(Some((cells, _))) if cells.len() != columns.len() => {
                let (found, expected) = (cells.len(), columns.len());
                malformed = Some(Failure::Job(format!(
                    "InvalidBatch : Failed to parse CSV. A record has {found} values for {expected} \
                     columns"
                )));
                break;
            }
            Ok(Some((cells, _))) => {
                lines.push(cells);
                progress.position = records.position();
            }
            Err(failure) => {
                malformed = Some(failure);
                break;
            }
        }
    }
    if !lines.is_empty() && is_over(progress) {
        // Nobody hears of the rows that are left.
        (_, progress.position) = upload.end(db)?;
        progress.done = true;
        return Ok(Written::default());
    }
    let rows = lines
        .iter()
        .map(|cells| columns.read(context, purpose.key, cells))
        .collect();
    let outcomes = write(context, purpose, rows);
    count(context, progress, &outcomes);
    match malformed {
        // What was written before it stays.
        Some(failure) if lines.is_empty() => Err(failure),
        _ => Ok(Written { lines, outcomes }),
    }
}

/// How many rows of a chunk are left before something happens after so many.
fn left(after: u64, progress: &Progress) -> usize {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let left = usize::try_from(after - progress.processed).unwrap_or(0);
    left.min(CHUNK)
}

/// Counts what became of rows.
pub(super) fn count(context: &Context<'_>, progress: &mut Progress, outcomes: &[Outcome]) {
    let failed = outcomes
        .iter()
        .filter(|outcome| outcome.is_refused())
        .count();
    let rows = outcomes.len();
    let usage = &context.org.usage;
    usage.count_of(BulkCount::Records, u64::try_from(rows).unwrap_or(0));
    progress.processed += i64::try_from(rows).unwrap_or(0);
    progress.failed += i64::try_from(failed).unwrap_or(0);
}

/// The columns, by the first line, which is read if nobody has read it yet. None if there is no
/// line.
fn header<'s>(
    context: &Context<'s>,
    purpose: Purpose<'s>,
    records: &mut Records<'_>,
    progress: &mut Progress,
) -> Result<Option<Columns<'s>>, Failure> {
    let dialect = records.dialect;
    let line = match &progress.header {
        Some(line) => line.clone(),
        None => {
            let Some((cells, line)) = records.next()? else {
                return Ok(None);
            };
            check_header(&cells)?;
            let line = String::from_utf8_lossy(line);
            let line = line.trim_end_matches(['\r', '\n']).to_owned();
            progress.header = Some(line.clone());
            line
        }
    };
    let Scan::Record { cells, .. } = dialect.scan(line.as_bytes(), true)? else {
        return Ok(None);
    };
    let found = Columns::find(context, purpose.object, purpose.operation, &cells);
    found.map(Some).map_err(Failure::Job)
}

/// Counts the batch that begins here, if one does, and tells whether the org has no more of them,
/// or is to behave so.
pub(super) fn is_over_allocation(context: &Context<'_>, progress: &Progress) -> bool {
    if let Some(Trouble::OverAllocation { after }) = progress.trouble
        && progress.processed >= i64::try_from(after).unwrap_or(i64::MAX)
    {
        return true;
    }
    if progress.processed % BATCH != 0 {
        return false;
    }
    let usage = &context.org.usage;
    let policies = context.org.auth.policies();
    usage.count_of(BulkCount::Records, 0) >= policies.daily_bulk_records
        || usage.count_of(BulkCount::Batches, 1) > policies.daily_bulk_batches
}

/// Adds to the results of a job what became of a chunk of its rows.
pub(super) fn keep_results(
    db: &Connection,
    id: &str,
    dialect: Dialect,
    written: &Written,
) -> Result<(), ApiError> {
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    let (mut successes, mut failures) = (0, 0);
    for (cells, outcome) in written.lines.iter().zip(&written.outcomes) {
        let cells = cells.iter().map(AsRef::as_ref);
        match outcome {
            Outcome::Saved { id, created } => {
                let created = if *created { "true" } else { "false" };
                dialect.write(
                    [id.as_str(), created].into_iter().chain(cells),
                    &mut successful,
                );
                successes += 1;
            }
            Outcome::Refused { id, error } => {
                let id = id.as_ref().map_or("", |id| id.as_str());
                let error = error_cell(error);
                dialect.write([id, error.as_str()].into_iter().chain(cells), &mut failed);
                failures += 1;
            }
        }
    }
    for (name, size, bytes) in [
        (SUCCESSFUL, successes, successful),
        (FAILED, failures, failed),
    ] {
        if size > 0 {
            Part { owner: id, name }.append(db, size, &bytes)?;
        }
    }
    Ok(())
}

/// The first line of the results with this name.
pub(super) fn result_header(name: &str, dialect: Dialect, header: Option<&str>) -> Vec<u8> {
    let own = match name {
        SUCCESSFUL => ["sf__Id", "sf__Created"].as_slice(),
        FAILED => &["sf__Id", "sf__Error"],
        _ => &[],
    };
    let mut line = Vec::new();
    for (index, cell) in own.iter().enumerate() {
        if index > 0 {
            line.push(dialect.delimiter.byte());
        }
        quote(cell, &mut line);
    }
    if let Some(header) = header {
        if !own.is_empty() {
            line.push(dialect.delimiter.byte());
        }
        // As it was uploaded.
        line.extend_from_slice(header.as_bytes());
    }
    if !line.is_empty() {
        line.extend_from_slice(dialect.line_ending.text().as_bytes());
    }
    line
}

/// Takes the data away that was uploaded, when nobody can ask for it any more.
pub(super) fn forget_upload(db: &Connection, id: &str) -> Result<(), ApiError> {
    Part {
        owner: id,
        name: UPLOAD,
    }
    .clear(db)
}
