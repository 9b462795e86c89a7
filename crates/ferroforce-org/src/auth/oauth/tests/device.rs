//! The device flow.

use super::*;

/// What a device is told when it asks for codes.
async fn codes(org: &Arc<Org>) -> Value {
    granted(
        org,
        &[("response_type", "device_code"), ("client_id", "public")],
    )
    .await
}

async fn ask(org: &Arc<Org>, codes: &Value) -> Answer {
    let code = codes["device_code"].as_str().unwrap();
    let form = [
        ("grant_type", "device"),
        ("client_id", "public"),
        ("code", code),
    ];
    token(org, &form).await
}

#[tokio::test]
async fn a_device_is_let_in_when_its_code_is_entered() {
    let org = org();
    let codes = codes(&org).await;
    assert_eq!(codes["interval"], 5);
    assert_eq!(
        codes["verification_uri"],
        "http://127.0.0.1:8080/setup/connect"
    );
    let pending = refused("authorization_pending", "end-user has not decided yet");
    assert_eq!(ask(&org, &codes).await, pending);
    let slow_down = refused("slow_down", "the device asks too often");
    assert_eq!(ask(&org, &codes).await, slow_down);
    org.clock.advance(SignedDuration::from_secs(5));
    assert_eq!(ask(&org, &codes).await, pending);

    let ada = org.auth.directory.by_username("ada@example.com").unwrap();
    let now = org.clock.now();
    let user_code = codes["user_code"].as_str().unwrap();
    assert!(org.auth.decide_device(user_code, Some(&ada), now));
    let (status, body) = ask(&org, &codes).await;
    assert_eq!(status, 200, "{body}");
    let given: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(given["scope"], "api web refresh_token");
    let refresh = given["refresh_token"].as_str().unwrap();
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", "public"),
        ("refresh_token", refresh),
    ];
    granted(&org, &form).await;
    let spent = refused("invalid_grant", "expired authorization code");
    assert_eq!(ask(&org, &codes).await, spent);
}

#[tokio::test]
async fn refusals_of_devices() {
    let org = org_with(vec![
        app().scopes(["api"]),
        ConnectedApp::new("public"),
        ConnectedApp::new("off").device_flow(false),
    ]);
    let off = refused("invalid_request", "device flow is not enabled for this app");
    let ask_for = |id: &'static str, scope: &'static str| {
        [
            ("response_type", "device_code"),
            ("client_id", id),
            ("scope", scope),
        ]
    };
    assert_eq!(token(&org, &ask_for("off", "")).await, off);
    let unknown = refused("invalid_client_id", "client identifier invalid");
    assert_eq!(token(&org, &ask_for("nobody", "")).await, unknown);
    let scope = refused("invalid_scope", "the requested scope is not allowed");
    assert_eq!(token(&org, &ask_for("app", "api full")).await, scope);

    let denied = codes(&org).await;
    let user_code = denied["user_code"].as_str().unwrap();
    assert!(org.auth.decide_device(user_code, None, org.clock.now()));
    let expected = refused("access_denied", "end-user denied authorization");
    assert_eq!(ask(&org, &denied).await, expected);

    let late = codes(&org).await;
    org.clock.advance(SignedDuration::from_mins(10));
    let expected = refused("invalid_grant", "expired authorization code");
    assert_eq!(ask(&org, &late).await, expected);
    let user_code = late["user_code"].as_str().unwrap();
    assert!(!org.auth.decide_device(user_code, None, org.clock.now()));
    let made_up = json!({"device_code": "made up"});
    let expected = refused("invalid_grant", "invalid authorization code");
    assert_eq!(ask(&org, &made_up).await, expected);
}
