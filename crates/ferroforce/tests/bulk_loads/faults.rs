use std::time::Duration;

use ferroforce::ErrorKind;
use ferroforce::bulk::JobState;
use ferroforce_org::Fault;
use http::{Method, StatusCode};
use serde_json::json;

use super::{Contact, arrived, assert_all_arrived, contact, contacts, insert, quick, start};

const JOBS: &str = "/services/data/*/jobs/ingest";

fn puts(fault: Fault) -> Fault {
    fault.method(Method::PUT).path(JOBS)
}

#[tokio::test]
async fn an_upload_that_ended_unclear_is_made_anew_and_no_row_is_doubled() {
    for fault in [
        Fault::cut_before(),
        Fault::cut_after(),
        Fault::unavailable(),
        Fault::html(),
        Fault::error(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN_EXCEPTION", "?"),
        Fault::expired_session(),
    ] {
        let (org, salesforce) = start().await;
        let name = format!("{fault:?}");
        let expires = fault == Fault::expired_session();
        org.faults()
            .add(puts(fault).times(if expires { 1 } else { 2 }));
        let loaded = insert(&salesforce)
            .max_job_rows(200)
            .rows(contacts(500))
            .await;
        let loaded = loaded.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(loaded.counts().successful, 500, "{name}");
        assert_all_arrived(&salesforce, 500).await;
    }
}

#[tokio::test]
async fn an_upload_that_never_succeeds_ends_the_load_and_nothing_was_done() {
    let (org, salesforce) = start().await;
    org.faults().add(puts(Fault::cut_after()).always());
    let error = insert(&salesforce).rows(contacts(10)).await.unwrap_err();
    assert!(error.is_retryable() && !error.jobs().is_empty(), "{error}");
    assert!(arrived(&salesforce).await.is_empty());
}

/// Whatever befalls the other steps, the rows arrive once.
#[tokio::test]
async fn every_step_survives_its_trouble() {
    let steps = [
        (Method::POST, "create"),
        (Method::PATCH, "close"),
        (Method::GET, "poll and results"),
    ];
    for (method, step) in steps {
        for fault in [
            Fault::unavailable(),
            Fault::html(),
            Fault::cut_before(),
            Fault::cut_after(),
            Fault::cut_body(10),
            Fault::cut_chunked_body(10),
            Fault::expired_session(),
        ] {
            let (org, salesforce) = start().await;
            let name = format!("{step} with {fault:?}");
            // A session that had just begun is not renewed again.
            let expires = fault == Fault::expired_session();
            let fault = fault.method(method.clone()).path(JOBS);
            org.faults().add(fault.times(if expires { 1 } else { 3 }));
            let loaded = insert(&salesforce)
                .max_job_rows(100)
                .rows(contacts(250))
                .await;
            let loaded = loaded.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(loaded.counts().successful, 250, "{name}");
            let rows = loaded.successful::<Contact>().fetch_all().await;
            assert_eq!(
                rows.unwrap_or_else(|error| panic!("{name}: {error}")).len(),
                250
            );
            org.faults().clear();
            assert_all_arrived(&salesforce, 250).await;
        }
    }
}

#[tokio::test]
async fn results_that_break_off_are_fetched_again() {
    let (org, salesforce) = start().await;
    let loaded = insert(&salesforce).rows(contacts(500)).await.unwrap();
    for fault in [Fault::cut_body(3_000), Fault::cut_chunked_body(3_000)] {
        org.faults().add(fault.path("*/successfulResults").times(2));
        let rows = loaded.successful::<Contact>().fetch_all().await.unwrap();
        assert_eq!(rows.len(), 500);
    }
}

#[tokio::test]
async fn a_stuck_job_is_waited_for_until_told_otherwise_and_can_be_taken_up() {
    let (org, salesforce) = start().await;
    org.faults().add(Fault::stuck_job());
    let poll = quick().timeout(Duration::from_millis(50));
    let mut loading = insert(&salesforce).poll(poll).rows(contacts(10)).start();
    let error = loading.wait().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StillRunning);
    let job = salesforce.bulk().job(error.jobs()[0]);
    assert_eq!(job.get().await.unwrap().state, JobState::InProgress);
    let handle = loading.handle();
    assert!(handle.is_handed_over());
    job.abort().await.unwrap();
    let error = salesforce.bulk().take_up(handle).wait().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::JobFailed);
    assert_eq!(error.jobs(), [job.id()]);
}

#[tokio::test]
async fn a_job_that_fails_half_way_is_an_error_and_its_rest_can_be_sent() {
    let (org, salesforce) = start().await;
    org.faults().add(Fault::failed_job(200));
    let mut loading = insert(&salesforce).rows(contacts(500)).start();
    let error = loading.wait().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::JobFailed);
    assert_eq!(error.code().unwrap().as_str(), "InternalServerError");
    let so_far = loading.so_far();
    let counts = so_far.counts();
    assert_eq!((counts.successful, counts.unprocessed), (200, 300));
    assert_eq!((counts.unaccounted, counts.failed), (0, 0));
    assert_eq!(arrived(&salesforce).await.len(), 200);
    let left = so_far.unprocessed::<Contact>().fetch_all().await.unwrap();
    assert_eq!(left.len(), 300);
    let rest = so_far.retry().unprocessed(true).await.unwrap();
    assert_eq!((rest.counts().sent, rest.counts().successful), (300, 300));
    assert_all_arrived(&salesforce, 500).await;
}

#[tokio::test]
async fn rows_beyond_the_allocation_are_missed_and_counted() {
    let (org, salesforce) = start().await;
    org.faults().add(Fault::over_allocation(200));
    let mut loading = insert(&salesforce).rows(contacts(500)).start();
    let error = loading.wait().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomplete);
    assert_eq!(error.jobs().len(), 1);
    let counts = loading.so_far().counts();
    assert_eq!((counts.successful, counts.unaccounted), (200, 300));
    assert_eq!(arrived(&salesforce).await.len(), 200);
}

#[tokio::test]
async fn an_unknown_column_fails_the_job_with_salesforces_words_and_no_further_is_begun() {
    let (_org, salesforce) = start().await;
    let rows = (0..10_000).map(|n| json!({"LastName": "x", "Nonsense__c": n}));
    let load = insert(&salesforce).max_job_rows(100).jobs_at_once(2);
    let mut loading = load.rows(rows).start();
    let error = loading.wait().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::JobFailed);
    assert_eq!(error.code().unwrap().as_str(), "InvalidBatch");
    assert!(
        error.api_errors()[0].message().contains("Nonsense__c"),
        "{error}"
    );
    assert!(loading.jobs().len() < 10, "{}", loading.jobs().len());
    assert_eq!(loading.so_far().counts().successful, 0);
}

#[tokio::test]
async fn an_insert_in_one_request_that_ended_unclear_is_not_repeated() {
    let (org, salesforce) = start().await;
    org.faults()
        .add(Fault::cut_after().method(Method::POST).path(JOBS));
    let load = insert(&salesforce).in_one_request(true);
    let error = load.rows([contact(1)]).await.unwrap_err();
    assert!(error.may_have_been_processed(), "{error}");
    let posts = org
        .requests()
        .iter()
        .filter(|request| request.path.ends_with("/ingest"))
        .count();
    assert_eq!(posts, 1);
}
