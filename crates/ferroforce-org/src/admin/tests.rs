use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

use axum::body::{Body, to_bytes};
use http::header::{AUTHORIZATION, HOST};
use http::{HeaderName, HeaderValue, Method, Request, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::guard::TOKEN_HEADER;
use super::*;
use crate::http::{Arrival, Service, app};
use crate::local::LocalOrg;
use crate::settings::Settings;

const LIMITS: &str = "/services/data/v66.0/limits";

fn org() -> Arc<Org> {
    Org::new(Settings::default()).unwrap()
}

async fn answer(org: &Arc<Org>, request: Request<Body>) -> Response {
    let nowhere = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let arrival = Arrival {
        secure: false,
        local: nowhere,
        peer: nowhere.ip(),
    };
    Service::new(app(org)).answer(arrival, request).await
}

/// A request with the session that the org starts with.
fn signed_in(org: &Org, method: Method, path: &str) -> Request<Body> {
    let token = format!("Bearer {}", org.auth.access_token().expose());
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(AUTHORIZATION, token);
    request.body(Body::empty()).unwrap()
}

async fn get(org: &Arc<Org>, path: &str) -> Response {
    answer(org, signed_in(org, Method::GET, path)).await
}

async fn text(response: Response) -> String {
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

fn strike(org: &Org, fault: Fault) -> u64 {
    org.admin.rules().add(fault)
}

#[tokio::test]
async fn an_expired_session_is_refused_by_the_org_itself() {
    let org = org();
    assert_eq!(get(&org, LIMITS).await.status(), 200);
    strike(&org, Fault::expired_session());
    for _ in 0..2 {
        let refused = get(&org, LIMITS).await;
        assert_eq!(refused.status(), 401);
        let expected =
            r#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#;
        assert_eq!(text(refused).await, expected);
    }
}

#[tokio::test]
async fn a_session_can_expire_every_time() {
    let org = org();
    strike(
        &org,
        Fault::expired_session().path("/services/data").always(),
    );
    let app = org.auth.first_app();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &app.client_id),
        (
            "client_secret",
            app.client_secret.as_ref().unwrap().expose(),
        ),
    ];
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    for _ in 0..3 {
        let request = Request::post("/services/oauth2/token").body(Body::from(form.clone()));
        let granted = text(answer(&org, request.unwrap()).await).await;
        let granted: Value = serde_json::from_str(&granted).unwrap();
        let token = granted["access_token"].as_str().unwrap();
        let request = Request::get(LIMITS).header(AUTHORIZATION, format!("OAuth {token}"));
        let refused = answer(&org, request.body(Body::empty()).unwrap()).await;
        assert_eq!(refused.status(), 401);
    }
}

#[tokio::test]
async fn errors_speak_the_language_of_their_path() {
    let org = org();
    strike(&org, Fault::unavailable().retry_after(7).always());
    let error = get(&org, LIMITS).await;
    assert_eq!(
        (error.status(), &error.headers()["retry-after"]),
        (StatusCode::SERVICE_UNAVAILABLE, &HeaderValue::from(7))
    );
    let message = "The server is temporarily unavailable";
    assert_eq!(
        text(error).await,
        format!(r#"[{{"message":"{message}","errorCode":"SERVER_UNAVAILABLE"}}]"#)
    );
    let post = |path: &str| signed_in(&org, Method::POST, path);
    assert_eq!(
        text(answer(&org, post("/services/oauth2/token")).await).await,
        format!(r#"{{"error":"SERVER_UNAVAILABLE","error_description":"{message}"}}"#)
    );
    let fault = text(answer(&org, post("/services/Soap/c/64.0")).await).await;
    assert!(
        fault.contains("<sf:exceptionCode>SERVER_UNAVAILABLE</sf:exceptionCode>"),
        "{fault}"
    );
    assert!(
        fault.contains("urn:fault.enterprise.soap.sforce.com"),
        "{fault}"
    );
    let bulk = text(answer(&org, post("/services/async/58.0/job")).await).await;
    assert!(
        bulk.contains("<exceptionCode>SERVER_UNAVAILABLE</exceptionCode>"),
        "{bulk}"
    );
    let mut bulk = post("/services/async/58.0/job");
    bulk.headers_mut()
        .insert("content-type", HeaderValue::from_static("application/json"));
    assert_eq!(
        text(answer(&org, bulk).await).await,
        format!(r#"{{"exceptionCode":"SERVER_UNAVAILABLE","exceptionMessage":"{message}"}}"#)
    );
}

#[tokio::test]
async fn a_gateway_answers_with_html() {
    let org = org();
    strike(&org, Fault::html());
    let page = get(&org, LIMITS).await;
    assert_eq!(page.status(), 502);
    assert_eq!(page.headers()["content-type"], "text/html;charset=UTF-8");
    assert!(text(page).await.starts_with("<html>"));
}

#[tokio::test]
async fn headers_are_changed_and_taken_away() {
    let org = org();
    let name = HeaderName::from_static("sforce-limit-info");
    let before = get(&org, LIMITS).await;
    assert!(before.headers().contains_key(&name));
    strike(
        &org,
        Fault::header(name.clone(), HeaderValue::from_static("nonsense")),
    );
    assert_eq!(get(&org, LIMITS).await.headers()[&name], "nonsense");
    strike(&org, Fault::no_header(name.clone()));
    assert!(!get(&org, LIMITS).await.headers().contains_key(&name));
    assert!(get(&org, LIMITS).await.headers().contains_key(&name));
}

#[tokio::test]
async fn a_token_is_issued_and_its_answer_lost() {
    let org = org();
    strike(&org, Fault::lost_token());
    let app = org.auth.first_app();
    let refresh = || {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", &app.client_id),
            (
                "client_secret",
                app.client_secret.as_ref().unwrap().expose(),
            ),
            ("refresh_token", org.auth.refresh_token().expose()),
        ];
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        Request::post("/services/oauth2/token")
            .body(Body::from(form))
            .unwrap()
    };
    let lost = answer(&org, refresh()).await;
    assert!(lost.extensions().get::<CutConnection>().is_some());
    // It was rotated all the same: using it again gives the family away.
    assert_eq!(answer(&org, refresh()).await.status(), 400);
    let session = org.auth.access_token().expose();
    assert!(!org.auth.is_good(session, org.clock.now()));
}

#[tokio::test]
async fn an_answer_without_body_is_cut_whole() {
    let org = org();
    strike(&org, Fault::cut_body(10).path("/services/oauth2/revoke"));
    let token = org.auth.refresh_token().expose();
    let request = Request::get(format!("/services/oauth2/revoke?token={token}"));
    let cut = answer(&org, request.body(Body::empty()).unwrap()).await;
    assert!(cut.extensions().get::<CutConnection>().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_delay_comes_before_what_it_delays() {
    let org = org();
    strike(&org, Fault::delay(Duration::from_secs(30)).always());
    strike(&org, Fault::html());
    let before = Instant::now();
    assert_eq!(get(&org, LIMITS).await.status(), 502);
    assert_eq!(before.elapsed(), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn a_stall_comes_after_what_was_done() {
    let org = org();
    strike(&org, Fault::stall(Duration::from_secs(30)));
    let session = org.auth.access_token().expose();
    // No request that waits for the store's thread: time stands still only in this one.
    let path = format!("/services/oauth2/revoke?token={session}");
    let impatient = tokio::time::timeout(Duration::from_secs(10), get(&org, &path));
    assert!(impatient.await.is_err());
    assert!(!org.auth.is_good(session, org.clock.now()));
    assert_eq!(org.admin.log().list()[0].status, None);
}

#[tokio::test]
async fn a_refresh_can_be_under_way() {
    let org = org();
    strike(&org, Fault::refresh_under_way());
    let refresh = Request::post("/services/oauth2/token")
        .body(Body::empty())
        .unwrap();
    assert_eq!(
        text(answer(&org, refresh).await).await,
        r#"{"error":"invalid_grant","error_description":"token request is already being processed"}"#
    );
}

#[tokio::test]
async fn the_log_tells_what_was_asked_and_what_came_of_it() {
    let org = org();
    get(&org, LIMITS).await;
    let fault = strike(&org, Fault::cut_before());
    get(
        &org,
        "/services/data/v66.0/query?q=SELECT+Id+FROM+Account&access_token=x",
    )
    .await;
    let ping = Request::get("/services/data").body(Body::empty()).unwrap();
    answer(&org, ping).await;
    let log = org.admin.log().list();
    let user = Some(org.auth.first_member().user.username.clone());
    let seen: Vec<_> = log
        .iter()
        .map(|record| {
            (
                record.number,
                record.path.as_str(),
                record.status,
                record.user.clone(),
                record.api_calls,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (1, LIMITS, Some(200), user.clone(), 1),
            (2, "/services/data/v66.0/query", None, user, 0),
            (3, "/services/data", Some(200), None, 0),
        ]
    );
    assert_eq!(
        log[1].query.as_deref(),
        Some("q=SELECT+Id+FROM+Account&access_token=…")
    );
    assert_eq!(
        (log[0].faults.as_slice(), log[1].faults.as_slice()),
        ([].as_slice(), [fault].as_slice())
    );
}

/// Sends a request to the admin API as an administrator would.
async fn administer(org: &Arc<Org>, method: Method, path: &str, body: Value) -> (u16, Value) {
    let body = if body.is_null() {
        Body::empty()
    } else {
        Body::from(body.to_string())
    };
    let request = Request::builder()
        .method(method)
        .uri(format!("/__org{path}"))
        .header(HOST, "127.0.0.1:8080")
        .header(TOKEN_HEADER, org.admin.token.expose())
        .body(body)
        .unwrap();
    let response = answer(org, request).await;
    let status = response.status().as_u16();
    let body = text(response).await;
    (status, serde_json::from_str(&body).unwrap_or(Value::Null))
}

#[tokio::test]
async fn the_admin_api_is_for_those_with_its_token_on_this_machine() {
    let org = org();
    let request = |path: &str, headers: &[(&str, &str)]| {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::empty()).unwrap()
    };
    let token = org.admin.token.expose();
    let here = ("host", "127.0.0.1:8080");
    let good = ("x-org-admin-token", token);
    type Headers<'a> = &'a [(&'a str, &'a str)];
    let table: [(&str, Headers<'_>, u16); 7] = [
        ("/__org/faults", &[here, good], 200),
        ("/__org/faults", &[here], 401),
        ("/__org/anything", &[here], 401),
        ("/__org/faults", &[("host", "evil.example"), good], 403),
        (
            "/__org/faults",
            &[here, good, ("origin", "http://localhost:3000")],
            403,
        ),
        ("/__org/health", &[here], 200),
        ("/__org/health", &[("host", "evil.example")], 403),
    ];
    for (path, headers, status) in table {
        let response = answer(&org, request(path, headers)).await;
        assert_eq!(response.status().as_u16(), status, "{path} {headers:?}");
        let allows = response
            .headers()
            .keys()
            .any(|name| name.as_str().starts_with("access-control"));
        assert!(!allows);
    }
    let preflight = Request::options("/__org/faults")
        .header(HOST, "127.0.0.1:8080")
        .header("origin", "https://evil.example")
        .body(Body::empty());
    assert_eq!(answer(&org, preflight.unwrap()).await.status(), 403);
}

#[tokio::test]
async fn the_admin_api_is_not_logged_and_not_struck() {
    let org = org();
    strike(&org, Fault::html().always());
    let (status, _) = administer(&org, Method::GET, "/requests", Value::Null).await;
    assert_eq!(status, 200);
    assert!(org.admin.log().list().is_empty());
}

#[tokio::test]
async fn faults_are_added_listed_and_removed() {
    let org = org();
    let fault = json!({"path": LIMITS, "times": 2, "effect": {"kind": "error", "status": 503, "code": "A", "message": "b"}});
    let (status, body) = administer(&org, Method::POST, "/faults", fault).await;
    assert_eq!((status, &body), (201, &json!({"id": 1})));
    assert_eq!(get(&org, LIMITS).await.status(), 503);
    let (_, body) = administer(&org, Method::GET, "/faults", Value::Null).await;
    let listed = &body["faults"][0];
    assert_eq!(
        (
            &listed["seen"],
            &listed["struck"],
            &listed["fault"]["times"]
        ),
        (&json!(1), &json!(1), &json!(2))
    );
    assert_eq!(
        administer(&org, Method::DELETE, "/faults/1", Value::Null)
            .await
            .0,
        204
    );
    assert_eq!(
        administer(&org, Method::DELETE, "/faults/1", Value::Null)
            .await
            .0,
        404
    );
    assert_eq!(get(&org, LIMITS).await.status(), 200);
    let (status, body) = administer(
        &org,
        Method::POST,
        "/faults",
        json!({"effect": {"kind": "magic"}}),
    )
    .await;
    assert_eq!(status, 400);
    assert!(body["error"].as_str().unwrap().contains("magic"), "{body}");
    strike(&org, Fault::html());
    assert_eq!(
        administer(&org, Method::PUT, "/faults/seed", json!({"seed": 7}))
            .await
            .0,
        204
    );
    assert_eq!(
        administer(&org, Method::DELETE, "/faults", Value::Null)
            .await
            .0,
        204
    );
    assert!(org.admin.rules().list().is_empty());
}

#[tokio::test]
async fn tokens_are_ended_and_users_locked() {
    let org = org();
    let user = org.auth.first_member().user.username.clone();
    let expire = |body| administer(&org, Method::POST, "/tokens/expire", body);
    assert_eq!(expire(json!({"username": "nobody"})).await.0, 404);
    assert_eq!(
        expire(json!({"token": "nonsense"})).await,
        (200, json!({"ended": 0}))
    );
    assert_eq!(expire(Value::Null).await, (200, json!({"ended": 1})));
    assert_eq!(get(&org, LIMITS).await.status(), 401);
    let revoke = |body| administer(&org, Method::POST, "/tokens/revoke", body);
    assert_eq!(
        revoke(json!({"username": user})).await,
        (200, json!({"ended": 1}))
    );
    assert_eq!(revoke(Value::Null).await, (200, json!({"ended": 0})));

    org.auth.set_policies(Policies {
        security_token: SecurityTokenRule::Optional,
        ..Policies::default()
    });
    let locked = |org: &Org| {
        let password = org.auth.first_member().user.password.expose();
        org.auth
            .check_password(&user, password, org.clock.now())
            .is_err()
    };
    assert!(!locked(&org));
    assert_eq!(
        administer(&org, Method::POST, "/users/lock", json!({"username": user}))
            .await
            .0,
        204
    );
    assert!(locked(&org));
    assert_eq!(
        administer(
            &org,
            Method::POST,
            "/users/unlock",
            json!({"username": user})
        )
        .await
        .0,
        204
    );
    assert!(!locked(&org));
    assert_eq!(
        administer(&org, Method::POST, "/users/lock", json!({"username": "x"}))
            .await
            .0,
        404
    );
    assert_eq!(
        administer(&org, Method::POST, "/users/lock", Value::Null)
            .await
            .0,
        400
    );
}

#[tokio::test]
async fn policies_are_changed_one_by_one() {
    let org = org();
    let (_, before) = administer(&org, Method::GET, "/policies", Value::Null).await;
    assert_eq!(before["session_seconds"], 7200);
    let change = json!({"soap_login": false, "security_token": "explained"});
    let (status, after) = administer(&org, Method::PATCH, "/policies", change).await;
    assert_eq!(
        (status, &after["soap_login"], &after["session_seconds"]),
        (200, &json!(false), &json!(7200))
    );
    let policies = org.auth.policies();
    assert_eq!(
        (policies.soap_login, policies.security_token),
        (false, SecurityTokenRule::Explained)
    );
    for wrong in [json!({"soap": false}), json!({"soap_login": 7}), json!([])] {
        assert_eq!(
            administer(&org, Method::PATCH, "/policies", wrong).await.0,
            400
        );
    }
}

#[tokio::test]
async fn the_clock_is_stopped_moved_and_run() {
    let org = org();
    let patch = |body| administer(&org, Method::PATCH, "/clock", body);
    let change = json!({"stop_at": "2026-03-01T12:00:00Z", "advance_seconds": 60});
    assert_eq!(
        patch(change).await,
        (200, json!({"now": "2026-03-01T12:01:00Z"}))
    );
    let (_, body) = administer(&org, Method::GET, "/clock", Value::Null).await;
    assert_eq!(body, json!({"now": "2026-03-01T12:01:00Z"}));
    assert_eq!(patch(json!({"stop_at": "noon"})).await.0, 400);
    assert_eq!(patch(json!({"run": true})).await.0, 200);
    assert_ne!(org.clock.now().to_string(), "2026-03-01T12:01:00Z");
}

async fn count(org: &Org) -> i64 {
    let counted = org
        .store
        .run(|db| Ok(db.query_row("SELECT count(*) FROM probe", [], |row| row.get(0))?));
    counted.await.unwrap()
}

async fn write_record(org: &Org) {
    let written = org
        .store
        .run(|db| Ok(db.execute_batch("INSERT INTO probe VALUES (1)")?));
    written.await.unwrap();
}

#[tokio::test]
async fn snapshots_and_resets_bring_everything_back() {
    let org = org();
    let created = org
        .store
        .run(|db| Ok(db.execute_batch("CREATE TABLE probe (x)")?));
    created.await.unwrap();
    remember_start(&org).await.unwrap();
    write_record(&org).await;
    assert_eq!(get(&org, LIMITS).await.status(), 200);
    assert_eq!(
        administer(&org, Method::PUT, "/snapshots/one", Value::Null)
            .await
            .0,
        204
    );
    write_record(&org).await;
    org.auth.expire_all(None);
    assert_eq!(
        administer(&org, Method::POST, "/snapshots/one/restore", Value::Null)
            .await
            .0,
        204
    );
    assert_eq!((count(&org).await, org.usage.calls()), (1, 1));
    assert_eq!(get(&org, LIMITS).await.status(), 200);

    strike(&org, Fault::html());
    org.auth.revoke_all(None);
    org.auth.set_policies(Policies {
        soap_login: false,
        ..Policies::default()
    });
    assert_eq!(
        administer(&org, Method::POST, "/reset", Value::Null)
            .await
            .0,
        204
    );
    assert_eq!((count(&org).await, org.usage.calls()), (0, 0));
    assert!(org.admin.rules().list().is_empty() && org.admin.log().list().is_empty());
    assert_eq!(*org.auth.policies(), Policies::default());
    assert_eq!(get(&org, LIMITS).await.status(), 200);

    assert_eq!(
        administer(&org, Method::DELETE, "/snapshots/one", Value::Null)
            .await
            .0,
        204
    );
    for (method, path) in [
        (Method::DELETE, "/snapshots/one"),
        (Method::POST, "/snapshots/one/restore"),
    ] {
        assert_eq!(administer(&org, method, path, Value::Null).await.0, 404);
    }
}

/// All that comes back on a connection until it is closed.
fn raw(org: &LocalOrg, path: &str) -> String {
    let address = org.url();
    let mut stream = TcpStream::connect(address.trim_start_matches("http://")).unwrap();
    let token = org.access_token();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
    .unwrap();
    let mut answer = Vec::new();
    // A connection may be closed or reset; both are its end.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn connections_are_really_cut() {
    let org = LocalOrg::start().await.unwrap();
    for fault in [Fault::cut_before(), Fault::cut_after()] {
        org.faults().add(fault);
        assert_eq!(raw(&org, LIMITS), "");
    }
    let processed: Vec<_> = org
        .requests()
        .iter()
        .map(|record| record.api_calls)
        .collect();
    assert_eq!(processed, [0, 1]);

    org.faults().add(Fault::cut_body(10));
    let answer = raw(&org, LIMITS);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let promised = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap();
    assert!(promised.parse::<usize>().unwrap() > 10, "{head}");
    assert_eq!(body.len(), 10);

    org.faults().add(Fault::cut_chunked_body(10));
    let answer = raw(&org, LIMITS);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        head.contains("transfer-encoding: chunked") && !head.contains("content-length"),
        "{head}"
    );
    assert!(
        body.starts_with("A\r\n") && !body.ends_with("0\r\n\r\n"),
        "{body}"
    );
}

#[tokio::test]
async fn a_program_in_the_same_process_can_do_it_all() {
    let org = LocalOrg::start().await.unwrap();
    assert!(
        !org.admin_token().is_empty()
            && org.private_key_pem().unwrap().contains("BEGIN PRIVATE KEY")
    );
    let fault = org.faults().add(Fault::html());
    assert_eq!(org.faults().list()[0].id, fault);
    assert!(org.faults().remove(fault));
    org.stop_clock(SystemTime::UNIX_EPOCH);
    org.advance_clock(Duration::from_secs(5));
    assert_eq!(org.now(), SystemTime::UNIX_EPOCH + Duration::from_secs(5));
    org.run_clock();
    let snapshot = org.snapshot().await.unwrap();
    assert_eq!(org.expire_tokens(), 1);
    org.restore(&snapshot).await.unwrap();
    assert!(org.revoke_token(org.refresh_token()));
    org.reset().await.unwrap();
    assert_eq!(org.revoke_tokens(), 2);
    assert!(org.set_locked(org.username(), true) && !org.set_locked("nobody", true));
    let policies = Policies {
        soap_login: false,
        ..org.policies()
    };
    org.set_policies(policies.clone());
    assert_eq!(org.policies(), policies);
    assert!(org.requests().is_empty());
}

#[tokio::test]
async fn nothing_secret_shows_in_debug() {
    let org = LocalOrg::start().await.unwrap();
    let url = format!(
        "?response_type=code&client_id={}&redirect_uri={}",
        org.client_id(),
        "http%3A%2F%2Flocalhost%3A1717%2FOauthRedirect"
    );
    let sent_to = org.authorize(&url, org.username()).unwrap();
    let (_, code) = sent_to.split_once("code=").unwrap();
    let shown = format!(
        "{org:?} {:?} {:?} {:?}",
        org.faults(),
        org.org().auth,
        org.org().admin
    );
    for secret in [
        org.password(),
        org.security_token(),
        org.client_secret().unwrap(),
        org.private_key_pem().unwrap(),
        org.access_token(),
        org.refresh_token(),
        org.admin_token(),
        code.trim_end_matches("%3D"),
    ] {
        assert!(!shown.contains(secret));
    }
}

#[tokio::test]
async fn senseless_faults_are_refused() {
    let org = org();
    let slow = json!({"kind": "slow_body", "piece": 0, "pause": 1});
    let html = json!({"kind": "html"});
    for fault in [
        json!({"probability": 7, "effect": html}),
        json!({"probability": -1, "effect": html}),
        json!({"times": 0, "effect": html}),
        json!({"effect": slow}),
    ] {
        let (status, body) = administer(&org, Method::POST, "/faults", fault.clone()).await;
        assert_eq!(status, 400, "{fault}");
        let text = body["error"].as_str().unwrap();
        assert!(text.contains("must be"), "{text}");
    }
    assert!(org.admin.rules().list().is_empty());
}

#[tokio::test]
#[should_panic(expected = "probability must be from 0 to 1")]
async fn senseless_faults_are_refused_in_the_same_process_too() {
    let org = LocalOrg::start().await.unwrap();
    org.faults().add(Fault::html().probability(7.0));
}

#[tokio::test]
async fn a_wrong_method_is_told_in_words_and_with_the_right_ones() {
    let org = org();
    let request = Request::post("/__org/requests")
        .header(HOST, "127.0.0.1:8080")
        .header(TOKEN_HEADER, org.admin.token.expose())
        .body(Body::empty());
    let response = answer(&org, request.unwrap()).await;
    assert_eq!(response.status(), 405);
    assert_eq!(response.headers()["allow"], "GET,HEAD,DELETE");
    assert_eq!(
        text(response).await,
        r#"{"error":"the admin API does not take POST here"}"#
    );
}

#[tokio::test]
async fn only_so_many_requests_may_take_long() {
    let org = org();
    let mut policies = Policies::clone(&org.auth.policies());
    policies.long_requests = 2;
    org.auth.set_policies(policies);
    strike(&org, Fault::delay(Duration::from_secs(3600)).times(2));
    let hanging: Vec<_> = (0..2)
        .map(|_| {
            let org = Arc::clone(&org);
            tokio::spawn(async move { get(&org, LIMITS).await })
        })
        .collect();
    while org.admin.log().list().len() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(get(&org, LIMITS).await.status(), 200);
    org.clock.advance(jiff::SignedDuration::from_secs(20));
    let refused = get(&org, LIMITS).await;
    assert_eq!(refused.status(), 403);
    assert!(refused.headers().contains_key("sforce-limit-info"));
    assert_eq!(
        text(refused).await,
        r#"[{"message":"ConcurrentRequests (Concurrent API Requests) Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]"#
    );
    for request in hanging {
        request.abort();
        assert!(request.await.unwrap_err().is_cancelled());
    }
    assert_eq!(get(&org, LIMITS).await.status(), 200);
}

#[tokio::test]
async fn injected_refusals_tell_the_usage_as_real_ones_do() {
    let org = org();
    for (status, path, expected) in [
        (403, LIMITS, Some("api-usage=1/5000000")),
        (400, LIMITS, Some("api-usage=2/5000000")),
        (401, LIMITS, None),
        (503, LIMITS, None),
        (400, "/services/oauth2/token", None),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        strike(&org, Fault::error(status, "CODE", "message"));
        let refused = get(&org, path).await;
        assert_eq!(refused.status(), status);
        let info = refused.headers().get("sforce-limit-info");
        assert_eq!(info.map(|info| info.to_str().unwrap()), expected);
    }
}

#[tokio::test]
async fn a_reset_brings_the_users_back_too() {
    let org = org();
    let rename = async |username: &str| {
        let path = format!(
            "/services/data/v66.0/sobjects/User/{}",
            org.auth.first_member().id
        );
        let mut request = signed_in(&org, Method::PATCH, &path);
        *request.body_mut() = json!({"Username": username}).to_string().into();
        assert_eq!(answer(&org, request).await.status(), 204);
        assert!(org.auth.directory.by_username(username).is_some());
    };
    let is_back = || {
        let members = org.auth.directory.members();
        let names: Vec<_> = members.iter().map(|m| m.user.username.as_str()).collect();
        assert_eq!(names, ["admin@org.example"]);
    };
    remember_start(&org).await.unwrap();
    let snapshot = Snapshot::of(&org).await.unwrap();
    rename("one@example.com").await;
    snapshot.restore(&org).await.unwrap();
    is_back();
    rename("two@example.com").await;
    reset(&org).await.unwrap();
    is_back();
    rename("three@example.com").await;
}

#[tokio::test]
async fn a_user_can_lose_the_api_and_get_it_back() {
    let org = org();
    let username = org.auth.first_member().user.username.clone();
    for (enabled, expected) in [(false, 403), (true, 200)] {
        let body = json!({"username": username, "enabled": enabled});
        let (status, _) = administer(&org, Method::POST, "/users/api", body).await;
        assert_eq!(status, 204);
        let limits = get(&org, LIMITS).await;
        assert_eq!(limits.status(), expected);
        if !enabled {
            assert_eq!(
                text(limits).await,
                r#"[{"message":"API is disabled for this User","errorCode":"API_CURRENTLY_DISABLED"}]"#
            );
        }
    }
    let nobody = json!({"username": "nobody", "enabled": true});
    let (status, _) = administer(&org, Method::POST, "/users/api", nobody).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn a_person_at_a_browser_can_be_stood_in_for() {
    let org = org();
    let (client_id, username) = {
        let app = org.auth.first_app();
        (
            app.client_id.clone(),
            org.auth.first_member().user.username.clone(),
        )
    };
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", &client_id)
        .append_pair("redirect_uri", "http://localhost:1717/OauthRedirect")
        .finish();
    let url = format!("http://127.0.0.1:8080/services/oauth2/authorize?{query}");
    let opened = json!({"url": url, "username": username});
    let (status, told) = administer(&org, Method::POST, "/authorize", opened).await;
    assert_eq!(status, 200, "{told}");
    let redirect = told["redirect"].as_str().unwrap();
    assert!(redirect.starts_with("http://localhost:1717/OauthRedirect?code=aPrx"));
    let wrong = json!({"url": "http://x?client_id=unknown", "username": username});
    let (status, told) = administer(&org, Method::POST, "/authorize", wrong).await;
    assert_eq!((status, &told["error"]), (400, &json!("invalid_client_id")));
    let nobody = json!({"url": url, "username": "nobody"});
    assert_eq!(
        administer(&org, Method::POST, "/authorize", nobody).await.0,
        404
    );

    let ask = async || {
        let form = format!("response_type=device_code&client_id={client_id}");
        let request = Request::post("/services/oauth2/token").body(Body::from(form));
        let codes = text(answer(&org, request.unwrap()).await).await;
        serde_json::from_str::<Value>(&codes).unwrap()
    };
    for allow in [true, false] {
        let codes = ask().await;
        let decision = json!({
            "user_code": codes["user_code"], "username": username, "allow": allow,
        });
        let path = "/device";
        assert_eq!(
            administer(&org, Method::POST, path, decision.clone())
                .await
                .0,
            204
        );
        let (status, _) = administer(&org, Method::POST, path, decision).await;
        assert_eq!(status, 404, "once");
        let code = codes["device_code"].as_str().unwrap();
        let form = format!("grant_type=device&client_id={client_id}&code={code}");
        let request = Request::post("/services/oauth2/token").body(Body::from(form));
        let given = answer(&org, request.unwrap()).await;
        assert_eq!(given.status(), if allow { 200 } else { 400 });
    }

    let (_, sign_ins) = administer(&org, Method::GET, "/sign-ins", Value::Null).await;
    let expected = json!({"logins": 1, "refreshes": 0, "reuses": 0, "sign_ins": [{
        "username": username, "client_id": client_id, "logins": 1, "refreshes": 0, "reuses": 0,
    }]});
    assert_eq!(sign_ins, expected);
    administer(&org, Method::POST, "/reset", Value::Null).await;
    let (_, sign_ins) = administer(&org, Method::GET, "/sign-ins", Value::Null).await;
    assert_eq!(sign_ins["logins"], 0);
}
