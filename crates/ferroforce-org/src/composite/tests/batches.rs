use http::StatusCode;
use serde_json::{Value, json};

use super::{count, url};
use crate::rest::tests::Client;
use crate::settings::Settings;

fn get(url: &str) -> Value {
    json!({"method": "GET", "url": url})
}

fn create(name: &str) -> Value {
    json!({"method": "POST", "url": "v66.0/sobjects/Account", "richInput": {"Name": name}})
}

#[tokio::test]
async fn requests_are_done_one_by_one_and_each_is_a_call() {
    let client = Client::new();
    let id = client.create("Account", &json!({"Name": "Acme"})).await;
    let body = json!({"batchRequests": [
        {"method": "PATCH", "url": format!("v66.0/sobjects/account/{id}"), "richInput": {"Name": "New \"&\" <Name>"}},
        get(&format!("v34.0/sobjects/account/{id}?fields=Name")),
        get(&url("/limits/recordCount?sObjects=Account")),
        get("v66.0/sobjects/Nothing"),
        create("@{x.id}"),
    ]});
    let answer = client.post("/composite/batch", &body).await;
    assert_eq!(answer.status, StatusCode::OK);
    let created = answer.json()["results"][4]["result"]["id"].clone();
    let created = created.as_str().unwrap();
    assert_eq!(
        answer.text(),
        format!(
            r#"{{"hasErrors":true,"results":[{{"statusCode":204,"result":null}},{{"statusCode":200,"result":{{"attributes":{{"type":"Account","url":"/services/data/v34.0/sobjects/Account/{id}"}},"Name":"New \"&\" <Name>","Id":"{id}"}}}},{{"statusCode":200,"result":{{"sObjects":[{{"count":1,"name":"Account"}}]}}}},{{"statusCode":404,"result":[{{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}}]}},{{"statusCode":201,"result":{{"id":"{created}","success":true,"errors":[]}}}}]}}"#
        )
    );
    assert_eq!(answer.header("sforce-limit-info"), "api-usage=6/5000000");
    assert_eq!(client.org.usage.calls(), 6);
    // Here nothing refers to anything.
    let record = client.get(&format!("/sobjects/Account/{created}")).await;
    assert_eq!(record.json()["Name"], "@{x.id}");
}

#[tokio::test]
async fn an_error_halts_the_rest_if_it_should() {
    let client = Client::new();
    let requests = json!([create("a"), {"method": "POST", "url": "v66.0/sobjects/Account", "richInput": {}}, create("b")]);
    for (halt, statuses, accounts) in [(true, [201, 400, 412], 1), (false, [201, 400, 201], 3)] {
        let body = json!({"haltOnError": halt, "batchRequests": requests});
        let answer = client.post("/composite/batch", &body).await.json();
        assert_eq!(answer["hasErrors"], true);
        for (at, status) in statuses.into_iter().enumerate() {
            assert_eq!(answer["results"][at]["statusCode"], status);
        }
        if halt {
            let error = &answer["results"][2]["result"][0];
            assert_eq!(error["errorCode"], "BATCH_PROCESSING_HALTED");
        }
        assert_eq!(count(&client, "Account").await, accounts);
    }
}

#[tokio::test]
async fn what_a_batch_cannot_hold() {
    let client = Client::new();
    let twenty_six: Value = (0..26).map(|_| get("v66.0/limits")).collect();
    let refused = [
        twenty_six,
        json!([get("v67.0/limits")]),
        json!([get("v33.0/limits")]),
        json!([get("limits")]),
        json!([get("v99.0/limits")]),
        json!([{"url": "v66.0/limits"}]),
        json!([{"method": "GET"}]),
        json!([{"method": "get", "url": "v66.0/limits"}]),
        json!([{"method": "GET", "url": "v66.0/limits", "body": {}}]),
        json!([{"method": "GET", "url": "v66.0/limits", "httpHeaders": {}}]),
        json!(null),
    ];
    for requests in refused {
        let requests = json!([create("a")])
            .as_array()
            .unwrap()
            .iter()
            .chain(requests.as_array().into_iter().flatten())
            .cloned()
            .collect::<Value>();
        if requests.as_array().unwrap().len() == 1 {
            continue;
        }
        let body = json!({"batchRequests": requests});
        let answer = client.post("/composite/batch", &body).await;
        assert_eq!(answer.error().0, 400, "{body}");
    }
    assert_eq!(count(&client, "Account").await, 0);
    let body = json!({"batchRequests": [get("v66.0/composite/sobjects/Account?ids=x&fields=Id"), get("v66.0/search?q=FIND {x}")]});
    let answer = client.post("/composite/batch", &body).await.json();
    assert_eq!(answer["results"][0]["statusCode"], 404);
}

#[tokio::test]
async fn a_query_too_long_for_a_url_is_not_too_long_for_a_batch() {
    let client = Client::new();
    let id = client.create("Account", &json!({"Name": "Acme"})).await;
    let mut ids = vec![format!("'{id}'"); 4_700];
    ids.truncate((100_000 - 100) / (ids[0].len() + 1));
    let soql = format!("SELECT Id FROM Account WHERE Id IN ({})", ids.join(","));
    assert!(soql.len() > 95_000 && soql.len() <= 100_000);
    let q: String = form_urlencoded::byte_serialize(soql.as_bytes()).collect();
    let body = json!({"batchRequests": [get(&format!("v66.0/query?q={q}")), get(&format!("v66.0/query/?q={soql}"))]});
    let answer = client.post("/composite/batch", &body).await.json();
    for result in answer["results"].as_array().unwrap() {
        assert_eq!(result["result"]["totalSize"], 1, "{result}");
    }
}

#[tokio::test]
async fn the_quota_can_end_within_a_batch() {
    let client = Client::with(Settings {
        daily_api_requests: 2,
        ..Settings::default()
    });
    let body = json!({"batchRequests": [create("a"), create("b"), create("c")]});
    let answer = client.post("/composite/batch", &body).await.json();
    let statuses = [0, 1, 2].map(|at| answer["results"][at]["statusCode"].clone());
    assert_eq!(statuses, [201, 201, 403]);
    let error = &answer["results"][2]["result"][0];
    assert_eq!(error["errorCode"], "REQUEST_LIMIT_EXCEEDED");
}
