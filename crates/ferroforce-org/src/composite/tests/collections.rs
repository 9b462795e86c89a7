use std::io::Write;

use http::StatusCode;
use serde_json::{Value, json};

use super::count;
use crate::rest::tests::{Answer, Client};
use crate::settings::Settings;

const ROLLED_BACK: &str = r#"{"success":false,"errors":[{"statusCode":"ALL_OR_NONE_OPERATION_ROLLED_BACK","message":"Record rolled back because not all records were valid and the request was using AllOrNone header","fields":[]}]}"#;

fn account(fields: Value) -> Value {
    of("Account", fields)
}

fn of(object: &str, mut fields: Value) -> Value {
    fields["attributes"] = json!({"type": object});
    fields
}

async fn send(client: &Client, method: &str, path: &str, records: &[Value], all: bool) -> Answer {
    let body = json!({"allOrNone": all, "records": records});
    client.send(method, path, &body.to_string()).await
}

async fn post(client: &Client, records: &[Value], all_or_none: bool) -> Answer {
    send(client, "POST", "/composite/sobjects", records, all_or_none).await
}

/// The first error of each result; nothing for those without.
fn codes(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let json = answer.json();
    let code = |result: &Value| match result["success"].as_bool().unwrap() {
        true => String::new(),
        false => result["errors"][0]["statusCode"]
            .as_str()
            .unwrap()
            .to_owned(),
    };
    json.as_array().unwrap().iter().map(code).collect()
}

fn ids(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let id = |result: &Value| result["id"].as_str().unwrap_or_default().to_owned();
    json.as_array().unwrap().iter().map(id).collect()
}

#[tokio::test]
async fn records_are_created_each_with_its_result() {
    let client = Client::new();
    let records = [
        account(json!({"Name": "a"})),
        of("contact", json!({"LastName": "x", "Email": "nobody"})),
        account(json!({})),
        of(
            "Contact",
            json!({"LastName": "x", "Account": {"External_Id__c": "?"}}),
        ),
        account(json!({"Name": "b", "Id": "001"})),
    ];
    let answer = post(&client, &records, false).await;
    let id = &ids(&answer)[0];
    assert_eq!(
        answer.text(),
        format!(
            r#"[{{"id":"{id}","success":true,"errors":[]}},{{"success":false,"errors":[{{"statusCode":"INVALID_EMAIL_ADDRESS","message":"Email: invalid email address: nobody","fields":["Email"]}}]}},{{"success":false,"errors":[{{"statusCode":"REQUIRED_FIELD_MISSING","message":"Required fields are missing: [Name]","fields":["Name"]}}]}},{{"success":false,"errors":[{{"statusCode":"INVALID_FIELD","message":"Foreign key external ID: ? not found for field External_Id__c in entity Account","fields":[]}}]}},{{"success":false,"errors":[{{"statusCode":"INVALID_FIELD_FOR_INSERT_UPDATE","message":"cannot specify Id in an insert call","fields":["Id"]}}]}}]"#
        )
    );
    assert_eq!(answer.header("sforce-limit-info"), "api-usage=1/5000000");

    let answer = post(&client, &records[..2], true).await;
    assert!(answer.text().starts_with(&format!("[{ROLLED_BACK},")));
    assert_eq!(codes(&answer)[1], "INVALID_EMAIL_ADDRESS");
    assert_eq!(count(&client, "Account").await, 1);
}

#[tokio::test]
async fn the_printed_form_is_the_recorded_one() {
    let client = Client::new();
    let request = client
        .request("POST", "/composite/sobjects")
        .header("content-type", "application/json")
        .header("x-prettyprint", "1");
    let body = json!({"records": [account(json!({"Name": "a"}))]}).to_string();
    let answer = client.raw(request.body(body.into()).unwrap()).await;
    let id = &ids(&answer)[0];
    assert_eq!(
        answer.text(),
        format!("[ {{\n  \"id\" : \"{id}\",\n  \"success\" : true,\n  \"errors\" : [ ]\n}} ]")
    );
}

#[tokio::test]
async fn a_mistake_of_the_request_is_nobodys_record() {
    let client = Client::new();
    let fine = account(json!({"Name": "a"}));
    for wrong in [
        json!({"Name": "b"}),
        json!({"attributes": {}, "Name": "b"}),
        of("Nothing__c", json!({"Name": "b"})),
        account(json!({"Nome": "b"})),
        account(json!({"Name": ["b"]})),
        account(json!({"Name": "b", "name": "c"})),
        json!("b"),
    ] {
        let answer = post(&client, &[fine.clone(), wrong.clone()], false).await;
        assert_eq!(answer.error().0, 400, "{wrong}");
    }
    for body in [
        r#"{"allOrNone":false}"#,
        "[]",
        r#"{"records":[],"x":1}"#,
        r#"{"records":{}}"#,
    ] {
        let answer = client.send("POST", "/composite/sobjects", body).await;
        assert_eq!(answer.error().0, 400, "{body}");
    }
    assert_eq!(count(&client, "Account").await, 0);
}

#[tokio::test]
async fn a_request_has_200_records_in_10_chunks() {
    let client = Client::new();
    let records = vec![account(json!({"Name": "a"})); 201];
    assert_eq!(
        codes(&post(&client, &records[..200], true).await),
        [""; 200]
    );
    assert_eq!(
        post(&client, &records, false).await.error(),
        (
            400,
            "EXCEEDED_ID_LIMIT".to_owned(),
            "record limit reached. cannot submit more than 200 records into this call".to_owned()
        )
    );
    let mixed = |n: usize| -> Vec<Value> {
        let record = |at: usize| match at / 2 % 2 {
            0 => account(json!({"Name": "a"})),
            _ => of("Contact", json!({"LastName": "x"})),
        };
        (0..n).map(record).collect()
    };
    assert_eq!(codes(&post(&client, &mixed(20), true).await), [""; 20]);
    let answer = post(&client, &mixed(21), false).await;
    assert_eq!(answer.error().1, "LIMIT_EXCEEDED");
    let ids = vec!["001"; 201].join(",");
    let answer = client
        .delete(&format!("/composite/sobjects?ids={ids}"))
        .await;
    assert_eq!(answer.error().1, "EXCEEDED_ID_LIMIT");
}

#[tokio::test]
async fn later_chunks_see_what_earlier_ones_wrote() {
    let client = Client::new();
    let key = json!({"External_Id__c": "k"});
    let records = [
        account(json!({"Name": "a", "External_Id__c": "k"})),
        of("Contact", json!({"LastName": "x", "Account": key})),
        account(json!({})),
        of("Contact", json!({"LastName": "y"})),
    ];
    let answer = post(&client, &records, false).await;
    assert_eq!(codes(&answer), ["", "", "REQUIRED_FIELD_MISSING", ""]);
    // Within a chunk nobody does.
    let records = [
        account(json!({"Name": "b", "External_Id__c": "l"})),
        account(json!({"Name": "c", "Parent": {"External_Id__c": "l"}})),
    ];
    let answer = post(&client, &records, false).await;
    assert_eq!(codes(&answer), ["", "INVALID_FIELD"]);
}

#[tokio::test]
async fn records_are_updated() {
    let client = Client::new();
    let a = client.create("Account", &json!({"Name": "a"})).await;
    let c = client.create("Contact", &json!({"LastName": "x"})).await;
    let gone = client.create("Account", &json!({"Name": "gone"})).await;
    client.delete(&format!("/sobjects/Account/{gone}")).await;
    let path = "/composite/sobjects";
    let records = [
        account(json!({"id": a, "Name": "new"})),
        of("Contact", json!({"Id": a, "LastName": "y"})),
        of("Contact", json!({"Id": &c[..15], "LastName": "y"})),
        account(json!({"Name": "z"})),
        account(json!({"Id": gone, "Name": "z"})),
        account(json!({"Id": "001Lo000000zzzz", "Name": "z"})),
        account(json!({"Id": a, "Name": null})),
    ];
    let answer = send(&client, "PATCH", path, &records, false).await;
    assert_eq!(
        codes(&answer),
        [
            "",
            "MALFORMED_ID",
            "",
            "MISSING_ARGUMENT",
            "ENTITY_IS_DELETED",
            "INVALID_CROSS_REFERENCE_KEY",
            "REQUIRED_FIELD_MISSING"
        ]
    );
    let error = &answer.json()[1]["errors"][0];
    assert_eq!(
        error["message"],
        format!("Contact ID: id value of incorrect type: {a}")
    );
    assert_eq!(error["fields"], json!(["Id"]));
    let name = client
        .get(&format!("/sobjects/Account/{a}?fields=Name"))
        .await;
    assert_eq!(name.json()["Name"], "new");

    let records = [
        account(json!({"Id": a, "Name": "newer"})),
        account(json!({"Id": "x"})),
    ];
    let answer = send(&client, "PATCH", path, &records, true).await;
    let rolled_back = ROLLED_BACK.replace("{\"success", &format!("{{\"id\":\"{a}\",\"success"));
    assert!(
        answer.text().starts_with(&format!("[{rolled_back},")),
        "{}",
        answer.text()
    );
    let name = client
        .get(&format!("/sobjects/Account/{a}?fields=Name"))
        .await;
    assert_eq!(name.json()["Name"], "new");
}

#[tokio::test]
async fn records_are_upserted_by_a_key() {
    let client = Client::new();
    let path = "/composite/sobjects/Account/External_Id__c";
    let known = client
        .create("Account", &json!({"Name": "a", "External_Id__c": "A"}))
        .await;
    let records = [
        account(json!({"Name": "b", "external_id__c": "a"})),
        account(json!({"Name": "c", "External_Id__c": "c"})),
        account(json!({"Name": "d"})),
        account(json!({"External_Id__c": "e"})),
        account(json!({"Name": "f", "External_Id__c": "F"})),
        account(json!({"Name": "f", "External_Id__c": "f"})),
    ];
    let answer = send(&client, "PATCH", path, &records, false).await;
    assert_eq!(
        codes(&answer),
        [
            "",
            "",
            "MISSING_ARGUMENT",
            "REQUIRED_FIELD_MISSING",
            "DUPLICATE_VALUE",
            "DUPLICATE_VALUE"
        ]
    );
    let id = &ids(&answer)[1];
    assert!(answer.text().starts_with(&format!(
        r#"[{{"id":"{known}","success":true,"errors":[],"created":false}},{{"id":"{id}","success":true,"errors":[],"created":true}},"#
    )));
    let answer = send(&client, "PATCH", path, &records[..3], true).await;
    let json = answer.json();
    assert_eq!(
        (&json[0]["id"], &json[0]["created"]),
        (&json!(known), &json!(false))
    );
    // As jsforce's tests on real orgs have it.
    let told = |answer: &Value| -> Vec<Value> {
        let results = answer.as_array().unwrap();
        results
            .iter()
            .map(|result| result["created"].clone())
            .collect()
    };
    assert_eq!(told(&json), [json!(false), json!(false), json!(null)]);
    let records = [
        account(json!({"Name": "g", "External_Id__c": "g"})),
        account(json!({"External_Id__c": "h"})),
    ];
    for all_or_none in [true, false] {
        let answer = send(&client, "PATCH", path, &records, all_or_none).await;
        assert_eq!(told(&answer.json()), [true, true]);
    }
    let key = client
        .get("/sobjects/Account/External_Id__c/c")
        .await
        .json();
    assert_eq!((&key["Name"], &key["Id"]), (&json!("c"), &json!(id)));

    // By a lookup that is no external id, and by the id.
    let email = of(
        "Contact",
        json!({"LastName": "x", "Email": "A@example.com"}),
    );
    let path = "/composite/sobjects/Contact/Email";
    for created in [true, false] {
        let answer = send(&client, "PATCH", path, std::slice::from_ref(&email), false).await;
        assert_eq!(answer.json()[0]["created"], created);
    }
    client
        .create(
            "Contact",
            &json!({"LastName": "x", "Email": "a@example.com"}),
        )
        .await;
    let answer = send(&client, "PATCH", path, &[email], false).await;
    assert_eq!(codes(&answer), ["DUPLICATE_EXTERNAL_ID"]);
    let records = [
        account(json!({"Name": "new", "Id": null})),
        account(json!({"Name": "again", "Id": known})),
        account(json!({"Name": "none", "Id": "001Lo000000zzzz"})),
    ];
    let answer = send(
        &client,
        "PATCH",
        "/composite/sobjects/Account/Id",
        &records,
        false,
    )
    .await;
    assert_eq!(codes(&answer), ["", "", "INVALID_CROSS_REFERENCE_KEY"]);
    assert_eq!(answer.json()[0]["created"], true);
    assert_eq!(answer.json()[1]["created"], false);

    for (path, status) in [
        ("Account/Name", 404),
        ("Account/Nome__c", 404),
        ("Nothing__c/Id", 404),
        ("Contact/Id", 400),
    ] {
        let path = format!("/composite/sobjects/{path}");
        let answer = send(
            &client,
            "PATCH",
            &path,
            &[account(json!({"Name": "x"}))],
            false,
        )
        .await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
    }
}

#[tokio::test]
async fn records_are_deleted() {
    let client = Client::new();
    let a = client.create("Account", &json!({"Name": "a"})).await;
    let c = client.create("Contact", &json!({"LastName": "x"})).await;
    let path = |all: bool| {
        format!("/composite/sobjects?ids={a},001RM000003oLrB000,%20{c}&allOrNone={all}")
    };
    let answer = client.delete(&path(true)).await;
    let rolled_back =
        |id: &str| ROLLED_BACK.replace("{\"success", &format!("{{\"id\":\"{id}\",\"success"));
    let malformed = r#"{"success":false,"errors":[{"statusCode":"MALFORMED_ID","message":"malformed id 001RM000003oLrB000","fields":[]}]}"#;
    assert_eq!(
        answer.text(),
        format!("[{},{malformed},{}]", rolled_back(&a), rolled_back(&c))
    );
    assert_eq!(count(&client, "Account").await, 1);
    assert_eq!(
        codes(&client.delete(&path(false)).await),
        ["", "MALFORMED_ID", ""]
    );
    assert_eq!(count(&client, "Contact").await, 0);
    let answer = client.delete(&path(false)).await;
    assert_eq!(codes(&answer)[0], "ENTITY_IS_DELETED");
    assert_eq!(client.delete("/composite/sobjects").await.error().0, 400);
}

#[tokio::test]
async fn records_are_read_by_their_ids() {
    let client = Client::new();
    let a = client.create("Account", &json!({"Name": "a"})).await;
    let b = client.create("Account", &json!({"Name": "b"})).await;
    let gone = client.create("Account", &json!({"Name": "c"})).await;
    client.delete(&format!("/sobjects/Account/{gone}")).await;
    let contact = client.create("Contact", &json!({"LastName": "x"})).await;
    let ids = [&b, "001", &gone, &contact, "", &a[..15]];
    let record = |id: &str, name: &str| {
        format!(
            r#"{{"attributes":{{"type":"Account","url":"/services/data/v66.0/sobjects/Account/{id}"}},"Id":"{id}","Name":"{name}"}}"#
        )
    };
    let body = json!({"ids": ids, "fields": ["id", "name"]});
    let answer = client.post("/composite/sobjects/account", &body).await;
    let expected = format!(
        "[{},null,null,null,null,{}]",
        record(&b, "b"),
        record(&a, "a")
    );
    assert_eq!(answer.text(), expected);
    let url = format!("/composite/sobjects/Account?ids={b},001,{a}&fields=id,name");
    assert_eq!(
        client.get(&url).await.text(),
        format!("[{},null,{}]", record(&b, "b"), record(&a, "a"))
    );

    let many = |n: usize| json!({"ids": vec![&a; n], "fields": ["Name"]});
    let answer = client
        .post("/composite/sobjects/Account", &many(2_000))
        .await;
    assert_eq!(answer.json().as_array().unwrap().len(), 2_000);
    let answer = client
        .post("/composite/sobjects/Account", &many(2_001))
        .await;
    assert_eq!(answer.error().1, "EXCEEDED_ID_LIMIT");
    for (path, status) in [
        ("Account?ids=x&fields=Nome", 400),
        ("Account?ids=x", 400),
        ("Account?fields=Id", 400),
        ("Nothing__c?ids=x&fields=Id", 404),
    ] {
        let answer = client.get(&format!("/composite/sobjects/{path}")).await;
        assert_eq!(answer.error().0, status, "{path}");
    }
}

#[tokio::test]
async fn events_are_published_with_a_notice_each() {
    let mut file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    file.write_all(b"[Order_Sent__e.fields]\nNumber__c = { type = \"string\", required = true }\n")
        .unwrap();
    let client = Client::with(Settings {
        schema_file: Some(file.path().to_owned()),
        ..Settings::default()
    });
    let event = |fields: Value| of("Order_Sent__e", fields);
    let records = [event(json!({"Number__c": "1"})), event(json!({}))];
    let answer = post(&client, &records, false).await;
    assert_eq!(codes(&answer), ["", "REQUIRED_FIELD_MISSING"]);
    let notice = &answer.json()[0]["errors"][0];
    assert_eq!(notice["statusCode"], "OPERATION_ENQUEUED");
}
