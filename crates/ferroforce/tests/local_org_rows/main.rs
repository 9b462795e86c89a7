//! Rows, files and descriptions on the local org, over real sockets, and what
//! happens to each of them when the org has trouble.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod describes;
mod faults;
mod files;
mod keys;
mod rows;

use std::time::Duration;

use ferroforce::Salesforce;
use ferroforce::auth::ClientCredentials;
use ferroforce::retry::{Backoff, RetryPolicy};
use ferroforce_org::LocalOrg;

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
