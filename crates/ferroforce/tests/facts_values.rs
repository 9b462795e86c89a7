//! Values against what Salesforce really sent.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use ferroforce::{Date, DateTime, Record, RecordId};

fn fixtures() -> PathBuf {
    let facts = std::env::var_os("FERROFORCE_FACTS")
        .expect("FERROFORCE_FACTS must name the folder of recorded facts");
    Path::new(&facts).join("fixtures")
}

fn read_all(folder: &Path, texts: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read_all(&path, texts);
        } else if let Ok(text) = fs::read_to_string(&path) {
            texts.push(text);
        }
    }
}

/// Words that are as long as an id, begin with one of the usual key prefixes, and end in
/// characters that a checksum can have. Some are placeholders that somebody put in by hand.
#[test]
#[ignore = "needs FERROFORCE_FACTS"]
fn facts_recorded_ids_have_the_checksum_that_is_computed() {
    let mut texts = Vec::new();
    read_all(&fixtures(), &mut texts);
    let words: BTreeSet<&str> = texts
        .iter()
        .flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric()))
        .filter(|word| word.len() == 18 && (word.starts_with("00") || word.starts_with("01")))
        .filter(|word| {
            word[15..]
                .bytes()
                .all(|c| matches!(c, b'A'..=b'Z' | b'0'..=b'5'))
        })
        .collect();
    let (ids, others): (Vec<_>, Vec<_>) = words
        .into_iter()
        .partition(|word| word.parse::<RecordId>().is_ok());
    assert!(ids.len() > 100, "{} ids", ids.len());
    assert!(others.len() < 10, "{others:?}");
    for id in ids {
        let short: RecordId = id[..15].parse().unwrap();
        assert_eq!(short.as_str(), id);
    }
}

#[derive(serde::Deserialize)]
struct Page {
    records: Vec<Record>,
}

fn page(path: &str) -> Page {
    let text = fs::read_to_string(fixtures().join(path)).expect("a file");
    serde_json::from_str(&text).expect("a page")
}

#[test]
#[ignore = "needs FERROFORCE_FACTS"]
fn facts_recorded_rows_are_read() {
    let record = &page("rest/restforce/query_success_response.json").records[0];
    assert_eq!(record.object(), Some("Whizbang"));
    assert_eq!(
        record.get::<Date>("Date_Label").unwrap().to_string(),
        "2010-01-01"
    );
    assert_eq!(
        record
            .get::<DateTime>("DateTime_Label")
            .unwrap()
            .to_string(),
        "2011-07-07T00:37:00.000+0000"
    );
    assert!(record.get::<String>("ParentWhizbang__r.Name").is_ok());
    assert_eq!(record.get::<Page>("Whizbangs__r").unwrap().records.len(), 1);

    let groups = page("rest/restforce/query_aggregate_success_response.json").records;
    assert_eq!(groups.len(), 3);
    assert!(
        groups
            .iter()
            .all(|group| group.object() == Some("AggregateResult"))
    );
    assert_eq!(groups[0].json("expr0"), Some("300.0"));
    assert_eq!(
        groups[2].get::<Option<RecordId>>("CampaignId").unwrap(),
        None
    );

    let text = fs::read_to_string(fixtures().join("rest/GET_sobjects_Organization_id.json"));
    let text = text.unwrap();
    let organization: Record = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&organization).unwrap(), text.trim());
    assert_eq!(
        organization.get::<Option<&str>>("Address.country").unwrap(),
        Some("US")
    );
}
