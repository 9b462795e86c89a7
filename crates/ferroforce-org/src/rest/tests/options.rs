use serde_json::json;

use super::Client;

#[tokio::test]
async fn recently_used_records_are_listed() {
    let client = Client::new();
    let first = client.create("Account", &json!({"Name": "a"})).await;
    let second = client.create("Account", &json!({"Name": "b"})).await;
    let third = client.create("Account", &json!({"Name": "c"})).await;
    client.get(&format!("/sobjects/Account/{first}")).await;
    let request = client
        .request("GET", &format!("/sobjects/Account/{second}"))
        .header("sforce-mru", "updateMru=false");
    client.raw(request.body("".into()).unwrap()).await;
    client.delete(&format!("/sobjects/Account/{third}")).await;
    client.query("SELECT Id FROM Account").await;
    let items = client.get("/sobjects/Account").await.json()["recentItems"].clone();
    let item = |id: &str, name: &str| json!({"attributes": {"type": "Account", "url": format!("/services/data/v66.0/sobjects/Account/{id}")}, "Id": id, "Name": name});
    assert_eq!(items, json!([item(&first, "a"), item(&second, "b")]));
}

#[tokio::test]
async fn uses_of_long_ago_are_forgotten() {
    let client = Client::new();
    let old = client.create("Account", &json!({"Name": "old"})).await;
    let later = client.org.store.run(|db| {
        let later = "UPDATE \"_counter\" SET last = 5098 WHERE name = '_recent'";
        Ok(db.execute(later, [])?)
    });
    assert_eq!(later.await.unwrap(), 1);
    let names = async || {
        let answer = client.get("/sobjects/Account").await.json();
        let items = answer["recentItems"].as_array().unwrap().iter();
        let names: Vec<_> = items.map(|item| item["Name"].clone()).collect();
        names
    };
    client.create("Account", &json!({"Name": "a"})).await;
    assert_eq!(names().await, ["a", "old"]);
    client.create("Account", &json!({"Name": "b"})).await;
    assert_eq!(names().await, ["b", "a"]);
    client.get(&format!("/sobjects/Account/{old}")).await;
    assert_eq!(names().await, ["old", "b", "a"]);
}

#[tokio::test]
async fn assignment_rules_must_be_known() {
    let client = Client::new();
    for (value, expected) in [("FALSE", 201), ("01QLo0000000001AAA", 400), ("x", 400)] {
        let request = client
            .request("POST", "/sobjects/Case")
            .header("sforce-auto-assign", value)
            .header(
                "sforce-call-options",
                "client=test; defaultNamespace=playground",
            );
        let answer = client.raw(request.body("{}".into()).unwrap()).await;
        assert_eq!(answer.status.as_u16(), expected, "{value}");
    }
}
