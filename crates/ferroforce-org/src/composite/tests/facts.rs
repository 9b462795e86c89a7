//! Against recorded answers. `FERROFORCE_FACTS` names the folder that has them.

use serde_json::{Value, json};

use super::{create, url};
use crate::rest::tests::{Answer, Client};

/// Everything of a recorded file that is JSON in a quoted text: the bodies of requests and
/// answers, in their order.
fn recorded(name: &str) -> String {
    let folder = std::env::var("FERROFORCE_FACTS").expect("FERROFORCE_FACTS names a folder");
    std::fs::read_to_string(format!("{folder}/fixtures/{name}")).unwrap()
}

/// The answers in a cassette: YAML strings in double quotes, folded over lines.
fn answers(cassette: &str) -> Vec<String> {
    let mut answers = Vec::new();
    let mut rest = cassette;
    while let Some((_, after)) = rest.split_once("string:") {
        let Some(after) = after.trim_start().strip_prefix('"') else {
            rest = after;
            continue;
        };
        let mut text = String::new();
        let mut characters = after.char_indices();
        let mut end = after.len();
        while let Some((at, c)) = characters.next() {
            match c {
                '"' => {
                    end = at;
                    break;
                }
                '\\' => match characters.next().unwrap().1 {
                    'n' => text.push('\n'),
                    // An escaped line end, and the indentation of the next line.
                    '\n' => skip_indentation(&mut characters),
                    other => text.push(other),
                },
                '\n' => {
                    while text.ends_with(' ') {
                        text.pop();
                    }
                    text.push(' ');
                    skip_indentation(&mut characters);
                }
                other => text.push(other),
            }
        }
        answers.push(text);
        rest = &after[end..];
    }
    answers
}

fn skip_indentation(characters: &mut std::str::CharIndices<'_>) {
    let behind = characters.as_str().trim_start_matches(' ');
    let skipped = characters.as_str().len() - behind.len();
    for _ in 0..skipped {
        characters.next();
    }
}

async fn pretty(client: &Client, method: &str, path: &str, body: &Value) -> Answer {
    let request = client
        .request(method, path)
        .header("content-type", "application/json")
        .header("x-prettyprint", "1");
    client
        .raw(request.body(body.to_string().into()).unwrap())
        .await
}

async fn composite(client: &Client, requests: Value) -> String {
    let body = json!({"compositeRequest": requests});
    let answer = pretty(client, "POST", "/composite", &body).await;
    answer.text().to_owned()
}

/// A text with everything masked in which one org differs from another.
fn masked(text: &str) -> String {
    let text = text.replace("vxx.0", "v66.0").replace("v49.0", "v66.0");
    let masked = text.split('"').map(|piece| {
        let path = piece.rsplit_once('/').map_or(piece, |(_, last)| last);
        let is_id = path.len() == 18
            && path.starts_with("00")
            && path.bytes().all(|b| b.is_ascii_alphanumeric());
        if is_id {
            piece.replace(path, "ID")
        } else if piece.ends_with(" GMT") {
            "DATE".to_owned()
        } else if piece.len() == 9 && piece.ends_with('\\') {
            "ETAG\\".to_owned()
        } else {
            piece.to_owned()
        }
    });
    masked.collect::<Vec<_>>().join("\"")
}

fn query(reference_id: &str, soql: &str) -> Value {
    let url = url(&format!("/query?q={soql}"));
    json!({"referenceId": reference_id, "method": "GET", "url": url})
}

#[tokio::test]
#[ignore = "needs FERROFORCE_FACTS"]
async fn facts_composites_are_answered_as_recorded() {
    let folder = "composite/cumulusci/TestCompositeParallelSalesforce";
    let client = Client::new();
    let expected = answers(&recorded(&format!("{folder}.test_reference_ids.yaml")));
    let (id, name) = (
        "SELECT Id FROM Account LIMIT 1",
        "SELECT Name FROM Account LIMIT 1",
    );
    let ours = composite(&client, json!([query("one", id), query("two", name)])).await;
    assert_eq!(ours, expected[0]);

    let expected = answers(&recorded(&format!("{folder}.test_errors.yaml")));
    let foo =
        json!([{"referenceId": "CCI__RefId__0__", "method": "GET", "url": url("/sobjects/Foo")}]);
    assert_eq!(composite(&client, foo).await, expected[0]);

    let expected = answers(&recorded(&format!(
        "{folder}.test_composite_parallel_salesforce.yaml"
    )));
    client
        .create("Account", &json!({"Name": "Smith Corp."}))
        .await;
    let requests = [id, name, id, name].into_iter().enumerate();
    let requests: Value = requests
        .map(|(at, soql)| query(&format!("CCI__RefId__{at}__"), soql))
        .collect();
    let ours = composite(&client, requests).await;
    let masked_id = |text: &str| masked(&text.replace("0010xACCOUNTID0000", "001000000000000000"));
    assert_eq!(masked_id(&ours), masked_id(&expected[1]));

    let name =
        "composite/cumulusci/ManualEditTestCompositeParallelSalesforce.test_http_headers.yaml";
    let expected = answers(&recorded(name));
    let since = json!({"If-Modified-Since": "Thu, 03 Sep 2099 21:35:07 GMT"});
    let request = |at: usize| json!({"referenceId": format!("CCI__RefId__{at}__"), "method": "GET", "url": url("/sobjects"), "httpHeaders": since});
    let ours = composite(&client, (0..3).map(request).collect()).await;
    assert_eq!(masked(&ours), masked(&expected[0]));
}

#[tokio::test]
#[ignore = "needs FERROFORCE_FACTS"]
async fn facts_counts_and_their_mistakes_are_answered_as_recorded() {
    let client = Client::new();
    for at in 0..17 {
        client
            .create("Account", &json!({"Name": format!("a{at}")}))
            .await;
    }
    for (name, other) in [("simple", "Opportunity"), ("_errors", "XYZZY")] {
        let recorded = recorded(&format!(
            "rest/cumulusci/TestCountSObjects.test_count_sobjects_{name}.yaml"
        ));
        let requests = json!([
            query("refAccount", "select count() from Account"),
            query(
                &format!("ref{other}"),
                &format!("select count() from {other}")
            ),
        ]);
        assert_eq!(
            composite(&client, requests).await,
            answers(&recorded)[0],
            "{name}"
        );
    }
}

#[tokio::test]
#[ignore = "needs FERROFORCE_FACTS"]
async fn facts_a_rolled_back_composite_is_answered_as_recorded() {
    let client = Client::new();
    let expected = recorded("composite/camel_composite_failure_recorded.json").replace(
        "Invoice_External_Id__c in entity blng__Invoice__c",
        "External_Id__c in entity Account",
    );
    let contact = json!({"LastName": "x", "Account": {"External_Id__c": "0116"}});
    let body = json!({"allOrNone": true, "compositeRequest": [
        create("NewPayment1", "Contact", &json!({"LastName": "x"})),
        create("NewPayment2", "Contact", &contact),
    ]});
    let ours = pretty(&client, "POST", "/composite", &body).await;
    assert_eq!(ours.text(), expected.trim_end());
}

#[tokio::test]
#[ignore = "needs FERROFORCE_FACTS"]
async fn facts_collections_are_answered_as_recorded() {
    let client = Client::new();
    let of = |object: &str, mut fields: Value| {
        fields["attributes"] = json!({"type": object});
        fields
    };
    let folder = "rest/cumulusci/TestUp";
    let records = |records: Vec<Value>| json!({"allOrNone": false, "records": records});

    let recorded_updates = answers(&recorded(&format!(
        "{folder}datesIntegrationTests.test_updates_task.yaml"
    )));
    let mut updates = Vec::new();
    for at in 0..6 {
        let id = client
            .create("Account", &json!({"Name": format!("Account {at}")}))
            .await;
        updates.push(of(
            "Account",
            json!({"Id": id, "NumberOfEmployees": "10000"}),
        ));
    }
    let ours = pretty(&client, "PATCH", "/composite/sobjects", &records(updates)).await;
    assert_eq!(masked(ours.text()), masked(&recorded_updates[2]));

    let name = "sert.test_upsert_complex_external_id_field_rest__duplicate_error.yaml";
    let recorded_upserts = answers(&recorded(&format!("{folder}{name}")));
    let body = records(vec![of(
        "Account",
        json!({"Name": "Sitwell-Bluth", "AccountNumber": "420", "Id": null}),
    )]);
    let ours = pretty(&client, "PATCH", "/composite/sobjects/Account/Id", &body).await;
    assert_eq!(masked(ours.text()), masked(&recorded_upserts[2]));
}
