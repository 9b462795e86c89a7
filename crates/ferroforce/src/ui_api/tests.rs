use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::*;
use crate::script::{Counting, Reply, Script, client};
use crate::transport::TransportErrorKind;

const ID: &str = "001Pc00000LuBMUIA3";

fn account() -> String {
    json!({
        "apiName": "Account", "id": ID, "eTag": "5a", "childRelationships": {},
        "fields": {
            "Name": {"displayValue": null, "value": "Acme"},
            "AnnualRevenue": {"displayValue": "$1.50", "value": 1.50},
            "Industry": {"displayValue": null, "value": null},
        },
        "lastModifiedDate": "2026-01-01T00:00:00.000Z", "recordTypeId": null,
    })
    .to_string()
}

fn records(script: &Script) -> UiRecords {
    client(Counting::tokens(), script).ui_records()
}

#[tokio::test(start_paused = true)]
async fn a_create_is_repeated_under_the_same_key() {
    let script = Script::replies([
        Reply::Fail(TransportErrorKind::Interrupted),
        Reply::html(503),
        Reply::json(201, &account()),
    ]);
    let fields = json!({"Name": "Acme"});
    let record = records(&script).create("Account", &fields).await.unwrap();
    assert_eq!(record.id.as_str(), ID);
    assert_eq!(record.value::<String>("Name").unwrap(), "Acme");
    assert_eq!(record.value::<Option<String>>("Industry").unwrap(), None);
    assert_eq!(
        record.display_value("AnnualRevenue").unwrap().as_deref(),
        Some("$1.50")
    );
    assert!(record.value::<String>("Phone").is_err());
    let sent = script.sent();
    assert_eq!(sent.len(), 3);
    let key = &sent[0].headers["idempotency-key"];
    assert!(key.to_str().unwrap().parse::<IdempotencyKey>().is_ok());
    for sent in &sent {
        assert_eq!(sent.headers["idempotency-key"], *key);
        let body: Value = serde_json::from_slice(&sent.body).unwrap();
        assert_eq!(body, json!({"apiName": "Account", "fields": fields}));
    }
}

#[tokio::test(start_paused = true)]
async fn each_create_has_a_key_of_its_own_unless_one_is_given() {
    let script = Script::replies([Reply::json(201, &account())]);
    let records = records(&script);
    records.create("Account", &json!({})).await.unwrap();
    records.create("Account", &json!({})).await.unwrap();
    let key = IdempotencyKey::generate();
    for _ in 0..2 {
        let create = records.create_with_key("Account", &json!({}), &key);
        create.await.unwrap();
    }
    let keys: Vec<_> = script
        .sent()
        .iter()
        .map(|sent| sent.headers["idempotency-key"].clone())
        .collect();
    assert_ne!(keys[0], keys[1]);
    assert_eq!(keys[2], keys[3]);
    assert_eq!(keys[2], key.as_str());
}

/// What was cut off may go on at Salesforce, which then refuses the one sent after it.
#[tokio::test(start_paused = true)]
async fn a_create_that_meets_itself_waits_as_long_as_it_is_told_to() {
    let under_way = || Reply::error(409, "IDEMPOTENCY", "no").header("retry-after", "7");
    let script = Script::replies([
        Reply::Fail(TransportErrorKind::Interrupted),
        under_way(),
        Reply::json(201, &account()),
    ]);
    let started = Instant::now();
    let create = records(&script).create("Account", &json!({}));
    assert_eq!(create.await.unwrap().id.as_str(), ID);
    assert_eq!(script.count(), 3);
    assert!(started.elapsed() >= Duration::from_secs(7));

    let script = Script::replies([under_way()]);
    let create = records(&script).create("Account", &json!({}));
    let error = create.await.unwrap_err();
    assert_eq!(script.count(), 4, "as often as the policy allows");
    assert_eq!(error.status().unwrap().as_u16(), 409);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    assert!(error.is_retryable());
    let key = &script.sent()[0].headers["idempotency-key"];
    let says = format!("the idempotency key {} is still", key.to_str().unwrap());
    assert!(error.to_string().contains(&says), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_was_used_otherwise_is_explained() {
    let script = Script::replies([Reply::error(422, "IDEMPOTENCY", "no")]);
    let create = records(&script).create("Account", &json!({}));
    let error = create.await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 422);
    let says = "used for something else";
    assert!(error.to_string().contains(says), "{error}");
    assert_eq!(script.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn records_are_read_written_and_deleted() {
    let script = Script::new(|sent, _| match sent.method.as_str() {
        "DELETE" => Reply::json(204, ""),
        _ => Reply::json(200, &account()),
    });
    let records = records(&script);
    let read = records.get(ID, ["Account.Name", "Account.Industry"]).await;
    assert_eq!(read.unwrap().api_name, "Account");
    records.update(ID, &json!({"Name": "B"})).await.unwrap();
    records.delete(ID).await.unwrap();
    let sent = script.sent();
    assert_eq!(
        sent[0].uri.path_and_query().unwrap().as_str(),
        format!("/services/data/v66.0/ui-api/records/{ID}?fields=Account.Name%2CAccount.Industry")
    );
    assert_eq!(sent[1].body, r#"{"fields":{"Name":"B"}}"#);
    assert!(records.delete("x").await.unwrap_err().is_before_send());
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_was_repeated_finds_nothing_and_is_done() {
    let gone = || Reply::error(404, "NOT_FOUND", "no");
    let script = Script::replies([Reply::html(503), gone()]);
    records(&script).delete(ID).await.unwrap();
    assert_eq!(script.count(), 2);
    let error = records(&Script::replies([gone()])).delete(ID).await;
    assert!(error.unwrap_err().is_not_found());
}
