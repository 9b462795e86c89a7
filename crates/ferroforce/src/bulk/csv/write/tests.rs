use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Serialize;
use serde_json::json;

use super::*;
use crate::bulk::csv::{CsvReader, Delimiter, LineEnding};
use crate::files::Base64;
use crate::types::{DateTime, MultiPicklist, Patch};
use crate::{Date, Record, RecordId, Time};

fn style() -> Style {
    Style {
        delimiter: Delimiter::Comma,
        line_ending: LineEnding::Lf,
        null: "#N/A",
    }
}

fn sheet() -> Sheet {
    Sheet::new(style(), Columns::default())
}

fn whole(sheet: &mut Sheet) -> String {
    let mut text = sheet.header(sheet.columns().len());
    text.extend(sheet.take(None));
    String::from_utf8(text).unwrap()
}

fn written(rows: &[impl Serialize]) -> String {
    let mut sheet = sheet();
    for row in rows {
        let row = sheet.write(row).unwrap();
        sheet.widen(row);
    }
    whole(&mut sheet)
}

fn refused(row: &impl Serialize) -> String {
    let mut sheet = sheet();
    sheet.write(&json!({"Name": "before"})).unwrap();
    let refusal = sheet.write(row).unwrap_err().0;
    sheet.write(&json!({"Name": "behind"})).unwrap();
    assert_eq!(whole(&mut sheet), "Name\nbefore\nbehind\n");
    refusal
}

#[test]
fn every_kind_of_value() {
    #[derive(Serialize)]
    enum Rating {
        Hot,
        Other(&'static str),
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Row {
        text: &'static str,
        letter: char,
        yes: bool,
        small: i8,
        large: u64,
        huge: i128,
        float: f64,
        tiny: f64,
        vast: f64,
        single: f32,
        whole: f64,
        date: Date,
        time: Time,
        moment: DateTime,
        moment_or: Option<DateTime>,
        id: RecordId,
        picklist: MultiPicklist,
        no_picklist: MultiPicklist,
        file: Base64,
        rating: Rating,
        other: Rating,
        none: Option<u8>,
        some: Option<u8>,
        unit: (),
    }
    let moment: DateTime = "2024-02-29T12:30:00.5+01:00".parse().unwrap();
    let text = written(&[Row {
        text: "plain",
        letter: 'é',
        yes: true,
        small: -8,
        large: u64::MAX,
        huge: i128::MIN,
        float: 0.1,
        tiny: 1e-7,
        vast: 1e21,
        single: 0.1,
        whole: 3.0,
        date: "2024-02-29".parse().unwrap(),
        time: "12:30:00.000Z".parse().unwrap(),
        moment,
        moment_or: Some(moment),
        id: "001Pc00000LuBMU".parse().unwrap(),
        picklist: ["a", "b"].into_iter().collect(),
        no_picklist: MultiPicklist::default(),
        file: Base64::from(b"hello".as_slice()),
        rating: Rating::Hot,
        other: Rating::Other("x"),
        none: None,
        some: Some(1),
        unit: (),
    }]);
    let (header, row) = text.split_once('\n').unwrap();
    let cells: Vec<_> = header.split(',').zip(row.trim_end().split(',')).collect();
    let expected = [
        ("Text", "plain"),
        ("Letter", "é"),
        ("Yes", "true"),
        ("Small", "-8"),
        ("Large", "18446744073709551615"),
        ("Huge", "-170141183460469231731687303715884105728"),
        ("Float", "0.1"),
        ("Tiny", "0.0000001"),
        ("Vast", "1000000000000000000000"),
        ("Single", "0.1"),
        ("Whole", "3.0"),
        ("Date", "2024-02-29"),
        ("Time", "12:30:00.000Z"),
        ("Moment", "2024-02-29T11:30:00.500Z"),
        ("MomentOr", "2024-02-29T11:30:00.500Z"),
        ("Id", "001Pc00000LuBMUIA3"),
        ("Picklist", "a;b"),
        ("NoPicklist", "#N/A"),
        ("File", "aGVsbG8="),
        ("Rating", "Hot"),
        ("Other", "x"),
        ("None", "#N/A"),
        ("Some", "1"),
        ("Unit", "#N/A"),
    ];
    assert_eq!(cells, expected);
}

/// A text that merely looks like a moment is not touched.
#[test]
fn only_moments_are_written_as_moments() {
    let row = json!({"Note": "2024-02-29T11:30:00.000+0000"});
    assert_eq!(written(&[row]), "Note\n2024-02-29T11:30:00.000+0000\n");
}

#[test]
fn quotes_stand_where_they_are_needed() {
    let cells = [
        ("a,b", "\"a,b\""),
        ("say \"hi\"", "\"say \"\"hi\"\"\""),
        ("\"", "\"\"\"\""),
        ("two\nlines", "\"two\nlines\""),
        ("bare\rreturn", "\"bare\rreturn\""),
        (" spaces ", " spaces "),
        ("semi;colon", "semi;colon"),
        ("\u{2028}\u{85}", "\u{2028}\u{85}"),
        ("", ""),
    ];
    for (value, cell) in cells {
        let text = written(&[json!({"A": value, "B": 1})]);
        assert_eq!(text, format!("A,B\n{cell},1\n"), "{value:?}");
    }
    let semicolon = Style {
        delimiter: Delimiter::Semicolon,
        line_ending: LineEnding::Crlf,
        ..style()
    };
    let mut sheet = Sheet::new(semicolon, Columns::default());
    sheet.write(&json!({"A": "a;b", "B": "c,d"})).unwrap();
    assert_eq!(whole(&mut sheet), "A;B\r\n\"a;b\";c,d\r\n");
}

#[test]
fn a_row_of_nothing_is_no_empty_line() {
    assert_eq!(written(&[json!({"A": ""})]), "A\n\"\"\n");
    let rows = [json!({"A": ""}), json!({"A": "", "B": 1})];
    assert_eq!(written(&rows), "A,B\n\"\",\n,1\n");
}

#[test]
fn absent_empty_and_null_are_three_things() {
    #[derive(Default, Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Change {
        id: u8,
        #[serde(skip_serializing_if = "Patch::is_absent")]
        phone: Patch<&'static str>,
        #[serde(skip_serializing_if = "Patch::is_absent")]
        fax: Patch<&'static str>,
    }
    let change = |id, phone| Change {
        id,
        phone,
        ..Change::default()
    };
    let rows = [
        change(1, Patch::Absent),
        change(2, Patch::Value("")),
        change(3, Patch::Null),
        change(4, Patch::Value("1")),
    ];
    assert_eq!(written(&rows), "Id,Phone\n1,\n2,\n3,#N/A\n4,1\n");
    let empty = Style {
        null: "",
        ..style()
    };
    let mut sheet = Sheet::new(empty, Columns::default());
    sheet.write(&change(1, Patch::Null)).unwrap();
    assert_eq!(whole(&mut sheet), "Id,Phone\n1,\n");
}

#[test]
fn the_header_is_the_union_of_all_rows() {
    let rows = [
        json!({"A": 1}),
        json!({"B": 2, "C": 3}),
        json!({"A": 4, "C": 5}),
        json!({"c": 6, "D": 7}),
    ];
    assert_eq!(written(&rows), "A,B,C,D\n1,,,\n,2,3,\n4,,5,\n,,6,7\n");
}

/// In no order, as a `HashMap` has them.
#[test]
fn fields_find_their_columns_whatever_their_order() {
    struct Pairs(Vec<(&'static str, &'static str)>);
    impl Serialize for Pairs {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().copied())
        }
    }
    let rows = [
        Pairs(vec![("A", "1"), ("B", "2"), ("C", "3"), ("D", "4")]),
        Pairs(vec![("D", "4"), ("A", "1"), ("C", "33,3"), ("B", "2")]),
        Pairs(vec![("C", "3"), ("B", "2")]),
        Pairs(vec![("D", "4")]),
        Pairs(vec![("E", "5"), ("A", "1")]),
    ];
    assert_eq!(
        written(&rows),
        "A,B,C,D,E\n1,2,3,4,\n1,2,\"33,3\",4,\n,2,3,,\n,,,4,\n1,,,,5\n"
    );
    let twice = Pairs(vec![("A", "1"), ("B", "2"), ("a", "3")]);
    assert!(refused(&twice).contains("the field A twice"));
}

#[test]
fn fields_of_parents_are_columns() {
    #[derive(Serialize)]
    struct Parent {
        #[serde(rename = "Key__c")]
        key: &'static str,
    }
    #[derive(Serialize)]
    struct Row {
        #[serde(rename = "LastName")]
        last_name: &'static str,
        #[serde(rename = "Account")]
        account: Option<Parent>,
        #[serde(rename = "Lead:Who")]
        who: BTreeMap<&'static str, &'static str>,
    }
    let row = |account| Row {
        last_name: "Doe",
        account,
        who: BTreeMap::from([("Email", "a@x.example")]),
    };
    let rows = [row(None), row(Some(Parent { key: "K-1" })), row(None)];
    assert_eq!(
        written(&rows),
        "LastName,Account.Key__c,Lead:Who.Email\nDoe,#N/A,a@x.example\nDoe,K-1,a@x.example\n\
         Doe,#N/A,a@x.example\n"
    );
    let deep = json!({"Account": {"Owner": {"Email": "x"}}});
    assert!(refused(&deep).contains("Account.Owner has fields itself"));
    let custom = json!({"Boss__c": {"Key__c": "x"}});
    assert!(refused(&custom).contains("Boss__r"));
}

#[test]
fn a_record_is_written_as_it_came() {
    let record: Record = serde_json::from_str(
        r#"{"attributes":{"type":"Contact","url":"/x"},"Name":"Dö\"e\\","Score__c":1999.90,
            "Big__c":12345678901234567890.123,"Gone":null,"Ok":true,
            "Account":{"attributes":{"type":"Account"},"Key__c":"a,b"}}"#,
    )
    .unwrap();
    assert_eq!(
        written(&[record]),
        "Name,Score__c,Big__c,Gone,Ok,Account.Key__c\n\
         \"Dö\"\"e\\\",1999.90,12345678901234567890.123,#N/A,true,\"a,b\"\n"
    );
}

#[test]
fn declared_columns_stay_as_they_are() {
    let columns = ["B", "A", "Account.Key__c"].map(str::to_owned);
    let mut sheet = Sheet::new(style(), Columns::declared(columns).unwrap());
    sheet.write(&json!({"A": 1})).unwrap();
    sheet.write(&json!({"a": 1, "Account": null})).unwrap();
    let refusal = sheet.write(&json!({"A": 1, "C": 2})).unwrap_err();
    assert!(refusal.0.contains("the field C"), "{refusal}");
    assert_eq!(whole(&mut sheet), "B,A,Account.Key__c\n,1,\n,1,#N/A\n");
    assert!(Columns::declared(["A", "a"].map(str::to_owned)).is_err());
    assert!(Columns::declared(["A B".to_owned()]).is_err());
}

#[test]
fn what_is_no_row_or_value_is_refused_and_the_others_stay() {
    #[derive(Serialize)]
    struct Float {
        f: f64,
    }
    assert!(refused(&Float { f: f64::NAN }).contains("infinite or none"));
    assert!(refused(&json!({"New": 1, "Tags": ["a"]})).contains("a list"));
    assert!(refused(&json!([1])).contains("a struct or a map"));
    assert!(refused(&json!({})).contains("no field"));
    assert!(refused(&json!({"a b": 1})).contains("no name of a column"));
    let patch: Patch<u8> = Patch::Absent;
    assert!(refused(&BTreeMap::from([("A", patch)])).contains("skip_serializing_if"));
}

#[test]
fn limits_count_characters() {
    let long = |characters: usize, letter: &str| json!({"A": letter.repeat(characters)});
    for letter in ["x", "é"] {
        assert!(sheet().write(&long(limits::CELL, letter)).is_ok());
        let refusal = refused(&long(limits::CELL + 1, letter));
        assert!(
            refusal.contains("field A has 131073 characters"),
            "{refusal}"
        );
    }
    let quoted = format!("{}\",", "x".repeat(limits::CELL - 2));
    assert!(sheet().write(&json!({"A": quoted})).is_ok());
    assert!(refused(&json!({"A": quoted + "x"})).contains("field A has 131073 characters"));
    let wide = |cells: usize| {
        let cells = (0..cells).map(|n| (format!("C{n}"), "x".repeat(100_000)));
        cells.collect::<BTreeMap<_, _>>()
    };
    assert!(sheet().write(&wide(3)).is_ok());
    assert!(refused(&wide(4)).contains("it has 400004 characters"));
    let many = |cells: usize| {
        (0..cells)
            .map(|n| (format!("C{n}"), 1))
            .collect::<BTreeMap<_, _>>()
    };
    assert!(sheet().write(&many(4000)).is_ok());
    assert!(refused(&many(5001)).contains("5001 columns"));
}

#[test]
fn rows_are_taken_out_and_the_last_one_may_stay() {
    let mut sheet = sheet();
    sheet.write(&json!({"A": 1})).unwrap();
    let last = sheet.write(&json!({"A": 2, "B": 3})).unwrap();
    assert_eq!(last.columns_before, 1);
    assert_eq!(sheet.header(last.columns_before), b"A\n");
    assert_eq!(sheet.take(Some(last)), b"1\n");
    sheet.write(&json!({"B": "x,y"})).unwrap();
    assert_eq!(sheet.last_cell(1), Some(b"\"x,y\"".as_slice()));
    assert_eq!(sheet.last_cell(0), Some(b"".as_slice()));
    assert_eq!(whole(&mut sheet), "A,B\n2,3\n,\"x,y\"\n");
}

#[test]
fn a_writer_without_rows_writes_the_header_that_was_declared() {
    assert_eq!(CsvWriter::new().finish(), b"");
    assert_eq!(CsvWriter::new().columns(["A", "B"]).finish(), b"A,B\n");
    let mut writer = CsvWriter::new().columns(["A"]);
    assert!(writer.write(&json!({"B": 1})).is_err());
    assert_eq!((writer.rows(), writer.finish()), (0, b"A\n".to_vec()));
}

/// Salesforce's delimiters and line endings, in all pairs.
fn dialects() -> impl Iterator<Item = (Delimiter, LineEnding)> {
    let endings = [LineEnding::Lf, LineEnding::Crlf];
    Delimiter::ALL
        .into_iter()
        .flat_map(move |delimiter| endings.map(|ending| (delimiter, ending)))
}

proptest! {
    /// Whatever is in the cells, in whatever pieces it comes back.
    #[test]
    fn what_is_written_reads_back(
        rows in proptest::collection::vec(
            proptest::collection::btree_map(
                "[A-E]", "[a-c,;|^`\t\"\r\n \u{feff}é\u{2028}#N/A]{0,6}", 2..5), 1..12),
        pieces in 1_usize..40,
    ) {
        for (delimiter, ending) in dialects() {
            let mut writer = CsvWriter::new().delimiter(delimiter).line_ending(ending);
            for row in &rows {
                writer.write(row).unwrap();
            }
            let text = writer.finish();
            let mut reader = CsvReader::new();
            let mut read: Vec<BTreeMap<String, String>> = Vec::new();
            for piece in text.chunks(pieces) {
                reader.push(piece);
                while let Some(row) = reader.next_row() {
                    read.push(row.unwrap());
                }
            }
            reader.finish();
            while let Some(row) = reader.next_row() {
                read.push(row.unwrap());
            }
            prop_assert_eq!(rows.len(), read.len());
            for (row, read) in rows.iter().zip(&read) {
                for (column, cell) in read {
                    prop_assert_eq!(row.get(column).map_or("", String::as_str), cell.as_str());
                }
            }
        }
    }

    #[test]
    fn any_rows_have_as_many_cells_as_there_are_columns(
        rows in proptest::collection::vec(
            proptest::collection::btree_map("[A-F]", "[a-z0-9]{0,3}", 1..6), 1..20)
    ) {
        let text = written(&rows);
        let mut lines = text.lines();
        let columns: Vec<_> = lines.next().unwrap().split(',').collect();
        for (row, line) in rows.iter().zip(lines) {
            let cells: Vec<_> = line.split(',').map(|cell| cell.trim_matches('"')).collect();
            prop_assert_eq!(cells.len(), columns.len());
            for (column, cell) in columns.iter().zip(cells) {
                prop_assert_eq!(row.get(*column).map_or("", String::as_str), cell);
            }
        }
    }
}

/// What became of a row stands beside it, and makes it larger than what can be sent.
#[test]
fn results_may_be_larger_than_rows() {
    let mut sheet = Sheet::new(style(), Columns::known(["sf__Error".to_owned()]));
    let cells = (0..4).map(|n| (format!("C{n}"), "x".repeat(100_000)));
    let mut row: BTreeMap<String, String> = cells.collect();
    row.insert("sf__Error".to_owned(), "REQUIRED_FIELD_MISSING".to_owned());
    assert!(sheet.write(&row).is_ok());
}

#[test]
fn columns_that_are_no_columns_are_an_error_each_time() {
    let mut writer = CsvWriter::new().columns(["A", "a"]);
    for _ in 0..2 {
        let error = writer.write(&json!({"A": 1})).unwrap_err();
        assert!(error.to_string().contains("declared twice"), "{error}");
    }
}
