use ferroforce::ErrorKind;
use ferroforce::bulk::{Paging, ResultCursor};
use ferroforce_org::Fault;
use http::{HeaderName, HeaderValue};

use super::{Contact, ROWS, all, client, numbers, pagings, poll, query, start};

const RESULTS: &str = "/services/data/*/jobs/query/*/results";

/// What a page can meet and get over.
fn troubles() -> Vec<Fault> {
    let count = HeaderName::from_static("sforce-numberofrecords");
    let troubles = [
        Fault::unavailable(),
        Fault::html(),
        Fault::cut_before(),
        Fault::cut_after(),
        Fault::cut_body(0),
        Fault::cut_body(3000),
        Fault::cut_chunked_body(3000),
        Fault::expired_session(),
        Fault::short_page(40),
        Fault::short_page(0),
        Fault::header(count.clone(), HeaderValue::from_static("7")),
        Fault::no_header(count),
        Fault::slow_body(1000, std::time::Duration::from_millis(1)),
    ];
    troubles
        .into_iter()
        .map(|fault| fault.path(RESULTS))
        .collect()
}

#[tokio::test]
async fn every_row_comes_once_whatever_a_page_meets() {
    let (org, salesforce) = start().await;
    for paging in pagings() {
        for fault in troubles() {
            for page in [0, 1, 4] {
                let what = format!("page {page}, {fault:?}, {paging:?}");
                org.faults().add(fault.clone().skip(page).times(1));
                let found = numbers(query(&salesforce, &paging)).await;
                assert_eq!(
                    found.unwrap_or_else(|error| panic!("{what}: {error}")),
                    all(),
                    "{what}"
                );
                org.faults().clear();
            }
        }
    }
}

/// Trouble that stays ends the rows with an error, never without; and whoever goes on
/// from the cursor has every row once.
#[tokio::test]
async fn trouble_that_stays_is_an_error_and_the_handle_finishes_the_work() {
    let (org, salesforce) = start().await;
    let headers = ["sforce-numberofrecords", "sforce-locator"].map(HeaderName::from_static);
    let tolerated = |fault: &Fault| {
        *fault == Fault::no_header(headers[0].clone()).path(RESULTS)
            || matches!(fault.effect, ferroforce_org::Effect::SlowBody { .. })
    };
    let mut faults = troubles();
    faults.retain(|fault| !tolerated(fault) && *fault != Fault::expired_session().path(RESULTS));
    faults.push(Fault::no_header(headers[1].clone()).path(RESULTS));
    let [by_locator, listed, _] = pagings();
    for paging in [by_locator, listed] {
        for fault in &faults {
            // A list of pages makes do without.
            if paging == pagings()[1] && *fault == *faults.last().unwrap() {
                continue;
            }
            let what = format!("{fault:?}, {paging:?}");
            org.faults().add(fault.clone().skip(2).always());
            let mut rows = query(&salesforce, &paging).rows::<Contact>();
            let mut found = Vec::new();
            let mut failed = None;
            while let Some(row) = rows.next().await {
                match row {
                    Ok(row) => found.push(row.number()),
                    Err(error) => failed = Some(error),
                }
            }
            let error = failed.unwrap_or_else(|| panic!("{what}: rows ended without a word"));
            assert_eq!(error.jobs(), [rows.handle().unwrap().id()], "{what}");
            assert!(found.len() < ROWS, "{what}");
            org.faults().clear();

            let kept = serde_json::to_string(&rows.cursor()).unwrap();
            let cursor: Option<ResultCursor> = serde_json::from_str(&kept).unwrap();
            let cursor = cursor.unwrap();
            let job = client(&org)
                .bulk()
                .resume_query(cursor.job().clone())
                .poll(poll());
            let mut rest = job.resume(cursor).unwrap().rows::<Contact>();
            while let Some(row) = rest.next().await {
                found.push(
                    row.unwrap_or_else(|error| panic!("{what}: {error}"))
                        .number(),
                );
            }
            found.sort_unstable();
            assert_eq!(found, all(), "{what}");
        }
    }
}

#[tokio::test]
async fn counts_that_are_missing_are_an_error_where_they_are_required() {
    let (org, salesforce) = start().await;
    let count = HeaderName::from_static("sforce-numberofrecords");
    org.faults()
        .add(Fault::no_header(count).path(RESULTS).always());
    let paging = Paging::new().page_rows(100);
    assert_eq!(numbers(query(&salesforce, &paging)).await.unwrap(), all());
    let error = numbers(query(&salesforce, &paging.require_counts()))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomplete);
}

#[tokio::test]
async fn a_stuck_job_is_waited_for_as_long_as_was_said_and_goes_on() {
    let (org, salesforce) = start().await;
    org.faults().add(Fault::stuck_job());
    let [paging, ..] = pagings();
    let impatient = poll().timeout(std::time::Duration::ZERO);
    let mut rows = query(&salesforce, &paging)
        .poll(impatient)
        .rows::<Contact>();
    let error = rows.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StillRunning);
    let handle = rows.handle().unwrap().clone();
    assert_eq!(error.jobs(), [handle.id()]);
    let job = salesforce.bulk().resume_query(handle);
    assert!(
        !job.get().await.unwrap().state.is_final(),
        "it was left alone"
    );
    job.abort().await.unwrap();
    assert_eq!(numbers(query(&salesforce, &paging)).await.unwrap(), all());
}

#[tokio::test]
async fn a_job_that_fails_half_way_gives_no_rows() {
    let (org, salesforce) = start().await;
    for paging in pagings() {
        org.faults().add(Fault::failed_job(200));
        let mut rows = query(&salesforce, &paging).rows::<Contact>();
        let error = rows.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::JobFailed);
        assert!(rows.next().await.is_none());
        assert_eq!(error.jobs(), [rows.handle().unwrap().id()]);
        assert_eq!(numbers(query(&salesforce, &paging)).await.unwrap(), all());
    }
}

#[tokio::test]
async fn trouble_with_the_job_itself_is_got_over() {
    let (org, salesforce) = start().await;
    let [paging, ..] = pagings();
    for fault in [
        Fault::unavailable(),
        Fault::html(),
        Fault::cut_before(),
        Fault::cut_after(),
        Fault::cut_body(20),
        Fault::expired_session(),
    ] {
        for skip in 0..2 {
            let what = format!("{skip}: {fault:?}");
            org.faults()
                .add(fault.clone().path("/services/data/*/jobs/query").skip(skip));
            let found = numbers(query(&salesforce, &paging)).await;
            assert_eq!(
                found.unwrap_or_else(|error| panic!("{what}: {error}")),
                all(),
                "{what}"
            );
            org.faults().clear();
        }
    }
}

/// Neither how many rows there are nor where the next page is.
#[tokio::test]
async fn pages_that_say_nothing_at_all_are_missed_and_listed_ones_are_not() {
    let (org, salesforce) = start().await;
    for name in ["sforce-numberofrecords", "sforce-locator"] {
        let silent = Fault::no_header(HeaderName::from_static(name)).path(RESULTS);
        org.faults().add(silent.always());
    }
    let [by_locator, listed, in_any_order] = pagings();
    for paging in [listed, in_any_order] {
        assert_eq!(numbers(query(&salesforce, &paging)).await.unwrap(), all());
    }
    let error = numbers(query(&salesforce, &by_locator)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomplete, "{error}");
}

#[tokio::test]
async fn a_job_that_takes_longer_than_one_waits_is_taken_up_when_it_is_done() {
    let (org, salesforce) = start().await;
    let mut policies = org.policies();
    policies.bulk_in_progress_seconds = 1_000;
    org.set_policies(policies);
    org.stop_clock(org.now());
    let [paging, ..] = pagings();
    let impatient = poll().timeout(std::time::Duration::ZERO);
    let mut rows = query(&salesforce, &paging)
        .poll(impatient)
        .rows::<Contact>();
    let error = rows.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StillRunning);
    org.advance_clock(std::time::Duration::from_secs(1_000));
    let job = salesforce
        .bulk()
        .resume_query(rows.handle().unwrap().clone())
        .poll(poll());
    let mut rows = job.rows::<Contact>();
    let mut found = Vec::new();
    while let Some(row) = rows.next().await {
        found.push(row.unwrap().number());
    }
    found.sort_unstable();
    assert_eq!(found, all());
}

#[tokio::test]
async fn queries_beyond_the_daily_allocation_are_an_error_that_is_told_once() {
    let (org, salesforce) = start().await;
    let mut policies = org.policies();
    policies.daily_bulk_query_jobs = 1;
    org.set_policies(policies);
    let [paging, ..] = pagings();
    assert_eq!(numbers(query(&salesforce, &paging)).await.unwrap(), all());
    org.clear_requests();
    let error = numbers(query(&salesforce, &paging)).await.unwrap_err();
    assert_eq!(error.code().unwrap().as_str(), "LIMIT_EXCEEDED");
    assert_eq!(org.requests().len(), 1);
}

/// A file is either whole or not there, and one with a journal goes on where it was.
#[tokio::test]
async fn files_are_whole_whatever_a_page_meets() {
    let (org, salesforce) = start().await;
    let folder = tempfile::tempdir().unwrap();
    let [paging, ..] = pagings();
    let whole = folder.path().join("whole.csv");
    query(&salesforce, &paging).save(&whole).await.unwrap();
    let whole = std::fs::read(whole).unwrap();
    for (number, fault) in troubles().into_iter().enumerate() {
        let what = format!("{fault:?}");
        let file = folder.path().join(format!("{number}.csv"));
        org.faults().add(fault.clone().skip(2).times(1));
        query(&salesforce, &paging).save(&file).await.unwrap();
        assert!(std::fs::read(&file).unwrap() == whole, "{what}");
        std::fs::remove_file(&file).unwrap();
        org.faults().clear();
        // A session that had just begun is not renewed again.
        if fault == Fault::expired_session().path(RESULTS) {
            continue;
        }
        org.faults().add(fault.clone().skip(2).always());
        let saved = query(&salesforce, &paging).save(&file).await;
        assert_eq!(saved.is_ok(), file.exists(), "{what}");
        org.faults().clear();
        org.faults().add(fault.skip(2).always());
        let again = || {
            let journal = folder.path().join(format!("{number}.journal"));
            query(&salesforce, &paging).save_resumable(&file, journal)
        };
        let saved = again().await;
        org.faults().clear();
        let pages = || {
            let requests = org.requests();
            let results = requests.iter().filter(|it| it.path.ends_with("/results"));
            results.count()
        };
        let before = pages();
        assert_eq!(again().await.unwrap(), 450, "{what}");
        assert!(std::fs::read(&file).unwrap() == whole, "{what}");
        let asked = pages() - before;
        // Of five pages the first stands in the file.
        assert!(asked < 5, "{what}: {asked} pages, after {saved:?}");
    }
}
