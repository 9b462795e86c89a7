use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::script::{ORG, Reply, Script, builder, form};

fn granted(token: &str) -> Reply {
    let body = serde_json::json!({"access_token": token, "instance_url": ORG});
    Reply::json(200, &body.to_string())
}

/// Tokens `subject-1`, `subject-2`, …
fn provider() -> impl Fn() -> std::future::Ready<Result<Secret, AuthError>> {
    let issued = AtomicUsize::new(0);
    move || {
        let number = issued.fetch_add(1, Ordering::SeqCst) + 1;
        std::future::ready(Ok(format!("subject-{number}").into()))
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_of_the_provider_is_handed_over_with_its_kind() {
    let script = Script::replies([granted("00D!1")]);
    let flow = TokenExchange::new("id", SubjectTokenType::IdToken, provider())
        .client_secret("s3cret")
        .handler("Handler")
        .scopes(["api", "web"]);
    let salesforce = builder(flow, &script).org_url(ORG).build().unwrap();
    salesforce.access_token().await.unwrap();
    let form = form(&script, 0);
    for (name, value) in [
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ),
        (
            "subject_token_type",
            "urn:ietf:params:oauth:token-type:id_token",
        ),
        ("subject_token", "subject-1"),
        ("client_id", "id"),
        ("client_secret", "s3cret"),
        ("token_handler", "Handler"),
        ("scope", "api web"),
    ] {
        assert_eq!(form[name], value, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_renewal_takes_a_new_token_of_the_provider() {
    let script = Script::replies([
        granted("00D!1"),
        Reply::expired(),
        granted("00D!2"),
        Reply::json(200, "{}"),
    ]);
    let flow = TokenExchange::new("id", SubjectTokenType::Jwt, provider());
    let salesforce = builder(flow, &script).org_url(ORG).build().unwrap();
    salesforce
        .request(http::Method::GET, "/x")
        .send()
        .await
        .unwrap();
    let first = form(&script, 0);
    assert_eq!(first["subject_token"], "subject-1");
    assert!(!first.contains_key("client_secret") && !first.contains_key("token_handler"));
    assert_eq!(form(&script, 2)["subject_token"], "subject-2");
}

#[tokio::test(start_paused = true)]
async fn what_the_provider_refuses_is_the_error() {
    let script = Script::replies([granted("00D!1")]);
    let refuses = || async { Err(AuthError::new(AuthErrorKind::Refused, "not today")) };
    let flow = TokenExchange::new("id", SubjectTokenType::Saml2, refuses);
    let salesforce = builder(flow, &script).org_url(ORG).build().unwrap();
    let error = salesforce.access_token().await.unwrap_err();
    assert_eq!(error.auth().unwrap().description(), "not today");
    assert_eq!(script.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn tokens_are_exchanged_at_my_domain_only() {
    let script = Script::replies([granted("00D!1")]);
    let flow = TokenExchange::new("id", SubjectTokenType::AccessToken, provider());
    let salesforce = builder(flow, &script).build().unwrap();
    let error = salesforce.access_token().await.unwrap_err();
    assert!(error.to_string().contains("My Domain"), "{error}");
    assert_eq!(script.count(), 0);
}

/// The org's handler may have made a user of it.
#[tokio::test(start_paused = true)]
async fn an_exchange_that_may_have_happened_is_not_repeated() {
    let broken = Reply::Fail(crate::transport::TransportErrorKind::Interrupted);
    let script = Script::replies([broken, granted("00D!1")]);
    let flow = TokenExchange::new("id", SubjectTokenType::RefreshToken, provider());
    let salesforce = builder(flow, &script).org_url(ORG).build().unwrap();
    let error = salesforce.access_token().await.unwrap_err();
    assert_eq!(error.auth().unwrap().kind(), AuthErrorKind::Unclear);
    assert_eq!(script.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_keeps_it_for_a_user_who_is_named() {
    use crate::auth::{MemoryStore, Session};

    let store = MemoryStore::new();
    let script = Script::replies([granted("00D!1")]);
    let flow = || TokenExchange::new("id", SubjectTokenType::Jwt, provider());
    let salesforce = |flow| {
        let session = Session::builder(flow).store(store.clone()).build();
        builder(session, &script).org_url(ORG).build().unwrap()
    };
    let error = salesforce(flow()).access_token().await.unwrap_err();
    assert_eq!(error.auth().unwrap().kind(), AuthErrorKind::NoIdentity);
    for _ in 0..2 {
        salesforce(flow().user("ada")).access_token().await.unwrap();
    }
    assert_eq!(script.count(), 1);
}
