//! Records that somebody else has locked.

use serde_json::{Value, json};

use super::{count, create};
use crate::admin::Fault;
use crate::rest::tests::Client;

const CODE: &str = "UNABLE_TO_LOCK_ROW";
const MESSAGE: &str = "unable to obtain exclusive access to this record";

/// A request to the admin API.
async fn admin(client: &Client, method: &str, body: String) {
    let request = http::Request::builder()
        .method(method)
        .uri("/__org/faults")
        .header("host", "localhost")
        .header("x-org-admin-token", client.org.admin.token.expose());
    let answer = client.raw(request.body(body.into()).unwrap()).await;
    assert!(answer.status.is_success(), "{answer:?}");
}

/// Adds a fault, in place of any other.
async fn add(client: &Client, fault: Fault) {
    admin(client, "DELETE", String::new()).await;
    admin(client, "POST", serde_json::to_string(&fault).unwrap()).await;
}

fn contact(account: &str) -> Value {
    json!({"attributes": {"type": "Contact"}, "LastName": "x", "AccountId": account})
}

#[tokio::test]
async fn a_locked_record_is_written_when_the_lock_is_gone() {
    let client = Client::new();
    let id = client.create("Account", &json!({"Name": "a"})).await;
    let path = format!("/sobjects/Account/{id}");
    add(&client, Fault::locked_records([&id[..15]]).times(2)).await;
    let updated = client.patch(&path, &json!({"Name": "b"})).await;
    assert_eq!(updated.error(), (400, CODE.to_owned(), MESSAGE.to_owned()));
    assert_eq!(updated.json()[0]["fields"], json!([]));
    assert_eq!(client.delete(&path).await.error().1, CODE);
    assert_eq!(client.get(&path).await.json()["Name"], "a");
    assert_eq!(client.patch(&path, &json!({"Name": "b"})).await.status, 204);
}

#[tokio::test]
async fn the_records_beside_a_locked_one_are_written() {
    let client = Client::new();
    let locked = client.create("Account", &json!({"Name": "a"})).await;
    let free = client.create("Account", &json!({"Name": "b"})).await;
    let body = |all| json!({"allOrNone": all, "records": [contact(&free), contact(&locked)]});
    let lock = || add(&client, Fault::locked_records([&locked]));
    lock().await;
    let answer = client
        .post("/composite/sobjects", &body(false))
        .await
        .json();
    assert_eq!(answer[0]["success"], true);
    assert_eq!(
        answer[1]["errors"][0],
        json!({"statusCode": CODE, "message": format!("{MESSAGE} or 1 records: {locked}"), "fields": []})
    );
    assert_eq!(count(&client, "Contact").await, 1);

    lock().await;
    let answer = client.post("/composite/sobjects", &body(true)).await.json();
    assert_eq!(answer[1]["errors"][0]["statusCode"], CODE);
    assert_eq!(count(&client, "Contact").await, 1);
    client.post("/composite/sobjects", &body(true)).await;
    assert_eq!(count(&client, "Contact").await, 3);

    lock().await;
    let ids = format!("/composite/sobjects?ids={free},{locked}");
    let answer = client.delete(&ids).await.json();
    assert_eq!(answer[0]["success"], true);
    assert_eq!(answer[1]["errors"][0]["statusCode"], CODE);
    assert_eq!(count(&client, "Account").await, 1);
}

#[tokio::test]
async fn a_composite_meets_locks_too() {
    let client = Client::new();
    for (all_or_none, accounts) in [(true, 0), (false, 1)] {
        add(&client, Fault::locked_object("Contact")).await;
        let body = json!({"allOrNone": all_or_none, "compositeRequest": [
            create("a", "Account", &json!({"Name": "a"})),
            create("c", "Contact", &json!({"LastName": "x", "AccountId": "@{a.id}"})),
        ]});
        let answer = client.post("/composite", &body).await.json();
        let error = &answer["compositeResponse"][1]["body"][0];
        assert_eq!(
            (&error["errorCode"], &error["message"]),
            (&json!(CODE), &json!(MESSAGE))
        );
        assert_eq!(count(&client, "Account").await, accounts);
    }
    add(&client, Fault::locked_object("Lead")).await;
    let body = json!({"records": [{"attributes": {"type": "Lead", "referenceId": "l"}, "LastName": "x", "Company": "y"}]});
    let answer = client.post("/composite/tree/Lead", &body).await.json();
    assert_eq!(answer["results"][0]["errors"][0]["statusCode"], CODE);
}
