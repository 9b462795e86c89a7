use serde_json::{Value, json};

use super::Client;
use super::client::Answer;

const NOON: &str = "2026-03-15T12:00:30Z";

async fn changes(client: &Client, object: &str, kind: &str, start: &str, end: &str) -> Answer {
    let path = format!("/sobjects/{object}/{kind}/?start={start}&end={end}");
    client.get(&path.replace('+', "%2B")).await
}

/// An org at noon, and its clock.
fn at_noon() -> Client {
    let client = Client::new();
    client.org.clock.stop_at(NOON.parse().unwrap());
    client
}

#[tokio::test]
async fn deleted_records_are_listed_with_their_moments() {
    let client = at_noon();
    let account = client.create("Account", &json!({"Name": "Acme"})).await;
    let contact = json!({"LastName": "Doe", "AccountId": account});
    let contact = client.create("Contact", &contact).await;
    client.delete(&format!("/sobjects/Account/{account}")).await;
    let span = ("2026-03-15T11:59:59+00:00", "2026-03-15T12:05:59Z");
    let found = changes(&client, "account", "deleted", span.0, span.1).await;
    assert_eq!(
        found.text(),
        format!(
            r#"{{"deletedRecords":[{{"id":"{account}","deletedDate":"2026-03-15T12:00:30.000+0000"}}],"earliestDateAvailable":"2026-02-28T12:00:00.000+0000","latestDateCovered":"2026-03-15T12:00:00.000+0000"}}"#
        )
    );
    // What went with it was deleted too.
    let found = changes(&client, "Contact", "deleted", span.0, span.1).await;
    assert_eq!(found.json()["deletedRecords"][0]["id"], contact);
    let before = ("2026-03-15T11:00:00Z", "2026-03-15T12:00:00Z");
    let found = changes(&client, "Account", "deleted", before.0, before.1).await;
    assert_eq!(found.json()["deletedRecords"], json!([]));
    assert_eq!(
        found.json()["latestDateCovered"],
        "2026-03-15T12:00:00.000+0000"
    );
}

#[tokio::test]
async fn created_and_changed_records_are_listed() {
    let client = at_noon();
    let first = client.create("Account", &json!({"Name": "a"})).await;
    let gone = client.create("Account", &json!({"Name": "b"})).await;
    client.delete(&format!("/sobjects/Account/{gone}")).await;
    client
        .org
        .clock
        .advance(jiff::SignedDuration::from_mins(10));
    let second = client.create("Account", &json!({"Name": "c"})).await;
    let all = ("2026-03-15T12:00:00Z", "2026-03-15T12:30:00Z");
    let found = changes(&client, "Account", "updated", all.0, all.1).await;
    assert_eq!(
        found.text(),
        format!(
            r#"{{"ids":["{first}","{second}"],"latestDateCovered":"2026-03-15T12:10:00.000+0000"}}"#
        )
    );
    client
        .patch(
            &format!("/sobjects/Account/{first}"),
            &json!({"Name": "new"}),
        )
        .await;
    let late = ("2026-03-15T12:10:00Z", "2026-03-15T12:11:00Z");
    let found = changes(&client, "Account", "updated", late.0, late.1).await;
    assert_eq!(found.json()["ids"], json!([first, second]));
}

#[tokio::test]
async fn spans_that_cannot_be_answered_are_refused() {
    let client = at_noon();
    for (kind, start, end, expected) in [
        (
            "deleted",
            "2026-02-28T11:59:00Z",
            "2026-03-15T12:00:00Z",
            "startDate cannot be more than 15 days ago",
        ),
        (
            "updated",
            "2026-02-13T11:59:00Z",
            "2026-03-15T12:00:00Z",
            "startDate cannot be more than 30 days ago",
        ),
        (
            "updated",
            "2026-03-15T12:00:01Z",
            "2026-03-15T12:00:59Z",
            "endDate must be at least one minute greater than startDate",
        ),
        (
            "deleted",
            "yesterday",
            "2026-03-15T12:00:59Z",
            "start must be a date and time in ISO 8601",
        ),
    ] {
        let error = changes(&client, "Account", kind, start, end).await.error();
        assert_eq!(
            error,
            (
                400,
                "INVALID_REPLICATION_DATE".to_owned(),
                expected.to_owned()
            )
        );
    }
    let at_the_edge = ("2026-02-28T12:00:00Z", "2026-03-15T12:00:00Z");
    let answer = changes(&client, "Account", "deleted", at_the_edge.0, at_the_edge.1).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn the_recycle_bin_is_emptied_after_15_days() {
    let client = at_noon();
    let id = client.create("Account", &json!({"Name": "Acme"})).await;
    let path = format!("/sobjects/Account/{id}");
    client.delete(&path).await;
    let in_bin = async || -> Value {
        let found = client.get("/queryAll?q=SELECT+Id+FROM+Account").await;
        found.json()["totalSize"].clone()
    };
    let days = |days: i64| {
        client
            .org
            .clock
            .advance(jiff::SignedDuration::from_hours(24 * days))
    };
    days(15);
    assert_eq!(in_bin().await, 1);
    assert_eq!(client.delete(&path).await.error().1, "ENTITY_IS_DELETED");
    days(1);
    assert_eq!(in_bin().await, 0);
    assert_eq!(client.delete(&path).await.error().1, "NOT_FOUND");
}
