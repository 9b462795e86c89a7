//! Loads of the local org, over real sockets: what arrives, what is told of it, and what
//! happens where something goes wrong or the program is gone.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod choice;
mod crash;
mod faults;
mod loads;
mod rest;
mod results;
mod resume;
mod steps;
#[path = "../stopped_clock/mod.rs"]
mod stopped_clock;
mod trouble;

use std::collections::BTreeMap;
use std::time::Duration;

use ferroforce::Salesforce;
use ferroforce::auth::ClientCredentials;
use ferroforce::bulk::{Ingest, Poll};
use ferroforce::retry::{Backoff, RetryPolicy};
use ferroforce_org::LocalOrg;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Contact {
    #[serde(rename = "External_Id__c")]
    key: String,
    #[serde(rename = "LastName")]
    last_name: String,
}

fn contact(number: usize) -> Contact {
    Contact {
        key: format!("K-{number:06}"),
        last_name: format!("Doe, \"{number}\""),
    }
}

fn contacts(count: usize) -> impl Iterator<Item = Contact> + Send + 'static {
    (0..count).map(contact)
}

/// A client that repeats without waiting, so that tests need no time.
fn client_of(url: &str, id: &str, secret: &str) -> Salesforce {
    Salesforce::builder(ClientCredentials::new(id, secret))
        .org_url(url)
        .retry(RetryPolicy::default().backoff(Backoff::default().max(Duration::ZERO)))
        .build()
        .unwrap()
}

async fn start() -> (LocalOrg, Salesforce) {
    let org = LocalOrg::start().await.unwrap();
    let salesforce = client_of(&org.url(), org.client_id(), org.client_secret().unwrap());
    (org, salesforce)
}

/// Asks again without much of a pause.
fn quick() -> Poll {
    Poll::default()
        .first(Duration::from_millis(2))
        .longest(Duration::from_millis(20))
}

fn insert(salesforce: &Salesforce) -> Ingest {
    salesforce.bulk().insert("Contact").poll(quick())
}

fn upsert(salesforce: &Salesforce) -> Ingest {
    let bulk = salesforce.bulk();
    bulk.upsert("Contact", "External_Id__c").poll(quick())
}

/// The contacts that are in the org, and how often each.
async fn arrived(salesforce: &Salesforce) -> BTreeMap<String, Vec<String>> {
    let query = "SELECT External_Id__c, LastName FROM Contact WHERE External_Id__c LIKE 'K-%'";
    let rows: Vec<Contact> = salesforce.query(query).fetch_all().await.unwrap();
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        found.entry(row.key).or_default().push(row.last_name);
    }
    found
}

/// Every one of so many contacts is in the org, and once.
async fn assert_all_arrived(salesforce: &Salesforce, count: usize) {
    let found = arrived(salesforce).await;
    let expected: BTreeMap<_, _> = contacts(count)
        .map(|contact| (contact.key, vec![contact.last_name]))
        .collect();
    assert_eq!(found.len(), count);
    assert_eq!(found, expected);
}
