use super::*;
use crate::auth::{AuthErrorKind, ClientCredentials, MemoryStore, RefreshToken, Session};
use crate::script::{Counting, ORG, Reply, Script, builder, client, form};

fn says(code: &str) -> Reply {
    let body = serde_json::json!({"error": code, "error_description": "words"});
    Reply::json(400, &body.to_string())
}

fn done() -> Reply {
    Reply::Answer(http::StatusCode::OK, Vec::new(), bytes::Bytes::new())
}

#[tokio::test(start_paused = true)]
async fn a_token_is_revoked_at_its_org_without_a_sign_in() {
    let script = Script::replies([done()]);
    let auth = Counting::tokens();
    let salesforce = builder(auth.clone(), &script).org_url(ORG).build().unwrap();
    salesforce.revoke(&Secret::new("5Aep!x")).await.unwrap();
    let sent = &script.sent()[0];
    assert_eq!(
        sent.uri.to_string(),
        format!("{ORG}/services/oauth2/revoke")
    );
    assert_eq!(sent.token(), None);
    assert_eq!(form(&script, 0)["token"], "5Aep!x");
    assert_eq!(auth.sign_ins(), 0);
}

#[tokio::test(start_paused = true)]
async fn revoking_what_is_no_token_is_an_error_and_is_asked_for_once() {
    let script = Script::replies([says("invalid_token")]);
    let salesforce = builder(Counting::tokens(), &script)
        .org_url(ORG)
        .build()
        .unwrap();
    let error = salesforce.revoke(&Secret::new("x")).await.unwrap_err();
    assert_eq!(error.auth().unwrap().code(), Some("invalid_token"));
    assert_eq!(script.count(), 1);
    salesforce.revoke(&Secret::new("")).await.unwrap_err();
    assert_eq!(script.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_logout_ends_the_token_and_the_next_call_signs_in_anew() {
    let script = Script::new(|sent, _| match sent.uri.path() {
        "/services/oauth2/revoke" => done(),
        _ => Reply::json(200, "{}"),
    });
    let auth = Counting::tokens();
    let salesforce = client(auth.clone(), &script);
    let call = || salesforce.request(http::Method::GET, "/x").send();
    call().await.unwrap();
    salesforce.log_out().await.unwrap();
    assert_eq!(form(&script, 1)["token"], "token-1");
    call().await.unwrap();
    assert_eq!(script.sent()[2].token(), Some("token-2"));
    assert_eq!(auth.sign_ins(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_logout_of_nobody_sends_nothing() {
    let script = Script::replies([done()]);
    let auth = Counting::tokens();
    client(auth.clone(), &script).log_out().await.unwrap();
    assert_eq!((auth.sign_ins(), script.count()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_has_ended_already_is_logged_out_and_trouble_is_not() {
    for (answer, works) in [
        (says("invalid_token"), true),
        (says("unsupported_token_type"), true),
        (says("invalid_request"), false),
        (Reply::html(404), false),
    ] {
        let script = Script::replies([answer]);
        let salesforce = client(Counting::tokens(), &script);
        salesforce.access_token().await.unwrap();
        let outcome = salesforce.log_out().await;
        assert_eq!(outcome.is_ok(), works);
        // What may go on is not forgotten.
        let token = salesforce.access_token().await.unwrap();
        let expected = if works { "token-2" } else { "token-1" };
        assert_eq!(token.secret().expose(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_context_without_a_client_has_no_session() {
    let script = Script::replies([done()]);
    let client = AuthContext::builder().transport(script).build().unwrap();
    let error = client.access_token().await.unwrap_err();
    assert_eq!(error.auth().unwrap().kind(), AuthErrorKind::Misconfigured);
}

fn granted(number: usize) -> Reply {
    let body = serde_json::json!({
        "access_token": format!("00D!{number}"), "refresh_token": format!("5Aep!{number}"),
        "instance_url": ORG,
    });
    Reply::json(200, &body.to_string())
}

/// An org that takes tokens until they are revoked.
fn org() -> Script {
    let revoked = std::sync::atomic::AtomicBool::new(false);
    Script::new(move |sent, number| {
        use std::sync::atomic::Ordering::SeqCst;
        match sent.uri.path() {
            "/services/oauth2/revoke" => {
                revoked.store(true, SeqCst);
                done()
            }
            "/services/oauth2/token" => {
                revoked.store(false, SeqCst);
                granted(number)
            }
            _ if revoked.load(SeqCst) => Reply::expired(),
            _ => Reply::json(200, "{}"),
        }
    })
}

#[tokio::test(start_paused = true)]
async fn a_logout_ends_it_for_all_who_share_a_refresh_token() {
    let (script, store) = (org(), MemoryStore::new());
    let program = || {
        let flow = RefreshToken::new("id", "5Aep!first").user("ada");
        let session = Session::builder(flow).store(store.clone()).build();
        builder(session, &script).org_url(ORG).build().unwrap()
    };
    let (one, other) = (program(), program());
    let call = async |salesforce: &Salesforce| {
        let answer = salesforce.request(http::Method::GET, "/x").send().await;
        answer.map(drop)
    };
    call(&one).await.unwrap();
    call(&other).await.unwrap();
    one.log_out().await.unwrap();
    let revoked = script.count() - 1;
    assert_eq!(form(&script, revoked)["token"], "5Aep!0", "the newest one");
    for salesforce in [&other, &one] {
        let error = call(salesforce).await.unwrap_err();
        assert_eq!(error.auth().unwrap().kind(), AuthErrorKind::SignInAgain);
        assert_eq!(error.auth().unwrap().code(), Some("logged_out"));
    }
    // Nobody asked for a token with what is dead.
    let asked = script
        .sent()
        .into_iter()
        .filter(|sent| sent.uri.path().ends_with("/token"));
    assert_eq!(asked.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_program_that_has_not_called_yet_ends_what_the_store_has() {
    let (script, store) = (org(), MemoryStore::new());
    let program = || {
        let flow = ClientCredentials::new("id", "secret");
        let session = Session::builder(flow).store(store.clone()).build();
        builder(session, &script).org_url(ORG).build().unwrap()
    };
    let one = program();
    one.access_token().await.unwrap();
    program().log_out().await.unwrap();
    assert_eq!(form(&script, 1)["token"], "5Aep!0");
    // Credentials sign in anew, once for all.
    one.request(http::Method::GET, "/x").send().await.unwrap();
    program().access_token().await.unwrap();
    let asked = script
        .sent()
        .into_iter()
        .filter(|sent| sent.uri.path().ends_with("/token"));
    assert_eq!(asked.count(), 2);
}
