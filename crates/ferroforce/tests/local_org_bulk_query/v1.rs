use ferroforce::ErrorKind;
use ferroforce::bulk::v1::{NewV1Job, PkChunking, V1Outcome};
use ferroforce::bulk::{BulkQuery, Paging};
use ferroforce_org::{Fault, LocalOrg};
use futures_util::TryStreamExt;
use serde_json::{Value, json};

use super::{all, client, numbers, poll, start};

const SOQL: &str =
    "SELECT Id, LastName, Description, Account.Name FROM Contact WHERE LastName LIKE 'C %'";

fn chunked(org: &LocalOrg) -> BulkQuery {
    client(org)
        .bulk()
        .query(SOQL)
        .pk_chunking(PkChunking::new().chunk_size(100))
        .poll(poll())
}

#[tokio::test]
async fn a_query_in_chunks_has_every_row_once_whatever_its_pages_meet() {
    let (org, _) = start().await;
    assert_eq!(numbers(chunked(&org)).await.unwrap(), all());
    let parallel = chunked(&org).paging(Paging::new().parallel(3).any_order());
    assert_eq!(numbers(parallel).await.unwrap(), all());
    for path in [
        "/services/async/*/job/*/batch/*/result/*",
        "/services/async/*/job/*/batch",
    ] {
        for fault in [
            Fault::unavailable(),
            Fault::html(),
            Fault::cut_before(),
            Fault::cut_after(),
            Fault::cut_body(200),
            Fault::cut_chunked_body(200),
            Fault::expired_session(),
        ] {
            let what = format!("{path} {fault:?}");
            org.faults().add(fault.path(path).skip(1).times(1));
            let found = numbers(chunked(&org)).await;
            assert_eq!(
                found.unwrap_or_else(|error| panic!("{what}: {error}")),
                all(),
                "{what}"
            );
            org.faults().clear();
        }
    }
}

#[tokio::test]
async fn a_query_whose_dividing_failed_is_an_error_though_chunks_ran() {
    let (org, _) = start().await;
    org.faults().add(Fault::failed_chunking(2));
    let error = numbers(chunked(&org)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::JobFailed, "{error}");
    assert_eq!(error.jobs().len(), 1);
    assert_eq!(numbers(chunked(&org)).await.unwrap(), all());
}

async fn load(org: &LocalOrg, job: NewV1Job) -> Vec<V1Outcome> {
    let rows = (0..25).map(|number| match number % 10 {
        7 => json!({"FirstName": "nobody"}),
        _ => json!({"LastName": format!("L {number}"), "FirstName": null}),
    });
    let load = client(org)
        .bulk()
        .v1()
        .load(job)
        .batch_rows(10)
        .poll(poll());
    let running = load.start(rows).await.unwrap();
    running.wait().await.unwrap().try_collect().await.unwrap()
}

#[tokio::test]
async fn outcomes_come_in_the_order_of_the_rows() {
    let (org, salesforce) = start().await;
    for job in [
        NewV1Job::insert("Contact").serial(),
        NewV1Job::insert("Contact").json(),
    ] {
        let outcomes = load(&org, job).await;
        assert_eq!(outcomes.len(), 25);
        for (number, outcome) in outcomes.iter().enumerate() {
            assert_eq!(outcome.row, u64::try_from(number).unwrap());
            match &outcome.result {
                Ok((id, created)) => {
                    assert!(created);
                    let contact: Value = salesforce.sobject("Contact").get(*id).await.unwrap();
                    assert_eq!(contact["LastName"], format!("L {number}"));
                }
                Err(error) => {
                    assert_eq!(number % 10, 7);
                    assert_eq!(error.code().unwrap().as_str(), "REQUIRED_FIELD_MISSING");
                }
            }
        }
    }
}

#[tokio::test]
async fn rows_are_loaded_once_whatever_a_batch_meets() {
    let (org, salesforce) = start().await;
    let count = async || -> u64 {
        let query = salesforce.query("SELECT COUNT() FROM Contact WHERE LastName LIKE 'L %'");
        query.count().await.unwrap()
    };
    let mut loaded = 0;
    for fault in [
        Fault::unavailable(),
        Fault::cut_before(),
        Fault::cut_after(),
        Fault::cut_body(30),
        Fault::expired_session(),
    ] {
        for skip in 0..3 {
            let what = format!("{skip}: {fault:?}");
            let path = "/services/async/*/job/*/batch";
            let fault = fault.clone().method(http::Method::POST).path(path);
            org.faults().add(fault.skip(skip).times(1));
            assert_eq!(
                load(&org, NewV1Job::insert("Contact")).await.len(),
                25,
                "{what}"
            );
            org.faults().clear();
            loaded += 23;
            assert_eq!(count().await, loaded, "{what}");
        }
    }
}

#[cfg(feature = "zip")]
#[tokio::test]
async fn files_come_with_their_rows() {
    use ferroforce::bulk::v1::RowWithFiles;

    let (org, salesforce) = start().await;
    let parent = salesforce
        .sobject("Account")
        .create(&json!({"Name": "A"}))
        .await
        .unwrap()
        .id;
    let rows = (0..3).map(|number| {
        let name = format!("f{number}.txt");
        let row = json!({"Name": name, "ParentId": parent, "Body": format!("#{name}")});
        RowWithFiles::new(row).file(name, format!("content {number}"))
    });
    let load = client(&org)
        .bulk()
        .v1()
        .load(NewV1Job::insert("Attachment"))
        .poll(poll());
    let running = load.start_with_files(rows).await.unwrap();
    let outcomes: Vec<V1Outcome> = running.wait().await.unwrap().try_collect().await.unwrap();
    for (number, outcome) in outcomes.into_iter().enumerate() {
        let (id, _) = outcome.result.unwrap();
        let content = salesforce
            .sobject("Attachment")
            .download(id, "Body")
            .bytes()
            .await
            .unwrap();
        assert_eq!(content, format!("content {number}"));
    }
}
