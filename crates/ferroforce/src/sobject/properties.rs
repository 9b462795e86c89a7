//! What holds for any record and any key.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::runtime::Builder;

use crate::client::Salesforce;
use crate::error::ErrorKind;
use crate::script::{Counting, Reply, Script, client};
use crate::types::Record;

const ID: &str = "003000000000001AAA";

/// An org that keeps one record and gives it back as it got it.
fn keeping() -> (Script, Salesforce) {
    let kept = Arc::new(Mutex::new(Bytes::new()));
    let script = Script::new(move |sent, _| {
        if sent.method == http::Method::GET {
            let kept = kept.lock().unwrap().to_vec();
            return Reply::json(200, &String::from_utf8(kept).unwrap());
        }
        *kept.lock().unwrap() = sent.body.clone();
        Reply::json(
            201,
            &json!({"id": ID, "success": true, "errors": []}).to_string(),
        )
    });
    let salesforce = client(Counting::tokens(), &script);
    (script, salesforce)
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("is finite", |number| number.is_finite())
            .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn record() -> impl Strategy<Value = Value> {
    btree_map("[A-Za-z][A-Za-z0-9_]{0,9}", value(), 0..8)
        .prop_map(|map| Value::Object(map.into_iter().collect()))
}

/// A decimal that no float holds.
fn digits() -> impl Strategy<Value = String> {
    "-?[1-9][0-9]{0,30}(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?"
}

/// On paused time: the sign-in takes some.
fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_record_comes_back_as_it_was_sent(record in record()) {
        run(async {
            // As texts: `serde_json` reads the last bit of some floats otherwise.
            let (script, salesforce) = keeping();
            let rows = salesforce.sobject("Any__c");
            let by_key = rows.external_id("Not_In_It__c", "1");
            let text = record.to_string();
            rows.create(&record).await.unwrap();
            prop_assert_eq!(&script.sent()[0].body[..], text.as_bytes());
            let read: Record = rows.get(ID).await.unwrap();
            rows.update(ID, &read).await.unwrap();
            let again: Box<RawValue> = rows.get(ID).await.unwrap();
            prop_assert_eq!(again.get(), &text);
            by_key.upsert(&record).await.unwrap();
            let again: Box<RawValue> = by_key.get().await.unwrap();
            prop_assert_eq!(again.get(), &text);
            Ok(())
        })?;
    }

    /// A record that was read and is written again keeps every digit, also where its
    /// key is taken out.
    #[test]
    fn no_digit_of_a_number_is_lost(number in digits()) {
        run(async {
            let (script, salesforce) = keeping();
            let rows = salesforce.sobject("Any__c");
            let text = format!(r#"{{"Key__c":"1","Amount__c":{number}}}"#);
            let record: Record = serde_json::from_str(&text).unwrap();
            rows.create(&record).await.unwrap();
            let read: Record = rows.get(ID).await.unwrap();
            prop_assert_eq!(read.json("Amount__c"), Some(number.as_str()));
            rows.external_id("Key__c", "1").upsert(&read).await.unwrap();
            let expected = format!(r#"{{"Amount__c":{number}}}"#);
            prop_assert_eq!(&script.sent()[2].body[..], expected.as_bytes());
            Ok(())
        })?;
    }

    #[test]
    fn any_external_id_is_one_segment_of_the_address(value in prop_oneof![any::<String>(), "[./%?#&+ '\"\\\\]{0,4}", "[ \t\u{a0}.]{0,3}"]) {
        run(async {
            let (script, salesforce) = keeping();
            let by_key = salesforce.sobject("Any__c").external_id("Key__c", &value);
            let outcome = by_key.upsert(&json!({})).await;
            if value.trim().is_empty() || matches!(value.as_str(), "." | "..") {
                prop_assert_eq!(outcome.unwrap_err().kind(), ErrorKind::InvalidInput);
                prop_assert_eq!(script.count(), 0);
                return Ok(());
            }
            outcome.unwrap();
            let sent = &script.sent()[0];
            prop_assert_eq!(sent.uri.query(), None);
            let path = sent.uri.path();
            let last = path.strip_prefix("/services/data/v66.0/sobjects/Any__c/Key__c/").unwrap();
            prop_assert!(!last.contains('/'));
            prop_assert_eq!(percent_decode_str(last).decode_utf8().unwrap(), value.as_str());
            // No transport takes it for a step up or away.
            let url = url::Url::parse(&sent.uri.to_string()).unwrap();
            prop_assert_eq!(url.path(), path);
            Ok(())
        })?;
    }
}
