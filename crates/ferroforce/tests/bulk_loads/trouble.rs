//! Trouble with the results of loads, and trouble that stays.

use std::time::Duration;

use ferroforce::bulk::{JobState, JoinBy, Load, Loaded, RowOutcome};
use ferroforce::{ErrorKind, Salesforce};
use ferroforce_org::{Fault, LocalOrg, Policies};
use http::{HeaderName, Method, StatusCode};

use super::{
    Contact, arrived, assert_all_arrived, client_of, contact, contacts, insert, quick, start,
};

const JOBS: &str = "/services/data/*/jobs/ingest";

/// What a file about rows can meet.
fn troubles() -> Vec<Fault> {
    vec![
        Fault::unavailable(),
        Fault::html(),
        Fault::error(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN_EXCEPTION", "?"),
        Fault::cut_before(),
        Fault::cut_after(),
        Fault::cut_body(0),
        Fault::cut_body(20),
        Fault::cut_body(usize::MAX),
        Fault::cut_chunked_body(20),
        Fault::cut_chunked_body(usize::MAX),
        Fault::short_page(0),
        Fault::short_page(2),
    ]
}

/// What does not keep one from coming whole.
fn nuisances() -> Vec<Fault> {
    vec![
        Fault::expired_session(),
        Fault::slow_body(1000, Duration::from_millis(1)),
        Fault::no_header(HeaderName::from_static("sforce-limit-info")),
        Fault::no_header(http::header::CONTENT_LENGTH),
    ]
}

/// A load of which 192 rows were written, 8 failed and 300 were not looked at.
async fn half_done() -> (LocalOrg, Salesforce, Loaded) {
    let (org, salesforce) = start().await;
    org.faults().add(Fault::failed_job(200));
    let lock = org.faults().add(Fault::locked_object("Contact").times(8));
    let mut loading = insert(&salesforce).rows(contacts(500)).start();
    let error = loading.wait().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::JobFailed);
    org.faults().remove(lock);
    let loaded = loading.so_far();
    let counts = loaded.counts();
    assert_eq!(
        (counts.successful, counts.failed, counts.unprocessed),
        (192, 8, 300)
    );
    (org, salesforce, loaded)
}

/// How many rows each of the three files has, and which all of them have together.
async fn read(loaded: &Loaded) -> ferroforce::Result<([usize; 3], Vec<String>)> {
    let successful = loaded.successful::<Contact>().fetch_all().await?;
    let failed = loaded.failed::<Contact>().fetch_all().await?;
    let unprocessed = loaded.unprocessed::<Contact>().fetch_all().await?;
    let counts = [successful.len(), failed.len(), unprocessed.len()];
    let mut keys: Vec<String> = successful.into_iter().map(|row| row.row.key).collect();
    keys.extend(failed.into_iter().map(|row| row.row.key));
    keys.extend(unprocessed.into_iter().map(|row| row.key));
    keys.sort_unstable();
    Ok((counts, keys))
}

fn every_key() -> Vec<String> {
    contacts(500).map(|contact| contact.key).collect()
}

const FILES: [&str; 3] = [
    "*/successfulResults",
    "*/failedResults",
    "*/unprocessedrecords",
];

#[tokio::test]
async fn every_result_comes_once_whatever_its_file_meets() {
    let (org, _, loaded) = half_done().await;
    let folder = tempfile::tempdir().unwrap();
    for fault in troubles().into_iter().chain(nuisances()) {
        for path in FILES {
            let what = format!("{path}: {fault:?}");
            // A session that had just begun is not renewed again.
            let expires = fault == Fault::expired_session();
            let times = if expires { 1 } else { 2 };
            org.faults().add(fault.clone().path(path).times(times));
            let (counts, keys) = read(&loaded)
                .await
                .unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(counts, [192, 8, 300], "{what}");
            assert_eq!(keys, every_key(), "{what}");
            org.faults().clear();
        }
    }
    for fault in [Fault::cut_body(20), Fault::short_page(2)] {
        for path in FILES {
            org.faults().add(fault.clone().path(path));
            let saved = loaded.save(folder.path()).await.unwrap();
            let rows = |path| std::fs::read_to_string(path).unwrap().lines().count() - 1;
            assert_eq!(
                [saved.successful, saved.failed, saved.unprocessed].map(rows),
                [192, 8, 300]
            );
        }
    }
}

#[tokio::test]
async fn trouble_with_results_that_stays_is_an_error_and_they_can_be_read_later() {
    let (org, _, loaded) = half_done().await;
    let job = loaded.jobs().next().unwrap().id;
    let folder = tempfile::tempdir().unwrap();
    for fault in troubles() {
        for path in FILES {
            let what = format!("{path}: {fault:?}");
            org.faults().add(fault.clone().path(path).always());
            let error = read(&loaded).await.expect_err(&what);
            assert_eq!(error.jobs(), [job], "{what}: {error}");
            let error = loaded.save(folder.path()).await.expect_err(&what);
            assert_eq!(error.jobs(), [job], "{what}: {error}");
            let joined = loaded.join(JoinBy::Values).rows(contacts(500)).await;
            assert!(joined.is_err(), "{what}");
            org.faults().clear();
            assert_eq!(read(&loaded).await.unwrap().1, every_key(), "{what}");
        }
    }
}

fn load(salesforce: &Salesforce) -> Load {
    let load = insert(salesforce).max_job_rows(100).jobs_at_once(2);
    load.rows(contacts(350))
}

/// Whatever step is never got over, the load ends with an error, and whoever goes on from
/// the handle has every row once.
#[tokio::test]
async fn trouble_that_stays_is_an_error_and_the_handle_finishes_the_work() {
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::GET] {
        for fault in [
            Fault::unavailable(),
            Fault::html(),
            Fault::cut_before(),
            Fault::cut_after(),
            Fault::cut_body(10),
            Fault::cut_chunked_body(10),
        ] {
            let what = format!("{method}: {fault:?}");
            let (org, salesforce) = start().await;
            let fault = fault.method(method.clone()).path(JOBS);
            org.faults().add(fault.skip(1).always());
            let patience = quick().patience(Duration::ZERO);
            let mut loading = insert(&salesforce)
                .max_job_rows(100)
                .jobs_at_once(2)
                .poll(patience)
                .rows(contacts(350))
                .start();
            match loading.wait().await {
                Err(error) => assert!(error.is_retryable(), "{what}: {error}"),
                // Whether a job was closed is seen by looking at it.
                Ok(_) => assert_eq!(method, Method::PATCH, "{what}"),
            }
            let handle = serde_json::to_string(&loading.handle()).unwrap();
            org.faults().clear();
            let handle = serde_json::from_str(&handle).unwrap();
            let loaded = load(&salesforce).resume(handle).await;
            let loaded = loaded.unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(loaded.counts().successful, 350, "{what}");
            assert_all_arrived(&salesforce, 350).await;
        }
    }
}

#[tokio::test]
async fn the_rows_of_a_stuck_job_can_be_sent_again_once_it_is_aborted() {
    let (org, salesforce) = start().await;
    org.faults().add(Fault::stuck_job().skip(1));
    let poll = quick().timeout(Duration::from_millis(50));
    let load = insert(&salesforce).max_job_rows(100).poll(poll);
    let mut loading = load.rows(contacts(250)).start();
    let error = loading.wait().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StillRunning);
    // The others may be named too, if they were waited for no longer.
    for id in error.jobs() {
        let job = salesforce.bulk().job(*id);
        if job.get().await.unwrap().state == JobState::InProgress {
            job.abort().await.unwrap();
        }
    }
    // A job that did nothing is made anew.
    let load = insert(&salesforce).max_job_rows(100);
    let load = load.rows(contacts(250)).resume(loading.handle());
    assert_eq!(load.await.unwrap().counts().successful, 250);
    assert_all_arrived(&salesforce, 250).await;
}

async fn start_with(policies: Policies) -> (LocalOrg, Salesforce) {
    let org = LocalOrg::builder()
        .policies(policies)
        .start()
        .await
        .unwrap();
    org.stop_clock(org.now());
    let salesforce = client_of(&org.url(), org.client_id(), org.client_secret().unwrap());
    (org, salesforce)
}

#[tokio::test]
async fn a_job_that_takes_longer_than_one_waits_is_taken_up_when_it_is_done() {
    let mut policies = Policies::default();
    policies.bulk_in_progress_seconds = 1_000;
    let (org, salesforce) = start_with(policies).await;
    let poll = quick().timeout(Duration::ZERO);
    let mut loading = insert(&salesforce).poll(poll).rows(contacts(10)).start();
    let error = loading.wait().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StillRunning);
    assert_eq!(error.jobs(), loading.jobs());
    org.advance_clock(Duration::from_secs(1_000));
    let loaded = salesforce.bulk().take_up(loading.handle()).wait().await;
    assert_eq!(loaded.unwrap().counts().successful, 10);
    assert_all_arrived(&salesforce, 10).await;
}

#[tokio::test]
async fn rows_beyond_the_allocation_can_be_told_and_sent_later() {
    let (org, salesforce) = start().await;
    org.faults().add(Fault::over_allocation(200));
    let mut loading = insert(&salesforce).rows(contacts(500)).start();
    let error = loading.wait().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomplete);
    let by = JoinBy::column("External_Id__c");
    let mut joined = loading.so_far().join(by).rows(contacts(500)).await.unwrap();
    let mut missing = Vec::new();
    while let Some(row) = joined.next().await {
        let row = row.unwrap();
        if matches!(row.outcome, RowOutcome::Unaccounted) {
            missing.push(contact(usize::try_from(row.row).unwrap()));
        }
    }
    assert_eq!(missing.len(), 300);
    let rest = insert(&salesforce).rows(missing).await.unwrap();
    assert_eq!(rest.counts().successful, 300);
    assert_all_arrived(&salesforce, 500).await;
}

#[tokio::test]
async fn a_load_that_met_the_daily_allocation_goes_on_the_next_day() {
    let mut policies = Policies::default();
    policies.daily_bulk_batches = 2;
    policies.session_seconds = 10_000_000;
    let (org, salesforce) = start_with(policies).await;
    let load = || {
        let load = insert(&salesforce).max_job_rows(100).jobs_at_once(1);
        load.rows(contacts(350))
    };
    let mut loading = load().start();
    let error = loading.wait().await.unwrap_err();
    assert_eq!(error.code().unwrap().as_str(), "EXCEEDEDQUOTA", "{error}");
    assert!(!error.is_retryable(), "{error}");
    assert_eq!(arrived(&salesforce).await.len(), 200);
    let posts = org
        .requests()
        .iter()
        .filter(|request| request.path.ends_with("/ingest"))
        .count();
    assert_eq!(posts, 3, "what is refused for the day is asked once");
    org.advance_clock(Duration::from_secs(25 * 60 * 60));
    let loaded = load().resume(loading.handle()).await.unwrap();
    assert_eq!(loaded.counts().successful, 350);
    assert_all_arrived(&salesforce, 350).await;
}

/// How many rows nobody looked at is known from a file, which may be short itself.
#[tokio::test]
async fn rows_that_nobody_looked_at_are_counted_right_or_missed_and_can_be_sent() {
    for times in [1, 100] {
        let (org, salesforce) = start().await;
        org.faults().add(Fault::failed_job(200));
        let short = Fault::short_page(2).path("*/unprocessedrecords");
        org.faults().add(short.times(times));
        let mut loading = insert(&salesforce).rows(contacts(500)).start();
        let error = loading.wait().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::JobFailed);
        org.faults().clear();
        let so_far = loading.so_far();
        let counts = so_far.counts();
        let told = if times == 1 { (300, 0) } else { (2, 298) };
        assert_eq!((counts.unprocessed, counts.unaccounted), told);
        let left = so_far.unprocessed::<Contact>().fetch_all().await.unwrap();
        assert_eq!(left.len(), 300);
        let rest = so_far.retry().unprocessed(true).await.unwrap();
        assert_eq!(rest.counts().successful, 300);
        assert_all_arrived(&salesforce, 500).await;
    }
}
