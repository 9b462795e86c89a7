use serde::Serialize;

use super::columns::Columns;
use super::limits;
use super::refusal::Refusal;
use super::row::RowSerializer;
use crate::bulk::csv::{Delimiter, LineEnding};

/// How rows are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    pub(crate) delimiter: Delimiter,
    pub(crate) line_ending: LineEnding,
    /// What stands for null.
    pub(crate) null: &'static str,
}

/// What came of writing a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    /// Where the row begins in the text.
    pub(crate) start: usize,
    /// How many columns there were before it. Rows before it have as many cells, if
    /// there are more now.
    pub(crate) columns_before: usize,
}

/// Rows as text, without their header: which columns there are may turn out with the
/// last row.
#[derive(Debug, Clone)]
pub(crate) struct Sheet {
    pub(super) style: Style,
    pub(super) columns: Columns,
    pub(super) text: Vec<u8>,
    /// Where the rows in the text end.
    ends: Vec<usize>,
    /// Of the row that is written.
    pub(super) row: Row,
    /// Bytes that make quotes necessary.
    special: [bool; 256],
    /// For values that are formatted first.
    pub(super) scratch: String,
}

/// A row on its way into the text.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    start: usize,
    /// Where its cells begin.
    cells: Vec<usize>,
    /// Columns that it went past.
    skipped: Vec<usize>,
    /// Nulls of fields that may be parents, of which no column is known.
    pub(super) parent: String,
    pub(super) key: String,
}

impl Sheet {
    pub(crate) fn new(style: Style, columns: Columns) -> Self {
        let mut special = [false; 256];
        for byte in [style.delimiter.byte(), b'"', b'\n', b'\r'] {
            special[usize::from(byte)] = true;
        }
        Self {
            style,
            columns,
            text: Vec::new(),
            ends: Vec::new(),
            row: Row::default(),
            special,
            scratch: String::new(),
        }
    }

    /// Adds a row: a struct or a map.
    ///
    /// # Errors
    /// What cannot be a row, or is too large for Salesforce. The sheet is as it was.
    pub(crate) fn write(&mut self, row: &(impl Serialize + ?Sized)) -> Result<Written, Refusal> {
        let start = self.text.len();
        let columns_before = self.columns.len();
        self.row.start = start;
        self.row.cells.clear();
        self.row.skipped.clear();
        self.row.parent.clear();
        let written = row
            .serialize(RowSerializer::new(self))
            .and_then(|()| self.end_row());
        if let Err(refusal) = written {
            self.text.truncate(start);
            self.columns.truncate(columns_before);
            return Err(refusal);
        }
        self.ends.push(self.text.len());
        Ok(Written {
            start,
            columns_before,
        })
    }

    fn end_row(&mut self) -> Result<(), Refusal> {
        if self.row.cells.is_empty() {
            return Err(Refusal::new("it has no field"));
        }
        self.skip_to(self.columns.len());
        // An empty line would be no row at all.
        if self.text.len() == self.row.start {
            self.text.extend_from_slice(b"\"\"");
        }
        let length = count(&self.text[self.row.start..], limits::ROW);
        if length > limits::ROW && !self.columns.is_unlimited() {
            return Err(Refusal::new(format!(
                "it has {length} characters, and Salesforce takes {}",
                limits::ROW
            )));
        }
        self.text.extend_from_slice(self.style.line_ending.bytes());
        Ok(())
    }

    /// Goes past the columns up to `place`: they stay empty.
    #[inline]
    fn skip_to(&mut self, place: usize) {
        while self.row.cells.len() < place {
            self.row.skipped.push(self.row.cells.len());
            self.open_cell();
        }
    }

    #[inline]
    fn open_cell(&mut self) {
        if !self.row.cells.is_empty() {
            self.text.push(self.style.delimiter.byte());
        }
        self.row.cells.push(self.text.len());
    }

    /// Writes a cell of the row under way, into the column of `parent.key`.
    pub(super) fn put(
        &mut self,
        key: &str,
        write: impl FnOnce(&mut Self) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let next = self.row.cells.len();
        let place = match self.columns.find(&self.row.parent, key, next) {
            Some(place) => place,
            None => self.columns.find_or_add(&self.row.parent, key)?,
        };
        if self.columns.has_undecided() {
            self.columns.seen_value(place);
        }
        self.put_at(place, write)
    }

    /// Null in the column of `parent.key`, or, where `key` is a parent, in those of its
    /// fields.
    pub(super) fn put_null(&mut self, key: &str) -> Result<(), Refusal> {
        let null = self.style.null;
        let write = |sheet: &mut Self| {
            sheet.text.extend_from_slice(null.as_bytes());
            Ok(())
        };
        let next = self.row.cells.len();
        if let Some(place) = self.columns.find(&self.row.parent, key, next) {
            return self.put_at(place, write);
        }
        if self.row.parent.is_empty() {
            let places = self.columns.of_parent(key);
            if !places.is_empty() {
                return places
                    .into_iter()
                    .try_for_each(|place| self.put_at(place, write));
            }
        }
        let place = self.columns.find_or_add(&self.row.parent, key)?;
        if self.row.parent.is_empty() {
            self.columns.seen_null(place);
        }
        self.put_at(place, write)
    }

    fn put_at(
        &mut self,
        place: usize,
        write: impl FnOnce(&mut Self) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        if place < self.row.cells.len() {
            return self.put_behind(place, write);
        }
        self.skip_to(place);
        self.open_cell();
        let start = self.text.len();
        write(self)?;
        self.check_cell(place, start)
    }

    /// Writes into a column that the row went past.
    fn put_behind(
        &mut self,
        place: usize,
        write: impl FnOnce(&mut Self) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let Some(skipped) = self.row.skipped.iter().position(|known| *known == place) else {
            return Err(Refusal::new(format!(
                "it has the field {} twice",
                self.columns.names()[place]
            )));
        };
        self.row.skipped.swap_remove(skipped);
        let end = self.text.len();
        write(self)?;
        self.check_cell(place, end)?;
        let length = self.text.len() - end;
        let cell = self.row.cells[place];
        self.text[cell..].rotate_right(length);
        for start in &mut self.row.cells[place + 1..] {
            *start += length;
        }
        Ok(())
    }

    #[inline]
    fn check_cell(&self, place: usize, start: usize) -> Result<(), Refusal> {
        let length = count_cell(&self.text[start..]);
        if length > limits::CELL && !self.columns.is_unlimited() {
            return Err(Refusal::new(format!(
                "its field {} has {length} characters, and Salesforce takes {}",
                self.columns.names()[place],
                limits::CELL
            )));
        }
        Ok(())
    }

    /// Writes a text, in quotes where it needs them.
    #[inline]
    pub(super) fn text(&mut self, text: &str) {
        let bytes = text.as_bytes();
        if !bytes.iter().any(|byte| self.special[usize::from(*byte)]) {
            self.text.extend_from_slice(bytes);
            return;
        }
        self.text.push(b'"');
        let mut rest = bytes;
        while let Some(quote) = memchr::memchr(b'"', rest) {
            self.text.extend_from_slice(&rest[..=quote]);
            self.text.push(b'"');
            rest = &rest[quote + 1..];
        }
        self.text.extend_from_slice(rest);
        self.text.push(b'"');
    }

    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    pub(crate) fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The first `columns` of the header, with its line end.
    pub(crate) fn header(&self, columns: usize) -> Vec<u8> {
        let mut header = Vec::new();
        for name in &self.columns.names()[..columns] {
            if !header.is_empty() {
                header.push(self.style.delimiter.byte());
            }
            header.extend_from_slice(name.as_bytes());
        }
        header.extend_from_slice(self.style.line_ending.bytes());
        header
    }

    /// Gives the rows before the last one cells for the columns that came with it.
    pub(crate) fn widen(&mut self, written: Written) {
        let added = self.columns.len() - written.columns_before;
        let Some((last, before)) = self.ends.split_last() else {
            return;
        };
        if added == 0 || before.is_empty() {
            return;
        }
        let line_end = self.style.line_ending.bytes();
        let mut text = Vec::with_capacity(self.text.len() + added * before.len());
        let mut start = 0;
        let mut ends = Vec::with_capacity(self.ends.len());
        for end in before {
            text.extend_from_slice(&self.text[start..end - line_end.len()]);
            text.resize(text.len() + added, self.style.delimiter.byte());
            text.extend_from_slice(line_end);
            ends.push(text.len());
            start = *end;
        }
        text.extend_from_slice(&self.text[start..*last]);
        ends.push(text.len());
        self.text = text;
        self.ends = ends;
    }

    /// Takes the last row back, with the columns that came with it.
    pub(crate) fn undo(&mut self, written: Written) {
        self.text.truncate(written.start);
        self.columns.truncate(written.columns_before);
        self.ends.pop();
    }

    /// Forgets the rows, and keeps the columns.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// Takes the rows out, but for the last one if it is to be `kept`.
    pub(crate) fn take(&mut self, kept: Option<Written>) -> Vec<u8> {
        let mut rest = Vec::new();
        self.ends.clear();
        if let Some(last) = kept {
            rest.extend_from_slice(&self.text[last.start..]);
            self.text.truncate(last.start);
            self.ends.push(rest.len());
        }
        std::mem::replace(&mut self.text, rest)
    }

    /// The rows, for whoever has other memory for them.
    pub(crate) fn text_mut(&mut self) -> &mut Vec<u8> {
        &mut self.text
    }

    /// The cell of the last row in this column, as it was written.
    pub(crate) fn last_cell(&self, place: usize) -> Option<&[u8]> {
        let start = *self.row.cells.get(place)?;
        let end = match self.row.cells.get(place + 1) {
            Some(next) => next - 1,
            None => self.text.len() - self.style.line_ending.bytes().len(),
        };
        self.text.get(start..end)
    }
}

/// The number of characters of a cell, without the quotes that stand around it and that
/// double those in it, or of bytes where those are few enough.
#[inline]
fn count_cell(cell: &[u8]) -> usize {
    let length = count(cell, limits::CELL);
    match cell {
        [b'"', inner @ .., b'"'] if length > limits::CELL => {
            length - 2 - memchr::memchr_iter(b'"', inner).count() / 2
        }
        _ => length,
    }
}

/// The number of characters, or of bytes where those are few enough.
#[inline]
fn count(text: &[u8], limit: usize) -> usize {
    if text.len() <= limit {
        return text.len();
    }
    let continues = |byte: &&u8| **byte & 0xC0 == 0x80;
    text.len() - text.iter().filter(continues).count()
}
