//! Rows as batches: no larger than Salesforce takes.

use bytes::Bytes;
use serde::Serialize;

use super::job::V1ContentType;
use crate::bulk::csv::write::{Columns, Sheet, Style};
use crate::bulk::{Delimiter, LineEnding};
use crate::error::{Error, Result};

/// What a batch may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) rows: usize,
    pub(super) bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            rows: 10_000,
            bytes: 10_000_000,
        }
    }
}

/// A batch to be sent.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) data: Bytes,
    pub(super) rows: u64,
}

/// Puts rows into batches.
pub(super) struct Cutter {
    bounds: Bounds,
    text: Text,
    /// Rows that were taken in.
    row: u64,
}

enum Text {
    Csv { sheet: Box<Sheet>, count: usize },
    Json { rows: Vec<u8>, count: usize },
}

impl Cutter {
    pub(super) fn new(content_type: V1ContentType, bounds: Bounds) -> Self {
        let text = match content_type {
            V1ContentType::Json => Text::Json {
                rows: Vec::new(),
                count: 0,
            },
            V1ContentType::Csv | V1ContentType::ZipCsv => {
                let style = Style {
                    delimiter: Delimiter::Comma,
                    line_ending: LineEnding::Lf,
                    null: "#N/A",
                };
                Text::Csv {
                    sheet: Box::new(Sheet::new(style, Columns::default())),
                    count: 0,
                }
            }
        };
        Self {
            bounds,
            text,
            row: 0,
        }
    }

    /// Takes in a row, and gives the batch before it if it no longer has room for this
    /// one.
    ///
    /// # Errors
    /// A row that cannot be written, or is too large by itself.
    pub(super) fn add(&mut self, row: &impl Serialize) -> Result<Option<Cut>> {
        let number = self.row;
        self.row += 1;
        let bounds = self.bounds;
        match &mut self.text {
            Text::Csv { sheet, count } => add_csv(sheet, count, bounds, row, number),
            Text::Json { rows, count } => add_json(rows, count, bounds, row, number),
        }
    }

    /// How many rows the batch under way has.
    #[cfg(feature = "zip")]
    pub(super) fn rows(&self) -> usize {
        match &self.text {
            Text::Csv { count, .. } | Text::Json { count, .. } => *count,
        }
    }

    /// The last batch, if there is one.
    pub(super) fn finish(&mut self) -> Option<Cut> {
        match &mut self.text {
            Text::Csv { count: 0, .. } | Text::Json { count: 0, .. } => None,
            Text::Csv { sheet, count } => {
                let rows = as_u64(std::mem::take(count));
                let mut data = sheet.header(sheet.columns().len());
                data.extend(sheet.take(None));
                Some(Cut {
                    data: data.into(),
                    rows,
                })
            }
            Text::Json { rows, count } => Some(take_json(rows, count)),
        }
    }
}

fn refused(number: u64, why: impl std::fmt::Display) -> Error {
    Error::invalid_input(format!("row {number} cannot be sent: {why}"))
}

fn too_large(number: u64, bytes: usize, bounds: Bounds) -> Error {
    refused(
        number,
        format!("it has {bytes} bytes, and a batch takes {}", bounds.bytes),
    )
}

fn add_csv(
    sheet: &mut Sheet,
    count: &mut usize,
    bounds: Bounds,
    row: &impl Serialize,
    number: u64,
) -> Result<Option<Cut>> {
    let before = *count;
    let written = sheet.write(row).map_err(|why| refused(number, why))?;
    let columns = sheet.columns().len();
    let header = sheet.header(columns).len();
    let own = sheet.len() - written.start + header;
    if own > bounds.bytes {
        sheet.undo(written);
        return Err(too_large(number, own, bounds));
    }
    // What rows before it get for columns that came with this one.
    let wider = (columns - written.columns_before) * before;
    if before < bounds.rows && sheet.len() + header + wider <= bounds.bytes {
        sheet.widen(written);
        *count += 1;
        return Ok(None);
    }
    *count = 1;
    let mut data = sheet.header(written.columns_before);
    data.extend(sheet.take(Some(written)));
    Ok(Some(Cut {
        data: data.into(),
        rows: as_u64(before),
    }))
}

fn add_json(
    rows: &mut Vec<u8>,
    count: &mut usize,
    bounds: Bounds,
    row: &impl Serialize,
    number: u64,
) -> Result<Option<Cut>> {
    let text = serde_json::to_vec(row).map_err(|why| refused(number, why))?;
    if text.len() + 2 > bounds.bytes {
        return Err(too_large(number, text.len() + 2, bounds));
    }
    let full = *count == bounds.rows || rows.len() + text.len() + 3 > bounds.bytes;
    let cut = (full && *count > 0).then(|| take_json(rows, count));
    if *count > 0 {
        rows.push(b',');
    }
    rows.extend(text);
    *count += 1;
    Ok(cut)
}

fn take_json(rows: &mut Vec<u8>, count: &mut usize) -> Cut {
    let mut data = Vec::with_capacity(rows.len() + 2);
    data.push(b'[');
    data.append(rows);
    data.push(b']');
    Cut {
        data: data.into(),
        rows: as_u64(std::mem::take(count)),
    }
}

fn as_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cut(content_type: V1ContentType, rows: usize, bytes: usize) -> Vec<(String, u64)> {
        let mut cutter = Cutter::new(content_type, Bounds { rows, bytes });
        let records = [
            json!({"A": "1"}),
            json!({"A": "2", "B": null}),
            json!({"B": "x,y"}),
            json!({"A": "4"}),
            json!({"C": 5}),
        ];
        let mut cuts: Vec<Cut> = records
            .iter()
            .filter_map(|record| cutter.add(record).unwrap())
            .collect();
        cuts.extend(cutter.finish());
        assert!(cutter.finish().is_none());
        cuts.into_iter()
            .map(|cut| (String::from_utf8(cut.data.to_vec()).unwrap(), cut.rows))
            .collect()
    }

    #[test]
    fn batches_have_no_more_rows_and_bytes_than_they_may() {
        let all = cut(V1ContentType::Csv, 10, 1000);
        assert_eq!(
            all,
            [("A,B,C\n1,,\n2,#N/A,\n,\"x,y\",\n4,,\n,,5\n".to_owned(), 5)]
        );
        for content_type in [V1ContentType::Csv, V1ContentType::Json] {
            for rows in 1..6 {
                for bytes in 20..80 {
                    let cuts = cut(content_type, rows, bytes);
                    assert_eq!(cuts.iter().map(|(_, rows)| rows).sum::<u64>(), 5);
                    for (text, count) in &cuts {
                        assert!(text.len() <= bytes, "{text:?} has more than {bytes}");
                        assert!(*count <= rows as u64 && *count > 0);
                        let lines = text.matches('\n').count() as u64;
                        if content_type == V1ContentType::Csv {
                            assert_eq!(lines, count + 1, "{text:?}");
                        }
                    }
                }
            }
        }
        let two = cut(V1ContentType::Json, 2, 1000);
        assert_eq!(two[0], (r#"[{"A":"1"},{"A":"2","B":null}]"#.to_owned(), 2));
        assert_eq!(two[2], (r#"[{"C":5}]"#.to_owned(), 1));
    }

    #[test]
    fn a_row_that_is_too_large_is_refused_by_its_number() {
        for content_type in [V1ContentType::Csv, V1ContentType::Json] {
            let bounds = Bounds { rows: 5, bytes: 30 };
            let mut cutter = Cutter::new(content_type, bounds);
            assert!(cutter.add(&json!({"A": "1"})).unwrap().is_none());
            let error = cutter.add(&json!({"A": "x".repeat(40)})).unwrap_err();
            assert!(error.to_string().contains("row 1"), "{error}");
            assert!(cutter.add(&json!({"A": "2"})).unwrap().is_none());
            assert_eq!(cutter.finish().unwrap().rows, 2);
        }
    }
}
