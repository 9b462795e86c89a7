mod collections;
mod graphs;
mod streams;
mod trees;

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::*;
use crate::client::{ApiVersion, Salesforce};
use crate::error::{Error, ErrorCode, ErrorKind};
use crate::events::Event;
use crate::script::{Counting, Reply, Script, builder, client};
use crate::transport::TransportErrorKind;
use crate::types::Record;

const ID: &str = "003000000000001AAA";
const OTHER: &str = "001000000000001AAA";

fn salesforce(script: &Script) -> Salesforce {
    client(Counting::tokens(), script)
}

fn part(name: &str, status: u16, body: &Value) -> Value {
    json!({"body": body, "httpHeaders": {}, "httpStatusCode": status, "referenceId": name})
}

fn answer(parts: impl IntoIterator<Item = Value>) -> Reply {
    let parts: Vec<Value> = parts.into_iter().collect();
    Reply::json(200, &json!({"compositeResponse": parts}).to_string())
}

fn created(name: &str, id: &str) -> Value {
    part(name, 201, &json!({"id": id, "success": true, "errors": []}))
}

fn failed(name: &str, code: &str, message: &str) -> Value {
    part(name, 400, &json!([{"errorCode": code, "message": message}]))
}

const UNDONE: &str = "The transaction was rolled back since another operation in the same \
                      transaction failed.";

/// What was sent, as JSON.
fn sent(script: &Script, number: usize) -> Value {
    serde_json::from_slice(&script.sent()[number].body).unwrap()
}

fn refused(result: crate::Result<Outcomes>, words: &[&str]) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "{word} in {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn references_stand_in_bodies_and_addresses() {
    let script = Script::new(|_, _| {
        answer([
            created("r0", OTHER),
            created("con", ID),
            part("r2", 200, &json!({"Id": ID, "AccountId": OTHER})),
            part("r3", 204, &Value::Null),
            part(
                "r4",
                200,
                &json!({"totalSize": 1, "done": true, "records": [{"Id": ID}]}),
            ),
            part("r5", 200, &json!({"id": ID, "created": false})),
        ])
    });
    let salesforce = salesforce(&script);
    let contacts = salesforce.sobject("Contact");
    let mut composite = salesforce.composite().all_or_none(true).collate(false);
    let account = composite.create("Account", &json!({"Name": "Acme"}));
    let contact = composite.add_as(
        "con",
        contacts
            .create(&json!({"LastName": "Doe", "AccountId": account.id()}))
            .header("Sforce-Auto-Assign", "FALSE"),
    );
    let read = composite.get_fields::<Record>("Contact", contact.id(), ["Id", "AccountId"]);
    let updated = composite.update(
        "Account",
        read.field("AccountId"),
        &json!({"Site": format!("of {}", contact.id())}),
    );
    let found = composite.add(
        salesforce
            .query("SELECT Id FROM Contact WHERE AccountId = :account")
            .bind("account", account.id())
            .page::<Record>(),
    );
    let upserted = composite.upsert(
        "Contact",
        "External_Id__c",
        found.field("records[0].Id"),
        &json!({"Email": null}),
    );
    let outcomes = composite.send().await.unwrap();

    let version = "/services/data/v66.0";
    let query = "q=SELECT+Id+FROM+Contact+WHERE+AccountId+%3D+%27@{r0.id}%27";
    assert_eq!(
        sent(&script, 0),
        json!({"allOrNone": true, "collateSubrequests": false, "compositeRequest": [
            {"method": "POST", "url": format!("{version}/sobjects/Account"), "referenceId": "r0",
             "body": {"Name": "Acme"}},
            {"method": "POST", "url": format!("{version}/sobjects/Contact"), "referenceId": "con",
             "body": {"LastName": "Doe", "AccountId": "@{r0.id}"},
             "httpHeaders": {"sforce-auto-assign": "FALSE"}},
            {"method": "GET", "referenceId": "r2",
             "url": format!("{version}/sobjects/Contact/@{{con.id}}?fields=Id%2CAccountId")},
            {"method": "PATCH", "referenceId": "r3",
             "url": format!("{version}/sobjects/Account/@{{r2.AccountId}}"),
             "body": {"Site": "of @{con.id}"}},
            {"method": "GET", "referenceId": "r4", "url": format!("{version}/query?{query}")},
            {"method": "PATCH", "referenceId": "r5", "body": {"Email": null},
             "url": format!("{version}/sobjects/Contact/External_Id__c/@{{r4.records[0].Id}}")},
        ]})
    );
    assert_eq!(outcomes.get(account).unwrap().id.as_str(), OTHER);
    assert_eq!(outcomes.get(contact).unwrap().id.as_str(), ID);
    let record = outcomes.get(read).unwrap();
    assert_eq!(record.get::<String>("AccountId").unwrap(), OTHER);
    outcomes.get(updated).unwrap();
    assert_eq!(outcomes.get(found).unwrap().records.len(), 1);
    assert!(!outcomes.get(upserted).unwrap().created);
    assert_eq!(outcomes.errors().count(), 0);
    assert!(outcomes.all_succeeded().is_ok());
}

#[tokio::test(start_paused = true)]
async fn answers_are_put_to_their_requests_by_name() {
    let script = Script::replies([answer([created("r1", ID), created("r0", OTHER)])]);
    let mut composite = salesforce(&script).composite();
    let first = composite.create("Account", &json!({}));
    let second = composite.create("Contact", &json!({}));
    let outcomes = composite.send().await.unwrap();
    assert_eq!(outcomes.get(first).unwrap().id.as_str(), OTHER);
    assert_eq!(outcomes.get(second).unwrap().id.as_str(), ID);
}

#[tokio::test(start_paused = true)]
async fn data_that_looks_like_a_reference_is_refused() {
    let script = Script::replies([answer([])]);
    let salesforce = salesforce(&script);
    for (record, key) in [
        (json!({"Name": "@{r0.id}"}), "x"),
        (json!({"@{a}": 1}), "x"),
        (json!({"Name": "x"}), "@{r0.id}"),
    ] {
        let mut composite = salesforce.composite();
        composite.create("Account", &json!({}));
        composite.upsert("Account", "External_Id__c", key, &record);
        refused(
            composite.send().await,
            &["request 1 (r1, PATCH", "@{", "send that one alone"],
        );
    }
    assert_eq!(script.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn references_that_lead_nowhere_are_refused() {
    let script = Script::replies([answer([])]);
    let salesforce = salesforce(&script);
    let mut other = salesforce.composite();
    let foreign = other.create("Account", &json!({}));

    let mut composite = salesforce.composite();
    composite.create("Contact", &json!({"AccountId": foreign.id()}));
    refused(composite.send().await, &["request 0", "another composite"]);

    // Only a reference that was forged by hand can lead forward.
    let mut composite = salesforce.composite();
    let mut forward = composite.create("Account", &json!({}));
    forward.index = 1;
    composite.create("Contact", &json!({"AccountId": forward.id()}));
    refused(
        composite.send().await,
        &["request 1", "itself or to a later"],
    );

    let mut composite = salesforce.composite();
    let account = composite.create("Account", &json!({}));
    composite.create("Contact", &json!({"AccountId": account.field("no path")}));
    refused(composite.send().await, &["request 1", "records[0].Id"]);

    // In a request that is sent alone, and in a batch.
    for error in [
        salesforce
            .sobject("Contact")
            .create(&json!({"AccountId": foreign.id()}))
            .await
            .unwrap_err(),
        salesforce
            .sobject("Contact")
            .get::<Value>(foreign.id())
            .await
            .unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("only a composite or graph"));
    }
    let mut batch = salesforce.batch();
    batch.create("Contact", &json!({"AccountId": foreign.id()}));
    refused(batch.send().await, &["request 0", "take a composite"]);
    assert_eq!(script.count(), 0);

    let script = Script::replies([answer([created("r0", ID)])]);
    let mut composite = client(Counting::tokens(), &script).composite();
    composite.create("Account", &json!({}));
    let outcomes = composite.send().await.unwrap();
    let error = outcomes.get(foreign).unwrap_err();
    assert!(error.to_string().contains("another composite"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn limits_and_rules_are_checked_before_anything_is_sent() {
    let script = Script::replies([answer([])]);
    let salesforce = salesforce(&script);
    let account = |composite: &mut Composite| {
        composite.create("Account", &json!({"Name": "x"}));
    };

    let mut composite = salesforce.composite();
    (0..26).for_each(|_| account(&mut composite));
    assert_eq!(composite.len(), 26);
    refused(composite.send().await, &["26 requests", "25", "graphs"]);

    let mut composite = salesforce.composite();
    for _ in 0..6 {
        composite.query::<Value>("SELECT Id FROM Account");
    }
    refused(composite.send().await, &["6 queries and collections", "5"]);

    for (name, words) in [
        ("_a", "letters, digits"),
        ("", "letters, digits"),
        ("a-b", "letters, digits"),
        ("r0", "same name as request 0"),
    ] {
        let mut composite = salesforce.composite();
        account(&mut composite);
        composite.add_as(name, salesforce.sobject("Account").create(&json!({})));
        refused(composite.send().await, &["request 1", words]);
    }

    let mut composite = salesforce.composite();
    composite.add(salesforce.limits());
    refused(composite.send().await, &["request 0", "cannot hold"]);

    let mut composite = salesforce.composite();
    composite.add(
        salesforce
            .sobject("A")
            .get::<Value>(ID)
            .header("Accept", "x"),
    );
    refused(composite.send().await, &["request 0", "header accept"]);

    let mut composite = salesforce.composite();
    account(&mut composite);
    composite.delete("Account", "no id");
    refused(composite.send().await, &["request 1", "no id"]);

    let mut batch = salesforce.batch();
    for _ in 0..26 {
        batch.delete("Account", OTHER);
    }
    refused(batch.send().await, &["26 requests", "25"]);

    let mut batch = salesforce.batch();
    batch.add(
        salesforce
            .sobject("A")
            .get::<Value>(ID)
            .header("If-Match", "x"),
    );
    refused(
        batch.send().await,
        &["request 0", "if-match", "of their own"],
    );

    let old = builder(Counting::tokens(), &script)
        .version(ApiVersion::new(33).unwrap())
        .build()
        .unwrap();
    let mut batch = old.batch();
    batch.delete("Account", OTHER);
    refused(batch.send().await, &["34.0", "33.0"]);

    assert_eq!(script.count(), 0);
    let nothing = salesforce.composite().send().await.unwrap();
    assert!(nothing.is_empty() && salesforce.batch().send().await.unwrap().is_empty());
    assert_eq!(script.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_undone_says_so_and_by_which() {
    let script = Script::replies([answer([
        failed("r0", "PROCESSING_HALTED", UNDONE),
        failed(
            "bad",
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [Name]",
        ),
        failed("r2", "PROCESSING_HALTED", UNDONE),
    ])]);
    let salesforce = salesforce(&script);
    let mut composite = salesforce.composite().all_or_none(true);
    let before = composite.create("Account", &json!({"Name": "a"}));
    let bad = composite.add_as("bad", salesforce.sobject("Account").create(&json!({})));
    let after = composite.delete("Contact", ID);
    let outcomes = composite.send().await.unwrap();

    let cause = outcomes.get(bad).unwrap_err();
    assert_eq!(cause.code(), Some(&ErrorCode::RequiredFieldMissing));
    assert!(!cause.may_have_been_processed());
    for error in [
        outcomes.get(before).unwrap_err(),
        outcomes.get(after).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::RolledBack);
        assert_eq!(error.code(), Some(&ErrorCode::ProcessingHalted));
        let by = error.rolled_back_by().unwrap();
        assert_eq!(by.code(), Some(&ErrorCode::RequiredFieldMissing));
        let text = error.to_string();
        assert!(text.contains("request 1 (bad)") && text.contains("REQUIRED_FIELD_MISSING"));
        assert!(!error.redacted().to_string().contains("Required fields"));
    }
    let context = cause.context().unwrap();
    assert_eq!(context.path_template, "/sobjects/{sobject}");
    assert_eq!(context.method, Method::POST);
    let places: Vec<usize> = outcomes.errors().map(|(place, _)| place).collect();
    assert_eq!(places, [0, 1, 2]);
    let first = outcomes.all_succeeded().unwrap_err();
    assert_eq!(first.code(), Some(&ErrorCode::RequiredFieldMissing));
}

/// Salesforce lets a collection tell of the success that it had before it was undone.
#[tokio::test(start_paused = true)]
async fn the_success_of_a_collection_that_was_undone_is_not_believed() {
    let ok = json!([{"id": ID, "success": true, "errors": []}]);
    let no =
        json!([{"success": false, "errors": [{"statusCode": "STRING_TOO_LONG", "message": "x"}]}]);
    let read = json!([{"Id": ID}]);
    for (other, code) in [
        (
            failed("r2", "REQUIRED_FIELD_MISSING", "x"),
            ErrorCode::RequiredFieldMissing,
        ),
        (part("r2", 200, &no), ErrorCode::from("STRING_TOO_LONG")),
    ] {
        let reply = answer([part("r0", 200, &ok), part("r1", 200, &read), other]);
        let script = Script::new(move |_, _| reply.clone());
        let salesforce = salesforce(&script);
        let collections = salesforce.collections();
        for all_or_none in [true, false] {
            let mut composite = salesforce.composite().all_or_none(all_or_none);
            let rows = composite.add(collections.create("Contact", [json!({})]));
            let read = composite.add(collections.retrieve::<Value>("Contact", [ID], ["Id"]));
            let other = composite.add(collections.create("Contact", [json!({})]));
            let outcomes = composite.send().await.unwrap();
            assert!(outcomes.get(read).unwrap()[0].is_ok());
            let own = outcomes
                .get(other)
                .map_or_else(Some, |rows| rows.first_error().cloned());
            assert_eq!(own.unwrap().code(), Some(&code));
            match outcomes.get(rows) {
                Ok(rows) => assert!(!all_or_none && rows[0].is_ok()),
                Err(error) => {
                    assert!(all_or_none);
                    assert_eq!(error.kind(), ErrorKind::RolledBack);
                    assert_eq!(error.rolled_back_by().unwrap().code(), Some(&code));
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_transaction_each_answer_stands_alone() {
    let message = "Invalid reference specified. No value for r0.id found in r0.";
    let script = Script::replies([answer([
        failed("r0", "REQUIRED_FIELD_MISSING", "x"),
        failed("r1", "PROCESSING_HALTED", message),
        created("r2", ID),
    ])]);
    let mut composite = salesforce(&script).composite();
    let account = composite.create("Account", &json!({}));
    let child = composite.create("Contact", &json!({"AccountId": account.id()}));
    let other = composite.create("Contact", &json!({}));
    let outcomes = composite.send().await.unwrap();
    assert_eq!(outcomes.get(other).unwrap().id.as_str(), ID);
    let error = outcomes.get(child).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Api);
    assert_eq!(error.code(), Some(&ErrorCode::ProcessingHalted));
    let status = outcomes.response(child).unwrap().status();
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test(start_paused = true)]
async fn missing_results_are_an_error() {
    for parts in [
        vec![created("r0", ID)],
        vec![created("r0", ID), created("r0", ID)],
        vec![created("r0", ID), created("x", ID)],
        vec![created("r0", ID), created("r1", ID), created("r2", ID)],
    ] {
        let script = Script::replies([answer(parts)]);
        let mut composite = salesforce(&script).composite();
        composite.create("Account", &json!({}));
        composite.create("Account", &json!({}));
        let error = composite.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.may_have_been_processed());
        assert!(error.to_string().contains("for 2 requests"), "{error}");
    }
    let script = Script::replies([Reply::json(200, r#"{"hasErrors":false,"results":[]}"#)]);
    let mut batch = salesforce(&script).batch();
    batch.delete("Account", OTHER);
    let error = batch.send().await.unwrap_err();
    assert!(error.to_string().contains("0 results for 1"), "{error}");
}

/// Sends a composite whose only attempt so far ended in `ending`.
async fn after(
    ending: Reply,
    all_or_none: bool,
    with_create: bool,
) -> (crate::Result<Outcomes>, usize) {
    let last = answer([part("r0", 204, &Value::Null), created("r1", ID)]);
    let script = Script::replies([ending, last]);
    let mut composite = salesforce(&script).composite().all_or_none(all_or_none);
    composite.update("Account", OTHER, &json!({"Name": "x"}));
    if with_create {
        composite.create("Contact", &json!({}));
    } else {
        composite.upsert("Contact", "E__c", "1", &json!({}));
    }
    let outcome = composite.send().await;
    (outcome, script.count())
}

#[tokio::test(start_paused = true)]
async fn a_composite_is_repeated_as_its_least_repeatable_request() {
    for ending in [
        Reply::Fail(TransportErrorKind::Interrupted),
        Reply::html(503),
        Reply::Cut(StatusCode::OK, "{\"compositeResponse\":[".into()),
    ] {
        let (outcome, attempts) = after(ending.clone(), false, false).await;
        assert!(outcome.is_ok());
        assert_eq!(attempts, 2);
        let (outcome, attempts) = after(ending, true, true).await;
        assert!(outcome.unwrap_err().may_have_been_processed());
        assert_eq!(attempts, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_met_a_locked_row_is_repeated_creates_and_all() {
    let locked = || {
        answer([
            failed(
                "r0",
                "UNABLE_TO_LOCK_ROW",
                "unable to obtain exclusive access to this record",
            ),
            failed("r1", "PROCESSING_HALTED", UNDONE),
        ])
    };
    let (outcome, attempts) = after(locked(), true, true).await;
    assert_eq!(attempts, 2);
    assert!(outcome.unwrap().all_succeeded().is_ok());

    // Outside of a transaction the rest was written.
    let (outcome, attempts) = after(locked(), false, true).await;
    assert_eq!(attempts, 1);
    assert!(outcome.unwrap().first_error().unwrap().is_row_lock());

    // It ends with the policy, and with the answer and not with an error of the whole.
    let script = Script::replies([locked()]);
    let mut composite = salesforce(&script).composite().all_or_none(true);
    let update = composite.update("Account", OTHER, &json!({"Name": "x"}));
    let create = composite.create("Contact", &json!({}));
    let outcomes = composite.send().await.unwrap();
    assert_eq!(script.count(), 4);
    assert!(outcomes.get(update).unwrap_err().is_row_lock());
    assert_eq!(
        outcomes
            .get(update)
            .unwrap_err()
            .context()
            .unwrap()
            .attempts,
        4
    );
    let undone = outcomes.get(create).unwrap_err();
    assert!(undone.is_retryable() && undone.rolled_back_by().unwrap().is_row_lock());
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_was_repeated_finds_nothing_and_is_done() {
    let gone = failed("r0", "ENTITY_IS_DELETED", "entity is deleted");
    let gone = || {
        let mut part = gone.clone();
        part["httpStatusCode"] = 404.into();
        answer([part])
    };
    for (first, done) in [(Reply::html(503), true), (gone(), false)] {
        let script = Script::replies([first, gone()]);
        let mut composite = salesforce(&script).composite();
        let deleted = composite.delete("Account", OTHER);
        let outcomes = composite.send().await.unwrap();
        assert_eq!(outcomes.get(deleted).is_ok(), done);
        assert_eq!(outcomes.errors().count(), usize::from(!done));
    }
}

fn batch_answer(results: &[(u16, Value)]) -> Reply {
    let results: Vec<Value> = results
        .iter()
        .map(|(status, result)| json!({"statusCode": status, "result": result}))
        .collect();
    Reply::json(
        200,
        &json!({"hasErrors": true, "results": results}).to_string(),
    )
}

#[tokio::test(start_paused = true)]
async fn a_batch_gives_each_request_its_answer() {
    let halted = json!([{"errorCode": "BATCH_PROCESSING_HALTED", "message": "Batch processing halted per request"}]);
    let script = Script::replies([batch_answer(&[
        (
            200,
            json!({"DailyApiRequests": {"Max": 15000, "Remaining": 14998}}),
        ),
        (204, Value::Null),
        (404, json!([{"errorCode": "NOT_FOUND", "message": "x"}])),
        (412, halted),
    ])]);
    let calls = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&calls);
    let salesforce = builder(Counting::tokens(), &script)
        .observer(move |event: &Event| {
            if let Event::ApiCall(call) = event {
                seen.lock().unwrap().push(call.count);
            }
        })
        .build()
        .unwrap();
    let mut batch = salesforce.batch().halt_on_error(true);
    let limits = batch.add(salesforce.limits());
    let updated = batch.update("Account", OTHER, &json!({"Name": "@{x}"}));
    let missing = batch.get::<Value>("Account", OTHER);
    let halted = batch.query::<Value>("SELECT Id FROM Account");
    let outcomes = batch.send().await.unwrap();
    assert_eq!(
        sent(&script, 0),
        json!({"haltOnError": true, "batchRequests": [
            {"method": "GET", "url": "v66.0/limits"},
            {"method": "PATCH", "url": format!("v66.0/sobjects/Account/{OTHER}"),
             "richInput": {"Name": "@{x}"}},
            {"method": "GET", "url": format!("v66.0/sobjects/Account/{OTHER}")},
            {"method": "GET", "url": "v66.0/query?q=SELECT+Id+FROM+Account"},
        ]})
    );
    outcomes.get(limits).unwrap();
    outcomes.get(updated).unwrap();
    assert!(outcomes.get(missing).unwrap_err().is_not_found());
    let halted = outcomes.get(halted).unwrap_err();
    assert_eq!(halted.code(), Some(&ErrorCode::BatchProcessingHalted));
    assert_eq!(
        halted.kind(),
        ErrorKind::Api,
        "nobody asked for a precondition"
    );
    assert_eq!(
        *calls.lock().unwrap(),
        [4],
        "each costs one call of the quota"
    );
}

#[tokio::test(start_paused = true)]
async fn files_go_with_a_batch_as_parts_of_it() {
    let script = Script::replies([batch_answer(&[(201, json!({"id": ID}))])]);
    let salesforce = salesforce(&script);
    let mut batch = salesforce.batch();
    let call = salesforce
        .sobject("ContentVersion")
        .create(&json!({"Title": "t"}));
    let binary = Binary::new("fileUpload", "t.png", &b"\x89PNG"[..]).content_type("image/png");
    batch.add_with_binary(call, binary);
    batch.send().await.unwrap();
    let sent = &script.sent()[0];
    let kind = sent.headers["content-type"].to_str().unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let body = String::from_utf8_lossy(&sent.body);
    let parts: Vec<&str> = body.split(&format!("--{boundary}")).collect();
    assert_eq!((parts.len(), parts[0], parts[3]), (4, "", "--\r\n"));
    assert!(parts[1].contains("name=\"json\"") && parts[1].contains("batchRequests"));
    assert!(parts[1].contains(r#""binaryPartName":"binary0","binaryPartNameAlias":"fileUpload""#));
    assert!(parts[2].contains("name=\"binary0\"; filename=\"t.png\"\r\nContent-Type: image/png"));

    let mut batch = salesforce.batch();
    let call = salesforce.sobject("ContentVersion").create(&json!({}));
    batch.add_with_binary(call, Binary::new("a", "b\"\r\nX: y", &b""[..]));
    refused(batch.send().await, &["request 0", "quote or line break"]);
}

#[tokio::test(start_paused = true)]
async fn settings_are_those_of_the_whole() {
    let script = Script::replies([Reply::Never]);
    let mut batch = salesforce(&script)
        .batch()
        .timeout(Duration::from_secs(1))
        .retry(crate::retry::RetryPolicy::never())
        .header("Sforce-Call-Options", "client=x");
    batch.delete("Account", OTHER);
    let error: Error = batch.send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(script.sent()[0].headers["sforce-call-options"], "client=x");
}

#[tokio::test(start_paused = true)]
async fn many_reads_go_in_few_requests() {
    let script = Script::new(|sent, _| {
        let body: Value = serde_json::from_slice(&sent.body).unwrap();
        let requests = body["batchRequests"].as_array().unwrap();
        let result = |request: &Value| {
            let id = request["url"].as_str().unwrap().rsplit_once('/').unwrap().1;
            if id.contains("000000007") {
                return (404, json!([{"errorCode": "NOT_FOUND", "message": "x"}]));
            }
            (200, json!({"Id": id}))
        };
        batch_answer(&requests.iter().map(result).collect::<Vec<_>>())
    });
    let salesforce = salesforce(&script);
    let contacts = salesforce.sobject("Contact");
    let ids: Vec<String> = (0..60).map(|n| format!("003{n:012}")).collect();
    let mut calls: Vec<_> = ids.iter().map(|id| contacts.get::<Value>(id)).collect();
    calls.push(contacts.get(ids[0].as_str()).header("If-Match", "x"));
    let mut read = salesforce.batch_reads(calls);
    for (number, id) in ids.iter().enumerate() {
        match read.next().await.unwrap() {
            Ok(record) => assert!(record["Id"].as_str().unwrap().starts_with(id)),
            Err(error) => {
                assert!(number == 7 && error.is_not_found());
                assert_eq!(
                    error.context().unwrap().path_template,
                    "/sobjects/{sobject}/{id}"
                );
            }
        }
    }
    let with_header = read.next().await.unwrap().unwrap_err();
    assert_eq!(with_header.kind(), ErrorKind::InvalidInput);
    assert!(read.next().await.is_none());
    assert_eq!(script.count(), 3);

    let mut writes = salesforce.batch_reads([contacts.delete(ID)]);
    let error = writes.next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("only reads"), "{error}");
    assert_eq!(script.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_the_version_does_not_have_yet_is_refused() {
    let script = Script::replies([Reply::html(500)]);
    let at = |version| {
        let version = ApiVersion::new(version).unwrap();
        let builder = builder(Counting::tokens(), &script).version(version);
        builder.build().unwrap()
    };
    let mut batch = at(33).batch();
    batch.get::<Value>("Account", ID);
    let mut composite = at(37).composite();
    composite.get::<Value>("Account", ID);
    let mut graph = at(49).graph();
    graph.create("Account", &json!({}));
    let row = || [json!({"N": 1, "E__c": "1"})];
    let mut streamed = row().into_stream().upsert_all(&at(45), "Account", "E__c");
    for (error, words) in [
        (batch.send().await.err(), "34.0"),
        (composite.send().await.err(), "38.0"),
        (graph.send().await.err(), "50.0"),
        (
            at(33)
                .tree([TreeRecord::new("A", &json!({}))])
                .send()
                .await
                .err(),
            "34.0",
        ),
        (at(41).collections().create("A", row()).await.err(), "42.0"),
        (
            at(45).collections().upsert("A", "E__c", row()).await.err(),
            "46.0",
        ),
        (streamed.next().await.unwrap().err(), "46.0"),
    ] {
        let error = error.unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(words), "{words} in {error}");
    }
    assert_eq!(script.count(), 0);
}
