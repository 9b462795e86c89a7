use serde_json::json;

use super::Client;

#[tokio::test]
async fn code_is_stored_read_and_queried() {
    let client = Client::new();
    let class = json!({"Name": "Greeter", "Body": "public class Greeter {}"});
    let created = client.post("/tooling/sobjects/ApexClass", &class).await;
    let id = created.id();
    let path = format!("/services/data/v66.0/tooling/sobjects/ApexClass/{id}");
    assert_eq!(created.header("location"), path);
    let found = client
        .get("/tooling/query?q=SELECT+Name+FROM+ApexClass")
        .await;
    assert_eq!(
        found.text(),
        format!(
            concat!(
                r#"{{"size":1,"totalSize":1,"done":true,"queryLocator":null,"entityTypeName":"ApexClass","#,
                r#""records":[{{"attributes":{{"type":"ApexClass","url":"{}"}},"Name":"Greeter"}}]}}"#
            ),
            path
        )
    );
    // It is the same class by the other API.
    let read = client
        .get(&format!("/sobjects/ApexClass/{id}?fields=Status"))
        .await;
    assert_eq!(read.json()["Status"], "Active");
    let described = client.get("/tooling/sobjects/ApexClass/describe").await;
    assert_eq!(described.json()["name"], "ApexClass");
    let none = client
        .get("/tooling/query?q=SELECT+Id+FROM+ApexTrigger")
        .await;
    assert_eq!(
        none.text(),
        r#"{"size":0,"totalSize":0,"done":true,"queryLocator":null,"entityTypeName":null,"records":[]}"#
    );
    let groups = "/tooling/query?q=SELECT+Status,COUNT(Id)+FROM+ApexClass+GROUP+BY+Status";
    assert_eq!(
        client.get(groups).await.json()["entityTypeName"],
        "AggregateResult"
    );
}

#[tokio::test]
async fn each_api_has_its_own_objects() {
    let client = Client::new();
    let level = json!({"DeveloperName": "Fine", "MasterLabel": "Fine", "ApexCode": "FINE"});
    let level = client
        .post("/tooling/sobjects/DebugLevel", &level)
        .await
        .id();
    let user = client.query("SELECT Id FROM User LIMIT 1").await.json();
    let flag = json!({"TracedEntityId": user["records"][0]["Id"], "DebugLevelId": level,
                      "LogType": "USER_DEBUG"});
    let flag = client.post("/tooling/sobjects/TraceFlag", &flag).await.id();
    let found = "/tooling/query?q=SELECT+DebugLevel.ApexCode+FROM+TraceFlag";
    let found = client.get(found).await.json();
    assert_eq!(found["records"][0]["DebugLevel"]["ApexCode"], "FINE");
    let deleted = client
        .delete(&format!("/tooling/sobjects/TraceFlag/{flag}"))
        .await;
    assert_eq!(deleted.status, 204);

    let elsewhere = client.query("SELECT Id FROM TraceFlag").await;
    assert_eq!(elsewhere.error().1, "INVALID_TYPE");
    let elsewhere = client.get("/tooling/query?q=SELECT+Id+FROM+Account").await;
    assert_eq!(elsewhere.error().0, 501);
    assert_eq!(
        client
            .get("/tooling/sobjects/Account/describe")
            .await
            .status,
        501
    );
}

#[tokio::test]
async fn code_is_not_run() {
    let client = Client::new();
    for path in [
        "/executeAnonymous?anonymousBody=x",
        "/runTestsAsynchronous",
        "/completions?type=apex",
    ] {
        let answer = client.get(&format!("/tooling{path}")).await;
        assert_eq!(answer.error().0, 501, "{path}");
    }
    let listed = client.get("/tooling").await.json();
    assert_eq!(listed["query"], "/services/data/v66.0/tooling/query");
}
