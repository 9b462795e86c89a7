//! The composite family as a client meets it, without sockets.

mod batches;
mod blobs;
mod collections;
mod dependent;
mod facts;
mod graphs;
mod locks;
mod programs;
mod trees;

use serde_json::{Value, json};

use crate::rest::tests::Client;

/// The URL of a subrequest.
fn url(path: &str) -> String {
    format!("/services/data/v66.0{path}")
}

/// A subrequest that has no body.
fn get(reference_id: &str, path: &str) -> Value {
    json!({"method": "GET", "url": url(path), "referenceId": reference_id})
}

/// A subrequest that creates a record.
fn create(reference_id: &str, object: &str, body: &Value) -> Value {
    let url = url(&format!("/sobjects/{object}"));
    json!({"method": "POST", "url": url, "referenceId": reference_id, "body": body})
}

/// How many records of an object there are.
async fn count(client: &Client, object: &str) -> Value {
    let found = client.query(&format!("SELECT count() FROM {object}")).await;
    found.json()["totalSize"].clone()
}
