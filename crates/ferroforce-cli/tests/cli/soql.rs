use std::fs;

use serde_json::{Value, json};

use crate::program::{run, run_with};

const QUERIES: &str = "\
SELECT Id FROM Account

select Id from Account where
FIND {Acme} RETURNING Account(Id)
";

#[test]
fn check_answers_each_query_and_passes_over_blank_lines() {
    let checked = run_with(&["soql", "check"], QUERIES);
    assert_eq!(
        checked.out,
        "\
ok
line 3: MALFORMED_QUERY
select Id from Account where
                            ^
ERROR at Row:1:Column:29
unexpected token: '<EOF>'
ok
"
    );
    assert_eq!((checked.code, checked.err.as_str()), (Some(1), ""));
}

#[test]
fn check_is_0_when_all_is_well() {
    for input in [
        "",
        "\n",
        "SELECT Id FROM Account",
        "\u{feff}SELECT Id FROM Account\r\n",
    ] {
        assert_eq!(
            run_with(&["soql", "check"], input).code,
            Some(0),
            "{input:?}"
        );
    }
}

#[test]
fn check_reads_a_file_or_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queries.soql");
    fs::write(&file, QUERIES).unwrap();
    let of_file = run(&["soql", "check", file.to_str().unwrap()]);
    let of_dash = run_with(&["soql", "check", "-"], QUERIES);
    assert_eq!((of_file.code, of_file.out), (of_dash.code, of_dash.out));

    let missing = run(&["soql", "check", "no/such/file"]);
    assert_eq!((missing.code, missing.out.as_str()), (Some(1), ""));
    assert!(
        missing
            .err
            .starts_with("error: no/such/file can't be opened: "),
        "{}",
        missing.err
    );
}

#[test]
fn check_says_which_line_is_no_text() {
    let checked = run_with(&["soql", "check"], b"SELECT Id FROM Account\n\xff\n");
    assert_eq!((checked.code, checked.out.as_str()), (Some(1), "ok\n"));
    assert!(
        checked
            .err
            .starts_with("error: line 2 of standard input can't be read: "),
        "{}",
        checked.err
    );
}

#[test]
fn check_writes_json_lines() {
    let checked = run_with(&["soql", "check", "--json"], QUERIES);
    let lines: Vec<Value> = checked
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        lines,
        [
            json!({"line": 1, "valid": true}),
            json!({"line": 3, "valid": false, "code": "MALFORMED_QUERY",
                   "message": "unexpected token: '<EOF>'", "row": 1, "column": 29}),
            json!({"line": 4, "valid": true}),
        ]
    );
    assert_eq!(checked.code, Some(1));
}

#[test]
fn apex_has_binds_and_quoted_search_terms() {
    for text in [
        "SELECT Id FROM Account WHERE Id IN :ids",
        "FIND 'Acme' RETURNING Account",
    ] {
        assert_eq!(run_with(&["soql", "check"], text).code, Some(1), "{text}");
        assert_eq!(
            run_with(&["soql", "check", "--apex"], text).code,
            Some(0),
            "{text}"
        );
        assert_eq!(run_with(&["soql", "format"], text).code, Some(1), "{text}");
        assert_eq!(
            run_with(&["soql", "format", "--apex"], text).code,
            Some(0),
            "{text}"
        );
    }
}

#[test]
fn format_lays_queries_out_whether_they_stand_on_one_line_or_several() {
    let input = "\
select Id, Name from Account where Name like 'A%' limit 5
find {Acme} returning Account(Id)

select Id
from Contact
";
    let formatted = run_with(&["soql", "format"], input);
    assert_eq!(
        formatted.out,
        "\
SELECT Id, Name
FROM Account
WHERE Name LIKE 'A%'
LIMIT 5

FIND {Acme}
RETURNING Account(Id)

SELECT Id
FROM Contact
"
    );
    assert_eq!((formatted.code, formatted.err.as_str()), (Some(0), ""));
    let again = run_with(&["soql", "format"], &formatted.out);
    assert_eq!(again.out, formatted.out);
}

#[test]
fn format_leaves_invalid_queries_out_and_says_where_they_are() {
    let formatted = run_with(
        &["soql", "format"],
        "select Id from Account\nselec Id from Account\n\nselect Id\nfrom\n",
    );
    assert_eq!(formatted.code, Some(1));
    assert_eq!(formatted.out, "SELECT Id\nFROM Account\n");
    let places: Vec<&str> = formatted
        .err
        .lines()
        .filter(|line| line.starts_with("line "))
        .collect();
    assert_eq!(
        places,
        ["line 2: MALFORMED_QUERY", "line 4: MALFORMED_QUERY"]
    );
}
