//! Results in a file.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::rows::{Echo, Place, echoes};
use crate::bulk::csv::write::{Columns, Sheet, Style};
use crate::bulk::csv::{Delimiter, LineEnding};
use crate::bulk::job::ops::ResultKind;
use crate::bulk::spool::blocking;
use crate::error::{Error, Result};
use crate::files::Part;

/// Bytes that are written at once.
const PIECE: usize = 1024 * 1024;

/// A row with what became of it.
struct Told<'a> {
    echo: &'a Echo,
    kind: ResultKind,
}

impl Serialize for Told<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let Self { echo, kind } = self;
        let mut map = serializer.serialize_map(None)?;
        let id = echo.id.map(|id| id.to_string()).unwrap_or_default();
        match kind {
            ResultKind::Successful => {
                map.serialize_entry("sf__Id", &id)?;
                map.serialize_entry("sf__Created", &echo.created)?;
            }
            ResultKind::Failed => {
                map.serialize_entry("sf__Id", &id)?;
                map.serialize_entry("sf__Error", &echo.error_text)?;
            }
            ResultKind::Unprocessed => {}
        }
        for (column, cell) in echo.row.columns.iter().zip(&echo.row.cells) {
            map.serialize_entry(column, cell)?;
        }
        map.end()
    }
}

/// Writes results to `path`, with commas and line feeds, and gives back how many rows there
/// are. What stood there is replaced when all have come.
///
/// # Errors
/// What befalls the results, and the disk.
pub(crate) async fn save(place: Place, kind: ResultKind, path: &Path) -> Result<u64> {
    let own: &[&str] = match kind {
        ResultKind::Successful => &["sf__Id", "sf__Created"],
        ResultKind::Failed => &["sf__Id", "sf__Error"],
        ResultKind::Unprocessed => &[],
    };
    let mut columns: Vec<String> = own.iter().map(|name| (*name).to_owned()).collect();
    loop {
        match attempt(place.clone(), kind, path, &columns).await? {
            Ok(rows) => return Ok(rows),
            // A job had columns that those before it had not: all rows need them.
            Err(more) => columns = more,
        }
    }
}

/// The number of rows, or columns that were not known before.
async fn attempt(
    place: Place,
    kind: ResultKind,
    path: &Path,
    columns: &[String],
) -> Result<std::result::Result<u64, Vec<String>>> {
    let style = Style {
        delimiter: Delimiter::Comma,
        line_ending: LineEnding::Lf,
        null: "",
    };
    let mut sheet = Sheet::new(style, Columns::known(columns.iter().cloned()));
    let mut file: Option<Written> = None;
    let mut rows = 0;
    let mut results = echoes(place, kind);
    while let Some(echo) = results.next().await {
        let echo = echo?;
        let row = sheet.write(&Told { echo: &echo, kind });
        let row = row.map_err(|refusal| Error::decode(refusal.0))?;
        rows += 1;
        if row.columns_before < sheet.columns().len() {
            if file.is_some() {
                return Ok(Err(sheet.columns().names().to_vec()));
            }
            sheet.widen(row);
        }
        if sheet.len() >= PIECE {
            file = Some(Written::add(file, path, &mut sheet).await?);
        }
    }
    Written::add(file, path, &mut sheet)
        .await?
        .finish(path)
        .await?;
    Ok(Ok(rows))
}

/// A file that is not yet whole.
struct Written {
    part: Part,
    file: std::fs::File,
}

impl Written {
    async fn add(file: Option<Self>, path: &Path, sheet: &mut Sheet) -> Result<Self> {
        let path = path.to_owned();
        let header = sheet.header(sheet.columns().len());
        let text = sheet.take(None);
        let written = blocking(move || {
            let mut written = match file {
                Some(written) => written,
                None => Self::begin(&path, &header)?,
            };
            written.file.write_all(&text)?;
            Ok(written)
        });
        written.await.map_err(failed)
    }

    fn begin(path: &Path, header: &[u8]) -> std::io::Result<Self> {
        let (part, mut file) = Part::create(path)?;
        if header != b"\n" {
            file.write_all(header)?;
        }
        Ok(Self { part, file })
    }

    async fn finish(self, path: &Path) -> Result<()> {
        let path: PathBuf = path.to_owned();
        let finished = blocking(move || {
            self.file.sync_all()?;
            self.part.finish(&path)
        });
        finished.await.map_err(failed)
    }
}

fn failed(error: std::io::Error) -> Error {
    Error::disk("the results cannot be written", error)
}
