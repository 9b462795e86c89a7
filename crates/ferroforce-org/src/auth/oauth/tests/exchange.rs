//! Token exchange.

use super::*;

const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

fn form<'a>(subject_token: &'a str, kind: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("grant_type", TOKEN_EXCHANGE),
        ("client_id", "app"),
        ("client_secret", "s3cret"),
        ("subject_token", subject_token),
        ("subject_token_type", kind),
    ]
}

const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

#[tokio::test]
async fn a_token_from_elsewhere_stands_for_a_user() {
    let org = org_with(vec![
        app()
            .token_exchange("f0reign", "bob@example.com")
            .token_exchange("stale", "nobody@example.com")
            .token_exchange("old", "gone@example.com"),
    ]);
    let answer = granted(&org, &form("f0reign", JWT)).await;
    assert_eq!(answer["scope"], "api web refresh_token");
    let issued = "urn:ietf:params:oauth:token-type:access_token";
    assert_eq!(answer["issued_token_type"], issued);
    let access = answer["access_token"].as_str().unwrap();
    let bob = org.auth.directory.by_username("bob@example.com").unwrap();
    let now = org.clock.now();
    let whose = org.auth.look_at(access, now, |found| found.grant.user_id);
    assert_eq!(whose, Some(bob.id));
    let refresh = answer["refresh_token"].as_str().unwrap();
    granted(&org, &refresh_form(refresh)).await;

    let unknown = refused("invalid_grant", "invalid subject token");
    for token_from_elsewhere in ["wrong", "stale"] {
        assert_eq!(token(&org, &form(token_from_elsewhere, JWT)).await, unknown);
    }
    let inactive = refused("inactive_user", "user is inactive");
    assert_eq!(token(&org, &form("old", JWT)).await, inactive);
    let missing = refused(
        "invalid_request",
        "subject_token and subject_token_type are required",
    );
    assert_eq!(token(&org, &form("", JWT)).await, missing);
    assert_eq!(token(&org, &form("f0reign", "")).await, missing);
    let kind = refused("invalid_request", "subject_token_type is not supported");
    for wrong in ["jwt", "urn:ietf:params:oauth:token-type:magic"] {
        assert_eq!(token(&org, &form("f0reign", wrong)).await, kind);
    }
    let mut wrong = form("f0reign", JWT);
    wrong[2].1 = "wrong";
    let expected = refused("invalid_client", "invalid client credentials");
    assert_eq!(token(&org, &wrong).await, expected);
}

#[tokio::test]
async fn an_app_without_a_list_exchanges_nothing() {
    let expected = refused(
        "invalid_request",
        "token exchange is not enabled for this app",
    );
    assert_eq!(token(&org(), &form("f0reign", JWT)).await, expected);
}
