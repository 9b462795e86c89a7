//! Sources are cut into whole rows, within the bounds, and the same way again.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::stream;
use proptest::prelude::*;

use crate::bulk::csv::write::{Columns, Sheet, Style};
use crate::bulk::csv::{CsvReader, Delimiter, LineEnding};
use crate::bulk::ingest::CsvSource;
use crate::bulk::ingest::cut::{Bounds, CsvCutter, Cutter, RowCutter, Told};
use crate::bulk::ingest::feed::Iterated;
use crate::bulk::ingest::part::{Part, Slice};

type Row = BTreeMap<String, String>;

fn bounds(bytes: u64, records: u64, memory: usize) -> Bounds {
    Bounds {
        bytes,
        records,
        memory,
        folder: None,
    }
}

fn cutter(rows: Vec<Row>, bounds: Bounds) -> Cutter {
    let style = Style {
        delimiter: Delimiter::Comma,
        line_ending: LineEnding::Lf,
        null: "#N/A",
    };
    let feed = Box::new(Iterated(rows.into_iter()));
    let sheet = Sheet::new(style, Columns::default());
    Cutter::Rows(Box::new(RowCutter::new(feed, sheet, bounds)))
}

async fn text(part: &Part) -> Bytes {
    let text = part.body().collect(usize::MAX).await.unwrap();
    assert_eq!(text.len() as u64, part.slice.bytes);
    assert_eq!(crc32fast::hash(&text), part.slice.checksum);
    text
}

fn rows_of(text: &[u8]) -> Vec<Row> {
    let mut reader = CsvReader::new();
    reader.push(text);
    reader.finish();
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row() {
        rows.push(row.unwrap());
    }
    rows
}

/// All parts, with their rows.
async fn all(mut cutter: Cutter) -> Vec<(Slice, Bytes)> {
    let mut parts = Vec::new();
    while let Some(part) = cutter.next(None).await.unwrap() {
        parts.push((part.slice.clone(), text(&part).await));
    }
    parts
}

/// The same parts, asked for as a load does that goes on.
async fn again(mut cutter: Cutter, slices: &[Slice]) {
    for slice in slices {
        let part = cutter.next(Some(slice.rows.end)).await.unwrap().unwrap();
        assert_eq!(&part.slice, slice);
    }
    assert!(cutter.next(None).await.unwrap().is_none());
}

fn check(parts: &[(Slice, Bytes)], rows: &[Row], bounds: &Bounds) {
    let mut next = 0;
    let mut read = Vec::new();
    for (number, (slice, text)) in parts.iter().enumerate() {
        assert_eq!((slice.part, slice.rows.start), (number as u64, next));
        next = slice.rows.end;
        assert!(slice.records >= 1 && slice.records <= bounds.records);
        assert!(slice.bytes <= bounds.bytes);
        let rows = rows_of(text);
        assert_eq!(rows.len() as u64, slice.records);
        read.extend(rows);
    }
    assert_eq!(read.len(), rows.len());
    for (read, row) in read.iter().zip(rows) {
        // A part may have columns that a row lacks.
        for (column, cell) in row {
            assert_eq!(read.get(column), Some(cell));
        }
        assert!(
            read.iter()
                .all(|(column, cell)| row.contains_key(column) || cell.is_empty())
        );
    }
}

fn block_on(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(test);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn rows_are_cut_whole_and_the_same_way_again(
        rows in proptest::collection::vec(
            proptest::collection::btree_map("[A-D]", "[a-z,\"\\n]{0,12}", 1..4), 0..40),
        bytes in 100_u64..600, records in 1_u64..20, memory in 0_usize..300,
    ) {
        block_on(async {
            let bounds = bounds(bytes, records, memory);
            let parts = all(cutter(rows.clone(), bounds.clone())).await;
            check(&parts, &rows, &bounds);
            let slices: Vec<_> = parts.into_iter().map(|(slice, _)| slice).collect();
            again(cutter(rows, bounds), &slices).await;
        });
    }

    #[test]
    fn csv_is_cut_the_same_from_everywhere(
        rows in proptest::collection::vec("[a-z\\n\",]{0,12}", 0..40),
        blank in proptest::collection::vec(any::<bool>(), 40),
        bytes in 80_u64..400, records in 1_u64..20, memory in 0_usize..200, piece in 1_usize..50,
        crlf in any::<bool>(),
    ) {
        let ending = if crlf { "\r\n" } else { "\n" };
        let mut written = format!("\u{feff}A,B{ending}");
        for (number, (cell, blank)) in rows.iter().zip(blank).enumerate() {
            written.push_str(&format!("{number},\"{}\"{ending}", cell.replace('"', "\"\"")));
            if blank {
                written.push_str(ending);
            }
        }
        let expected: Vec<Row> = rows.iter().enumerate().map(|(number, cell)| {
            BTreeMap::from([("A".to_owned(), number.to_string()), ("B".to_owned(), cell.clone())])
        }).collect();
        block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("rows.csv");
            std::fs::write(&path, &written).unwrap();
            let bounds = bounds(bytes, records, memory);
            let source = |kind: u8| match kind {
                0 => CsvSource::path(&path),
                1 => CsvSource::bytes(written.clone()),
                _ => {
                    let pieces: Vec<_> =
                        written.as_bytes().chunks(piece).map(Bytes::copy_from_slice).collect();
                    CsvSource::stream(stream::iter(pieces.into_iter().map(Ok::<_, std::io::Error>)))
                }
            };
            let open = async |kind: u8| {
                let told = Told { delimiter: Some(Delimiter::Comma), line_ending: None };
                let cutter = CsvCutter::open(source(kind).0, told, bounds.clone()).await.unwrap();
                Cutter::Csv(Box::new(cutter))
            };
            for kind in 0..3 {
                let parts = all(open(kind).await).await;
                check(&parts, &expected, &bounds);
                let slices: Vec<_> = parts.into_iter().map(|(slice, _)| slice).collect();
                again(open(kind).await, &slices).await;
            }
        });
    }
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_sent_is_not_sent_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    std::fs::write(&path, "A\n1\n2\n").unwrap();
    let told = Told {
        delimiter: None,
        line_ending: None,
    };
    let source = CsvSource::path(&path).0;
    let cutter = CsvCutter::open(source, told, bounds(1_000, 10, 0))
        .await
        .unwrap();
    let part = Cutter::Csv(Box::new(cutter))
        .next(None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(text(&part).await, "A\n1\n2\n");
    std::fs::write(&path, "A\n1\n3\n").unwrap();
    let error = part.body().collect(usize::MAX).await.unwrap_err();
    assert!(
        error.never_sent() && error.to_string().contains("changed"),
        "{error}"
    );
}

async fn csv_cutter(source: CsvSource, bounds: Bounds) -> Cutter {
    let told = Told {
        delimiter: None,
        line_ending: None,
    };
    let cutter = CsvCutter::open(source.0, told, bounds).await.unwrap();
    Cutter::Csv(Box::new(cutter))
}

/// Each part is a job, of which there are few a day.
#[tokio::test]
async fn rows_that_are_refused_do_not_make_a_part_each() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    let mut csv = "A,B\n".to_owned();
    for number in 0..1000 {
        csv.push_str(if number % 2 == 0 { "1,2\n" } else { "1,2,3\n" });
    }
    std::fs::write(&path, &csv).unwrap();
    for from_disk in [false, true] {
        let source = || match from_disk {
            true => CsvSource::path(&path),
            false => CsvSource::bytes(csv.clone()),
        };
        let parts = all(csv_cutter(source(), bounds(10_000, 10_000, 100)).await).await;
        let records: Vec<u64> = parts.iter().map(|(slice, _)| slice.records).collect();
        assert_eq!(records, [1, 499]);
        assert_eq!(parts[1].0.rows, 2..1000);
        let slices: Vec<Slice> = parts.into_iter().map(|(slice, _)| slice).collect();
        again(
            csv_cutter(source(), bounds(10_000, 10_000, 100)).await,
            &slices,
        )
        .await;
    }
}

#[tokio::test]
async fn too_many_rows_that_are_refused_end_the_load() {
    let csv = format!("A\n{}", "1,2\n".repeat(10_001));
    let mut cutter = csv_cutter(CsvSource::bytes(csv), bounds(10_000, 10, 100)).await;
    let error = cutter.next(None).await.unwrap_err();
    assert!(
        error.to_string().contains("more than 10000 rows"),
        "{error}"
    );
}

/// Empty lines that end otherwise than the others are not sent.
#[tokio::test]
async fn empty_lines_of_another_kind_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    let csv = "A\r\n1\r\n\n\n2\r\n\r\n3\r\n";
    std::fs::write(&path, csv).unwrap();
    for source in [CsvSource::path(&path), CsvSource::bytes(csv)] {
        let parts = all(csv_cutter(source, bounds(1000, 10, 1000)).await).await;
        let texts: Vec<&[u8]> = parts.iter().map(|(_, text)| &text[..]).collect();
        assert_eq!(texts, [&b"A\r\n1\r\n"[..], b"A\r\n2\r\n3\r\n"]);
    }
}

/// A row that no job can take is refused wherever it stands, also by a load that goes on.
#[tokio::test]
async fn a_row_that_is_too_large_is_refused_wherever_it_stands() {
    let row = |text: &str| Row::from([("A".to_owned(), text.to_owned())]);
    let large = "x".repeat(100);
    for place in 0..3 {
        let mut rows = vec![row("1"), row("2")];
        rows.insert(place, row(&large));
        let bounds = bounds(50, 10, 1000);
        let mut cutter = cutter(rows.clone(), bounds.clone());
        let part = cutter.next(None).await.unwrap().unwrap();
        assert_eq!(text(&part).await, "A\n1\n2\n");
        let slice = part.slice.clone();
        assert!(cutter.next(None).await.unwrap().is_none());
        let refused = cutter.take_refused();
        assert_eq!(refused.len(), 1);
        assert_eq!(refused[0].row, place as u64);
        again(self::cutter(rows, bounds), &[slice]).await;
    }
}
