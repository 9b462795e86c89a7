//! Inputs that are made to hurt.

use std::fmt::Write;

use ferroforce_soql::{Dialect, MAX_DEPTH, parse, parse_search_with, parse_with, pretty};
use proptest::prelude::*;

fn parenthesized(depth: usize) -> String {
    format!(
        "SELECT Id FROM A WHERE {}b = 1{}",
        "(".repeat(depth),
        ")".repeat(depth)
    )
}

fn negated(depth: usize) -> String {
    format!(
        "SELECT Id FROM A WHERE {}b = 1{}",
        "NOT (".repeat(depth),
        ")".repeat(depth)
    )
}

fn subqueries(depth: usize) -> String {
    format!(
        "{}SELECT Id FROM A{}",
        "SELECT (".repeat(depth),
        ") FROM B".repeat(depth)
    )
}

fn semi_joins(depth: usize) -> String {
    format!(
        "{}SELECT Id FROM A{}",
        "SELECT Id FROM A WHERE Id IN (".repeat(depth),
        ")".repeat(depth)
    )
}

#[test]
fn nesting_is_possible_up_to_the_limit_and_refused_beyond_it() {
    for nest in [parenthesized, negated, subqueries, semi_joins] {
        let query = parse(&nest(MAX_DEPTH)).expect("as deep as allowed");
        assert_eq!(parse(&query.to_string()), Ok(query.clone()));
        assert_eq!(parse(&pretty(&query)), Ok(query));
        let error = parse(&nest(MAX_DEPTH + 1)).expect_err("too deep");
        assert_eq!(error.message(), "query is nested too deeply");
        assert!(parse(&nest(200_000)).is_err());
    }
}

#[test]
fn long_hostile_texts_are_read_in_linear_time() {
    // Quadratic work on any of these would take minutes.
    let size = 500_000;
    let mut many = String::from("SELECT Id FROM A WHERE b IN (''");
    for number in 0..size / 10 {
        write!(many, ",'{number}'").expect("writing to a string");
    }
    assert!(parse(&(many + ")")).is_ok());
    let wide = format!("SELECT {}Id FROM A", "Id, ".repeat(size / 4));
    assert!(parse(&wide).is_ok());
    for text in [
        "(".repeat(size),
        "SELECT ".repeat(size / 7),
        format!("SELECT {}", "a.".repeat(size / 2)),
        format!("SELECT {} FROM A", "COUNT(".repeat(size / 6)),
        format!("SELECT Id FROM A WHERE b = '{}", "x".repeat(size)),
        format!("SELECT Id FROM A WHERE b = '{}", r"\'".repeat(size / 2)),
        format!("SELECT Id FROM A WHERE b = {}", "-".repeat(size)),
        format!("SELECT Id FROM A WHERE {}", "b = 1 AND ".repeat(size / 10)),
        format!("SELECT Id{}FROM", "\n".repeat(size)),
        format!("SELECT Id FROM A WHERE b = :{}", "(".repeat(size)),
        format!("SELECT Id FROM A WHERE b = :{}", "a(b)".repeat(size / 4)),
        format!("FIND {{{}", r"\}".repeat(size / 2)),
        format!("FIND {{a}} RETURNING {}", "A(b),".repeat(size / 5)),
        "\u{fffd}".repeat(size / 3),
    ] {
        let head: String = text.chars().take(40).collect();
        let _ = parse_search_with(&text, Dialect::Apex);
        for dialect in [Dialect::Rest, Dialect::Apex] {
            let result = parse_with(&text, dialect);
            assert!(result.is_err() || head.contains('='), "{head}");
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in r"(?s).{0,200}") {
        for dialect in [Dialect::Rest, Dialect::Apex] {
            let _ = parse_with(&text, dialect).map_err(|error| error.to_string());
            let _ = parse_search_with(&text, dialect).map_err(|error| error.to_string());
        }
    }

    #[test]
    fn no_pile_of_tokens_makes_the_parser_panic(
        tokens in prop::collection::vec(
            prop::sample::select(vec![
                "SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "IN", "LIKE", "(", ")", ",", "=",
                "<", ">", "!", "'", "'a'", r"'\", "5", "5.5", "-", ":", "a", "a.b", "é", "COUNT",
                "TYPEOF", "WHEN", "THEN", "END", "GROUP", "BY", "ORDER", "LIMIT", "FIND", "{", "}",
                "RETURNING", "DISTANCE", "GEOLOCATION", "WITH", "USING", "new", "[", "]", "?",
                "2020-01-01T00:00:00Z", "TODAY", "LAST_N_DAYS", "USD5", "\n",
            ]),
            0..40,
        )
    ) {
        let text = tokens.join(" ");
        for text in [format!("SELECT {text}"), format!("FIND {{a}} {text}"), text] {
            for dialect in [Dialect::Rest, Dialect::Apex] {
                let _ = parse_with(&text, dialect).map_err(|error| error.to_string());
                let _ = parse_search_with(&text, dialect).map_err(|error| error.to_string());
            }
        }
    }
}
