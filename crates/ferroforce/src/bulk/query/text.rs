//! The text of a page, as it comes: cut into rows, of CSV or of JSON.

use std::sync::Arc;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::elements::{Elements, Objects};
use crate::bulk::csv::read::{
    self, Batch, Columns, Dialect, LARGEST_RECORD, RecordMaker, Spare, Splitter,
};
use crate::error::Result;
use crate::query::read_row;
use crate::types::{Record, Shapes};

/// What is told of a page, in this order: the header once, which JSON has not, then rows.
#[derive(Debug)]
pub(super) enum Piece {
    Header(Header),
    Rows(Rows),
}

/// The names of the columns, and how they were written.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) columns: Arc<Columns>,
    pub(super) text: Bytes,
}

/// Some rows of a page.
#[derive(Debug)]
pub(super) struct Rows {
    rows: Format,
    /// The first that counts.
    first: usize,
}

#[derive(Debug)]
enum Format {
    Csv(Lines),
    Json(Objects),
}

/// Rows of CSV.
#[derive(Debug)]
struct Lines {
    batch: Batch,
    /// Where the memory goes once they were read.
    spare: Arc<Spare>,
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.spare.give_back(std::mem::take(&mut self.batch));
    }
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        let all = match &self.rows {
            Format::Csv(lines) => lines.batch.len(),
            Format::Json(objects) => objects.len(),
        };
        all.saturating_sub(self.first)
    }

    /// The row at `index`, which is `number` of all, as a `T`. Rows of CSV need columns.
    pub(super) fn read<T: DeserializeOwned>(
        &self,
        index: usize,
        columns: Option<&Columns>,
        number: u64,
    ) -> Option<Result<T>> {
        let index = self.first + index;
        match &self.rows {
            Format::Csv(lines) => Some(read::read(columns?, lines.batch.row(index)?, number)),
            Format::Json(objects) => Some(read_row(&objects.get(index)?, number)),
        }
    }

    /// The same as a record.
    pub(super) fn record(
        &self,
        index: usize,
        maker: Option<&mut RecordMaker>,
        shapes: &mut Shapes,
        number: u64,
    ) -> Option<Result<Record>> {
        let index = self.first + index;
        match &self.rows {
            Format::Csv(lines) => Some(maker?.make(lines.batch.row(index)?, number)),
            Format::Json(objects) => {
                let record = Record::read(objects.get(index)?, shapes);
                Some(record.map_err(|error| read::misplaced(number, &error)))
            }
        }
    }

    /// Rows of CSV as they were written. Nobody asks for those of JSON.
    pub(super) fn text(&self) -> Bytes {
        match &self.rows {
            Format::Csv(lines) => lines.batch.bytes_from(self.first),
            Format::Json(_) => Bytes::new(),
        }
    }

    pub(super) fn leave_out(&mut self, rows: u64) {
        let rows = usize::try_from(rows).unwrap_or(usize::MAX);
        self.first += rows.min(self.len());
    }
}

/// What results are written in.
#[derive(Debug, Clone, Copy)]
pub(super) enum Written {
    Csv(Dialect),
    Json,
}

/// The text of a page, of which only what is no whole row is kept.
pub(super) enum Text {
    Csv {
        splitter: Splitter,
        /// How many there are, once the header has come.
        columns: Option<usize>,
        spare: Arc<Spare>,
    },
    Json(Elements),
}

impl Text {
    pub(super) fn new(written: Written, spare: &Arc<Spare>) -> Self {
        match written {
            Written::Csv(dialect) => Self::Csv {
                splitter: Splitter::new(dialect, LARGEST_RECORD),
                columns: None,
                spare: Arc::clone(spare),
            },
            Written::Json => Self::Json(Elements::default()),
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        match self {
            Self::Csv { splitter, .. } => splitter.push(bytes),
            Self::Json(elements) => elements.push(bytes),
        }
    }

    /// What is there as a whole.
    pub(super) fn take(&mut self) -> Result<(Option<Header>, Option<Rows>)> {
        match self {
            Self::Json(elements) => {
                let objects = elements.take()?;
                let any = objects.len() > 0;
                let rows = Rows {
                    rows: Format::Json(objects),
                    first: 0,
                };
                Ok((None, any.then_some(rows)))
            }
            Self::Csv {
                splitter,
                columns,
                spare,
            } => {
                let batch = splitter.batch(spare.take())?;
                let Some(first) = batch.row(0) else {
                    spare.give_back(batch);
                    return Ok((None, None));
                };
                let mut header = None;
                if columns.is_none() {
                    let names = Arc::new(Columns::read(first)?);
                    *columns = Some(names.len());
                    if is_nothing(&names) {
                        return Ok((None, None));
                    }
                    // A copy, or it would keep the memory of the rows.
                    let text = Bytes::copy_from_slice(batch.text(0));
                    header = Some(Header {
                        columns: names,
                        text,
                    });
                }
                let rows = Rows {
                    first: usize::from(header.is_some()),
                    rows: Format::Csv(Lines {
                        batch,
                        spare: Arc::clone(spare),
                    }),
                };
                let any = rows.len() > 0;
                Ok((header, any.then_some(rows)))
            }
        }
    }

    /// How many rows there are, or what is missing of them.
    pub(super) fn rows(&self) -> std::result::Result<u64, &'static str> {
        match self {
            Self::Json(elements) if elements.is_whole() => Ok(elements.count()),
            Self::Json(_) => Err("a page of results ends within its list of records"),
            Self::Csv {
                splitter, columns, ..
            } => {
                let mut records = splitter.records();
                let rest = splitter.rest();
                if !rest.is_empty() {
                    // A last row needs no line end, but nothing else may be missing of it.
                    if !is_whole(rest, splitter.dialect(), *columns) {
                        return Err("a page of results ends within a row");
                    }
                    records += 1;
                }
                // The first one is the header.
                Ok(records.saturating_sub(1))
            }
        }
    }

    /// No text follows: what is left is a row too.
    pub(super) fn finish(&mut self) {
        if let Self::Csv { splitter, .. } = self {
            splitter.finish();
        }
    }
}

/// What Bulk API 1.0 writes where there is no row, and no header then.
fn is_nothing(columns: &Columns) -> bool {
    matches!(columns.names(), [only] if **only == *"Records not found for this query")
}

fn is_whole(text: &[u8], dialect: Dialect, columns: Option<usize>) -> bool {
    let mut splitter = Splitter::new(dialect, LARGEST_RECORD);
    splitter.push(text);
    splitter.finish();
    match splitter.next() {
        Ok(Some(record)) => record.row().is_whole(columns),
        Ok(None) | Err(_) => false,
    }
}
