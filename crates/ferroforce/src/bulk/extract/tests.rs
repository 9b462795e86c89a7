use std::sync::{Arc, Mutex};

use serde::Deserialize;
use serde_json::json;

use super::*;
use crate::script::{Counting, Reply, Script, Sent, client};

const JOB: &str = "750R0000000zlh9IAA";

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "PascalCase")]
struct Row {
    id: String,
    account: Option<Account>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "PascalCase")]
struct Account {
    name: String,
}

/// An org with three rows, whatever is asked; `count` is what it says of them.
fn org(count: u64) -> Script {
    Script::new(move |sent, _| answer(sent, count))
}

fn answer(sent: &Sent, count: u64) -> Reply {
    let query = sent.uri.query().unwrap_or_default().to_owned();
    match sent.uri.path() {
        path if path.ends_with(".0/query") && query.starts_with("explain") => Reply::json(
            200,
            &json!({"plans": [{
                "cardinality": count, "leadingOperationType": "TableScan",
                "relativeCost": 1.0, "sobjectCardinality": count, "sobjectType": "Contact",
            }]})
            .to_string(),
        ),
        path if path.ends_with(".0/query") => {
            let rows = [
                json!({"Id": "1", "Account": {"Name": "Acme"}}),
                json!({"Id": "2", "Account": null}),
            ];
            let page = json!({"totalSize": count, "done": true, "records": rows});
            Reply::json(200, &page.to_string())
        }
        path if path.ends_with("/results") => Reply::Answer(
            http::StatusCode::OK,
            vec![
                ("sforce-locator", "null".into()),
                ("sforce-numberofrecords", "2".into()),
            ],
            "\"Id\",\"Account.Name\"\n\"1\",\"Acme\"\n\"2\",\"\"\n".into(),
        ),
        _ => {
            let job = json!({
                "id": JOB, "state": "JobComplete", "object": "Contact",
                "numberRecordsProcessed": 2,
            });
            Reply::json(200, &job.to_string())
        }
    }
}

/// What was chosen, and how often it was asked.
async fn chosen(
    count: u64,
    soql: &'static str,
    with: impl FnOnce(Extract) -> Extract,
) -> (ChoiceEvent, Vec<String>) {
    let script = org(count);
    let salesforce = client(Counting::tokens(), &script);
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&told);
    let _listening = salesforce.subscribe(move |event: &Event| {
        if let Event::Choice(choice) = event {
            heard.lock().unwrap().push(choice.clone());
        }
    });
    let mut rows = with(salesforce.extract(soql)).rows::<Row>();
    assert_eq!(rows.road(), None);
    let mut found = Vec::new();
    while let Some(row) = rows.next().await {
        found.push(row.unwrap());
    }
    let account = Some(Account {
        name: "Acme".into(),
    });
    let expected = [("1", account), ("2", None)].map(|(id, account)| Row {
        id: id.into(),
        account,
    });
    assert_eq!(found, expected, "rows are the same either way");
    let told = told.lock().unwrap().clone();
    assert_eq!(told.len(), 1);
    assert_eq!(rows.road().unwrap().name(), told[0].chosen);
    assert_eq!(rows.job().is_some(), told[0].chosen == "Bulk API 2.0");
    let paths = script.sent();
    let paths = paths
        .iter()
        .map(|sent| sent.uri.path().rsplit('/').next().unwrap().to_owned());
    (told[0].clone(), paths.collect())
}

const SOQL: &str = "SELECT Id, Account.Name FROM Contact";

#[tokio::test(start_paused = true)]
async fn few_rows_come_by_rest_and_many_by_a_job() {
    let (told, asked) = chosen(10_000, SOQL, |extract| extract).await;
    assert_eq!((told.chosen, told.rows), ("REST", Some(10_000)));
    assert_eq!((&*told.why, told.remark), ("it has few rows", None));
    assert_eq!(asked, ["query", "query"]);
    let (told, asked) = chosen(10_001, SOQL, |extract| extract).await;
    assert_eq!((told.chosen, told.rows), ("Bulk API 2.0", Some(10_001)));
    assert_eq!(asked, ["query", "query", JOB, "results"]);
    let (told, _) = chosen(10, SOQL, |extract| extract.rest_up_to(9)).await;
    assert_eq!(told.chosen, "Bulk API 2.0");
}

#[tokio::test(start_paused = true)]
async fn an_estimate_is_asked_for_where_that_is_wanted() {
    let (told, asked) = chosen(5_000_000, SOQL, Extract::by_estimate).await;
    assert_eq!((told.chosen, told.rows), ("Bulk API 2.0", Some(5_000_000)));
    assert!(told.why.contains("thought"));
    assert_eq!(asked[1..], ["query", JOB, "results"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_given_or_follows_from_the_text_is_not_asked_for() {
    let (told, asked) = chosen(1, SOQL, |extract| extract.by(Road::Bulk)).await;
    assert_eq!(
        (told.chosen, &*told.why),
        ("Bulk API 2.0", "the caller said so")
    );
    assert_eq!(asked, ["query", JOB, "results"]);
    let (told, asked) = chosen(1_000_000, SOQL, |extract| extract.by(Road::Rest)).await;
    assert_eq!((told.chosen, asked.len()), ("REST", 1));
    let limited = "SELECT Id, Account.Name FROM Contact LIMIT 500";
    let (told, asked) = chosen(1_000_000, limited, |extract| extract).await;
    assert_eq!(
        (told.chosen, &*told.why, asked.len()),
        ("REST", "its LIMIT is low", 1)
    );
}

#[tokio::test(start_paused = true)]
async fn what_switches_chunking_off_is_told() {
    let soql = "SELECT Id, Account.Name FROM Contact ORDER BY Id LIMIT 90000";
    let (told, _) = chosen(90_000, soql, |extract| extract).await;
    assert!(
        told.remark
            .unwrap()
            .starts_with("LIMIT and ORDER BY switch PK chunking off")
    );
}

#[tokio::test(start_paused = true)]
async fn a_count_that_runs_out_of_time_means_many_rows() {
    let script = Script::new(move |sent, number| match number {
        0 => Reply::error(
            400,
            "QUERY_TIMEOUT",
            "Your query request was running for too long.",
        ),
        _ => answer(sent, 0),
    });
    let rows = client(Counting::tokens(), &script)
        .extract(SOQL)
        .rows::<Row>();
    let rows: Vec<_> = futures_util::StreamExt::collect(rows).await;
    assert_eq!(rows.len(), 2);
    let script = Script::replies([Reply::error(400, "MALFORMED_QUERY", "unexpected token")]);
    let mut rows = client(Counting::tokens(), &script)
        .extract(SOQL)
        .rows::<Row>();
    let error = rows.next().await.unwrap().unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::MalformedQuery));
    assert!(rows.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn rows_are_taken_up_the_way_they_came() {
    for count in [2, 1_000_000] {
        let script = org(count);
        let salesforce = client(Counting::tokens(), &script);
        let mut rows = salesforce.extract(SOQL).rows::<Row>();
        assert_eq!(rows.next().await.unwrap().unwrap().id, "1");
        let kept = serde_json::to_string(&rows.cursor()).unwrap();
        let cursor: ExtractCursor = serde_json::from_str(&kept).unwrap();
        let mut rest = salesforce.extract(SOQL).resume(cursor).rows::<Row>();
        assert_eq!(rest.next().await.unwrap().unwrap().id, "2");
        assert!(rest.next().await.is_none());
        assert_eq!(rest.road(), rows.road());
    }
}
