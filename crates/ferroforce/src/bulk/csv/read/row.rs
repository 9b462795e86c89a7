//! One record, its cells read as text.

use std::borrow::Cow;

use super::scan::{Cell, Flaw};
use crate::error::{Error, Result};

/// A record that was cut and not yet read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) cells: &'a [Cell],
    pub(super) flaw: Option<Flaw>,
}

/// A record that was found to be whole, of text, and with a cell for each column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cells<'a> {
    text: &'a str,
    cells: &'a [Cell],
}

impl<'a> Row<'a> {
    /// Whether nothing is missing of it, as far as that can be told.
    pub(crate) fn is_whole(self, columns: Option<usize>) -> bool {
        self.flaw.is_none() && columns.is_none_or(|columns| columns == self.cells.len())
    }

    /// Checks the record, which should have `columns` cells. The error says what
    /// is wrong and not where.
    pub(crate) fn cells(self, columns: usize) -> Result<Cells<'a>> {
        if let Some(flaw) = self.flaw {
            return Err(Error::decode(flaw.words()));
        }
        if self.cells.len() != columns {
            return Err(Error::decode(format!(
                "it has {} cells and the header has {columns}",
                self.cells.len()
            )));
        }
        let text = std::str::from_utf8(self.bytes)
            .map_err(|error| Error::decode("it is not UTF-8").with_source(error))?;
        Ok(Cells {
            text,
            cells: self.cells,
        })
    }
}

impl Flaw {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::BehindQuote => "there is text between a closing quote and the end of its cell",
            Self::Unclosed => "a quote is not closed where the text ends",
            Self::LineEnd => {
                "its line ends otherwise than the first one (LF and CRLF are mixed), which \
                 Salesforce refuses"
            }
        }
    }
}

impl<'a> Cells<'a> {
    pub(crate) fn len(self) -> usize {
        self.cells.len()
    }

    /// The cell at `index`; an empty text where there is none.
    pub(crate) fn get(self, index: usize) -> Cow<'a, str> {
        let Some(cell) = self.cells.get(index) else {
            return Cow::Borrowed("");
        };
        // Cells begin and end at characters of one byte.
        let text = self.text.get(cell.range()).unwrap_or_default();
        if cell.has_doubled_quotes() {
            Cow::Owned(text.replace("\"\"", "\""))
        } else {
            Cow::Borrowed(text)
        }
    }

    pub(crate) fn is_empty(self, index: usize) -> bool {
        self.cells
            .get(index)
            .is_none_or(|cell| cell.range().is_empty())
    }
}
