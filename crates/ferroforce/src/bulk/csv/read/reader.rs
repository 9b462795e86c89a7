//! CSV text as rows of the user's types.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::columns::Columns;
use super::de;
use super::dialect::Dialect;
use super::row::Row;
use super::split::Splitter;
use crate::error::{Error, Result};
use crate::types::Excerpt;

/// How many bytes a record may have, quotes included. Salesforce's are smaller:
/// the longest have some 1.6 million characters.
pub(crate) const LARGEST_RECORD: usize = 16 * 1024 * 1024;

/// Reads CSV that comes in pieces, as rows of any type that `serde` reads: exports,
/// and the files of results that a job leaves. It keeps no more than the row under
/// way.
///
/// How the text is written is found out from its header: one of the six delimiters
/// that Salesforce knows, LF or CRLF, with a byte order mark or without. Quoted cells
/// keep what is in them, line ends and NUL included.
///
/// An empty cell is null: read it as an [`Option`], or as an empty [`String`]. Columns
/// of parents (`Account.Name`) are read as the fields of a nested type, as those of a
/// [query](crate::query::Query::rows) are, or by their full name. Whole numbers may be
/// written as Salesforce does, `47.0`.
///
/// ```
/// use ferroforce::bulk::CsvReader;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct Contact {
///     last_name: String,
///     email: Option<String>,
///     account: Option<Account>,
/// }
///
/// #[derive(Deserialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct Account {
///     name: String,
/// }
///
/// let mut reader = CsvReader::new();
/// reader.push(b"LastName;Email;Account.Name\r\n\"Lovelace\";;\"Ada, Inc.\"\r\n");
/// reader.finish();
///
/// let contact: Contact = reader.next_row().expect("a row")?;
/// assert_eq!(contact.last_name, "Lovelace");
/// assert_eq!(contact.email, None);
/// assert_eq!(contact.account.expect("its parent").name, "Ada, Inc.");
/// assert!(reader.next_row::<Contact>().is_none());
/// # Ok::<(), ferroforce::Error>(())
/// ```
pub struct CsvReader {
    state: State,
    largest: usize,
}

enum State {
    /// Until the header tells how the text is written.
    Beginning {
        text: Vec<u8>,
        last: bool,
    },
    Header(Splitter),
    Rows(Splitter, Arc<Columns>),
    /// Nothing can come behind an error like this.
    Broken,
}

impl CsvReader {
    /// A reader that finds out how the text is written.
    pub fn new() -> Self {
        Self {
            state: State::Beginning {
                text: Vec::new(),
                last: false,
            },
            largest: LARGEST_RECORD,
        }
    }

    /// How many bytes one row may have: a larger one is an error, and the end. By
    /// default 16 MiB.
    #[must_use]
    pub fn largest_row(mut self, bytes: usize) -> Self {
        self.largest = bytes;
        self
    }

    /// Adds the piece of text that came next.
    pub fn push(&mut self, piece: &[u8]) {
        match &mut self.state {
            State::Beginning { text, .. } => text.extend_from_slice(piece),
            State::Header(splitter) | State::Rows(splitter, _) => splitter.push(piece),
            State::Broken => {}
        }
    }

    /// Tells that no text follows: a last line without a line end is a row too.
    pub fn finish(&mut self) {
        match &mut self.state {
            State::Beginning { last, .. } => *last = true,
            State::Header(splitter) | State::Rows(splitter, _) => splitter.finish(),
            State::Broken => {}
        }
    }

    /// The names of the columns, once they have come.
    ///
    /// # Errors
    /// A header that cannot be read. Nothing comes behind it.
    pub fn header(&mut self) -> Result<Option<Vec<&str>>> {
        self.advance()?;
        Ok(match &self.state {
            State::Rows(_, columns) => Some(columns.names().iter().map(|name| &**name).collect()),
            _ => None,
        })
    }

    /// The next row, if it is there as a whole; otherwise [`push`](Self::push) more.
    /// A row that cannot be read, or does not fit `T`, is one `Err`, and the rows
    /// behind it still come.
    pub fn next_row<T: DeserializeOwned>(&mut self) -> Option<Result<T>> {
        if let Err(error) = self.advance() {
            return Some(Err(error));
        }
        let State::Rows(splitter, columns) = &mut self.state else {
            return None;
        };
        match splitter.next() {
            Ok(record) => {
                let record = record?;
                // The first record is the header.
                let number = record.number.saturating_sub(1);
                Some(read(columns, record.row(), number))
            }
            Err(error) => {
                self.state = State::Broken;
                Some(Err(error))
            }
        }
    }

    /// Gets as far as the header, where it has come.
    fn advance(&mut self) -> Result<()> {
        let advanced = self.try_advance();
        if advanced.is_err() {
            self.state = State::Broken;
        }
        advanced
    }

    fn try_advance(&mut self) -> Result<()> {
        if let State::Beginning { text, last } = &self.state {
            let Some(splitter) = Splitter::detecting(text, *last, self.largest)? else {
                return Ok(());
            };
            let dialect = Dialect {
                strict: false,
                ..splitter.dialect()
            };
            self.state = State::Header(splitter.speaking(dialect));
        }
        if let State::Header(splitter) = &mut self.state {
            let Some(header) = splitter.next()? else {
                return Ok(());
            };
            let columns = Arc::new(Columns::read(header.row())?);
            if let State::Header(splitter) = std::mem::replace(&mut self.state, State::Broken) {
                self.state = State::Rows(splitter, columns);
            }
        }
        Ok(())
    }
}

impl Default for CsvReader {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for CsvReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text is data of the org.
        f.debug_struct("CsvReader")
            .field("largest_row", &self.largest)
            .finish_non_exhaustive()
    }
}

/// Reads row `number`, from 0, as a `T`.
pub(crate) fn read<T: DeserializeOwned>(columns: &Columns, row: Row<'_>, number: u64) -> Result<T> {
    let cells = row
        .cells(columns.len())
        .map_err(|error| misplaced(number, &error))?;
    de::decode(columns, cells).map_err(|misfit| {
        let column = misfit.column.and_then(|column| columns.names().get(column));
        Error::decode(match column {
            Some(name) => format!("row {number}, column {}: {}", Excerpt(name), misfit.message),
            None => format!("row {number}: {}", misfit.message),
        })
    })
}

/// The error of row `number`.
pub(crate) fn misplaced(number: u64, error: &Error) -> Error {
    Error::decode(format!("row {number}: {}", error.message()))
}
