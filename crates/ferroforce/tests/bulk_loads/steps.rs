//! The single steps of a job, taken by hand.

use std::collections::BTreeSet;

use ferroforce::ErrorKind;
use ferroforce::bulk::{CsvReader, CsvWriter, JobFilter, JobId, JobKind, JobState, NewJob};
use serde::Deserialize;
use serde_json::json;

use super::{Contact, assert_all_arrived, contacts, insert, quick, start};

#[derive(Deserialize)]
struct Written {
    #[serde(rename = "sf__Id")]
    id: String,
    #[serde(rename = "External_Id__c")]
    key: String,
}

#[tokio::test]
async fn a_job_is_made_filled_closed_read_listed_and_deleted_by_hand() {
    let (_org, salesforce) = start().await;
    let bulk = salesforce.bulk();
    let mut writer = CsvWriter::new();
    for contact in contacts(50) {
        writer.write(&contact).unwrap();
    }
    let made = bulk.create_job(&NewJob::insert("Contact")).await.unwrap();
    assert_eq!(made.state, JobState::Open);
    let job = bulk.job(made.id);
    job.upload(writer.finish()).await.unwrap();
    let refused = job.delete().await.unwrap_err();
    assert_eq!(refused.code().unwrap().as_str(), "INVALIDJOBSTATE");
    job.close(50).await.unwrap();
    let ended = job.wait(&quick()).await.unwrap();
    assert_eq!(ended.state, JobState::JobComplete);
    assert_eq!(ended.number_records_processed, Some(50));
    let mut reader = CsvReader::new();
    reader.push(&job.successful_results().await.unwrap());
    reader.finish();
    let mut keys = BTreeSet::new();
    while let Some(row) = reader.next_row::<Written>() {
        let row = row.unwrap();
        assert_eq!(row.id.len(), 18);
        keys.insert(row.key);
    }
    assert_eq!(keys.len(), 50);
    for results in [job.failed_results(), job.unprocessed_records()] {
        let text = results.await.unwrap();
        assert_eq!(text.iter().filter(|byte| **byte == b'\n').count(), 1);
    }
    assert_all_arrived(&salesforce, 50).await;

    let other = bulk.create_job(&NewJob::delete("Contact")).await.unwrap();
    bulk.job(other.id).abort().await.unwrap();
    let list = async |kind, filter: &JobFilter| {
        let mut jobs = bulk.jobs(kind, filter);
        let mut found: Vec<(JobId, Option<String>)> = Vec::new();
        while let Some(job) = jobs.next().await {
            let job = job.unwrap();
            found.push((job.id, job.job_type));
        }
        found
    };
    let ingest = || Some("V2Ingest".to_owned());
    let both = [(made.id, ingest()), (other.id, ingest())];
    assert_eq!(list(JobKind::Ingest, &JobFilter::new()).await, both);
    for (filter, there) in [
        (JobFilter::new().job_type("V2Ingest"), 2),
        (JobFilter::new().job_type("Classic"), 0),
        (JobFilter::new().concurrency_mode("parallel"), 2),
        (JobFilter::new().concurrency_mode("serial"), 0),
        (JobFilter::new().pk_chunking(true), 0),
    ] {
        let found = list(JobKind::Ingest, &filter).await;
        assert_eq!(found.len(), there, "{filter:?}");
    }
    assert!(list(JobKind::Query, &JobFilter::new()).await.is_empty());
    job.delete().await.unwrap();
    assert!(job.get().await.unwrap_err().is_not_found());
    let left = list(JobKind::Ingest, &JobFilter::new()).await;
    assert_eq!(left, [(other.id, ingest())]);
}

#[tokio::test]
async fn rows_that_failed_are_an_error_for_who_wants_all() {
    let (_org, salesforce) = start().await;
    let loaded = insert(&salesforce).rows(contacts(5)).await.unwrap();
    assert_eq!(loaded.all_succeeded().unwrap().successful, 5);
    let rows = || contacts(3).map(|Contact { key, .. }| json!({"External_Id__c": key}));
    let loaded = insert(&salesforce).rows(rows()).await.unwrap();
    assert_eq!(loaded.counts().failed, 3);
    let error = loaded.all_succeeded().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Api);
    assert_eq!(error.jobs(), [loaded.jobs().next().unwrap().id]);
    let unsendable = insert(&salesforce).rows([json!({"LastName": ["a list"]})]);
    let loaded = unsendable.await.unwrap();
    assert_eq!(
        loaded.all_succeeded().unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
}
