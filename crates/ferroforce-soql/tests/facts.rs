//! Queries from other projects' tests, labelled as valid or not by their authors and confirmed by
//! Salesforce's published parser. They are read from the folder `$FERROFORCE_FACTS/soql`.

use std::fs;
use std::path::PathBuf;

use ferroforce_soql::{Dialect, parse, parse_search_with, parse_with};

/// Lines of every file `KIND-*.txt`.
fn lines(kind: &str) -> Vec<String> {
    let facts = std::env::var_os("FERROFORCE_FACTS").expect("FERROFORCE_FACTS is not set");
    let folder = PathBuf::from(facts).join("soql");
    let mut lines = Vec::new();
    for entry in fs::read_dir(folder).expect("no folder soql") {
        let path = entry.expect("unreadable folder").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(&format!("{kind}-")) && name.ends_with(".txt") {
            let text = fs::read_to_string(&path).expect("unreadable file");
            lines.extend(text.lines().map(str::to_owned));
        }
    }
    assert!(!lines.is_empty(), "no {kind} queries");
    lines
}

#[test]
#[ignore = "needs FERROFORCE_FACTS"]
fn facts_every_valid_query_is_read_and_printed_truly() {
    for soql in lines("valid") {
        for dialect in [Dialect::Rest, Dialect::Apex] {
            let query =
                parse_with(&soql, dialect).unwrap_or_else(|error| panic!("{soql}: {error}"));
            assert_eq!(parse_with(&query.to_string(), dialect), Ok(query), "{soql}");
        }
    }
}

#[test]
#[ignore = "needs FERROFORCE_FACTS"]
fn facts_every_invalid_query_is_refused() {
    for soql in lines("invalid") {
        assert!(parse(&soql).is_err(), "{soql}");
    }
}

#[test]
#[ignore = "needs FERROFORCE_FACTS"]
fn facts_apex_queries_are_read_in_apex_only() {
    for soql in lines("apex") {
        assert!(parse(&soql).is_err(), "{soql}");
        let query =
            parse_with(&soql, Dialect::Apex).unwrap_or_else(|error| panic!("{soql}: {error}"));
        assert_eq!(
            parse_with(&query.to_string(), Dialect::Apex),
            Ok(query),
            "{soql}"
        );
    }
}

#[test]
#[ignore = "needs FERROFORCE_FACTS"]
fn facts_every_valid_search_is_read_and_printed_truly() {
    for sosl in lines("sosl-valid") {
        // Braces are for the APIs, quotes and binds for Apex.
        let braced = sosl.to_ascii_lowercase().starts_with("find {");
        let (own, other) = if braced {
            (Dialect::Rest, Dialect::Apex)
        } else {
            (Dialect::Apex, Dialect::Rest)
        };
        let search =
            parse_search_with(&sosl, own).unwrap_or_else(|error| panic!("{sosl}: {error}"));
        assert_eq!(
            parse_search_with(&search.to_string(), own),
            Ok(search),
            "{sosl}"
        );
        assert!(parse_search_with(&sosl, other).is_err(), "{sosl}");
    }
}

#[test]
#[ignore = "needs FERROFORCE_FACTS"]
fn facts_every_invalid_search_is_refused() {
    let valid = lines("sosl-valid");
    for sosl in lines("sosl-invalid") {
        // One source has a grammar each for braces and quotes and calls the other form invalid.
        let braced = sosl.to_ascii_lowercase().starts_with("find {");
        let (own, other) = if braced {
            (Dialect::Rest, Dialect::Apex)
        } else {
            (Dialect::Apex, Dialect::Rest)
        };
        assert!(parse_search_with(&sosl, other).is_err(), "{sosl}");
        // Where it is at home it may be valid by another source's word; and one source does not
        // know toLabel, which two others and Salesforce's guide do.
        let disputed = valid.contains(&sosl) || sosl.contains("toLabel");
        assert_eq!(parse_search_with(&sosl, own).is_ok(), disputed, "{sosl}");
    }
}
