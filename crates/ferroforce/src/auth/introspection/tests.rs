use super::*;
use crate::script::{Counting, ORG, Reply, Script, builder, form};

fn salesforce(script: &Script) -> Salesforce {
    builder(Counting::tokens(), script)
        .org_url(ORG)
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_app_that_says_who_it_is_learns_of_a_token() {
    let script = Script::replies([Reply::json(
        200,
        r#"{"active":true,"scope":"api","client_id":"id","username":"ada@acme.com",
            "sub":"https://login.salesforce.com/id/1/2","token_type":"access_token",
            "exp":4102444800,"iat":4102440000,"nbf":4102440000}"#,
    )]);
    let about = salesforce(&script)
        .introspect(&Secret::new("00D!x"), "id", "s3cret")
        .await
        .unwrap();
    assert!(about.active);
    assert_eq!(about.username.as_deref(), Some("ada@acme.com"));
    let at = |seconds| Some(UNIX_EPOCH + Duration::from_secs(seconds));
    assert_eq!(about.expires_at(), at(4_102_444_800));
    assert_eq!(about.issued_at(), at(4_102_440_000));
    assert_eq!(about.not_before(), about.issued_at());
    let form = form(&script, 0);
    for (name, value) in [
        ("token", "00D!x"),
        ("client_id", "id"),
        ("client_secret", "s3cret"),
    ] {
        assert_eq!(form[name], value);
    }
    assert_eq!(script.sent()[0].token(), None, "asking does not use it");
}

#[tokio::test(start_paused = true)]
async fn of_a_token_that_has_ended_only_that_is_told() {
    let script = Script::replies([
        Reply::json(200, r#"{"active":false}"#),
        Reply::json(200, r#"{"active":true,"exp":18446744073709551615}"#),
    ]);
    let ask = async || {
        salesforce(&script)
            .introspect(&Secret::new("x"), "id", "s3cret")
            .await
            .unwrap()
    };
    let ended = ask().await;
    assert!(!ended.active && ended.expires_at().is_none());
    assert_eq!(ask().await.expires_at(), None, "no clock shows that");
}

#[tokio::test(start_paused = true)]
async fn an_app_that_is_refused_learns_nothing() {
    let body = r#"{"error":"invalid_client","error_description":"invalid client credentials"}"#;
    let script = Script::replies([Reply::json(401, body)]);
    let error = salesforce(&script)
        .introspect(&Secret::new("x"), "id", "wrong")
        .await
        .unwrap_err();
    assert_eq!(error.auth().unwrap().code(), Some("invalid_client"));
    assert_eq!(script.count(), 1);
    salesforce(&script)
        .introspect(&Secret::new("x"), "id", "")
        .await
        .unwrap_err();
    assert_eq!(script.count(), 1);
}
