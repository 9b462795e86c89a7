use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

const KNOWN: [&str; 5] = [
    "001Pc00000LuBMUIA3",
    "003P000001avB5GIAU",
    "01g4C00000trDSYQA2",
    "000000000000000AAA",
    "00DU0000000KwchMAC",
];

fn error(text: &str) -> String {
    text.parse::<RecordId>().unwrap_err().to_string()
}

#[test]
fn both_forms_are_one_id() {
    for long in KNOWN {
        let from_long: RecordId = long.parse().unwrap();
        let from_short: RecordId = long[..15].parse().unwrap();
        assert_eq!(from_long, from_short);
        assert_eq!(from_short.to_string(), long);
        assert_eq!(from_short.as_str(), long);
        assert_eq!(from_short.short(), &long[..15]);
        assert_eq!(from_short.key_prefix(), &long[..3]);
        assert_eq!(HashSet::from([from_long, from_short]).len(), 1);
        assert_eq!(from_long.cmp(&from_short), std::cmp::Ordering::Equal);
    }
}

#[test]
fn letter_case_tells_ids_apart() {
    let a: RecordId = "001Pc00000LuBMU".parse().unwrap();
    let b: RecordId = "001Pc00000LuBMu".parse().unwrap();
    assert_ne!(a, b);
}

#[test]
fn errors_say_what_is_wrong() {
    for (text, part) in [
        ("", "it has 0 characters"),
        ("001", "it has 3 characters"),
        ("001Pc00000LuBMUI", "it has 16 characters"),
        ("001Pc00000LuBMUIA3X", "it has 19 characters"),
        ("001Pc00000LuBM-", "it holds '-'"),
        ("001Pc00000LuBMU ", "it holds ' '"),
        ("001Pc00000LuBMÜ", "it holds 'Ü'"),
        ("001Pc00000LuBMU\u{0}", "it holds '\\0'"),
        (
            "001Pc00000LuBMUIA4",
            "its letter case was changed; by its last three characters it was 001Pc00000lUBMUIA4",
        ),
        (
            "001Pc00000LuBMUI96",
            "it ends in I96, and its checksum is IA3",
        ),
        ("001pc00000lubmuIA3", "it was 001Pc00000LuBMUIA3"),
        ("001PC00000LUBMUIA3", "it was 001Pc00000LuBMUIA3"),
        ("001pc00000lubmuia3", "it was 001Pc00000LuBMUIA3"),
        ("001Pc00000LuBMUia3", "it was 001Pc00000LuBMUIA3"),
    ] {
        let error = error(text);
        assert!(error.contains(part), "{text}: {error}");
    }
    assert!(error(&"a".repeat(1_000_000)).len() < 300);
}

#[test]
fn serde_reads_both_forms_and_writes_the_long_one() {
    let id: RecordId = serde_json::from_str("\"001Pc00000LuBMU\"").unwrap();
    assert_eq!(
        serde_json::to_string(&id).unwrap(),
        "\"001Pc00000LuBMUIA3\""
    );
    assert!(serde_json::from_str::<RecordId>("\"nope\"").is_err());
    assert!(serde_json::from_str::<RecordId>("15").is_err());
    assert_eq!(format!("{id:?}"), "RecordId(001Pc00000LuBMUIA3)");
}

proptest! {
    #[test]
    fn anything_is_read_or_refused(text in ".{0,40}") {
        let _ = text.parse::<RecordId>();
    }

    #[test]
    fn the_long_form_reads_back(short in "[0-9a-zA-Z]{15}") {
        let id: RecordId = short.parse().unwrap();
        prop_assert_eq!(id.short(), &short);
        prop_assert_eq!(id.as_str().parse::<RecordId>().unwrap(), id);
    }

    /// The checksum finds every change of letter case, which is what it is for.
    #[test]
    fn changed_letter_case_is_found(short in "[0-9a-zA-Z]{15}") {
        let id: RecordId = short.parse().unwrap();
        let lower = id.as_str().to_ascii_lowercase();
        let told = format!("it was {id}");
        prop_assert!(lower == id.as_str() || error(&lower).contains(&told));
    }
}
