//! Cuts a source into parts, each the data of one job.

mod aside;
mod csv;
mod rows;

use crate::bulk::ingest::part::Part;
use crate::error::{Error, Result};

pub(crate) use csv::{CsvCutter, Told, read_csv};
pub(crate) use rows::RowCutter;

/// How large a part may be.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    /// Bytes with the header.
    pub(crate) bytes: u64,
    pub(crate) records: u64,
    /// Bytes that are kept in memory.
    pub(crate) memory: usize,
    /// Where the rest goes.
    pub(crate) folder: Option<std::path::PathBuf>,
}

/// A row that cannot be sent, and why.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    /// Its place in the source, from 0.
    pub(crate) row: u64,
    pub(crate) error: Error,
}

/// More would be a list as long as the source.
const MOST_REFUSED: usize = 10_000;

#[derive(Debug, Default)]
struct Refusals {
    /// Of the whole source.
    count: usize,
    /// Since they were taken last.
    new: Vec<Refused>,
}

impl Refusals {
    fn add(&mut self, row: u64, why: &str) -> Result<()> {
        let error = Error::invalid_input(format!("row {row}: {why}"));
        if self.count == MOST_REFUSED {
            return Err(Error::invalid_input(format!(
                "more than {MOST_REFUSED} rows cannot be sent, the last of them {}",
                error.message()
            )));
        }
        self.count += 1;
        self.new.push(Refused { row, error });
        Ok(())
    }

    fn take(&mut self) -> Vec<Refused> {
        std::mem::take(&mut self.new)
    }
}

/// A source that is cut.
pub(crate) enum Cutter {
    Rows(Box<RowCutter>),
    Csv(Box<CsvCutter>),
}

impl Cutter {
    /// The next part; `None` at the end. With `until`, exactly the rows up to that one,
    /// as they were cut before.
    ///
    /// # Errors
    /// What befalls the source, or the disk.
    pub(crate) async fn next(&mut self, until: Option<u64>) -> Result<Option<Part>> {
        match self {
            Self::Rows(rows) => rows.next(until).await,
            Self::Csv(csv) => csv.next(until).await,
        }
    }

    /// The rows that were refused since this was asked last.
    pub(crate) fn take_refused(&mut self) -> Vec<Refused> {
        match self {
            Self::Rows(rows) => rows.take_refused(),
            Self::Csv(csv) => csv.take_refused(),
        }
    }

    /// How many rows were read.
    pub(crate) fn rows(&self) -> u64 {
        match self {
            Self::Rows(rows) => rows.rows(),
            Self::Csv(csv) => csv.rows(),
        }
    }
}

fn as_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
