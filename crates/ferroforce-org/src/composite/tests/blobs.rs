//! Files in requests of many parts.

use serde_json::{Value, json};

use crate::rest::tests::{Answer, Client};

/// Sends JSON and two files.
async fn upload(client: &Client, path: &str, body: &Value) -> Answer {
    let file = |name: &str, content: &str| {
        format!(
            "--b\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"x\"\r\nContent-Type: text/plain\r\n\r\n{content}\r\n"
        )
    };
    let json = format!(
        "--b\r\nContent-Disposition: form-data; name=\"any\"\r\nContent-Type: application/json\r\n\r\n{body}\r\n"
    );
    let body = json + &file("one", "\u{e4}") + &file("two", "2") + "--b--\r\n";
    let request = client
        .request("POST", path)
        .header("content-type", "multipart/form-data; boundary=\"b\"");
    client.raw(request.body(body.into()).unwrap()).await
}

async fn body_of(client: &Client, id: &Value) -> String {
    let path = format!("/sobjects/Attachment/{}/Body", id.as_str().unwrap());
    client.get(&path).await.text().to_owned()
}

#[tokio::test]
async fn the_requests_of_a_batch_have_files() {
    let client = Client::new();
    let account = client.create("Account", &json!({"Name": "a"})).await;
    let part = |name: &str| {
        json!({
            "method": "POST", "url": "v66.0/sobjects/Attachment",
            "richInput": {"Name": name, "ParentId": account},
            "binaryPartName": name, "binaryPartNameAlias": "Body",
        })
    };
    let body = json!({"batchRequests": [part("two"), part("one")]});
    let answer = upload(&client, "/composite/batch", &body).await.json();
    for (at, content) in ["2", "\u{e4}"].into_iter().enumerate() {
        let id = &answer["results"][at]["result"]["id"];
        assert_eq!(body_of(&client, id).await, content);
    }
    let mut alone = part("one");
    alone.as_object_mut().unwrap().remove("binaryPartNameAlias");
    for wrong in [part("three"), alone] {
        let body = json!({"batchRequests": [part("one"), wrong]});
        let answer = upload(&client, "/composite/batch", &body).await;
        assert_eq!(answer.error().0, 400);
    }
}

#[tokio::test]
async fn the_records_of_a_collection_have_files() {
    let client = Client::new();
    let account = client.create("Account", &json!({"Name": "a"})).await;
    let record = |name: &str| {
        json!({
            "attributes": {"type": "Attachment", "binaryPartName": name, "binaryPartNameAlias": "Body"},
            "Name": name, "ParentId": account,
        })
    };
    let body = json!({"records": [record("one"), record("two")]});
    let answer = upload(&client, "/composite/sobjects", &body).await.json();
    for (at, content) in ["\u{e4}", "2"].into_iter().enumerate() {
        assert_eq!(body_of(&client, &answer[at]["id"]).await, content);
    }
    let mut other = record("one");
    other["attributes"]["binaryPartNameAlias"] = json!("Name");
    for wrong in [record("three"), other] {
        let body = json!({"records": [wrong]});
        let answer = upload(&client, "/composite/sobjects", &body).await;
        assert_eq!(answer.error().0, 400);
    }
    // No other request of the family takes files.
    let body = json!({"compositeRequest": []});
    assert_eq!(upload(&client, "/composite", &body).await.error().0, 415);
}
