//! Query jobs on the local org, over real sockets: every way that rows come, and what
//! becomes of them when the org has trouble.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod faults;
mod rest;
#[path = "../stopped_clock/mod.rs"]
mod stopped_clock;
mod v1;
mod v1_stopped;
mod ways;

use std::time::Duration;

use ferroforce::auth::ClientCredentials;
use ferroforce::bulk::{BulkQuery, Paging, Poll};
use ferroforce::retry::{Backoff, RetryPolicy};
use ferroforce::{RecordId, Result, Salesforce};
use ferroforce_org::{LocalOrg, Policies};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

const ROWS: usize = 450;
const SOQL: &str = "SELECT Id, LastName, Description, Account.Name FROM Contact";

/// A client that repeats without waiting, so that tests need no time.
fn client(org: &LocalOrg) -> Salesforce {
    let auth = ClientCredentials::new(org.client_id(), org.client_secret().unwrap());
    Salesforce::builder(auth)
        .org_url(org.url())
        .retry(RetryPolicy::default().backoff(Backoff::default().max(Duration::ZERO)))
        .build()
        .unwrap()
}

/// An org with contacts, of which it puts 100 into a page that it cuts itself.
async fn start() -> (LocalOrg, Salesforce) {
    let mut policies = Policies::default();
    policies.bulk_page_records = 100;
    let org = LocalOrg::builder()
        .policies(policies)
        .start()
        .await
        .unwrap();
    let salesforce = client(&org);
    let account = salesforce
        .sobject("Account")
        .create(&json!({"Name": "Acme, \"Inc.\""}))
        .await
        .unwrap()
        .id;
    for start in (0..ROWS).step_by(200) {
        let records: Vec<Value> = (start..(start + 200).min(ROWS))
            .map(|number| contact(number, account))
            .collect();
        let created: Value = salesforce
            .request(Method::POST, "/composite/sobjects")
            .json_body(&json!({"allOrNone": true, "records": records}))
            .json()
            .await
            .unwrap();
        assert_eq!(created[0]["success"], true, "{created}");
    }
    (org, salesforce)
}

fn contact(number: usize, account: RecordId) -> Value {
    json!({
        "attributes": {"type": "Contact"},
        "LastName": format!("C {number}"),
        "Description": description(number),
        "AccountId": number.is_multiple_of(2).then_some(account),
    })
}

/// All that can be in a cell, or nothing.
fn description(number: usize) -> Option<String> {
    (!number.is_multiple_of(3)).then(|| format!("é \"{number}\",\n;\t😀"))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Contact {
    id: RecordId,
    last_name: String,
    description: Option<String>,
    account: Option<Account>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Account {
    name: String,
}

impl Contact {
    /// Its number, if all else is as it was written.
    fn number(&self) -> usize {
        let number = self.last_name[2..].parse().unwrap();
        assert_eq!(self.id.as_str().len(), 18);
        assert_eq!(self.description, description(number));
        let account = self.account.as_ref().map(|account| account.name.as_str());
        assert_eq!(
            account,
            number.is_multiple_of(2).then_some("Acme, \"Inc.\"")
        );
        number
    }
}

/// Without a pause between two questions.
fn poll() -> Poll {
    Poll::default()
        .first(Duration::ZERO)
        .longest(Duration::ZERO)
}

/// By locators, by the list of pages, and by that in any order.
fn pagings() -> [Paging; 3] {
    [
        Paging::new().page_rows(100),
        Paging::new().parallel(3),
        Paging::new().parallel(3).any_order(),
    ]
}

fn query(salesforce: &Salesforce, paging: &Paging) -> BulkQuery {
    salesforce
        .bulk()
        .query(SOQL)
        .poll(poll())
        .paging(paging.clone())
}

/// The numbers of the contacts, sorted.
async fn numbers(query: BulkQuery) -> Result<Vec<usize>> {
    let mut rows = query.rows::<Contact>();
    let mut numbers = Vec::new();
    while let Some(row) = rows.next().await {
        numbers.push(row?.number());
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn all() -> Vec<usize> {
    (0..ROWS).collect()
}
