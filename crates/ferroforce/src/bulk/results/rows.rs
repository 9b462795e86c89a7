use std::collections::VecDeque;
use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::stream;
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};

use super::cell;
use super::fetch::{Fetched, fetch};
use crate::bulk::csv::read::{Columns, Dialect, LARGEST_RECORD, Row, Splitter, read};
use crate::bulk::job::JobId;
use crate::bulk::job::ops::ResultKind;
use crate::client::Salesforce;
use crate::error::{ApiError, Error, Result};
use crate::types::RecordId;

/// A row that was written.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Succeeded<T> {
    /// The record's id.
    pub id: RecordId,
    /// Whether the record was created.
    pub created: bool,
    /// The row as it was sent.
    pub row: T,
}

/// A row that Salesforce refused.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FailedRow<T> {
    /// The record's id, where it is known: of records that were there before.
    pub id: Option<RecordId>,
    /// Why.
    pub error: ApiError,
    /// The row as it was sent.
    pub row: T,
}

/// Results as a stream, in no particular order: one job after the other. A job's results
/// are fetched as a whole before the first of them comes; what is larger than 1 MiB is
/// on disk meanwhile.
///
/// A row that does not fit its type is one `Err`, and the others still come. Any other
/// error is the last.
#[must_use = "a stream does nothing until it is polled"]
pub struct ResultRows<R>(Pin<Box<dyn Stream<Item = Result<R>> + Send>>);

impl<R> ResultRows<R> {
    /// The next result, without the help of a stream library.
    ///
    /// # Errors
    /// What befalls the requests, [`ErrorKind::Incomplete`](crate::ErrorKind::Incomplete)
    /// where another number of results comes than Salesforce stated, and a row that does
    /// not fit its type.
    pub async fn next(&mut self) -> Option<Result<R>> {
        std::future::poll_fn(|cx| self.0.as_mut().poll_next(cx)).await
    }

    /// All results, in memory.
    ///
    /// # Errors
    /// The first error.
    pub async fn fetch_all(mut self) -> Result<Vec<R>> {
        let mut all = Vec::new();
        while let Some(result) = self.next().await {
            all.push(result?);
        }
        Ok(all)
    }
}

impl<R> Stream for ResultRows<R> {
    type Item = Result<R>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl<R> fmt::Debug for ResultRows<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResultRows")
    }
}

/// Where results are.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) client: Salesforce,
    pub(crate) jobs: Vec<ResultsOf>,
    pub(crate) folder: Option<PathBuf>,
}

/// The results of one job.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ResultsOf {
    pub(crate) job: JobId,
    pub(crate) dialect: Dialect,
    /// How many there are.
    pub(crate) rows: u64,
}

pub(crate) fn successful<T: DeserializeOwned + Send + 'static>(
    place: Place,
) -> ResultRows<Succeeded<T>> {
    results(place, ResultKind::Successful, |columns, row, number| {
        let cells = row.cells(columns.len())?;
        let cell = |name| columns.find(name).map(|place| cells.get(place));
        let id = cell("sf__Id").ok_or_else(without_id)?;
        Ok(Succeeded {
            id: id.parse().map_err(|_| without_id())?,
            created: cell("sf__Created").is_some_and(|cell| cell.eq_ignore_ascii_case("true")),
            row: read(columns, row, number)?,
        })
    })
}

fn without_id() -> Error {
    Error::decode("a row was written, and the results do not say under which id").after_doubt()
}

pub(crate) fn failed<T: DeserializeOwned + Send + 'static>(
    place: Place,
) -> ResultRows<FailedRow<T>> {
    results(place, ResultKind::Failed, |columns, row, number| {
        let (id, error) = why(columns, row)?;
        Ok(FailedRow {
            id,
            error,
            row: read(columns, row, number)?,
        })
    })
}

pub(crate) fn unprocessed<T: DeserializeOwned + Send + 'static>(place: Place) -> ResultRows<T> {
    results(place, ResultKind::Unprocessed, read)
}

fn why(columns: &Columns, row: Row<'_>) -> Result<(Option<RecordId>, ApiError)> {
    let cells = row.cells(columns.len())?;
    let cell = |name| columns.find(name).map(|place| cells.get(place));
    let id = cell("sf__Id").and_then(|id| id.parse().ok());
    let error = cell("sf__Error").unwrap_or_default();
    Ok((id, cell::error(&error)))
}

/// A result with the cells of its row, as they were sent.
#[derive(Debug, Clone)]
pub(crate) struct Echo {
    pub(crate) id: Option<RecordId>,
    pub(crate) created: bool,
    pub(crate) error: Option<ApiError>,
    /// As it came.
    pub(crate) error_text: Box<str>,
    pub(crate) row: EchoedRow,
}

/// The cells of a row. They are written again as they were.
#[derive(Debug, Clone)]
pub(crate) struct EchoedRow {
    pub(crate) columns: Arc<[Box<str>]>,
    pub(crate) cells: Vec<Box<str>>,
}

impl Serialize for EchoedRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.columns.iter().zip(&self.cells))
    }
}

/// The results with their rows as text.
pub(crate) fn echoes(place: Place, kind: ResultKind) -> ResultRows<Echo> {
    let mut own_columns: Option<OwnColumns> = None;
    results(place, kind, move |columns, row, _| {
        // A job may have other columns than the one before.
        let own = match own_columns.take() {
            Some(known) if known.are_of(columns) => known,
            _ => OwnColumns::of(columns),
        };
        let OwnColumns { places, names } = own_columns.insert(own);
        let cells = row.cells(columns.len())?;
        let cell = |name| columns.find(name).map(|place| cells.get(place));
        let error_text = cell("sf__Error").unwrap_or_default();
        let error = (kind == ResultKind::Failed).then(|| cell::error(&error_text));
        Ok(Echo {
            id: cell("sf__Id").and_then(|id| id.parse().ok()),
            created: cell("sf__Created").is_some_and(|cell| cell.eq_ignore_ascii_case("true")),
            error,
            error_text: error_text.into(),
            row: EchoedRow {
                columns: Arc::clone(names),
                cells: places
                    .iter()
                    .map(|place| cells.get(*place).into())
                    .collect(),
            },
        })
    })
}

/// The columns that rows were sent with.
struct OwnColumns {
    places: Vec<usize>,
    names: Arc<[Box<str>]>,
}

impl OwnColumns {
    fn of(columns: &Columns) -> Self {
        let all = columns.names().iter().enumerate();
        let own = all.filter(|(_, name)| !is_result(name));
        let (places, names): (Vec<_>, Vec<_>) =
            own.map(|(place, name)| (place, name.clone())).unzip();
        Self {
            places,
            names: names.into(),
        }
    }

    fn are_of(&self, columns: &Columns) -> bool {
        let own = columns.names().iter().filter(|name| !is_result(name));
        self.names.iter().eq(own)
    }
}

fn is_result(name: &str) -> bool {
    ["sf__Id", "sf__Created", "sf__Error"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

/// Results under way.
struct Source<F> {
    place: Place,
    kind: ResultKind,
    jobs: VecDeque<ResultsOf>,
    open: Option<Open>,
    read: F,
}

struct Open {
    fetched: Fetched,
    splitter: Splitter,
    columns: Option<Columns>,
    ended: bool,
    number: u64,
}

fn results<R, F>(place: Place, kind: ResultKind, read: F) -> ResultRows<R>
where
    R: Send + 'static,
    F: FnMut(&Columns, Row<'_>, u64) -> Result<R> + Send + 'static,
{
    let source = Source {
        jobs: place.jobs.clone().into(),
        place,
        kind,
        open: None,
        read,
    };
    let batches = stream::unfold(Some(source), |source| async {
        let mut source = source?;
        match source.batch().await {
            Ok(Some(batch)) => Some((batch, Some(source))),
            Ok(None) => None,
            Err(error) => Some((vec![Err(error)], None)),
        }
    });
    let rows = futures_util::StreamExt::flat_map(batches, stream::iter);
    ResultRows(Box::pin(rows))
}

impl<F> Source<F> {
    /// Some results; nothing at the end.
    async fn batch<R>(&mut self) -> Result<Option<Vec<Result<R>>>>
    where
        F: FnMut(&Columns, Row<'_>, u64) -> Result<R>,
    {
        loop {
            let Some(open) = &mut self.open else {
                let Some(of) = self.jobs.pop_front() else {
                    return Ok(None);
                };
                if of.rows == 0 {
                    continue;
                }
                let Place { client, folder, .. } = &self.place;
                let (folder, rows) = (folder.as_deref(), Some(of.rows));
                let fetched = fetch(client, of.job, self.kind, of.dialect, rows, folder).await?;
                self.open = Some(Open {
                    splitter: Splitter::new(fetched.dialect, LARGEST_RECORD),
                    fetched,
                    columns: None,
                    ended: false,
                    number: 0,
                });
                continue;
            };
            let piece = open.fetched.next_piece().await?;
            open.ended = piece.is_empty();
            if open.ended {
                open.splitter.finish();
            } else {
                open.splitter.push(&piece);
            }
            let mut batch = Vec::new();
            while let Some(record) = open.splitter.next()? {
                let Some(columns) = &open.columns else {
                    open.columns = Some(Columns::read(record.row())?);
                    continue;
                };
                batch.push((self.read)(columns, record.row(), open.number));
                open.number += 1;
            }
            if open.ended {
                self.open = None;
            }
            if !batch.is_empty() {
                return Ok(Some(batch));
            }
        }
    }
}
