use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::dialect::detect;
use super::*;
use crate::bulk::csv::{Delimiter, LineEnding};
use crate::client::ApiVersion;
use crate::error::ErrorKind;
use crate::{DateTime, Error, RecordId};

fn told(delimiter: Delimiter, line_end: LineEnding) -> Dialect {
    Dialect::told(delimiter, line_end)
}

/// The cells of all records, or what is wrong with a record.
fn split(text: &[u8], dialect: Dialect, piece: usize) -> Vec<Result<Vec<String>, String>> {
    let mut splitter = Splitter::new(dialect, LARGEST_RECORD);
    let mut records = Vec::new();
    let mut drain = |splitter: &mut Splitter| {
        while let Some(record) = splitter.next().unwrap() {
            records.push(cells(record.row()));
        }
    };
    for piece in text.chunks(piece.max(1)) {
        splitter.push(piece);
        drain(&mut splitter);
    }
    splitter.finish();
    drain(&mut splitter);
    records
}

fn cells(row: Row<'_>) -> Result<Vec<String>, String> {
    let count = row.cells.len();
    let cells = row
        .cells(count)
        .map_err(|error| error.message().to_owned())?;
    Ok((0..count)
        .map(|index| cells.get(index).into_owned())
        .collect())
}

fn plain(text: &str) -> Vec<Vec<String>> {
    let dialect = Dialect::default();
    let records = split(text.as_bytes(), dialect, text.len());
    records.into_iter().map(Result::unwrap).collect()
}

#[test]
fn cells_are_what_stands_between_delimiters_and_in_quotes() {
    for (text, expected) in [
        ("a,b\n", vec![vec!["a", "b"]]),
        ("a,b", vec![vec!["a", "b"]]),
        ("\"a\",\"b\"\n", vec![vec!["a", "b"]]),
        ("\"a,b\",c\n", vec![vec!["a,b", "c"]]),
        ("\"a\"\"b\",\"\"\"\"\n", vec![vec!["a\"b", "\""]]),
        ("\"a\nb\",\"c\r\nd\"\n", vec![vec!["a\nb", "c\r\nd"]]),
        ("\"a\rb\",x\0y\n", vec![vec!["a\rb", "x\0y"]]),
        ("a\"b,c\n", vec![vec!["a\"b", "c"]]),
        (",\n", vec![vec!["", ""]]),
        ("a,\nb,", vec![vec!["a", ""], vec!["b", ""]]),
        ("\"\"\n", vec![vec![""]]),
        ("\n\na\n\nb\n\n", vec![vec!["a"], vec!["b"]]),
        (" a , b \n", vec![vec![" a ", " b "]]),
        ("é,😀\n", vec![vec!["é", "😀"]]),
        ("", vec![]),
        ("\u{FEFF}a,b\n", vec![vec!["a", "b"]]),
        ("\u{FEFF}", vec![]),
        // Quoted lines may end as they like.
        ("\"a\"\r\n\"b\"\n", vec![vec!["a"], vec!["b"]]),
    ] {
        assert_eq!(plain(text), expected, "{text:?}");
    }
}

#[test]
fn a_line_feed_alone_belongs_to_the_cell_where_lines_end_with_two_characters() {
    let dialect = told(Delimiter::Tab, LineEnding::Crlf);
    let text = b"a\tb\nc\r\n\"d\"\te\r\n\r\nf\tg";
    let expected = [vec!["a", "b\nc"], vec!["d", "e"], vec!["f", "g"]];
    let found: Vec<_> = split(text, dialect, 3)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_broken_record_is_one_error_and_those_behind_it_come() {
    let records = split(
        b"a,b\n\"x\"y,z\nc,d\n\xFF,\xFE\ne,f\n",
        Dialect::default(),
        4,
    );
    assert_eq!(records.len(), 5);
    assert_eq!(records[0], Ok(vec!["a".into(), "b".into()]));
    assert!(records[1].as_ref().unwrap_err().contains("closing quote"));
    assert_eq!(records[2], Ok(vec!["c".into(), "d".into()]));
    assert!(records[3].as_ref().unwrap_err().contains("UTF-8"));
    assert_eq!(records[4], Ok(vec!["e".into(), "f".into()]));
    let cut = split(b"a\n\"b", Dialect::default(), 9);
    assert!(cut[1].as_ref().unwrap_err().contains("not closed"));
}

#[test]
fn mixed_line_ends_are_an_error_where_they_would_be_one_to_salesforce() {
    for (text, wrong) in [
        ("a,b\nc,d\r\ne,f\n", 1),
        ("a,b\r\nc,d\ne,f\r\n", 1),
        ("a,b\n\"c\",\"d\"\r\n", 1),
        ("a,b\r\n\"c\",\"d\"\n", 1),
    ] {
        let dialect = detect(text.as_bytes(), true).unwrap().unwrap();
        let records = split(text.as_bytes(), dialect, 2);
        for (index, record) in records.iter().enumerate() {
            assert_eq!(
                record.is_err(),
                index == wrong,
                "{text:?} {index} {record:?}"
            );
        }
    }
}

#[test]
fn a_record_larger_than_the_limit_is_an_error_before_it_is_in_memory() {
    let mut splitter = Splitter::new(Dialect::default(), 1000);
    splitter.push(b"a\n\"");
    assert!(splitter.next().unwrap().is_some());
    for _ in 0..40 {
        splitter.push(&[b'x'; 100]);
        match splitter.next() {
            Ok(None) => assert!(splitter.buffer_len() <= 1200),
            Ok(Some(record)) => panic!("{record:?}"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::TooLarge);
                assert!(error.to_string().contains("byte 2"), "{error}");
                return;
            }
        }
    }
    panic!("no error");
}

#[test]
fn records_tell_where_they_stand() {
    let text = "\u{FEFF}a,b\n\n\"x\ny\",z\nc,d";
    let mut splitter = Splitter::new(Dialect::default(), 100);
    splitter.push(text.as_bytes());
    splitter.finish();
    let mut found = Vec::new();
    while let Some(record) = splitter.next().unwrap() {
        let range = usize::try_from(record.range.start).unwrap()
            ..usize::try_from(record.range.end).unwrap();
        assert_eq!(&text.as_bytes()[range], record.bytes);
        found.push((
            record.number,
            String::from_utf8(record.bytes.into()).unwrap(),
        ));
    }
    let expected = [(0, "a,b\n"), (1, "\"x\ny\",z\n"), (2, "c,d")];
    assert_eq!(
        found,
        expected.map(|(number, text)| (number, text.to_owned()))
    );
}

#[test]
fn how_a_file_is_written_is_found_out_from_its_header() {
    for (text, delimiter, line_end) in [
        ("Id,Name\n1,2\n", Delimiter::Comma, LineEnding::Lf),
        (
            "Id;Name\r\n1,5;2\r\n",
            Delimiter::Semicolon,
            LineEnding::Crlf,
        ),
        ("\u{FEFF}Id\tName\n", Delimiter::Tab, LineEnding::Lf),
        ("Id|Name\n", Delimiter::Pipe, LineEnding::Lf),
        ("Id^Name\n", Delimiter::Caret, LineEnding::Lf),
        ("Id`Name\n", Delimiter::Backquote, LineEnding::Lf),
        ("Id\r\n", Delimiter::Comma, LineEnding::Crlf),
        ("\"I,d\"|\"Na\nme\"\r\n", Delimiter::Pipe, LineEnding::Crlf),
        ("Id,Name", Delimiter::Comma, LineEnding::Lf),
        ("", Delimiter::Comma, LineEnding::Lf),
    ] {
        let found = detect(text.as_bytes(), true).unwrap().unwrap();
        assert_eq!(
            (found.delimiter, found.line_end),
            (delimiter, line_end),
            "{text:?}"
        );
    }
    assert_eq!(detect(b"Id,Na", false).unwrap(), None);
    let error = detect(b"Id,Name;Other\n", true).unwrap_err();
    assert!(error.to_string().contains("say which"), "{error}");
    let endless = vec![b'x'; 200_000];
    assert!(detect(&endless, false).is_err());
}

#[test]
fn headers_that_salesforce_would_refuse_are_refused() {
    let columns = |header: &str| {
        let mut splitter = Splitter::new(Dialect::default(), LARGEST_RECORD);
        splitter.push(header.as_bytes());
        splitter.finish();
        let header = splitter.next().unwrap().unwrap();
        Columns::read(header.row()).unwrap()
    };
    for good in ["Id", "Id,Name,Account.Ext__c,Lead:Who.Email,ns__A__c"] {
        columns(good).check_for_upload().unwrap();
    }
    let many = vec!["A"; 5001].join(",");
    for (bad, said) in [
        ("Id, Name", " Name"),
        ("Id,,Name", "no name of a field"),
        ("Id,id", "twice"),
        ("Ada,2,x y", "begin with a header"),
        ("Account.Owner.Name", "no name of a field"),
        (&many, "5001 columns"),
    ] {
        let error = columns(bad).check_for_upload().unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "PascalCase")]
struct Contact {
    id: RecordId,
    last_name: String,
    email: Option<String>,
    #[serde(rename = "Children__c")]
    children: Option<u8>,
    #[serde(rename = "Score__c")]
    score: Option<f64>,
    has_opted_out_of_email: bool,
    created_date: Option<DateTime>,
    account: Option<Account>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "PascalCase")]
struct Account {
    name: String,
    owner: Option<Owner>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "PascalCase")]
struct Owner {
    alias: String,
}

const CONTACTS: &str = r#""Id","LastName","Email","Children__c","Score__c","HasOptedOutOfEmail","CreatedDate","Account.Name","Account.Owner.Alias"
"003P000001avB5GIAU","O""Neil é","","5.0","1.5E3","false","2022-03-17T16:21:26.000Z","Acme, Inc.","al"
"003P000001avB5HIAU","Doe","d@x.org","","","true","","",""
"#;

fn rows<T: serde::de::DeserializeOwned>(text: &str) -> Vec<Result<T, Error>> {
    let mut reader = CsvReader::new();
    reader.push(text.as_bytes());
    reader.finish();
    std::iter::from_fn(|| reader.next_row()).collect()
}

#[test]
fn rows_are_read_as_types_with_parents_and_nulls() {
    let found: Vec<Contact> = rows(CONTACTS).into_iter().map(Result::unwrap).collect();
    let expected = [
        Contact {
            id: "003P000001avB5GIAU".parse().unwrap(),
            last_name: "O\"Neil é".into(),
            email: None,
            children: Some(5),
            score: Some(1500.0),
            has_opted_out_of_email: false,
            created_date: Some("2022-03-17T16:21:26.000+0000".parse().unwrap()),
            account: Some(Account {
                name: "Acme, Inc.".into(),
                owner: Some(Owner { alias: "al".into() }),
            }),
        },
        Contact {
            id: "003P000001avB5HIAU".parse().unwrap(),
            last_name: "Doe".into(),
            email: Some("d@x.org".into()),
            children: None,
            score: None,
            has_opted_out_of_email: true,
            created_date: None,
            account: None,
        },
    ];
    assert_eq!(found, expected);
}

#[test]
fn rows_are_read_as_flat_types_maps_and_tuples() {
    #[derive(Deserialize)]
    struct Flat {
        #[serde(rename = "Account.Name")]
        account: Option<String>,
        #[serde(flatten)]
        others: BTreeMap<String, Value>,
    }
    #[derive(Deserialize)]
    struct Dotted {
        #[serde(rename = "Account.Owner.Alias")]
        alias: Option<String>,
    }
    let flat: Vec<Flat> = rows(CONTACTS).into_iter().map(Result::unwrap).collect();
    assert_eq!(flat[0].account.as_deref(), Some("Acme, Inc."));
    assert_eq!(flat[0].others["Email"], Value::Null);
    assert_eq!(flat[0].others["Children__c"], json!("5.0"));
    let dotted: Vec<Dotted> = rows(CONTACTS).into_iter().map(Result::unwrap).collect();
    assert_eq!(dotted[0].alias.as_deref(), Some("al"));
    let maps: Vec<BTreeMap<String, String>> =
        rows(CONTACTS).into_iter().map(Result::unwrap).collect();
    assert_eq!(maps[1]["LastName"], "Doe");
    let tuples: Vec<(String, Option<u32>)> = rows("a,b\nx,1\ny,\n")
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(tuples, [("x".into(), Some(1)), ("y".into(), None)]);
    let lists: Vec<Vec<String>> = rows("a,b\nx,1\n").into_iter().map(Result::unwrap).collect();
    assert_eq!(lists, [["x", "1"]]);
}

#[test]
fn a_row_that_does_not_fit_says_where_and_the_rows_behind_it_come() {
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Row {
        #[expect(dead_code, reason = "only its type matters")]
        number: u32,
    }
    let found = rows::<Row>("Number,Name\n1,a\nx,b\n3\n4,d\n5.5,e\n6.0,f\n-1,g\n");
    let said: Vec<Option<String>> = found
        .into_iter()
        .map(|row| row.err().map(|error| error.message().to_owned()))
        .collect();
    assert_eq!(said.len(), 7);
    for (index, part) in [
        (1, "row 1, column \"Number\": invalid type: string \"x\""),
        (2, "row 2: it has 1 cells and the header has 2"),
        (4, "row 4, column"),
        (6, "row 6, column"),
    ] {
        assert!(
            said[index].as_deref().unwrap().starts_with(part),
            "{:?}",
            said[index]
        );
    }
    assert!([0, 3, 5].iter().all(|index| said[*index].is_none()));
}

#[test]
fn a_record_is_not_made_of_csv_without_a_word() {
    let found = rows::<crate::Record>("A,B\n1,2\n");
    let error = found[0].as_ref().unwrap_err().to_string();
    assert!(error.contains("`records`"), "{error}");
}

#[test]
fn picklists_are_read_as_enums() {
    #[derive(Debug, Deserialize, PartialEq)]
    enum Stage {
        Open,
        #[serde(rename = "Closed Won")]
        Won,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "PascalCase")]
    struct Row {
        stage: Option<Stage>,
    }
    let found = rows::<Row>("Stage,N\nOpen,1\nClosed Won,2\n,3\nLost,4\n");
    let stages: Vec<_> = found
        .into_iter()
        .map(|row| row.map(|row| row.stage).ok())
        .collect();
    let expected = [
        Some(Some(Stage::Open)),
        Some(Some(Stage::Won)),
        Some(None),
        None,
    ];
    assert_eq!(stages, expected);
}

fn records(text: &str, kinds: Vec<Kind>) -> Vec<crate::Record> {
    let mut splitter = Splitter::new(Dialect::default(), LARGEST_RECORD);
    splitter.push(text.as_bytes());
    splitter.finish();
    let columns = Columns::read(splitter.next().unwrap().unwrap().row()).unwrap();
    let version = ApiVersion::default();
    let mut maker = RecordMaker::new(columns.into(), kinds, "Contact".into(), version);
    let batch = splitter.batch(Batch::default()).unwrap();
    let row = |index: usize| maker.make(batch.row(index).unwrap(), 0).unwrap();
    (0..batch.len()).map(row).collect()
}

#[test]
fn dynamic_records_have_the_shape_of_a_querys() {
    let kinds = [0, 0, 0, 1, 1, 2].map(|kind| match kind {
        1 => Kind::Number,
        2 => Kind::Boolean,
        _ => Kind::Text,
    });
    let found = records(CONTACTS, kinds.into());
    assert_eq!(found.len(), 2);
    let (first, second) = (&found[0], &found[1]);
    assert_eq!(first.object(), Some("Contact"));
    assert_eq!(first.id(), Some("003P000001avB5GIAU".parse().unwrap()));
    assert!(
        first
            .url()
            .unwrap()
            .ends_with("/sobjects/Contact/003P000001avB5GIAU")
    );
    assert_eq!(first.get::<String>("LastName").unwrap(), "O\"Neil é");
    assert_eq!(first.json("Email"), Some("null"));
    assert_eq!(first.json("Children__c"), Some("5.0"));
    assert_eq!(first.json("Score__c"), Some("1.5E3"));
    assert!(!first.get::<bool>("HasOptedOutOfEmail").unwrap());
    assert_eq!(first.get::<String>("Account.Owner.Alias").unwrap(), "al");
    assert_eq!(second.json("Account"), Some("null"));
    assert_eq!(
        second.get::<Option<String>>("Account.Owner.Alias").unwrap(),
        None
    );
    let typed: Contact = second.decode().unwrap();
    assert_eq!(typed.email.as_deref(), Some("d@x.org"));
}

#[test]
fn what_is_no_json_number_stays_text() {
    let text = "N\n1\n-1.5\n+1\n01\n.5\nNaN\n1e5\n\"1,5\"\n 1\ntrue\n";
    let found = records(text, vec![Kind::Number]);
    let json: Vec<_> = found
        .iter()
        .map(|record| record.json("N").unwrap())
        .collect();
    let expected = [
        "1", "-1.5", "\"+1\"", "\"01\"", "\".5\"", "\"NaN\"", "1e5", "\"1,5\"", "\" 1\"",
        "\"true\"",
    ];
    assert_eq!(json, expected);
}

#[test]
fn a_reader_that_met_an_error_without_a_way_back_ends() {
    let mut reader = CsvReader::new().largest_row(10);
    reader.push(b"A,B\n1,2\n\"aaaaaaaaaaaaaaaaaaaaaaaaaa");
    assert_eq!(reader.header().unwrap().unwrap(), ["A", "B"]);
    assert_eq!(reader.next_row::<(u8, u8)>().unwrap().unwrap(), (1, 2));
    assert_eq!(
        reader.next_row::<(u8, u8)>().unwrap().unwrap_err().kind(),
        ErrorKind::TooLarge
    );
    reader.push(b"\"\n3,4\n");
    assert!(reader.next_row::<(u8, u8)>().is_none());
}

/// Writes as Salesforce may: quoted where needed, or throughout.
fn write(rows: &[Vec<String>], dialect: Dialect, quote_all: bool) -> Vec<u8> {
    let delimiter = char::from(dialect.delimiter.byte());
    let mut text = String::new();
    for row in rows {
        for (index, cell) in row.iter().enumerate() {
            if index > 0 {
                text.push(delimiter);
            }
            let special = |c: char| c == delimiter || matches!(c, '"' | '\n' | '\r' | '\u{FEFF}');
            if quote_all || cell.is_empty() || cell.contains(special) {
                text.push('"');
                text.push_str(&cell.replace('"', "\"\""));
                text.push('"');
            } else {
                text.push_str(cell);
            }
        }
        text.push_str(std::str::from_utf8(dialect.line_end.bytes()).unwrap());
    }
    text.into_bytes()
}

fn dialects() -> impl Strategy<Value = Dialect> {
    let delimiter = proptest::sample::select(Delimiter::ALL.to_vec());
    let line_end = proptest::sample::select(vec![LineEnding::Lf, LineEnding::Crlf]);
    (delimiter, line_end, any::<bool>()).prop_map(|(delimiter, line_end, strict)| Dialect {
        delimiter,
        line_end,
        strict,
    })
}

fn tables() -> impl Strategy<Value = Vec<Vec<String>>> {
    let cell = "[a-c,;|^`\t\"\r\n\u{0}é😀\u{FEFF} ]{0,6}";
    proptest::collection::vec(proptest::collection::vec(cell, 1..5), 0..6)
}

proptest! {
    #[test]
    fn what_is_written_is_read_however_it_is_cut(
        table in tables(), dialect in dialects(), quote_all: bool, piece in 1_usize..40,
    ) {
        let text = write(&table, dialect, quote_all);
        let found: Vec<_> =
            split(&text, dialect, piece).into_iter().map(Result::unwrap).collect();
        prop_assert_eq!(found, table);
    }

    #[test]
    fn any_bytes_are_cut_the_same_whatever_pieces_they_come_in(
        text in proptest::collection::vec(
            proptest::sample::select(b"ab,;\"\"\r\n\xFF\xEF\xBB\xBF".to_vec()), 0..60),
        dialect in dialects(),
        piece in 1_usize..9,
    ) {
        let whole = split(&text, dialect, text.len());
        prop_assert_eq!(&split(&text, dialect, piece), &whole);

        let mut splitter = Splitter::new(dialect, LARGEST_RECORD);
        let mut batched = Vec::new();
        let mut records = 0;
        let spare = Spare::default();
        let mut pieces = text.chunks(piece).peekable();
        loop {
            match pieces.next() {
                Some(piece) => splitter.push(piece),
                None => splitter.finish(),
            }
            let batch = splitter.batch(spare.take()).unwrap();
            records += batch.len() as u64;
            prop_assert_eq!(splitter.records(), records);
            batched.extend((0..batch.len()).map(|index| cells(batch.row(index).unwrap())));
            spare.give_back(batch);
            if splitter.is_finished() {
                break;
            }
        }
        prop_assert_eq!(&batched, &whole);
    }

    #[test]
    fn the_ranges_of_records_and_blank_lines_are_the_whole_text(
        text in proptest::collection::vec(
            proptest::sample::select(b"ab,\"\r\n".to_vec()), 0..60),
        dialect in dialects(),
    ) {
        let mut splitter = Splitter::new(dialect, LARGEST_RECORD);
        splitter.push(&text);
        splitter.finish();
        let mut end = 0;
        while let Some(record) = splitter.next().unwrap() {
            let start = usize::try_from(record.range.start).unwrap();
            let between = &text[end..start];
            prop_assert!(between.iter().all(|byte| matches!(byte, b'\r' | b'\n')));
            end = usize::try_from(record.range.end).unwrap();
            prop_assert_eq!(&text[start..end], record.bytes);
        }
        prop_assert!(text[end..].iter().all(|byte| matches!(byte, b'\r' | b'\n')));
    }
}

/// Each name is a step further down, and a header comes from anywhere.
#[test]
fn a_header_as_deep_as_a_stack_is_not_does_no_harm() {
    let mut reader = CsvReader::new();
    reader.push("a.".repeat(100_000).as_bytes());
    reader.push(b"a,B\n1,2\n");
    reader.finish();
    let row: BTreeMap<String, String> = reader.next_row().unwrap().unwrap();
    assert_eq!(row["B"], "2");
}

#[test]
fn empty_lines_before_the_header_tell_nothing() {
    let mut reader = CsvReader::new();
    reader.push(b"\r\n\r\nId;Name\r\n1;x\r\n");
    reader.finish();
    let row: BTreeMap<String, String> = reader.next_row().unwrap().unwrap();
    assert_eq!(row["Name"], "x");
}

#[test]
fn the_memory_of_a_batch_is_used_again_unless_somebody_has_its_text() {
    let spare = Spare::default();
    let mut splitter = Splitter::new(Dialect::default(), LARGEST_RECORD);
    let mut next = |text: &[u8]| {
        splitter.push(text);
        splitter.batch(spare.take()).unwrap()
    };
    let first = next(b"abcd,1\n");
    let memory = first.bytes_from(0).as_ptr();
    let kept = first.bytes_from(0);
    spare.give_back(first);
    // What came next lies elsewhere as long as the text is there.
    for text in [b"efgh,2\n", b"ijkl,3\n"] {
        let batch = next(text);
        assert_ne!(batch.bytes_from(0).as_ptr(), memory);
        spare.give_back(batch);
    }
    assert_eq!(kept, "abcd,1\n");
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..10 {
        let batch = next(b"mnop,4\n");
        seen.insert(batch.bytes_from(0).as_ptr());
        spare.give_back(batch);
    }
    assert_eq!(seen.len(), 2, "the batch and what comes next take turns");
}
