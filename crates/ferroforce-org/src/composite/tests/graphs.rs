use http::StatusCode;
use serde_json::{Value, json};

use super::{count, create, get, url};
use crate::rest::tests::Client;

async fn send(client: &Client, graphs: Vec<Value>) -> crate::rest::tests::Answer {
    let graphs: Value = graphs
        .into_iter()
        .enumerate()
        .map(|(at, nodes)| json!({"graphId": format!("g{at}"), "compositeRequest": nodes}))
        .collect();
    client
        .post("/composite/graph", &json!({"graphs": graphs}))
        .await
}

fn account(reference_id: &str) -> Value {
    create(reference_id, "Account", &json!({"Name": "Acme"}))
}

#[tokio::test]
async fn each_graph_is_done_as_a_whole_or_not_at_all() {
    let client = Client::new();
    let good = json!([
        account("acc"),
        create(
            "con",
            "Contact",
            &json!({"LastName": "x", "AccountId": "@{acc.id}"})
        ),
        get("read", "/sobjects/Contact/@{con.id}?fields=AccountId"),
    ]);
    let bad = json!([account("acc"), create("con", "Contact", &json!({}))]);
    // Nothing refers to another graph.
    let lost = json!([create(
        "con2",
        "Contact",
        &json!({"LastName": "x", "AccountId": "@{acc.id}"})
    )]);
    let answer = send(&client, vec![good, bad, lost]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.text().starts_with(
        r#"{"graphs":[{"graphId":"g0","graphResponse":{"compositeResponse":[{"body":{"id":"001"#
    ));
    let json = answer.json();
    let graphs = json["graphs"].as_array().unwrap();
    let successful = graphs
        .iter()
        .map(|graph| graph["isSuccessful"].as_bool().unwrap());
    assert_eq!(successful.collect::<Vec<_>>(), [true, false, false]);
    let results = |at: usize| &graphs[at]["graphResponse"]["compositeResponse"];
    assert_eq!(
        results(0)[2]["body"]["AccountId"],
        results(0)[0]["body"]["id"]
    );
    assert_eq!(results(1)[0]["body"][0]["errorCode"], "PROCESSING_HALTED");
    assert_eq!(
        results(1)[1]["body"][0]["errorCode"],
        "REQUIRED_FIELD_MISSING"
    );
    assert_eq!(results(2)[0]["body"][0]["errorCode"], "PROCESSING_HALTED");
    assert_eq!(count(&client, "Account").await, 1);
    assert_eq!(count(&client, "Contact").await, 1);
    assert_eq!(answer.header("sforce-limit-info"), "api-usage=1/5000000");
}

#[tokio::test]
async fn too_many_failed_graphs_halt_the_rest() {
    let client = Client::new();
    let bad = json!([create("a", "Account", &json!({}))]);
    for (failures, done) in [(14, true), (15, false)] {
        let mut graphs = vec![bad.clone(); failures];
        graphs.push(json!([account("a")]));
        let answer = send(&client, graphs).await.json();
        let last = &answer["graphs"][failures];
        assert_eq!(last["isSuccessful"], done, "{failures}");
        if !done {
            let error = &last["graphResponse"]["compositeResponse"][0]["body"][0];
            assert_eq!(error["errorCode"], "PROCESSING_HALTED");
        }
    }
    assert_eq!(count(&client, "Account").await, 1);
}

#[tokio::test]
async fn nodes_are_about_records() {
    let client = Client::new();
    for node in [
        get("a", "/query?q=SELECT Id FROM Account"),
        get("a", "/sobjects"),
        get("a", "/sobjects/Account"),
        get("a", "/sobjects/Account/describe"),
        get("a", "/composite/sobjects/Account?ids=x&fields=Id"),
        get("a", "/limits"),
    ] {
        let answer = send(&client, vec![json!([node])]).await.json();
        assert_eq!(answer["graphs"][0]["isSuccessful"], false, "{node}");
    }
    let key = url("/sobjects/Account/External_Id__c/k");
    let upsert = json!({"method": "PATCH", "url": key, "referenceId": "a", "body": {"Name": "x"}});
    let delete = json!({"method": "DELETE", "url": key, "referenceId": "b"});
    let answer = send(&client, vec![json!([upsert, delete])]).await.json();
    assert_eq!(answer["graphs"][0]["isSuccessful"], true);
}

#[tokio::test]
async fn graphs_have_limits() {
    let client = Client::new();
    let nodes = |n: usize| -> Value { (0..n).map(|at| account(&format!("r{at}"))).collect() };
    let chain = |n: usize| -> Value {
        let node = |at: usize| match at {
            0 => account("r0"),
            _ => {
                let above = format!("@{{r{}.id}}", at - 1);
                create(
                    &format!("r{at}"),
                    "Account",
                    &json!({"Name": "x", "ParentId": above}),
                )
            }
        };
        (0..n).map(node).collect()
    };
    let kinds = |n: usize| -> Value {
        let objects = [
            "Account",
            "Contact",
            "Lead",
            "Task",
            "Case",
            "Opportunity",
            "Campaign",
            "Product2",
        ];
        let node = |at: usize| {
            let object = objects[at / 2];
            let url = url(&format!("/sobjects/{object}/{}", at % 2));
            let method = ["GET", "DELETE"][at % 2];
            json!({"method": method, "url": url, "referenceId": format!("r{at}")})
        };
        (0..n).map(node).collect()
    };
    for (most, refused) in [
        (vec![nodes(1); 75], vec![nodes(1); 76]),
        (vec![nodes(250); 2], vec![nodes(250), nodes(251)]),
        (vec![chain(15)], vec![chain(16)]),
        (vec![kinds(15)], vec![kinds(16)]),
    ] {
        assert_eq!(send(&client, most).await.status, StatusCode::OK);
        let answer = send(&client, refused).await;
        assert_eq!(answer.error().1, "LIMIT_EXCEEDED");
    }
}

#[tokio::test]
async fn graphs_have_ids() {
    let client = Client::new();
    let with_ids = |ids: &[&str]| -> Value {
        let graph = |id: &&str| json!({"graphId": id, "compositeRequest": [account("a")]});
        json!({"graphs": ids.iter().map(graph).collect::<Value>()})
    };
    let longest = "x".repeat(39);
    for ids in [["1", "a-b c"], [&longest, "2"]] {
        let answer = client.post("/composite/graph", &with_ids(&ids)).await;
        assert_eq!(answer.status, StatusCode::OK, "{ids:?}");
    }
    let long = "x".repeat(40);
    for ids in [
        vec!["1", "1"],
        vec!["_a"],
        vec![""],
        vec!["a.b"],
        vec![&long],
    ] {
        let answer = client.post("/composite/graph", &with_ids(&ids)).await;
        assert_eq!(answer.error().0, 400, "{ids:?}");
    }
    for nodes in [
        json!([account("a"), account("a")]),
        json!([account("a-b")]),
        json!([{"method": "GET", "url": "/services/data/v49.0/sobjects/Account/x", "referenceId": "a"}]),
    ] {
        let answer = send(&client, vec![nodes]).await;
        assert_eq!(answer.error().1, "INVALID_INPUT");
    }
    let mut node = account("a");
    node["httpHeaders"] = json!({"Sforce-Auto-Assign": "FALSE"});
    assert_eq!(send(&client, vec![json!([node])]).await.error().0, 501);
}
