use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::*;
use crate::script::{ORG, Reply, Script, form};
use crate::transport::TransportErrorKind;

const CALLBACK: &str = "http://localhost:1717/OauthRedirect";

const GRANTED: &str = r#"{"access_token":"00D!token","refresh_token":"5Aep!refresh",
    "id_token":"a.b.c","scope":"api refresh_token","instance_url":"https://acme.my.salesforce.com",
    "id":"https://login.salesforce.com/id/00D000000000001EAA/005000000000001AAA",
    "token_type":"Bearer","issued_at":"1728399904705","signature":"x"}"#;

fn cx(script: &Script) -> AuthContext {
    crate::script::context(script)
}

fn public() -> WebServer {
    WebServer::new("client&id", CALLBACK)
}

fn query(url: &Url) -> HashMap<String, String> {
    url.query_pairs().into_owned().collect()
}

fn callback(pending: &PendingSignIn, more: &str) -> String {
    format!("/OauthRedirect?state={}&{more}", pending.state.expose())
}

#[test]
fn the_address_asks_for_a_code_with_a_challenge() {
    let begun = public()
        .scopes(["api", "refresh_token"])
        .parameter("prompt", "login")
        .authorize()
        .unwrap();
    assert_eq!(
        begun.url.as_str().split('?').next(),
        Some("https://login.salesforce.com/services/oauth2/authorize")
    );
    let query = query(&begun.url);
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "client&id"),
        ("redirect_uri", CALLBACK),
        ("scope", "api refresh_token"),
        ("prompt", "login"),
        ("code_challenge_method", "S256"),
        ("state", begun.pending.state.expose()),
    ] {
        assert_eq!(query[name], value, "{name}");
    }
    let verifier = begun.pending.verifier.expose();
    assert_eq!(verifier.len(), 43);
    assert_eq!(
        query["code_challenge"],
        URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
    );
    assert!(!begun.url.as_str().contains(verifier));
}

#[test]
fn no_two_sign_ins_share_a_secret() {
    let [one, other] = [public(), public()].map(|app| app.authorize().unwrap().pending);
    assert_ne!(one.state, other.state);
    assert_ne!(one.verifier, other.verifier);
    assert_ne!(one.state, one.verifier);
}

#[test]
fn users_sign_in_where_the_app_says() {
    for host in [
        "https://test.salesforce.com",
        "https://acme.my.salesforce.com",
    ] {
        let begun = public().login_url(host).authorize().unwrap();
        assert!(begun.url.as_str().starts_with(host), "{}", begun.url);
    }
}

#[test]
fn settings_that_cannot_work_are_told_before_anything_is_sent() {
    for app in [
        WebServer::new("", CALLBACK),
        WebServer::new("id", "/callback"),
        public().client_secret(" "),
        public().login_url("http://login.example.com"),
        public().parameter("state", "mine"),
        public().parameter("scope", "api"),
    ] {
        let error = app.authorize().unwrap_err();
        assert_eq!(error.kind(), AuthErrorKind::Misconfigured, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_code_becomes_a_grant() {
    for callback_form in ["{}", "http://localhost:1717{}", "{}#fragment"] {
        let script = Script::replies([Reply::json(200, GRANTED)]);
        let pending = public().authorize().unwrap().pending;
        let brought = callback_form.replace("{}", &callback(&pending, "code=aPrx%3D%3D"));
        let grant = public()
            .finish(&cx(&script), pending.clone(), &brought)
            .await
            .unwrap();
        assert_eq!(grant.access_token().secret().expose(), "00D!token");
        assert_eq!(grant.access_token().origin(), ORG);
        assert_eq!(grant.refresh_token().unwrap().expose(), "5Aep!refresh");
        assert_eq!(grant.id_token().unwrap().expose(), "a.b.c");
        assert!(grant.has_scope("refresh_token") && !grant.has_scope("full"));
        assert_eq!(grant.org_and_user().unwrap().1, "005000000000001AAA");
        assert_eq!(
            script.sent()[0].uri.to_string(),
            "https://login.salesforce.com/services/oauth2/token"
        );
        let form = form(&script, 0);
        for (name, value) in [
            ("grant_type", "authorization_code"),
            ("code", "aPrx=="),
            ("client_id", "client&id"),
            ("redirect_uri", CALLBACK),
            ("code_verifier", pending.verifier.expose()),
        ] {
            assert_eq!(form[name], value, "{name}");
        }
        assert!(!form.contains_key("client_secret"), "a public app has none");
    }
}

#[tokio::test(start_paused = true)]
async fn a_confidential_app_sends_secret_and_verifier() {
    let script = Script::replies([Reply::json(200, GRANTED)]);
    let app = public().client_secret("s3cret");
    let pending = app.authorize().unwrap().pending;
    let brought = callback(&pending, "code=x");
    app.finish(&cx(&script), pending, &brought).await.unwrap();
    let form = form(&script, 0);
    assert_eq!(form["client_secret"], "s3cret");
    assert!(form.contains_key("code_verifier"));
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_may_end_in_another_process() {
    let script = Script::replies([Reply::json(200, GRANTED)]);
    let pending = public().authorize().unwrap().pending;
    let kept = serde_json::to_string(&pending).unwrap();
    let taken_up: PendingSignIn = serde_json::from_str(&kept).unwrap();
    let brought = callback(&pending, "code=x");
    public()
        .finish(&cx(&script), taken_up, &brought)
        .await
        .unwrap();
    assert_eq!(form(&script, 0)["code_verifier"], pending.verifier.expose());
}

#[tokio::test(start_paused = true)]
async fn a_redirect_of_another_sign_in_is_refused_before_sending() {
    let script = Script::replies([Reply::json(200, GRANTED)]);
    let (mine, other) = (public().authorize().unwrap(), public().authorize().unwrap());
    for brought in [
        callback(&other.pending, "code=x"),
        "/OauthRedirect?code=x".to_owned(),
        "/OauthRedirect?code=x&state=".to_owned(),
        format!(
            "/OauthRedirect?code=x&state={}x",
            mine.pending.state.expose()
        ),
        String::new(),
    ] {
        assert!(!mine.pending.is_answered_by(&brought));
        let error = public()
            .finish(&cx(&script), mine.pending.clone(), &brought)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), AuthErrorKind::StateMismatch, "{brought}");
    }
    let emptied: PendingSignIn = serde_json::from_str(r#"{"state":"","verifier":"x"}"#).unwrap();
    assert!(!emptied.is_answered_by("?code=x&state="));
    assert_eq!(script.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_redirect_that_says_no_is_told_in_salesforce_s_words() {
    let script = Script::replies([Reply::json(200, GRANTED)]);
    let pending = public().authorize().unwrap().pending;
    let brought = callback(
        &pending,
        "error=access_denied&error_description=end-user+denied+authorization",
    );
    let error = public()
        .finish(&cx(&script), pending.clone(), &brought)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), AuthErrorKind::Refused);
    assert_eq!(error.code(), Some("access_denied"));
    assert_eq!(error.description(), "end-user denied authorization");
    let error = public()
        .finish(&cx(&script), pending.clone(), &callback(&pending, "code="))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), AuthErrorKind::Unclear);
    assert_eq!(script.count(), 0);
}

/// A code that is used twice takes the tokens of its first use away.
#[tokio::test(start_paused = true)]
async fn a_code_that_was_sent_is_not_sent_again() {
    for lost in [
        Reply::Fail(TransportErrorKind::Interrupted),
        Reply::html(503),
        Reply::html(502),
        Reply::Cut(http::StatusCode::OK, "{\"access".into()),
        Reply::Never,
    ] {
        let script = Script::replies([lost, Reply::json(200, GRANTED)]);
        let pending = public().authorize().unwrap().pending;
        let brought = callback(&pending, "code=x");
        public()
            .finish(&cx(&script), pending, &brought)
            .await
            .unwrap_err();
        assert_eq!(script.count(), 1);
    }
    let script = Script::replies([
        Reply::Fail(TransportErrorKind::Connect),
        Reply::json(200, GRANTED),
    ]);
    let pending = public().authorize().unwrap().pending;
    let brought = callback(&pending, "code=x");
    public()
        .finish(&cx(&script), pending, &brought)
        .await
        .unwrap();
    assert_eq!(script.count(), 2, "what never left may be sent again");
}

#[tokio::test(start_paused = true)]
async fn refusals_of_the_exchange_come_with_advice() {
    for (code, description, advice) in [
        ("invalid_grant", "expired authorization code", "anew"),
        ("invalid_grant", "invalid code verifier", "verifier"),
        ("redirect_uri_mismatch", "redirect_uri must match", "port"),
    ] {
        let body = serde_json::json!({"error": code, "error_description": description});
        let script = Script::replies([Reply::json(400, &body.to_string())]);
        let pending = public().authorize().unwrap().pending;
        let brought = callback(&pending, "code=x");
        let error = public()
            .finish(&cx(&script), pending, &brought)
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (AuthErrorKind::Refused, Some(code))
        );
        assert!(error.advice().unwrap().contains(advice), "{error}");
        assert_eq!(script.count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_watches_sees_the_exchange_without_a_client() {
    use std::sync::{Arc, Mutex};

    let script = Script::replies([Reply::json(200, GRANTED)]);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let cx = AuthContext::builder()
        .transport(script)
        .observer(move |event: &crate::events::Event| log.lock().unwrap().push(event.name()))
        .auth_context()
        .unwrap();
    let pending = public().authorize().unwrap().pending;
    let brought = callback(&pending, "code=x");
    public().finish(&cx, pending, &brought).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), ["request", "api_call", "response"]);
}
