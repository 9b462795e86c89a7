use std::collections::BTreeSet;

use ferroforce::{Record, RecordId};
use futures_util::TryStreamExt;
use serde::Deserialize;
use serde_json::json;

use super::{Contact, contacts, start};

#[tokio::test]
async fn ranges_of_ids_are_the_whole_together() {
    let (_org, salesforce) = start().await;
    contacts(&salesforce, 333, None).await;
    for ranges in [1, 7] {
        let rows = salesforce
            .query("SELECT Id, LastName FROM Contact WHERE :range AND LastName LIKE 'C %'")
            .by_id_ranges("Contact")
            .ranges(ranges)
            .rows::<Contact>();
        let rows: Vec<Contact> = rows.try_collect().await.unwrap();
        let ids: BTreeSet<RecordId> = rows.iter().map(|row| row.id).collect();
        assert_eq!((rows.len(), ids.len()), (333, 333));
    }
    let none = salesforce
        .query("SELECT Id, LastName FROM Lead WHERE :range")
        .by_id_ranges("Lead")
        .rows::<Contact>();
    assert!(none.try_collect::<Vec<_>>().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_plan_is_told() {
    let (_org, salesforce) = start().await;
    let query = salesforce.query("SELECT Id FROM Contact WHERE LastName = :n");
    let explained = query.bind("n", "x").explain().await.unwrap();
    assert_eq!(explained.plans[0].sobject_type, "Contact");
    let error = salesforce.query("SELECT").explain().await.unwrap_err();
    assert_eq!(error.code().unwrap().as_str(), "MALFORMED_QUERY");
}

#[tokio::test]
async fn deleted_rows_are_included_on_every_page() {
    let (_org, salesforce) = start().await;
    contacts(&salesforce, 250, None).await;
    let some: Contact = salesforce
        .query("SELECT Id, LastName FROM Contact WHERE LastName = 'C 240'")
        .fetch_one()
        .await
        .unwrap();
    salesforce.sobject("Contact").delete(some.id).await.unwrap();
    let query = || {
        let query = salesforce.query("SELECT Id FROM Contact ORDER BY Id");
        query.batch_size(200)
    };
    assert_eq!(query().fetch_all::<Record>().await.unwrap().len(), 249);
    let all = query().include_deleted().fetch_all::<Record>().await;
    assert_eq!(all.unwrap().len(), 250);
}

#[tokio::test]
async fn parents_children_and_nulls() {
    let (_org, salesforce) = start().await;
    let accounts = salesforce.sobject("Account");
    let acme = accounts.create(&json!({"Name": "Acme"})).await.unwrap().id;
    accounts.create(&json!({"Name": "Empty"})).await.unwrap();
    contacts(&salesforce, 3, Some(acme)).await;
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Account {
        name: String,
        contacts: ferroforce::query::Children<Contact>,
    }
    let accounts: Vec<Account> = salesforce
        .query("SELECT Name, (SELECT Id, LastName FROM Contacts) FROM Account ORDER BY Name")
        .fetch_all()
        .await
        .unwrap();
    let counts: Vec<_> = accounts
        .iter()
        .map(|account| (account.name.as_str(), account.contacts.at_hand().len()))
        .collect();
    assert_eq!(counts, [("Acme", 3), ("Empty", 0)]);
}
