use http::StatusCode;
use serde_json::{Value, json};

use super::count;
use crate::rest::tests::Client;

fn record(object: &str, reference_id: &str, fields: &Value) -> Value {
    let mut record = json!({"attributes": {"type": object, "referenceId": reference_id}});
    for (name, value) in fields.as_object().unwrap() {
        record[name] = value.clone();
    }
    record
}

async fn plant(client: &Client, records: Value) -> crate::rest::tests::Answer {
    client
        .post("/composite/tree/Account/", &json!({"records": records}))
        .await
}

#[tokio::test]
async fn trees_are_created_level_by_level() {
    let client = Client::new();
    // In a text, which keeps the order of members.
    let contact = |id: &str| {
        format!(r#"{{"attributes":{{"type":"Contact","referenceId":"{id}"}},"lastname":"x"}}"#)
    };
    let account = |id: &str, below: &str| {
        format!(r#"{{"attributes":{{"type":"Account","referenceId":"{id}"}},"name":"x"{below}}}"#)
    };
    let children = |name: &str, records: &[String]| {
        format!(r#","{name}":{{"records":[{}]}}"#, records.join(","))
    };
    let contacts = |ids: &[&str]| {
        let records: Vec<String> = ids.iter().map(|id| contact(id)).collect();
        children("Contacts", &records)
    };
    let child = account("ref5", &contacts(&["ref7"]));
    let below = children("childAccounts", &[child]) + &contacts(&["ref6"]);
    let roots = [
        account("ref1", &contacts(&["ref2", "ref3"])),
        account("ref4", &below),
    ];
    let body = format!(r#"{{"records":[{}]}}"#, roots.join(","));
    let answer = client.send("POST", "/composite/tree/Account/", &body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    let json = answer.json();
    assert!(
        answer
            .text()
            .starts_with(r#"{"hasErrors":false,"results":[{"referenceId":"ref1","id":"001"#)
    );
    let results = json["results"].as_array().unwrap();
    let ids = results
        .iter()
        .map(|result| result["referenceId"].as_str().unwrap());
    assert_eq!(
        ids.collect::<Vec<_>>(),
        ["ref1", "ref4", "ref2", "ref3", "ref5", "ref6", "ref7"]
    );
    let found = client
        .query("SELECT Id, AccountId, Account.ParentId FROM Contact ORDER BY Id")
        .await
        .json();
    let parent = |at: usize| found["records"][at]["AccountId"].clone();
    assert_eq!(
        [parent(0), parent(1), parent(2)],
        [&results[0], &results[0], &results[1]].map(|r| r["id"].clone())
    );
    assert_eq!(found["records"][3]["Account"]["ParentId"], results[1]["id"]);
}

#[tokio::test]
async fn one_mistake_undoes_all_trees() {
    let client = Client::new();
    let contact =
        |id: &str, email: &str| record("Contact", id, &json!({"LastName": "x", "Email": email}));
    let records = json!([record(
        "Account",
        "a",
        &json!({"Name": "a", "Contacts": {"records": [contact("b", "123"), contact("c", "x@example.com")]}})
    ),]);
    let answer = plant(&client, records).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        answer.text(),
        r#"{"hasErrors":true,"results":[{"referenceId":"b","errors":[{"statusCode":"INVALID_EMAIL_ADDRESS","message":"Email: invalid email address: 123","fields":["Email"]}]}]}"#
    );
    assert_eq!(count(&client, "Account").await, 0);

    let twice = json!([
        record("Account", "a", &json!({"Name": "a"})),
        record("Account", "a", &json!({"Name": "b"}))
    ]);
    let answer = plant(&client, twice).await.json();
    assert_eq!(answer["results"].as_array().unwrap().len(), 2);
    assert_eq!(
        answer["results"][1],
        json!({"referenceId": "a", "errors": [{"statusCode": "INVALID_INPUT", "message": "Duplicate ReferenceId provided in the request.", "fields": []}]})
    );
    assert_eq!(count(&client, "Account").await, 0);
}

#[tokio::test]
async fn trees_have_limits_and_rules() {
    let client = Client::new();
    let many = |n: usize| -> Value {
        (0..n)
            .map(|at| record("Account", &format!("r{at}"), &json!({"Name": "x"})))
            .collect()
    };
    let deep = |levels: usize| -> Value {
        (0..levels).fold(json!([]), |below, level| {
            let children = json!({"Name": "x", "ChildAccounts": {"records": below}});
            json!([record("Account", &format!("r{level}"), &children)])
        })
    };
    let wide = |types: usize| -> Value {
        let children = [
            ("Contacts", "Contact", json!({"LastName": "x"})),
            ("Cases", "Case", json!({"Subject": "x"})),
            ("Tasks", "Task", json!({"Subject": "x"})),
            (
                "Opportunities",
                "Opportunity",
                json!({"Name": "x", "StageName": "Prospecting", "CloseDate": "2026-01-01"}),
            ),
            (
                "Attachments",
                "Attachment",
                json!({"Name": "x", "Body": "SGk="}),
            ),
        ];
        let mut root = record("Account", "root", &json!({"Name": "x"}));
        for (relationship, object, fields) in &children[..types - 1] {
            root[relationship] = json!({"records": [record(object, relationship, fields)]});
        }
        json!([root])
    };
    for (most, refused) in [
        (many(200), many(201)),
        (deep(5), deep(6)),
        (wide(5), wide(6)),
    ] {
        let answer = plant(&client, most).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
        assert_eq!(plant(&client, refused).await.error().1, "LIMIT_EXCEEDED");
    }
    for wrong in [
        json!([{"attributes": {"type": "Account"}, "Name": "x"}]),
        json!([{"attributes": {"referenceId": "a"}, "Name": "x"}]),
        json!([{"Name": "x"}]),
        json!([record("Contact", "a", &json!({"LastName": "x"}))]),
        json!([record(
            "Account",
            "a",
            &json!({"Name": "x", "Contacts": {"records": [record("Lead", "b", &json!({}))]}})
        )]),
        json!([record(
            "Account",
            "a",
            &json!({"Name": "x", "Contacts": []})
        )]),
        json!("x"),
    ] {
        let answer = plant(&client, wrong.clone()).await;
        assert_eq!(answer.error().0, 400, "{wrong}");
    }
    let nothing = client
        .post("/composite/tree/Nothing__c", &json!({"records": []}))
        .await;
    assert_eq!(nothing.error().0, 404);
}
