//! What is sent for a load, in which order, and what was noted before.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::bulk::{CsvSource, Delimiter, LineEnding, LoadHandle};
use crate::error::ErrorKind;
use crate::script::{Counting, ORG, Reply, Script, Sent, builder};
use crate::transport::TransportErrorKind;
use crate::{RecordId, Salesforce};

fn client(script: &Script) -> Salesforce {
    builder(Counting::tokens(), script)
        .org_url(ORG)
        .build()
        .unwrap()
}

fn job(number: usize) -> String {
    let id: RecordId = format!("750R00000000{number:03}").parse().unwrap();
    id.to_string()
}

fn info(number: usize, state: &str, processed: u64) -> Reply {
    let body = json!({"id": job(number), "state": state, "numberRecordsProcessed": processed,
        "numberRecordsFailed": 0});
    Reply::json(200, &body.to_string())
}

/// An org that takes everything: jobs by their number, which are complete when they are
/// asked for.
fn kind_org(rows: u64) -> impl Fn(&Sent, &Mutex<usize>) -> Reply {
    move |sent, jobs| {
        let number = *jobs.lock().unwrap();
        match (&sent.method, sent.uri.path().ends_with("/jobs/ingest")) {
            (&Method::POST, true) => {
                *jobs.lock().unwrap() += 1;
                info(number + 1, "Open", 0)
            }
            (&Method::PUT, _) => Reply::json(201, ""),
            (&Method::PATCH, _) => info(number, "UploadComplete", 0),
            _ => info(number, "JobComplete", rows),
        }
    }
}

fn script(
    rows: u64,
    other: impl Fn(&Sent, usize) -> Option<Reply> + Send + Sync + 'static,
) -> Script {
    let jobs = Mutex::new(0);
    let org = kind_org(rows);
    Script::new(move |sent, number| other(sent, number).unwrap_or_else(|| org(sent, &jobs)))
}

fn steps(script: &Script) -> Vec<String> {
    let sent = script.sent();
    let steps = sent.iter().map(|sent| {
        let path = sent
            .uri
            .path()
            .trim_start_matches("/services/data/v66.0/jobs/ingest");
        format!("{} {}", sent.method, path.trim_start_matches('/'))
    });
    steps.collect()
}

fn rows() -> Vec<Value> {
    vec![json!({"LastName": "a;b"}), json!({"LastName": null})]
}

#[tokio::test(start_paused = true)]
async fn a_load_is_created_uploaded_closed_and_waited_for() {
    let script = script(2, |_, _| None);
    let rule = "01QB00000007ABC".parse().unwrap();
    let loaded = client(&script)
        .bulk()
        .insert("Contact")
        .assignment_rule(rule)
        .delimiter(Delimiter::Semicolon)
        .line_ending(LineEnding::Crlf)
        .rows(rows())
        .await
        .unwrap();
    assert_eq!(loaded.counts().successful, 2);
    let id = job(1);
    assert_eq!(
        steps(&script),
        [
            "POST ".to_owned(),
            format!("PUT {id}/batches"),
            format!("PATCH {id}"),
            format!("GET {id}"),
        ]
    );
    let sent = script.sent();
    let created: Value = serde_json::from_slice(&sent[0].body).unwrap();
    assert_eq!(created["operation"], "insert");
    assert_eq!(created["columnDelimiter"], "SEMICOLON");
    assert_eq!(created["lineEnding"], "CRLF");
    assert_eq!(created["assignmentRuleId"], rule.to_string());
    assert_eq!(sent[1].headers["content-type"], "text/csv");
    assert_eq!(sent[1].body, "LastName\r\n\"a;b\"\r\n#N/A\r\n");
    assert_eq!(sent[2].body, r#"{"state":"UploadComplete"}"#);
}

/// Otherwise a crash in between would leave data of which nobody knows.
#[tokio::test(start_paused = true)]
async fn a_job_is_in_the_journal_before_it_gets_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let (path, seen) = (journal.clone(), Arc::new(Mutex::new(Vec::new())));
    let notes = Arc::clone(&seen);
    let script = script(2, move |sent, _| {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let known = text.contains(&job(1));
        notes.lock().unwrap().push((sent.method.clone(), known));
        None
    });
    let load = client(&script).bulk().insert("Contact").journal(&journal);
    let _ = load.rows(rows()).await.unwrap();
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen[0], (Method::POST, false));
    assert!(seen[1..].iter().all(|(_, known)| *known), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn a_close_that_ended_unclear_is_followed_by_a_look() {
    for (state, closes) in [("Open", 2), ("UploadComplete", 1), ("InProgress", 1)] {
        let asked = Mutex::new(false);
        let failed = Mutex::new(false);
        let script = script(2, move |sent, _| match sent.method {
            Method::PATCH if !std::mem::replace(&mut *failed.lock().unwrap(), true) => {
                Some(Reply::Fail(TransportErrorKind::Interrupted))
            }
            Method::GET if !std::mem::replace(&mut *asked.lock().unwrap(), true) => {
                Some(info(1, state, 0))
            }
            _ => None,
        });
        let loaded = client(&script)
            .bulk()
            .insert("Contact")
            .rows(rows())
            .await
            .unwrap();
        assert_eq!(loaded.counts().successful, 2, "{state}");
        let patches = script
            .sent()
            .iter()
            .filter(|sent| sent.method == Method::PATCH)
            .count();
        assert_eq!(patches, closes, "{state}");
    }
}

#[tokio::test(start_paused = true)]
async fn data_that_came_twice_is_given_to_another_job() {
    let twice = "Found multipe contents for job: <750>, please 'Close' the current Job";
    let first = job(1);
    let script = script(2, move |sent, _| {
        let first = sent.uri.path().contains(&first) && sent.method == Method::PUT;
        first.then(|| Reply::error(400, "INVALIDJOB", twice))
    });
    let loaded = client(&script)
        .bulk()
        .insert("Contact")
        .rows(rows())
        .await
        .unwrap();
    assert_eq!(loaded.counts().successful, 2);
    let (first, second) = (job(1), job(2));
    assert_eq!(
        steps(&script)[..4],
        [
            "POST ".to_owned(),
            format!("PUT {first}/batches"),
            format!("PATCH {first}"),
            "POST ".to_owned(),
        ]
    );
    assert_eq!(script.sent()[2].body, r#"{"state":"Aborted"}"#);
    assert!(steps(&script).contains(&format!("PUT {second}/batches")));
}

#[tokio::test(start_paused = true)]
async fn data_that_is_refused_for_good_is_sent_once() {
    let script = script(2, |sent, _| {
        (sent.method == Method::PUT).then(|| Reply::error(400, "CLIENTINPUTERROR", "no"))
    });
    let error = client(&script)
        .bulk()
        .insert("Contact")
        .rows(rows())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Api);
    assert_eq!(error.jobs().len(), 1);
    let puts = script
        .sent()
        .iter()
        .filter(|sent| sent.method == Method::PUT)
        .count();
    assert_eq!(puts, 1);
}

/// Whoever worked with it closed it at the same time.
#[tokio::test(start_paused = true)]
async fn an_open_job_that_began_before_it_could_be_aborted_is_not_made_anew() {
    let script = script(2, |_, _| None);
    let salesforce = client(&script);
    let load = || salesforce.bulk().insert("Contact").rows(rows());
    let mut loading = load().start();
    let _ = loading.wait().await.unwrap();
    // As it stood before it was closed.
    let mut handle = serde_json::to_value(loading.handle()).unwrap();
    handle["jobs"][0]["closed"] = false.into();
    handle["jobs"][0]["ended"] = Value::Null;
    let handle: LoadHandle = serde_json::from_value(handle).unwrap();
    let gets = Mutex::new(0);
    let script = self::script(2, move |sent, _| {
        let mut gets = gets.lock().unwrap();
        *gets += u32::from(sent.method == Method::GET);
        match (&sent.method, *gets) {
            (&Method::GET, 1) => Some(info(1, "Open", 0)),
            (&Method::PATCH, _) => Some(Reply::error(400, "INVALIDJOBSTATE", "too late")),
            _ => Some(info(1, "JobComplete", 2)),
        }
    });
    let salesforce = client(&script);
    let load = salesforce
        .bulk()
        .insert("Contact")
        .rows(rows())
        .resume(handle);
    assert_eq!(load.await.unwrap().counts().successful, 2);
    assert!(script.sent().iter().all(|sent| sent.method != Method::POST));
}

#[tokio::test(start_paused = true)]
async fn old_versions_of_the_api_are_refused_before_anything_is_sent() {
    let script = script(2, |_, _| None);
    let builder = builder(Counting::tokens(), &script)
        .org_url(ORG)
        .version("40.0");
    let salesforce = builder.build().unwrap();
    let refused = salesforce
        .bulk()
        .insert("Contact")
        .csv(CsvSource::bytes("A\n1\n"))
        .await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(script.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_wait_of_hours_is_no_matter() {
    let script = script(2, |sent, number| {
        (sent.method == Method::GET && number < 900).then(|| match number % 3 {
            0 => Reply::After(Duration::from_secs(100), Box::new(Reply::html(503))),
            _ => info(1, "InProgress", 1),
        })
    });
    let loaded = client(&script)
        .bulk()
        .insert("Contact")
        .rows(rows())
        .await
        .unwrap();
    assert_eq!(loaded.counts().successful, 2);
}

/// An unclear word on what a job did is no word that it did nothing.
#[tokio::test(start_paused = true)]
async fn a_job_that_failed_and_does_not_tell_its_count_is_not_made_anew() {
    let script = script(2, |sent, _| {
        let failed = json!({"id": job(1), "state": "Failed"});
        (sent.method == Method::GET && !sent.uri.path().ends_with("Results"))
            .then(|| Reply::json(200, &failed.to_string()))
    });
    let salesforce = client(&script);
    let load = || salesforce.bulk().insert("Contact").rows(rows());
    let mut loading = load().start();
    let _ = loading.wait().await;
    let before = script.count();
    let _ = load().resume(loading.handle()).await;
    let posts = |from: usize| {
        let sent = script.sent();
        let posts = sent.iter().skip(from);
        posts.filter(|sent| sent.method == Method::POST).count()
    };
    assert_eq!(posts(0) - posts(before), 1);
    assert_eq!(posts(before), 0);
}

#[tokio::test(start_paused = true)]
async fn after_a_job_that_failed_no_further_one_is_begun() {
    let script = script(1, |sent, _| {
        let unprocessed = sent.uri.path().ends_with("unprocessedrecords");
        (sent.method == Method::GET).then(|| match unprocessed {
            true => Reply::json(200, "\"LastName\"\n\"Doe\"\n"),
            false => info(1, "Failed", 0),
        })
    });
    let salesforce = client(&script);
    let ingest = salesforce.bulk().insert("Contact");
    let load = ingest.max_job_rows(1).jobs_at_once(1).rows(rows());
    assert_eq!(load.await.unwrap_err().kind(), ErrorKind::JobFailed);
    let sent = script.sent();
    let created = sent.iter().filter(|sent| sent.method == Method::POST);
    assert_eq!(created.count(), 1);
}
