use std::time::Duration;

use http::Method;
use serde_json::json;

use super::wait::Next;
use super::*;
use crate::error::{Error, ErrorKind};
use crate::script::{Counting, ORG, Reply, Script, builder};
use crate::transport::TransportErrorKind;

fn id() -> JobId {
    "750R0000000zlh9".parse().unwrap()
}

fn info(state: &str) -> Reply {
    Reply::json(200, &json!({"id": id(), "state": state}).to_string())
}

fn client(script: &Script) -> crate::Salesforce {
    builder(Counting::tokens(), script)
        .org_url(ORG)
        .build()
        .unwrap()
}

#[test]
fn a_job_is_read_whatever_it_leaves_out() {
    let whole = json!({
        "id": id(), "operation": "upsert", "object": "Account",
        "createdById": "0055f000004NCVXAA4", "createdDate": "2022-01-02T21:33:43.000+0000",
        "systemModstamp": "2022-01-02T21:33:43.000+0000", "state": "Open",
        "externalIdFieldName": "Key__c", "concurrencyMode": "Parallel", "contentType": "CSV",
        "apiVersion": 66.0, "contentUrl": "services/data/v66.0/jobs/ingest/x/batches",
        "lineEnding": "LF", "columnDelimiter": "COMMA", "somethingNew": [1]
    });
    let job: JobInfo = serde_json::from_value(whole).unwrap();
    assert_eq!(job.state, JobState::Open);
    assert_eq!(job.operation, Some(JobOperation::Upsert));
    assert_eq!(job.number_records_failed, None);
    let least = json!({"id": id(), "state": "Paused"});
    let job: JobInfo = serde_json::from_value(least).unwrap();
    assert_eq!(job.state, JobState::Other("Paused".into()));
    assert!(!job.state.is_final());
}

#[test]
fn the_words_of_a_failed_job_are_a_code_and_a_message() {
    let failure = |text: &str| {
        let job = json!({"id": id(), "state": "Failed", "errorMessage": text});
        let job: JobInfo = serde_json::from_value(job).unwrap();
        job.failure().unwrap()
    };
    let error = failure("InvalidBatch : Field name not found : Foo__c");
    assert_eq!(error.kind(), ErrorKind::JobFailed);
    assert_eq!(error.jobs(), [id()]);
    assert_eq!(error.code().unwrap().as_str(), "InvalidBatch");
    let message = error.api_errors()[0].message();
    assert_eq!(message, "Field name not found : Foo__c");
    for text in ["something went wrong", "two words : and more"] {
        let error = failure(text);
        assert!(error.api_errors().is_empty());
        assert!(error.to_string().contains(text), "{error}");
        assert!(!error.redacted().to_string().contains(text));
    }
}

#[test]
fn what_a_new_job_says() {
    let rule = "01QB00000007ABC".parse().unwrap();
    let job = NewJob::upsert("Contact", "Key__c")
        .assignment_rule(rule)
        .line_ending(crate::bulk::LineEnding::Crlf)
        .delimiter(crate::bulk::Delimiter::Caret);
    let op = ops::create(&job).unwrap();
    assert_eq!((op.method(), op.path()), (&Method::POST, "/jobs/ingest"));
    assert!(op.is_repeatable(), "a job without data does no harm");
    let body: serde_json::Value = serde_json::from_slice(op.body().unwrap()).unwrap();
    let expected = json!({
        "object": "Contact", "operation": "upsert", "externalIdFieldName": "Key__c",
        "contentType": "CSV", "lineEnding": "CRLF", "columnDelimiter": "CARET",
        "assignmentRuleId": rule
    });
    assert_eq!(body, expected);
    let op = ops::create(&NewJob::hard_delete("Contact")).unwrap();
    let body: serde_json::Value = serde_json::from_slice(op.body().unwrap()).unwrap();
    assert_eq!(body["operation"], "hardDelete");
    assert!(body.get("externalIdFieldName").is_none());
}

#[test]
fn what_may_happen_only_once_is_not_repeated() {
    assert!(!ops::upload(&id()).unwrap().is_repeatable());
    for state in [JobState::UploadComplete, JobState::Aborted] {
        let op = ops::change(JobKind::Ingest, &id(), &state).unwrap();
        assert!(!op.is_repeatable());
        assert_eq!(op.path(), format!("/jobs/ingest/{}", id()));
    }
    let delete = ops::delete(JobKind::Query, &id()).unwrap();
    assert!(delete.is_repeatable());
    assert_eq!(delete.path(), format!("/jobs/query/{}", id()));
    assert_eq!(delete.path_template(), "/jobs/query/{job}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_with_the_job_and_pauses_ever_longer() {
    let script = Script::new(|_, number| match number {
        0..20 => info("InProgress"),
        _ => info("JobComplete"),
    });
    let salesforce = client(&script);
    let began = tokio::time::Instant::now();
    let job = salesforce.bulk().job(id());
    let ended = job.wait(&Poll::default()).await.unwrap();
    assert_eq!(ended.state, JobState::JobComplete);
    assert_eq!(script.count(), 21);
    // 0.5 s, half more each time, never over 30 s.
    let secs = began.elapsed().as_secs();
    assert!((350..420).contains(&secs), "{secs}");
}

#[tokio::test(start_paused = true)]
async fn a_bad_line_does_not_end_a_wait() {
    let script = Script::new(|_, number| match number {
        0..40 if number % 2 == 0 => Reply::Fail(TransportErrorKind::Interrupted),
        0..40 => Reply::html(503),
        _ => info("JobComplete"),
    });
    let ended = client(&script)
        .bulk()
        .job(id())
        .wait(&Poll::default())
        .await;
    assert_eq!(ended.unwrap().state, JobState::JobComplete);
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_where_it_is_told_to_and_names_the_job() {
    let hour = Duration::from_secs(3600);
    let script = Script::new(|_, _| info("InProgress"));
    let job = client(&script).bulk().job(id());
    let began = tokio::time::Instant::now();
    let error = job.wait(&Poll::default().timeout(hour)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StillRunning);
    assert_eq!(error.jobs(), [id()]);
    assert_eq!(began.elapsed().as_secs(), 3600);
    assert!(script.sent().iter().all(|sent| sent.method == Method::GET));

    let script = Script::new(|_, _| Reply::html(503));
    let job = client(&script).bulk().job(id());
    let error = job.wait(&Poll::default()).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 503);
    assert_eq!(error.jobs(), [id()]);

    let script = Script::new(|_, _| Reply::error(404, "NOT_FOUND", "gone"));
    let error = client(&script)
        .bulk()
        .job(id())
        .wait(&Poll::default())
        .await;
    let error = error.unwrap_err();
    assert!(error.is_not_found() && error.jobs() == [id()]);
    assert_eq!(script.count(), 1);
}

#[test]
fn patience_is_for_errors_in_a_row() {
    let mut pace = Pace::new(&Poll::default());
    let broken = || Error::new(ErrorKind::Interrupted, "x");
    let minute = Duration::from_secs(60);
    for half in 0..10 {
        let at = minute * 10 * (half + 1);
        assert!(matches!(pace.failed(broken(), at, 0.0), Next::Ask(_)));
        assert!(matches!(pace.goes_on(at + minute, 0.0), Next::Ask(_)));
    }
    let at = minute * 200;
    assert!(matches!(pace.failed(broken(), at, 0.0), Next::Ask(_)));
    assert!(matches!(
        pace.failed(broken(), at + minute * 16, 0.0),
        Next::GiveUp(_)
    ));
}

#[tokio::test(start_paused = true)]
async fn jobs_are_listed_page_by_page() {
    let script = Script::new(|sent, _| {
        let next = "/services/data/v66.0/jobs/ingest?queryLocator=01g-1";
        match sent.uri.query() {
            Some("queryLocator=01g-1") => Reply::json(
                200,
                &json!({"done": true, "records": [{"id": id(), "state": "Failed"}],
                    "nextRecordsUrl": null})
                .to_string(),
            ),
            query => {
                assert_eq!(query, Some("isPkChunkingEnabled=false&jobType=V2Ingest"));
                let body = json!({"done": false, "records": [], "nextRecordsUrl": next});
                Reply::json(200, &body.to_string())
            }
        }
    });
    let filter = JobFilter::new().pk_chunking(false).job_type("V2Ingest");
    let mut jobs = client(&script).bulk().jobs(JobKind::Ingest, &filter);
    assert_eq!(jobs.next().await.unwrap().unwrap().state, JobState::Failed);
    assert!(jobs.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn closing_a_job_tells_of_the_batches_it_costs() {
    let script = Script::new(|_, _| info("UploadComplete"));
    let salesforce = client(&script);
    let mut events = salesforce.events();
    salesforce.bulk().job(id()).close(20_001).await.unwrap();
    drop(salesforce);
    let mut counts = Vec::new();
    while let Some(event) = events.next().await {
        if let crate::events::Event::BulkBatches(event) = event {
            counts.push(event.count);
        }
    }
    assert_eq!(counts, [3]);
}

#[test]
fn an_id_is_checked() {
    assert!("7505fEXAMPLE0001".parse::<JobId>().is_err());
    assert_eq!(id().to_string().len(), 18);
}
