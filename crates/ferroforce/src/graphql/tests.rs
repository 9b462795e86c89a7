use serde_json::{Value, json};

use super::*;
use crate::error::ErrorKind;
use crate::script::{Counting, Reply, Script, client};

#[tokio::test(start_paused = true)]
async fn data_and_variables() {
    let answer = r#"{"data":{"uiapi":{"n":1}},"errors":[]}"#;
    let script = Script::replies([Reply::html(503), Reply::json(200, answer)]);
    let document = GraphQl::new("query q($name: String) { uiapi }")
        .variables(&json!({"name": "O'Hara\" } mutation"}))
        .operation("q");
    let answer = client(Counting::tokens(), &script).graphql::<Value>(document);
    assert_eq!(answer.await.unwrap().ok().unwrap()["uiapi"]["n"], 1);
    let sent = &script.sent()[1];
    assert_eq!(sent.uri.path(), "/services/data/v66.0/graphql");
    let body: Value = serde_json::from_slice(&sent.body).unwrap();
    assert_eq!(
        body,
        json!({
            "query": "query q($name: String) { uiapi }",
            "operationName": "q",
            "variables": {"name": "O'Hara\" } mutation"},
        })
    );
}

#[tokio::test(start_paused = true)]
async fn errors_in_a_success_are_errors_and_keep_the_data() {
    let error = r#"{"message":"Cannot query field 'X'","locations":[{"line":2,"column":5}],"paths":["uiapi"],"extensions":{"ErrorType":"ValidationError"}}"#;
    let script = Script::replies([
        Reply::json(200, &format!(r#"{{"data":{{"a":1}},"errors":[{error}]}}"#)),
        Reply::json(
            200,
            &format!(r#"{{"data":{{"a":null}},"errors":[{error}]}}"#),
        ),
        Reply::json(200, r#"{"data":{"a":null}}"#),
        Reply::json(200, r#"{"data":null,"errors":null}"#),
    ]);
    #[derive(Debug, serde::Deserialize)]
    struct Data {
        a: u8,
    }
    let salesforce = client(Counting::tokens(), &script);
    let send = || salesforce.graphql::<Data>("query { a }");
    let errors = send().await.unwrap().ok().unwrap_err();
    assert_eq!(errors.data.as_ref().unwrap().a, 1);
    assert_eq!(
        errors.to_string(),
        "Cannot query field 'X' (line 2, column 5)"
    );
    let extensions = errors.errors[0].extensions.as_ref().unwrap();
    assert_eq!(extensions.json("ErrorType"), Some("\"ValidationError\""));
    assert_eq!(Error::from(errors).kind(), ErrorKind::Api);
    assert!(send().await.unwrap().ok().unwrap_err().data.is_none());
    assert_eq!(send().await.unwrap_err().kind(), ErrorKind::Decode);
    assert!(send().await.unwrap().ok().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_mutation_is_never_repeated() {
    let script = Script::replies([Reply::html(503)]);
    let salesforce = client(Counting::tokens(), &script);
    let document = "mutation m { uiapi { AccountCreate(input: {}) { Record { Id } } } }";
    let error = salesforce.graphql::<Value>(document).await.unwrap_err();
    assert!(error.may_have_been_processed());
    assert_eq!(script.count(), 1);
}
