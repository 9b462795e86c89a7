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

#[tokio::test]
async fn many_operations_in_one_request() {
    let client = Client::new();
    let url = |path: &str| format!("/services/data/v66.0{path}");
    let body = json!({"allOrNone": true, "compositeRequest": [
        {"method": "POST", "url": url("/tooling/sobjects/DebugLevel"), "referenceId": "level",
         "body": {"DeveloperName": "Fine", "MasterLabel": "Fine", "ApexCode": "FINE"}},
        {"method": "GET", "url": url("/tooling/sobjects/DebugLevel/@{level.id}?fields=ApexCode"),
         "referenceId": "read"},
        {"method": "GET", "url": url("/tooling/query?q=SELECT+Id+FROM+DebugLevel"),
         "referenceId": "query"},
    ]});
    let answer = client.post("/tooling/composite", &body).await.json();
    let results = &answer["compositeResponse"];
    let location = results[0]["httpHeaders"]["Location"].as_str().unwrap();
    let id = results[0]["body"]["id"].as_str().unwrap();
    assert_eq!(location, url(&format!("/tooling/sobjects/DebugLevel/{id}")));
    assert_eq!(results[1]["body"]["ApexCode"], "FINE");
    assert_eq!(results[2]["body"]["entityTypeName"], "DebugLevel");

    let requests = [
        "/tooling/sobjects/DebugLevel/describe",
        "/tooling/executeAnonymous?anonymousBody=x",
        "/tooling/composite/sobjects/DebugLevel?ids=x&fields=Id",
        "/tooling/composite/batch",
        "/sobjects/Account/describe",
        "/query?q=SELECT+Id+FROM+Account",
    ];
    let statuses = async |path: &str, list: &str| {
        let requests = requests.iter().enumerate().map(|(at, path)| {
            let id = format!("r{at}");
            match list {
                "batchRequests" => json!({"method": "GET", "url": url(path)}),
                _ => json!({"method": "GET", "url": url(path), "referenceId": id}),
            }
        });
        let requests: Vec<_> = match list {
            "batchRequests" => requests.take(4).collect(),
            _ => requests.collect(),
        };
        let answer = client.post(path, &json!({list: requests})).await.json();
        let (results, status) = match list {
            "batchRequests" => (answer["results"].clone(), "statusCode"),
            _ => (answer["compositeResponse"].clone(), "httpStatusCode"),
        };
        let results = results.as_array().unwrap().iter();
        let statuses: Vec<_> = results
            .map(|result| result[status].as_u64().unwrap())
            .collect();
        statuses
    };
    let composite = statuses("/tooling/composite", "compositeRequest").await;
    assert_eq!(composite, [200, 501, 404, 404, 404, 404]);
    let batch = statuses("/tooling/composite/batch", "batchRequests").await;
    assert_eq!(batch, [200, 501, 404, 404]);
}

/// Salesforce documents collections of the Tooling API and does not have them.
#[tokio::test]
async fn there_are_no_collections() {
    let client = Client::new();
    let records = json!({"records": [{"attributes": {"type": "ApexClass"}, "Name": "A"}]});
    for (path, status) in [
        ("/tooling/composite/sobjects", 404),
        ("/tooling/composite/tree/ApexClass", 501),
        ("/tooling/composite/graph", 501),
    ] {
        assert_eq!(
            client.post(path, &records).await.error().0,
            status,
            "{path}"
        );
    }
    let listed = client.get("/tooling/composite").await.json();
    assert_eq!(
        listed,
        json!({"batch": "/services/data/v66.0/tooling/composite/batch"})
    );
    let served = async |version: &str| {
        let path = format!("/services/data/{version}/tooling/composite");
        let request = client.request("GET", "").uri(path);
        client.raw(request.body("".into()).unwrap()).await.status
    };
    assert_eq!(served("v39.0").await, 404);
    assert_eq!(served("v40.0").await, 200);
}
