//! Whatever is asked, the answer is well-formed.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::run;
use crate::org::Org;
use crate::query::{Readings, Scope};
use crate::rest::ApiVersion;
use crate::settings::Settings;

/// Pieces of searches, whole and broken.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "FIND {", "}", "acme", "AND", "OR", "NOT", "(", ")", "\"", "*", "?", "\\", "-", "{", " ",
            "IN NAME FIELDS", "IN ALL FIELDS", "RETURNING", "Account", "Contact(Id", "Name", ",",
            "WHERE", "Name LIKE 'a%'", "ORDER BY", "LIMIT", "OFFSET", "2", "WITH HIGHLIGHT",
            "WITH METADATA = 'LABELS'", "WITH SNIPPET", "co?ote", "sm*th", "\u{0}", "\n", "ß", "東京",
        ])
        .prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.join(" "))
}

/// Terms that are mostly fine.
fn terms() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "acme",
        "coyote",
        "co*",
        "c?yote",
        "*te",
        "\"wile coyote\"",
        "\\-",
        "a.b",
        "x",
        "東京",
        "ﬀ",
    ])
    .prop_map(str::to_owned);
    word.prop_recursive(6, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} AND {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} OR {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} AND NOT {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} {b}")),
            inner.prop_map(|a| format!("({a})")),
        ]
    })
}

/// An org with a few records to search.
fn org() -> Arc<Org> {
    let folder = tempfile::tempdir().unwrap();
    let seed = folder.path().join("seed.json");
    let records = json!({"records": [
        {"attributes": {"type": "Account"}, "Name": "Acme <Corp>", "Description": "a \"b\" & c"},
        {"attributes": {"type": "Contact"}, "FirstName": "Wile", "LastName": "Coyote 東京"},
    ]});
    std::fs::write(&seed, records.to_string()).unwrap();
    let settings = Settings {
        seed_file: Some(seed),
        ..Settings::default()
    };
    Org::new(settings).unwrap()
}

fn scope(org: &Org, version: ApiVersion) -> Scope {
    Scope {
        all_rows: false,
        now: org.clock.now(),
        time_zone: jiff::tz::TimeZone::UTC,
        locale: "en_US".to_owned(),
        user: org.auth.directory.members()[0].id,
        version,
        readings: Readings::default(),
    }
}

/// Searches on the store's thread: the answer, or the error's status.
fn answers(org: &Arc<Org>, sosl: &str, version: ApiVersion) -> Result<Value, u16> {
    let (sosl, asked) = (sosl.to_owned(), Arc::clone(org));
    let scope = scope(org, version);
    let body = org
        .store
        .run_now(move |db| {
            Ok(run(db, &asked.schema, &asked.schema, &sosl, &scope)
                .map(|found| found.body(version.number())))
        })
        .unwrap();
    match body {
        Ok(body) => Ok(serde_json::from_slice(&body).unwrap()),
        Err(error) => {
            serde_json::from_str::<Value>(&error.to_json().to_string()).unwrap();
            Err(error.status().as_u16())
        }
    }
}

#[test]
fn any_text_is_answered_or_refused() {
    let org = org();
    let version = ApiVersion::NEWEST;
    proptest!(ProptestConfig::with_cases(128), |(sosl in pieces())| {
        match answers(&org, &sosl, version) {
            Ok(answer) => prop_assert!(answer["searchRecords"].is_array()),
            Err(status) => prop_assert!(status == 400 || status == 501, "{status}: {sosl}"),
        }
    });
}

#[test]
fn any_term_is_searched_for() {
    let org = org();
    let old = ApiVersion::from_segment("v36.0", false).unwrap();
    proptest!(ProptestConfig::with_cases(128), |(term in terms())| {
        let sosl = format!("FIND {{{term}}} RETURNING Account(Name, Description), Contact(Name)");
        match answers(&org, &sosl, ApiVersion::NEWEST) {
            Ok(answer) => prop_assert!(answer["searchRecords"].is_array()),
            Err(status) => prop_assert!(status == 400, "{status}: {sosl}"),
        }
        let marked = format!("{sosl} WITH HIGHLIGHT");
        prop_assert!(!matches!(answers(&org, &marked, ApiVersion::NEWEST), Err(500..)));
        if let Ok(answer) = answers(&org, &sosl, old) {
            prop_assert!(answer.is_array());
        }
    });
}

#[test]
fn deep_and_long_terms_do_no_harm() {
    let org = org();
    let nested = |levels: usize| {
        let open = "aa AND (bb OR cc AND (dd ee OR (".repeat(levels);
        format!("FIND {{{open}acme{}}}", ")))".repeat(levels))
    };
    for (levels, status) in [(1, None), (6, None), (7, Some(501)), (100, Some(501))] {
        let answer = answers(&org, &nested(levels), ApiVersion::NEWEST);
        assert_eq!(answer.err(), status, "{levels}");
    }
    let chain = format!("FIND {{acme{}}}", " AND NOT bb".repeat(20));
    assert!(answers(&org, &chain, ApiVersion::NEWEST).is_ok());
    for joint in [" ", " OR ", " AND "] {
        let long = format!("FIND {{acme{}}}", format!("{joint}w*d").repeat(500));
        assert!(answers(&org, &long, ApiVersion::NEWEST).is_ok());
        let words: String = (0..1_600).map(|n| format!("{joint}{n}")).collect();
        let long = format!("FIND {{acme{words}}}");
        assert!(answers(&org, &long, ApiVersion::NEWEST).is_ok(), "{joint}");
    }
}

#[test]
fn a_search_sees_what_its_transaction_has_written() {
    let org = org();
    let (asked, scope) = (Arc::clone(&org), scope(&org, ApiVersion::NEWEST));
    org.store
        .run_now(move |db| {
            db.execute_batch("BEGIN; UPDATE \"Account\" SET \"Name\" = 'Globex'")?;
            let within = run(db, &asked.schema, &asked.schema, "FIND {globex}", &scope)?;
            db.execute_batch("ROLLBACK")?;
            let after = run(db, &asked.schema, &asked.schema, "FIND {globex}", &scope)?;
            assert!(!within.records.is_empty() && after.records.is_empty());
            Ok(())
        })
        .unwrap();
}
