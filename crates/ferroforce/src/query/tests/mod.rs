mod children;
mod ranges;
mod resume;

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Query;
use crate::client::{CallOptions, Salesforce};
use crate::error::ErrorKind;
use crate::retry::RetryPolicy;
use crate::script::{Counting, Reply, Script, Sent, client};
use crate::soql::Soql;
use crate::transport::TransportErrorKind;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "PascalCase")]
struct Row {
    number: u64,
}

fn salesforce(script: &Script) -> Salesforce {
    client(Counting::tokens(), script)
}

/// `pages` pages of two rows each, numbered from 0.
fn page(number: usize, pages: usize) -> Reply {
    let rows: Vec<Value> = (0..2)
        .map(|row| json!({"Number": number * 2 + row}))
        .collect();
    let mut body = json!({"totalSize": pages * 2, "done": number + 1 == pages, "records": rows});
    if number + 1 < pages {
        body["nextRecordsUrl"] = json!(format!("/services/data/v66.0/query/01g-{}", number + 1));
    }
    Reply::json(200, &body.to_string())
}

/// Pages as they are asked for by address, whatever the order.
fn paged(pages: usize) -> impl Fn(&Sent) -> Reply {
    move |sent| {
        let number = sent
            .uri
            .path()
            .rsplit_once('-')
            .and_then(|(_, n)| n.parse().ok());
        page(number.unwrap_or(0), pages)
    }
}

#[tokio::test(start_paused = true)]
async fn rows_come_page_after_page() {
    let pages = paged(3);
    let script = Script::new(move |sent, _| pages(sent));
    let rows: Vec<Row> = salesforce(&script)
        .query("SELECT Number FROM Thing__c WHERE Name = :name")
        .bind("name", "a+b & c'd")
        .batch_size(200)
        .fetch_all()
        .await
        .unwrap();
    assert_eq!(
        rows.iter().map(|row| row.number).collect::<Vec<_>>(),
        [0, 1, 2, 3, 4, 5]
    );
    let sent = script.sent();
    assert_eq!(sent.len(), 3);
    assert_eq!(
        sent[0].uri.path_and_query().unwrap().as_str(),
        "/services/data/v66.0/query?q=SELECT+Number+FROM+Thing__c+WHERE+Name+%3D+%27a%2Bb+%26+c%5C%27d%27"
    );
    assert_eq!(sent[2].uri.path(), "/services/data/v66.0/query/01g-2");
    assert!(
        sent.iter()
            .all(|sent| sent.headers["sforce-query-options"] == "batchSize=200")
    );
}

#[tokio::test(start_paused = true)]
async fn the_next_page_is_fetched_while_this_one_is_read() {
    let pages = paged(4);
    let script =
        Script::new(move |sent, _| Reply::After(Duration::from_millis(50), Box::new(pages(sent))));
    let salesforce = salesforce(&script);
    salesforce.access_token().await.unwrap();
    let started = tokio::time::Instant::now();
    let mut rows = salesforce
        .query("SELECT Number FROM Thing__c")
        .rows::<Row>();
    while let Some(row) = rows.next().await {
        row.unwrap();
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    // One wait for the first page; the others hide behind the reading.
    assert_eq!(started.elapsed(), Duration::from_millis(50 + 4 * 50));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_rows_stops_fetching() {
    let pages = paged(100);
    let script =
        Script::new(move |sent, _| Reply::After(Duration::from_millis(50), Box::new(pages(sent))));
    let salesforce = salesforce(&script);
    let mut rows = salesforce
        .query("SELECT Number FROM Thing__c")
        .rows::<Row>();
    rows.next().await.unwrap().unwrap();
    drop(rows);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(script.count() <= 2, "{}", script.count());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_before_the_rows_are_asked_for() {
    let script = Script::replies([page(0, 1)]);
    let rows = salesforce(&script)
        .query("SELECT Number FROM Thing__c")
        .rows::<Row>();
    tokio::task::yield_now().await;
    drop(rows);
    assert_eq!(script.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_row_that_does_not_fit_is_one_error_and_the_others_still_come() {
    let body =
        r#"{"totalSize":3,"done":true,"records":[{"Number":1},{"Number":"two"},{"Number":3}]}"#;
    let script = Script::replies([Reply::json(200, body)]);
    let rows = salesforce(&script)
        .query("SELECT Number FROM Thing__c")
        .rows::<Row>();
    let rows: Vec<_> = rows.collect().await;
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[2].as_ref().unwrap(), &Row { number: 3 });
    let error = rows[1].as_ref().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("row 1 at Number"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_empty_page_is_no_end() {
    let empty = r#"{"totalSize":2,"done":false,"nextRecordsUrl":"/services/data/v66.0/query/01g-1","records":[]}"#;
    let script = Script::replies([Reply::json(200, empty), page(0, 1)]);
    let rows: Vec<Row> = salesforce(&script)
        .query("SELECT Number FROM T")
        .fetch_all()
        .await
        .unwrap();
    assert_eq!(rows.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_says_more_and_not_where_is_an_error() {
    let script = Script::replies([Reply::json(
        200,
        r#"{"totalSize":9,"done":false,"records":[]}"#,
    )]);
    let query = salesforce(&script).query("SELECT Number FROM T");
    assert_eq!(
        query.fetch_all::<Row>().await.unwrap_err().kind(),
        ErrorKind::Decode
    );
}

#[tokio::test(start_paused = true)]
async fn the_next_page_stays_on_the_org() {
    for url in [
        "https://evil.example/services/data/v66.0/query/x",
        "//evil.example/services/data/",
        ".evil.example/x",
        "@evil.example",
        "/services/data/../../../steal",
        "/other",
        "",
    ] {
        let body = json!({"totalSize": 3, "done": false, "nextRecordsUrl": url, "records": [{"Number": 1}]});
        let script = Script::replies([Reply::json(200, &body.to_string())]);
        let rows = salesforce(&script)
            .query("SELECT Number FROM T")
            .rows::<Row>();
        let rows: Vec<_> = rows.collect().await;
        assert!(rows.last().unwrap().is_err(), "{url}");
        assert_eq!(script.count(), 1, "{url}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_cut_short_is_fetched_again_and_never_taken_for_the_end() {
    let pages = paged(3);
    let script = Script::new(move |sent, number| match number {
        1 => Reply::Cut(
            StatusCode::OK,
            Bytes::from_static(b"{\"totalSize\":6,\"done\":true,\"records\":["),
        ),
        2 => Reply::Fail(TransportErrorKind::Interrupted),
        _ => pages(sent),
    });
    let rows: Vec<Row> = salesforce(&script)
        .query("SELECT Number FROM T")
        .fetch_all()
        .await
        .unwrap();
    assert_eq!(rows.len(), 6);
    // Where it stays broken, the rows end with an error.
    let pages = paged(3);
    let script = Script::new(move |sent, number| match number {
        0 => pages(sent),
        _ => Reply::Cut(StatusCode::OK, Bytes::from_static(b"{\"total")),
    });
    let rows = salesforce(&script)
        .query("SELECT Number FROM T")
        .rows::<Row>();
    let rows: Vec<_> = rows.collect().await;
    assert_eq!(rows.len(), 3, "two rows and the error");
    assert_eq!(rows[2].as_ref().unwrap_err().kind(), ErrorKind::Interrupted);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_expires_between_pages_is_renewed() {
    let pages = paged(3);
    let script = Script::new(move |sent, number| {
        if number == 1 {
            Reply::expired()
        } else {
            pages(sent)
        }
    });
    let rows: Vec<Row> = salesforce(&script)
        .query("SELECT Number FROM T")
        .fetch_all()
        .await
        .unwrap();
    assert_eq!(rows.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn one_row_none_or_too_many() {
    let answer = |rows: usize| {
        let rows: Vec<Value> = (0..rows).map(|number| json!({"Number": number})).collect();
        Script::replies([Reply::json(
            200,
            &json!({"totalSize": rows.len(), "done": true, "records": rows}).to_string(),
        )])
    };
    let query = |script: &Script| salesforce(script).query("SELECT Number FROM T");
    assert_eq!(
        query(&answer(1)).fetch_one::<Row>().await.unwrap().number,
        0
    );
    assert_eq!(
        query(&answer(0)).fetch_optional::<Row>().await.unwrap(),
        None
    );
    assert_eq!(
        query(&answer(0))
            .fetch_one::<Row>()
            .await
            .unwrap_err()
            .kind(),
        ErrorKind::NoRows
    );
    assert_eq!(
        query(&answer(2))
            .fetch_one::<Row>()
            .await
            .unwrap_err()
            .kind(),
        ErrorKind::TooManyRows
    );
    let script = Script::replies([Reply::json(
        200,
        r#"{"totalSize":17,"done":true,"records":[]}"#,
    )]);
    assert_eq!(query(&script).count().await.unwrap(), 17);
}

#[tokio::test(start_paused = true)]
async fn pages_as_they_are_cut_and_deleted_rows() {
    let pages = paged(2);
    let script = Script::new(move |sent, _| pages(sent));
    let query = salesforce(&script)
        .query("SELECT Number FROM T")
        .include_deleted();
    let pages: Vec<_> = query.pages::<Row>().try_collect().await.unwrap();
    assert_eq!(
        pages
            .iter()
            .map(|page| (page.total_size, page.done, page.records.len()))
            .collect::<Vec<_>>(),
        [(4, false, 2), (4, true, 2)]
    );
    assert_eq!(script.sent()[0].uri.path(), "/services/data/v66.0/queryAll");
}

#[tokio::test(start_paused = true)]
async fn bad_input_is_refused_before_anything_is_sent() {
    let script = Script::replies([page(0, 1)]);
    let salesforce = salesforce(&script);
    for size in [0, 199, 2001] {
        let query = salesforce.query("SELECT Number FROM T").batch_size(size);
        assert_eq!(
            query.fetch_all::<Row>().await.unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
    }
    let unbound = salesforce.query("SELECT Number FROM T WHERE Name = :name");
    assert_eq!(
        unbound.fetch_all::<Row>().await.unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
    assert_eq!(script.count(), 0);
    let assembled = Soql::assert_safe(format!("SELECT Number FROM {}", "T"));
    salesforce
        .query(assembled)
        .fetch_all::<Row>()
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn records_keep_numbers_and_order() {
    let body = r#"{"totalSize":2,"done":true,"records":[{"attributes":{"type":"T"},"B":1.10,"A":null},{"attributes":{"type":"T"},"B":99999999999999999999,"A":"x"}]}"#;
    let script = Script::replies([Reply::json(200, body)]);
    let records = salesforce(&script).query("SELECT B, A FROM T").records();
    let records: Vec<_> = records.try_collect().await.unwrap();
    assert_eq!(records[0].json("B"), Some("1.10"));
    assert_eq!(records[1].json("b"), Some("99999999999999999999"));
    assert_eq!(
        serde_json::to_string(&records[0]).unwrap(),
        r#"{"attributes":{"type":"T"},"B":1.10,"A":null}"#
    );
}

#[tokio::test(start_paused = true)]
async fn what_needs_one_page_asks_for_one() {
    let pages = paged(3);
    let script = Script::new(move |sent, _| pages(sent));
    let salesforce = salesforce(&script);
    let query = || salesforce.query("SELECT Number FROM T");
    assert_eq!(query().count().await.unwrap(), 6);
    query().fetch_one::<Row>().await.unwrap_err();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(script.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn without_prefetch_a_page_is_asked_for_when_it_is_wanted() {
    let pages = paged(3);
    let script = Script::new(move |sent, _| pages(sent));
    let query = salesforce(&script).query("SELECT Number FROM T");
    let mut rows = query.prefetch(false).rows::<Row>();
    for (row, requests) in [1, 1, 2, 2, 3, 3].into_iter().enumerate() {
        assert_eq!(rows.next().await.unwrap().unwrap().number, row as u64);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(script.count(), requests);
    }
    assert!(rows.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_query_is_explained() {
    let plan = r#"{"plans":[{"cardinality":2843473,"fields":[],"leadingOperationType":"TableScan","notes":[{"description":"Not considering filter","fields":["IsDeleted"],"tableEnumOrId":"Merchandise__c"}],"relativeCost":1.65,"sobjectCardinality":2843473,"sobjectType":"Merchandise__c"}],"sourceQuery":"SELECT"}"#;
    let script = Script::replies([Reply::json(200, plan)]);
    let query = salesforce(&script).query("SELECT Id FROM T WHERE A = :a");
    let explained = query.bind("a", "x").explain().await.unwrap();
    assert_eq!(explained.plans[0].leading_operation_type, "TableScan");
    assert_eq!(explained.plans[0].notes[0].fields, ["IsDeleted"]);
    assert_eq!(
        script.sent()[0].uri.path_and_query().unwrap().as_str(),
        "/services/data/v66.0/query?explain=SELECT+Id+FROM+T+WHERE+A+%3D+%27x%27"
    );
}

#[tokio::test(start_paused = true)]
async fn a_named_query_takes_parameters_and_pages_on() {
    let pages = paged(2);
    let script = Script::new(move |sent, _| pages(sent));
    let query = || salesforce(&script).named_query("by/Name", [("a b", "c&d")]);
    assert_eq!(query().fetch_all::<Row>().await.unwrap().len(), 4);
    assert_eq!(
        script.sent()[0].uri.path_and_query().unwrap().as_str(),
        "/services/data/v66.0/named/query/by%2FName?a+b=c%26d"
    );
    assert!(query().explain().await.unwrap_err().is_before_send());
    let bound = query().bind("x", 1).fetch_all::<Row>().await;
    assert!(bound.unwrap_err().is_before_send());
    assert_eq!(script.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_query_that_no_address_can_carry_goes_in_a_batch() {
    let script = Script::new(|sent, _| match sent.uri.path() {
        "/services/data/v66.0/composite/batch" => {
            let page = json!({"totalSize": 2, "done": false, "records": [{"Number": 0}],
                              "nextRecordsUrl": "/services/data/v66.0/query/01g-1"});
            let result = json!({"statusCode": 200, "result": page});
            Reply::json(
                200,
                &json!({"hasErrors": false, "results": [result]}).to_string(),
            )
        }
        _ => page(0, 1),
    });
    let query = |ids: usize| {
        let ids: Vec<_> = (0..ids).map(|id| format!("{id:018}")).collect();
        let query = salesforce(&script).query("SELECT Number FROM T WHERE Id IN :ids");
        query
            .bind("ids", ids)
            .batch_size(200)
            .call_options(&CallOptions::new().default_namespace("acme"))
    };
    let rows = query(2000).fetch_all::<Row>().await.unwrap();
    assert_eq!(rows.len(), 3, "the further pages are asked for as ever");
    let sent = &script.sent()[0];
    let body: Value = serde_json::from_slice(&sent.body).unwrap();
    let url = body["batchRequests"][0]["url"].as_str().unwrap();
    assert!(url.starts_with("v66.0/query?q=SELECT+Number+FROM+T+WHERE+Id+IN+%28%27000"));
    assert!(url.len() > 40_000);
    assert_eq!(script.count(), 2);
    for sent in script.sent() {
        assert_eq!(sent.headers["sforce-call-options"], "defaultNamespace=acme");
    }

    query(500).fetch_all::<Row>().await.unwrap();
    assert_eq!(script.sent()[2].method, http::Method::GET);

    let named = salesforce(&script).named_query("n", [("a", "x".repeat(20_000))]);
    let error = named.fetch_all::<Row>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RequestTooLong);
    assert!(error.is_before_send());
    assert_eq!(script.count(), 3);
}

/// What Salesforce takes is no sharp line, and what lies between may take less.
#[tokio::test(start_paused = true)]
async fn a_query_that_is_turned_away_as_too_long_goes_in_a_batch() {
    for status in [414, 431] {
        let script = Script::new(move |sent, _| match sent.uri.path() {
            "/services/data/v66.0/query" => Reply::json(
                status,
                "<h1>Bad Message</h1><pre>reason: URI Too Long</pre>",
            ),
            "/services/data/v66.0/composite/batch" => {
                let page = json!({"totalSize": 1, "done": true, "records": [{"Number": 0}]});
                let result = json!({"statusCode": 200, "result": page});
                let results = json!({"hasErrors": false, "results": [result]});
                Reply::json(200, &results.to_string())
            }
            other => panic!("{other}"),
        });
        let ids: Vec<_> = (0..150).map(|id| format!("{id:018}")).collect();
        let query = salesforce(&script).query("SELECT Number FROM T WHERE Id IN :ids");
        let rows = query.bind("ids", ids).fetch_all::<Row>().await.unwrap();
        assert_eq!((rows.len(), script.count()), (1, 2), "{status}");

        // Not for its query, so a batch would be of no help.
        let short = salesforce(&script).query("SELECT Number FROM T");
        let error = short.fetch_all::<Row>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RequestTooLong);
        assert_eq!(error.status().unwrap().as_u16(), status);
        assert!(error.to_string().contains("URI Too Long"), "{error}");
        assert!(error.is_before_send() && !error.is_retryable());
        assert_eq!(script.count(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn salesforce_s_headers_go_with_every_page() {
    let pages = paged(3);
    let script = Script::new(move |sent, _| pages(sent));
    let query = || {
        salesforce(&script)
            .query("SELECT Number FROM Thing__c")
            .call_options(&CallOptions::new().default_namespace("acme"))
            .header("x-own", "1")
    };
    let rows: Vec<Row> = query().fetch_all().await.unwrap();
    assert_eq!((rows.len(), script.count()), (6, 3));
    for sent in script.sent() {
        assert_eq!(sent.headers["sforce-call-options"], "defaultNamespace=acme");
        assert_eq!(sent.headers["x-own"], "1");
    }
    let refused = query().header("a b", "1").fetch_all::<Row>().await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(script.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_count_that_is_not_told_is_no_count() {
    let script = Script::replies([Reply::json(200, r#"{"done":true,"records":[]}"#)]);
    let query = salesforce(&script).query("SELECT COUNT() FROM Thing__c");
    assert_eq!(query.count().await.unwrap_err().kind(), ErrorKind::Decode);
}

#[tokio::test(start_paused = true)]
async fn several_rows_are_too_many_whatever_their_number_is_said_to_be() {
    for total in ["", r#""totalSize":1,"#] {
        let body = format!(r#"{{{total}"done":true,"records":[{{"Number":1}},{{"Number":2}}]}}"#);
        let script = Script::replies([Reply::json(200, &body)]);
        let query = salesforce(&script).query("SELECT Number FROM Thing__c");
        let error = query.fetch_one::<Row>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooManyRows);
    }
}
