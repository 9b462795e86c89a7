mod about;
mod addresses;
mod device;
mod exchange;
mod grants;
mod jwt_tokens;
mod losses;

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

pub(in crate::auth) fn org_with(apps: Vec<ConnectedApp>) -> Arc<Org> {
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

pub(in crate::auth) fn app() -> ConnectedApp {
    ConnectedApp::new("app")
        .client_secret("s3cret")
        .client_credentials("ada@example.com")
}

pub(in crate::auth) fn org() -> Arc<Org> {
    org_with(vec![app().generated_key(), ConnectedApp::new("public")])
}

/// Status and body of an answer.
pub(in crate::auth) type Answer = (u16, String);

pub(in crate::auth) async fn answer(org: &Arc<Org>, request: Request<Body>) -> Response {
    answer_to(org, "127.0.0.1", request).await
}

/// The answer to a request from this address.
async fn answer_to(org: &Arc<Org>, from: &str, request: Request<Body>) -> Response {
    let arrival = crate::http::Arrival {
        secure: false,
        local: std::net::SocketAddr::from(([127, 0, 0, 1], 0)),
        peer: from.parse().unwrap(),
    };
    crate::http::Service::new(crate::http::app(org))
        .answer(arrival, request)
        .await
}

pub(in crate::auth) async fn send(org: &Arc<Org>, request: Request<Body>) -> Answer {
    read(answer(org, request).await).await
}

async fn read(response: Response) -> Answer {
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

pub(in crate::auth) fn encode(form: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish()
}

fn request(path: &str) -> http::request::Builder {
    Request::post(path).header(HOST, "127.0.0.1:8080")
}

pub(in crate::auth) async fn post_to(org: &Arc<Org>, path: &str, form: &[(&str, &str)]) -> Answer {
    let request = request(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    send(org, request.body(Body::from(encode(form))).unwrap()).await
}

pub(in crate::auth) async fn token(org: &Arc<Org>, form: &[(&str, &str)]) -> Answer {
    post_to(org, "/services/oauth2/token", form).await
}

/// The answer to a token request that must succeed.
pub(in crate::auth) async fn granted(org: &Arc<Org>, form: &[(&str, &str)]) -> Value {
    let (status, body) = token(org, form).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

pub(in crate::auth) fn refused(error: &str, description: &str) -> Answer {
    (
        400,
        format!(r#"{{"error":"{error}","error_description":"{description}"}}"#),
    )
}

/// The keys of a JSON object in their order.
pub(in crate::auth) fn keys(body: &str) -> Vec<String> {
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

pub(in crate::auth) fn assertion(org: &Org, change: &[(&str, Value)]) -> String {
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

pub(in crate::auth) async fn bearer(org: &Arc<Org>, assertion: &str) -> Answer {
    token(org, &[("grant_type", JWT_BEARER), ("assertion", assertion)]).await
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

pub(in crate::auth) fn refresh_form(token: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "refresh_token"),
        ("client_id", "app"),
        ("client_secret", "s3cret"),
        ("refresh_token", token),
    ]
}

async fn get_with(org: &Arc<Org>, path: &str, authorization: Option<&str>) -> Answer {
    let mut request = Request::get(path).header(HOST, "127.0.0.1:8080");
    if let Some(authorization) = authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    send(org, request.body(Body::empty()).unwrap()).await
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
