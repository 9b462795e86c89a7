//! Results in a file that is taken up where a crash left it.

use std::io::{ErrorKind as ErrorCause, SeekFrom};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokio::fs::File;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use super::download::no_csv;
use super::{BulkQuery, QueryHandle, ResultCursor};
use crate::bulk::journal::{Journal, Kind};
use crate::bulk::spool::blocking;
use crate::error::{Error, ErrorKind, Result};
use crate::files::{create_new, rename, sync_folder};
use crate::query::Fingerprint;

/// What a journal is of. It tells one query from another and not what was asked.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Of {
    query: u64,
    version: u16,
    /// The name of the file.
    file: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Entry {
    /// The job that has the results.
    Job(QueryHandle),
    /// Up to `length` the file has all rows before this page.
    Page { begin: ResultCursor, length: u64 },
    /// The file is whole.
    Done { rows: u64 },
}

/// How far an earlier run came.
#[derive(Default)]
struct Before {
    job: Option<QueryHandle>,
    page: Option<(ResultCursor, u64)>,
    done: Option<u64>,
}

impl Before {
    fn read(entries: Vec<Entry>) -> Self {
        let mut before = Self::default();
        for entry in entries {
            match entry {
                Entry::Job(job) => before.job = Some(job),
                Entry::Page { begin, length } => before.page = Some((begin, length)),
                Entry::Done { rows } => before.done = Some(rows),
            }
        }
        before
    }
}

fn disk(error: std::io::Error) -> Error {
    Error::disk("the results cannot be written", error)
}

pub(super) async fn save(query: BulkQuery, path: &Path, journal: &Path) -> Result<u64> {
    if query.json {
        return Err(no_csv());
    }
    let of = Of {
        query: fingerprint(&query)?,
        version: query.client.api_version().number(),
        file: path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into(),
    };
    let (journal, entries) = Journal::open::<Of, Entry>(journal, Kind::Extract, of).await?;
    let before = Before::read(entries);
    let part = part_of(path);
    if let Some(rows) = before.done {
        if tokio::fs::try_exists(&part).await.map_err(disk)? {
            finish(part, path).await?;
        } else if !tokio::fs::try_exists(path).await.map_err(disk)? {
            return Err(Error::new(
                ErrorKind::Disk,
                "the file that the journal says is whole is not there; remove the journal to \
                 begin anew",
            ));
        }
        return Ok(rows);
    }

    let bulk = query.client.bulk();
    let (poll, paging) = (query.poll.clone(), query.paging.clone().in_order());
    let handle = match before.job {
        Some(handle) => handle,
        None => {
            let handle = query.start().await?.handle().clone();
            journal.append(&Entry::Job(handle.clone())).await?;
            handle
        }
    };
    let mut job = bulk.resume_query(handle).poll(poll).paging(paging);
    let mut length = 0;
    if let Some((cursor, reached)) = before.page {
        job = job.resume(cursor)?;
        length = reached;
    }
    let mut file = open(&part, length).await?;
    let mut csv = job.csv();
    while let Some(piece) = csv.next().await {
        let piece = piece?;
        if let Some(begin) = csv.begun_page()
            && begin.rows_read() > 0
        {
            file.flush().await.map_err(disk)?;
            file.sync_data().await.map_err(disk)?;
            journal.append(&Entry::Page { begin, length }).await?;
        }
        file.write_all(&piece).await.map_err(disk)?;
        length += u64::try_from(piece.len()).unwrap_or(u64::MAX);
    }
    file.flush().await.map_err(disk)?;
    file.sync_all().await.map_err(disk)?;
    drop(file);
    let rows = csv.rows_in_all();
    journal.append(&Entry::Done { rows }).await?;
    finish(part, path).await?;
    Ok(rows)
}

async fn finish(part: PathBuf, path: &Path) -> Result<()> {
    let path = path.to_owned();
    blocking(move || rename(&part, &path)).await.map_err(disk)
}

fn fingerprint(query: &BulkQuery) -> Result<u64> {
    let mut hash = Fingerprint::default();
    hash.add(query.op()?.body().map_or(&[][..], |body| body));
    if query.chunking.is_some() {
        hash.add(b"in chunks");
    }
    Ok(hash.value())
}

/// Where the rows are until they are all there.
fn part_of(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".part");
    path.with_file_name(name)
}

/// The file as it was when it had `length` bytes. What came behind them is fetched anew.
async fn open(path: &Path, length: u64) -> Result<File> {
    let path = path.to_owned();
    let opened = blocking(move || {
        if length == 0 {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorCause::NotFound => return Err(error),
                _ => {}
            }
            let file = create_new(&path)?;
            sync_folder(&path)?;
            return Ok(Some(file));
        }
        // What leads elsewhere is not ours.
        if !std::fs::symlink_metadata(&path)?.is_file() {
            return Err(ErrorCause::InvalidInput.into());
        }
        let file = std::fs::OpenOptions::new().write(true).open(&path)?;
        if file.metadata()?.len() < length {
            return Ok(None);
        }
        file.set_len(length)?;
        Ok(Some(file))
    });
    let Some(file) = opened.await.map_err(disk)? else {
        return Err(Error::new(
            ErrorKind::Disk,
            "the file has fewer rows than its journal says; remove the journal to begin anew",
        ));
    };
    let mut file = File::from_std(file);
    file.seek(SeekFrom::End(0)).await.map_err(disk)?;
    Ok(file)
}
