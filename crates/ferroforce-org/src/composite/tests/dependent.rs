use http::StatusCode;
use serde_json::{Value, json};

use super::{count, create, get, url};
use crate::admin::Policies;
use crate::rest::tests::Client;
use crate::settings::Settings;

async fn composite(client: &Client, requests: Value, all_or_none: bool) -> Value {
    let body = json!({"allOrNone": all_or_none, "compositeRequest": requests});
    let answer = client.post("/composite", &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.json()["compositeResponse"].clone()
}

/// The statuses of the results.
fn statuses(results: &Value) -> Vec<u64> {
    let results = results.as_array().unwrap().iter();
    results
        .map(|result| result["httpStatusCode"].as_u64().unwrap())
        .collect()
}

/// The code of a result's first error.
fn code(result: &Value) -> &str {
    result["body"][0]["errorCode"].as_str().unwrap()
}

#[tokio::test]
async fn the_index_lists_the_others() {
    let client = Client::new();
    let index = client.get("").await.json();
    assert_eq!(index["composite"], "/services/data/v66.0/composite");
    assert_eq!(
        client.get("/composite").await.text(),
        r#"{"tree":"/services/data/v66.0/composite/tree","batch":"/services/data/v66.0/composite/batch","sobjects":"/services/data/v66.0/composite/sobjects","graph":"/services/data/v66.0/composite/graph"}"#
    );
    assert_eq!(client.get("/composite/nothing").await.error().0, 404);
    assert_eq!(
        client.get("/composite/batch").await.error().2,
        "HTTP Method 'GET' not allowed. Allowed are POST"
    );
}

#[tokio::test]
async fn a_request_refers_to_the_answers_of_others() {
    let client = Client::new();
    let requests = json!([
        create("acc", "Account", &json!({"Name": "Acme & \"Co\"", "External_Id__c": "a/b"})),
        get("info", "/sobjects/Account/@{acc.id}?fields=Name,Phone"),
        create("con", "Contact", &json!({
            "LastName": "Doe", "AccountId": "@{acc.id}", "Title": "CTO of @{info.Name}",
            "Phone": "@{info.Phone}",
        })),
        get("found", "/query?q=SELECT Id, Title FROM Contact WHERE AccountId = '@%7Bacc.id%7D'"),
        {"method": "PATCH", "url": url("/sobjects/Contact/@{found.records[0].Id}"),
         "referenceId": "upd", "body": {"Department": "@{found.records[0].Title}"}},
        get("user", "/sobjects/User/@{info.Id}"),
        get("read", "/sobjects/Contact/@{con.id}?fields=Department"),
    ]);
    let answer = client
        .post("/composite", &json!({"compositeRequest": requests}))
        .await;
    let results = &answer.json()["compositeResponse"];
    assert_eq!(statuses(results), [201, 200, 201, 200, 204, 404, 200]);
    assert_eq!(results[6]["body"]["Department"], "CTO of Acme & \"Co\"");
    let id = results[0]["body"]["id"].as_str().unwrap();
    let first = format!(
        r#"{{"compositeResponse":[{{"body":{{"id":"{id}","success":true,"errors":[]}},"httpHeaders":{{"Location":"/services/data/v66.0/sobjects/Account/{id}"}},"httpStatusCode":201,"referenceId":"acc"}},"#
    );
    assert!(answer.text().starts_with(&first), "{}", answer.text());
    assert!(
        answer
            .text()
            .contains(r#"{"body":null,"httpHeaders":{},"httpStatusCode":204,"referenceId":"upd"}"#)
    );
    assert!(!answer.text().contains("&quot;") && !answer.text().contains("&amp;"));
    // All of it was one call.
    assert_eq!(answer.header("sforce-limit-info"), "api-usage=1/5000000");
}

#[tokio::test]
async fn what_depends_on_a_failure_is_halted_and_the_rest_is_not() {
    let client = Client::new();
    let requests = json!([
        create("bad", "Contact", &json!({})),
        create("dep", "Account", &json!({"Name": "@{bad.id}"})),
        create("deps", "Account", &json!({"Name": "@{dep.id}"})),
        create("early", "Account", &json!({"Name": "@{late.id}"})),
        create("late", "Account", &json!({"Name": "fine"})),
    ]);
    let results = composite(&client, requests, false).await;
    assert_eq!(statuses(&results), [400, 400, 400, 400, 201]);
    assert_eq!(code(&results[0]), "REQUIRED_FIELD_MISSING");
    for at in 1..=3 {
        assert_eq!(code(&results[at]), "PROCESSING_HALTED");
    }
    assert_eq!(count(&client, "Account").await, 1);
}

#[tokio::test]
async fn all_is_done_or_nothing() {
    let client = Client::new();
    let requests = json!([
        create("one", "Account", &json!({"Name": "a"})),
        create(
            "two",
            "Contact",
            &json!({"LastName": "x", "AccountId": "@{one.id}", "Email": "?"})
        ),
        create("three", "Account", &json!({"Name": "b"})),
    ]);
    let body = json!({"allOrNone": true, "compositeRequest": requests});
    let answer = client.post("/composite", &body).await;
    let results = &answer.json()["compositeResponse"];
    assert_eq!(statuses(results), [400, 400, 400]);
    assert_eq!(code(&results[1]), "INVALID_EMAIL_ADDRESS");
    let halted = r#"{"body":[{"errorCode":"PROCESSING_HALTED","message":"The transaction was rolled back since another operation in the same transaction failed."}],"httpHeaders":{},"httpStatusCode":400,"referenceId":"one"}"#;
    assert!(answer.text().contains(halted), "{}", answer.text());
    assert!(answer.text().contains(&halted.replace("one", "three")));
    assert_eq!(count(&client, "Account").await, 0);

    let requests = json!([
        create("one", "Account", &json!({"Name": "a"})),
        create(
            "two",
            "Contact",
            &json!({"LastName": "x", "AccountId": "@{one.id}"})
        ),
    ]);
    let results = composite(&client, requests, true).await;
    assert_eq!(statuses(&results), [201, 201]);
    assert_eq!(count(&client, "Contact").await, 1);
}

#[tokio::test]
async fn a_failed_record_of_a_collection_undoes_the_composite_too() {
    let client = Client::new();
    for (outer, inner, first, accounts) in [
        (false, false, json!(true), 2),
        (false, true, json!(false), 1),
        (true, false, json!(true), 0),
        (true, true, json!(false), 0),
    ] {
        let client = Client::new();
        let records = json!([
            {"attributes": {"type": "Account"}, "Name": "a"},
            {"attributes": {"type": "Account"}},
        ]);
        let requests = json!([
            create("before", "Account", &json!({"Name": "b"})),
            {"method": "POST", "url": url("/composite/sobjects"), "referenceId": "many",
             "body": {"allOrNone": inner, "records": records}},
        ]);
        let results = composite(&client, requests, outer).await;
        assert_eq!(statuses(&results), [if outer { 400 } else { 201 }, 200]);
        assert_eq!(results[1]["body"][0]["success"], first, "{outer} {inner}");
        assert_eq!(count(&client, "Account").await, accounts, "{outer} {inner}");
    }
    // The records of a collection can be referred to.
    let record = json!({"attributes": {"type": "Account"}, "Name": "a"});
    let requests = json!([
        {"method": "POST", "url": url("/composite/sobjects"), "referenceId": "many",
         "body": {"records": [record, record]}},
        create("con", "Contact", &json!({"LastName": "x", "AccountId": "@{many[1].id}"})),
    ]);
    let results = composite(&client, requests, true).await;
    assert_eq!(statuses(&results), [200, 201]);
}

#[tokio::test]
async fn references_to_nothing_are_null_from_version_52_on() {
    let client = Client::new();
    let id = client.create("Account", &json!({"Name": "Acme"})).await;
    for (version, status) in [("v51.0", 400), ("v52.0", 201)] {
        let requests = json!([
            get("acc", &format!("/sobjects/Account/{id}")),
            create(
                "con",
                "Contact",
                &json!({"LastName": "x", "Phone": "@{acc.Phone}"})
            ),
        ]);
        let request = client
            .request("POST", "")
            .uri(format!("/services/data/{version}/composite"))
            .header("content-type", "application/json");
        let body = json!({"compositeRequest": requests}).to_string();
        let answer = client.raw(request.body(body.into()).unwrap()).await;
        let results = &answer.json()["compositeResponse"];
        assert_eq!(statuses(results), [200, status], "{version}");
    }
    // A query's null is no value in any version.
    let requests = json!([
        get("q", "/query?q=SELECT Phone FROM Account"),
        create(
            "con",
            "Contact",
            &json!({"LastName": "x", "Phone": "@{q.records[0].Phone}"})
        ),
        create(
            "con2",
            "Contact",
            &json!({"LastName": "x", "Phone": "@{q.records[0].Name}"})
        ),
    ]);
    let results = composite(&client, requests, false).await;
    assert_eq!(statuses(&results), [200, 400, 400]);
}

/// Sends requests that are refused as a whole, and returns status, code and message.
async fn refused(client: &Client, version: &str, requests: Value) -> (u64, String, String) {
    let request = client
        .request("POST", "")
        .uri(format!("/services/data/{version}/composite"))
        .header("content-type", "application/json");
    let body = json!({"compositeRequest": requests}).to_string();
    let answer = client.raw(request.body(body.into()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text());
    let results = answer.json();
    let Some(result) = results.get("compositeResponse").map(|results| &results[0]) else {
        let (status, code, message) = answer.error();
        return (status.into(), code, message);
    };
    assert_eq!(result["referenceId"], json!(null));
    let text = |name: &str| result["body"][0][name].as_str().unwrap().to_owned();
    let status = result["httpStatusCode"].as_u64().unwrap();
    (status, text("errorCode"), text("message"))
}

#[tokio::test]
async fn a_composite_has_25_requests_of_which_5_are_queries() {
    let client = Client::new();
    let many =
        |n: usize, path: &str| -> Value { (0..n).map(|at| get(&format!("r{at}"), path)).collect() };
    let limits = "LIMIT_EXCEEDED".to_owned();
    assert_eq!(
        refused(&client, "v66.0", many(26, "/sobjects")).await,
        (
            400,
            limits.clone(),
            "The request can\u{2019}t contain more than 25 operations.".to_owned()
        )
    );
    for path in [
        "/query?q=SELECT Id FROM Account",
        "/composite/sobjects/Account?ids=1&fields=Id",
        "/queryAll/x",
    ] {
        assert_eq!(
            refused(&client, "v66.0", many(6, path)).await,
            (
                400,
                limits.clone(),
                "The request can\u{2019}t contain more than 5 query operations.".to_owned()
            )
        );
        composite(&client, many(5, path), false).await;
    }
    assert_eq!(composite(&client, many(0, ""), false).await, json!([]));
    let results = composite(&client, many(25, "/sobjects/Account/describe"), true).await;
    assert_eq!(statuses(&results), [200; 25]);
}

#[tokio::test]
async fn reference_ids_are_legal_and_given_once() {
    let client = Client::new();
    let bad = || {
        json!([
            create("ref[1]", "Account", &json!({"Name": "a"})),
            create(
                "con",
                "Contact",
                &json!({"LastName": "x", "AccountId": "@{ref[1].id}"})
            ),
        ])
    };
    let (_, _, message) = refused(&client, "v52.0", bad()).await;
    assert_eq!(
        message,
        "Provided referenceId ('ref[1]') must start with a letter or a number, and it can contain \
         only letters, numbers and underscores ('_')."
    );
    assert_eq!(count(&client, "Account").await, 0);
    // Before, only those that use it failed.
    let request = client
        .request("POST", "")
        .uri("/services/data/v51.0/composite")
        .header("content-type", "application/json");
    let body = json!({"compositeRequest": bad()}).to_string();
    let answer = client.raw(request.body(body.into()).unwrap()).await;
    assert_eq!(statuses(&answer.json()["compositeResponse"]), [201, 400]);
    assert!(
        answer
            .text()
            .contains("No value for ref[1].id found in ref.")
    );

    let twice = json!([get("a", "/sobjects"), get("a", "/sobjects")]);
    assert_eq!(
        refused(&client, "v66.0", twice).await.2,
        "Duplicate ReferenceId provided in the request."
    );
    let differently = json!([get("a", "/sobjects"), get("A", "/sobjects")]);
    composite(&client, differently, false).await;
}

#[tokio::test]
async fn what_a_subrequest_must_not_be_is_refused() {
    let client = Client::new();
    for (changed, value) in [
        ("method", json!("get")),
        ("method", json!("HEAD")),
        ("url", json!("/sobjects/Account")),
        ("url", json!("v66.0/sobjects/Account")),
        (
            "url",
            json!("https://example.com/services/data/v66.0/sobjects/Account"),
        ),
        ("url", json!(null)),
        ("referenceId", json!(null)),
        ("httpHeaders", json!({"accept": "application/json"})),
        ("httpHeaders", json!({"Authorization": "Bearer x"})),
        ("httpHeaders", json!({"CONTENT-TYPE": "text/plain"})),
        ("httpHeaders", json!({"a b": "x"})),
        ("headers", json!({})),
    ] {
        let mut request = get("a", "/sobjects/Account");
        request[changed] = value;
        refused(&client, "v66.0", json!([request])).await;
    }
    let answer = client.post("/composite", &json!({"allOrNone": true})).await;
    assert_eq!(answer.error().0, 400);
    let answer = client
        .post(
            "/composite",
            &json!({"compositeRequest": [], "haltOnError": true}),
        )
        .await;
    assert_eq!(
        answer.error().2,
        "Unrecognized field \"haltOnError\" at [line:1, column:38]"
    );
    // Where a subrequest may not go, and what it may not bring.
    let file = json!({"Name": "x.txt", "ParentId": client.create("Account", &json!({"Name": "a"})).await, "Body": "SGk="});
    let file = client.create("Attachment", &file).await;
    let requests = json!([
        get("a", "/limits"),
        get("b", "/composite/batch"),
        get("c", "/composite"),
        get("d", ""),
        get("e", &format!("/sobjects/Attachment/{file}/Body")),
        {"method": "POST", "url": "/services/data/v99.0/sobjects/Account", "referenceId": "f"},
        get("g", "/tooling/query?q=x"),
        {"method": "PUT", "url": url("/sobjects/Account"), "referenceId": "h"},
        {"method": "POST", "url": url("/sobjects/Account"), "referenceId": "i"},
    ]);
    let results = composite(&client, requests, false).await;
    assert_eq!(
        statuses(&results),
        [404, 404, 404, 404, 400, 404, 404, 405, 400]
    );
    assert!(
        results[8]["body"][0]["message"]
            .as_str()
            .unwrap()
            .contains("entity body is required")
    );
}

#[tokio::test]
async fn a_subrequest_has_headers_of_its_own() {
    let client = Client::new();
    let many: Value = (0..200)
        .map(|at| json!({"attributes": {"type": "Account"}, "Name": format!("a{at}")}))
        .collect();
    client
        .post("/composite/sobjects", &json!({"records": many}))
        .await;
    client.create("Account", &json!({"Name": "last"})).await;
    let q = "/query?q=SELECT+Id+FROM+Account";
    let mut paged = get("paged", q);
    paged["httpHeaders"] = json!({"Sforce-Query-Options": "batchSize=200"});
    let mut known = get("known", "/sobjects/Account/describe");
    known["httpHeaders"] = json!({"If-Modified-Since": "Thu, 03 Sep 2099 21:35:07 GMT"});
    let requests = json!([paged, get("all", q), known]);
    // The headers of the composite are not theirs.
    let request = client
        .request("POST", "/composite")
        .header("content-type", "application/json")
        .header("sforce-query-options", "batchSize=300");
    let body = json!({"compositeRequest": requests}).to_string();
    let answer = client.raw(request.body(body.into()).unwrap()).await.json();
    let results = &answer["compositeResponse"];
    assert_eq!(statuses(results), [200, 200, 304]);
    assert_eq!(results[1]["body"]["records"].as_array().unwrap().len(), 201);
    let headers = results[2]["httpHeaders"].as_object().unwrap();
    assert!(headers.contains_key("ETag") && headers.contains_key("Last-Modified"));
    assert_eq!(results[2]["body"], json!(null));
    // A page leads to its next, in a composite or outside.
    let next = results[0]["body"]["nextRecordsUrl"].as_str().unwrap();
    let next = json!([{"method": "GET", "url": next, "referenceId": "next"}]);
    let results = composite(&client, next, false).await;
    assert_eq!(results[0]["body"]["records"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_header_allows_a_duplicate_to_one_subrequest_only() {
    let client = Client::with(Settings {
        policies: Policies {
            duplicate_rules: true,
            ..Policies::default()
        },
        ..Settings::default()
    });
    client.create("Account", &json!({"Name": "Acme"})).await;
    let header = "Sforce-Duplicate-Rule-Header";
    let with_header = |mut request: Value| {
        request["httpHeaders"] = json!({header: "allowSave=true"});
        request
    };
    let record = json!({"attributes": {"type": "Account"}, "Name": "Acme"});
    let many = |id: &str| {
        json!({"method": "POST", "url": url("/composite/sobjects"), "referenceId": id,
            "body": {"records": [record]}})
    };
    let mut wrong = create("e", "Account", &json!({"Name": "new"}));
    wrong["httpHeaders"] = json!({"Sforce-Auto-Assign": "maybe"});
    let requests = json!([
        create("a", "Account", &json!({"Name": "Acme"})),
        with_header(create("b", "Account", &json!({"Name": "Acme"}))),
        many("c"),
        with_header(many("d")),
        wrong,
    ]);
    let results = composite(&client, requests, false).await;
    assert_eq!(statuses(&results), [400, 201, 200, 200, 400]);
    assert_eq!(code(&results[0]), "DUPLICATES_DETECTED");
    assert_eq!(
        results[2]["body"][0]["errors"],
        json!([{"statusCode": "DUPLICATES_DETECTED", "message": "Use one of these records?", "fields": []}])
    );
    assert_eq!(results[3]["body"][0]["success"], true);
    assert_eq!(code(&results[4]), "MALFORMED_ID");
    // The headers of a batch are those of its parts.
    let request = client
        .request("POST", "/composite/batch")
        .header("content-type", "application/json")
        .header(header, "allowSave=true");
    let part =
        json!({"method": "POST", "url": "v66.0/sobjects/Account", "richInput": {"Name": "Acme"}});
    let body = json!({"batchRequests": [part]}).to_string();
    let answer = client.raw(request.body(body.into()).unwrap()).await;
    assert_eq!(answer.json()["hasErrors"], false);
}

#[tokio::test]
async fn it_came_with_version_38() {
    let client = Client::new();
    for (version, path, status) in [
        ("v37.0", "composite", 404),
        ("v38.0", "composite", 200),
        ("v41.0", "composite/sobjects/Account?ids=x&fields=Id", 404),
        ("v42.0", "composite/sobjects/Account?ids=x&fields=Id", 200),
    ] {
        let request = client
            .request("GET", "")
            .uri(format!("/services/data/{version}/{path}"));
        let answer = client.raw(request.body("".into()).unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "{version} {path}");
    }
}
