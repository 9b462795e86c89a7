#![no_main]
//! CSV reads the same whatever pieces it comes in, and nothing in it brings the reader down.

use std::collections::BTreeMap;

use ferroforce::bulk::CsvReader;
use libfuzzer_sys::fuzz_target;

type Row = BTreeMap<String, String>;

fn read(text: &[u8], piece: usize) -> Vec<Option<Row>> {
    let mut reader = CsvReader::new().largest_row(4096);
    let mut rows = Vec::new();
    for piece in text.chunks(piece) {
        reader.push(piece);
        drain(&mut reader, &mut rows);
    }
    reader.finish();
    drain(&mut reader, &mut rows);
    rows
}

fn drain(reader: &mut CsvReader, rows: &mut Vec<Option<Row>>) {
    while let Some(row) = reader.next_row::<Row>() {
        rows.push(row.ok());
    }
}

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, text) = input;
    let whole = read(text, text.len().max(1));
    // A record that is too large is found earlier or later, but never missed.
    if text.len() < 4096 {
        assert_eq!(read(text, usize::from(piece).max(1)), whole);
    }
});
