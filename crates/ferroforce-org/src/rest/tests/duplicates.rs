use http::Request;
use serde_json::{Value, json};

use super::Client;
use super::client::Answer;
use crate::admin::Policies;
use crate::settings::Settings;

fn client() -> Client {
    Client::with(Settings {
        policies: Policies {
            duplicate_rules: true,
            ..Policies::default()
        },
        ..Settings::default()
    })
}

async fn post(client: &Client, path: &str, header: &str, body: &Value) -> Answer {
    let request: Request<_> = client
        .request("POST", "")
        .uri(path)
        .header("content-type", "application/json")
        .header("Sforce-Duplicate-Rule-Header", header)
        .body(body.to_string().into())
        .unwrap();
    client.raw(request).await
}

#[tokio::test]
async fn duplicates_are_told_in_the_recorded_shape() {
    let client = client();
    let lead = json!({"FirstName": "Jane", "LastName": "Doe", "Company": "Acme", "Email": "jane@example.com"});
    let id = client.create("Lead", &lead).await;
    let mut like = lead.clone();
    like["LastName"] = json!("DOE");
    let refused = post(&client, "/services/data/v51.0/sobjects/Lead", "", &like).await;
    assert_eq!(refused.status, 400);
    assert_eq!(
        refused.text(),
        format!(
            r#"[{{"duplicateResut":{{"allowSave":true,"duplicateRule":"Standard_Lead_Duplicate_Rule","duplicateRuleEntityType":"Lead","errorMessage":"Use one of these records?","matchResults":[{{"entityType":"Lead","errors":[],"matchEngine":"ExactMatchEngine","matchRecords":[{{"additionalInformation":[],"fieldDiffs":[],"matchConfidence":100,"record":{{"attributes":{{"type":"Lead","url":"/services/data/v51.0/sobjects/Lead/{id}"}},"Id":"{id}"}}}}],"rule":"Standard_Lead_Match_Rule_v1_0","size":1,"success":true}}]}},"errorCode":"DUPLICATES_DETECTED","message":"Use one of these records?"}}]"#
        )
    );
    let path = "/services/data/v66.0/sobjects/Lead";
    let detailed = post(&client, path, "includeRecordDetails=true", &like).await;
    let found = &detailed.json()[0]["duplicateResult"]["matchResults"][0];
    assert_eq!(found["matchRecords"][0]["record"]["Company"], "Acme");
    let saved = post(
        &client,
        path,
        "allowSave=true; includeRecordDetails=true",
        &like,
    )
    .await;
    assert_eq!(saved.status, 201);
}

#[tokio::test]
async fn a_change_can_make_a_duplicate_and_what_lacks_something_is_none() {
    let client = client();
    let body = json!({"LastName": "Doe", "Email": "doe@example.com"});
    let first = client.create("Contact", &body).await;
    let other = client.create("Contact", &json!({"LastName": "Doe"})).await;
    client.create("Contact", &json!({"LastName": "Doe"})).await;
    let path = format!("/sobjects/Contact/{other}");
    let change = json!({"Email": "DOE@example.com"});
    let refused = client.patch(&path, &change).await;
    assert_eq!(refused.error().1, "DUPLICATES_DETECTED");
    // What does not touch the compared fields is no new duplicate.
    let path = format!("/sobjects/Contact/{first}");
    let touched = client.patch(&path, &json!({"Title": "Dr"})).await;
    assert_eq!(touched.status, 204);
    client.delete(&path).await;
    let path = format!("/sobjects/Contact/{other}");
    assert_eq!(client.patch(&path, &change).await.status, 204);
}

#[tokio::test]
async fn the_rules_are_off_unless_asked_for() {
    let off = Client::new();
    for client in [&off, &client()] {
        client.create("Account", &json!({"Name": "Acme"})).await;
    }
    off.create("Account", &json!({"Name": "Acme"})).await;
}

#[tokio::test]
async fn collections_tell_less_and_let_through_who_insists() {
    let client = client();
    client.create("Account", &json!({"Name": "Acme"})).await;
    let path = "/services/data/v66.0/composite/sobjects";
    let body = json!({"records": [
        {"attributes": {"type": "Account"}, "Name": "ACME"},
        {"attributes": {"type": "Account"}, "Name": "Other"},
    ]});
    let told = post(&client, path, "", &body).await.json();
    assert_eq!(
        told[0],
        json!({"success": false, "errors": [{"statusCode": "DUPLICATES_DETECTED", "message": "Use one of these records?", "fields": []}]})
    );
    assert_eq!(told[1]["success"], true);
    let body = json!({"records": [{"attributes": {"type": "Account"}, "Name": "ACME"}]});
    let saved = post(&client, path, "allowSave=true", &body).await.json();
    assert_eq!(saved[0]["success"], true);
}
