//! Asking about tokens and users.

use super::*;

#[tokio::test]
async fn identity_is_told_to_those_with_a_token() {
    let org = org();
    let token = org.auth.access_token().expose();
    let ada = org
        .auth
        .directory
        .by_username("ada@example.com")
        .unwrap()
        .id;
    let bob = org
        .auth
        .directory
        .by_username("bob@example.com")
        .unwrap()
        .id;
    let good = format!("Bearer {token}");
    let (status, body) = get_with(&org, "/services/oauth2/userinfo/", Some(&good)).await;
    assert_eq!(status, 200, "{body}");
    let info: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(info["preferred_username"], "ada@example.com");
    assert_eq!(
        info["sub"],
        format!("http://127.0.0.1:8080/id/{}/{ada}", org.id)
    );
    assert_eq!(
        info["urls"]["rest"],
        "http://127.0.0.1:8080/services/data/v{version}/"
    );
    assert_eq!(info["utcOffset"], -28_800_000);

    let path = format!("/id/{}/{ada}", org.id);
    let (status, body) = get_with(&org, &path, Some(&format!("OAuth {token}"))).await;
    assert_eq!(status, 200, "{body}");
    let identity: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (&identity["username"], &identity["asserted_user"]),
        (&json!("ada@example.com"), &json!(true))
    );
    let (_, body) = get_with(&org, &format!("/id/{}/{bob}", org.id.short()), Some(&good)).await;
    let identity: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (&identity["username"], &identity["asserted_user"]),
        (&json!("bob@example.com"), &json!(false))
    );

    let refusals = [
        (path.clone(), None, 403, "Missing_OAuth_Token"),
        (
            "/services/oauth2/userinfo".to_owned(),
            None,
            403,
            "Missing_OAuth_Token",
        ),
        (
            "/services/oauth2/userinfo".to_owned(),
            Some("Bearer nonsense"),
            403,
            "Bad_OAuth_Token",
        ),
        (
            "/services/oauth2/userinfo".to_owned(),
            Some("Basic x"),
            403,
            "Bad_OAuth_Token",
        ),
        (
            format!("/id/{ada}/{ada}"),
            Some(good.as_str()),
            403,
            "Wrong_Org",
        ),
        (
            format!("/id/{}/nobody", org.id),
            Some(good.as_str()),
            404,
            "Bad_Id",
        ),
        (
            format!("/id/{}/{}", org.id, org.id),
            Some(good.as_str()),
            404,
            "Bad_Id",
        ),
    ];
    for (path, authorization, status, body) in refusals {
        assert_eq!(
            get_with(&org, &path, authorization).await,
            (status, body.to_owned()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn an_app_introspects_its_own_tokens() {
    let org = org_with(vec![
        app(),
        ConnectedApp::new("public"),
        ConnectedApp::new("other").client_secret("x"),
    ]);
    let form = |client: &'static str, secret: &'static str, token: &str| {
        vec![
            ("client_id", client.to_owned()),
            ("client_secret", secret.to_owned()),
            ("token", token.to_owned()),
        ]
    };
    async fn introspect(org: &Arc<Org>, form: Vec<(&str, String)>) -> Answer {
        let form: Vec<_> = form
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        post_to(org, "/services/oauth2/introspect", &form).await
    }
    let access = org.auth.access_token().expose();
    let (status, body) = introspect(&org, form("app", "s3cret", access)).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(
        keys(&body),
        [
            "active",
            "scope",
            "client_id",
            "username",
            "sub",
            "token_type",
            "exp",
            "iat",
            "nbf"
        ]
    );
    let seen: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        seen["exp"].as_i64().unwrap() - seen["iat"].as_i64().unwrap(),
        7200
    );
    let (_, body) = introspect(
        &org,
        form("app", "s3cret", org.auth.refresh_token().expose()),
    )
    .await;
    assert!(body.contains(r#""token_type":"refresh_token""#), "{body}");

    let inactive = (200, r#"{"active":false}"#.to_owned());
    assert_eq!(
        introspect(&org, form("app", "s3cret", "nonsense")).await,
        inactive
    );
    assert_eq!(
        introspect(&org, form("other", "x", access)).await,
        inactive,
        "not its own"
    );
    assert_eq!(
        introspect(&org, form("public", "", access)).await,
        refused("invalid_client", "invalid client credentials"),
        "it can't prove who it is"
    );
    assert_eq!(
        introspect(&org, form("app", "wrong", access)).await,
        refused("invalid_client", "invalid client credentials")
    );
    assert_eq!(
        introspect(&org, form("app", "s3cret", "")).await,
        refused("invalid_request", "token is required")
    );
    org.clock.advance(SignedDuration::from_hours(2));
    assert_eq!(
        introspect(&org, form("app", "s3cret", access)).await,
        inactive
    );
}

#[tokio::test]
async fn tokens_are_revoked_once() {
    let org = org();
    let refresh = org.auth.refresh_token().expose();
    let path = "/services/oauth2/revoke";
    assert_eq!(
        post_to(&org, path, &[("token", refresh)]).await,
        (200, String::new())
    );
    let gone = refused("unsupported_token_type", "this token type is not supported");
    assert_eq!(post_to(&org, path, &[("token", refresh)]).await, gone);
    assert_eq!(post_to(&org, path, &[]).await, gone);
    assert!(
        !org.auth
            .is_good(org.auth.access_token().expose(), org.clock.now())
    );

    let session = granted(&org, &CREDENTIALS).await["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let query = encode(&[("token", &session)]);
    assert_eq!(
        get_with(&org, &format!("{path}?{query}"), None).await.0,
        200
    );
    assert!(!org.auth.is_good(&session, org.clock.now()));
}

#[tokio::test]
async fn the_discovery_document_names_this_org() {
    let (status, body) = get_with(&org(), "/.well-known/openid-configuration", None).await;
    assert_eq!(status, 200);
    let document: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(document["issuer"], "http://127.0.0.1:8080");
    assert_eq!(
        document["token_endpoint"],
        "http://127.0.0.1:8080/services/oauth2/token"
    );
    // Whatever it names is there.
    let org = org();
    for (name, url) in document.as_object().unwrap() {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            let path = url.as_str().unwrap().replace("http://127.0.0.1:8080", "");
            let (status, body) = get_with(&org, &path, None).await;
            assert!(![404, 501].contains(&status), "{name}: {status} {body}");
        }
    }
    for grant in document["grant_types_supported"].as_array().unwrap() {
        let grant = grant.as_str().unwrap();
        let (_, body) = token(&org, &[("grant_type", grant)]).await;
        assert!(!body.contains("unsupported_grant_type"), "{grant}: {body}");
    }
}

#[tokio::test]
async fn the_api_asks_for_a_live_session_with_rights() {
    let org = org_with(vec![ConnectedApp::new("web-only").scopes(["web"])]);
    let refusal = |authorization: Option<&str>| {
        let mut request = Request::builder().method(Method::GET);
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let error = crate::auth::authenticate(&org, &parts).unwrap_err();
        (
            error.status().as_u16(),
            error.items()[0].code.to_string(),
            error.items()[0].message.to_string(),
        )
    };
    let expired = (
        401,
        "INVALID_SESSION_ID".to_owned(),
        "Session expired or invalid".to_owned(),
    );
    let malformed = (
        401,
        "INVALID_AUTH_HEADER".to_owned(),
        "INVALID_HEADER_TYPE".to_owned(),
    );
    assert_eq!(refusal(None), expired);
    assert_eq!(refusal(Some("Bearer nonsense")), expired);
    for header in [
        "",
        "Bearer",
        "Bearer ",
        "OAuth ",
        "Basic YTpi",
        "Bearer a b",
        "token",
    ] {
        assert_eq!(refusal(Some(header)), malformed, "{header:?}");
    }
    let web_only = format!("Bearer {}", org.auth.access_token().expose());
    let not_for_rest = "This session is not valid for use with the REST API".to_owned();
    assert_eq!(
        refusal(Some(&web_only)),
        (401, "INVALID_SESSION_ID".to_owned(), not_for_rest)
    );
}

#[tokio::test]
async fn the_api_can_be_switched_off() {
    let org = org();
    let token = format!("Bearer {}", org.auth.access_token().expose());
    let request = Request::get("/").header(AUTHORIZATION, token);
    let (request, ()) = request.body(()).unwrap().into_parts();
    assert!(crate::auth::authenticate(&org, &request).is_ok());
    org.auth.set_policies(Policies {
        api_enabled: false,
        ..Policies::default()
    });
    let error = crate::auth::authenticate(&org, &request).unwrap_err();
    assert_eq!(
        (error.status().as_u16(), error.items()[0].code.as_ref()),
        (403, "API_DISABLED_FOR_ORG")
    );
}

#[tokio::test]
async fn user_info_takes_the_token_from_a_form_too() {
    let org = org();
    let path = "/services/oauth2/userinfo";
    let token = org.auth.access_token().expose();
    let (status, body) = post_to(&org, path, &[("access_token", token)]).await;
    assert_eq!(status, 200, "{body}");
    let info: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(info["preferred_username"], "ada@example.com");
    let (status, body) = post_to(&org, path, &[("access_token", "wrong")]).await;
    assert_eq!((status, body.as_str()), (403, "Bad_OAuth_Token"));
    let (status, body) = post_to(&org, path, &[]).await;
    assert_eq!((status, body.as_str()), (403, "Missing_OAuth_Token"));
}
