//! Reading CSV: text that comes in pieces, as rows.

mod batch;
mod columns;
mod de;
mod dialect;
mod header;
mod reader;
mod record;
mod row;
mod scan;
mod spare;
mod split;

pub use reader::CsvReader;

pub(crate) use batch::Batch;
pub(crate) use columns::Columns;
pub(crate) use dialect::Dialect;
pub(crate) use reader::{LARGEST_RECORD, misplaced, read};
pub(crate) use record::{Kind, RecordMaker};
pub(crate) use row::Row;
pub(crate) use spare::Spare;
pub(crate) use split::{RawRecord, Splitter};

#[cfg(test)]
mod tests;
