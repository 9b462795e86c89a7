//! Describes, as clients ask for them.

use serde_json::{Value, json};

use super::client::Client;
use crate::admin::Snapshot;
use crate::auth::Profile;
use crate::settings::Settings;

#[tokio::test]
async fn objects_are_described_in_three_lengths() {
    let client = Client::new();
    let global = client.get("/sobjects").await.json();
    assert_eq!(global["encoding"], "UTF-8");
    assert_eq!(global["maxBatchSize"], 200);
    let basic = client.get("/sobjects/account").await.json();
    assert_eq!(basic["recentItems"], json!([]));
    let entries = global["sobjects"].as_array().unwrap();
    assert!(entries.contains(&basic["objectDescribe"]));
    let full = client.get("/sobjects/Account/describe").await.json();
    assert_eq!(full["name"], "Account");
    assert_eq!(
        full["urls"]["describe"],
        "/services/data/v66.0/sobjects/Account/describe"
    );
    assert_eq!(full["urls"]["uiDetailTemplate"], "http://localhost/{ID}");
    assert!(
        full["fields"]
            .as_array()
            .unwrap()
            .iter()
            .any(|field| field["name"] == "Name")
    );
}

#[tokio::test]
async fn what_a_client_knows_is_not_sent_again() {
    let client = Client::new();
    for path in ["/sobjects", "/sobjects/Contact/describe"] {
        let first = client.get(path).await;
        let etag = first.header("etag");
        assert!(etag.len() == 10 && etag.starts_with('"'), "{etag}");
        for (name, value) in [
            ("if-none-match", etag),
            ("if-modified-since", first.header("last-modified")),
        ] {
            let request = client.request("GET", path).header(name, value);
            let again = client.raw(request.body("".into()).unwrap()).await;
            assert_eq!(again.status, 304, "{path} {name}");
            assert!(again.body.is_empty());
            assert_eq!(again.header("etag"), etag);
        }
        let request = client
            .request("GET", path)
            .header("if-none-match", "\"00000000\"");
        assert_eq!(
            client.raw(request.body("".into()).unwrap()).await.status,
            200
        );
    }
}

/// Whoever has a describe from before asks by its date, in seconds; here no time goes by.
#[tokio::test]
async fn a_describe_is_another_once_a_user_has_another_profile() {
    let client = Client::with(Settings {
        profiles: vec![Profile::new("Reader").object("Account", [])],
        ..Settings::default()
    });
    client.org.clock.stop_at(client.org.clock.now());
    let conditional = async |name: &str, value: &str| {
        let request = client.request("GET", "/sobjects").header(name, value);
        client.raw(request.body("".into()).unwrap()).await
    };
    let own = format!("/sobjects/User/{}", client.org.auth.first_member().id);
    let profile = client
        .query("SELECT Id FROM Profile WHERE Name = 'Reader'")
        .await
        .json();
    let reader = json!({"ProfileId": profile["records"][0]["Id"]});
    let administrator = json!({"ProfileId": client.get(&own).await.json()["ProfileId"]});
    let start = Snapshot::of(&client.org).await.unwrap();
    let mut known = client
        .get("/sobjects")
        .await
        .header("last-modified")
        .to_owned();
    for (change, has_accounts) in [
        (Some(&reader), false),
        (Some(&administrator), true),
        (Some(&reader), false),
        (None, true),
    ] {
        let same = client.patch(&own, &json!({"FirstName": "Ada"})).await;
        assert_eq!(same.status, 204);
        assert_eq!(conditional("if-modified-since", &known).await.status, 304);
        match change {
            Some(change) => assert_eq!(client.patch(&own, change).await.status, 204),
            None => start.restore(&client.org).await.unwrap(),
        }
        let refused = conditional("if-unmodified-since", &known).await;
        assert_eq!(refused.status, 412);
        let newer = conditional("if-modified-since", &known).await;
        assert_eq!(newer.status, 200);
        assert_eq!(newer.text().contains("\"name\":\"Account\""), has_accounts);
        newer.header("last-modified").clone_into(&mut known);
    }
}

#[tokio::test]
async fn a_describe_that_must_be_older_is_refused() {
    let client = Client::new();
    for path in ["/sobjects", "/sobjects/Contact/describe"] {
        for (since, status) in [
            ("Wed, 01 Jan 2020 00:00:00 GMT", 412),
            ("Wed, 01 Jan 2200 00:00:00 GMT", 200),
        ] {
            let request = client.request("GET", path);
            let request = request.header("if-unmodified-since", since);
            let answer = client.raw(request.body("".into()).unwrap()).await;
            assert_eq!(answer.status, status, "{path} {since}");
        }
    }
}

#[tokio::test]
async fn objects_of_a_schema_file_live_like_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let schema = folder.path().join("schema.toml");
    std::fs::write(
        &schema,
        r#"
        [Invoice__c]
        name = { auto_number = "INV-{0000}" }

        [Invoice__c.fields]
        Account__c = { type = "reference", to = "Account", children = "Invoices" }
        Status__c = { type = "picklist", values = ["Draft", "Sent"], default = "Draft" }
        Number__c = { type = "string", length = 20, unique = true, external_id = true }
        "#,
    )
    .unwrap();
    let client = Client::with(Settings {
        schema_file: Some(schema),
        ..Settings::default()
    });
    let account = client
        .post("/sobjects/Account", &json!({"Name": "Acme"}))
        .await
        .id();
    let path = "/sobjects/Invoice__c/Number__c/7";
    let invoice = client
        .patch(path, &json!({"Account__c": account}))
        .await
        .id();
    assert!(invoice.starts_with("a00"), "{invoice}");
    let row = client.get(path).await.json();
    assert_eq!(row["Name"], "INV-0001");
    assert_eq!(row["Status__c"], "Draft");
    let up = client
        .get("/query?q=SELECT+Account__r.Name+FROM+Invoice__c")
        .await
        .json();
    assert_eq!(up["records"][0]["Account__r"]["Name"], "Acme");
    let down = client
        .get("/query?q=SELECT+(SELECT+Name+FROM+Invoices__r)+FROM+Account")
        .await
        .json();
    assert_eq!(
        down["records"][0]["Invoices__r"]["records"][0]["Name"],
        "INV-0001"
    );
    let describe: Value = client.get("/sobjects/Invoice__c/describe").await.json();
    assert_eq!(describe["custom"], true);
    assert_eq!(describe["keyPrefix"], "a00");
}

#[tokio::test]
async fn a_custom_record_that_nobody_names_is_called_by_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let schema = folder.path().join("schema.toml");
    std::fs::write(&schema, "[Invoice__c]\n").unwrap();
    let client = Client::with(Settings {
        schema_file: Some(schema),
        ..Settings::default()
    });
    let id = client.create("Invoice__c", &json!({})).await;
    let path = format!("/sobjects/Invoice__c/{id}");
    assert_eq!(client.get(&path).await.json()["Name"], id);
    client.patch(&path, &json!({"Name": "First"})).await;
    assert_eq!(client.get(&path).await.json()["Name"], "First");
    client.patch(&path, &json!({"Name": null})).await;
    assert_eq!(client.get(&path).await.json()["Name"], id);
}
