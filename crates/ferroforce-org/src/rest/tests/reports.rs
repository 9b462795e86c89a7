//! Reports of a seed file.

use std::io::Write;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::Client;
use crate::settings::Settings;

const SEED: &str = r#"
[[reports]]
name = "Big deals"
object = "Opportunity"
columns = ["Name", "Amount", "Account.Name", "CloseDate", "IsClosed", "NextStep"]
filters = [{ column = "Amount", operator = "greaterThan", value = "10" }]
sort_by = { column = "Amount", descending = true }

[[records]]
attributes = { type = "Account", referenceId = "acme" }
Name = "Acme"
"#;

/// An org with a report and opportunities of 1, 20 and 300.
async fn start() -> (Client, String) {
    let mut seed = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    seed.write_all(SEED.as_bytes()).unwrap();
    let client = Client::with(Settings {
        seed_file: Some(seed.path().to_owned()),
        ..Settings::default()
    });
    let found = client.query("SELECT Id FROM Account").await.json();
    let account = &found["records"][0]["Id"];
    for amount in [1, 300, 20] {
        let deal = json!({"Name": format!("Deal {amount}"), "Amount": amount, "StageName": "Prospecting",
                          "CloseDate": "2026-07-31", "AccountId": account});
        client.create("Opportunity", &deal).await;
    }
    let reports = client.get("/analytics/reports").await.json();
    assert_eq!(reports[0]["name"], "Big deals");
    let path = reports[0]["url"].as_str().unwrap();
    let path = path
        .strip_prefix("/services/data/v66.0")
        .unwrap()
        .to_owned();
    (client, path)
}

fn labels(shown: &Value) -> Vec<Vec<&str>> {
    let rows = shown["factMap"]["T!T"]["rows"].as_array().unwrap().iter();
    rows.map(|row| {
        let cells = row["dataCells"].as_array().unwrap().iter();
        cells.map(|cell| cell["label"].as_str().unwrap()).collect()
    })
    .collect()
}

#[tokio::test]
async fn a_report_is_run_at_once() {
    let (client, path) = start().await;
    let summary = client.get(&path).await.json();
    assert_eq!(
        summary["factMap"],
        json!({"T!T": {"aggregates": [{"label": "2", "value": 2}], "rows": []}})
    );
    assert_eq!(summary["hasDetailRows"], false);
    assert_eq!(
        summary["reportExtendedMetadata"]["detailColumnInfo"],
        json!({})
    );

    let shown = client
        .get(&format!("{path}?includeDetails=true"))
        .await
        .json();
    assert_eq!(
        labels(&shown),
        [
            ["Deal 300", "$300.00", "Acme", "7/31/2026", "false", "-"],
            ["Deal 20", "$20.00", "Acme", "7/31/2026", "false", "-"],
        ]
    );
    let cells = &shown["factMap"]["T!T"]["rows"][0]["dataCells"];
    assert!(cells[0]["value"].as_str().unwrap().starts_with("006"));
    assert_eq!(
        cells[1]["value"],
        json!({"amount": 300.0, "currency": null})
    );
    assert!(cells[2]["value"].as_str().unwrap().starts_with("001"));
    assert_eq!(cells[3]["value"], "2026-07-31");
    assert_eq!(
        (&cells[4]["value"], &cells[5]["value"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(
        (&shown["allData"], &shown["attributes"]["type"]),
        (&json!(true), &json!("Report"))
    );
    assert_eq!(
        shown["reportExtendedMetadata"]["detailColumnInfo"]["Amount"],
        json!({"dataType": "currency", "label": "Amount"})
    );
    let metadata = &shown["reportMetadata"];
    assert_eq!(metadata["developerName"], "Big_deals");
    assert_eq!(metadata["reportFormat"], "TABULAR");
    assert_eq!(metadata["reportFilters"][0]["value"], "10");
}

#[tokio::test]
async fn a_report_is_run_with_other_filters_columns_and_order() {
    let (client, path) = start().await;
    let described = client.get(&format!("{path}/describe")).await.json();
    let categories = &described["reportTypeMetadata"]["categories"];
    assert_eq!(
        categories[0]["columns"]["StageName"]["dataType"],
        "picklist"
    );
    // Whoever sends the description back changes nothing by what is the same.
    let mut metadata = described["reportMetadata"].clone();
    metadata["reportFilters"] =
        json!([{"column": "Name", "operator": "contains", "value": "20,1"}]);
    metadata["detailColumns"] = json!(["Name"]);
    metadata["sortBy"] = json!([{"sortColumn": "Name", "sortOrder": "Asc"}]);
    let details = format!("{path}?includeDetails=true");
    let shown = client
        .post(&details, &json!({"reportMetadata": metadata}))
        .await
        .json();
    assert_eq!(labels(&shown), [["Deal 1"], ["Deal 20"]]);
    // It is the run that was other, not the report.
    let again = client.get(&details).await.json();
    assert_eq!(labels(&again).len(), 2);
    assert_eq!(again["reportMetadata"]["sortBy"][0]["sortColumn"], "Amount");

    for (changes, status) in [
        (json!({"reportFormat": "MATRIX"}), 501),
        (json!({"groupingsDown": [{"name": "StageName"}]}), 501),
        (json!({"detailColumns": ["Nothing"]}), 400),
        (
            json!({"reportFilters": [{"column": "Name", "operator": "like", "value": "x"}]}),
            400,
        ),
        (
            json!({"sortBy": [{"sortColumn": "Name", "sortOrder": "Asc"},
                           {"sortColumn": "Amount", "sortOrder": "Asc"}]}),
            400,
        ),
    ] {
        let answer = client
            .post(&details, &json!({"reportMetadata": changes}))
            .await;
        assert_eq!(answer.error().0, status, "{changes}");
    }
    for (method, below) in [("DELETE", ""), ("PATCH", ""), ("POST", "s?cloneId=1")] {
        let target = match below {
            "" => path.clone(),
            _ => format!("/analytics/reports?cloneId={}", &path[path.len() - 18..]),
        };
        let answer = client.send(method, &target, "{}").await;
        assert_eq!(answer.error().0, 501, "{method}");
    }
}

#[tokio::test]
async fn a_run_in_the_background_keeps_what_it_found_for_a_day() {
    let (client, path) = start().await;
    let instances = format!("{path}/instances");
    let started = client
        .post(&format!("{instances}?includeDetails=true"), &json!({}))
        .await;
    assert_eq!(started.error().0, 400, "an empty object is no metadata");
    let started = client
        .send("POST", &format!("{instances}?includeDetails=true"), "")
        .await;
    let started = started.json();
    assert_eq!(
        (&started["status"], &started["completionDate"]),
        (&json!("New"), &Value::Null)
    );
    let id = started["id"].as_str().unwrap();
    let deal = json!({"Name": "Late", "Amount": 50, "StageName": "Prospecting", "CloseDate": "2026-07-31"});
    client.create("Opportunity", &deal).await;
    let result = format!("{instances}/{id}");
    let shown = client.get(&result).await.json();
    assert_eq!(shown["attributes"]["status"], "Success");
    assert_eq!(shown["attributes"]["type"], "ReportInstance");
    assert_eq!(labels(&shown).len(), 2);

    let second = client.send("POST", &instances, "").await.json();
    let listed = client.get(&instances).await.json();
    let ids: Vec<&Value> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|run| &run["id"])
        .collect();
    assert_eq!(ids, [&second["id"], &json!(id)]);
    assert_eq!(listed[0]["status"], "Success");
    let gone = format!("{instances}/{}", second["id"].as_str().unwrap());
    assert_eq!(client.delete(&gone).await.status, 204);
    assert_eq!(client.get(&gone).await.error().0, 404);

    for _ in 0..24 {
        // A session lives on as long as it is used.
        client.org.clock.advance(SignedDuration::from_hours(1));
        assert_eq!(client.get("/limits").await.status, 200);
    }
    assert_eq!(client.get(&result).await.error().0, 404);
    assert_eq!(client.get(&instances).await.json(), json!([]));
}

#[tokio::test]
async fn what_there_is_not_is_not_found_or_said_not_to_be_done() {
    let (client, path) = start().await;
    for missing in [
        "/analytics/reports/00OLo0000000999",
        "/analytics/reports/00OLo0000000999/describe",
        "/analytics/reports/x",
        &format!("{path}/instances/0LGLo0000000999"),
    ] {
        assert_eq!(client.get(missing).await.error().0, 404, "{missing}");
    }
    assert_eq!(client.get("/analytics/dashboards").await.json(), json!([]));
    for other in [
        "/analytics/dashboards/01ZLo0000000001",
        "/analytics/reportTypes",
    ] {
        assert_eq!(client.get(other).await.error().0, 501, "{other}");
    }
    let id = &path[path.len() - 18..];
    let plans = client.get(&format!("/query?explain={id}")).await.json();
    assert_eq!(plans["plans"][0]["sobjectType"], "Opportunity");
}
