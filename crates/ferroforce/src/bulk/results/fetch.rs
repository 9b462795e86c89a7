//! A job's results, fetched as a whole before any of them is told: what breaks off is
//! fetched again, and nobody has seen half of it.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use crate::bulk::csv::read::{Columns, Dialect, LARGEST_RECORD, Splitter};
use crate::bulk::job::{JobId, ops};
use crate::bulk::spool::{Stored, blocking, unnamed};
use crate::client::Salesforce;
use crate::error::{Error, ErrorKind, Result};
use crate::files::Downloading;
use crate::pipeline::{CallSettings, Outgoing};

/// Bytes that are kept in memory.
const MEMORY: usize = 1024 * 1024;

/// How often results are asked for.
const TRIES: u32 = 5;

/// All results of a job of one kind.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) dialect: Dialect,
    pub(crate) rows: u64,
    at: At,
}

#[derive(Debug)]
enum At {
    Memory(Bytes),
    Disk(Stored),
}

impl Fetched {
    /// The next piece of the text; an empty one is its end.
    pub(super) async fn next_piece(&mut self) -> Result<Bytes> {
        match &mut self.at {
            At::Memory(bytes) => Ok(std::mem::take(bytes)),
            At::Disk(stored) if stored.range.is_empty() => Ok(Bytes::new()),
            At::Disk(stored) => stored
                .next_piece()
                .await
                .map_err(|error| Error::disk("the results cannot be read", error)),
        }
    }
}

/// Fetches results of a job. Where `expected` is known, another number of rows is an
/// error; more rows that nobody looked at than were counted are none, since the file
/// that was counted may have been short.
///
/// # Errors
/// What befalls the requests, the disk, and [`ErrorKind::Incomplete`].
pub(crate) async fn fetch(
    client: &Salesforce,
    job: JobId,
    kind: ops::ResultKind,
    dialect: Dialect,
    expected: Option<u64>,
    folder: Option<&Path>,
) -> Result<Fetched> {
    let mut tries = 0;
    loop {
        tries += 1;
        let fetched = attempt(client, job, kind, dialect, folder).await;
        let fetched = fetched.and_then(|fetched| match expected {
            Some(expected)
                if fetched.rows < expected
                    || (fetched.rows > expected && kind != ops::ResultKind::Unprocessed) =>
            {
                Err(Error::new(
                    ErrorKind::Incomplete,
                    format!("{} of {expected} results came", fetched.rows),
                ))
            }
            _ => Ok(fetched),
        });
        let error = match fetched {
            Ok(fetched) => return Ok(fetched),
            Err(error) => error.with_job(job),
        };
        let passes = error.is_retryable() || error.kind() == ErrorKind::Incomplete;
        if tries == TRIES || !passes {
            return Err(error);
        }
        tracing::warn!(error = %error.redacted(), "results are fetched again");
        tokio::time::sleep(client.backoff(tries)).await;
    }
}

async fn attempt(
    client: &Salesforce,
    job: JobId,
    kind: ops::ResultKind,
    dialect: Dialect,
    folder: Option<&Path>,
) -> Result<Fetched> {
    let op = ops::results(&job, kind)?;
    let outgoing = Outgoing::from_op(op, client.api_version(), CallSettings::default())?;
    let mut body = Downloading::of(client, outgoing.opening()).await?;
    let mut splitter = Splitter::new(dialect, LARGEST_RECORD);
    let mut columns = None;
    let mut memory: Vec<u8> = Vec::new();
    let mut disk: Option<Arc<std::fs::File>> = None;
    let failed = |error| Error::disk("the results cannot be put aside", error);
    while let Some(piece) = body.next().await.transpose()? {
        splitter.push(&piece);
        count(&mut splitter, &mut columns)?;
        memory.extend_from_slice(&piece);
        if memory.len() < MEMORY {
            continue;
        }
        let piece = std::mem::replace(&mut memory, Vec::with_capacity(MEMORY * 2));
        let folder = folder.map(Path::to_owned);
        let file = match disk.take() {
            Some(file) => file,
            None => {
                let file = blocking(move || unnamed(folder.as_deref())).await;
                Arc::new(file.map_err(failed)?)
            }
        };
        disk = Some(write(file, piece).await.map_err(failed)?);
    }
    splitter.finish();
    count(&mut splitter, &mut columns)?;
    let at = match disk {
        None => At::Memory(memory.into()),
        Some(file) => {
            let file = write(file, memory).await.map_err(failed)?;
            let length = file.metadata().map_err(failed)?.len();
            At::Disk(Stored {
                file,
                range: 0..length,
            })
        }
    };
    Ok(Fetched {
        dialect,
        rows: splitter.records().saturating_sub(1),
        at,
    })
}

async fn write(file: Arc<std::fs::File>, piece: Vec<u8>) -> std::io::Result<Arc<std::fs::File>> {
    blocking(move || {
        std::io::Write::write_all(&mut &*file, &piece)?;
        Ok(file)
    })
    .await
}

/// Looks at the records that came: one that is not whole is an end too soon.
fn count(splitter: &mut Splitter, columns: &mut Option<usize>) -> Result<()> {
    while let Some(record) = splitter.next()? {
        let row = record.row();
        match columns {
            Some(columns) if !row.is_whole(Some(*columns)) => {
                return Err(Error::new(
                    ErrorKind::Incomplete,
                    format!("result {} is not whole", record.number),
                ));
            }
            Some(_) => {}
            None => *columns = Some(Columns::read(row)?.len()),
        }
    }
    Ok(())
}
