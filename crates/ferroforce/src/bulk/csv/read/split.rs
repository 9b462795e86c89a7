//! Cuts a text that comes in pieces into records, and keeps no more of it than
//! the record under way.

use std::ops::Range;

use bytes::{Buf, BytesMut};

use super::batch::Batch;
use super::dialect::{BOM, Dialect};
use super::row::Row;
use super::scan::{Cell, Flaw, LARGEST, Scanner, Step};
use crate::error::{Error, ErrorKind, Result};

/// Records of a text, as it comes: [`push`](Self::push) what came,
/// [`next`](Self::next) until there is no whole record left, and so on until
/// [`finish`](Self::finish).
///
/// Lines without anything in them are no records. A mark of the encoding at the
/// beginning is left out.
#[derive(Debug)]
pub(crate) struct Splitter {
    buffer: BytesMut,
    /// Where in the buffer the record under way begins.
    at: usize,
    /// Where in the text the buffer begins.
    offset: u64,
    scanner: Scanner,
    /// Of the record that was given last, or those of the one under way.
    cells: Vec<Cell>,
    given: bool,
    /// Whether an empty line that ends otherwise than lines do was left out since.
    odd: bool,
    records: u64,
    /// How many bytes a record may have.
    limit: usize,
    begun: bool,
    last: bool,
}

/// One record of a text: the header too is one.
#[derive(Debug, Clone)]
pub(crate) struct RawRecord<'a> {
    /// The text as it came, with its line end.
    pub(crate) bytes: &'a [u8],
    cells: &'a [Cell],
    content: usize,
    /// Where it stands in the text, in bytes, its line end included.
    pub(crate) range: Range<u64>,
    /// Its place among the records, from 0.
    pub(crate) number: u64,
    /// Whether an empty line stands before it that ends otherwise than lines do.
    pub(crate) odd: bool,
    flaw: Option<Flaw>,
}

impl<'a> RawRecord<'a> {
    /// The record to be read.
    pub(crate) fn row(&self) -> Row<'a> {
        Row {
            bytes: &self.bytes[..self.content],
            cells: self.cells,
            flaw: self.flaw,
        }
    }
}

struct Found {
    start: usize,
    content: usize,
    end: usize,
}

impl Splitter {
    pub(crate) fn new(dialect: Dialect, limit: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            at: 0,
            offset: 0,
            scanner: Scanner::new(dialect),
            cells: Vec::new(),
            given: false,
            odd: false,
            records: 0,
            limit: limit.min(LARGEST),
            begun: false,
            last: false,
        }
    }

    /// The same text, of which no record was asked for yet, in another dialect.
    pub(super) fn speaking(self, dialect: Dialect) -> Self {
        Self {
            scanner: Scanner::new(dialect),
            ..self
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.scanner.dialect()
    }

    /// What came of a record that is not whole.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.buffer[self.at..]
    }

    /// How many records were found.
    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    pub(crate) fn push(&mut self, piece: &[u8]) {
        if self.at > 0 {
            self.buffer.advance(self.at);
            self.offset += as_u64(self.at);
            self.at = 0;
        }
        self.buffer.extend_from_slice(piece);
    }

    /// No text follows: what is left is a record too.
    pub(crate) fn finish(&mut self) {
        self.last = true;
    }

    #[cfg(test)]
    pub(super) fn is_finished(&self) -> bool {
        self.last
    }

    #[cfg(test)]
    pub(super) fn buffer_len(&self) -> usize {
        self.buffer.len()
    }

    /// The next record, if it is there as a whole.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`]: a record that is larger than the limit. Nothing
    /// can come behind it.
    pub(crate) fn next(&mut self) -> Result<Option<RawRecord<'_>>> {
        if std::mem::take(&mut self.given) {
            self.cells.clear();
        }
        let Some(found) = self.seek()? else {
            return Ok(None);
        };
        self.given = true;
        self.records += 1;
        Ok(Some(RawRecord {
            bytes: &self.buffer[found.start..found.end],
            cells: &self.cells,
            content: found.content - found.start,
            range: self.offset + as_u64(found.start)..self.offset + as_u64(found.end),
            number: self.records - 1,
            odd: std::mem::take(&mut self.odd),
            flaw: self.scanner.take_flaw(),
        }))
    }

    /// All records that are there as a whole, with the text that they stand in. What
    /// comes next goes into the memory of `batch`, which is empty.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub(crate) fn batch(&mut self, mut batch: Batch) -> Result<Batch> {
        if std::mem::take(&mut self.given) {
            self.cells.clear();
        }
        batch.cells.append(&mut self.cells);
        let outcome = loop {
            match self.seek_into(&mut batch.cells) {
                Ok(Some(found)) => {
                    batch.add(found.start..found.content, self.scanner.take_flaw());
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        self.cells.extend_from_slice(batch.rest());
        outcome?;
        if batch.len() > 0 {
            self.records += as_u64(batch.len());
            self.offset += as_u64(self.at);
            self.buffer = batch.exchange(std::mem::take(&mut self.buffer), self.at);
            self.at = 0;
        }
        Ok(batch)
    }

    fn seek(&mut self) -> Result<Option<Found>> {
        let mut cells = std::mem::take(&mut self.cells);
        let found = self.seek_into(&mut cells);
        self.cells = cells;
        found
    }

    fn seek_into(&mut self, cells: &mut Vec<Cell>) -> Result<Option<Found>> {
        if !self.begin() {
            return Ok(None);
        }
        loop {
            let start = self.at;
            let known = cells.len();
            let text = &self.buffer[start..];
            if text.is_empty() && self.scanner.looked_at() == 0 {
                return Ok(None);
            }
            match self.scanner.step(text, self.last, cells) {
                Step::More => {
                    if self.scanner.looked_at() > self.limit {
                        return Err(self.too_large());
                    }
                    return Ok(None);
                }
                Step::Record { length, content } => {
                    if length > self.limit {
                        return Err(self.too_large());
                    }
                    self.at += length;
                    if content == 0 {
                        let line_end = self.scanner.dialect().line_end.bytes();
                        self.odd |= text[..length] != *line_end;
                        cells.truncate(known);
                        self.scanner.take_flaw();
                        continue;
                    }
                    return Ok(Some(Found {
                        start,
                        content: start + content,
                        end: start + length,
                    }));
                }
            }
        }
    }

    /// Whether the beginning is there, and with it the mark that may stand there.
    fn begin(&mut self) -> bool {
        if self.begun {
            return true;
        }
        if BOM.starts_with(&self.buffer) && self.buffer.len() < BOM.len() && !self.last {
            return false;
        }
        self.begun = true;
        if self.buffer.starts_with(BOM) {
            self.at = BOM.len();
        }
        true
    }

    fn too_large(&self) -> Error {
        Error::new(
            ErrorKind::TooLarge,
            format!(
                "the CSV record at byte {} is larger than {} bytes, or a quote is not closed",
                self.offset + as_u64(self.at),
                self.limit
            ),
        )
    }
}

fn as_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
