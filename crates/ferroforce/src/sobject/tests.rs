use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::client::Salesforce;
use crate::error::ErrorKind;
use crate::script::{Counting, Reply, Script, client};
use crate::transport::TransportErrorKind;

const ID: &str = "003000000000001AAA";

fn salesforce(script: &Script) -> Salesforce {
    client(Counting::tokens(), script)
}

fn no_content() -> Reply {
    Reply::Answer(StatusCode::NO_CONTENT, vec![], bytes::Bytes::new())
}

fn saved(status: u16, more: &str) -> Reply {
    Reply::json(
        status,
        &format!(r#"{{"id":"{ID}","success":true,"errors":[]{more}}}"#),
    )
}

#[tokio::test(start_paused = true)]
async fn each_operation_sends_what_it_should() {
    let script = Script::new(|sent, _| match sent.method {
        Method::POST => saved(201, ""),
        Method::GET => Reply::json(200, r#"{"Id":"x","Name":"Ada"}"#),
        _ => no_content(),
    });
    let contacts = salesforce(&script).sobject("Contact");
    let id = contacts.create(&json!({"LastName": "L"})).await.unwrap().id;
    assert_eq!(id.to_string(), ID);
    let _: Value = contacts.get(id).await.unwrap();
    let _: Value = contacts
        .get_fields("003000000000001", ["Id", "Name"])
        .await
        .unwrap();
    contacts.update(id, &json!({"Email": null})).await.unwrap();
    contacts.delete(id).await.unwrap();
    let by_key = contacts.external_id("Ext__c", "a/b?#%ä \"'");
    let _: Value = by_key.get_fields(["Id"]).await.unwrap();
    by_key.delete().await.unwrap();

    let root = "/services/data/v66.0/sobjects/Contact";
    let encoded = "Ext__c/a%2Fb%3F%23%25%C3%A4%20%22%27";
    let sent: Vec<String> = script
        .sent()
        .iter()
        .map(|sent| {
            format!(
                "{} {} {}",
                sent.method,
                sent.uri.path_and_query().unwrap(),
                String::from_utf8_lossy(&sent.body)
            )
        })
        .collect();
    let expected = [
        format!(r#"POST {root} {{"LastName":"L"}}"#),
        format!("GET {root}/{ID} "),
        format!("GET {root}/{ID}?fields=Id%2CName "),
        format!(r#"PATCH {root}/{ID} {{"Email":null}}"#),
        format!("DELETE {root}/{ID} "),
        format!("GET {root}/{encoded}?fields=Id "),
        format!("DELETE {root}/{encoded} "),
    ];
    assert_eq!(sent, expected);
}

#[tokio::test(start_paused = true)]
async fn bad_input_is_refused_before_anything_is_sent() {
    let script = Script::replies([no_content()]);
    let salesforce = salesforce(&script);
    let contacts = salesforce.sobject("Contact");
    let mut errors = Vec::new();
    for id in [
        "",
        "abc",
        "003000000000001AA",
        "003000000000001AAB",
        "../../x",
        "00300000000000 ",
    ] {
        errors.push(contacts.update(id, &json!({})).await.unwrap_err());
        errors.push(contacts.delete(id).await.unwrap_err());
        errors.push(contacts.get::<Value>(id).await.unwrap_err());
    }
    for value in ["", ".", ".."] {
        errors.push(
            contacts
                .external_id("Ext__c", value)
                .delete()
                .await
                .unwrap_err(),
        );
        errors.push(
            contacts
                .external_id("Ext__c", value)
                .upsert(&json!({}))
                .await
                .unwrap_err(),
        );
    }
    errors.push(salesforce.sobject("").create(&json!({})).await.unwrap_err());
    errors.push(
        contacts
            .external_id("Ext__c", "1")
            .upsert(&json!([1]))
            .await
            .unwrap_err(),
    );
    let not_json = std::collections::HashMap::from([((1, 2), 3)]);
    errors.push(contacts.create(&not_json).await.unwrap_err());
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    }
    assert_eq!(script.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_an_upsert_did() {
    let cases = [
        (saved(201, r#","created":true"#), true, true),
        (saved(200, r#","created":false"#), false, true),
        // Without `created` the status tells; before API 46 there is no body.
        (saved(201, ""), true, true),
        (no_content(), false, false),
    ];
    for (reply, created, has_id) in cases {
        let script = Script::replies([reply]);
        let by_key = salesforce(&script)
            .sobject("Contact")
            .external_id("Ext__c", 4711);
        let outcome = by_key.upsert(&json!({"LastName": "L"})).await.unwrap();
        assert_eq!(
            (outcome.created, outcome.id.is_some(), outcome.repeated),
            (created, has_id, false)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_ambiguous_external_id_wrote_nothing_and_lists_the_matches() {
    let script = Script::replies([Reply::json(
        300,
        r#"["/services/data/v66.0/sobjects/Contact/003a","/b"]"#,
    )]);
    let by_key = salesforce(&script)
        .sobject("Contact")
        .external_id("Ext__c", "1");
    let error = by_key.upsert(&json!({})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MultipleMatches);
    assert!(
        error.to_string().contains("/sobjects/Contact/003a"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_key_is_left_out_of_an_upsert_and_must_not_differ() {
    let script = Script::replies([no_content()]);
    let by_key = salesforce(&script)
        .sobject("Contact")
        .external_id("Ext__c", "12");
    for record in [
        json!({"ext__C": "12", "Amount": 1.10}),
        json!({"Ext__c": 12, "Amount": 1.10}),
    ] {
        by_key.upsert(&record).await.unwrap();
    }
    for sent in script.sent() {
        assert_eq!(sent.body, r#"{"Amount":1.1}"#);
    }
    for record in [
        json!({"Ext__c": "13"}),
        json!({"Ext__c": null}),
        json!({"Ext__c": 12.5}),
    ] {
        let error = by_key.upsert(&record).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    assert_eq!(script.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_delete_that_finds_nothing_is_done() {
    let gone = || Reply::error(404, "ENTITY_IS_DELETED", "entity is deleted");
    let broken = Reply::Fail(TransportErrorKind::Interrupted);
    let script = Script::replies([broken, gone()]);
    salesforce(&script)
        .sobject("Contact")
        .delete(ID)
        .await
        .unwrap();

    let script = Script::replies([gone()]);
    let error = salesforce(&script)
        .sobject("Contact")
        .delete(ID)
        .await
        .unwrap_err();
    assert!(error.is_not_found(), "{error}");

    let script = Script::replies([Reply::Fail(TransportErrorKind::Connect), gone()]);
    let error = salesforce(&script)
        .sobject("Contact")
        .delete(ID)
        .await
        .unwrap_err();
    assert!(
        error.is_not_found(),
        "the first attempt was never sent: {error}"
    );
}

/// A page of something in between says nothing about the record.
#[tokio::test(start_paused = true)]
async fn a_page_after_a_broken_delete_is_no_success_and_costs_little() {
    for page in [Reply::html(404), Reply::Endless(StatusCode::NOT_FOUND)] {
        let script = Script::replies([Reply::Fail(TransportErrorKind::Interrupted), page]);
        let error = salesforce(&script)
            .sobject("Contact")
            .delete(ID)
            .await
            .unwrap_err();
        assert!(error.may_have_been_processed(), "{error}");
        assert!(error.to_string().len() < 1000);
    }
}

/// Which operations may be sent twice is said once, here.
#[test]
fn what_may_be_repeated() {
    let script = Script::replies([no_content()]);
    let salesforce = salesforce(&script);
    let contacts = salesforce.sobject("Contact");
    let by_key = contacts.external_id("Ext__c", "1");
    let body = json!({});
    let operations = [
        (
            "create",
            contacts
                .create(&body)
                .into_op()
                .map(|op| op.is_repeatable()),
            false,
        ),
        (
            "get",
            contacts
                .get::<Value>(ID)
                .into_op()
                .map(|op| op.is_repeatable()),
            true,
        ),
        (
            "update",
            contacts
                .update(ID, &body)
                .into_op()
                .map(|op| op.is_repeatable()),
            true,
        ),
        (
            "delete",
            contacts.delete(ID).into_op().map(|op| op.is_repeatable()),
            true,
        ),
        (
            "upsert",
            by_key.upsert(&body).into_op().map(|op| op.is_repeatable()),
            true,
        ),
        (
            "get by key",
            by_key.get::<Value>().into_op().map(|op| op.is_repeatable()),
            true,
        ),
        (
            "delete by key",
            by_key.delete().into_op().map(|op| op.is_repeatable()),
            true,
        ),
        (
            "limits",
            salesforce.limits().into_op().map(|op| op.is_repeatable()),
            true,
        ),
    ];
    for (operation, repeatable, expected) in operations {
        assert_eq!(repeatable.unwrap(), expected, "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_repeated_upsert_says_that_its_answer_is_the_second() {
    let broken = Reply::Fail(TransportErrorKind::Interrupted);
    let script = Script::replies([broken, saved(200, r#","created":false"#)]);
    let by_key = salesforce(&script)
        .sobject("Contact")
        .external_id("Ext__c", "1");
    let outcome = by_key.upsert(&json!({})).await.unwrap();
    assert!(outcome.repeated && !outcome.created);
}

#[tokio::test(start_paused = true)]
async fn salesforce_s_errors_come_whole() {
    let body = r#"[{"message":"Required fields are missing: [LastName]","errorCode":"REQUIRED_FIELD_MISSING","fields":["LastName"]},
        {"message":"two","errorCode":"OTHER_CODE","fields":[]}]"#;
    let script = Script::replies([Reply::json(400, body).header("x-request-id", "abc")]);
    let error = salesforce(&script)
        .sobject("Contact")
        .create(&json!({}))
        .await
        .unwrap_err();
    assert_eq!(error.api_errors().len(), 2);
    assert_eq!(error.api_errors()[0].fields(), ["LastName"]);
    let context = error.context().unwrap();
    assert_eq!(context.path_template, "/sobjects/{sobject}");
    assert_eq!(context.request_id.as_deref(), Some("abc"));
    assert!(!error.is_retryable() && !error.may_have_been_processed());
}
