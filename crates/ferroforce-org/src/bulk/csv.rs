//! CSV as the Bulk APIs read and write it. Written for the org alone: it is stricter than what
//! reads CSV elsewhere, and has to know at which byte a record ends.

use std::borrow::Cow;

use http::HeaderValue;
use serde::{Deserialize, Serialize};

/// How long a record may be, in bytes; 400,000 characters of up to four.
pub(super) const LONGEST_RECORD: usize = 1_600_000;

/// How many characters a header may have.
const LONGEST_HEADER: usize = 32_000;

/// How many columns there may be.
const MOST_COLUMNS: usize = 5_000;

/// How many characters a value may have.
const LONGEST_VALUE: usize = 131_072;

/// How many characters a record may have.
const LONGEST_RECORD_CHARACTERS: usize = 400_000;

/// What stands between columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Delimiter {
    Backquote,
    Caret,
    #[default]
    Comma,
    Pipe,
    Semicolon,
    Tab,
}

/// What stands between lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum LineEnding {
    #[default]
    Lf,
    Crlf,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Dialect {
    pub(super) delimiter: Delimiter,
    pub(super) line_ending: LineEnding,
    /// Whether lines may end as they like, as in Bulk API 1.0.
    pub(super) any_ending: bool,
}

/// What stands at the beginning of some data.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Scan<'d> {
    /// A record of so many bytes, its line ending included.
    Record {
        cells: Vec<Cow<'d, str>>,
        len: usize,
    },
    /// So many bytes of a line with nothing in it.
    Blank { len: usize },
    /// It is not clear before there is more of it.
    Incomplete,
    /// Nothing.
    End,
}

/// What is wrong with a file, in the words of a job's error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Malformed(Cow<'static, str>);

impl Malformed {
    const fn new(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

const UNESCAPED: Malformed = Malformed::new(
    "InvalidBatch : Failed to parse CSV. Found unescaped quote. A value with quote should be within \
     a quote",
);
const OPEN_QUOTE: Malformed = Malformed::new(
    "InvalidBatch : Failed to parse CSV. EOF reached before closing an opened quote",
);
const NO_TEXT: Malformed =
    Malformed::new("InvalidBatch : Failed to parse CSV. The data is not encoded in UTF-8");
const TOO_LONG: Malformed =
    Malformed::new("InvalidBatch : Failed to parse CSV. A record is longer than 400000 characters");
const VALUE_TOO_LONG: Malformed =
    Malformed::new("InvalidBatch : Failed to parse CSV. A value is longer than 131072 characters");
const HEADER_TOO_LONG: Malformed =
    Malformed::new("InvalidBatch : Failed to parse CSV header. It is longer than 32000 characters");
const TOO_MANY_COLUMNS: Malformed =
    Malformed::new("InvalidBatch : Failed to parse CSV header. It has more than 5000 columns");

impl Delimiter {
    /// The delimiter as it is written.
    pub(super) const fn byte(self) -> u8 {
        match self {
            Self::Backquote => b'`',
            Self::Caret => b'^',
            Self::Comma => b',',
            Self::Pipe => b'|',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }

    /// The delimiter that jobs call so.
    pub(super) fn of(name: &str) -> Option<Self> {
        let all = [
            Self::Backquote,
            Self::Caret,
            Self::Comma,
            Self::Pipe,
            Self::Semicolon,
            Self::Tab,
        ];
        all.into_iter().find(|known| known.name() == name)
    }

    /// What jobs call it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Backquote => "BACKQUOTE",
            Self::Caret => "CARET",
            Self::Comma => "COMMA",
            Self::Pipe => "PIPE",
            Self::Semicolon => "SEMICOLON",
            Self::Tab => "TAB",
        }
    }
}

impl LineEnding {
    /// The end of a line as it is written.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::Crlf => "\r\n",
        }
    }

    /// The ending that jobs call so.
    pub(super) fn of(name: &str) -> Option<Self> {
        let all = [Self::Lf, Self::Crlf];
        all.into_iter().find(|known| known.name() == name)
    }

    /// What jobs call it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Lf => "LF",
            Self::Crlf => "CRLF",
        }
    }
}

impl Dialect {
    /// That of a job of Bulk API 1.0, which writes lines as `Sforce-Line-Ending` says.
    pub(super) fn classic(line_ending: Option<&HeaderValue>) -> Self {
        let crlf = line_ending.is_some_and(|name| name.as_bytes().eq_ignore_ascii_case(b"CRLF"));
        Self {
            delimiter: Delimiter::Comma,
            line_ending: if crlf {
                LineEnding::Crlf
            } else {
                LineEnding::Lf
            },
            any_ending: true,
        }
    }

    /// Reads what stands at the beginning of some data. `last` tells that nothing follows it.
    pub(super) fn scan(self, data: &[u8], last: bool) -> Result<Scan<'_>, Malformed> {
        if data.is_empty() {
            return Ok(if last { Scan::End } else { Scan::Incomplete });
        }
        match self.ending(data, last)? {
            Ending::Of(len) => return Ok(Scan::Blank { len }),
            Ending::Unclear => return Ok(Scan::Incomplete),
            Ending::None => {}
        }
        let scanned = self.record(data, last)?;
        match &scanned {
            Scan::Incomplete if data.len() > LONGEST_RECORD => Err(TOO_LONG),
            Scan::Record { cells, len } if *len > LONGEST_VALUE => {
                check_lengths(cells)?;
                Ok(scanned)
            }
            _ => Ok(scanned),
        }
    }

    /// As [`scan`](Self::scan), of data that does not begin with the end of a line, however long
    /// its first record is.
    pub(super) fn record(self, data: &[u8], last: bool) -> Result<Scan<'_>, Malformed> {
        let delimiter = self.delimiter.byte();
        let mut cells = Vec::new();
        let mut at = 0;
        loop {
            let (cell, end) = if data.get(at) == Some(&b'"') {
                match quoted(data, at + 1, last)? {
                    Some(found) => found,
                    None => return Ok(Scan::Incomplete),
                }
            } else {
                let stops = |byte: &u8| *byte == delimiter || matches!(*byte, b'\n' | b'\r' | b'"');
                let rest = &data[at..];
                match rest.iter().position(stops) {
                    Some(len) => (Cow::Borrowed(&rest[..len]), at + len),
                    None if last => (Cow::Borrowed(rest), data.len()),
                    None => return Ok(Scan::Incomplete),
                }
            };
            cells.push(text(cell)?);
            match data.get(end) {
                None if last => return Ok(Scan::Record { cells, len: end }),
                None => return Ok(Scan::Incomplete),
                Some(&byte) if byte == delimiter => at = end + 1,
                Some(_) => {
                    return match self.ending(&data[end..], last)? {
                        Ending::Of(len) => Ok(Scan::Record {
                            cells,
                            len: end + len,
                        }),
                        Ending::Unclear => Ok(Scan::Incomplete),
                        Ending::None => Err(UNESCAPED),
                    };
                }
            }
        }
    }

    /// The end of a line, if the data begins with one.
    fn ending(self, data: &[u8], last: bool) -> Result<Ending, Malformed> {
        let found = match data {
            [b'\n', ..] => LineEnding::Lf,
            [b'\r', b'\n', ..] => LineEnding::Crlf,
            [b'\r'] if !last => return Ok(Ending::Unclear),
            [b'\r', ..] if self.any_ending => return Ok(Ending::Of(1)),
            [b'\r', ..] => return Err(self.wrong_ending()),
            _ => return Ok(Ending::None),
        };
        if found != self.line_ending && !self.any_ending {
            return Err(self.wrong_ending());
        }
        Ok(Ending::Of(found.text().len()))
    }

    fn wrong_ending(self) -> Malformed {
        let name = self.line_ending.name();
        Malformed(
            format!(
                "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting \
                 is {name}"
            )
            .into(),
        )
    }

    /// Writes a line of cells, all of them in quotes.
    pub(super) fn write<C: AsRef<str>>(
        self,
        cells: impl IntoIterator<Item = C>,
        out: &mut Vec<u8>,
    ) {
        for (index, cell) in cells.into_iter().enumerate() {
            if index > 0 {
                out.push(self.delimiter.byte());
            }
            quote(cell.as_ref(), out);
        }
        out.extend_from_slice(self.line_ending.text().as_bytes());
    }
}

/// Whether data begins with the end of a line.
enum Ending {
    /// It does, with one of so many bytes.
    Of(usize),
    None,
    /// Perhaps: the next byte will tell.
    Unclear,
}

/// Writes a value in quotes.
pub(super) fn quote(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// A value, and where it ends.
type Quoted<'d> = (Cow<'d, [u8]>, usize);

/// A value whose opening quote stands before `start`, up to its closing quote.
fn quoted(data: &[u8], start: usize, last: bool) -> Result<Option<Quoted<'_>>, Malformed> {
    let mut value: Cow<'_, [u8]> = Cow::Borrowed(&[]);
    let mut from = start;
    loop {
        let Some(len) = data[from..].iter().position(|byte| *byte == b'"') else {
            return if last { Err(OPEN_QUOTE) } else { Ok(None) };
        };
        let end = from + len;
        if value.is_empty() {
            value = Cow::Borrowed(&data[from..end]);
        } else {
            value.to_mut().extend_from_slice(&data[from..end]);
        }
        match data.get(end + 1) {
            Some(b'"') => {
                value.to_mut().push(b'"');
                from = end + 2;
            }
            None if !last => return Ok(None),
            _ => return Ok(Some((value, end + 1))),
        }
    }
}

fn text(bytes: Cow<'_, [u8]>) -> Result<Cow<'_, str>, Malformed> {
    match bytes {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes)
            .map(Cow::Borrowed)
            .map_err(|_| NO_TEXT),
        Cow::Owned(bytes) => String::from_utf8(bytes)
            .map(Cow::Owned)
            .map_err(|_| NO_TEXT),
    }
}

fn check_lengths(cells: &[Cow<'_, str>]) -> Result<(), Malformed> {
    let lengths = cells.iter().map(|cell| cell.chars().count());
    let mut sum = 0;
    for length in lengths {
        if length > LONGEST_VALUE {
            return Err(VALUE_TOO_LONG);
        }
        sum += length;
    }
    if sum > LONGEST_RECORD_CHARACTERS {
        return Err(TOO_LONG);
    }
    Ok(())
}

/// Checks the length of a header.
pub(super) fn check_header(cells: &[Cow<'_, str>]) -> Result<(), Malformed> {
    if cells.len() > MOST_COLUMNS {
        return Err(TOO_MANY_COLUMNS);
    }
    if cells.iter().map(|cell| cell.chars().count()).sum::<usize>() > LONGEST_HEADER {
        return Err(HEADER_TOO_LONG);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LF: Dialect = Dialect {
        delimiter: Delimiter::Comma,
        line_ending: LineEnding::Lf,
        any_ending: false,
    };

    fn record(data: &str) -> Result<(Vec<String>, usize), String> {
        match LF.scan(data.as_bytes(), true) {
            Ok(Scan::Record { cells, len }) => {
                Ok((cells.into_iter().map(Cow::into_owned).collect(), len))
            }
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn records_are_cut_into_cells() {
        for (data, cells, len) in [
            ("a,b\nc", ["a", "b"].as_slice(), 4),
            ("a,b", &["a", "b"], 3),
            ("\"a,\"\"b\"\"\n\",\n", &["a,\"b\"\n", ""], 12),
            ("\"\",\"\"\n", &["", ""], 6),
            (" a , b\n", &[" a ", " b"], 7),
            ("ä\n", &["ä"], 3),
        ] {
            let expected = cells.iter().map(|cell| (*cell).to_owned()).collect();
            assert_eq!(record(data), Ok((expected, len)), "{data}");
        }
        assert_eq!(LF.scan(b"\na", true), Ok(Scan::Blank { len: 1 }));
        assert_eq!(LF.scan(b"", true), Ok(Scan::End));
    }

    #[test]
    fn what_salesforce_cannot_read_is_told_in_its_words() {
        for (data, expected) in [
            ("a\"b\n", "Found unescaped quote"),
            ("\"a\" ,b\n", "Found unescaped quote"),
            (" \"a\",b\n", "Found unescaped quote"),
            ("\"a,b\n", "EOF reached before closing an opened quote"),
            (
                "a,b\r\n",
                "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF",
            ),
            ("a,b\rc\n", "LineEnding is invalid"),
        ] {
            let error = record(data).unwrap_err();
            assert!(error.contains(expected), "{data}: {error}");
        }
        let crlf = Dialect {
            line_ending: LineEnding::Crlf,
            ..LF
        };
        let error = crlf.scan(b"a\n", true).unwrap_err().to_string();
        assert!(error.ends_with("setting is CRLF"), "{error}");
        assert!(LF.scan(b"\xff\n", true).is_err());
        let any = Dialect {
            any_ending: true,
            ..LF
        };
        for data in ["a\n", "a\r\n", "a\r"] {
            assert!(any.scan(data.as_bytes(), true).is_ok(), "{data:?}");
        }
    }

    #[test]
    fn lengths_are_bounded() {
        let long = format!("{}\n", "x".repeat(LONGEST_VALUE + 1));
        assert!(record(&long).unwrap_err().contains("A value is longer"));
        let cells = vec!["x".repeat(LONGEST_VALUE); 4].join(",");
        assert!(record(&cells).unwrap_err().contains("A record is longer"));
        let endless = format!("\"{}", "x".repeat(LONGEST_RECORD + 1));
        assert_eq!(LF.scan(endless.as_bytes(), false), Err(TOO_LONG));
        let many = vec![Cow::Borrowed("x"); MOST_COLUMNS + 1];
        assert_eq!(check_header(&many), Err(TOO_MANY_COLUMNS));
        let wide = [Cow::Owned("x".repeat(LONGEST_HEADER + 1))];
        assert_eq!(check_header(&wide), Err(HEADER_TOO_LONG));
    }

    fn dialect() -> impl Strategy<Value = Dialect> {
        let delimiters = [
            Delimiter::Backquote,
            Delimiter::Caret,
            Delimiter::Comma,
            Delimiter::Pipe,
            Delimiter::Semicolon,
            Delimiter::Tab,
        ];
        let delimiter = prop::sample::select(delimiters.to_vec());
        (delimiter, any::<bool>()).prop_map(|(delimiter, crlf)| Dialect {
            delimiter,
            line_ending: if crlf {
                LineEnding::Crlf
            } else {
                LineEnding::Lf
            },
            any_ending: false,
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(dialect in dialect(), cells in prop::collection::vec(".*|[\",;\r\n]*", 1..6)) {
            let mut written = Vec::new();
            dialect.write(&cells, &mut written);
            let len = written.len();
            let scanned = dialect.scan(&written, false).unwrap();
            let cells = cells.into_iter().map(Cow::Owned).collect();
            prop_assert_eq!(scanned, Scan::Record { cells, len });
            // Less of it is not mistaken for all.
            for end in 0..len {
                let less = dialect.scan(&written[..end], false);
                prop_assert!(matches!(less, Ok(Scan::Incomplete)), "{:?}", less);
            }
        }

        #[test]
        fn nothing_is_too_strange(dialect in dialect(), data: Vec<u8>, last: bool) {
            if let Ok(Scan::Record { len, .. } | Scan::Blank { len }) = dialect.scan(&data, last) {
                prop_assert!(len > 0 && len <= data.len());
            }
        }
    }
}
