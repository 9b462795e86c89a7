//! Many records, cut and not yet read.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

use super::row::Row;
use super::scan::{Cell, Flaw};

/// Records in memory of their own.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    bytes: Bytes,
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
    pub(super) fn add(&mut self, text: Range<usize>, flaw: Option<Flaw>) {
        let cells = self.cells.len();
        self.rows.push(Place { text, cells, flaw });
    }

    /// The cells of a record that is not whole.
    pub(super) fn rest(&self) -> &[Cell] {
        &self.cells[self.rows.last().map_or(0, |row| row.cells)..]
    }

    /// Takes the text that its records stand in, to `end`, and gives back what follows
    /// there, in the memory that it had.
    pub(super) fn exchange(&mut self, mut text: BytesMut, end: usize) -> BytesMut {
        let had = std::mem::take(&mut self.bytes);
        let mut rest = had.try_into_mut().unwrap_or_default();
        rest.clear();
        rest.extend_from_slice(&text[end..]);
        text.truncate(end);
        self.bytes = text.freeze();
        rest
    }

    /// Without records, and with its memory but for the text that somebody still has.
    pub(super) fn emptied(mut self) -> Self {
        self.cells.clear();
        self.rows.clear();
        if !self.bytes.is_unique() {
            self.bytes = Bytes::new();
        }
        self
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
    pub(crate) fn text(&self, index: usize) -> &[u8] {
        match self.rows.get(index) {
            Some(row) => &self.bytes[row.text.clone()],
            None => &[],
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
