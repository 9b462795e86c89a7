use std::borrow::Cow;
use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::path::Path;
use std::pin::Pin;
use std::task::Poll;

use futures_core::Stream;
use serde::Serialize;

use super::feed::{Feed, Iterated, Streamed};
use super::loaded::Loaded;
use super::{CsvSource, Input};
use crate::bulk::csv::write::{Columns, Sheet, Style};
use crate::bulk::job::ops::ResultKind;
use crate::bulk::results::{Inputs, JoinBy, JoinedRows, echoes, join};
use crate::error::{Error, Result};

/// Puts the results of a load to the rows of its source, which is given once more. Made by
/// [`Loaded::join`].
///
/// ```no_run
/// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
/// use ferroforce::bulk::{CsvSource, JoinBy, RowOutcome};
///
/// let bulk = salesforce.bulk();
/// let loaded = bulk.insert("Contact").csv(CsvSource::path("contacts.csv")).await?;
/// let by = JoinBy::column("External_Id__c");
/// let mut rows = loaded.join(by).csv(CsvSource::path("contacts.csv")).await?;
/// while let Some(row) = rows.next().await {
///     let row = row?;
///     if let RowOutcome::Failed { error, .. } = row.outcome {
///         println!("line {}: {error}", row.row + 2);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct LoadJoin {
    loaded: Loaded,
    by: JoinBy,
}

impl LoadJoin {
    pub(super) fn new(loaded: Loaded, by: JoinBy) -> Self {
        Self { loaded, by }
    }

    /// Where goes what memory does not hold, in files without a name that only their owner
    /// may read. Default as the load.
    #[must_use]
    pub fn spill_to(mut self, folder: impl AsRef<Path>) -> Self {
        self.loaded.spill_to(folder.as_ref());
        self
    }

    /// With the rows that were loaded, in the same order.
    pub fn rows<I>(self, rows: I) -> Joining
    where
        I: IntoIterator<Item: Serialize, IntoIter: Send + 'static>,
    {
        self.with(Input::Rows(Box::new(Iterated(rows.into_iter()))))
    }

    /// With the rows that were loaded, in the same order.
    pub fn stream<S>(self, rows: S) -> Joining
    where
        S: Stream<Item: Serialize> + Send + 'static,
    {
        self.with(Input::Rows(Box::new(Streamed(Box::pin(rows)))))
    }

    /// With the CSV text that was loaded.
    pub fn csv(self, source: CsvSource) -> Joining {
        self.with(Input::Csv(source))
    }

    fn with(self, input: Input) -> Joining {
        Joining { join: self, input }
    }
}

/// Results on their way to their rows: `.await` gives these, in the order of the source.
///
/// Rows and results lie on the disk, in 256 heaps, and one heap at a time is in memory:
/// some 20 MiB for ten million rows, more where most rows have the same key.
#[must_use = "nothing is done until it is awaited"]
pub struct Joining {
    join: LoadJoin,
    input: Input,
}

impl IntoFuture for Joining {
    type Output = Result<JoinedRows>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    /// # Errors
    /// What befalls the source, the results and the disk;
    /// [`ErrorKind::Incomplete`](crate::ErrorKind::Incomplete) where results belong to no
    /// row of the source.
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let LoadJoin { loaded, by } = self.join;
            let refused = loaded.refused().map(|(row, error)| (row, error.clone()));
            let folder = loaded.place(ResultKind::Failed).folder;
            let mut inputs = Inputs::new(by, folder, refused.collect());
            match self.input {
                Input::Rows(feed) => read_rows(feed, &loaded, &mut inputs).await?,
                Input::Csv(source) => super::cut::read_csv(source, &loaded, &mut inputs).await?,
            }
            let kinds = [
                ResultKind::Successful,
                ResultKind::Failed,
                ResultKind::Unprocessed,
            ];
            let results = kinds.map(|kind| (kind, echoes(loaded.place(kind), kind)));
            join(inputs, results.into()).await
        })
    }
}

/// As they were written for the load.
async fn read_rows(mut feed: Box<dyn Feed>, loaded: &Loaded, inputs: &mut Inputs) -> Result<()> {
    let settings = loaded.settings();
    let columns = match &settings.columns {
        Some(names) => Columns::declared(names.iter().cloned())
            .map_err(|refusal| Error::invalid_input(refusal.0))?,
        None => Columns::default(),
    };
    let style = Style {
        delimiter: settings.job.column_delimiter,
        line_ending: settings.job.line_ending,
        null: settings.null.text(),
    };
    let mut sheet = Sheet::new(style, columns);
    loop {
        let batch = poll_fn(|cx| {
            for _ in 0..1024 {
                let fed = match feed.poll_row(cx, &mut sheet) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(None) => return Poll::Ready(Ok(true)),
                    Poll::Ready(Some(fed)) => fed?,
                };
                let cells = fed.is_ok().then(|| cells_of(&sheet));
                let pairs = cells.as_ref().map(|cells| {
                    let names = sheet.columns().names().iter().map(String::as_str);
                    names.zip(cells.iter().map(|cell| &**cell))
                });
                inputs.add(pairs)?;
                sheet.clear();
            }
            Poll::Ready(Ok::<_, Error>(false))
        });
        let ended = batch.await?;
        inputs.settle().await?;
        if ended {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
}

/// The cells of the row that was written last.
fn cells_of(sheet: &Sheet) -> Vec<Cow<'_, str>> {
    (0..sheet.columns().len())
        .map(|place| unquoted(sheet.last_cell(place).unwrap_or_default()))
        .collect()
}

fn unquoted(cell: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(cell);
    match text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
    {
        Some(inner) => Cow::Owned(inner.replace("\"\"", "\"")),
        None => text,
    }
}

impl fmt::Debug for Joining {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Joining")
            .field("join", &self.join)
            .finish_non_exhaustive()
    }
}
