//! Answers that begin, and of which then nothing comes any more.

use std::time::Duration;

use ferroforce::Salesforce;
use ferroforce::auth::ClientCredentials;
use ferroforce::bulk::Poll;
use ferroforce::retry::{Backoff, RetryPolicy};
use ferroforce_org::{Fault, LocalOrg};
use http::Method;

use super::stopped_clock::{outwait, stop_clock};
use super::{Contact, arrived, assert_all_arrived, contacts};

/// How long the client lets an answer rest.
const LIMIT: Duration = Duration::from_secs(10);

async fn start() -> (LocalOrg, Salesforce) {
    let org = LocalOrg::start().await.unwrap();
    let auth = ClientCredentials::new(org.client_id(), org.client_secret().unwrap());
    let salesforce = Salesforce::builder(auth)
        .org_url(org.url())
        .timeout(LIMIT)
        .retry(RetryPolicy::default().backoff(Backoff::default().max(Duration::ZERO)))
        .build()
        .unwrap();
    (org, salesforce)
}

fn poll() -> Poll {
    Poll::default()
        .first(Duration::ZERO)
        .longest(Duration::ZERO)
}

#[tokio::test(start_paused = true)]
async fn whichever_answer_rests_for_ever_the_rows_arrive_once() {
    let _clock = stop_clock();
    let jobs = "/services/data/*/jobs/ingest";
    for (method, path, after) in [
        (Method::POST, jobs, 10),
        // An upload has an empty answer: it does not begin.
        (Method::PUT, jobs, 0),
        (Method::PATCH, jobs, 10),
        (Method::GET, jobs, 10),
        (Method::GET, "*/successfulResults", 0),
        (Method::GET, "*/successfulResults", 2000),
    ] {
        let what = format!("{method} {path}");
        let (org, salesforce) = start().await;
        let fault = Fault::resting_body(after).method(method).path(path);
        org.faults().add(fault.skip(1));
        let loading = async move {
            let load = salesforce.bulk().insert("Contact").poll(poll());
            let load = load.max_job_rows(100).jobs_at_once(1);
            let loaded = load.rows(contacts(250)).await?;
            let rows = loaded.successful::<Contact>().fetch_all().await?;
            Ok::<_, ferroforce::Error>((salesforce, loaded.counts(), rows))
        };
        let loaded = outwait(&org, LIMIT, tokio::spawn(loading)).await;
        let (salesforce, counts, rows) = loaded.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!((counts.sent, counts.successful), (250, 250), "{what}");
        assert_eq!(rows.len(), 250, "{what}");
        assert!(org.faults().list()[0].struck == 1, "{what}");
        assert_all_arrived(&salesforce, 250).await;
    }
}

#[tokio::test(start_paused = true)]
async fn results_that_always_rest_are_an_error_and_can_be_read_later() {
    let _clock = stop_clock();
    let (org, salesforce) = start().await;
    let load = salesforce.bulk().insert("Contact").poll(poll());
    let loaded = load.rows(contacts(250)).await.unwrap();
    org.faults().add(
        Fault::resting_body(2000)
            .path("*/successfulResults")
            .always(),
    );
    let results = loaded.clone();
    let reading = async move { results.successful::<Contact>().fetch_all().await };
    let error = outwait(&org, LIMIT, tokio::spawn(reading))
        .await
        .unwrap_err();
    assert!(error.is_retryable(), "{error}");
    assert!(error.to_string().contains("rested for 10s"), "{error}");
    let job = loaded.jobs().next().unwrap().id;
    assert_eq!(error.jobs(), [job]);
    org.faults().clear();
    let rows = loaded.successful::<Contact>().fetch_all().await.unwrap();
    assert_eq!(rows.len(), 250);
    assert_eq!(arrived(&salesforce).await.len(), 250);
}
