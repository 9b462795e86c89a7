use std::io::Write;

use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};

use super::Client;
use super::client::Answer;
use crate::settings::Settings;

async fn apex(client: &Client, method: Method, path: &str, body: &str) -> Answer {
    let token = client.org.auth.access_token();
    let request = Request::builder()
        .method(method)
        .uri(format!("/services/apexrest{path}"))
        .header("host", "localhost")
        .header("authorization", format!("Bearer {}", token.expose()));
    client
        .raw(request.body(Body::from(body.to_owned())).unwrap())
        .await
}

#[tokio::test]
async fn apex_rest_has_one_class_which_answers_what_it_was_sent() {
    let client = Client::new();
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        let method: Method = method.parse().unwrap();
        let answer = apex(&client, method.clone(), "/echo/a%20b?x=1&y=2", "{\"n\": 1}").await;
        assert_eq!(
            answer.json(),
            json!({"method": method.as_str(), "path": "/echo/a%20b",
                   "parameters": {"x": "1", "y": "2"}, "body": "{\"n\": 1}"})
        );
        assert!(answer.header("sforce-limit-info").starts_with("api-usage="));
    }
    let other = apex(&client, Method::GET, "/orders/1", "").await;
    assert_eq!(
        other.error(),
        (
            404,
            "NOT_FOUND".to_owned(),
            "Could not find a match for URL".to_owned()
        )
    );
    let unsigned = Request::builder()
        .uri("/services/apexrest/echo")
        .header("host", "localhost");
    let unsigned = client.raw(unsigned.body(Body::empty()).unwrap()).await;
    assert_eq!(unsigned.error().1, "INVALID_SESSION_ID");
}

#[tokio::test]
async fn actions_are_listed_described_and_invoked() {
    let client = Client::new();
    let base = "/services/data/v66.0/actions";
    assert_eq!(
        client.get("/actions").await.text(),
        format!(r#"{{"standard":"{base}/standard","custom":"{base}/custom"}}"#)
    );
    let listed = client.get("/actions/custom/apex").await.json();
    assert_eq!(
        listed["actions"][0]["url"],
        format!("{base}/custom/apex/Echo")
    );
    let described = client.get("/actions/custom/apex/Echo").await.json();
    assert_eq!(described["inputs"][0]["name"], "message");

    let invoke = async |inputs: Value| {
        client
            .post("/actions/custom/apex/Echo", &json!({ "inputs": inputs }))
            .await
    };
    let done = invoke(json!([{"message": "a"}, {"message": "b"}])).await;
    assert_eq!(
        (done.status.as_u16(), done.text()),
        (
            200,
            concat!(
                r#"[{"actionName":"Echo","errors":null,"isSuccess":true,"outputValues":{"message":"a"}},"#,
                r#"{"actionName":"Echo","errors":null,"isSuccess":true,"outputValues":{"message":"b"}}]"#
            )
        )
    );
    let failed = invoke(json!([{"message": "a"}, {}])).await;
    assert_eq!(failed.status, 400);
    let results = failed.json();
    assert_eq!(
        (&results[0]["isSuccess"], &results[1]["isSuccess"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(
        results[1]["errors"][0]["statusCode"],
        "REQUIRED_FIELD_MISSING"
    );

    let none = client.get("/actions/custom/apex/Nothing").await;
    assert_eq!(none.error().0, 404);
    let standard = client
        .post("/actions/standard/emailSimple", &json!({}))
        .await;
    assert_eq!(standard.status, 501);
    let wrong = client.post("/actions", &json!({})).await;
    assert_eq!(wrong.status, 405);
}

#[tokio::test]
async fn tabs_are_of_objects() {
    let client = Client::new();
    let tabs = client.get("/tabs").await.json();
    let account = &tabs[0];
    assert_eq!(
        (&account["name"], &account["label"], &account["custom"]),
        (
            &json!("standard-Account"),
            &json!("Accounts"),
            &json!(false)
        )
    );
    assert_eq!(
        account["url"],
        "http://localhost/services/data/v66.0/sobjects/Account"
    );
}

async fn keyed(client: &Client, key: &str, body: &Value) -> Answer {
    let request = client
        .request("POST", "/ui-api/records")
        .header("content-type", "application/json")
        .header("idempotency-key", key);
    client
        .raw(request.body(Body::from(body.to_string())).unwrap())
        .await
}

#[tokio::test]
async fn records_of_the_user_interface_are_created_read_changed_and_deleted() {
    let client = Client::new();
    let acme = json!({"apiName": "Account", "fields": {"Name": "Acme", "Industry": "Energy"}});
    let created = client.post("/ui-api/records", &acme).await;
    assert_eq!(created.status, 201);
    let record = created.json();
    assert_eq!(record["apiName"], "Account");
    assert_eq!(
        record["fields"],
        json!({"Industry": {"displayValue": "Energy", "value": "Energy"},
               "Name": {"displayValue": null, "value": "Acme"}})
    );
    let path = format!("/ui-api/records/{}", created.id_of());
    let changed = client
        .patch(&path, &json!({"fields": {"Name": "New"}}))
        .await;
    assert_eq!(changed.json()["fields"]["Name"]["value"], "New");
    let read = client
        .get(&format!(
            "{path}?fields=Account.Name&optionalFields=Account.Nothing"
        ))
        .await;
    assert_eq!(
        read.json()["fields"],
        json!({"Name": {"displayValue": null, "value": "New"}})
    );
    for wrong in ["", "?fields=Account.Nothing", "?fields=Contact.Name"] {
        assert_eq!(client.get(&format!("{path}{wrong}")).await.status, 400);
    }
    assert_eq!(client.delete(&path).await.status, 204);
    assert_eq!(
        client
            .get(&format!("{path}?fields=Account.Name"))
            .await
            .status,
        404
    );
}

impl Answer {
    fn id_of(&self) -> String {
        self.json()["id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_create_with_an_idempotency_key_happens_once() {
    let client = Client::new();
    let key = "6f8a2c1e-7b0d-4f3a-9c55-0d3a2b1c4e5f";
    let body = json!({"apiName": "Account", "fields": {"Name": "Once"}});
    // What failed may be sent again with its key.
    let refused = keyed(&client, key, &json!({"apiName": "Account", "fields": {}})).await;
    assert_eq!(refused.error().1, "REQUIRED_FIELD_MISSING");
    let first = keyed(&client, key, &body).await;
    let second = keyed(&client, key, &body).await;
    assert_eq!((first.status, &first.body), (second.status, &second.body));
    let found = client
        .query("SELECT COUNT() FROM Account WHERE Name = 'Once'")
        .await;
    assert_eq!(found.json()["totalSize"], 1);
    let other = json!({"apiName": "Account", "fields": {"Name": "Other"}});
    assert_eq!(keyed(&client, key, &other).await.status, 422);
    for no_key in ["", "1", "6f8a2c1e-7b0d-1f3a-9c55-0d3a2b1c4e5f"] {
        assert_eq!(keyed(&client, no_key, &body).await.status, 400);
    }
}

#[tokio::test]
async fn named_queries_take_their_parameters_from_the_request() {
    let mut seed = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    seed.write_all(
        b"[[named_queries]]\nname = \"ByName\"\nsoql = \"SELECT Name FROM Account WHERE Name = :name\"\n",
    )
    .unwrap();
    let client = Client::with(Settings {
        seed_file: Some(seed.path().to_owned()),
        ..Settings::default()
    });
    client.create("Account", &json!({"Name": "O'Neil"})).await;
    client.create("Account", &json!({"Name": "Other"})).await;
    let found = client.get("/named/query/ByName?name=O%27Neil").await.json();
    assert_eq!(
        (&found["totalSize"], &found["records"][0]["Name"]),
        (&json!(1), &json!("O'Neil"))
    );
    assert_eq!(client.get("/named/query/ByName").await.status, 400);
    assert_eq!(client.get("/named/query/Other").await.status, 404);
}

#[tokio::test]
async fn events_are_published_and_not_read() {
    let mut schema = tempfile::NamedTempFile::new().unwrap();
    schema
        .write_all(b"[Order_Sent__e.fields]\nNumber__c = { type = \"string\", required = true }\n")
        .unwrap();
    let client = Client::with(Settings {
        schema_file: Some(schema.path().to_owned()),
        ..Settings::default()
    });
    let published = client
        .post("/sobjects/Order_Sent__e", &json!({"Number__c": "1"}))
        .await;
    assert_eq!(published.status, 201);
    let answer = published.json();
    assert!(answer["id"].as_str().unwrap().starts_with("e00"));
    assert_eq!(answer["errors"][0]["statusCode"], "OPERATION_ENQUEUED");
    let missing = client.post("/sobjects/Order_Sent__e", &json!({})).await;
    assert_eq!(missing.error().1, "REQUIRED_FIELD_MISSING");
    let unread = client.query("SELECT Number__c FROM Order_Sent__e").await;
    assert_eq!(unread.error().1, "INVALID_TYPE_FOR_OPERATION");
}
