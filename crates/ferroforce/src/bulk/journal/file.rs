use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::bulk::spool::blocking;
use crate::error::{Error, Result};
use crate::files::sync_folder;

/// What a journal is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Load,
    Extract,
}

/// The first line.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Head<H> {
    ferroforce_journal: u32,
    kind: Kind,
    of: H,
}

const VERSION: u32 = 1;

/// How often, and after which pause, a journal is asked for that somebody works with.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// A journal that is open, by this process alone.
#[derive(Debug, Clone)]
pub(crate) struct Journal(Arc<Mutex<Open>>);

#[derive(Debug)]
struct Open {
    file: File,
    /// What was written last may be there in part: nothing may stand behind it.
    broken: bool,
}

impl Journal {
    /// Opens the journal at `path`, or begins one, and gives the records that it has.
    /// `of` says what is done: a journal of anything else is refused.
    ///
    /// # Errors
    /// What the disk says; a journal that another process works with, that is damaged,
    /// or of something else.
    pub(crate) async fn open<H, R>(path: &Path, kind: Kind, of: H) -> Result<(Self, Vec<R>)>
    where
        H: Serialize + DeserializeOwned + PartialEq + Send + Sync + 'static,
        R: DeserializeOwned + Send + 'static,
    {
        let head = Arc::new(Head {
            ferroforce_journal: VERSION,
            kind,
            of,
        });
        let mut tries = 0;
        loop {
            tries += 1;
            let (path, head) = (path.to_owned(), Arc::clone(&head));
            let opened = tokio::task::spawn_blocking(move || open(&path, &*head)).await;
            match opened.unwrap_or_else(|lost| Err(disk(io::Error::other(lost))))? {
                Some((file, records)) => return Ok((Self::of(file), records)),
                // Who worked with it may be about to end.
                None if tries < TRIES => tokio::time::sleep(PAUSE).await,
                None => {
                    return Err(Error::disk(
                        "the journal is in use by another process",
                        io::ErrorKind::ResourceBusy.into(),
                    ));
                }
            }
        }
    }

    fn of(file: File) -> Self {
        let broken = false;
        Self(Arc::new(Mutex::new(Open { file, broken })))
    }

    /// Writes to another file from now on.
    #[cfg(test)]
    pub(super) async fn exchange(&self, file: File) -> File {
        std::mem::replace(&mut self.0.lock().await.file, file)
    }

    /// Adds a record. It is on the disk when this returns.
    ///
    /// # Errors
    /// What the disk says. After that nothing more can be added: what a crash tears is
    /// the last line, and only there it does no harm.
    pub(crate) async fn append(&self, record: &(impl Serialize + Sync)) -> Result<()> {
        let line = line(record)?;
        let open = Arc::clone(&self.0).lock_owned().await;
        blocking(move || {
            let mut open = open;
            if std::mem::replace(&mut open.broken, true) {
                return Err(io::Error::other("it could not be written earlier"));
            }
            open.file.write_all(&line)?;
            open.file.sync_data()?;
            open.broken = false;
            Ok(())
        })
        .await
        .map_err(disk)
    }
}

fn disk(error: io::Error) -> Error {
    Error::disk("the journal", error)
}

fn line(record: &impl Serialize) -> Result<Vec<u8>> {
    let json = serde_json::to_string(record)
        .map_err(|error| Error::invalid_input("the journal's record").with_source(error))?;
    let sum = crc32fast::hash(json.as_bytes());
    Ok(format!("{sum:08x} {json}\n").into_bytes())
}

/// The JSON of a line that is intact.
fn intact(line: &[u8]) -> Option<&[u8]> {
    let (sum, json) = line.split_at_checked(9)?;
    let sum = std::str::from_utf8(sum).ok()?.strip_suffix(' ')?;
    let sum = u32::from_str_radix(sum, 16).ok()?;
    (sum == crc32fast::hash(json)).then_some(json)
}

fn read<T: DeserializeOwned>(line: &[u8]) -> Option<T> {
    serde_json::from_slice(intact(line)?).ok()
}

/// Nothing where another process works with it.
fn open<H, R>(path: &Path, head: &Head<H>) -> Result<Option<(File, Vec<R>)>>
where
    H: Serialize + DeserializeOwned + PartialEq,
    R: DeserializeOwned,
{
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(disk)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(std::fs::TryLockError::WouldBlock) => return Ok(None),
        Err(std::fs::TryLockError::Error(error)) => return Err(disk(error)),
    }
    let mut text = Vec::new();
    file.read_to_end(&mut text).map_err(disk)?;
    // Without a whole first line nothing can have been done yet.
    let Some(end) = memchr::memchr(b'\n', &text) else {
        if !text.is_empty() && !looks_torn(&text) {
            return Err(Error::invalid_input("the file is no journal"));
        }
        cut(&mut file, 0).map_err(disk)?;
        file.write_all(&line(head)?).map_err(disk)?;
        file.sync_all().map_err(disk)?;
        sync_folder(path).map_err(disk)?;
        return Ok(Some((file, Vec::new())));
    };
    match read::<Head<H>>(&text[..end]) {
        Some(found) if found == *head => {}
        Some(_) => {
            return Err(Error::invalid_input(
                "the journal is of something else: another operation, object, source or setting; \
                 take another file for this",
            ));
        }
        None => {
            return Err(Error::invalid_input(
                "the file is no journal of this version",
            ));
        }
    }
    let mut records = Vec::new();
    let mut at = end + 1;
    while at < text.len() {
        let whole = memchr::memchr(b'\n', &text[at..]).map(|length| at + length);
        let record = whole.and_then(|end| Some((end + 1, read(&text[at..end])?)));
        match (record, whole) {
            (Some((next, record)), _) => {
                records.push(record);
                at = next;
            }
            (None, Some(end)) if end + 1 < text.len() => {
                return Err(Error::invalid_input(format!(
                    "the journal is damaged at byte {at}, and not at its end"
                )));
            }
            (None, Some(end)) if intact(&text[at..end]).is_some() => {
                return Err(Error::invalid_input(
                    "the journal ends with what this version does not know; go on with the \
                     version that wrote it",
                ));
            }
            // Torn by a crash.
            (None, _) => break,
        }
    }
    cut(&mut file, u64::try_from(at).unwrap_or(u64::MAX)).map_err(disk)?;
    Ok(Some((file, records)))
}

/// Whether this may be the beginning of a first line.
fn looks_torn(text: &[u8]) -> bool {
    let sum = text.len().min(8);
    text[..sum].iter().all(u8::is_ascii_hexdigit)
        && text.get(8).is_none_or(|space| *space == b' ')
        && text.get(9).is_none_or(|brace| *brace == b'{')
}

fn cut(file: &mut File, length: u64) -> io::Result<()> {
    file.set_len(length)?;
    file.seek(SeekFrom::Start(length))?;
    Ok(())
}
