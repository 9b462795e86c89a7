use serde_json::json;

use super::Client;

/// A contact of an account that has a parent.
async fn family(client: &Client) -> (String, String, String) {
    let above = client.create("Account", &json!({"Name": "Above"})).await;
    let account = json!({"Name": "Acme", "ParentId": above});
    let account = client.create("Account", &account).await;
    let contact = json!({"LastName": "Doe", "AccountId": account});
    let contact = client.create("Contact", &contact).await;
    (above, account, contact)
}

#[tokio::test]
async fn relationships_lead_to_parents() {
    let client = Client::new();
    let (above, account, contact) = family(&client).await;
    let path = format!("/sobjects/Contact/{contact}");
    let parent = client.get(&format!("{path}/account?fields=Name")).await;
    assert_eq!(
        parent.text(),
        format!(
            r#"{{"attributes":{{"type":"Account","url":"/services/data/v66.0/sobjects/Account/{account}"}},"Name":"Acme","Id":"{account}"}}"#
        )
    );
    let higher = client.get(&format!("{path}/Account/Parent")).await;
    assert_eq!(higher.json()["Id"], above);
    let owner = client.get(&format!("{path}/Owner")).await.json();
    assert_eq!(owner["attributes"]["type"], "User");

    let not_found =
        r#"[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]"#;
    for nothing in ["ReportsTo", "Account/Parent/Parent", "Nothing", "LastName"] {
        let answer = client.get(&format!("{path}/{nothing}")).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (404, not_found));
    }
}

#[tokio::test]
async fn parents_are_changed_and_deleted_through_relationships() {
    let client = Client::new();
    let (above, account, contact) = family(&client).await;
    let path = format!("/sobjects/Contact/{contact}/Account");
    let changed = client.patch(&path, &json!({"Name": "New"})).await;
    assert_eq!((changed.status.as_u16(), changed.text()), (204, ""));
    let record = client.get(&format!("/sobjects/Account/{account}")).await;
    assert_eq!(record.json()["Name"], "New");
    let deleted = client.delete(&format!("{path}/Parent")).await;
    assert_eq!(deleted.status, 204);
    let gone = client.get(&format!("/sobjects/Account/{above}")).await;
    assert_eq!(gone.error().1, "NOT_FOUND");
}

#[tokio::test]
async fn relationships_lead_to_children_in_the_shape_of_a_query() {
    let client = Client::new();
    let (_, account, contact) = family(&client).await;
    let path = format!("/sobjects/Account/{account}");
    let found = client
        .get(&format!("{path}/Contacts?fields=LastName,Id"))
        .await;
    assert_eq!(
        found.text(),
        format!(
            r#"{{"totalSize":1,"done":true,"records":[{{"attributes":{{"type":"Contact","url":"/services/data/v66.0/sobjects/Contact/{contact}"}},"LastName":"Doe","Id":"{contact}"}}]}}"#
        )
    );
    let whole = client.get(&format!("{path}/Contacts")).await.json();
    assert_eq!(whole["records"][0]["AccountId"], account);
    let none = client.get(&format!("{path}/Cases?fields=Id")).await;
    assert_eq!(none.text(), r#"{"totalSize":0,"done":true,"records":[]}"#);
    let refused = client.patch(&format!("{path}/Contacts"), &json!({})).await;
    assert_eq!(refused.error().0, 405);
    let unknown = client.get(&format!("{path}/Contacts?fields=Nome")).await;
    assert_eq!(
        unknown.error().2,
        "No such column 'Nome' on sobject of type Contact"
    );
}

#[tokio::test]
async fn an_account_is_known_by_its_etag() {
    let client = Client::new();
    client
        .org
        .clock
        .stop_at("2026-03-01T12:00:00Z".parse().unwrap());
    let body = json!({"Name": "Acme", "External_Id__c": "k"});
    let id = client.create("Account", &body).await;
    let path = format!("/sobjects/Account/{id}");
    let tag = client.get(&path).await.header("etag").to_owned();
    assert_eq!(tag.len(), 30, "{tag}");
    let send = async |method: &str, path: &str, header: &str, value: &str, body: &'static str| {
        let request = client.request(method, path).header(header, value);
        client.raw(request.body(body.into()).unwrap()).await
    };
    let zipped = format!("{}-gzip\"", tag.trim_end_matches('"'));
    let key = "/sobjects/Account/External_Id__c/k";
    let none = "/sobjects/Account/External_Id__c/none";
    for (method, path, header, value, expected) in [
        ("GET", path.as_str(), "if-none-match", tag.as_str(), 304),
        ("HEAD", &path, "if-none-match", &zipped, 304),
        ("GET", key, "if-none-match", "\"x\", *", 304),
        ("GET", &path, "if-none-match", "\"x\"", 200),
        ("GET", &path, "if-match", "\"x\"", 412),
        ("GET", &path, "if-match", &tag, 200),
        ("PATCH", &path, "if-none-match", &tag, 412),
        ("PATCH", &path, "if-match", "\"x\"", 412),
        ("PATCH", &path, "if-match", "no tag", 400),
        ("PATCH", none, "if-match", "*", 412),
        ("DELETE", &path, "if-match", &tag, 501),
    ] {
        let answer = send(method, path, header, value, "{}").await;
        assert_eq!(answer.status.as_u16(), expected, "{method} {header}");
    }
    // The tag changes within a second too.
    let changed = send("PATCH", &path, "if-match", &tag, r#"{"Name":"New"}"#).await;
    assert_eq!(changed.status, 204);
    let late = send("PATCH", &path, "if-match", &tag, r#"{"Name":"x"}"#).await;
    assert_eq!(late.error().1, "PRECONDITION_FAILED");
    assert_eq!(client.get(&path).await.json()["Name"], "New");
}
