use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use super::*;
use crate::bulk::JobId;
use crate::error::{Error, ErrorKind};
use crate::script::{Counting, ORG, Reply, Script, Sent, Then, builder, client};

const JOB: &str = "750R0000000zlh9IAA";

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    number: u64,
    name: Option<String>,
}

fn row(number: u64) -> Row {
    Row {
        number,
        // Some with all that can be in a cell, some null.
        name: (!number.is_multiple_of(3)).then(|| format!("n, {number} \"x\"\n;y")),
    }
}

fn line(number: u64) -> String {
    let name = row(number).name.unwrap_or_default().replace('"', "\"\"");
    format!("\"{number}\",\"{name}\"\n")
}

const HEADER: &str = "\"Number\",\"Name\"\n";

fn job_id() -> JobId {
    JOB.parse().unwrap()
}

/// Salesforce's side of one job.
#[derive(Clone)]
struct Server {
    rows: u64,
    /// How many rows it puts into a page that it cuts itself.
    page: u64,
    /// How many rows it says there are.
    processed: Option<u64>,
}

impl Server {
    fn new(rows: u64) -> Self {
        Self {
            rows,
            page: 10,
            processed: Some(rows),
        }
    }

    fn info(&self, state: &str) -> Value {
        let mut info = json!({
            "id": JOB, "operation": "query", "object": "Thing__c", "state": state,
            "concurrencyMode": "Parallel", "contentType": "CSV", "apiVersion": 66.0,
            "lineEnding": "LF", "columnDelimiter": "COMMA", "jobType": "V2Query",
        });
        if let (Some(processed), "JobComplete") = (self.processed, state) {
            info["numberRecordsProcessed"] = processed.into();
        }
        info
    }

    fn answer(&self, sent: &Sent) -> Reply {
        let path = sent.uri.path().to_owned();
        let job = format!("/services/data/v66.0/jobs/query/{JOB}");
        if sent.method == Method::POST && path == "/services/data/v66.0/jobs/query" {
            return Reply::json(200, &self.info("UploadComplete").to_string());
        }
        if path == job {
            return Reply::json(200, &self.info("JobComplete").to_string());
        }
        if path == format!("{job}/results") {
            let first = parameter(sent, "locator").map_or(0, |at| at[1..].parse().unwrap());
            let most = parameter(sent, "maxRecords").map(|most| most.parse().unwrap());
            return self.results(first, most.unwrap_or(self.page));
        }
        if path == format!("{job}/resultPages") {
            let first: u64 = parameter(sent, "locator").map_or(0, |at| at.parse().unwrap());
            return self.list(first);
        }
        Reply::error(404, "NOT_FOUND", "The requested resource does not exist")
    }

    fn results(&self, first: u64, most: u64) -> Reply {
        let end = (first + most).min(self.rows);
        let mut text = HEADER.to_owned();
        text.extend((first..end).map(line));
        let next = if end < self.rows {
            format!("L{end}")
        } else {
            "null".to_owned()
        };
        csv(&text)
            .header("sforce-locator", &next)
            .header("sforce-numberofrecords", &(end - first).to_string())
    }

    /// Two pages at a time.
    fn list(&self, first: u64) -> Reply {
        let at = |row: u64| {
            // One begins without a slash, as addresses of jobs do.
            let slash = if row == 0 { "" } else { "/" };
            format!("{slash}services/data/v66.0/jobs/query/{JOB}/results?locator=L{row}")
        };
        let pages: Vec<u64> = (0..self.rows)
            .step_by(usize::try_from(self.page).unwrap())
            .filter(|row| *row >= first)
            .collect();
        let urls: Vec<_> = pages
            .iter()
            .take(2)
            .map(|row| json!({"resultUrl": at(*row)}))
            .collect();
        let next = pages
            .get(2)
            .map(|row| format!("/services/data/v66.0/jobs/query/{JOB}/resultPages?locator={row}"));
        let list = json!({"resultPages": urls, "done": next.is_none(), "nextRecordsUrl": next});
        Reply::json(200, &list.to_string())
    }

    fn script(self) -> Script {
        Script::new(move |sent, _| self.answer(sent))
    }

    /// With `fault` for the results that are asked for n-th, from 0.
    fn faulty(
        self,
        fault: impl Fn(usize, &Sent, Reply) -> Reply + Send + Sync + 'static,
    ) -> Script {
        let results = Mutex::new(0);
        Script::new(move |sent, _| {
            let reply = self.answer(sent);
            if !sent.uri.path().ends_with("/results") {
                return reply;
            }
            let mut results = results.lock().unwrap();
            *results += 1;
            fault(*results - 1, sent, reply)
        })
    }
}

fn csv(text: &str) -> Reply {
    let header = ("content-type", "text/csv; charset=UTF-8".to_owned());
    Reply::Answer(
        StatusCode::OK,
        vec![header],
        Bytes::copy_from_slice(text.as_bytes()),
    )
}

fn without(reply: Reply, name: &str) -> Reply {
    match reply {
        Reply::Answer(status, mut headers, body) => {
            headers.retain(|(known, _)| *known != name);
            Reply::Answer(status, headers, body)
        }
        other => other,
    }
}

fn parameter(sent: &Sent, name: &str) -> Option<String> {
    let query = sent.uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes())
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
}

/// Which pages were asked for, by the row that they begin with.
fn fetched(script: &Script) -> Vec<u64> {
    let sent = script.sent();
    let results = sent
        .iter()
        .filter(|sent| sent.uri.path().ends_with("/results"));
    results
        .map(|sent| parameter(sent, "locator").map_or(0, |at| at[1..].parse().unwrap()))
        .collect()
}

fn query(script: &Script) -> BulkQuery {
    client(Counting::tokens(), script)
        .bulk()
        .query("SELECT Number, Name FROM Thing__c")
        .paging(Paging::new().page_rows(10))
}

async fn read(mut rows: BulkRows<Row>) -> (Vec<u64>, Option<Error>) {
    let mut numbers = Vec::new();
    while let Some(next) = rows.next().await {
        match next {
            Ok(found) => {
                assert_eq!(found, row(found.number));
                numbers.push(found.number);
            }
            Err(error) => {
                assert!(rows.next().await.is_none(), "an error is the end");
                return (numbers, Some(error));
            }
        }
    }
    (numbers, None)
}

fn all(rows: u64) -> (Vec<u64>, Option<String>) {
    ((0..rows).collect(), None)
}

fn said((numbers, error): (Vec<u64>, Option<Error>)) -> (Vec<u64>, Option<String>) {
    (numbers, error.map(|error| error.to_string()))
}

#[tokio::test(start_paused = true)]
async fn rows_come_page_after_page_until_the_locator_null() {
    let script = Server::new(25).script();
    let rows = query(&script).bind("unused", 1).rows::<Row>();
    let error = read(rows).await.1.unwrap();
    assert!(error.to_string().contains("unused"), "{error}");
    assert_eq!(script.count(), 0);

    let rows = query(&script)
        .include_deleted()
        .delimiter(Delimiter::Comma)
        .rows();
    assert_eq!(said(read(rows).await), all(25));
    assert_eq!(fetched(&script), [0, 10, 20]);
    let sent = script.sent();
    let job: Value = serde_json::from_slice(&sent[0].body).unwrap();
    let expected = json!({
        "operation": "queryAll", "query": "SELECT Number, Name FROM Thing__c",
        "contentType": "CSV", "columnDelimiter": "COMMA", "lineEnding": "LF",
    });
    assert_eq!(job, expected);
    let pages = sent
        .iter()
        .filter(|sent| sent.uri.path().ends_with("/results"));
    for page in pages {
        assert_eq!(parameter(page, "maxRecords").unwrap(), "10");
        assert_eq!(page.headers["accept"], "text/csv");
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_result_is_no_rows_and_an_empty_page_is_no_end() {
    let script = Server::new(0).script();
    assert_eq!(said(read(query(&script).rows()).await), all(0));
    let text = collect(query(&script).csv()).await.unwrap();
    assert_eq!(text, HEADER);

    // The page in the middle is empty.
    let server = Server::new(20);
    let script = Server::new(20).faulty(move |number, _, reply| match number {
        1 => csv(HEADER)
            .header("sforce-locator", "L10")
            .header("sforce-numberofrecords", "0"),
        2 => server.results(10, 10),
        _ => reply,
    });
    assert_eq!(said(read(query(&script).rows()).await), all(20));
    assert_eq!(fetched(&script), [0, 10, 10]);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_breaks_off_anywhere_is_taken_up_there_and_alone() {
    let body = HEADER.len() + (10..20).map(|number| line(number).len()).sum::<usize>();
    for then in [Then::Breaks, Then::Rests, Then::Ends] {
        for at in (0..body).step_by(7) {
            let script = Server::new(25).faulty(move |number, _, reply| match number {
                1 => reply.begins(at, then),
                _ => reply,
            });
            let paging = Paging::new().page_rows(10).timeout(Duration::from_secs(5));
            let rows = query(&script).paging(paging).rows();
            assert_eq!(said(read(rows).await), all(25), "at {at}");
            let mut pages = fetched(&script);
            pages.sort_unstable();
            assert_eq!(pages, [0, 10, 10, 20], "at {at}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_breaks_off_again_and_again_is_read_as_long_as_it_goes_on() {
    let script = Server::new(10).faulty(|number, _, reply| match number {
        0..40 => reply.begins(4 * (number + 1), Then::Breaks),
        _ => reply,
    });
    assert_eq!(said(read(query(&script).rows()).await), all(10));
    let script = Server::new(10).faulty(|_, _, reply| reply.begins(100, Then::Breaks));
    let (rows, error) = read(query(&script).rows()).await;
    let error = error.unwrap();
    assert!(rows.len() < 10);
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert_eq!(error.jobs(), [job_id()]);
    assert_eq!(fetched(&script).len(), 6, "five more are enough");
}

#[tokio::test(start_paused = true)]
async fn a_page_that_reads_otherwise_than_before_is_an_error() {
    let server = Server::new(50);
    let script = Server::new(20).faulty(move |number, sent, reply| {
        match (number, parameter(sent, "locator")) {
            (0, None) => reply.begins(150, Then::Breaks),
            (_, None) => server.results(3, 30),
            _ => reply,
        }
    });
    let (rows, error) = read(query(&script).rows()).await;
    let error = error.unwrap();
    assert_eq!(error.kind(), ErrorKind::StaleCursor);
    assert_eq!(error.jobs(), [job_id()]);
    assert_eq!(
        rows,
        (0..u64::try_from(rows.len()).unwrap()).collect::<Vec<_>>()
    );
}

#[tokio::test(start_paused = true)]
async fn another_number_of_rows_than_stated_is_an_error() {
    for (wrong, fetches) in [("11", 6), ("9", 6), ("0", 6)] {
        let script = Server::new(20).faulty(move |number, sent, reply| {
            if number > 0 && parameter(sent, "locator").is_some() {
                without(reply, "sforce-numberofrecords").header("sforce-numberofrecords", wrong)
            } else {
                reply
            }
        });
        let (_, error) = read(query(&script).rows()).await;
        let error = error.unwrap();
        assert_eq!(error.kind(), ErrorKind::Incomplete);
        assert_eq!(error.jobs(), [job_id()]);
        let again = fetched(&script).iter().filter(|page| **page == 10).count();
        assert_eq!(again, fetches);
    }
    // A count that is wrong once does no harm.
    let script = Server::new(20).faulty(|number, _, reply| match number {
        1 => without(reply, "sforce-numberofrecords").header("sforce-numberofrecords", "12"),
        _ => reply,
    });
    assert_eq!(said(read(query(&script).rows()).await), all(20));
}

#[tokio::test(start_paused = true)]
async fn headers_that_are_missing_are_made_good_by_what_the_job_says() {
    let strip = |names: &'static [&'static str]| {
        move |_: usize, _: &Sent, reply: Reply| {
            names.iter().fold(reply, |reply, name| without(reply, name))
        }
    };
    let script = Server::new(25).faulty(strip(&["sforce-numberofrecords"]));
    assert_eq!(said(read(query(&script).rows()).await), all(25));
    let strict = Paging::new().page_rows(10).require_counts();
    let (_, error) = read(query(&script).paging(strict).rows()).await;
    assert_eq!(error.unwrap().kind(), ErrorKind::Incomplete);

    // Without a locator, a first page may be all there is.
    let both = &["sforce-numberofrecords", "sforce-locator"];
    let script = Server::new(10).faulty(strip(both));
    assert_eq!(said(read(query(&script).rows()).await), all(10));
    let script = Server::new(25).faulty(strip(both));
    let (rows, error) = read(query(&script).rows()).await;
    assert_eq!(
        (rows.len(), error.unwrap().kind()),
        (10, ErrorKind::Incomplete)
    );
    let mut server = Server::new(10);
    server.processed = None;
    let script = server.faulty(strip(both));
    let (_, error) = read(query(&script).rows()).await;
    assert_eq!(error.unwrap().kind(), ErrorKind::Incomplete);
}

#[tokio::test(start_paused = true)]
async fn pages_that_are_not_told_of_are_missed() {
    let script = Server::new(30).faulty(|number, _, reply| match number {
        1 => without(reply, "sforce-locator").header("sforce-locator", "null"),
        _ => reply,
    });
    let (rows, error) = read(query(&script).rows()).await;
    let error = error.unwrap();
    assert_eq!((rows.len(), error.kind()), (20, ErrorKind::Incomplete));
    assert!(
        error.to_string().contains("20 rows, and the job says 30"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn trouble_before_a_page_begins_is_repeated_and_a_session_renewed() {
    let script = Server::new(25).faulty(|number, _, reply| match number {
        1 => Reply::error(503, "SERVER_UNAVAILABLE", "busy"),
        2 => Reply::expired(),
        3 => Reply::html(502),
        _ => reply,
    });
    let auth = Counting::tokens();
    let salesforce = client(auth.clone(), &script);
    let rows = salesforce
        .bulk()
        .query("SELECT Number, Name FROM Thing__c")
        .paging(Paging::new().page_rows(10))
        .rows();
    assert_eq!(said(read(rows).await), all(25));
    assert_eq!(auth.sign_ins(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_failed_says_why() {
    let script = Script::new(|sent, _| {
        let mut info = Server::new(0).info("Failed");
        info["errorMessage"] = "QueryTimeout : Your query request was running too long".into();
        if sent.method == Method::POST {
            info = Server::new(0).info("UploadComplete");
        }
        Reply::json(200, &info.to_string())
    });
    let (_, error) = read(query(&script).rows()).await;
    let error = error.unwrap();
    assert_eq!(error.kind(), ErrorKind::JobFailed);
    assert_eq!(error.code().unwrap().as_str(), "QueryTimeout");
    assert_eq!(error.jobs(), [job_id()]);
}

#[tokio::test(start_paused = true)]
async fn a_download_goes_on_behind_any_row() {
    let mut server = Server::new(33);
    server.page = 7;
    for paging in [
        Paging::new().page_rows(10),
        Paging::new().page_rows(10).parallel(3),
    ] {
        for stop in 0..=33 {
            let script = server.clone().script();
            let mut rows = query(&script).paging(paging.clone()).rows::<Row>();
            for number in 0..stop {
                assert_eq!(rows.next().await.unwrap().unwrap().number, number);
            }
            if stop == 0 {
                assert_eq!(rows.cursor(), None);
                continue;
            }
            let kept = serde_json::to_string(&rows.cursor()).unwrap();
            drop(rows);
            let cursor: ResultCursor = serde_json::from_str(&kept).unwrap();
            assert_eq!(cursor.rows_read(), stop);
            let script = server.clone().script();
            let salesforce = client(Counting::tokens(), &script);
            let job = salesforce.bulk().resume_query(cursor.job().clone());
            let rest = job.resume(cursor).unwrap().rows();
            assert_eq!(said(read(rest).await), ((stop..33).collect(), None));
            let first = fetched(&script)[0];
            assert!(first <= stop && stop <= first + 10, "only from its page on");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_cursor_is_good_for_its_job_alone_and_holds_no_data() {
    let script = Server::new(5).script();
    let mut rows = query(&script).rows::<Row>();
    rows.next().await.unwrap().unwrap();
    let cursor = rows.cursor().unwrap();
    let kept = serde_json::to_string(&cursor).unwrap();
    for secret in ["token", "SELECT", "Number"] {
        assert!(!kept.contains(secret), "{kept}");
    }
    let mut other = serde_json::to_value(cursor.job()).unwrap();
    other["id"] = "750R0000000zzzzIAA".into();
    let other = serde_json::from_value(other).unwrap();
    let job = client(Counting::tokens(), &script)
        .bulk()
        .resume_query(other);
    assert_eq!(
        job.resume(cursor).unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
}

#[tokio::test(start_paused = true)]
async fn listed_pages_come_in_order_however_they_arrive() {
    let mut server = Server::new(95);
    server.page = 10;
    let slow = server.clone();
    let script = Script::new(move |sent, _| {
        let reply = slow.answer(sent);
        // The first pages take longest.
        let wait = match parameter(sent, "locator").map(|at| at.trim_start_matches('L').parse()) {
            Some(Ok(row)) if sent.uri.path().ends_with("/results") => 100_u64.saturating_sub(row),
            _ => 0,
        };
        Reply::After(Duration::from_secs(wait), Box::new(reply))
    });
    let paging = Paging::new().parallel(4);
    assert_eq!(
        said(read(query(&script).paging(paging.clone()).rows()).await),
        all(95)
    );
    assert_eq!(script.most_at_once(), 4);
    let sent = script.sent();
    let mut pages = sent
        .iter()
        .filter(|sent| sent.uri.path().ends_with("/results"));
    assert!(
        pages.all(|page| parameter(page, "maxRecords").is_none()),
        "they are sent as listed"
    );

    let rows = query(&script).paging(paging.any_order()).rows();
    let (numbers, error) = read(rows).await;
    assert!(error.is_none());
    assert_ne!(numbers, all(95).0, "the later pages were there first");
    assert_eq!(numbers.len(), 95);
    assert_eq!(numbers.into_iter().collect::<BTreeSet<_>>().len(), 95);
}

#[tokio::test(start_paused = true)]
async fn lists_of_pages_are_read_as_documented_and_as_seen() {
    let url = format!("/services/data/v66.0/jobs/query/{JOB}/results?locator=L0");
    for (list, rows) in [
        (
            json!({"resultPages": [{"resultUrl": url}], "done": true}),
            Some(5),
        ),
        (
            json!({"resultChunks": [{"resultLink": url}], "nextRecordsUrl": null}),
            Some(5),
        ),
        (
            json!({"resultPages": [{"resultUrl": url}], "done": false}),
            None,
        ),
        (
            json!({"resultPages": [{"resultUrl": "https://evil.example/results"}]}),
            None,
        ),
        (
            json!({"resultPages": [{"resultUrl": "/services/data/v66.0/limits"}]}),
            None,
        ),
        (
            json!({"resultPages": [
                {"resultUrl": format!("/services/data/v66.0/jobs/query/{JOB}/../x")}
            ]}),
            None,
        ),
    ] {
        let list = list.to_string();
        let script = Script::new(move |sent, _| {
            if sent.uri.path().ends_with("/resultPages") {
                return Reply::json(200, &list);
            }
            Server::new(5).answer(sent)
        });
        let rows_found = read(query(&script).paging(Paging::new().parallel(2)).rows()).await;
        match rows {
            Some(rows) => assert_eq!(said(rows_found), all(rows)),
            None => assert_eq!(rows_found.1.unwrap().kind(), ErrorKind::Decode),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn versions_without_lists_of_pages_are_read_page_after_page() {
    let at = |version: u16| {
        let script = Script::new(move |sent, _| {
            let old = format!("/v{version}.0/");
            let path = sent.uri.to_string().replace(&old, "/v66.0/");
            let sent = Sent {
                uri: path.parse().unwrap(),
                ..sent.clone()
            };
            let answer = Server::new(25).answer(&sent);
            match answer {
                Reply::Answer(status, headers, body) => {
                    let text = String::from_utf8(body.to_vec()).unwrap();
                    let told = format!("\"apiVersion\":{version}.0");
                    let text = text.replace("\"apiVersion\":66.0", &told);
                    Reply::Answer(status, headers, text.into())
                }
                other => other,
            }
        });
        let salesforce = builder(Counting::tokens(), &script)
            .org_url(ORG)
            .version(crate::ApiVersion::new(version).unwrap())
            .build()
            .unwrap();
        let paging = Paging::new().page_rows(10).parallel(4);
        let query = salesforce
            .bulk()
            .query("SELECT Number, Name FROM Thing__c")
            .paging(paging);
        (script, query)
    };
    let (script, query) = at(57);
    assert_eq!(said(read(query.rows()).await), all(25));
    assert!(
        script
            .sent()
            .iter()
            .all(|sent| !sent.uri.path().contains("resultPages"))
    );
    let (script, query) = at(46);
    assert_eq!(
        read(query.rows()).await.1.unwrap().kind(),
        ErrorKind::InvalidInput
    );
    assert_eq!(script.count(), 0);
}

async fn collect(mut csv: BulkCsv) -> Result<String> {
    let mut text = Vec::new();
    while let Some(piece) = csv.next().await {
        text.extend_from_slice(&piece?);
    }
    Ok(String::from_utf8(text).unwrap())
}

#[tokio::test(start_paused = true)]
async fn results_are_one_text_with_one_header() {
    let expected: String = std::iter::once(HEADER.to_owned())
        .chain((0..25).map(line))
        .collect();
    let script = Server::new(25).script();
    assert_eq!(collect(query(&script).csv()).await.unwrap(), expected);
    // The same as a reader, and where pages end without a line end.
    let script = Server::new(25).faulty(|_, _, reply| match reply {
        Reply::Answer(status, headers, body) => {
            Reply::Answer(status, headers, body.slice(..body.len() - 1))
        }
        other => other,
    });
    let mut text = String::new();
    let mut reader = query(&script).csv();
    reader.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, expected);
    assert_eq!(reader.rows(), 25);
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_results_that_were_begun_has_no_second_header() {
    let script = Server::new(25).script();
    let mut rows = query(&script).rows::<Row>();
    for _ in 0..12 {
        rows.next().await.unwrap().unwrap();
    }
    let salesforce = client(Counting::tokens(), &script);
    let cursor = rows.cursor().unwrap();
    let job = salesforce.bulk().resume_query(cursor.job().clone());
    let rest = collect(job.resume(cursor).unwrap().csv()).await.unwrap();
    assert_eq!(rest, (12..25).map(line).collect::<String>());
}

#[tokio::test(start_paused = true)]
async fn a_file_is_replaced_when_all_has_come_and_otherwise_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("things.csv");
    std::fs::write(&path, "old").unwrap();
    let script = Server::new(30).faulty(|number, _, reply| match number {
        1.. => Reply::error(404, "NOT_FOUND", "gone"),
        _ => reply,
    });
    let error = query(&script).save(&path).await.unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
    let script = Server::new(30).script();
    assert_eq!(query(&script).save(&path).await.unwrap(), 30);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        text.len(),
        HEADER.len() + (0..30).map(|row| line(row).len()).sum::<usize>()
    );
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
}

/// Whatever request is the last one that is answered, the next run goes on, and ends with
/// the same file.
#[tokio::test(start_paused = true)]
async fn a_resumable_file_is_whole_however_often_it_is_stopped() {
    let expected: String = std::iter::once(HEADER.to_owned())
        .chain((0..45).map(line))
        .collect();
    for paging in [
        Paging::new().page_rows(10),
        Paging::new().parallel(2).any_order(),
    ] {
        for last in 1..12 {
            let folder = tempfile::tempdir().unwrap();
            let (path, journal) = (folder.path().join("t.csv"), folder.path().join("t.journal"));
            let mut runs = 0;
            let mut jobs = 0;
            let rows = loop {
                runs += 1;
                let script = Script::new(move |sent, number| match number {
                    number if number >= last => Reply::error(400, "STOPPED", "by the test"),
                    _ => Server::new(45).answer(sent),
                });
                let query = query(&script).paging(paging.clone());
                let saved = query.save_resumable(&path, &journal).await;
                jobs += script
                    .sent()
                    .iter()
                    .filter(|sent| sent.method == Method::POST)
                    .count();
                match saved {
                    Ok(rows) => break rows,
                    Err(error) => assert_eq!(error.code().unwrap().as_str(), "STOPPED"),
                }
                assert!(!path.exists());
                // With so few requests it never gets to a page.
                if runs > 20 {
                    assert!(last < 7, "{last}");
                    break 0;
                }
            };
            assert!(jobs <= 1, "one job is enough");
            if rows == 0 {
                continue;
            }
            assert_eq!(rows, 45);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
            let script = Script::replies([Reply::error(400, "STOPPED", "")]);
            assert_eq!(
                query(&script)
                    .save_resumable(&path, &journal)
                    .await
                    .unwrap(),
                45
            );
            assert_eq!(script.count(), 0, "nothing is left to do");
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                let mode = std::fs::metadata(&path).unwrap().permissions().mode();
                assert_eq!(mode & 0o777, 0o600);
            }
            let elsewhere = folder.path().join("u.csv");
            let other = query(&script).save_resumable(&elsewhere, &journal).await;
            assert_eq!(other.unwrap_err().kind(), ErrorKind::InvalidInput);
            std::fs::rename(&path, &elsewhere).unwrap();
            let gone = query(&script).save_resumable(&path, &journal).await;
            assert_eq!(gone.unwrap_err().kind(), ErrorKind::Disk);
            std::fs::rename(&elsewhere, &path).unwrap();
            let other = query(&script)
                .include_deleted()
                .save_resumable(&path, &journal)
                .await;
            assert_eq!(other.unwrap_err().kind(), ErrorKind::InvalidInput);
            assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn dynamic_records_have_the_types_of_their_fields() {
    let describe = |sent: &Sent| match sent.uri.path() {
        path if path.ends_with("/Thing__c/describe") => Some(json!({
            "name": "Thing__c",
            "fields": [
                {"name": "Number", "type": "double"},
                {"name": "Name", "type": "string"},
                {"name": "Owner__c", "type": "reference", "relationshipName": "Owner__r",
                 "referenceTo": ["User"]},
            ],
        })),
        path if path.ends_with("/User/describe") => Some(json!({
            "name": "User",
            "fields": [{"name": "IsActive", "type": "boolean"}],
        })),
        _ => None,
    };
    let script = Script::new(move |sent, _| {
        if let Some(described) = describe(sent) {
            return Reply::json(200, &described.to_string());
        }
        if sent.uri.path().ends_with("/results") {
            return csv(
                "\"Number\",\"Name\",\"Owner__r.IsActive\",\"Hidden.Name\"\n\
                 \"1.0\",\"2\",\"true\",\"\"\n",
            )
            .header("sforce-locator", "null")
            .header("sforce-numberofrecords", "1");
        }
        Server::new(1).answer(sent)
    });
    let mut records = query(&script).records();
    let record = records.next().await.unwrap().unwrap();
    assert!(records.next().await.is_none());
    assert_eq!(record.object(), Some("Thing__c"));
    assert_eq!(record.json("Number"), Some("1.0"));
    assert_eq!(record.json("Name"), Some("\"2\""));
    assert_eq!(record.json("Owner__r.IsActive"), Some("true"));
    assert_eq!(record.json("Hidden"), Some("null"));
}

#[tokio::test(start_paused = true)]
async fn a_row_that_does_not_fit_is_one_error_with_its_place() {
    let script = Server::new(25).script();
    #[derive(Debug, Deserialize)]
    struct Small {
        #[serde(rename = "Number")]
        _number: Even,
    }
    #[derive(Debug)]
    struct Even;
    impl<'de> Deserialize<'de> for Even {
        fn deserialize<D: serde::Deserializer<'de>>(number: D) -> Result<Self, D::Error> {
            match u64::deserialize(number)? {
                number if number % 12 == 11 => Err(serde::de::Error::custom("odd")),
                _ => Ok(Self),
            }
        }
    }
    let rows = query(&script).rows::<Small>().collect::<Vec<_>>().await;
    assert_eq!(rows.len(), 25);
    let errors: Vec<_> = rows.into_iter().filter_map(Result::err).collect();
    assert_eq!(errors.len(), 2);
    assert!(
        errors[0]
            .to_string()
            .contains("row 11, column \"Number\": odd"),
        "{}",
        errors[0]
    );
    assert!(errors[1].to_string().contains("row 23"), "{}", errors[1]);
    assert!(!errors[0].redacted().to_string().contains("odd"));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_fetched_for_a_reader_that_is_gone_or_far_behind() {
    let script = Server::new(1000).script();
    let mut rows = query(&script).rows::<Row>();
    rows.next().await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let ahead = fetched(&script).len();
    assert!(ahead <= 4, "{ahead} pages were fetched for one row");
    drop(rows);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(fetched(&script).len(), ahead);
}

#[test]
fn streams_can_be_moved_to_other_tasks() {
    static_assertions::assert_impl_all!(BulkRows<Row>: Send, Unpin);
    static_assertions::assert_impl_all!(BulkRecords: Send, Unpin);
    static_assertions::assert_impl_all!(BulkCsv: Send, Unpin, tokio::io::AsyncRead);
    static_assertions::assert_impl_all!(QueryJob: Send, Sync, Clone);
}
