//! Writing CSV: rows that `serde` knows, as text.

mod cell;
mod columns;
mod json;
mod nested;
mod refusal;
mod row;
mod sheet;
mod text;
mod writer;

pub use writer::CsvWriter;

pub(crate) use columns::Columns;
pub(crate) use refusal::Refusal;
pub(crate) use sheet::{Sheet, Style, Written};

/// What a row may be at most, as Salesforce counts: in characters.
pub(crate) mod limits {
    /// Characters of a cell.
    pub(crate) const CELL: usize = 131_072;
    /// Characters of a row.
    pub(crate) const ROW: usize = 400_000;
    /// Characters of the header.
    pub(crate) const HEADER: usize = 32_000;
    /// Columns.
    pub(crate) const COLUMNS: usize = 5_000;
}

#[cfg(test)]
mod tests;
