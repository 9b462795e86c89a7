use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::local::StartError;
use crate::record::row::Row;
use crate::settings::Settings;

/// An org with these records, from a seed file.
fn seeded(records: &Value) -> Result<Arc<Org>, StartError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seed.json");
    std::fs::write(&file, json!({ "records": records }).to_string()).unwrap();
    Org::new(Settings {
        seed_file: Some(file),
        ..Settings::default()
    })
}

/// The text of a field of a record.
fn text(org: &Arc<Org>, object: &'static str, id: &'static str, field: &'static str) -> String {
    let held = Arc::clone(org);
    let read = org.store.run_now(move |db| {
        let object = held.schema.object(object).unwrap();
        let row = Row::load(db, object, id.parse().unwrap())?.unwrap();
        Ok(row.text(field).unwrap_or_default().to_owned())
    });
    read.unwrap()
}

#[test]
fn records_refer_to_each_other_whatever_their_order() {
    let org = seeded(&json!([
        {"attributes": {"type": "Contact"}, "LastName": "Doe", "AccountId": "@acme"},
        {"attributes": {"type": "Account", "referenceId": "acme"}, "Name": "@home"},
        {"attributes": {"type": "Contact"}, "Id": "003000000000001", "LastName": "Roe",
         "CreatedDate": "2020-01-01T00:00:00Z"},
    ]))
    .unwrap();
    let account = text(&org, "Contact", "003Lo0000000001", "AccountId");
    assert_eq!(account, "001Lo0000000001IAA");
    // Only references are looked up.
    assert_eq!(text(&org, "Account", "001Lo0000000001", "Name"), "@home");
    assert_eq!(text(&org, "Contact", "003000000000001", "Name"), "Roe");
}

#[test]
fn a_mistake_keeps_the_org_from_starting_and_says_where_it_is() {
    for (record, expected) in [
        (
            json!({"attributes": {"type": "Nothing__c"}}),
            "record 1 of the seed: attributes.type names no object of the org",
        ),
        (
            json!({"attributes": {"type": "Contact"}}),
            "record 1 of the seed: Required fields are missing: [LastName]",
        ),
        (
            json!({"attributes": {"type": "Contact"}, "LastName": "x", "AccountId": "@y"}),
            "record 1 of the seed: AccountId: no record has the referenceId y",
        ),
        (
            json!({"attributes": {"type": "Contact"}, "LastName": "x", "AccountId": "001Lo0000000009"}),
            "record 1 of the seed: invalid cross reference id",
        ),
        (
            json!({"attributes": {"type": "Contact"}, "Id": "x", "LastName": "x"}),
            "record 1 of the seed: the Id is malformed",
        ),
        (
            json!("x"),
            "record 1 of the seed: attributes.type names no object of the org",
        ),
    ] {
        assert_eq!(seeded(&json!([record])).unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_panic_in_a_job_leaves_the_store_usable() {
    let org = Org::new(Settings::default()).unwrap();
    let failed = org.store.run_now(|db| -> Result<(), ApiError> {
        db.execute_batch("BEGIN; DELETE FROM \"User\"")?;
        panic!("on purpose");
    });
    assert!(failed.is_err());
    assert!(!text(&org, "User", "005Lo0000000001", "Username").is_empty());
}
