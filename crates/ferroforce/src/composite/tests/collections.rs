use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::*;

fn ok(id: &str) -> Value {
    json!({"id": id, "success": true, "errors": []})
}

fn row_error(code: &str, message: &str) -> Value {
    json!({"success": false, "errors": [{"statusCode": code, "message": message, "fields": []}]})
}

fn rows(rows: &[Value]) -> Reply {
    Reply::json(200, &Value::from(rows).to_string())
}

#[tokio::test(start_paused = true)]
async fn each_collection_sends_what_it_should() {
    let script = Script::new(|sent, _| match (&sent.method, sent.uri.path()) {
        (&Method::POST, path) if path.ends_with("/Account") => {
            rows(&[json!({"Id": OTHER, "Name": "Acme"}), Value::Null])
        }
        _ => rows(&[ok(OTHER), ok(ID)]),
    });
    let salesforce = salesforce(&script);
    let collections = salesforce.collections();

    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Account {
        name: &'static str,
    }
    let accounts = [Account { name: "Acme" }, Account { name: "Umbrella" }];
    let created = collections.create("Account", &accounts).await.unwrap();
    assert_eq!(created[1].as_ref().unwrap().id.as_str(), ID);

    // What says which record it is stands in one place.
    let record = json!({"attributes": {"type": "X", "url": "y"}, "Id": "z", "Name": "n"});
    let fields = [(OTHER, &record), ("003000000000001", &record)];
    let updated = salesforce
        .collections()
        .all_or_none(true)
        .update("Account", fields);
    updated.await.unwrap().all_succeeded().unwrap();

    let keyed = [json!({"E__c": "1"}), json!({})];
    let upserted = collections.upsert("Account", "E__c", &keyed).await.unwrap();
    assert!(!upserted[0].as_ref().unwrap().created);

    collections.delete([OTHER, ID]).await.unwrap();

    let read = collections
        .retrieve::<BTreeMap<String, String>>("Account", [OTHER, ID], ["Id", "Name"])
        .await
        .unwrap()
        .all_succeeded()
        .unwrap();
    assert_eq!(read[0].as_ref().unwrap()["Name"], "Acme");
    assert!(read[1].is_none());

    let mixed = [
        ("Account", json!({})),
        ("Contact", json!({"LastName": "L"})),
    ];
    collections.create_mixed(mixed).await.unwrap();

    let account = json!({"type": "Account"});
    let bodies = [
        json!({"allOrNone": false, "records": [
            {"attributes": account, "Name": "Acme"}, {"attributes": account, "Name": "Umbrella"}]}),
        json!({"allOrNone": true, "records": [
            {"attributes": account, "id": OTHER, "Name": "n"},
            {"attributes": account, "id": ID, "Name": "n"}]}),
        json!({"allOrNone": false, "records": [
            {"attributes": account, "E__c": "1"}, {"attributes": account}]}),
        Value::Null,
        json!({"ids": [OTHER, ID], "fields": ["Id", "Name"]}),
        json!({"allOrNone": false, "records": [
            {"attributes": account}, {"attributes": {"type": "Contact"}, "LastName": "L"}]}),
    ];
    for (sent, body) in script.sent().iter().zip(bodies) {
        let found: Value = serde_json::from_slice(&sent.body).unwrap_or_default();
        assert_eq!(found, body);
    }
    let addresses: Vec<String> = script
        .sent()
        .iter()
        .map(|sent| {
            let path = sent.uri.path_and_query().unwrap().as_str();
            format!(
                "{} {}",
                sent.method,
                path.replace("/services/data/v66.0", "")
            )
        })
        .collect();
    assert_eq!(
        addresses,
        [
            "POST /composite/sobjects",
            "PATCH /composite/sobjects",
            "PATCH /composite/sobjects/Account/E__c",
            &format!("DELETE /composite/sobjects?ids={OTHER}%2C{ID}&allOrNone=false"),
            "POST /composite/sobjects/Account",
            "POST /composite/sobjects",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn each_row_has_its_own_outcome() {
    let script = Script::replies([rows(&[
        ok(OTHER),
        row_error(
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [Name]",
        ),
    ])]);
    let records = [json!({}), json!({})];
    let results = salesforce(&script)
        .collections()
        .create("Account", &records)
        .await
        .unwrap();
    assert!(results[0].is_ok());
    let error = results[1].as_ref().unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::RequiredFieldMissing));
    assert_eq!(
        error.context().unwrap().path_template,
        "/composite/sobjects"
    );
    assert!(!error.may_have_been_processed());
    assert_eq!(results.errors().count(), 1);
    assert!(results.all_succeeded().is_err());
}

#[tokio::test(start_paused = true)]
async fn rows_that_were_undone_say_by_which() {
    let undone = "Record rolled back because not all records were valid and the request was using \
                  AllOrNone header";
    let script = Script::replies([rows(&[
        row_error("ALL_OR_NONE_OPERATION_ROLLED_BACK", undone),
        row_error("STRING_TOO_LONG", "x"),
    ])]);
    let collections = salesforce(&script).collections().all_or_none(true);
    let results = collections.delete([OTHER, ID]).await.unwrap();
    let error = results[0].as_ref().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RolledBack);
    let cause = error.rolled_back_by().unwrap();
    assert_eq!(cause.code().unwrap().as_str(), "STRING_TOO_LONG");
    assert!(error.to_string().contains("record 1"), "{error}");
    let first = results.first_error().unwrap();
    assert_eq!(first.code().unwrap().as_str(), "STRING_TOO_LONG");
}

#[tokio::test(start_paused = true)]
async fn collections_are_checked_before_they_are_sent() {
    let script = Script::replies([rows(&[])]);
    let salesforce = salesforce(&script);
    let collections = salesforce.collections();
    let many = |count: usize| (0..count).map(|n| json!({"Name": n}));
    let turns = (0..11).map(|n| (if n % 2 == 0 { "Account" } else { "Contact" }, json!({})));
    let ids = (0..2_001).map(|n| format!("001{n:012}"));
    for (error, words) in [
        (
            collections.create("A", many(201)).await.err(),
            "201 records",
        ),
        (collections.create("A", many(0)).await.err(), "no record"),
        (collections.create_mixed(turns).await.err(), "11 runs"),
        (
            collections.create("A", [json!({}), json!([])]).await.err(),
            "record 1: ",
        ),
        (
            collections.update("A", [("x", json!({}))]).await.err(),
            "record 0: ",
        ),
        (collections.delete(["x"]).await.err(), "record 0: "),
        (
            collections.retrieve::<Value>("A", ids, ["Id"]).await.err(),
            "2001 ids",
        ),
    ] {
        let error = error.unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(words), "{words} in {error}");
    }
    assert_eq!(script.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn missing_rows_are_an_error() {
    let script = Script::replies([rows(&[ok(OTHER)])]);
    let collections = salesforce(&script).collections();
    let error = collections.delete([OTHER, ID]).await.unwrap_err();
    assert!(error.may_have_been_processed());
    assert!(error.to_string().contains("1 results for 2"), "{error}");
    let ids = [OTHER, ID];
    let read = collections.retrieve::<Value>("Account", ids, ["Id"]);
    assert_eq!(read.await.unwrap_err().kind(), ErrorKind::Decode);
}

#[tokio::test(start_paused = true)]
async fn what_may_be_sent_twice() {
    let attempts = async |call: &str| {
        let script = Script::replies([Reply::html(503), rows(&[ok(OTHER)])]);
        let collections = salesforce(&script).collections();
        let done = match call {
            "create" => collections.create("A", [json!({})]).await.is_ok(),
            "update" => collections.update("A", [(OTHER, json!({}))]).await.is_ok(),
            "keyed" => collections
                .upsert("A", "E__c", [json!({"e__C": "1"})])
                .await
                .is_ok_and(|rows| rows[0].as_ref().unwrap().repeated),
            "unkeyed" => collections.upsert("A", "E__c", [json!({})]).await.is_ok(),
            "null" => {
                let rows = [json!({"E__c": null})];
                collections.upsert("A", "E__c", rows).await.is_ok()
            }
            "blank" => {
                let rows = [json!({"E__c": " \t"})];
                collections.upsert("A", "E__c", rows).await.is_ok()
            }
            "twice" => {
                let row = serde_json::from_str::<Box<RawValue>>(r#"{"E__c":"1","e__c":null}"#);
                collections.upsert("A", "E__c", row).await.is_ok()
            }
            _ => collections.delete([OTHER]).await.is_ok(),
        };
        (done, script.count())
    };
    for call in ["update", "keyed", "delete"] {
        assert_eq!(attempts(call).await, (true, 2), "{call}");
    }
    for call in ["create", "unkeyed", "null", "blank", "twice"] {
        assert_eq!(attempts(call).await, (false, 1), "{call}");
    }

    let gone = row_error("ENTITY_IS_DELETED", "entity is deleted");
    let script = Script::replies([Reply::html(503), rows(std::slice::from_ref(&gone))]);
    let results = salesforce(&script).collections().delete([OTHER]).await;
    assert!(results.unwrap()[0].is_ok());
    let script = Script::replies([rows(&[gone])]);
    let results = salesforce(&script).collections().delete([OTHER]).await;
    assert!(results.unwrap()[0].is_err());
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_met_a_lock_is_repeated() {
    let locked = row_error("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access");
    let script = Script::replies([rows(&[locked]), rows(&[ok(OTHER)])]);
    let collections = salesforce(&script).collections();
    let once = collections.create("A", [json!({})]).await.unwrap();
    assert!(once[0].as_ref().unwrap_err().is_row_lock());

    let locked = row_error("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access");
    let script = Script::replies([rows(&[locked]), rows(&[ok(OTHER)])]);
    let collections = salesforce(&script).collections().all_or_none(true);
    let twice = collections.create("A", [json!({})]).await.unwrap();
    assert!(twice[0].is_ok());
    assert_eq!(script.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn collections_are_requests_of_a_composite() {
    let script = Script::replies([answer([
        created("r0", OTHER),
        part("r1", 200, &json!([ok(ID), row_error("X", "y")])),
    ])]);
    let salesforce = salesforce(&script);
    let mut composite = salesforce.composite();
    let account = composite.create("Account", &json!({}));
    let contacts = [0, 1].map(|_| json!({"LastName": "L", "AccountId": account.id()}));
    let contacts = composite.add(salesforce.collections().create("Contact", &contacts));
    let outcomes = composite.send().await.unwrap();
    let body = sent(&script, 0);
    let sent = &body["compositeRequest"][1];
    assert_eq!(sent["url"], "/services/data/v66.0/composite/sobjects");
    assert_eq!(sent["body"]["records"][1]["AccountId"], "@{r0.id}");
    let rows = outcomes.get(contacts).unwrap();
    assert_eq!(rows[0].as_ref().unwrap().id.as_str(), ID);
    assert!(rows[1].is_err());
}
