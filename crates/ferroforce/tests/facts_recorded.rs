//! Recorded answers of real orgs, read by the client.
//!
//! Some were made simpler by those who published them: ids such as `some_id`
//! are none, so the answers that consist of one are left out here
//! (`create_success_response.json`, `upsert_created_success_response.json`).

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use ferroforce::auth::{AccessToken, Auth, AuthContext, AuthError, ClientCredentials, SoapLogin};
use ferroforce::describe::FieldType;
use ferroforce::retry::RetryPolicy;
use ferroforce::tooling::ApexTests;
use ferroforce::transport::{Body, BoxFuture, HttpService, TransportError};
use ferroforce::{DateTime, ErrorCode, ErrorKind, Record, Salesforce};
use futures_util::TryStreamExt;
use serde_json::{Value, json};

const NEEDS: &str = "FERROFORCE_FACTS names the folder of recorded responses";

fn fixture(path: &str) -> Vec<u8> {
    let folder = PathBuf::from(std::env::var("FERROFORCE_FACTS").expect(NEEDS));
    let path = folder.join("fixtures").join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Answers with these bodies in this order, and keeps those that it was sent.
#[derive(Debug, Clone)]
struct Recorded(Arc<Vec<(u16, Vec<u8>)>>, Arc<Mutex<Vec<Bytes>>>);

impl Recorded {
    fn new(answers: &[(u16, &str)]) -> Self {
        let answers = answers
            .iter()
            .map(|(status, path)| (*status, fixture(path)));
        Self(Arc::new(answers.collect()), Arc::default())
    }
}

impl HttpService for Recorded {
    fn call(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        let mut sent = self.1.lock().unwrap();
        let number = sent.len();
        sent.push(request.body().as_bytes().cloned().unwrap_or_default());
        let (status, body) = self.0[number].clone();
        let answer = http::Response::builder()
            .status(status)
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

fn client(auth: impl Auth, answers: &[(u16, &str)]) -> Salesforce {
    client_of(auth, Recorded::new(answers))
}

fn client_of(auth: impl Auth, recorded: Recorded) -> Salesforce {
    Salesforce::builder(auth)
        .transport(recorded)
        .retry(RetryPolicy::never())
        .build()
        .unwrap()
}

#[tokio::test]
#[ignore = "needs FERROFORCE_FACTS"]
async fn facts_soap_login() {
    let soap = || SoapLogin::new("foo@bar.com", "password");
    let salesforce = client(soap(), &[(200, "soap/metaforce_login_success.xml")]);
    let token = salesforce.access_token().await.unwrap();
    assert_eq!(
        token.origin(),
        "https://na12.salesforce.com",
        "the -api host is the same instance"
    );
    assert_eq!(
        token.secret().expose(),
        "00DU0000000Ilbh!EXAMPLE.redacted_sample_token"
    );
    let left = token
        .expiry()
        .unwrap()
        .duration_since(std::time::SystemTime::now())
        .unwrap();
    assert!((7100..=7200).contains(&left.as_secs()));

    let salesforce = client(soap(), &[(500, "soap/metaforce_login_failure.xml")]);
    let error = salesforce.access_token().await.unwrap_err();
    let auth = error.auth().unwrap();
    assert_eq!(auth.code(), Some("INVALID_LOGIN"));
    assert_eq!(
        auth.description(),
        "Invalid username, password, security token; or user locked out."
    );

    let salesforce = client(soap(), &[(500, "soap/metaforce_foo_invalid_session.xml")]);
    let error = salesforce.access_token().await.unwrap_err();
    assert_eq!(error.auth().unwrap().code(), Some("INVALID_SESSION_ID"));
}

#[tokio::test]
#[ignore = "needs FERROFORCE_FACTS"]
async fn facts_oauth_tokens_and_errors() {
    let flow = || ClientCredentials::new("id", "secret").login_url("https://na1.salesforce.com");
    for path in [
        "oauth/auth_success_response.json",
        "oauth/refresh_success_response.json",
        "oauth/reauth_success_response.json",
    ] {
        let token = client(flow(), &[(200, path)]).access_token().await.unwrap();
        assert_eq!(token.origin(), "https://na1.salesforce.com", "{path}");
        assert!(token.org_and_user().is_some(), "{path}");
    }
    let cases = [
        (
            "oauth/auth_error_response.json",
            "authentication failure - Invalid Password",
        ),
        (
            "oauth/refresh_error_response.json",
            "expired access/refresh token",
        ),
    ];
    for (path, description) in cases {
        let error = client(flow(), &[(400, path)])
            .access_token()
            .await
            .unwrap_err();
        let auth = error.auth().unwrap();
        assert_eq!(
            (auth.code(), auth.description()),
            (Some("invalid_grant"), description)
        );
        assert!(auth.advice().is_some() && !auth.is_transient());
    }
}

#[tokio::test]
#[ignore = "needs FERROFORCE_FACTS"]
async fn facts_rest_errors() {
    let cases = [
        (
            401,
            "expired_session_response",
            "INVALID_SESSION_ID",
            "Session expired or invalid",
        ),
        (
            400,
            "write_error_response",
            "INVALID_FIELD",
            "No such column 'foo' on sobject of type Bar",
        ),
        (
            400,
            "query_error_response",
            "INVALID_FIELD",
            "error_message",
        ),
        (
            404,
            "sobject_find_error_response",
            "NOT_FOUND",
            "Provided external ID field does not exist or is not accessible: 23foo",
        ),
        (
            404,
            "delete_error_response",
            "NOT_FOUND",
            "Provided external ID field does not exist or is not accessible: rid",
        ),
        (
            404,
            "upsert_error_response",
            "NOT_FOUND",
            "Provided external ID field does not exist or is not accessible: Namez",
        ),
        (
            400,
            "search_error_response",
            "MALFORMED_SEARCH",
            "No search term found. The search term must be enclosed in braces.",
        ),
        (
            404,
            "sobject_describe_error_response",
            "NOT_FOUND",
            "The requested resource does not exist",
        ),
    ];
    for (status, name, code, message) in cases {
        let path = format!("rest/restforce/{name}.json");
        // An expired session is renewed once, so it is answered twice.
        let salesforce = client(Ready, &[(status, &path), (status, &path)]);
        let error = salesforce
            .request(http::Method::GET, "/x")
            .send()
            .await
            .unwrap_err();
        let first = &error.api_errors()[0];
        assert_eq!(
            (first.code(), first.message()),
            (&ErrorCode::from(code), message),
            "{name}"
        );
        assert_eq!(error.is_not_found(), status == 404, "{name}");
    }
    let salesforce = client(
        Ready,
        &[(300, "rest/restforce/upsert_multiple_error_response.json")],
    );
    let by_key = salesforce.sobject("Whizbang").external_id("Ext__c", "x");
    let error = by_key.upsert(&json!({})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MultipleMatches);
    assert!(
        error
            .to_string()
            .contains("/services/data/v23.0/sobjects/Whizbang/bar"),
        "{error}"
    );
}

#[tokio::test]
#[ignore = "needs FERROFORCE_FACTS"]
async fn facts_query_pages() {
    let pages = ["first", "last"]
        .map(|page| format!("rest/restforce/query_paginated_{page}_page_response.json"));
    let salesforce = client(Ready, &[(200, &pages[0]), (200, &pages[1])]);
    let rows: Vec<Record> = salesforce
        .query("SELECT Text_Label FROM Whizbang")
        .records()
        .try_collect()
        .await
        .unwrap();
    let labels: Vec<String> = rows
        .iter()
        .map(|row| row.get("Text_Label").unwrap())
        .collect();
    assert_eq!(labels, ["First Page", "Last Page"]);

    let salesforce = client(
        Ready,
        &[(200, "rest/restforce/query_success_response.json")],
    );
    let row: Record = salesforce
        .query("SELECT Id FROM Whizbang")
        .records()
        .try_next()
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.object(), Some("Whizbang"));
    assert_eq!(
        row.get::<String>("ParentWhizbang__r.Name").unwrap(),
        "Parent Whizbang"
    );

    let salesforce = client(
        Ready,
        &[(200, "rest/restforce/query_aggregate_success_response.json")],
    );
    let rows: Vec<Record> = salesforce
        .query("SELECT CampaignId, COUNT(Id) FROM T GROUP BY CampaignId")
        .records()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(
        rows.iter()
            .map(|row| row.json("expr0").unwrap())
            .collect::<Vec<_>>(),
        ["300.0", "100.0", "400"]
    );

    let salesforce = client(Ready, &[(200, "rest/restforce/query_empty_response.json")]);
    assert!(
        salesforce
            .query("SELECT Id FROM T")
            .fetch_all::<Value>()
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
#[ignore = "needs FERROFORCE_FACTS"]
async fn facts_describes_and_whole_records() {
    for name in [
        "Account",
        "Case",
        "Contact",
        "Custom__c",
        "Event",
        "Lead",
        "Opportunity",
        "OpportunityContactRole",
    ] {
        let path = format!("describe/{name}.json");
        let salesforce = client(Ready, &[(200, &path)]);
        let describe: Value = salesforce
            .request(http::Method::GET, "/describe")
            .json()
            .await
            .unwrap();
        assert!(!describe["fields"].as_array().unwrap().is_empty(), "{name}");
    }
    let salesforce = client(Ready, &[(200, "rest/GET_sobjects_Organization_id.json")]);
    let record: Record = salesforce
        .request(http::Method::GET, "/x")
        .json()
        .await
        .unwrap();
    assert_eq!(record.get::<String>("Address.country").unwrap(), "US");
    let whole = serde_json::to_value(&record).unwrap();
    let keys = whole.as_object().unwrap().len();
    assert_eq!(record.fields().count(), keys - 1, "all but its attributes");
}

#[tokio::test]
#[ignore = "needs FERROFORCE_FACTS"]
async fn facts_descriptions() {
    let names = [
        "Account",
        "Case",
        "Contact",
        "Event",
        "Lead",
        "Opportunity",
        "Custom__c",
    ];
    let files: Vec<_> = names
        .iter()
        .map(|name| (200, format!("describe/{name}.json")))
        .chain([(200, "describe/describeGlobal.json".to_owned())])
        .collect();
    let answers: Vec<_> = files
        .iter()
        .map(|(status, path)| (*status, path.as_str()))
        .collect();
    let salesforce = client(Ready, &answers);
    for (name, (_, file)) in names.iter().zip(&files) {
        let described = salesforce.sobject(*name).describe().await.unwrap();
        let recorded: Value = serde_json::from_slice(&fixture(file)).unwrap();
        assert_eq!(described.name, recorded["name"]);
        let url = described.urls.get("rowTemplate").map(String::as_str);
        assert_eq!(url, recorded["urls"]["rowTemplate"].as_str());
        let children = recorded["childRelationships"].as_array().unwrap();
        assert_eq!(described.child_relationships.len(), children.len());
        let fields = recorded["fields"].as_array().unwrap();
        assert_eq!(described.fields.len(), fields.len());
        for (field, recorded) in described.fields.iter().zip(fields) {
            assert_eq!(
                field.field_type.as_str(),
                recorded["type"],
                "{name}.{}",
                field.name
            );
            assert_ne!(
                field.field_type,
                FieldType::Other(field.field_type.as_str().into())
            );
            assert_eq!(field.length, recorded["length"]);
            assert_eq!(field.nillable, recorded["nillable"]);
            let values = recorded["picklistValues"].as_array().unwrap();
            assert_eq!(field.picklist_values.len(), values.len());
            // What has no name here is still there.
            assert_eq!(field.more.json("sortable"), None);
            let more = field.more.get::<bool>("writeRequiresMasterRead").unwrap();
            assert_eq!(more, recorded["writeRequiresMasterRead"].as_bool());
        }
    }
    let global = salesforce.describe_global().await.unwrap();
    assert_eq!(global.max_batch_size, 200);
    assert_eq!(
        global.sobject("case").unwrap().key_prefix.as_deref(),
        Some("500")
    );
}

#[tokio::test]
#[ignore = "needs FERROFORCE_FACTS"]
async fn facts_deleted_and_updated_records() {
    let salesforce = client(
        Ready,
        &[
            (200, "rest/restforce/get_deleted_success_response.json"),
            (200, "rest/restforce/get_updated_success_response.json"),
        ],
    );
    let rows = salesforce.sobject("Whizbang");
    let start: DateTime = "2002-07-03T15:57:00Z".parse().unwrap();
    let end: DateTime = "2002-07-04T15:57:00Z".parse().unwrap();
    let deleted = rows.deleted(start, end).await.unwrap();
    assert!(!deleted.records.is_empty());
    assert!(deleted.earliest_available < deleted.latest_covered);
    let updated = rows.updated(start, end).await.unwrap();
    assert!(!updated.ids.is_empty());
}

/// What starts tests is sent as it was recorded, and its answer is the id of a job.
#[tokio::test]
#[ignore = "needs FERROFORCE_FACTS"]
async fn facts_tests_in_the_background() {
    let cassette = fixture(
        "rest/cumulusci/ManualEditTestApexIntegrationTests.test_run_tests__integration_test.yaml",
    );
    let cassette = String::from_utf8(cassette).unwrap();
    // Texts in single quotes, in which nothing is escaped.
    let quoted = |text: &str| text.split('\'').nth(1).unwrap().to_owned();
    let (before, after) = cassette
        .split_once("/tooling/runTestsAsynchronous")
        .unwrap();
    let asked = quoted(before.rsplit_once("body:").unwrap().1);
    let answer = quoted(after.split_once("string:").unwrap().1);
    let asked: Value = serde_json::from_str(&asked).unwrap();
    let job: String = serde_json::from_str(&answer).unwrap();
    assert_eq!(job.len(), 15);

    let answers = vec![(200, answer.into_bytes())];
    let recorded = Recorded(Arc::new(answers), Arc::default());
    let tooling = client_of(Ready, recorded.clone()).tooling();
    let ids = asked["classids"].as_str().unwrap().split(',');
    let tests = ids.fold(ApexTests::new(), ApexTests::class);
    let started = tooling.run_tests_in_background(&tests).await.unwrap();
    assert_eq!(started.short(), job);
    let sent = recorded.1.lock().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&sent[0]).unwrap(), asked);
}
