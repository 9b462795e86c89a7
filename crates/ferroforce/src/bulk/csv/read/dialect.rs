//! How a file separates its cells and ends its lines, told or found out.

use super::split::Splitter;
use crate::bulk::csv::{Delimiter, LineEnding};
use crate::error::{Error, Result};

/// How a CSV text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) delimiter: Delimiter,
    pub(crate) line_end: LineEnding,
    /// Whether a line that ends otherwise than the others is a flaw, as it is to
    /// Salesforce, and not a part of a cell.
    pub(crate) strict: bool,
}

impl Dialect {
    /// A text of Salesforce's, which was told how to write it.
    pub(crate) fn told(delimiter: Delimiter, line_end: LineEnding) -> Self {
        Self {
            delimiter,
            line_end,
            strict: false,
        }
    }
}

impl Default for Dialect {
    /// Commas and line feeds.
    fn default() -> Self {
        Self::told(Delimiter::default(), LineEnding::default())
    }
}

/// UTF-8 with a mark at its beginning, as Windows programs write it.
pub(super) const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Headers are no longer, in characters.
pub(crate) const LONGEST_HEADER: usize = 32_000;

/// Finds out how a file is written from its beginning, which holds the header:
/// names have none of the delimiters in them. `None` asks for more of the text;
/// `last` says that there is none.
///
/// # Errors
/// A header that is too long, or holds several of the delimiters.
pub(crate) fn detect(beginning: &[u8], last: bool) -> Result<Option<Dialect>> {
    let text = beginning.strip_prefix(BOM).unwrap_or(beginning);
    let mut quoted = false;
    let mut counts = [0_usize; Delimiter::ALL.len()];
    // Empty lines are no records, so none of them is the header.
    let blank = text.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    let begin = blank.count();
    for (at, byte) in text.iter().enumerate().skip(begin) {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => {
                let line_end = match at.checked_sub(1).map(|before| text[before]) {
                    Some(b'\r') => LineEnding::Crlf,
                    _ => LineEnding::Lf,
                };
                return decided(&counts, line_end).map(Some);
            }
            byte if !quoted => {
                let found = Delimiter::ALL
                    .iter()
                    .position(|known| known.byte() == *byte);
                if let Some(found) = found {
                    counts[found] += 1;
                }
            }
            _ => {}
        }
    }
    // A character has four bytes at most, and quotes may stand around names.
    if text.len() > LONGEST_HEADER * 4 {
        return Err(Error::invalid_input(
            "no line of the CSV text ends within the length that a header can have; if its lines \
             end with CR alone, write them with LF",
        ));
    }
    if last {
        return decided(&counts, LineEnding::Lf).map(Some);
    }
    Ok(None)
}

fn decided(counts: &[usize], line_end: LineEnding) -> Result<Dialect> {
    let counted = Delimiter::ALL.iter().zip(counts);
    let mut found = counted.filter(|(_, count)| **count > 0);
    let delimiter = found
        .next()
        .map_or_else(Delimiter::default, |(known, _)| *known);
    if let Some((other, _)) = found.next() {
        return Err(Error::invalid_input(format!(
            "the header has both {:?} and {:?} outside of quotes, so the delimiter cannot be \
             found out; say which it is",
            char::from(delimiter.byte()),
            char::from(other.byte())
        )));
    }
    Ok(Dialect {
        delimiter,
        line_end,
        strict: true,
    })
}

impl Splitter {
    /// A splitter of a text that begins with `beginning`, once enough of it is
    /// there to tell how it is written.
    ///
    /// # Errors
    /// As [`detect`].
    pub(crate) fn detecting(beginning: &[u8], last: bool, limit: usize) -> Result<Option<Self>> {
        let Some(dialect) = detect(beginning, last)? else {
            return Ok(None);
        };
        let mut splitter = Self::new(dialect, limit);
        splitter.push(beginning);
        if last {
            splitter.finish();
        }
        Ok(Some(splitter))
    }
}
