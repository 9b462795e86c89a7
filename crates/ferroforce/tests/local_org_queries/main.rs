//! Queries and the other APIs on the local org, over real sockets, and what becomes
//! of a query's rows when the org has trouble.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod apis;
mod faults;
mod queries;

use std::time::Duration;

use ferroforce::auth::ClientCredentials;
use ferroforce::retry::{Backoff, RetryPolicy};
use ferroforce::{RecordId, Salesforce};
use ferroforce_org::LocalOrg;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

/// A client that repeats without waiting, so that tests need no time.
fn client(org: &LocalOrg) -> Salesforce {
    let auth = ClientCredentials::new(org.client_id(), org.client_secret().unwrap());
    Salesforce::builder(auth)
        .org_url(org.url())
        .retry(RetryPolicy::default().backoff(Backoff::default().max(Duration::ZERO)))
        .build()
        .unwrap()
}

async fn start() -> (LocalOrg, Salesforce) {
    let org = LocalOrg::start().await.unwrap();
    let salesforce = client(&org);
    (org, salesforce)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Contact {
    id: RecordId,
    last_name: String,
}

/// Contacts with the last names `C 0`, `C 1`, ….
async fn contacts(salesforce: &Salesforce, count: usize, account: Option<RecordId>) {
    for start in (0..count).step_by(200) {
        let records: Vec<Value> = (start..(start + 200).min(count))
            .map(|n| {
                json!({
                    "attributes": {"type": "Contact"},
                    "LastName": format!("C {n}"),
                    "AccountId": account,
                })
            })
            .collect();
        let created: Value = salesforce
            .request(Method::POST, "/composite/sobjects")
            .json_body(&json!({"allOrNone": true, "records": records}))
            .json()
            .await
            .unwrap();
        assert_eq!(created[0]["success"], true, "{created}");
    }
}
