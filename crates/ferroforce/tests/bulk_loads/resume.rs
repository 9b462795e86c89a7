use std::path::Path;

use ferroforce::bulk::{CsvSource, Load, LoadHandle, Loading};
use ferroforce::{ErrorKind, Salesforce};
use ferroforce_org::{Fault, LocalOrg};

use super::{Contact, arrived, assert_all_arrived, contact, contacts, insert, start};

const ROWS: usize = 350;

fn load(salesforce: &Salesforce) -> Load {
    let load = insert(salesforce).max_job_rows(100).jobs_at_once(2);
    load.rows(contacts(ROWS))
}

/// Lets so many requests of the load through, and no more: then nothing of it is heard
/// again, as of a program that was killed. Gives back how far it knew that it was.
async fn killed_after(org: &LocalOrg, requests: u32, loading: Loading) -> LoadHandle {
    let silence = Fault::cut_before().path("*/jobs/ingest").skip(requests);
    let silence = org.faults().add(silence.always());
    let struck = || {
        let faults = org.faults().list();
        faults
            .iter()
            .any(|fault| fault.id == silence && fault.struck > 0)
    };
    while !struck() {
        tokio::task::yield_now().await;
    }
    let handle = loading.handle();
    drop(loading);
    // Let the task go.
    tokio::task::yield_now().await;
    org.faults().clear();
    handle
}

/// So many requests a load takes at least.
const STEPS: std::ops::Range<u32> = 0..14;

#[tokio::test]
async fn a_load_that_was_dropped_anywhere_goes_on_by_its_handle() {
    for step in STEPS {
        let (org, salesforce) = start().await;
        let handle = killed_after(&org, step, load(&salesforce).start()).await;
        let text = serde_json::to_string(&handle).unwrap();
        assert!(!text.contains("Doe") && !text.contains("K-0"), "{text}");
        let handle: LoadHandle = serde_json::from_str(&text).unwrap();
        let loaded = load(&salesforce).resume(handle).await.unwrap();
        assert_eq!(loaded.counts().successful, 350, "dropped after {step}");
        assert_all_arrived(&salesforce, ROWS).await;
    }
}

fn journaled(salesforce: &Salesforce, journal: &Path, source: Option<&Path>) -> Load {
    let load = insert(salesforce)
        .max_job_rows(100)
        .jobs_at_once(2)
        .journal(journal);
    match source {
        Some(path) => load.csv(CsvSource::path(path)),
        None => load.rows(contacts(ROWS)),
    }
}

fn write_csv(path: &Path) {
    let rows = contacts(ROWS).map(|Contact { key, last_name }| {
        format!("{key},\"{}\"\n", last_name.replace('"', "\"\""))
    });
    let header = "External_Id__c,LastName\n".to_owned();
    std::fs::write(
        path,
        std::iter::once(header).chain(rows).collect::<String>(),
    )
    .unwrap();
}

#[tokio::test]
async fn a_load_that_was_dropped_anywhere_goes_on_by_its_journal() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("contacts.csv");
    write_csv(&file);
    for step in STEPS {
        let journal = folder.path().join(format!("{step}.journal"));
        let source = (step % 2 == 0).then_some(&*file);
        let (org, salesforce) = start().await;
        let begun = journaled(&salesforce, &journal, source).start();
        killed_after(&org, step, begun).await;
        // Twice: it may be killed while it goes on.
        let begun = journaled(&salesforce, &journal, source).start();
        if step % 3 == 0 {
            drop(begun);
        } else {
            killed_after(&org, 2, begun).await;
        }
        let loaded = journaled(&salesforce, &journal, source).await.unwrap();
        assert_eq!(loaded.counts().successful, 350, "dropped after {step}");
        assert_all_arrived(&salesforce, ROWS).await;
        let text = std::fs::read_to_string(&journal).unwrap();
        assert!(!text.contains("Doe") && !text.contains("K-0"), "{text}");
    }
}

#[tokio::test]
async fn a_load_that_is_over_is_not_done_again() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let (org, salesforce) = start().await;
    for _ in 0..2 {
        let loaded = journaled(&salesforce, &journal, None).await.unwrap();
        assert_eq!(loaded.counts().successful, 350);
        assert_all_arrived(&salesforce, ROWS).await;
    }
    let jobs = || {
        org.requests()
            .iter()
            .filter(|request| request.path.ends_with("/ingest"))
            .count()
    };
    assert_eq!(jobs(), 4);
}

#[tokio::test]
async fn a_load_that_is_over_takes_no_other_source() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let (_org, salesforce) = start().await;
    let load = |rows| {
        let load = insert(&salesforce).max_job_rows(100).journal(&journal);
        load.rows(contacts(rows))
    };
    let _ = load(200).await.unwrap();
    for rows in [100, 199, 201, 300] {
        let error = load(rows).await.unwrap_err();
        assert!(
            error.to_string().contains("is not what it was"),
            "{rows}: {error}"
        );
    }
    assert_all_arrived(&salesforce, 200).await;
}

#[tokio::test]
async fn a_load_with_a_job_that_failed_can_be_finished() {
    for done in [0, 50] {
        let (org, salesforce) = start().await;
        org.faults().add(Fault::failed_job(done).skip(1));
        let mut loading = load(&salesforce).start();
        let error = loading.wait().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::JobFailed);
        let mut again = load(&salesforce).resume(loading.handle()).start();
        let outcome = again.wait().await;
        if done > 0 {
            // The other parts are there, and what is left of this one is known.
            assert_eq!(outcome.unwrap_err().jobs(), error.jobs());
            let counts = again.so_far().counts();
            assert_eq!((counts.successful, counts.unprocessed), (300, 50));
            let rest = again.so_far().retry().unprocessed(true).await.unwrap();
            assert_eq!(rest.counts().successful, 50);
        } else {
            assert_eq!(outcome.unwrap().counts().successful, 350);
        }
        assert_all_arrived(&salesforce, ROWS).await;
    }
}

#[tokio::test]
async fn a_source_that_is_not_what_it_was_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let (org, salesforce) = start().await;
    let begun = journaled(&salesforce, &journal, None).start();
    killed_after(&org, 6, begun).await;
    let before = arrived(&salesforce).await.len();
    let other = |first: usize, count: usize| {
        let load = insert(&salesforce).max_job_rows(100).jobs_at_once(2);
        load.journal(&journal).rows((first..count).map(contact))
    };
    for load in [other(1, ROWS), other(0, 20)] {
        let error = load.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(error.to_string().contains("is not what it was"), "{error}");
    }
    let elsewhere = salesforce
        .bulk()
        .insert("Lead")
        .journal(&journal)
        .rows(contacts(ROWS));
    assert_eq!(elsewhere.await.unwrap_err().kind(), ErrorKind::InvalidInput);
    assert!(arrived(&salesforce).await.len() <= before.max(200));
}

#[tokio::test]
async fn a_load_that_was_not_handed_over_as_a_whole_needs_its_source() {
    let (org, salesforce) = start().await;
    let handle = killed_after(&org, 7, load(&salesforce).start()).await;
    assert!(!handle.is_handed_over());
    let error = salesforce.bulk().take_up(handle).wait().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(!error.jobs().is_empty());

    let mut loading = load(&salesforce).start();
    let counts = loading.wait().await.unwrap().counts();
    let mut again = salesforce.bulk().take_up(loading.handle());
    drop(loading);
    assert_eq!(again.wait().await.unwrap().counts(), counts);
}

/// What a handle brings along is written down, so that the journal alone is enough next
/// time.
#[tokio::test]
async fn a_journal_learns_what_a_handle_knows() {
    let (_org, salesforce) = start().await;
    let mut loading = load(&salesforce).start();
    assert_eq!(loading.wait().await.unwrap().counts().successful, 350);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let with_journal = || {
        let ingest = insert(&salesforce).max_job_rows(100).jobs_at_once(2);
        ingest.journal(&path).rows(contacts(ROWS))
    };
    let loaded = with_journal().resume(loading.handle()).await.unwrap();
    assert_eq!(loaded.counts().successful, 350);
    let loaded = with_journal().await.unwrap();
    assert_eq!(loaded.counts().successful, 350);
    assert_all_arrived(&salesforce, ROWS).await;
}
