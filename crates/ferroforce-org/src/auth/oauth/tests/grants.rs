//! Asking for tokens.

use super::*;

#[tokio::test]
async fn client_credentials_come_in_the_form_the_query_or_by_basic() {
    let org = org();
    let basic = format!("Basic {}", STANDARD.encode("app:s3cret"));
    let grant = "grant_type=client_credentials";
    let form = "application/x-www-form-urlencoded; charset=UTF-8";
    let everything = encode(&CREDENTIALS);
    let path = "/services/oauth2/token";
    let requests = [
        request(path)
            .header(CONTENT_TYPE, form)
            .body(Body::from(everything.clone())),
        request("/services/oauth2/token/")
            .header(CONTENT_TYPE, form)
            .body(Body::from(everything.clone())),
        request(&format!("{path}?{everything}")).body(Body::empty()),
        request(&format!("{path}?{everything}"))
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from("{}")),
        request(path)
            .header(AUTHORIZATION, &basic)
            .header(CONTENT_TYPE, form)
            .body(Body::from(grant)),
        request(path)
            .header(AUTHORIZATION, basic)
            .body(Body::from(grant)),
    ];
    for request in requests {
        let (status, body) = send(&org, request.unwrap()).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(
            keys(&body),
            [
                "access_token",
                "signature",
                "scope",
                "instance_url",
                "id",
                "token_type",
                "issued_at"
            ]
        );
        let answer: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(answer["scope"], "api");
        assert_eq!(answer["instance_url"], "http://127.0.0.1:8080");
        assert_eq!(answer["token_type"], "Bearer");
        let session = answer["access_token"].as_str().unwrap();
        let now = org.clock.now();
        assert_eq!(
            org.auth.look_at(session, now, |found| found.grant.user_id),
            org.auth
                .directory
                .by_username("ada@example.com")
                .map(|m| m.id)
        );
    }
}

#[tokio::test]
async fn answers_may_not_be_kept() {
    let org = org();
    let request = request(&format!("/services/oauth2/token?{}", encode(&CREDENTIALS)));
    let response = answer(&org, request.body(Body::empty()).unwrap()).await;
    let header = |name| response.headers().get(name).unwrap().to_str().unwrap();
    assert_eq!(header(CONTENT_TYPE), "application/json;charset=UTF-8");
    assert_eq!(
        header(CACHE_CONTROL),
        "no-cache,must-revalidate,max-age=0,no-store,private"
    );
    assert!(response.headers().get("sforce-limit-info").is_none());
}

#[tokio::test]
async fn the_signature_proves_identity_and_time() {
    let answer = granted(&org(), &CREDENTIALS).await;
    let message = format!(
        "{}{}",
        answer["id"].as_str().unwrap(),
        answer["issued_at"].as_str().unwrap()
    );
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"s3cret");
    let signature = STANDARD
        .decode(answer["signature"].as_str().unwrap())
        .unwrap();
    aws_lc_rs::hmac::verify(&key, message.as_bytes(), &signature).unwrap();
}

#[tokio::test]
async fn refusals_of_client_credentials() {
    let org = org_with(vec![
        app(),
        ConnectedApp::new("off").client_secret("x"),
        ConnectedApp::new("gone")
            .client_secret("x")
            .client_credentials("gone@example.com"),
        ConnectedApp {
            run_as: None,
            ..ConnectedApp::new("nobody")
                .client_secret("x")
                .client_credentials("")
        },
        ConnectedApp::new("public").client_credentials("ada@example.com"),
    ]);
    let table = [
        (
            "app",
            "wrong",
            refused("invalid_client", "invalid client credentials"),
        ),
        (
            "app",
            "",
            refused("invalid_client", "invalid client credentials"),
        ),
        (
            "public",
            "",
            refused("invalid_client", "invalid client credentials"),
        ),
        (
            "",
            "s3cret",
            refused("invalid_client_id", "client identifier invalid"),
        ),
        (
            "unknown",
            "s3cret",
            refused("invalid_client_id", "client identifier invalid"),
        ),
        (
            "off",
            "x",
            refused("invalid_grant", "client credentials flow not enabled"),
        ),
        (
            "nobody",
            "x",
            refused("invalid_grant", "no client credentials user enabled"),
        ),
        ("gone", "x", refused("inactive_user", "user is inactive")),
    ];
    for (id, secret, expected) in table {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_secret", secret),
        ];
        assert_eq!(token(&org, &form).await, expected, "{id}");
    }
    let elsewhere = Request::post(format!("/services/oauth2/token?{}", encode(&CREDENTIALS)))
        .header(HOST, "login.salesforce.com")
        .body(Body::empty());
    assert_eq!(
        send(&org, elsewhere.unwrap()).await,
        refused("invalid_grant", "request not supported on this domain")
    );
}

#[tokio::test]
async fn grant_types_that_are_unknown_or_not_served() {
    let org = org();
    for form in [
        vec![],
        vec![("grant_type", "")],
        vec![("grant_type", "magic")],
    ] {
        let expected = refused("unsupported_grant_type", "grant type not supported");
        assert_eq!(token(&org, &form).await, expected);
    }
    let (status, body) = token(&org, &[("grant_type", "hybrid_refresh")]).await;
    let expected = "the local org does not support the grant type hybrid_refresh";
    assert!(status == 501 && body.contains(expected), "{status} {body}");
    let (status, body) = post_to(&org, "/services/oauth2/register", &[]).await;
    assert_eq!(status, 501, "{body}");
    let get = Request::get("/services/oauth2/token")
        .body(Body::empty())
        .unwrap();
    assert_eq!(
        send(&org, get).await,
        refused("invalid_request", "must use HTTP POST")
    );
    let long = "x".repeat(70_000);
    let expected = refused("invalid_request", "the request can't be read");
    assert_eq!(token(&org, &[("grant_type", &long)]).await, expected);
}

#[tokio::test]
async fn a_signed_assertion_is_taken() {
    let org = org();
    let (status, body) = bearer(&org, &assertion(&org, &[])).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(
        keys(&body),
        ["access_token", "scope", "instance_url", "id", "token_type"]
    );
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(answer["scope"], "api web");
    let clients = [
        ("aud", json!("http://127.0.0.1:8080")),
        ("aud", json!("http://localhost:8080/")),
        ("exp", json!((org.clock.now().as_second() + 100) * 1000)),
        (
            "exp",
            json!((org.clock.now().as_second() + 100).to_string()),
        ),
    ];
    for change in clients {
        assert_eq!(bearer(&org, &assertion(&org, &[change])).await.0, 200);
    }
}

#[tokio::test]
async fn refusals_of_assertions() {
    let org = org();
    let at = org.clock.now().as_second();
    let invalid = || refused("invalid_grant", "invalid assertion");
    let unapproved = || refused("invalid_grant", "user hasn't approved this consumer");
    let table = [
        (
            vec![("iss", json!("unknown"))],
            refused("invalid_client_id", "client identifier invalid"),
        ),
        (vec![("iss", json!("public"))], invalid()),
        (vec![("sub", json!("nobody@example.com"))], unapproved()),
        (
            vec![("sub", json!("gone@example.com"))],
            refused("inactive_user", "user is inactive"),
        ),
        (
            vec![("aud", json!("https://elsewhere.example"))],
            refused("invalid_grant", "Audience validation failed"),
        ),
        (
            vec![("exp", json!(at - 1))],
            refused("invalid_grant", "expired authorization code"),
        ),
        (
            vec![("exp", json!(at + 1000))],
            refused("invalid_grant", "expired authorization code"),
        ),
    ];
    for (change, expected) in table {
        assert_eq!(
            bearer(&org, &assertion(&org, &change)).await,
            expected,
            "{change:?}"
        );
    }
    assert_eq!(bearer(&org, "").await, invalid());
    assert_eq!(bearer(&org, "a.b.c").await, invalid());

    let other = org_with(vec![app().generated_key()]);
    assert_eq!(
        bearer(&other, &assertion(&org, &[])).await,
        invalid(),
        "signed with another key"
    );
}

#[tokio::test]
async fn an_assertion_with_an_id_is_taken_once() {
    let org = org();
    let first = assertion(&org, &[("jti", json!("one"))]);
    assert_eq!(bearer(&org, &first).await.0, 200);
    let expected = refused("invalid_grant", "invalid assertion");
    assert_eq!(bearer(&org, &first).await, expected);
    assert_eq!(
        bearer(&org, &assertion(&org, &[("jti", json!("two"))]))
            .await
            .0,
        200
    );
    org.clock.advance(SignedDuration::from_mins(10));
    assert_eq!(
        bearer(&org, &assertion(&org, &[("jti", json!("one"))]))
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn apps_may_admit_only_some_users() {
    let mut open = app().generated_key();
    open.approved_users = Some(vec!["bob@example.com".to_owned()]);
    let org = org_with(vec![open]);
    let expected = refused("invalid_grant", "user hasn't approved this consumer");
    assert_eq!(bearer(&org, &assertion(&org, &[])).await, expected);
    let bob = [("sub", json!("BOB@example.com"))];
    assert_eq!(bearer(&org, &assertion(&org, &bob)).await.0, 200);

    let org = org_with(vec![
        app().generated_key().admin_approved(["bob@example.com"]),
    ]);
    let expected = refused(
        "invalid_app_access",
        "user is not admin approved to access this app",
    );
    assert_eq!(bearer(&org, &assertion(&org, &[])).await, expected);
    assert_eq!(token(&org, &password_form("secrettoken")).await, expected);
}

#[tokio::test]
async fn the_password_flow() {
    let org = org();
    let (status, body) = token(&org, &password_form("secrettoken")).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(
        keys(&body),
        [
            "access_token",
            "instance_url",
            "id",
            "token_type",
            "issued_at",
            "signature"
        ]
    );
    let failure = refused("invalid_grant", "authentication failure");
    for password in ["", "secret", "wrong"] {
        assert_eq!(token(&org, &password_form(password)).await, failure);
    }
    let mut form = password_form("secrettoken");
    form[2].1 = "wrong";
    assert_eq!(
        token(&org, &form).await,
        refused("invalid_client", "invalid client credentials")
    );
    let mut form = password_form("secret");
    form[3].1 = "gone@example.com";
    assert_eq!(
        token(&org, &form).await,
        refused("inactive_user", "user is inactive")
    );

    org.auth.set_policies(Policies {
        password_flow: false,
        ..Policies::default()
    });
    assert_eq!(token(&org, &password_form("secrettoken")).await, failure);
    let org = org_with(vec![app().password_flow(false)]);
    assert_eq!(token(&org, &password_form("secrettoken")).await, failure);
}

#[tokio::test]
async fn logins_are_counted_over_all_flows() {
    let org = org();
    org.auth.set_policies(Policies {
        logins_per_hour: 3,
        ..Policies::default()
    });
    granted(&org, &CREDENTIALS).await;
    granted(&org, &password_form("secrettoken")).await;
    assert_eq!(bearer(&org, &assertion(&org, &[])).await.0, 200);
    let expected = refused("invalid_grant", "login rate exceeded");
    assert_eq!(token(&org, &CREDENTIALS).await, expected);
    assert_eq!(bearer(&org, &assertion(&org, &[])).await, expected);
    org.clock.advance(SignedDuration::from_hours(1));
    granted(&org, &CREDENTIALS).await;
}

#[tokio::test]
async fn signing_in_again_may_give_the_same_session() {
    let org = org();
    let first = granted(&org, &CREDENTIALS).await;
    assert_ne!(
        granted(&org, &CREDENTIALS).await["access_token"],
        first["access_token"]
    );
    org.auth.set_policies(Policies {
        reuse_live_sessions: true,
        ..Policies::default()
    });
    let again = granted(&org, &CREDENTIALS).await;
    assert_eq!(
        granted(&org, &CREDENTIALS).await["access_token"],
        again["access_token"]
    );
}

#[tokio::test]
async fn refreshing_rotates_and_reuse_ends_everything() {
    let org = org();
    let first = org.auth.refresh_token().expose().to_owned();
    let (status, body) = token(&org, &refresh_form(&first)).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(
        keys(&body),
        [
            "access_token",
            "refresh_token",
            "signature",
            "scope",
            "instance_url",
            "id",
            "token_type",
            "issued_at"
        ]
    );
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(answer["scope"], "api web refresh_token");
    let second = answer["refresh_token"].as_str().unwrap();
    let expired = refused("invalid_grant", "expired access/refresh token");
    assert_eq!(token(&org, &refresh_form(&first)).await, expired);
    assert_eq!(
        token(&org, &refresh_form(second)).await,
        expired,
        "the family is revoked"
    );
    let access = answer["access_token"].as_str().unwrap();
    assert!(!org.auth.is_good(access, org.clock.now()));

    org.auth.reset(org.clock.now());
    granted(&org, &refresh_form(&first)).await;
}

#[tokio::test(start_paused = true)]
async fn a_refresh_token_is_exchanged_once_at_a_time() {
    let org = org();
    org.auth.set_policies(Policies {
        refresh_milliseconds: 1_000,
        ..Policies::default()
    });
    let first = org.auth.refresh_token().expose().to_owned();
    let form = refresh_form(&first);
    let busy = refused("invalid_grant", "token request is already being processed");
    let ((status, body), second, third) =
        tokio::join!(token(&org, &form), token(&org, &form), token(&org, &form));
    assert_eq!((status, second, third), (200, busy.clone(), busy));
    // The refusals did no harm: the new token is good.
    let answer: Value = serde_json::from_str(&body).unwrap();
    granted(
        &org,
        &refresh_form(answer["refresh_token"].as_str().unwrap()),
    )
    .await;

    // A program that went away before the answer came has had its token rotated all the same.
    org.auth.reset(org.clock.now());
    org.auth.set_policies(Policies {
        refresh_milliseconds: 1_000,
        ..Policies::default()
    });
    let given_up = Duration::from_millis(10);
    assert!(
        tokio::time::timeout(given_up, token(&org, &form))
            .await
            .is_err()
    );
    let expired = refused("invalid_grant", "expired access/refresh token");
    assert_eq!(token(&org, &form).await, expired);
}

#[tokio::test]
async fn refusals_of_refreshes() {
    let org = org_with(vec![
        app().rotate_refresh_tokens(false),
        ConnectedApp::new("public"),
    ]);
    let good = org.auth.refresh_token().expose().to_owned();
    let expired = refused("invalid_grant", "expired access/refresh token");
    for wrong in ["", "nonsense", org.auth.access_token().expose()] {
        assert_eq!(token(&org, &refresh_form(wrong)).await, expired);
    }
    let mut form = refresh_form(&good);
    form[2].1 = "wrong";
    assert_eq!(
        token(&org, &form).await,
        refused("invalid_client", "invalid client credentials")
    );
    let mut form = refresh_form(&good);
    form[1].1 = "public";
    assert_eq!(token(&org, &form).await, expired);
    let answer = granted(&org, &refresh_form(&good)).await;
    assert!(answer.get("refresh_token").is_none());
    org.auth.revoke_all(None);
    assert_eq!(token(&org, &refresh_form(&good)).await, expired);
}

#[tokio::test]
async fn forms_of_web_pages_elsewhere_are_refused() {
    let org = org();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "app"),
        ("client_secret", "s3cret"),
    ];
    for endpoint in ["token", "revoke", "introspect"] {
        let path = format!("/services/oauth2/{endpoint}");
        let request = request(&path).header("origin", "http://evil.example");
        let (status, body) = send(&org, request.body(Body::from(encode(&form))).unwrap()).await;
        assert_eq!(status, 403, "{endpoint}: {body}");
    }
    let local = request("/services/oauth2/token").header("origin", "http://localhost:3000");
    let (status, _) = send(&org, local.body(Body::from(encode(&form))).unwrap()).await;
    assert_eq!(status, 200);
}
