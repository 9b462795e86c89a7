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
    assert_eq!(client.get("/recent").await.json(), items);
}

#[tokio::test]
async fn recently_used_records_of_all_objects_are_listed() {
    let client = Client::new();
    assert_eq!(client.get("/recent").await.json(), json!([]));
    let mut ids = Vec::new();
    for n in 0..210 {
        let (object, name) = if n % 2 == 0 {
            ("Account", "Name")
        } else {
            ("Contact", "LastName")
        };
        ids.push(client.create(object, &json!({name: n.to_string()})).await);
    }
    ids.reverse();
    let class = json!({"Name": "Greeter", "Body": "public class Greeter {}"});
    client.post("/tooling/sobjects/ApexClass", &class).await;
    for (path, expected) in [
        ("/recent", &ids[..200]),
        ("/recent?limit=3", &ids[..3]),
        ("/recent?limit=0", &[]),
        ("/recent?limit=1000", &ids[..200]),
    ] {
        let items = client.get(path).await.json();
        let listed: Vec<_> = items.as_array().unwrap().iter().collect();
        let listed: Vec<_> = listed
            .iter()
            .map(|item| item["Id"].as_str().unwrap())
            .collect();
        assert_eq!(listed, expected, "{path}");
    }
    assert_eq!(
        client.get("/recent?limit=1").await.text(),
        format!(
            r#"[{{"attributes":{{"type":"Contact","url":"/services/data/v66.0/sobjects/Contact/{0}"}},"Id":"{0}","Name":"209"}}]"#,
            ids[0]
        )
    );
    for refused in ["/recent?limit=x", "/recent?limit=-1"] {
        assert_eq!(client.get(refused).await.status, 400, "{refused}");
    }
    assert_eq!(client.get("/appMenu").await.status, 501);
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
