use std::sync::Mutex;

use futures_util::StreamExt;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::*;
use crate::bulk::Paging;
use crate::error::{ErrorKind, Result};
use crate::script::{Counting, Reply, Script, Sent, Then, client};
use crate::transport::TransportErrorKind;
use crate::{Record, Salesforce};

mod journal;
mod json;
mod loads;

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
