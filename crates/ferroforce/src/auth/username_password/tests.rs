use super::*;
use crate::auth::AuthErrorKind;
use crate::script::{ORG, Reply, Script, builder, form};

const GRANTED: &str =
    r#"{"access_token":"00D!token","instance_url":"https://acme.my.salesforce.com"}"#;

fn flow() -> UsernamePassword {
    UsernamePassword::new("id", "s3cret", "ada@acme.com", "pass&").security_token("word")
}

#[tokio::test(start_paused = true)]
async fn the_security_token_follows_the_password() {
    let script = Script::replies([Reply::json(200, GRANTED)]);
    let salesforce = builder(flow(), &script).build().unwrap();
    salesforce.access_token().await.unwrap();
    assert_eq!(
        script.sent()[0].uri.to_string(),
        "https://login.salesforce.com/services/oauth2/token"
    );
    let form = form(&script, 0);
    for (name, value) in [
        ("grant_type", "password"),
        ("client_id", "id"),
        ("client_secret", "s3cret"),
        ("username", "ada@acme.com"),
        ("password", "pass&word"),
    ] {
        assert_eq!(form[name], value, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_password_is_submitted_again_only_if_nobody_looked_at_it() {
    use crate::transport::TransportErrorKind::{Connect, Interrupted};

    for (first, times) in [
        (Reply::Fail(Connect), 2),
        (Reply::html(503), 2),
        (Reply::Fail(Interrupted), 1),
        (Reply::html(500), 1),
        (
            Reply::json(
                400,
                r#"{"error":"invalid_grant","error_description":"authentication failure"}"#,
            ),
            1,
        ),
    ] {
        let script = Script::replies([first, Reply::json(200, GRANTED)]);
        let salesforce = builder(flow(), &script).org_url(ORG).build().unwrap();
        let outcome = salesforce.access_token().await;
        assert_eq!((outcome.is_ok(), script.count()), (times == 2, times));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_told_before_sending() {
    let script = Script::replies([Reply::json(200, GRANTED)]);
    for flow in [
        UsernamePassword::new("", "s", "u", "p"),
        UsernamePassword::new("id", "", "u", "p"),
        UsernamePassword::new("id", "s", "", "p"),
        UsernamePassword::new("id", "s", "u", ""),
    ] {
        let error = builder(flow, &script)
            .build()
            .unwrap()
            .access_token()
            .await
            .unwrap_err();
        assert_eq!(error.auth().unwrap().kind(), AuthErrorKind::Misconfigured);
    }
    assert_eq!(script.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_store_keeps_the_token_of_app_and_user() {
    use crate::auth::{MemoryStore, Session};

    let store = MemoryStore::new();
    let script = Script::replies([Reply::json(200, GRANTED)]);
    for (username, sign_ins) in [
        ("ada@acme.com", 1),
        ("ada@acme.com", 1),
        ("bob@acme.com", 2),
    ] {
        let flow = UsernamePassword::new("id", "s3cret", username, "password");
        let session = Session::builder(flow).store(store.clone()).build();
        let salesforce = builder(session, &script).org_url(ORG).build().unwrap();
        salesforce.access_token().await.unwrap();
        assert_eq!(script.count(), sign_ins);
    }
}
