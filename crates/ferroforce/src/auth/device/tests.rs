use super::*;
use crate::script::{Reply, Script, context, form};
use crate::transport::TransportErrorKind;

const GRANTED: &str = r#"{"access_token":"00D!token","refresh_token":"5Aep!refresh",
    "scope":"api refresh_token","instance_url":"https://acme.my.salesforce.com"}"#;

fn started(more: &str) -> Reply {
    Reply::json(
        200,
        &format!(
            r#"{{"device_code":"d3vice","user_code":"W9ZBQ9KN",
               "verification_uri":"https://acme.my.salesforce.com/setup/connect","interval":5{more}}}"#
        ),
    )
}

fn says(code: &str) -> Reply {
    let body = serde_json::json!({"error": code, "error_description": "words"});
    Reply::json(400, &body.to_string())
}

/// The outcome, and how many seconds it took from the start.
async fn sign_in(script: &Script) -> (Result<Grant, AuthError>, u64) {
    let cx = context(script);
    let code = DeviceFlow::new("id").start(&cx).await.unwrap();
    let begun = Instant::now();
    let outcome = code.wait(&cx).await;
    (outcome, begun.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn a_code_is_shown_and_asked_for_until_it_was_entered() {
    let pending = || says("authorization_pending");
    let script = Script::replies([started(""), pending(), pending(), Reply::json(200, GRANTED)]);
    let cx = context(&script);
    let flow = DeviceFlow::new("id").scopes(["api", "refresh_token"]);
    let code = flow.start(&cx).await.unwrap();
    assert_eq!(code.user_code(), "W9ZBQ9KN");
    assert_eq!(
        code.verification_uri().as_str(),
        "https://acme.my.salesforce.com/setup/connect"
    );
    assert_eq!(code.time_left(&cx), Duration::from_secs(600));
    let begun = Instant::now();
    let grant = code.wait(&cx).await.unwrap();
    assert_eq!(begun.elapsed(), Duration::from_secs(15));
    assert_eq!(grant.refresh_token().unwrap().expose(), "5Aep!refresh");

    let sent = form(&script, 0);
    assert_eq!(
        (&*sent["response_type"], &*sent["scope"]),
        ("device_code", "api refresh_token")
    );
    assert!(!sent.contains_key("client_secret"));
    let sent = form(&script, 3);
    assert_eq!(
        (&*sent["grant_type"], &*sent["code"], &*sent["client_id"]),
        ("device", "d3vice", "id")
    );
}

#[tokio::test(start_paused = true)]
async fn an_app_with_a_secret_sends_it_at_every_step() {
    let script = Script::replies([started(""), Reply::json(200, GRANTED)]);
    let cx = context(&script);
    let flow = DeviceFlow::new("id").client_secret("s3cret");
    flow.start(&cx).await.unwrap().wait(&cx).await.unwrap();
    for number in 0..2 {
        assert_eq!(form(&script, number)["client_secret"], "s3cret");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_too_often_asks_more_slowly_from_then_on() {
    let script = Script::replies([
        started(""),
        says("slow_down"),
        says("authorization_pending"),
        Reply::json(200, GRANTED),
    ]);
    let (outcome, seconds) = sign_in(&script).await;
    outcome.unwrap();
    assert_eq!(seconds, 5 + 10 + 10);
}

#[tokio::test(start_paused = true)]
async fn a_code_that_nobody_enters_ends() {
    let script = Script::replies([
        started(r#","expires_in":60"#),
        says("authorization_pending"),
    ]);
    let (outcome, seconds) = sign_in(&script).await;
    assert_eq!(outcome.unwrap_err().kind(), AuthErrorKind::Deadline);
    assert!(seconds <= 60, "{seconds}");
    assert_eq!(script.count(), 1 + 11);
}

#[tokio::test(start_paused = true)]
async fn a_user_who_says_no_ends_it() {
    for code in ["access_denied", "expired_token", "invalid_grant"] {
        let script = Script::replies([started(""), says(code)]);
        let (outcome, _) = sign_in(&script).await;
        let error = outcome.unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (AuthErrorKind::Refused, Some(code))
        );
        assert_eq!(script.count(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn salesforce_not_answering_for_a_while_does_not_end_it() {
    let script = Script::replies([
        started(""),
        Reply::html(503),
        Reply::Fail(TransportErrorKind::Connect),
        says("server_error"),
        Reply::json(200, GRANTED),
    ]);
    sign_in(&script).await.0.unwrap();
}

/// The answer that was lost may have been the one with the tokens.
#[tokio::test(start_paused = true)]
async fn a_lost_answer_ends_it() {
    for lost in [
        Reply::Fail(TransportErrorKind::Interrupted),
        Reply::Cut(http::StatusCode::OK, "{\"access".into()),
        Reply::Never,
    ] {
        let script = Script::replies([started(""), lost, Reply::json(200, GRANTED)]);
        let (outcome, _) = sign_in(&script).await;
        assert_eq!(outcome.unwrap_err().kind(), AuthErrorKind::Unclear);
        assert_eq!(script.count(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn odd_answers_to_the_start_do_no_harm() {
    for body in [
        "{}",
        "[]",
        r#"{"device_code":"d","user_code":"u","verification_uri":"javascript:alert(1)"}"#,
        r#"{"device_code":"d","user_code":"u","verification_uri":"http://evil.example/"}"#,
    ] {
        let script = Script::replies([Reply::json(200, body)]);
        let error = DeviceFlow::new("id")
            .start(&context(&script))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), AuthErrorKind::Unclear, "{body}");
    }
    // Neither a hot loop nor a wait for ever.
    let script = Script::replies([
        started(r#","expires_in":18446744073709551615"#),
        Reply::json(200, GRANTED),
    ]);
    sign_in(&script).await.0.unwrap();
    let eager = Reply::json(
        200,
        r#"{"device_code":"d","user_code":"u","verification_uri":"https://x.example/","interval":0}"#,
    );
    let script = Script::replies([
        eager,
        says("authorization_pending"),
        Reply::json(200, GRANTED),
    ]);
    assert_eq!(sign_in(&script).await.1, 2);
}
