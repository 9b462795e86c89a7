use std::collections::BTreeMap;
use std::sync::Mutex;

use futures_util::StreamExt;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::*;
use crate::bulk::Paging;
use crate::error::{Error, ErrorKind, Result};
use crate::script::{Counting, Reply, Script, Sent, Then, client};
use crate::transport::TransportErrorKind;
use crate::{Record, Salesforce};

mod json;

const JOB: &str = "750P0000006HoSQIA0";
const NS: &str = "http://www.force.com/2009/06/asyncapi/dataload";
const SOQL: &str = "SELECT Id, Name FROM Account WHERE Name != null";

fn batch_id(number: usize) -> String {
    format!("751P0000007qk{number:02}IAA")
}

fn xml(status: u16, content: &str) -> Reply {
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{content}");
    Reply::Answer(
        StatusCode::from_u16(status).unwrap(),
        vec![("content-type", "application/xml".into())],
        text.into(),
    )
}

fn job(state: &str) -> Reply {
    xml(
        201,
        &format!(
            "<jobInfo\n   xmlns=\"{NS}\">\n <id>{JOB}</id>\n <operation>query</operation>\n \
             <object>Account</object>\n <state>{state}</state>\n \
             <concurrencyMode>Parallel</concurrencyMode>\n <contentType>CSV</contentType>\n \
             <numberRecordsProcessed>0</numberRecordsProcessed>\n</jobInfo>"
        ),
    )
}

fn batch(number: usize, state: &str, rows: u64) -> String {
    let message = match state {
        "Failed" => "<stateMessage>InvalidBatch : Field name not found : Nope</stateMessage>",
        _ => "",
    };
    format!(
        "<batchInfo xmlns=\"{NS}\">\n <id>{}</id>\n <jobId>{JOB}</jobId>\n <state>{state}</state>\n \
         {message}<numberRecordsProcessed>{rows}</numberRecordsProcessed>\n \
         <numberRecordsFailed>0</numberRecordsFailed></batchInfo>",
        batch_id(number)
    )
}

fn list(batches: &[String]) -> Reply {
    xml(
        200,
        &format!(
            "<batchInfoList\n   xmlns=\"{NS}\">{}</batchInfoList>",
            batches.concat()
        ),
    )
}

fn refused(code: &str) -> Reply {
    xml(
        400,
        &format!(
            "<error\n   xmlns=\"{NS}\">\n <exceptionCode>{code}</exceptionCode>\n \
             <exceptionMessage>words of {code}</exceptionMessage>\n</error>"
        ),
    )
}

fn salesforce(script: &Script) -> Salesforce {
    client(Counting::tokens(), script)
}

fn below(sent: &Sent) -> String {
    let path = sent.uri.path();
    path.strip_prefix("/services/async/66.0")
        .unwrap_or(path)
        .to_owned()
}

/// A query in three chunks of ten rows, of which the last has none.
fn chunked(sent: &Sent) -> Reply {
    let path = below(sent);
    let path = path.strip_prefix("/job").unwrap_or(&path);
    match path.split('/').collect::<Vec<_>>()[1..] {
        [] => job("Open"),
        [_] => job("Closed"),
        [_, "batch"] if sent.method == Method::POST => xml(201, &batch(0, "Queued", 0)),
        [_, "batch"] => list(&[
            batch(3, "Completed", 0),
            batch(0, "NotProcessed", 0),
            batch(2, "Completed", 10),
            batch(1, "Completed", 10),
        ]),
        [_, "batch", id, "result"] => xml(
            200,
            &format!(
                "<result-list xmlns=\"{NS}\"><result>752{}</result></result-list>",
                &id[3..]
            ),
        ),
        [_, "batch", id, "result", _] => rows_of(id),
        _ => refused("InvalidUrl"),
    }
}

fn rows_of(batch: &str) -> Reply {
    let number: usize = batch[13..15].parse().unwrap();
    let mut text = "Records not found for this query".to_owned();
    if number < 3 {
        text = "\"Id\",\"Name\"\n".to_owned();
        for row in (number - 1) * 10..number * 10 {
            text += &format!("\"{row}\",\"n {row}\"\n");
        }
    }
    Reply::Answer(
        StatusCode::OK,
        vec![("content-type", "text/csv".into())],
        text.into(),
    )
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    id: usize,
    name: String,
}

async fn read(mut rows: crate::bulk::BulkRows<Row>) -> Result<Vec<usize>> {
    let mut found = Vec::new();
    while let Some(row) = rows.next().await {
        let row = row?;
        assert_eq!(row.name, format!("n {}", row.id));
        found.push(row.id);
    }
    Ok(found)
}

fn all() -> Vec<usize> {
    (0..20).collect()
}

#[tokio::test(start_paused = true)]
async fn a_query_is_read_chunk_after_chunk() {
    let script = Script::new(|sent, _| chunked(sent));
    let query = |chunking| salesforce(&script).bulk().query(SOQL).pk_chunking(chunking);
    let rows = query(PkChunking::new().chunk_size(50_000).parent("Account")).rows();
    assert_eq!(read(rows).await.unwrap(), all());
    let sent = script.sent();
    assert_eq!(
        sent[0].headers["sforce-enable-pkchunking"],
        "chunkSize=50000; parent=Account"
    );
    assert!(
        sent.iter()
            .all(|sent| sent.headers["x-sfdc-session"] == "token-1")
    );
    assert!(
        sent.iter()
            .all(|sent| !sent.headers.contains_key("authorization"))
    );
    let body = String::from_utf8(sent[0].body.to_vec()).unwrap();
    assert!(
        body.contains(
            "<operation>query</operation><object>Account</object>\
             <concurrencyMode>Parallel</concurrencyMode><contentType>CSV</contentType>"
        ),
        "{body}"
    );
    assert_eq!(sent[1].body, SOQL);
    let closed = sent
        .iter()
        .filter(|sent| sent.method == Method::POST)
        .nth(2)
        .unwrap();
    assert!(String::from_utf8_lossy(&closed.body).contains("<state>Closed</state>"));

    for paging in [Paging::new(), Paging::new().parallel(4)] {
        let text = query(PkChunking::new()).paging(paging).csv();
        let pieces: Vec<_> = text.map(|piece| piece.unwrap()).collect().await;
        let text = String::from_utf8(pieces.concat()).unwrap();
        assert_eq!(text.lines().count(), 21, "{text}");
        assert!(text.starts_with("\"Id\",\"Name\"\n\"0\","));
    }
}

#[tokio::test(start_paused = true)]
async fn chunks_are_taken_up_by_their_handle_and_cursor() {
    let script = Script::new(|sent, _| chunked(sent));
    let bulk = salesforce(&script).bulk();
    let job = bulk
        .query(SOQL)
        .pk_chunking(PkChunking::new())
        .start()
        .await
        .unwrap();
    let kept = serde_json::to_string(job.handle()).unwrap();
    let job = bulk.resume_query(serde_json::from_str(&kept).unwrap());
    let mut rows = job.clone().rows::<Row>();
    for _ in 0..13 {
        rows.next().await.unwrap().unwrap();
    }
    let cursor = serde_json::to_string(&rows.cursor()).unwrap();
    let rest = job
        .clone()
        .resume(serde_json::from_str(&cursor).unwrap())
        .unwrap()
        .rows();
    assert_eq!(read(rest).await.unwrap(), (13..20).collect::<Vec<_>>());
    let info = job.wait().await.unwrap();
    assert_eq!(info.number_records_processed, Some(20));
    job.abort().await.unwrap();
    assert_eq!(
        job.delete().await.unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
}

#[tokio::test(start_paused = true)]
async fn a_page_of_a_chunk_that_breaks_off_is_taken_up() {
    for then in [Then::Breaks, Then::Rests] {
        let broken = Mutex::new(false);
        let script = Script::new(move |sent, _| {
            let reply = chunked(sent);
            let is_result = below(sent).contains("/result/");
            if is_result && !std::mem::replace(&mut *broken.lock().unwrap(), true) {
                return reply.begins(50, then);
            }
            reply
        });
        let query = salesforce(&script)
            .bulk()
            .query(SOQL)
            .pk_chunking(PkChunking::new());
        assert_eq!(read(query.rows()).await.unwrap(), all());
    }
}

/// What chunks found is no result where one is missing.
#[tokio::test(start_paused = true)]
async fn a_part_of_the_rows_is_an_error() {
    for (failed, said) in [
        (0, "dividing the query by ids failed"),
        (2, "a chunk of the query"),
    ] {
        let script = Script::new(move |sent, _| {
            if !(below(sent).ends_with("/batch") && sent.method == Method::GET) {
                return chunked(sent);
            }
            let state = |number| match number {
                number if number == failed => "Failed",
                0 => "NotProcessed",
                _ => "Completed",
            };
            list(&[0, 1, 2].map(|number| batch(number, state(number), 10)))
        });
        let query = salesforce(&script)
            .bulk()
            .query(SOQL)
            .pk_chunking(PkChunking::new());
        let error = read(query.rows()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::JobFailed);
        assert_eq!(error.code().unwrap().as_str(), "InvalidBatch");
        assert_eq!(error.jobs(), [JOB.parse().unwrap()]);
        assert!(format!("{error}").contains("InvalidBatch") && error.message().contains(said));
        let sent = script.sent();
        let aborted = String::from_utf8_lossy(&sent.last().unwrap().body).into_owned();
        assert!(
            aborted.contains("<state>Aborted</state>"),
            "the other chunks are stopped"
        );
    }
    // A count that is not the one of the chunks.
    let script = Script::new(|sent, _| {
        if below(sent).ends_with("/batch") && sent.method == Method::GET {
            return list(&[batch(0, "NotProcessed", 0), batch(1, "Completed", 11)]);
        }
        chunked(sent)
    });
    let query = salesforce(&script)
        .bulk()
        .query(SOQL)
        .pk_chunking(PkChunking::new());
    assert_eq!(
        read(query.rows()).await.unwrap_err().kind(),
        ErrorKind::Incomplete
    );
}

#[tokio::test(start_paused = true)]
async fn queries_that_cannot_be_divided_are_refused_before_anything_is_sent() {
    let script = Script::new(|sent, _| chunked(sent));
    let bulk = salesforce(&script).bulk();
    let refused = async |query: crate::bulk::BulkQuery| {
        let error = query.start().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_eq!(script.count(), 0);
        error.to_string()
    };
    for (soql, clause) in [
        ("SELECT Id FROM A ORDER BY Id", "ORDER"),
        ("SELECT Id FROM A WHERE B = 1 LIMIT 5", "LIMIT"),
        ("SELECT Id FROM A LIMIT 5", "LIMIT"),
    ] {
        let said = refused(bulk.query(soql).pk_chunking(PkChunking::new())).await;
        assert!(said.contains(clause), "{said}");
    }
    for chunking in [
        PkChunking::new().chunk_size(0),
        PkChunking::new().chunk_size(250_001),
        PkChunking::new().parent("A; b=c"),
    ] {
        refused(bulk.query(SOQL).pk_chunking(chunking)).await;
    }
    let other = bulk.query(SOQL).delimiter(crate::bulk::Delimiter::Tab);
    refused(other.pk_chunking(PkChunking::new())).await;
}

#[tokio::test(start_paused = true)]
async fn an_expired_session_is_renewed_though_it_comes_as_400() {
    let script = Script::new(|sent, number| match number {
        1 => refused("InvalidSessionId"),
        _ => chunked(sent),
    });
    let auth = Counting::tokens();
    let query = client(auth.clone(), &script)
        .bulk()
        .query(SOQL)
        .pk_chunking(PkChunking::new());
    assert_eq!(read(query.rows()).await.unwrap(), all());
    assert_eq!(auth.sign_ins(), 2);
    assert_eq!(script.sent()[2].headers["x-sfdc-session"], "token-2");
    let script = Script::replies([refused("InvalidJob")]);
    let error = salesforce(&script)
        .bulk()
        .v1()
        .job(JOB.parse().unwrap())
        .get()
        .await
        .unwrap_err();
    assert_eq!(error.code().unwrap().as_str(), "InvalidJob");
    assert_eq!(error.api_errors()[0].message(), "words of InvalidJob");
}

/// A job that takes batches in, and loses what it is told to lose.
#[derive(Default)]
struct Taken {
    batches: Vec<String>,
    posts: usize,
}

fn loading(
    lose: impl Fn(usize) -> Option<Loss> + Send + Sync + 'static,
) -> (Script, std::sync::Arc<Mutex<Taken>>) {
    let taken = std::sync::Arc::new(Mutex::new(Taken::default()));
    let kept = std::sync::Arc::clone(&taken);
    let script = Script::new(move |sent, _| {
        let mut taken = kept.lock().unwrap();
        let path = below(sent);
        if path.ends_with("/batch") && sent.method == Method::POST {
            taken.posts += 1;
            let loss = lose(taken.posts - 1);
            if loss == Some(Loss::Request) {
                return Reply::Fail(TransportErrorKind::Interrupted);
            }
            taken
                .batches
                .push(String::from_utf8_lossy(&sent.body).into_owned());
            if loss == Some(Loss::Answer) {
                return Reply::Fail(TransportErrorKind::Timeout);
            }
            return xml(201, &batch(taken.batches.len() - 1, "Queued", 0));
        }
        if path.ends_with("/batch") {
            let batches: Vec<String> = (0..taken.batches.len())
                .map(|number| batch(number, "Completed", 2))
                .collect();
            return list(&batches);
        }
        if let Some(path) = path.strip_suffix("/result") {
            let number: usize = path[path.len() - 5..path.len() - 3].parse().unwrap();
            return outcomes(&taken.batches[number]);
        }
        job("Open")
    });
    (script, taken)
}

#[derive(Clone, Copy, PartialEq)]
enum Loss {
    Request,
    Answer,
}

/// Rows with the name `no` are refused.
fn outcomes(batch: &str) -> Reply {
    if batch.starts_with('[') {
        let rows: Vec<BTreeMap<String, String>> = serde_json::from_str(batch).unwrap();
        let results: Vec<_> = rows
            .iter()
            .map(|row| match &*row["Name"] {
                "no" => json!({"success": false, "created": false, "id": null, "errors": [{
                    "statusCode": "REQUIRED_FIELD_MISSING", "message": "words", "fields": ["X"],
                }]}),
                name => json!({"success": true, "created": true, "id": id_of(name), "errors": []}),
            })
            .collect();
        return Reply::json(200, &json!(results).to_string());
    }
    let mut text = "\"Id\",\"Success\",\"Created\",\"Error\"\n".to_owned();
    for name in batch.lines().skip(1) {
        text += &match name {
            "no" => "\"\",\"false\",\"false\",\"REQUIRED_FIELD_MISSING:words:X --\"\n".to_owned(),
            name => format!("\"{}\",\"true\",\"true\",\"\"\n", id_of(name)),
        };
    }
    Reply::Answer(StatusCode::OK, vec![], text.into())
}

fn id_of(name: &str) -> String {
    format!("001000000000{name:0>3}AAA").replace("no", "00")
}

const NAMES: [&str; 5] = ["1", "2", "no", "4", "5"];

async fn load(script: &Script, job: NewV1Job) -> Result<Vec<V1Outcome>> {
    let rows = NAMES.map(|name| json!({"Name": name}));
    let running = salesforce(script)
        .bulk()
        .v1()
        .load(job)
        .batch_rows(2)
        .start(rows)
        .await?;
    assert_eq!(running.handle().rows(), 5);
    let kept = serde_json::to_string(running.handle()).unwrap();
    let running = salesforce(script)
        .bulk()
        .v1()
        .resume(serde_json::from_str(&kept).unwrap());
    let outcomes: Vec<_> = running.wait().await?.collect().await;
    outcomes.into_iter().collect()
}

fn check(outcomes: &[V1Outcome]) {
    assert_eq!(outcomes.len(), 5);
    for (number, outcome) in outcomes.iter().enumerate() {
        assert_eq!(outcome.row, number as u64);
        match (&outcome.result, NAMES[number]) {
            (Err(error), "no") => {
                assert_eq!(error.code().unwrap().as_str(), "REQUIRED_FIELD_MISSING");
                assert_eq!(error.api_errors()[0].fields(), ["X"]);
            }
            (Ok((id, true)), name) => assert_eq!(id.as_str()[..15], id_of(name)[..15]),
            (other, name) => panic!("{name}: {other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn rows_are_loaded_and_their_outcomes_come_in_their_order() {
    for job in [
        NewV1Job::insert("Account").serial(),
        NewV1Job::upsert("Account", "Key__c").json(),
    ] {
        let (script, taken) = loading(|_| None);
        check(&load(&script, job.clone()).await.unwrap());
        assert_eq!(taken.lock().unwrap().batches.len(), 3);
        let sent = script.sent();
        let created = String::from_utf8(sent[0].body.to_vec()).unwrap();
        let json = job == NewV1Job::upsert("Account", "Key__c").json();
        let mode = if json { "Parallel" } else { "Serial" };
        assert!(created.contains(&format!("<concurrencyMode>{mode}</concurrencyMode>")));
        assert_eq!(
            created.contains("<externalIdFieldName>Key__c</externalIdFieldName>"),
            json
        );
        let kind = sent[1].headers["content-type"].to_str().unwrap();
        assert!(kind.starts_with(if json { "application/json" } else { "text/csv" }));
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_may_have_arrived_is_there_once() {
    for loss in [Loss::Request, Loss::Answer] {
        for lost in 0..3 {
            let (script, taken) = loading(move |post| (post == lost).then_some(loss));
            check(&load(&script, NewV1Job::insert("Account")).await.unwrap());
            let taken = taken.lock().unwrap();
            assert_eq!(taken.batches.len(), 3);
            assert_eq!(taken.posts, if loss == Loss::Request { 4 } else { 3 });
        }
    }
    // A line that stays down ends in an error, and the job is named.
    let (script, _) = loading(|post| (post > 0).then_some(Loss::Request));
    let error = load(&script, NewV1Job::insert("Account"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert_eq!(error.jobs(), [JOB.parse().unwrap()]);
}

#[tokio::test(start_paused = true)]
async fn a_row_that_cannot_be_written_needs_no_job() {
    let (script, _) = loading(|_| None);
    let load = || {
        salesforce(&script)
            .bulk()
            .v1()
            .load(NewV1Job::insert("Account"))
    };
    let error = load().start([json!(5)]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(script.count(), 0);
    let none: [Record; 0] = [];
    assert_eq!(load().start(none).await.unwrap().handle().rows(), 0);
}

#[tokio::test(start_paused = true)]
async fn rows_of_a_batch_that_failed_are_told_as_such() {
    let (inner, _) = loading(|_| None);
    let script = Script::new(move |sent, _| {
        if below(sent).ends_with("/batch") && sent.method == Method::GET {
            return list(&[
                batch(0, "Completed", 2),
                batch(1, "Failed", 0),
                batch(2, "NotProcessed", 0),
            ]);
        }
        inner.answer(sent)
    });
    let outcomes = load(&script, NewV1Job::insert("Account")).await.unwrap();
    let failed: Vec<Option<&Error>> = outcomes
        .iter()
        .map(|outcome| outcome.result.as_ref().err())
        .collect();
    assert!(failed[..2].iter().all(Option::is_none));
    for error in &failed[2..] {
        assert_eq!(error.unwrap().kind(), ErrorKind::JobFailed);
    }
    assert_eq!(failed[2].unwrap().code().unwrap().as_str(), "InvalidBatch");
}

#[tokio::test(start_paused = true)]
async fn fewer_results_than_rows_are_an_error() {
    let (inner, _) = loading(|_| None);
    let script = Script::new(move |sent, _| {
        if below(sent).ends_with("/result") {
            return outcomes("Name\n1\n");
        }
        inner.answer(sent)
    });
    let error = load(&script, NewV1Job::insert("Account"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomplete);
}

#[tokio::test(start_paused = true)]
async fn no_token_can_be_given_as_a_header() {
    let script = Script::replies([job("Open")]);
    let call = salesforce(&script)
        .bulk()
        .v1()
        .job(JOB.parse().unwrap())
        .get();
    let error = call.header("X-SFDC-Session", "mine").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}
