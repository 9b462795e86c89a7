use ferroforce::{ErrorKind, Record};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use super::start;

/// What has ever broken an address, among anything else that can be typed.
fn key() -> impl Strategy<Value = String> {
    let nasty = select(vec![
        "/", "%", "%2F", "%2e", "..", ".", "?", "#", "&", "+", " ", "\t", "\u{a0}", "'", "\"",
        "\\", "😀", "é", "\u{301}", ";", ":", "=", "@", "|", "<", "[", "{", "~", ".json", "0", "a",
        "Z",
    ]);
    let any = any::<char>().prop_filter("is no control character", |c| !c.is_control());
    let piece = prop_oneof![3 => nasty.prop_map(str::to_owned), 1 => any.prop_map(String::from)];
    let anything = vec(piece, 0..6).prop_map(|pieces| pieces.concat());
    prop_oneof![9 => anything, 1 => "[ \t\u{a0}]{1,3}"]
}

/// Any value reaches its own record, or is refused before anything is sent: a blank one
/// would find nothing and so create a record each time.
#[test]
fn any_external_id_reaches_its_record_or_is_refused() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (org, salesforce) = runtime.block_on(start());
    let contacts = salesforce.sobject("Contact");
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 150,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(&key(), |key| {
            runtime.block_on(async {
                org.clear_requests();
                let by_key = contacts.external_id("External_Id__c", &key);
                let first = by_key.upsert(&json!({"LastName": "L"})).await;
                if key.trim().is_empty() || matches!(key.as_str(), "." | "..") {
                    let error = first.unwrap_err();
                    prop_assert_eq!(error.kind(), ErrorKind::InvalidInput);
                    prop_assert!(org.requests().is_empty());
                    return Ok(());
                }
                let id = first
                    .map_err(|error| TestCaseError::fail(error.to_string()))?
                    .id;
                let found: Record = by_key.get_fields(["External_Id__c"]).await.unwrap();
                prop_assert_eq!(found.id(), id);
                prop_assert_eq!(found.get::<String>("External_Id__c").unwrap(), key.trim());
                // White space around a value does not make it another.
                if !matches!(key.trim(), "." | "..") {
                    let again = contacts.external_id("External_Id__c", key.trim());
                    let again = again.upsert(&json!({"LastName": "M"})).await.unwrap();
                    prop_assert_eq!((again.id, again.created), (id, false));
                }
                by_key.delete().await.unwrap();
                let left = contacts.get::<Record>(id.unwrap()).await;
                prop_assert!(left.is_err_and(|error| error.is_not_found()));
                Ok(())
            })
        })
        .unwrap();
}
