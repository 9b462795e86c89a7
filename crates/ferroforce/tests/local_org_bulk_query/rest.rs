//! Pages that begin, and of which then nothing comes any more.

use std::time::Duration;

use ferroforce::bulk::ResultCursor;
use ferroforce::retry::{Backoff, RetryPolicy};
use ferroforce::{Error, Salesforce};
use ferroforce_org::{Fault, LocalOrg};
use tokio::time::Instant;

use super::stopped_clock::{outwait, stop_clock};
use super::{Contact, ROWS, all, pagings, query, start};

/// How long the client lets an answer rest.
const LIMIT: Duration = Duration::from_secs(10);

async fn impatient() -> (LocalOrg, Salesforce) {
    let (org, _) = start().await;
    let auth =
        ferroforce::auth::ClientCredentials::new(org.client_id(), org.client_secret().unwrap());
    let salesforce = Salesforce::builder(auth)
        .org_url(org.url())
        .timeout(LIMIT)
        .retry(RetryPolicy::default().backoff(Backoff::default().max(Duration::ZERO)))
        .build()
        .unwrap();
    (org, salesforce)
}

fn resting(after: usize) -> Fault {
    Fault::resting_body(after).path("/services/data/*/jobs/query/*/results")
}

#[tokio::test(start_paused = true)]
async fn a_page_that_rests_for_ever_is_given_up_at_the_limit_and_read_on() {
    let _clock = stop_clock();
    let (org, salesforce) = impatient().await;
    for paging in pagings() {
        for (page, after) in [(0, 0), (0, 3000), (1, 3000), (4, 500)] {
            let what = format!("page {page} after {after}, {paging:?}");
            org.clear_requests();
            org.faults().add(resting(after).skip(page));
            let before = Instant::now();
            let found = super::numbers(query(&salesforce, &paging));
            let found = outwait(&org, LIMIT, tokio::spawn(found)).await;
            assert_eq!(
                found.unwrap_or_else(|error| panic!("{what}: {error}")),
                all(),
                "{what}"
            );
            assert!(before.elapsed() >= LIMIT, "{what}");
            assert!(org.faults().list().iter().all(|fault| fault.struck == 1));
            org.faults().clear();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn pages_that_always_rest_are_an_error_and_the_cursor_goes_on_behind_them() {
    let _clock = stop_clock();
    let (org, salesforce) = impatient().await;
    let [by_locator, listed, _] = pagings();
    for paging in [by_locator, listed] {
        org.clear_requests();
        org.faults().add(resting(3000).skip(1).always());
        let mut rows = query(&salesforce, &paging).rows::<Contact>();
        let reading = async move {
            let (mut found, mut failed) = (Vec::new(), None::<Error>);
            while let Some(row) = rows.next().await {
                match row {
                    Ok(row) => found.push(row.number()),
                    Err(error) => failed = Some(error),
                }
            }
            (rows, found, failed)
        };
        let (rows, mut found, failed) = outwait(&org, LIMIT, tokio::spawn(reading)).await;
        let error = failed.unwrap_or_else(|| panic!("{paging:?}: rows ended without a word"));
        assert!(error.is_retryable(), "{error}");
        assert!(error.to_string().contains("rested for 10s"), "{error}");
        assert_eq!(error.jobs(), [rows.handle().unwrap().id()]);
        assert!((1..ROWS).contains(&found.len()), "{}", found.len());
        org.faults().clear();
        let cursor: ResultCursor = rows.cursor().unwrap();
        let job = salesforce.bulk().resume_query(cursor.job().clone());
        let mut rest = job.resume(cursor).unwrap().rows::<Contact>();
        while let Some(row) = rest.next().await {
            found.push(row.unwrap().number());
        }
        found.sort_unstable();
        assert_eq!(found, all(), "{paging:?}");
    }
}
