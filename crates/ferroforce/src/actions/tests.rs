use serde_json::{Value, json};

use super::*;
use crate::script::{Counting, Reply, Script, client};
use crate::types::Record;

fn actions(script: &Script) -> Actions {
    client(Counting::tokens(), script).actions()
}

#[tokio::test(start_paused = true)]
async fn results_come_by_input_whether_they_succeeded_or_not() {
    let results = json!([
        {"actionName": "post", "errors": null, "isSuccess": true, "outputValues": {"feedItemId": "0D5"}, "invocationId": null, "outcome": null, "sortOrder": -1, "version": 1},
        {"actionName": "post", "errors": [{"statusCode": "INVALID_INPUT", "message": "no", "fields": ["text"]}], "isSuccess": false, "outputValues": null},
    ]);
    for status in [200, 400] {
        let script = Script::replies([Reply::json(status, &results.to_string())]);
        let action = actions(&script).custom("apex", "ns/post");
        let inputs = [json!({"text": "a"}), json!({"text": null})];
        let results = action.invoke::<Record>(&inputs).await.unwrap();
        assert_eq!(results.len(), 2);
        let values = results[0].output_values.as_ref().unwrap();
        assert_eq!(values.get::<&str>("feedItemId").unwrap(), "0D5");
        assert!(!results[1].is_success && results[1].output_values.is_none());
        assert_eq!(results[1].errors[0].code().as_str(), "INVALID_INPUT");
        let sent = &script.sent()[0];
        assert_eq!(
            sent.uri.path(),
            "/services/data/v66.0/actions/custom/apex/ns%2Fpost"
        );
        let body: Value = serde_json::from_slice(&sent.body).unwrap();
        assert_eq!(body, json!({"inputs": inputs}));
    }
}

#[tokio::test(start_paused = true)]
async fn a_bad_request_is_an_error_and_nothing_is_repeated() {
    let script = Script::replies([
        Reply::error(400, "JSON_PARSER_ERROR", "x"),
        Reply::html(503),
    ]);
    let action = actions(&script).standard("chatterPost");
    let error = action.invoke::<Record>(&[json!({})]).await.unwrap_err();
    assert_eq!(error.code().unwrap().as_str(), "JSON_PARSER_ERROR");
    let error = action.invoke::<Record>(&[json!({})]).await.unwrap_err();
    assert!(error.may_have_been_processed());
    assert_eq!(script.count(), 2);
    for inputs in [0, 201] {
        let inputs = vec![json!({}); inputs];
        let error = action.invoke::<Record>(&inputs).await.unwrap_err();
        assert!(error.is_before_send());
    }
    assert_eq!(script.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn lists_and_descriptions() {
    let script = Script::new(|sent, _| {
        let path = sent.uri.path();
        Reply::json(
            200,
            match path.strip_prefix("/services/data/v66.0/actions").unwrap() {
                "/standard" | "/custom/flow" => {
                    r#"{"actions":[{"label":"Post","name":"chatterPost","type":"CHATTERPOST","url":"/x"}]}"#
                }
                "/standard/chatterPost" => {
                    r#"{"label":"Post","name":"chatterPost","standard":true,"type":"CHATTERPOST","inputs":[{"name":"text","label":"Text","maxOccurs":1,"required":true,"sobjectType":null,"type":"STRING","byteLength":0}],"outputs":[{"name":"feedItemId","label":"Id","maxOccurs":1,"type":"REFERENCE"}]}"#
                }
                other => panic!("{other}"),
            },
        )
    });
    let actions = actions(&script);
    assert_eq!(
        actions.list_standard().await.unwrap()[0].name,
        "chatterPost"
    );
    assert_eq!(actions.list_custom("flow").await.unwrap().len(), 1);
    let post = actions.standard("chatterPost").describe().await.unwrap();
    assert!(post.standard && post.inputs[0].required);
    assert_eq!(post.outputs[0].kind.as_deref(), Some("REFERENCE"));
}

#[tokio::test(start_paused = true)]
async fn results_that_are_missing_are_an_error() {
    let done = r#"[{"actionName":"post","errors":null,"isSuccess":true,"outputValues":null}]"#;
    let failed = r#"[{"actionName":"post","errors":[{"statusCode":"LIMIT_EXCEEDED","message":"x"}],"isSuccess":false,"outputValues":null}]"#;
    let script = Script::replies([Reply::json(200, done), Reply::json(400, failed)]);
    let action = actions(&script).standard("post");
    let error = action.invoke::<Record>(&[1, 2]).await.unwrap_err();
    assert!(
        error.to_string().contains("1 results for 2 inputs"),
        "{error}"
    );
    assert!(error.may_have_been_processed());
    let error = action.invoke::<Record>(&[1, 2]).await.unwrap_err();
    assert_eq!(error.code().unwrap().as_str(), "LIMIT_EXCEEDED");
}

/// A lock undoes what the action did, so once more does it once.
#[tokio::test(start_paused = true)]
async fn an_action_that_met_locked_records_only_is_carried_out_again() {
    let result = |code: Option<&str>| match code {
        Some(code) => json!({
            "actionName": "post", "isSuccess": false, "outputValues": null,
            "errors": [{"statusCode": code, "message": "x", "fields": []}],
        }),
        None => json!({
            "actionName": "post", "isSuccess": true, "outputValues": null, "errors": null,
        }),
    };
    const LOCK: Option<&str> = Some("UNABLE_TO_LOCK_ROW");
    let done = Reply::json(200, &json!([result(None), result(None)]).to_string());
    let inputs = [json!({}), json!({})];

    let locked = Reply::json(400, &json!([result(LOCK), result(LOCK)]).to_string());
    for locked in [locked, Reply::error(400, "UNABLE_TO_LOCK_ROW", "x")] {
        let script = Script::replies([locked, done.clone()]);
        let action = actions(&script).standard("post");
        let results = action.invoke::<Record>(&inputs).await.unwrap();
        assert!(results.iter().all(|result| result.is_success));
        assert_eq!(script.count(), 2);
    }
    for (status, results) in [
        (200, [result(None), result(LOCK)]),
        (400, [result(Some("INVALID_INPUT")), result(LOCK)]),
    ] {
        let some = Reply::json(status, &json!(results).to_string());
        let script = Script::replies([some, done.clone()]);
        let action = actions(&script).standard("post");
        let results = action.invoke::<Record>(&inputs).await.unwrap();
        assert_eq!(results[1].errors[0].code().as_str(), "UNABLE_TO_LOCK_ROW");
        assert_eq!(script.count(), 1, "{status}");
    }
}
