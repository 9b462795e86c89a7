use super::*;
use crate::script::{ORG, Reply, Script, builder, client};

#[tokio::test(start_paused = true)]
async fn a_ready_token_is_used_without_any_sign_in() {
    let script = Script::replies([Reply::json(200, "{}")]);
    let salesforce = client(AccessToken::new("00D!ready", ORG).unwrap(), &script);
    for _ in 0..2 {
        salesforce
            .request(http::Method::GET, "/x")
            .send()
            .await
            .unwrap();
    }
    let sent = script.sent();
    assert_eq!(sent.len(), 2);
    assert!(sent.iter().all(|sent| sent.token() == Some("00D!ready")));
}

#[tokio::test(start_paused = true)]
async fn when_it_has_ended_each_call_says_so_after_one_attempt() {
    let script = Script::replies([Reply::expired()]);
    let salesforce = client(AccessToken::new("00D!ready", ORG).unwrap(), &script);
    for calls in 1..=3 {
        let error = salesforce
            .request(http::Method::GET, "/x")
            .send()
            .await
            .unwrap_err();
        let auth = error.auth().unwrap();
        assert_eq!(auth.kind(), AuthErrorKind::SignInAgain);
        assert!(auth.description().contains("get a new one"), "{auth}");
        assert_eq!(script.count(), calls, "no loop");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_of_another_org_than_the_client_s_is_refused() {
    let script = Script::replies([Reply::json(200, "{}")]);
    let token = AccessToken::new("00D!ready", "https://other.my.salesforce.com").unwrap();
    let salesforce = builder(token, &script).org_url(ORG).build().unwrap();
    let error = salesforce.access_token().await.unwrap_err();
    assert_eq!(error.auth().unwrap().kind(), AuthErrorKind::WrongOrg);
}
