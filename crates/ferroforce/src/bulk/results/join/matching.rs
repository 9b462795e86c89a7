use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::PathBuf;

use futures_util::stream;

use super::bucket::{BUCKETS, Buckets};
use super::fate::{Fate, Reader};
use super::fingerprint::{Fingerprint, fingerprint};
use super::{JoinBy, JoinedRow, JoinedRows, RowOutcome};
use crate::bulk::job::ops::ResultKind;
use crate::bulk::results::rows::{Echo, ResultRows};
use crate::error::{Error, ErrorKind, Result};

/// The rows of a source, put aside by what they are known by.
#[derive(Debug)]
pub(crate) struct Inputs {
    by: JoinBy,
    folder: Option<PathBuf>,
    buckets: Buckets,
    rows: u64,
    /// Rows that were not sent.
    refused: BTreeMap<u64, Error>,
}

impl Inputs {
    pub(crate) fn new(by: JoinBy, folder: Option<PathBuf>, refused: BTreeMap<u64, Error>) -> Self {
        Self {
            by,
            buckets: Buckets::new(folder.clone()),
            folder,
            rows: 0,
            refused,
        }
    }

    /// Adds the next row; one that has no cells could not be written.
    ///
    /// # Errors
    /// A row without the column that it should be known by.
    pub(crate) fn add<'a>(
        &mut self,
        cells: Option<impl Iterator<Item = (&'a str, &'a str)>>,
    ) -> Result<()> {
        let row = self.rows;
        self.rows += 1;
        let Some(cells) = cells.filter(|_| !self.refused.contains_key(&row)) else {
            return Ok(());
        };
        let known_by = fingerprint(&self.by, cells).ok_or_else(|| {
            Error::invalid_input(format!(
                "row {row} lacks the column that its result is to be found by"
            ))
        })?;
        let mut record = [0; 24];
        record[..16].copy_from_slice(&known_by.to_le_bytes());
        record[16..].copy_from_slice(&row.to_le_bytes());
        self.buckets.add(bucket_of(known_by), &record);
        Ok(())
    }

    pub(crate) async fn settle(&mut self) -> Result<()> {
        self.buckets.settle().await
    }
}

fn bucket_of(known_by: Fingerprint) -> usize {
    known_by.to_le_bytes()[0].into()
}

/// Puts the results to the rows.
///
/// # Errors
/// What befalls the results and the disk; results that belong to no row.
pub(crate) async fn join(
    mut inputs: Inputs,
    results: Vec<(ResultKind, ResultRows<Echo>)>,
) -> Result<JoinedRows> {
    let mut fates = Buckets::new(inputs.folder.clone());
    for (kind, mut rows) in results {
        while let Some(echo) = rows.next().await {
            add_fate(&mut fates, &inputs.by, kind, echo?)?;
            fates.settle().await?;
        }
    }
    let per_bucket = inputs
        .rows
        .div_ceil(u64::try_from(BUCKETS).unwrap_or(1))
        .max(1);
    let mut ordered = Buckets::new(inputs.folder.clone());
    for bucket in 0..BUCKETS {
        let rows = inputs.buckets.take(bucket).await?;
        let results = fates.take(bucket).await?;
        match_bucket(&rows, &results, |row, fate| {
            let place = usize::try_from(row / per_bucket).unwrap_or(0);
            let mut record = row.to_le_bytes().to_vec();
            fate.write(&mut record);
            ordered.add(place.min(BUCKETS - 1), &record);
        })?;
        ordered.settle().await?;
    }
    Ok(in_order(ordered, &inputs.refused))
}

fn add_fate(fates: &mut Buckets, by: &JoinBy, kind: ResultKind, echo: Echo) -> Result<()> {
    let columns = echo.row.columns.iter().map(|name| &**name);
    let cells = columns.zip(echo.row.cells.iter().map(|cell| &**cell));
    let known_by = fingerprint(by, cells).ok_or_else(|| {
        Error::invalid_input("the results lack the column that rows are to be found by")
    })?;
    let fate = match (kind, echo.id, echo.error) {
        (ResultKind::Successful, Some(id), _) => Fate::Written {
            id,
            created: echo.created,
        },
        (ResultKind::Successful, None, _) => {
            return Err(Error::decode(
                "a row was written, and not said under which id",
            ));
        }
        (ResultKind::Failed, id, Some(error)) => Fate::Failed { id, error },
        _ => Fate::Unprocessed,
    };
    let mut record = known_by.to_le_bytes().to_vec();
    fate.write(&mut record);
    fates.add(bucket_of(known_by), &record);
    Ok(())
}

fn damaged() -> Error {
    Error::disk(
        "what was put aside cannot be read",
        std::io::ErrorKind::InvalidData.into(),
    )
}

fn match_bucket(rows: &[u8], results: &[u8], mut matched: impl FnMut(u64, &Fate)) -> Result<()> {
    let mut known: HashMap<Fingerprint, VecDeque<Fate>> = HashMap::new();
    let mut text = Reader(results);
    while !text.is_empty() {
        let known_by = text.array().map(Fingerprint::from_le_bytes);
        let known_by = known_by.ok_or_else(damaged)?;
        let fate = Fate::read(&mut text).ok_or_else(damaged)?;
        known.entry(known_by).or_default().push_back(fate);
    }
    let mut text = Reader(rows);
    while !text.is_empty() {
        let known_by = text.array().map(Fingerprint::from_le_bytes);
        let row = text.array().map(u64::from_le_bytes);
        let (Some(known_by), Some(row)) = (known_by, row) else {
            return Err(damaged());
        };
        let fate = known.get_mut(&known_by).and_then(VecDeque::pop_front);
        matched(row, &fate.unwrap_or(Fate::Unaccounted));
    }
    let left: usize = known.values().map(VecDeque::len).sum();
    if left > 0 {
        return Err(Error::new(
            ErrorKind::Incomplete,
            format!("{left} results or more belong to no row of the source"),
        ));
    }
    Ok(())
}

/// The rows of one bucket after the other, those that were not sent among them.
fn in_order(ordered: Buckets, refused: &BTreeMap<u64, Error>) -> JoinedRows {
    let refused: VecDeque<(u64, Error)> = refused
        .iter()
        .map(|(row, error)| (*row, error.clone()))
        .collect();
    let start = Some((ordered, 0, refused));
    let batches = stream::unfold(start, |state| async {
        let (mut ordered, bucket, mut refused) = state?;
        if bucket == BUCKETS {
            let rest = refused.into_iter();
            let rest = rest.map(|(row, error)| Ok(joined(row, RowOutcome::Refused(error))));
            return Some((rest.collect(), None));
        }
        let rows = ordered.take(bucket).await.and_then(|text| sorted(&text));
        match rows {
            Err(error) => Some((vec![Err(error)], None)),
            Ok(rows) => {
                let mut batch = Vec::with_capacity(rows.len());
                for (row, fate) in rows {
                    while let Some((of, error)) = refused.pop_front_if(|(of, _)| *of < row) {
                        batch.push(Ok(joined(of, RowOutcome::Refused(error))));
                    }
                    batch.push(Ok(joined(row, fate.into())));
                }
                Some((batch, Some((ordered, bucket + 1, refused))))
            }
        }
    });
    let rows = futures_util::StreamExt::flat_map(batches, stream::iter);
    JoinedRows(Box::pin(rows))
}

fn joined(row: u64, outcome: RowOutcome) -> JoinedRow {
    JoinedRow { row, outcome }
}

fn sorted(text: &[u8]) -> Result<Vec<(u64, Fate)>> {
    let mut text = Reader(text);
    let mut rows = Vec::new();
    while !text.is_empty() {
        let row = text.array().map(u64::from_le_bytes).ok_or_else(damaged)?;
        rows.push((row, Fate::read(&mut text).ok_or_else(damaged)?));
    }
    rows.sort_unstable_by_key(|(row, _)| *row);
    Ok(rows)
}
