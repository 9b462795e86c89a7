use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::error::ErrorKind;
use crate::script::{Counting, Reply, Script, client};
use crate::types::Record;

const ID: &str = "00O000000000001EAA";

fn report(script: &Script) -> Report {
    client(Counting::tokens(), script).report(ID)
}

fn shown(status: &str) -> Reply {
    let body = json!({"attributes": {"status": status, "type": "Report"}, "allData": true, "factMap": {"T!T": 1}});
    Reply::json(200, &body.to_string())
}

#[tokio::test(start_paused = true)]
async fn a_report_is_run_as_saved_or_otherwise() {
    let script = Script::replies([Reply::html(503), shown("Success")]);
    let report = report(&script);
    let answer: Record = report.run().await.unwrap();
    assert!(answer.get::<bool>("allData").unwrap());
    let filtered = report
        .clone()
        .include_details()
        .metadata(&json!({"reportBooleanFilter": "1"}));
    filtered.run::<Record>().await.unwrap();
    report.describe::<Record>().await.unwrap();
    let sent = script.sent();
    let reports = "/services/data/v66.0/analytics/reports";
    assert_eq!(sent[1].uri.path(), format!("{reports}/{ID}"));
    assert_eq!(
        (sent[2].method.as_str(), sent[2].uri.query()),
        ("POST", Some("includeDetails=true"))
    );
    let body: Value = serde_json::from_slice(&sent[2].body).unwrap();
    assert_eq!(
        body,
        json!({"reportMetadata": {"reportBooleanFilter": "1"}})
    );
    assert_eq!(sent[3].uri.path(), format!("{reports}/{ID}/describe"));
}

#[tokio::test(start_paused = true)]
async fn a_run_in_the_background_is_waited_for() {
    let instance = r#"{"id":"0LG000000000001","status":"New","requestDate":"2026-01-01T00:00:00Z","completionDate":null}"#;
    let script = Script::replies([
        Reply::json(200, instance),
        shown("New"),
        shown("Running"),
        Reply::html(503),
        shown("Success"),
        Reply::json(200, &format!("[{instance}]")),
    ]);
    let report = report(&script);
    let run = report.start().await.unwrap();
    assert_eq!(run.id(), "0LG000000000001");
    let started = tokio::time::Instant::now();
    let answer: Record = run.wait().await.unwrap();
    assert_eq!(answer.json("factMap"), Some(r#"{"T!T":1}"#));
    assert!(started.elapsed() >= Duration::from_millis(2500));
    assert_eq!(script.count(), 5);
    let instances = report.instances().await.unwrap();
    assert_eq!(instances[0].status, ReportStatus::New);
    assert_eq!(script.sent()[0].method.as_str(), "POST");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_failed_is_an_error() {
    for status in ["Error", "Expired"] {
        let script = Script::replies([shown(status)]);
        let run = report(&script).started("0LG000000000001");
        let error = run.wait::<Record>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Api);
    }
    let script = Script::replies([shown("Success")]);
    let report = client(Counting::tokens(), &script).report("x");
    assert!(report.run::<Record>().await.unwrap_err().is_before_send());
    assert!(report.start().await.unwrap_err().is_before_send());
    assert_eq!(script.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn reports_are_listed() {
    let listed = format!(
        r#"[{{"describeUrl":"/d","id":"{ID}","instancesUrl":"/i","name":"Pipeline","url":"/u"}}]"#
    );
    let script = Script::replies([Reply::html(503), Reply::json(200, &listed)]);
    let reports = client(Counting::tokens(), &script).reports().await.unwrap();
    assert_eq!(
        (reports[0].id.as_str(), reports[0].name.as_str()),
        (ID, "Pipeline")
    );
    let path = script.sent()[1].uri.path().to_owned();
    assert_eq!(path, "/services/data/v66.0/analytics/reports");
}
