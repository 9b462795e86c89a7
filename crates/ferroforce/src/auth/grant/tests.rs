use super::*;
use crate::auth::{AuthErrorKind, MemoryStore, WebServer};
use crate::client::Salesforce;
use crate::script::{ORG, Reply, Script, builder, client, context, form};

fn granted(access: &str, refresh: Option<&str>) -> Reply {
    let body = serde_json::json!({
        "access_token": access, "refresh_token": refresh, "instance_url": ORG,
    });
    Reply::json(200, &body.to_string())
}

/// A grant of `00D!1`, at test.salesforce.com, by an app with a secret.
async fn grant(refresh_token: Option<&str>) -> Grant {
    let script = Script::replies([granted("00D!1", refresh_token)]);
    let app = WebServer::new("id", "https://app.example.com/callback")
        .client_secret("s3cret")
        .login_url("https://test.salesforce.com");
    let begun = app.authorize().unwrap();
    let (_, state) = begun
        .url
        .query_pairs()
        .find(|(name, _)| name == "state")
        .unwrap();
    let callback = format!("?code=x&state={state}");
    app.finish(&context(&script), begun.pending, &callback)
        .await
        .unwrap()
}

async fn call(salesforce: &Salesforce) -> crate::Result<()> {
    let answer = salesforce.request(http::Method::GET, "/x").send().await;
    answer.map(drop)
}

#[tokio::test(start_paused = true)]
async fn a_client_goes_on_with_the_tokens_that_it_is_given() {
    let script = Script::replies([
        Reply::json(200, "{}"),
        Reply::expired(),
        granted("00D!2", Some("5Aep!2")),
        Reply::json(200, "{}"),
        Reply::expired(),
        granted("00D!3", None),
        Reply::json(200, "{}"),
    ]);
    let salesforce = client(grant(Some("5Aep!1")).await, &script);
    for _ in 0..3 {
        call(&salesforce).await.unwrap();
    }
    let sent = script.sent();
    assert_eq!(sent[0].token(), Some("00D!1"), "no sign-in comes first");
    assert_eq!(
        sent[2].uri.to_string(),
        "https://test.salesforce.com/services/oauth2/token"
    );
    let first = form(&script, 2);
    for (name, value) in [
        ("grant_type", "refresh_token"),
        ("refresh_token", "5Aep!1"),
        ("client_id", "id"),
        ("client_secret", "s3cret"),
    ] {
        assert_eq!(first[name], value, "{name}");
    }
    assert_eq!(form(&script, 5)["refresh_token"], "5Aep!2", "the new one");
    assert_eq!(sent[6].token(), Some("00D!3"));
}

#[tokio::test(start_paused = true)]
async fn without_a_refresh_token_it_ends_with_the_access_token() {
    let grant = grant(None).await;
    let error = grant.refresh_flow().unwrap_err();
    assert!(error.description().contains("refresh_token"), "{error}");
    let script = Script::replies([Reply::json(200, "{}"), Reply::expired()]);
    let salesforce = client(grant, &script);
    call(&salesforce).await.unwrap();
    let error = call(&salesforce).await.unwrap_err();
    assert_eq!(error.auth().unwrap().kind(), AuthErrorKind::SignInAgain);
    assert_eq!(script.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stored_grant_serves_another_program() {
    let store = MemoryStore::new();
    let session = |flow: RefreshToken| Session::builder(flow).store(store.clone()).build();
    let quiet = Script::replies([Reply::json(200, "{}")]);
    let flow = grant(Some("5Aep!1")).await.refresh_flow().unwrap();
    let first = builder(session(flow.user("ada")), &quiet).build().unwrap();
    first.access_token().await.unwrap();
    let flow = RefreshToken::stored("id", "ada").login_url("https://test.salesforce.com");
    let second = builder(session(flow), &quiet).build().unwrap();
    call(&second).await.unwrap();
    assert_eq!(quiet.count(), 1);
    assert_eq!(quiet.sent()[0].token(), Some("00D!1"));
}

/// The next program must not take a token for fresh that the store has had for long.
#[tokio::test(start_paused = true)]
async fn a_stored_token_that_replaced_another_is_replaced_in_its_turn() {
    let store = MemoryStore::new();
    let script = Script::replies([
        Reply::expired(),
        granted("00D!2", Some("5Aep!2")),
        Reply::json(200, "{}"),
        Reply::expired(),
        granted("00D!3", Some("5Aep!3")),
        Reply::json(200, "{}"),
    ]);
    let flow = grant(Some("5Aep!1")).await.refresh_flow().unwrap();
    let [first, second] = [flow.user("ada"), RefreshToken::stored("id", "ada")].map(|flow| {
        let flow = flow.login_url("https://test.salesforce.com");
        client(Session::builder(flow).store(store.clone()).build(), &script)
    });
    call(&first).await.unwrap();
    tokio::time::advance(std::time::Duration::from_secs(120)).await;
    call(&second).await.unwrap();
    assert_eq!(script.sent()[5].token(), Some("00D!3"));
}
