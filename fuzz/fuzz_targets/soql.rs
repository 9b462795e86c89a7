#![no_main]
//! Any text is parsed or refused, an error can be shown, and what is printed
//! reads as the same query.

use ferroforce_soql::{Dialect, parse, parse_search, parse_with};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match parse(text) {
        Ok(query) => {
            let printed = query.to_string();
            let again = parse(&printed).expect("what was printed can be parsed");
            assert_eq!(again.to_string(), printed);
        }
        Err(error) => drop(error.to_string()),
    }
    let _ = parse_with(text, Dialect::Apex);
    if let Err(error) = parse_search(text) {
        drop(error.to_string());
    }
});
