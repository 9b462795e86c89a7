//! Loads of Bulk API 1.0 by programs that are stopped, and started again.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ferroforce::bulk::v1::{NewV1Job, V1Load, V1Outcome, V1Running};
use ferroforce::events::Event;
use ferroforce::{Result, Salesforce};
use ferroforce_org::{Fault, LocalOrg};
use futures_util::TryStreamExt;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::{client, poll};

const ROWS: usize = 35;

fn load(salesforce: &Salesforce, job: NewV1Job, journal: &Path) -> V1Load {
    let load = salesforce.bulk().v1().load(job);
    load.batch_rows(10).poll(poll()).journal(journal)
}

fn rows(name: &str) -> impl Iterator<Item = Value> {
    (0..ROWS).map(move |number| json!({"LastName": format!("{name} {number}")}))
}

/// The contacts that a load has made are those of its rows, each once, and its outcomes say
/// the same.
async fn check(salesforce: &Salesforce, running: &V1Running, name: &str, what: &str) {
    let outcomes: Vec<V1Outcome> = running.wait().await.unwrap().try_collect().await.unwrap();
    assert_eq!(outcomes.len(), ROWS, "{what}");
    let soql = "SELECT Id, LastName FROM Contact WHERE LastName LIKE :like";
    let query = salesforce.query(soql).bind("like", format!("{name} %"));
    let mut found: Vec<(String, String)> = Vec::new();
    let mut records = query.records();
    while let Some(record) = records.next().await {
        let record = record.unwrap();
        found.push((record.get("LastName").unwrap(), record.get("Id").unwrap()));
    }
    let mut told: Vec<(String, String)> = outcomes
        .iter()
        .map(|outcome| {
            let (id, created) = outcome.result.as_ref().unwrap();
            assert!(created);
            (format!("{name} {}", outcome.row), id.to_string())
        })
        .collect();
    found.sort();
    told.sort();
    assert_eq!(found, told, "{what}");
}

/// Stops the load at event `at` of its requests and answers. False if it had ended before.
async fn stopped(org: &LocalOrg, job: NewV1Job, journal: &Path, name: &str, at: usize) -> bool {
    let salesforce = client(org);
    let stop = Arc::new(Notify::new());
    let (events, notify) = (AtomicUsize::new(0), Arc::clone(&stop));
    let _subscription = salesforce.subscribe(move |event: &Event| {
        if matches!(event, Event::Request(_) | Event::Response(_))
            && events.fetch_add(1, Ordering::Relaxed) == at
        {
            notify.notify_one();
        }
    });
    tokio::select! {
        biased;
        () = stop.notified() => true,
        ended = load(&salesforce, job, journal).start(rows(name)) => {
            ended.unwrap();
            false
        }
    }
}

#[tokio::test]
async fn each_row_is_written_once_wherever_the_program_is_stopped() {
    let org = LocalOrg::start().await.unwrap();
    let salesforce = client(&org);
    let contact = || NewV1Job::insert("Contact");
    for (kind, job) in [contact(), contact().json().serial()]
        .into_iter()
        .enumerate()
    {
        let mut at = 0;
        let mut goes_on = true;
        while goes_on {
            let folder = tempfile::tempdir().unwrap();
            let journal = folder.path().join("journal");
            let name = format!("k{kind}s{at}");
            // Stopped again at another point when it is taken up.
            goes_on = stopped(&org, job.clone(), &journal, &name, at).await;
            stopped(&org, job.clone(), &journal, &name, at / 2).await;
            let load = load(&salesforce, job.clone(), &journal);
            let running = load.start(rows(&name)).await.unwrap();
            check(&salesforce, &running, &name, &format!("stopped at {at}")).await;
            at += 1;
        }
        assert!(at > 12, "{at}");
    }
}

#[tokio::test]
async fn each_row_is_written_once_whatever_ends_the_load() {
    let org = LocalOrg::start().await.unwrap();
    let salesforce = client(&org);
    for (number, fault) in [
        Fault::cut_before(),
        Fault::cut_after(),
        Fault::cut_body(30),
        Fault::unavailable(),
    ]
    .into_iter()
    .enumerate()
    {
        for skip in 0..6 {
            let folder = tempfile::tempdir().unwrap();
            let journal = folder.path().join("journal");
            let name = format!("f{number}s{skip}");
            let start = async || -> Result<V1Running> {
                let load = load(&salesforce, NewV1Job::insert("Contact"), &journal);
                load.start(rows(&name)).await
            };
            let fault = fault.clone().path("/services/async/*/job").skip(skip);
            org.faults().add(fault.clone().always());
            start().await.unwrap_err();
            org.faults().clear();
            let running = start().await.unwrap();
            let what = format!("{fault:?} after {skip}");
            check(&salesforce, &running, &name, &what).await;
        }
    }
}

#[cfg(feature = "zip")]
#[tokio::test]
async fn archives_are_found_again_by_what_is_in_them() {
    use ferroforce::bulk::v1::RowWithFiles;

    let org = LocalOrg::start().await.unwrap();
    let salesforce = client(&org);
    let account = salesforce.sobject("Account");
    let parent = account.create(&json!({"Name": "A"})).await.unwrap().id;
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let files = || {
        (0..25).map(|number| {
            let name = format!("f{number}.txt");
            let row = json!({"Name": name, "ParentId": parent, "Body": format!("#{name}")});
            RowWithFiles::new(row).file(name, format!("content {number}"))
        })
    };
    let start = async || {
        let load = load(&salesforce, NewV1Job::insert("Attachment"), &journal);
        load.start_with_files(files()).await
    };
    // The second batch is there, and its answer is not, nor any other.
    let fault = Fault::cut_after().path("/services/async/*/job").skip(2);
    org.faults().add(fault.always());
    start().await.unwrap_err();
    org.faults().clear();
    let running = start().await.unwrap();
    let outcomes: Vec<V1Outcome> = running.wait().await.unwrap().try_collect().await.unwrap();
    assert!(outcomes.iter().all(|outcome| outcome.result.is_ok()));
    let count = salesforce.query("SELECT COUNT() FROM Attachment");
    assert_eq!(count.count().await.unwrap(), 25);
}
