use bytes::Bytes;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Error as _};
use serde_json::value::RawValue;

use super::cursor;
use super::spans::Spans;
use crate::error::{Error, Result};
use crate::op::Response;

/// One page of a query's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<T> {
    /// How many rows the whole query found when it was asked. Rows may come and
    /// go while its pages are read.
    pub total_size: u64,
    /// Whether this is the last page.
    pub done: bool,
    /// The rows.
    pub records: Vec<T>,
}

/// A page as it came, cut into rows that are not yet read.
pub(crate) struct RawPage {
    body: Bytes,
    rows: Spans,
    /// How many rows the whole query has, where it is told.
    pub(super) total_size: Option<u64>,
    pub(super) next: Option<String>,
    /// Where it is itself; a first page is nowhere.
    pub(super) at: Option<String>,
    /// How many of its rows were left out in front, and the last one of them.
    pub(super) left_out: u64,
    pub(super) before: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    total_size: Option<u64>,
    done: bool,
    next_records_url: Option<String>,
    records: Spans,
}

impl RawPage {
    pub(super) fn decode(response: &Response) -> Result<Self> {
        let body = response.body().clone();
        let wire: Wire = read(&body).map_err(|error| response.explain::<OwnedWire>(error))?;
        if !wire.done && wire.next_records_url.is_none() {
            return Err(Error::decode(
                "the answer says that more rows follow and not where: rows would be lost",
            ));
        }
        Ok(Self {
            total_size: wire.total_size,
            next: wire.next_records_url.filter(|_| !wire.done),
            rows: wire.records,
            body,
            at: None,
            left_out: 0,
            before: None,
        })
    }

    /// As [`decode`](Self::decode), where no body means no rows.
    pub(super) fn decode_some(response: &Response) -> Result<Self> {
        if !response.body().is_empty() {
            return Self::decode(response);
        }
        Ok(Self {
            body: Bytes::new(),
            rows: Spans::default(),
            total_size: Some(0),
            next: None,
            at: None,
            left_out: 0,
            before: None,
        })
    }

    /// The page with its rows as `T`s, of which the first is row `first` of the
    /// whole query.
    pub(super) fn page<T: DeserializeOwned>(&self, first: u64) -> Result<Page<T>> {
        let records = (0..self.len())
            .zip(first..)
            .map(|(index, number)| self.row(index, number))
            .collect::<Result<_>>()?;
        Ok(Page {
            total_size: self.total_size.unwrap_or_default(),
            done: self.next.is_none(),
            records,
        })
    }

    /// Leaves out its first rows, which it must have.
    pub(super) fn leave_out(&mut self, rows: u64) {
        let count = usize::try_from(rows).map_or(self.rows.len(), |rows| rows.min(self.rows.len()));
        self.before = self.fingerprint_before(count);
        self.left_out += rows;
        self.rows.leave_out(count);
    }

    /// The fingerprint of the row in front of row `index`.
    pub(super) fn fingerprint_before(&self, index: usize) -> Option<u64> {
        match index.checked_sub(1) {
            Some(last) => Some(cursor::of_row(self.text(last)?)),
            None => self.before,
        }
    }

    pub(super) fn into_body(self) -> Bytes {
        self.body
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    fn text(&self, index: usize) -> Option<&[u8]> {
        self.body.get(self.rows.get(index, &self.body)?)
    }

    /// The text of row `index`, in the memory of the page.
    pub(super) fn slice(&self, index: usize) -> Bytes {
        match self.rows.get(index, &self.body) {
            Some(range) => self.body.slice(range),
            None => Bytes::new(),
        }
    }

    /// Row `index` as a `T`. `number` is its place in the whole query.
    pub(super) fn row<T: DeserializeOwned>(&self, index: usize, number: u64) -> Result<T> {
        read_row(self.text(index).unwrap_or_default(), number)
    }
}

/// Reads row `number`, from 0, as a `T`.
pub(crate) fn read_row<T: DeserializeOwned>(row: &[u8], number: u64) -> Result<T> {
    read(row).map_err(|error| explain::<T>(row, number, error))
}

/// Checks the text once, where `from_slice` checks each string in it.
fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> serde_json::Result<T> {
    let text = std::str::from_utf8(json).map_err(serde_json::Error::custom)?;
    serde_json::from_str(text)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OwnedWire {
    #[expect(dead_code, reason = "read for the error that it may give")]
    done: bool,
    #[expect(dead_code, reason = "read for the error that it may give")]
    records: Vec<Box<RawValue>>,
}

/// The slow way to read a row, for the path to what does not fit.
#[cold]
fn explain<T: DeserializeOwned>(row: &[u8], number: u64, error: serde_json::Error) -> Error {
    let mut reader = serde_json::Deserializer::from_slice(row);
    let message = match serde_path_to_error::deserialize::<_, T>(&mut reader) {
        Err(traced) => format!("row {number} at {}: {}", traced.path(), traced.inner()),
        Ok(_) => format!("row {number}: {error}"),
    };
    Error::decode(message).with_source(error)
}
