#![no_main]
//! A dynamic record holds what `serde_json` would read, whatever is asked of it.

use ferroforce::Record;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|text: &str| {
    let Ok(record) = serde_json::from_str::<Record>(text) else {
        return;
    };
    for field in &record {
        let _ = record.json(field.name());
        let _ = field.get::<Value>();
    }
    let _ = (record.object(), record.url(), record.id());
    let _ = record.get::<Value>("a.b.c");
    let again = serde_json::to_string(&record).expect("a record can be written");
    serde_json::from_str::<Record>(&again).expect("what was written can be read");
});
