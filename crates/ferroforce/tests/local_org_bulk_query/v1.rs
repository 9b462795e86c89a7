use ferroforce::bulk::v1::{NewV1Job, PkChunking, V1Outcome};
use ferroforce::bulk::{BulkQuery, Paging, ResultCursor};
use ferroforce::{DateTime, ErrorKind};
use ferroforce_org::{Fault, LocalOrg};
use futures_util::TryStreamExt;
use serde_json::{Value, json};

use super::{Contact, ROWS, all, client, numbers, poll, start};

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
    every_row_once(&org, || chunked(&org)).await;
}

#[tokio::test]
async fn a_query_in_json_has_every_row_once_whatever_its_pages_meet() {
    let (org, _) = start().await;
    every_row_once(&org, || in_json(&org)).await;
    every_row_once(&org, || chunked(&org).json()).await;
}

/// In one file, since it has an order.
fn in_json(org: &LocalOrg) -> BulkQuery {
    let soql = "SELECT Id, LastName, Description, Account.Name FROM Contact ORDER BY LastName";
    client(org).bulk().query(soql).json().poll(poll())
}

#[tokio::test]
async fn records_of_json_are_those_of_rest() {
    let (org, salesforce) = start().await;
    let soql = "SELECT Id, LastName, Description, CreatedDate, Birthdate, IsDeleted, Account.Name \
                FROM Contact ORDER BY LastName";
    let mut rest = salesforce.query(soql).records();
    let mut bulk = salesforce.bulk().query(soql).json().poll(poll()).records();
    let mut rows = 0;
    while let Some(record) = bulk.next().await {
        let (record, other) = (record.unwrap(), rest.next().await.unwrap().unwrap());
        assert_eq!(record.object(), other.object());
        assert_eq!(record.url(), other.url());
        for field in &other {
            if field.name() == "CreatedDate" {
                let [created, expected] =
                    [&record, &other].map(|record| record.get::<DateTime>(field.name()).unwrap());
                assert_eq!(created, expected);
                continue;
            }
            let [value, expected] =
                [&record, &other].map(|record| record.get::<Value>(field.name()).unwrap());
            assert_eq!(value, expected, "{}", field.name());
        }
        rows += 1;
    }
    assert!(rest.next().await.is_none());
    assert_eq!(rows, ROWS);
    drop(org);
}

/// A page that stays cut off is an error, and whoever goes on from the cursor has every row
/// once; also where the job was read to its end before.
#[tokio::test]
async fn rows_of_json_are_finished_from_the_cursor() {
    let (org, salesforce) = start().await;
    let job = chunked(&org).json().start().await.unwrap();
    let path = "/services/async/*/job/*/batch/*/result/*";
    for skip in 0..5 {
        let fault = Fault::cut_chunked_body(500).path(path).skip(skip);
        org.faults().add(fault.always());
        let mut found = Vec::new();
        let mut rows = job.clone().rows::<Contact>();
        let error = loop {
            match rows.next().await.unwrap() {
                Ok(row) => found.push(row.number()),
                Err(error) => break error,
            }
        };
        assert_eq!(error.jobs(), [job.id()]);
        org.faults().clear();
        let kept = serde_json::to_string(&rows.cursor().unwrap()).unwrap();
        let cursor: ResultCursor = serde_json::from_str(&kept).unwrap();
        let again = salesforce.bulk().resume_query(cursor.job().clone());
        let mut rest = again.resume(cursor).unwrap().poll(poll()).rows::<Contact>();
        while let Some(row) = rest.next().await {
            found.push(row.unwrap().number());
        }
        found.sort_unstable();
        assert_eq!(found, all(), "{skip}");
    }
}

#[tokio::test]
async fn a_query_in_json_that_fails_or_finds_nothing_says_so() {
    let (org, salesforce) = start().await;
    let query = |soql: &'static str| salesforce.bulk().query(soql).json().poll(poll());
    let nothing = "SELECT Id FROM Contact WHERE LastName = 'nobody'";
    assert!(query(nothing).records().next().await.is_none());
    let nothing = query(nothing).pk_chunking(PkChunking::new());
    assert!(nothing.rows::<Contact>().next().await.is_none());
    let mut rows = query("SELECT Nope__c FROM Contact").records();
    let error = rows.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::JobFailed);
    assert!(error.to_string().contains("the query failed"), "{error}");
    assert_eq!(error.code().unwrap().as_str(), "InvalidBatch");
    drop(org);
}

async fn every_row_once(org: &LocalOrg, chunked: impl Fn() -> BulkQuery) {
    assert_eq!(numbers(chunked()).await.unwrap(), all());
    let parallel = chunked().paging(Paging::new().parallel(3).any_order());
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
            for skip in [0, 1] {
                let what = format!("{path} {skip} {fault:?}");
                org.faults()
                    .add(fault.clone().path(path).skip(skip).times(1));
                let found = numbers(chunked()).await;
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
