use std::collections::VecDeque;
use std::fmt;
use std::future::{IntoFuture, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use serde::Deserialize;

use super::batch::{V1Batch, V1BatchState};
use super::job::V1ContentType;
use super::ops;
use super::running::Batch;
use crate::bulk::JobId;
use crate::bulk::csv::read::{Columns, Dialect, LARGEST_RECORD, Splitter, read};
use crate::bulk::results::row_error;
use crate::client::{ApiVersion, Salesforce};
use crate::error::{ApiError, Error, ErrorKind, Result};
use crate::transport::BoxFuture;
use crate::types::RecordId;

/// What became of one row of a load.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct V1Outcome {
    /// The row's place in what was given, from 0.
    pub row: u64,
    /// The record's id and whether it was created, or why the row was refused. A row
    /// that was not looked at has an error of
    /// [`ErrorKind::JobFailed`](crate::ErrorKind::JobFailed).
    pub result: Result<(RecordId, bool)>,
}

/// What became of the rows of a load, in their order: a stream. Made by
/// [`V1Running::wait`](super::V1Running::wait).
#[must_use = "a stream does nothing until it is polled"]
pub struct V1Outcomes {
    client: Salesforce,
    version: ApiVersion,
    content_type: V1ContentType,
    /// Batches whose results are still to be fetched.
    batches: VecDeque<Batch>,
    /// The job of the batch that is read.
    job: Option<JobId>,
    fetch: Option<BoxFuture<'static, Result<Bytes>>>,
    ready: VecDeque<V1Outcome>,
    row: u64,
    ended: bool,
}

impl V1Outcomes {
    pub(super) fn new(
        client: Salesforce,
        version: ApiVersion,
        content_type: V1ContentType,
        batches: VecDeque<Batch>,
    ) -> Self {
        Self {
            client,
            version,
            content_type,
            batches,
            job: None,
            fetch: None,
            ready: VecDeque::new(),
            row: 0,
            ended: false,
        }
    }

    /// The next outcome, without the help of a stream library.
    ///
    /// # Errors
    /// What befalls the requests, and another number of results than of rows. The
    /// stream ends with it.
    pub async fn next(&mut self) -> Option<Result<V1Outcome>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    fn give(&mut self, results: impl IntoIterator<Item = Result<(RecordId, bool)>>) {
        for result in results {
            let row = self.row;
            self.row += 1;
            self.ready.push_back(V1Outcome { row, result });
        }
    }

    /// Takes in the results of the batch in front.
    fn arrived(&mut self, body: &Bytes) -> Result<()> {
        let Some((_, batch, rows)) = self.batches.pop_front() else {
            return Ok(());
        };
        let results = match self.content_type {
            V1ContentType::Json => of_json(body)?,
            V1ContentType::Csv | V1ContentType::ZipCsv => of_csv(body)?,
        };
        let found = u64::try_from(results.len()).unwrap_or(u64::MAX);
        if found != rows {
            return Err(Error::new(
                ErrorKind::Incomplete,
                format!("batch {} has {found} results for {rows} rows", batch.id),
            ));
        }
        self.give(results);
        Ok(())
    }

    fn poll_outcome(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<V1Outcome>>> {
        loop {
            if let Some(outcome) = self.ready.pop_front() {
                return Poll::Ready(Ok(Some(outcome)));
            }
            if let Some(fetch) = &mut self.fetch {
                let body = ready!(fetch.as_mut().poll(cx));
                self.fetch = None;
                self.arrived(&body?)?;
                continue;
            }
            let Some((job, batch, rows)) = self.batches.front() else {
                return Poll::Ready(Ok(None));
            };
            self.job = Some(*job);
            if batch.state == V1BatchState::Completed {
                let call = ops::result(*job, self.version, batch.id);
                self.fetch = Some(self.client.call(call).into_future());
                continue;
            }
            let error = unprocessed(batch).with_job(*job);
            let rows = *rows;
            self.batches.pop_front();
            self.give((0..rows).map(|_| Err(error.clone())));
        }
    }
}

/// Why no row of a batch was looked at. Batches are written as a whole or not at all.
fn unprocessed(batch: &V1Batch) -> Error {
    let error = Error::new(
        ErrorKind::JobFailed,
        match batch.state {
            V1BatchState::NotProcessed => "the row's batch was not processed",
            _ => "the row's batch failed",
        },
    );
    match batch
        .state_message
        .as_deref()
        .and_then(|words| words.split_once(" : "))
    {
        Some((code, message)) => error.with_api_errors(vec![ApiError::new(code, message)]),
        None => error,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CsvResult {
    id: Option<RecordId>,
    success: bool,
    created: bool,
    #[serde(default)]
    error: String,
}

fn of_csv(body: &Bytes) -> Result<Vec<Result<(RecordId, bool)>>> {
    let mut splitter = Splitter::new(Dialect::default(), LARGEST_RECORD);
    splitter.push(body);
    splitter.finish();
    let Some(header) = splitter.next()? else {
        return Ok(Vec::new());
    };
    let columns = Columns::read(header.row())?;
    let mut results = Vec::new();
    while let Some(record) = splitter.next()? {
        let result: CsvResult = read(&columns, record.row(), record.number - 1)?;
        let errors = || vec![row_error(&result.error)];
        results.push(outcome(result.success, result.id, result.created, errors));
    }
    Ok(results)
}

#[derive(Deserialize)]
struct JsonResult {
    id: Option<RecordId>,
    success: bool,
    #[serde(default)]
    created: bool,
    #[serde(default)]
    errors: Vec<JsonError>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonError {
    #[serde(default)]
    status_code: String,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    fields: Option<Vec<String>>,
}

fn of_json(body: &Bytes) -> Result<Vec<Result<(RecordId, bool)>>> {
    let results: Vec<JsonResult> = serde_json::from_slice(body).map_err(|error| {
        Error::decode("the results of a batch cannot be read").with_source(error)
    })?;
    let read = |result: JsonResult| {
        let errors = || {
            let errors = result.errors.into_iter();
            errors
                .map(|error| {
                    ApiError::new(error.status_code, error.message.unwrap_or_default())
                        .with_fields(error.fields.unwrap_or_default())
                })
                .collect()
        };
        outcome(result.success, result.id, result.created, errors)
    };
    Ok(results.into_iter().map(read).collect())
}

fn outcome(
    success: bool,
    id: Option<RecordId>,
    created: bool,
    errors: impl FnOnce() -> Vec<ApiError>,
) -> Result<(RecordId, bool)> {
    match (success, id) {
        (true, Some(id)) => Ok((id, created)),
        (true, None) => Err(Error::decode("a row was written and its id is not told")),
        (false, _) => Err(Error::of_row(errors())),
    }
}

impl Stream for V1Outcomes {
    type Item = Result<V1Outcome>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let outcome = ready!(self.poll_outcome(cx)).transpose();
        self.ended = !matches!(outcome, Some(Ok(_)));
        let job = self.job;
        Poll::Ready(outcome.map(|outcome| outcome.map_err(|error| error.with_jobs(job))))
    }
}

impl fmt::Debug for V1Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("V1Outcomes")
            .field("job", &self.job)
            .field("row", &self.row)
            .finish_non_exhaustive()
    }
}
