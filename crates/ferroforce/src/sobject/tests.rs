use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::client::{
    AssignmentRule, CallOptions, Conditional, DuplicateRule, Salesforce, Validators,
};
use crate::error::ErrorKind;
use crate::script::{Counting, Reply, Script, client};
use crate::transport::TransportErrorKind;
use crate::types::DateTime;

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
    assert_eq!(
        error.matches(),
        ["/services/data/v66.0/sobjects/Contact/003a", "/b"]
    );
    assert!(
        error.to_string().contains("/sobjects/Contact/003a"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_key_is_left_out_of_an_upsert_unless_told_otherwise() {
    let script = Script::replies([no_content()]);
    let by_key = salesforce(&script)
        .sobject("Contact")
        .external_id("Ext__c", 12);
    let record = json!({"ext__C": "12", "Amount": 1.10});
    by_key.upsert(&record).await.unwrap();
    by_key.update(&record).await.unwrap();
    let other = json!({"Ext__c": "13"});
    let error = by_key.upsert(&other).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(!error.to_string().contains("13"), "{error}");
    by_key
        .clone()
        .without_key_check()
        .upsert(&other)
        .await
        .unwrap();
    let sent = script.sent();
    let bodies: Vec<_> = sent.iter().map(|sent| &sent.body[..]).collect();
    assert_eq!(
        bodies,
        [
            &br#"{"Amount":1.1}"#[..],
            br#"{"Amount":1.1}"#,
            br#"{"Ext__c":"13"}"#
        ]
    );
    let queries: Vec<_> = sent.iter().map(|sent| sent.uri.query()).collect();
    assert_eq!(queries, [None, Some("updateOnly=true"), None]);
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
    fn repeatable<R>(call: crate::Call<R>) -> bool {
        call.into_op().unwrap().is_repeatable()
    }
    let script = Script::replies([no_content()]);
    let salesforce = salesforce(&script);
    let contacts = salesforce.sobject("Contact");
    let by_key = contacts.external_id("Ext__c", "1");
    let account = contacts.related(ID, "Account");
    let password = salesforce.user_password(ID);
    let body = json!({});
    let start = std::time::SystemTime::UNIX_EPOCH;
    let end = start + std::time::Duration::from_secs(60);
    for (operation, repeatable, expected) in [
        ("create", repeatable(contacts.create(&body)), false),
        ("get", repeatable(contacts.get::<Value>(ID)), true),
        ("update", repeatable(contacts.update(ID, &body)), true),
        ("delete", repeatable(contacts.delete(ID)), true),
        ("upsert", repeatable(by_key.upsert(&body)), true),
        ("update by key", repeatable(by_key.update(&body)), true),
        ("get by key", repeatable(by_key.get::<Value>()), true),
        ("delete by key", repeatable(by_key.delete()), true),
        ("get parent", repeatable(account.get::<Value>()), true),
        ("update parent", repeatable(account.update(&body)), true),
        ("delete parent", repeatable(account.delete()), false),
        ("deleted", repeatable(contacts.deleted(start, end)), true),
        ("updated", repeatable(contacts.updated(start, end)), true),
        ("describe", repeatable(contacts.describe()), true),
        ("info", repeatable(contacts.info()), true),
        ("layouts", repeatable(contacts.layouts()), true),
        (
            "describe all",
            repeatable(salesforce.describe_global()),
            true,
        ),
        ("password expired", repeatable(password.is_expired()), true),
        ("set password", repeatable(password.set(&"x".into())), false),
        ("reset password", repeatable(password.reset()), false),
        ("limits", repeatable(salesforce.limits()), true),
    ] {
        assert_eq!(repeatable, expected, "{operation}");
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

#[tokio::test(start_paused = true)]
async fn a_record_that_did_not_change_is_a_value() {
    let script = Script::new(|sent, _| match sent.headers.get("if-none-match") {
        Some(_) => Reply::Answer(StatusCode::NOT_MODIFIED, vec![], bytes::Bytes::new()),
        None => Reply::json(200, r#"{"Name":"Acme"}"#).header("etag", "\"a-gzip\""),
    });
    let accounts = salesforce(&script).sobject("Account");
    let first = accounts.get::<Value>(ID).if_changed(&Validators::default());
    let Conditional::Modified(first) = first.await.unwrap() else {
        panic!("nothing was known");
    };
    assert_eq!(first.value["Name"], "Acme");
    let again = accounts.get::<Value>(ID).if_changed(&first.validators);
    assert_eq!(again.await.unwrap(), Conditional::NotModified);
    assert_eq!(script.sent()[1].headers["if-none-match"], "\"a-gzip\"");

    let plain = accounts
        .get::<Value>(ID)
        .header("if-none-match", "\"a-gzip\"");
    let error = plain.await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::NOT_MODIFIED));
}

#[tokio::test(start_paused = true)]
async fn an_update_meets_its_condition_or_writes_nothing() {
    let changed = || Reply::error(412, "PRECONDITION_FAILED", "changed");
    let since = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(1999);
    let script = Script::replies([no_content(), changed()]);
    let contacts = salesforce(&script).sobject("Contact");
    let update = || contacts.update(ID, &json!({})).if_unmodified_since(since);
    update().await.unwrap();
    let header = &script.sent()[0].headers["if-unmodified-since"];
    assert_eq!(header, "Thu, 01 Jan 1970 00:00:01 GMT");
    let error = update().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
    assert!(!error.may_have_been_processed());
    assert_eq!(script.count(), 2);

    // The second attempt met what the first one wrote, or somebody else: it is open.
    let script = Script::replies([Reply::Fail(TransportErrorKind::Interrupted), changed()]);
    let contacts = salesforce(&script).sobject("Contact");
    let update = contacts.update(ID, &json!({})).if_match("\"a\"");
    let error = update.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
    assert!(error.may_have_been_processed());
}

#[tokio::test(start_paused = true)]
async fn conditions_that_would_not_be_looked_at_are_refused() {
    let script = Script::replies([no_content()]);
    let contacts = salesforce(&script).sobject("Contact");
    let now = std::time::SystemTime::UNIX_EPOCH;
    let before = now - std::time::Duration::from_secs(1);
    for error in [
        contacts.delete(ID).if_match("\"a\"").await.unwrap_err(),
        contacts
            .update(ID, &json!({}))
            .if_match("")
            .await
            .unwrap_err(),
        contacts
            .update(ID, &json!({}))
            .if_match("a\nb")
            .await
            .unwrap_err(),
        contacts
            .update(ID, &json!({}))
            .if_modified_since(now)
            .await
            .unwrap_err(),
        contacts
            .create(&json!({}))
            .if_none_match("\"a\"")
            .await
            .unwrap_err(),
        contacts
            .get::<Value>(ID)
            .if_modified_since(before)
            .await
            .unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    }
    assert_eq!(script.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn salesforce_s_headers_go_with_the_call_and_with_its_op() {
    let script = Script::replies([saved(201, "")]);
    let contacts = salesforce(&script).sobject("Contact");
    let call = || {
        contacts
            .create(&json!({}))
            .duplicate_rule(DuplicateRule::new().allow_save(true))
            .assignment_rule(AssignmentRule::Off)
            .call_options(&CallOptions::new().client("me"))
            .update_mru(true)
            .package_version("acme", "1.0")
            .header("x-own", "1")
    };
    call().await.unwrap();
    let sent = &script.sent()[0].headers;
    for (name, value) in [
        (
            "sforce-duplicate-rule-header",
            "allowSave=true; includeRecordDetails=false; runAsCurrentUser=false",
        ),
        ("sforce-auto-assign", "FALSE"),
        ("sforce-call-options", "client=me"),
        ("sforce-mru", "updateMru=true"),
        ("x-sfdc-packageversion-acme", "1.0"),
        ("x-own", "1"),
    ] {
        assert_eq!(sent[name], value, "{name}");
        assert_eq!(call().into_op().unwrap().headers()[name], value, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn relationships_lead_to_parents_and_children() {
    let root = "/services/data/v66.0/sobjects/Contact/003000000000001AAA";
    let script = Script::new(|sent, _| {
        let path = sent.uri.path();
        match (&sent.method, path) {
            (&Method::GET, path) if path.ends_with("/Cases") => Reply::json(
                200,
                r#"{"totalSize":3,"done":false,"nextRecordsUrl":"/services/data/v66.0/query/0r8x-2",
                    "records":[{"Id":"a"},{"Id":"b"}]}"#,
            ),
            (&Method::GET, path) if path.ends_with("0r8x-2") => {
                Reply::json(200, r#"{"totalSize":3,"done":true,"records":[{"Id":"c"}]}"#)
            }
            (&Method::GET, path) if path.ends_with("/Tasks") => {
                Reply::Answer(StatusCode::OK, vec![], bytes::Bytes::new())
            }
            (&Method::GET, _) => Reply::json(200, r#"{"Name":"Acme"}"#),
            _ => no_content(),
        }
    });
    let contacts = salesforce(&script).sobject("Contact");
    let account = contacts.related(ID, "Account");
    assert_eq!(account.get::<Value>().await.unwrap()["Name"], "Acme");
    let owner = account.related("Owner").get_fields::<Value>(["Name"]);
    owner.await.unwrap();
    account.update(&json!({"Name": "B"})).await.unwrap();
    account.delete().await.unwrap();
    let mut cases = contacts.related(ID, "Cases").list_fields::<Value>(["Id"]);
    let mut ids = Vec::new();
    while let Some(row) = cases.next().await {
        ids.push(row.unwrap()["Id"].clone());
    }
    assert_eq!(ids, ["a", "b", "c"]);
    let mut tasks = contacts.related(ID, "Tasks").list::<Value>();
    assert!(tasks.next().await.is_none());

    let sent: Vec<String> = script
        .sent()
        .iter()
        .map(|sent| format!("{} {}", sent.method, sent.uri.path_and_query().unwrap()))
        .collect();
    let expected = [
        format!("GET {root}/Account"),
        format!("GET {root}/Account/Owner?fields=Name"),
        format!("PATCH {root}/Account"),
        format!("DELETE {root}/Account"),
        format!("GET {root}/Cases?fields=Id"),
        "GET /services/data/v66.0/query/0r8x-2".to_owned(),
        format!("GET {root}/Tasks"),
    ];
    assert_eq!(sent, expected);

    let deep = (0..5).fold(contacts.related(ID, "A"), |path, _| path.related("B"));
    for error in [
        deep.get::<Value>().await.unwrap_err(),
        contacts.related("x", "A").get::<Value>().await.unwrap_err(),
        contacts.related(ID, "").delete().await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_deleted_and_updated_in_a_span_of_time() {
    let script = Script::new(|sent, _| {
        if sent.uri.path().ends_with("/deleted/") {
            return Reply::json(
                200,
                r#"{"deletedRecords":[{"id":"003000000000001AAA","deletedDate":"2013-05-07T22:07:19.000+0000"}],
                    "earliestDateAvailable":"2013-05-03T15:57:00.000+0000","latestDateCovered":"2013-05-08T21:20:00.000+0000"}"#,
            );
        }
        Reply::json(
            200,
            r#"{"ids":["003000000000001AAA"],"latestDateCovered":"2013-05-08T21:20:00.000+0000"}"#,
        )
    });
    let contacts = salesforce(&script).sobject("Contact");
    let start: DateTime = "2013-05-05T00:00:30.500+02:00".parse().unwrap();
    let end = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_368_144_000);
    let deleted = contacts.deleted(start, end).await.unwrap();
    assert_eq!(deleted.records[0].id.as_str(), ID);
    assert_eq!(
        deleted.records[0].deleted,
        "2013-05-07T22:07:19Z".parse().unwrap()
    );
    assert!(deleted.earliest_available < deleted.latest_covered);
    let updated = contacts.updated(start, end).await.unwrap();
    assert_eq!(updated.ids[0].as_str(), ID);
    let query = "start=2013-05-04T22%3A00%3A30%2B00%3A00&end=2013-05-10T00%3A00%3A00%2B00%3A00";
    for sent in script.sent() {
        assert_eq!(sent.uri.query(), Some(query));
    }
    let error = contacts.updated(end, start).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(script.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_password_is_checked_set_and_reset() {
    let script = Script::new(|sent, _| match sent.method {
        Method::GET => Reply::json(200, r#"{"isExpired":true}"#),
        Method::DELETE => Reply::json(200, r#"{"NewPassword":"2sv0xHAuM"}"#),
        _ => no_content(),
    });
    let password = salesforce(&script).user_password("005000000000001AAA");
    assert!(password.is_expired().await.unwrap());
    password.set(&"n3w".into()).await.unwrap();
    assert_eq!(password.reset().await.unwrap().expose(), "2sv0xHAuM");
    assert_eq!(script.sent()[1].body, r#"{"NewPassword":"n3w"}"#);
    for sent in script.sent() {
        let path = "/services/data/v66.0/sobjects/User/005000000000001AAA/password";
        assert_eq!(sent.uri.path(), path);
    }

    let script = Script::replies([Reply::html(503)]);
    let password = salesforce(&script).user_password(ID);
    let error = password.reset().await.unwrap_err();
    assert!(error.may_have_been_processed());
    assert_eq!(script.count(), 1);
}

/// The record is there, and only its id is not known.
#[tokio::test(start_paused = true)]
async fn a_create_whose_answer_cannot_be_read_may_have_been_processed() {
    for answer in [no_content(), Reply::json(201, "{}"), Reply::html(200)] {
        let script = Script::replies([answer]);
        let contacts = salesforce(&script).sobject("Contact");
        let error = contacts.create(&json!({})).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.may_have_been_processed(), "{error}");
        assert_eq!(script.count(), 1);
        let error = contacts.get::<bool>(ID).await.unwrap_err();
        assert!(!error.may_have_been_processed(), "{error}");
    }
}
