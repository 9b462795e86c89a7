//! Where tokens are given, and where they are good.

use super::*;

async fn token_from(org: &Arc<Org>, from: &str) -> Answer {
    let request = request("/services/oauth2/token");
    let body = Body::from(encode(&CREDENTIALS));
    read(answer_to(org, from, request.body(body).unwrap()).await).await
}

async fn use_from(org: &Arc<Org>, from: &str, token: &str, forwarded_for: Option<&str>) -> Answer {
    let mut request = Request::get("/services/data/v66.0/limits")
        .header(HOST, "127.0.0.1:8080")
        .header(AUTHORIZATION, format!("Bearer {token}"));
    if let Some(address) = forwarded_for {
        request = request.header("x-forwarded-for", address);
    }
    read(answer_to(org, from, request.body(Body::empty()).unwrap()).await).await
}

fn access_token((status, body): Answer) -> String {
    assert_eq!(status, 200, "{body}");
    let answer: Value = serde_json::from_str(&body).unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_locked_session_is_good_only_where_it_was_issued_to() {
    let org = org();
    let token = access_token(token_from(&org, "127.0.0.1").await);
    let used = async |from: &str| use_from(&org, from, &token, None).await.0;
    assert_eq!(
        (used("127.0.0.1").await, used("127.0.0.2").await),
        (200, 200)
    );
    org.auth.set_policies(Policies {
        lock_sessions_to_address: true,
        ..Policies::default()
    });
    assert_eq!(used("127.0.0.1").await, 200);
    assert_eq!(used("::ffff:127.0.0.1").await, 200, "the same address");
    let (status, body) = use_from(&org, "127.0.0.2", &token, None).await;
    assert_eq!(status, 401);
    let expected = r#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#;
    assert_eq!(body, expected, "as if it had ended");
    assert_eq!(used("127.0.0.1").await, 200, "it has not");

    // A refresh gives a session to whoever refreshes.
    let form = refresh_form(org.auth.refresh_token().expose());
    let refresh = request("/services/oauth2/token").body(Body::from(encode(&form)));
    let refreshed = read(answer_to(&org, "127.0.0.3", refresh.unwrap()).await).await;
    let token = access_token(refreshed);
    assert_eq!(use_from(&org, "127.0.0.3", &token, None).await.0, 200);
    assert_eq!(use_from(&org, "127.0.0.1", &token, None).await.0, 401);
}

#[tokio::test]
async fn one_machine_plays_several_where_it_may() {
    let org = org();
    let token = access_token(token_from(&org, "127.0.0.1").await);
    let elsewhere = Some("203.0.113.7, 10.0.0.1");
    for (trust_forwarded_for, expected) in [(false, 200), (true, 401)] {
        org.auth.set_policies(Policies {
            lock_sessions_to_address: true,
            trust_forwarded_for,
            ..Policies::default()
        });
        let (status, _) = use_from(&org, "127.0.0.1", &token, elsewhere).await;
        assert_eq!(status, expected, "{trust_forwarded_for}");
        let (status, _) = use_from(&org, "127.0.0.1", &token, Some("nonsense")).await;
        assert_eq!(status, 200);
    }
}

#[tokio::test]
async fn an_app_may_be_for_some_addresses_only() {
    let ranges = ["127.0.0.1", "10.0.0.0/8"];
    let org = org_with(vec![app().allowed_addresses(ranges).unwrap()]);
    assert_eq!(token_from(&org, "127.0.0.1").await.0, 200);
    assert_eq!(token_from(&org, "10.1.2.3").await.0, 200);
    let expected = refused("invalid_grant", "ip restricted by app developer");
    assert_eq!(token_from(&org, "127.0.0.2").await, expected);
    assert_eq!(token_from(&org, "::1").await, expected);
}
