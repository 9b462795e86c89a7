use serde_json::{Value, json};

use super::*;
use crate::error::ErrorKind;
use crate::script::{Counting, Reply, Script, client};
use crate::types::Record;

fn tooling(script: &Script) -> Tooling {
    client(Counting::tokens(), script).tooling()
}

#[tokio::test(start_paused = true)]
async fn queries_page_on() {
    let page = |done: bool| {
        let mut page = json!({
            "size": 1, "totalSize": 2, "done": done, "queryLocator": null,
            "entityTypeName": "ApexClass",
            "records": [{"attributes": {"type": "ApexClass"}, "Name": "A"}],
        });
        if !done {
            page["nextRecordsUrl"] = json!("/services/data/v66.0/tooling/query/01g-1");
        }
        Reply::json(200, &page.to_string())
    };
    let script = Script::replies([page(false), page(true)]);
    let query = tooling(&script)
        .query("SELECT Name FROM ApexClass WHERE Name = :n")
        .bind("n", "A");
    assert_eq!(query.fetch_all::<Record>().await.unwrap().len(), 2);
    let paths: Vec<_> = script
        .sent()
        .iter()
        .map(|sent| sent.uri.path().to_owned())
        .collect();
    assert_eq!(
        paths,
        [
            "/services/data/v66.0/tooling/query",
            "/services/data/v66.0/tooling/query/01g-1"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn anonymous_apex_runs_once() {
    let script = Script::replies([
        Reply::html(503),
        Reply::json(
            200,
            r#"{"line":1,"column":9,"compiled":false,"success":false,"compileProblem":"Unexpected token","exceptionStackTrace":null,"exceptionMessage":null}"#,
        ),
    ]);
    let tooling = tooling(&script);
    let run = || tooling.execute_anonymous("insert new Account();");
    let error = run().await.unwrap_err();
    assert!(error.may_have_been_processed());
    assert_eq!(script.count(), 1, "a GET that is never repeated");
    let done = run().await.unwrap();
    assert_eq!((done.compiled, done.line, done.column), (false, 1, 9));
    assert_eq!(done.compile_problem.as_deref(), Some("Unexpected token"));
    assert_eq!(
        script.sent()[1].uri.query(),
        Some("anonymousBody=insert+new+Account%28%29%3B")
    );
    let error = tooling.execute_anonymous(" ").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[tokio::test(start_paused = true)]
async fn tests_run_in_front_or_in_the_background_and_once() {
    let run = json!({
        "numTestsRun": 2, "numFailures": 1, "totalTime": 12.5, "apexLogId": "07L",
        "successes": [{"name": "T", "methodName": "a"}],
        "failures": [{"name": "T", "methodName": "b", "message": "System.AssertException", "stackTrace": "line 3", "time": 4}],
        "codeCoverage": [], "flowCoverage": [],
    });
    let script = Script::replies([
        Reply::json(200, &run.to_string()),
        Reply::json(200, r#""7071700002rbUCv""#),
        Reply::html(503),
    ]);
    let tooling = tooling(&script);
    let tests = ApexTests::new()
        .methods("T", ["a", "b"])
        .max_failed_tests(0);
    let done = tooling.run_tests(&tests).await.unwrap();
    assert_eq!((done.num_tests_run, done.num_failures), (2, 1));
    assert_eq!(done.failures[0].method_name.as_deref(), Some("b"));
    let both = tests.class("01p000000000001").skip_code_coverage();
    let job = tooling.run_tests_in_background(&both).await.unwrap();
    assert_eq!(job.short(), "7071700002rbUCv");
    let body: Value = serde_json::from_slice(&script.sent()[1].body).unwrap();
    assert_eq!(
        body,
        json!({
            "tests": [
                {"className": "T", "testMethods": ["a", "b"]},
                {"classId": "01p000000000001AAA"},
            ],
            "maxFailedTests": 0,
            "skipCodeCoverage": true,
        })
    );
    assert!(tooling.run_tests(&both).await.unwrap_err().is_before_send());
    let none = tooling.run_tests_in_background(&ApexTests::new()).await;
    assert!(none.unwrap_err().is_before_send());
    assert_eq!(script.count(), 2);
    tooling.run_tests_in_background(&both).await.unwrap_err();
    assert_eq!(script.count(), 3, "never repeated");
}

#[tokio::test(start_paused = true)]
async fn whole_classes_by_their_ids_go_as_a_list_of_these() {
    let script = Script::replies([Reply::json(200, r#""7071700002rbUCv""#)]);
    let tests = ApexTests::new()
        .class("01p000000000001AAA")
        .class("01p000000000002");
    let tooling = tooling(&script);
    let job = tooling.run_tests_in_background(&tests).await.unwrap();
    assert_eq!(job.short(), "7071700002rbUCv");
    let limited = tests.max_failed_tests(1);
    tooling.run_tests_in_background(&limited).await.unwrap();
    let sent = script.sent();
    let body = |at: usize| serde_json::from_slice::<Value>(&sent[at].body).unwrap();
    let ids = "01p000000000001AAA,01p000000000002AAA";
    assert_eq!(body(0), json!({"classids": ids}));
    assert_eq!(body(1), json!({"classids": ids, "maxFailedTests": 1}));
}

#[tokio::test(start_paused = true)]
async fn metadata_are_records() {
    let script = Script::new(|sent, _| match sent.method.as_str() {
        "POST" => Reply::json(
            201,
            r#"{"id":"01p000000000001","success":true,"errors":[]}"#,
        ),
        "GET" => Reply::json(200, r#"{"Name":"T"}"#),
        _ => Reply::json(204, ""),
    });
    let classes = tooling(&script).sobject("ApexClass");
    let id = classes.create(&json!({"Name": "T"})).await.unwrap().id;
    assert_eq!(classes.get::<Value>(id).await.unwrap()["Name"], "T");
    classes.update(id, &json!({"Body": "x"})).await.unwrap();
    classes.delete(id).await.unwrap();
    classes.describe().await.unwrap();
    let sent: Vec<_> = script
        .sent()
        .iter()
        .map(|sent| {
            sent.uri
                .path()
                .replace("/services/data/v66.0/tooling/sobjects/ApexClass", "")
        })
        .collect();
    let row = "/01p000000000001AAA";
    assert_eq!(sent, ["", row, row, row, "/describe"]);
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_was_repeated_finds_nothing_and_is_done() {
    let gone = || Reply::error(404, "NOT_FOUND", "no");
    let script = Script::replies([Reply::html(503), gone()]);
    let tooling = client(Counting::tokens(), &script).tooling();
    let classes = tooling.sobject("ApexClass");
    classes.delete("01p000000000001AAA").await.unwrap();
    assert_eq!(script.count(), 2);
    let error = classes.delete("01p000000000001AAA").await.unwrap_err();
    assert!(error.is_not_found());
}
