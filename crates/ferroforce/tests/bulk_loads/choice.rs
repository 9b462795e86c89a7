use std::sync::{Arc, Mutex};

use ferroforce::bulk::{LoadWay, NewJob, NullCell};
use ferroforce::events::Event;
use ferroforce::{ErrorKind, Record};
use ferroforce_org::Fault;
use http::Method;
use serde_json::json;

use super::{arrived, assert_all_arrived, contacts, quick, start};

fn job() -> NewJob {
    NewJob::upsert("Contact", "External_Id__c")
}

#[tokio::test]
async fn few_rows_go_through_collections_and_many_through_bulk_and_it_is_told() {
    let (_org, salesforce) = start().await;
    let chosen: Arc<Mutex<Vec<String>>> = Arc::default();
    let told = Arc::clone(&chosen);
    let subscription = salesforce.subscribe(move |event: &Event| {
        if let Event::Choice(choice) = event {
            let (operation, chosen) = (choice.operation, choice.chosen);
            told.lock()
                .unwrap()
                .push(format!("{operation}: {chosen}, {}", choice.why));
        }
    });
    let load = |few| {
        salesforce
            .load(job())
            .few(few)
            .with_bulk(|bulk| bulk.poll(quick()))
    };
    let report = load(300).rows(contacts(300)).await.unwrap();
    assert_eq!(
        (report.way(), report.counts().successful),
        (LoadWay::Collections, 300)
    );
    assert_all_arrived(&salesforce, 300).await;
    let report = load(299).rows(contacts(300)).await.unwrap();
    assert_eq!(
        (report.way(), report.counts().successful),
        (LoadWay::Bulk, 300)
    );
    assert_eq!(report.bulk().unwrap().jobs().count(), 1);
    let report = load(299).through(LoadWay::Collections).rows(contacts(300));
    assert_eq!(report.await.unwrap().way(), LoadWay::Collections);
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let report = load(300)
        .with_bulk(|bulk| bulk.journal(&journal))
        .rows(contacts(3));
    assert_eq!(report.await.unwrap().way(), LoadWay::Bulk);
    assert_all_arrived(&salesforce, 300).await;
    drop(subscription);
    assert_eq!(
        *chosen.lock().unwrap(),
        [
            "load: collections, there are few rows",
            "load: Bulk API 2.0, there are many rows",
            "load: collections, as the program says",
            "load: Bulk API 2.0, it keeps a journal",
        ]
    );
}

#[tokio::test]
async fn both_ways_do_the_same() {
    for way in [LoadWay::Collections, LoadWay::Bulk] {
        let (_org, salesforce) = start().await;
        let load = |job| {
            let load = salesforce.load(job).through(way);
            load.with_bulk(|bulk| bulk.poll(quick()))
        };
        let report = load(NewJob::insert("Contact"))
            .rows(contacts(250))
            .await
            .unwrap();
        assert_eq!(report.all_succeeded().unwrap().successful, 250);
        assert_all_arrived(&salesforce, 250).await;
        let query = "SELECT Id, LastName FROM Contact WHERE External_Id__c LIKE 'K-%'";
        let records: Vec<Record> = salesforce.query(query).fetch_all().await.unwrap();
        let ids: Vec<_> = records.iter().map(|record| record.id().unwrap()).collect();
        let changes = ids
            .clone()
            .into_iter()
            .map(|id| json!({"Id": id, "Title": "Dr"}));
        let report = load(NewJob::update("Contact")).rows(changes).await.unwrap();
        assert_eq!(report.counts().successful, 250, "{way:?}");
        let report = load(NewJob::delete("Contact"));
        let report = report
            .rows(ids.into_iter().map(|id| json!({"Id": id})))
            .await
            .unwrap();
        assert_eq!(report.counts().successful, 250, "{way:?}");
        assert!(arrived(&salesforce).await.is_empty());
        let rows = [json!({"LastName": "fine"}), json!({"LastName": ""})];
        let report = load(NewJob::insert("Contact")).rows(rows).await.unwrap();
        assert_eq!((report.counts().successful, report.counts().failed), (1, 1));
        assert!(report.all_succeeded().is_err());
    }
}

#[tokio::test]
async fn an_insert_through_collections_that_ended_unclear_says_so_for_each_row() {
    let (org, salesforce) = start().await;
    org.faults().add(
        Fault::cut_after()
            .method(Method::POST)
            .path("*/composite/sobjects"),
    );
    let load = salesforce.load(NewJob::insert("Contact"));
    let report = load.rows(contacts(300)).await.unwrap();
    // Whichever of the two requests it was.
    let counts = report.counts();
    assert!(matches!(
        (counts.successful, counts.failed),
        (100, 200) | (200, 100)
    ));
    let errors = report.errors();
    assert!(
        errors
            .iter()
            .all(|(_, error)| error.may_have_been_processed())
    );
}

#[tokio::test]
async fn collections_delete_nothing_for_good() {
    let (_org, salesforce) = start().await;
    let load = salesforce.load(NewJob::hard_delete("Contact"));
    let rows = [json!({"Id": "003000000000001AAA"})];
    let refused = load.through(LoadWay::Collections).rows(rows).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidInput);
}

/// An empty text and a null do to a field the same, whichever way is taken.
#[tokio::test]
async fn nothing_means_the_same_both_ways() {
    for way in [LoadWay::Collections, LoadWay::Bulk] {
        let (_org, salesforce) = start().await;
        let load = |nulls: NullCell| {
            let load = salesforce.load(job()).through(way);
            load.with_bulk(move |bulk| bulk.poll(quick()).nulls(nulls))
        };
        let row = |email: serde_json::Value, phone: serde_json::Value| {
            [json!({"External_Id__c": "K", "LastName": "Doe", "Email": email, "Phone": phone})]
        };
        let fields = async || {
            let query = "SELECT Email, Phone FROM Contact WHERE External_Id__c = 'K'";
            let record: Record = salesforce.query(query).fetch_one().await.unwrap();
            let field = |name| record.get::<Option<String>>(name).unwrap();
            (field("Email"), field("Phone"))
        };
        let first = row(json!("a@example.com"), json!("1"));
        load(NullCell::Null)
            .rows(first)
            .await
            .unwrap()
            .all_succeeded()
            .unwrap();
        let nothing = row(json!(""), json!(null));
        let report = load(NullCell::Empty).rows(nothing.clone()).await.unwrap();
        report.all_succeeded().unwrap();
        let both = (Some("a@example.com".to_owned()), Some("1".to_owned()));
        assert_eq!(fields().await, both, "{way:?}");
        let report = load(NullCell::Null).rows(nothing).await.unwrap();
        report.all_succeeded().unwrap();
        assert_eq!(fields().await, (both.0, None), "{way:?}");
    }
}
