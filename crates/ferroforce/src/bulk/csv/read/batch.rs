//! Many records, cut and not yet read.

use std::ops::Range;

use bytes::Bytes;

use super::row::Row;
use super::scan::{Cell, Flaw};

/// Records in memory of their own.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(super) bytes: Bytes,
    pub(super) cells: Vec<Cell>,
    rows: Vec<Place>,
}

#[derive(Debug)]
struct Place {
    /// Without the line end.
    text: Range<usize>,
    /// Where its cells end.
    cells: usize,
    flaw: Option<Flaw>,
}

impl Batch {
    /// With the first cells of the record that comes first, and room for as many cells
    /// and records as are expected.
    pub(super) fn starting(mut cells: Vec<Cell>, expected: (usize, usize)) -> Self {
        cells.reserve_exact(expected.0.saturating_sub(cells.len()));
        Self {
            cells,
            rows: Vec::with_capacity(expected.1),
            ..Self::default()
        }
    }

    pub(super) fn add(&mut self, text: Range<usize>, flaw: Option<Flaw>) {
        let cells = self.cells.len();
        self.rows.push(Place { text, cells, flaw });
    }

    /// Takes away the cells of a record that is not whole.
    pub(super) fn split_cells(&mut self) -> Vec<Cell> {
        let end = self.rows.last().map_or(0, |row| row.cells);
        self.cells.split_off(end)
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The record at `index`.
    pub(crate) fn row(&self, index: usize) -> Option<Row<'_>> {
        let place = self.rows.get(index)?;
        let before = index
            .checked_sub(1)
            .map_or(0, |before| self.rows[before].cells);
        Some(Row {
            bytes: &self.bytes[place.text.clone()],
            cells: &self.cells[before..place.cells],
            flaw: place.flaw,
        })
    }

    /// The text of the record at `index`, without its line end.
    pub(crate) fn text(&self, index: usize) -> Bytes {
        match self.rows.get(index) {
            Some(row) => self.bytes.slice(row.text.clone()),
            None => Bytes::new(),
        }
    }

    /// The text from the record at `index` on, line ends and all.
    pub(crate) fn bytes_from(&self, index: usize) -> Bytes {
        match self.rows.get(index) {
            Some(row) => self.bytes.slice(row.text.start..),
            None => Bytes::new(),
        }
    }
}
