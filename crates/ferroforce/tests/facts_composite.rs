//! Recorded answers of real orgs to composites and collections, read by the client.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

use std::path::PathBuf;
use std::str::Chars;
use std::sync::{Arc, Mutex};

use ferroforce::auth::{AccessToken, Auth, AuthContext, AuthError};
use ferroforce::retry::RetryPolicy;
use ferroforce::transport::{Body, BoxFuture, HttpService, TransportError};
use ferroforce::{ErrorCode, ErrorKind, Salesforce};
use serde_json::{Value, json};

fn fixture(path: &str) -> String {
    let folder = std::env::var("FERROFORCE_FACTS")
        .expect("FERROFORCE_FACTS names the folder of recorded responses");
    let path = PathBuf::from(folder).join("fixtures").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The answers of a cassette: texts in double quotes, as YAML writes them.
fn answers(cassette: &str) -> Vec<String> {
    let texts = cassette.split("string:").skip(1);
    texts
        .filter_map(|text| Some(unquoted(text.trim_start().strip_prefix('"')?)))
        .collect()
}

fn unquoted(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    loop {
        match rest.next().unwrap() {
            '"' => return out,
            '\\' => match rest.next().unwrap() {
                'n' => out.push('\n'),
                '\n' => skip_blanks(&mut rest),
                other => out.push(other),
            },
            '\n' => {
                out.truncate(out.trim_end_matches(' ').len());
                out.push(' ');
                skip_blanks(&mut rest);
            }
            other => out.push(other),
        }
    }
}

fn skip_blanks(rest: &mut Chars<'_>) {
    *rest = rest.as_str().trim_start_matches(' ').chars();
}

/// Answers whatever it is asked with one body.
#[derive(Debug, Clone)]
struct Recorded(Arc<Mutex<String>>);

impl HttpService for Recorded {
    fn call(
        &self,
        _: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        let body = self.0.lock().unwrap().clone();
        let answer = http::Response::builder()
            .header("content-type", "application/json;charset=UTF-8")
            .body(Body::from(body))
            .unwrap();
        Box::pin(async { Ok(answer) })
    }
}

#[derive(Debug)]
struct Ready;

impl Auth for Ready {
    async fn acquire(&self, _: &AuthContext) -> Result<AccessToken, AuthError> {
        AccessToken::new("token", "https://na1.salesforce.com")
    }
}

fn client(answer: &str) -> Salesforce {
    Salesforce::builder(Ready)
        .transport(Recorded(Arc::new(Mutex::new(answer.to_owned()))))
        .retry(RetryPolicy::never())
        .build()
        .unwrap()
}

#[tokio::test]
#[ignore = "needs FERROFORCE_FACTS"]
async fn facts_a_transaction_that_was_rolled_back() {
    let salesforce = client(&fixture("composite/camel_composite_failure_recorded.json"));
    let mut composite = salesforce.composite().all_or_none(true);
    let payments = salesforce.sobject("blng__Payment__c");
    let [first, second] = ["NewPayment1", "NewPayment2"]
        .map(|name| composite.add_as(name, payments.create(&json!({"Name": "x"}))));
    let outcomes = composite.send().await.unwrap();
    let cause = outcomes.get(second).unwrap_err();
    assert_eq!(cause.code(), Some(&ErrorCode::InvalidField));
    let undone = outcomes.get(first).unwrap_err();
    assert_eq!(undone.kind(), ErrorKind::RolledBack);
    let by = undone.rolled_back_by().unwrap();
    assert_eq!(by.code(), Some(&ErrorCode::InvalidField));
    assert!(undone.to_string().contains("NewPayment2"), "{undone}");
}

#[tokio::test]
#[ignore = "needs FERROFORCE_FACTS"]
async fn facts_queries_in_a_composite() {
    const NAMES: [&str; 4] = [
        "CCI__RefId__0__",
        "CCI__RefId__1__",
        "CCI__RefId__2__",
        "CCI__RefId__3__",
    ];
    let folder = "composite/cumulusci/TestCompositeParallelSalesforce";
    let cassette = fixture(&format!("{folder}.test_composite_parallel_salesforce.yaml"));
    let salesforce = client(&answers(&cassette)[1]);
    let mut composite = salesforce.composite();
    let query = || salesforce.query("SELECT Id FROM Account LIMIT 1");
    let asked = NAMES.map(|name| composite.add_as(name, query().page::<Value>()));
    let outcomes = composite.send().await.unwrap().all_succeeded().unwrap();
    for (number, reference) in asked.into_iter().enumerate() {
        let page = outcomes.get(reference).unwrap();
        assert!(page.done && page.total_size == 1);
        let field = ["Id", "Name"][number % 2];
        assert!(page.records[0][field].is_string());
    }

    let cassette = fixture(&format!("{folder}.test_reference_ids.yaml"));
    for (answer, names) in answers(&cassette)
        .iter()
        .zip([&["one", "two"][..], &["three"]])
    {
        let salesforce = client(answer);
        let mut composite = salesforce.composite();
        let asked: Vec<_> = names
            .iter()
            .map(|name| {
                let query = salesforce.query("SELECT Id FROM Account LIMIT 1");
                composite.add_as(name, query.page::<Value>())
            })
            .collect();
        let outcomes = composite.send().await.unwrap();
        for reference in asked {
            assert!(outcomes.get(reference).unwrap().records.is_empty());
        }
    }

    let cassette = fixture(&format!("{folder}.test_errors.yaml"));
    let salesforce = client(&answers(&cassette)[0]);
    let mut composite = salesforce.composite();
    let missing = salesforce.sobject("Foo").describe();
    let missing = composite.add_as(NAMES[0], missing);
    let error = composite.send().await.unwrap().get(missing).unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!(error.code(), Some(&ErrorCode::NotFound));

    let manual = folder.replace("/Test", "/ManualEditTest");
    let cassette = fixture(&format!("{manual}.test_http_headers.yaml"));
    let salesforce = client(&answers(&cassette)[0]);
    let mut composite = salesforce.composite();
    let since = "Thu, 03 Sep 2020 21:35:07 GMT";
    let asked = [0, 1, 2].map(|number| {
        let call = salesforce.describe_global();
        composite.add_as(NAMES[number], call.header("If-Modified-Since", since))
    });
    let outcomes = composite.send().await.unwrap();
    for reference in asked {
        let response = outcomes.response(reference).unwrap();
        assert_eq!(response.status(), 304);
        assert_eq!(response.headers()["etag"], "\"baf7f695\"");
        assert!(response.body().is_empty());
    }
}

#[tokio::test]
#[ignore = "needs FERROFORCE_FACTS"]
async fn facts_saved_rows() {
    let mut rows = 0;
    for name in [
        "TestUpsert.test_upsert__rest",
        "TestUpsert.test_upsert_complex_external_id_field_rest__duplicate_error",
        "TestUpdatesIntegrationTests.test_updates_task",
    ] {
        let cassette = fixture(&format!("rest/cumulusci/{name}.yaml"));
        for answer in answers(&cassette) {
            let Ok(recorded) = serde_json::from_str::<Vec<Value>>(&answer) else {
                continue;
            };
            let records = recorded.iter().map(|_| json!({"Email": "x"}));
            let collections = client(&answer).collections();
            let results = collections.upsert("Contact", "Email", records);
            for (result, recorded) in results.await.unwrap().iter().zip(&recorded) {
                rows += 1;
                let upserted = result.as_ref().unwrap();
                assert_eq!(upserted.id.unwrap().as_str(), recorded["id"]);
                assert_eq!(upserted.created, recorded["created"] == true);
            }
        }
    }
    assert!(rows > 20, "{rows} rows were read");
}
