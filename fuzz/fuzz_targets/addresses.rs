#![no_main]
//! Org URLs, ids, versions and dates are read or refused, and what was read
//! prints as something that reads the same.

use ferroforce::{ApiVersion, Date, DateTime, OrgUrl, RecordId, Time};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(url) = text.parse::<OrgUrl>() {
        let again: OrgUrl = url.origin().parse().expect("an origin is an org URL");
        assert_eq!(again, url);
    }
    if let Ok(id) = text.parse::<RecordId>() {
        assert_eq!(id.to_string().parse::<RecordId>().ok(), Some(id));
    }
    let _ = text.parse::<ApiVersion>();
    let _ = (text.parse::<Date>(), text.parse::<DateTime>(), text.parse::<Time>());
});
