use axum::body::{Body, to_bytes};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HOST};
use http::{Method, Request};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::*;
use crate::admin::policies::Policies;
use crate::auth::jwt::tests::sign;
use crate::auth::{ConnectedApp, User};
use crate::settings::Settings;

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

fn org_with(apps: Vec<ConnectedApp>) -> Arc<Org> {
    let users = vec![
        User::new("ada@example.com")
            .password("secret")
            .security_token("token")
            .name("Ada", "Byron"),
        User::new("bob@example.com"),
        User::new("gone@example.com")
            .password("secret")
            .security_token("")
            .active(false),
    ];
    Org::new(Settings {
        users,
        apps,
        ..Settings::default()
    })
    .unwrap()
}

fn app() -> ConnectedApp {
    ConnectedApp::new("app")
        .client_secret("s3cret")
        .client_credentials("ada@example.com")
}

fn org() -> Arc<Org> {
    org_with(vec![app().generated_key(), ConnectedApp::new("public")])
}

/// Status and body of an answer.
type Answer = (u16, String);

async fn answer(org: &Arc<Org>, request: Request<Body>) -> Response {
    let nowhere = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let arrival = crate::http::Arrival {
        secure: false,
        local: nowhere,
        peer: nowhere,
    };
    crate::http::Service::new(crate::http::app(org))
        .answer(arrival, request)
        .await
}

async fn send(org: &Arc<Org>, request: Request<Body>) -> Answer {
    let response = answer(org, request).await;
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn encode(form: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish()
}

fn request(path: &str) -> http::request::Builder {
    Request::post(path).header(HOST, "127.0.0.1:8080")
}

async fn post_to(org: &Arc<Org>, path: &str, form: &[(&str, &str)]) -> Answer {
    let request = request(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    send(org, request.body(Body::from(encode(form))).unwrap()).await
}

async fn token(org: &Arc<Org>, form: &[(&str, &str)]) -> Answer {
    post_to(org, "/services/oauth2/token", form).await
}

/// The answer to a token request that must succeed.
async fn granted(org: &Arc<Org>, form: &[(&str, &str)]) -> Value {
    let (status, body) = token(org, form).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

fn refused(error: &str, description: &str) -> Answer {
    (
        400,
        format!(r#"{{"error":"{error}","error_description":"{description}"}}"#),
    )
}

/// The keys of a JSON object in their order.
fn keys(body: &str) -> Vec<String> {
    /// Only the order in which keys come is wanted.
    struct Keys;
    impl<'de> serde::de::Visitor<'de> for Keys {
        type Value = Vec<String>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(
            self,
            mut map: A,
        ) -> Result<Vec<String>, A::Error> {
            let mut keys = Vec::new();
            while let Some((key, _)) = map.next_entry::<String, serde::de::IgnoredAny>()? {
                keys.push(key);
            }
            Ok(keys)
        }
    }
    let mut json = serde_json::Deserializer::from_str(body);
    serde::Deserializer::deserialize_map(&mut json, Keys).unwrap()
}

const CREDENTIALS: [(&str, &str); 3] = [
    ("grant_type", "client_credentials"),
    ("client_id", "app"),
    ("client_secret", "s3cret"),
];

fn assertion(org: &Org, change: &[(&str, Value)]) -> String {
    let mut claims = json!({
        "iss": "app",
        "sub": "ada@example.com",
        "aud": "https://login.salesforce.com",
        "exp": org.clock.now().as_second() + 180,
    });
    for (name, value) in change {
        claims[*name] = value.clone();
    }
    let key = org.auth.directory.app("app").unwrap().generated().unwrap();
    sign(key.private_pem(), &json!({"alg": "RS256"}), &claims)
}

async fn bearer(org: &Arc<Org>, assertion: &str) -> Answer {
    token(org, &[("grant_type", JWT_BEARER), ("assertion", assertion)]).await
}

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
        let grant = org.auth.use_session(session, org.clock.now()).unwrap();
        assert_eq!(
            Some(grant.user_id),
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
    for grant in [
        "authorization_code",
        "device",
        "urn:ietf:params:oauth:grant-type:token-exchange",
    ] {
        let (status, body) = token(&org, &[("grant_type", grant)]).await;
        assert_eq!(status, 501);
        assert!(
            body.contains("the local org does not support") && body.contains(grant),
            "{body}"
        );
    }
    let (status, _) = token(&org, &[("response_type", "device_code")]).await;
    assert_eq!(status, 501);
    let (status, body) = post_to(&org, "/services/oauth2/authorize", &[]).await;
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

fn password_form(password: &str) -> [(&str, &str); 5] {
    [
        ("grant_type", "password"),
        ("client_id", "app"),
        ("client_secret", "s3cret"),
        ("username", "ada@example.com"),
        ("password", password),
    ]
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

fn refresh_form(token: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "refresh_token"),
        ("client_id", "app"),
        ("client_secret", "s3cret"),
        ("refresh_token", token),
    ]
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
    assert!(org.auth.use_session(access, org.clock.now()).is_none());

    org.auth.reset(org.clock.now());
    granted(&org, &refresh_form(&first)).await;
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

async fn get_with(org: &Arc<Org>, path: &str, authorization: Option<&str>) -> Answer {
    let mut request = Request::get(path).header(HOST, "127.0.0.1:8080");
    if let Some(authorization) = authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    send(org, request.body(Body::empty()).unwrap()).await
}

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
    let org = org();
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
        introspect(&org, form("public", "", access)).await,
        inactive,
        "not its own"
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
        org.auth
            .use_session(org.auth.access_token().expose(), org.clock.now())
            .is_none()
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
    assert!(org.auth.use_session(&session, org.clock.now()).is_none());
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
    let token = org.auth.access_token().expose();
    assert!(crate::auth::bearer::authenticate_token(&org, token).is_ok());
    org.auth.set_policies(Policies {
        api_enabled: false,
        ..Policies::default()
    });
    let error = crate::auth::bearer::authenticate_token(&org, token).unwrap_err();
    assert_eq!(
        (error.status().as_u16(), error.items()[0].code.as_ref()),
        (403, "API_DISABLED_FOR_ORG")
    );
}

#[tokio::test]
#[ignore = "needs FERROFORCE_FACTS"]
async fn facts_the_answers_have_the_recorded_keys() {
    let facts = std::env::var("FERROFORCE_FACTS").expect("FERROFORCE_FACTS names the folder");
    let recorded =
        |name: &str| std::fs::read_to_string(format!("{facts}/fixtures/oauth/{name}")).unwrap();
    let org = org();
    // The recordings are from 2010 to 2012; the keys have since been ordered anew and joined by
    // token_type. Each key that they have must still be there.
    let (_, body) = token(&org, &password_form("secrettoken")).await;
    for key in keys(&recorded("auth_success_response.json")) {
        assert!(keys(&body).contains(&key), "{key}");
    }
    let (_, body) = token(&org, &refresh_form(org.auth.refresh_token().expose())).await;
    for key in keys(&recorded("refresh_success_response.json")) {
        assert!(keys(&body).contains(&key), "{key}");
    }
    let (status, body) = token(&org, &refresh_form("nonsense")).await;
    assert_eq!(
        (status, body),
        (400, recorded("refresh_error_response.json"))
    );
    let (_, body) = token(&org, &password_form("wrong")).await;
    assert_eq!(keys(&body), keys(&recorded("auth_error_response.json")));
}
