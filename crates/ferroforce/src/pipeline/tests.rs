use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::auth::{AuthError, AuthErrorKind};
use crate::error::{Error, ErrorKind};
use crate::events::Event;
use crate::op::Response;
use crate::retry::RetryPolicy;
use crate::script::{Counting, ORG, Reply, Script, builder, client};
use crate::transport::{Body, TransportErrorKind};

fn ok() -> Reply {
    Reply::json(200, r#"{"ok":true}"#)
}

async fn send(method: Method, script: &Script) -> Result<Response, Error> {
    client(Counting::tokens(), script)
        .request(method, "/x")
        .send()
        .await
}

fn failures() -> [Reply; 6] {
    [
        Reply::Fail(TransportErrorKind::Timeout),
        Reply::Fail(TransportErrorKind::Interrupted),
        Reply::Cut(StatusCode::CREATED, Bytes::from_static(b"{\"id\":")),
        Reply::Never,
        Reply::html(502),
        Reply::error(500, "UNKNOWN_EXCEPTION", "gack"),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_post_is_never_sent_twice_after_it_may_have_been_processed() {
    for failure in failures() {
        let script = Script::replies([failure, ok()]);
        let error = send(Method::POST, &script).await.unwrap_err();
        assert_eq!(script.count(), 1, "{error}");
        assert!(error.may_have_been_processed(), "{error}");
        assert!(!error.is_before_send());
    }
}

#[tokio::test(start_paused = true)]
async fn a_get_is_sent_again_after_every_one_of_these() {
    for failure in failures() {
        let script = Script::replies([failure, ok()]);
        let response = send(Method::GET, &script).await.unwrap();
        assert_eq!(script.count(), 2);
        assert!(response.is_repeated());
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_never_sent_is_sent_again_whatever_it_is() {
    let script = Script::replies([Reply::Fail(TransportErrorKind::Connect), ok()]);
    let response = send(Method::POST, &script).await.unwrap();
    assert_eq!(script.count(), 2);
    assert!(!response.is_repeated(), "the first one did nothing");
}

#[tokio::test(start_paused = true)]
async fn no_connection_ends_after_three_repeats_and_says_so() {
    let script = Script::replies([Reply::Fail(TransportErrorKind::Connect)]);
    let error = send(Method::POST, &script).await.unwrap_err();
    assert_eq!(script.count(), 4);
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(error.context().unwrap().attempts, 4);
    assert!(error.is_before_send() && !error.may_have_been_processed());
}

/// The last attempt alone does not tell what the first one did.
#[tokio::test(start_paused = true)]
async fn doubt_about_an_earlier_attempt_stays_with_the_error() {
    let broken = || Reply::Fail(TransportErrorKind::Interrupted);
    let last = [
        Reply::Fail(TransportErrorKind::Connect),
        Reply::error(400, "REQUIRED_FIELD_MISSING", "no"),
    ];
    for last in last {
        let script = Script::replies([broken(), last]);
        let error = send(Method::PUT, &script).await.unwrap_err();
        assert!(error.may_have_been_processed(), "{error}");
        assert!(!error.is_before_send(), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_locked_row_is_tried_again_even_by_a_post() {
    let locked = Reply::error(
        400,
        "UNABLE_TO_LOCK_ROW",
        "unable to obtain exclusive access",
    );
    let script = Script::replies([locked, ok()]);
    assert!(!send(Method::POST, &script).await.unwrap().is_repeated());
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_waited_for_as_seconds_and_as_a_date() {
    let at = httpdate::fmt_http_date(std::time::SystemTime::now() + Duration::from_secs(20));
    for (value, least) in [("7", 7), (at.as_str(), 18)] {
        let script = Script::replies([Reply::html(503).header("retry-after", value), ok()]);
        let started = tokio::time::Instant::now();
        send(Method::GET, &script).await.unwrap();
        let waited = started.elapsed();
        assert!(waited >= Duration::from_secs(least), "{value}: {waited:?}");
        assert!(waited < Duration::from_secs(21));
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_beyond_the_ceiling_comes_back_in_the_error() {
    let script = Script::replies([Reply::html(503).header("retry-after", "3600")]);
    let error = send(Method::GET, &script).await.unwrap_err();
    assert_eq!(script.count(), 1);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
}

#[tokio::test(start_paused = true)]
async fn the_permit_is_free_while_a_call_waits() {
    let script = Script::new(|sent, _| match sent.uri.path() {
        "/services/data/v66.0/slow" => Reply::html(503),
        _ => ok(),
    });
    let salesforce = builder(Counting::tokens(), &script)
        .concurrency_limit(1)
        .retry(RetryPolicy::default().max_retries(1))
        .build()
        .unwrap();
    let order = Mutex::new(Vec::new());
    let slow = async {
        salesforce
            .request(Method::GET, "/slow")
            .send()
            .await
            .unwrap_err();
        order.lock().unwrap().push("slow");
    };
    let quick = async {
        salesforce
            .request(Method::GET, "/quick")
            .send()
            .await
            .unwrap();
        order.lock().unwrap().push("quick");
    };
    tokio::join!(slow, quick);
    assert_eq!(*order.lock().unwrap(), ["quick", "slow"]);
}

#[tokio::test(start_paused = true)]
async fn a_token_never_leaves_its_origin() {
    let salesforce = |script: &Script| client(Counting::tokens(), script);
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Reply::json(status, "").header("location", "https://evil.example/steal");
        let script = Script::replies([elsewhere]);
        let error = salesforce(&script)
            .request(Method::GET, "/x")
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Redirect);
        assert!(
            error.to_string().contains("https://evil.example"),
            "{error}"
        );
        assert_eq!(script.count(), 1);
    }
    for path in [
        "https://evil.example/x",
        "//evil.example/x",
        "/\\evil.example",
        "/../../x",
        "/a/./b",
        "",
        "a b",
    ] {
        let script = Script::replies([ok()]);
        let error = salesforce(&script)
            .request(Method::GET, path)
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{path}");
        assert_eq!(script.count(), 0);
    }
    // Whatever is left stays a path of this host.
    for path in [
        ".evil.example/x",
        "@evil.example/x",
        ":80@evil.example",
        "/../../x",
    ] {
        let script = Script::replies([ok()]);
        let _ = salesforce(&script).request(Method::GET, path).send().await;
        for sent in script.sent() {
            assert_eq!(
                sent.uri.authority().unwrap().as_str(),
                "acme.my.salesforce.com",
                "{path}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_session_s_headers_cannot_be_replaced() {
    let script = Script::replies([ok()]);
    for name in ["authorization", "Host"] {
        let salesforce = client(Counting::tokens(), &script);
        let error = salesforce
            .request(Method::GET, "/x")
            .header(name, "v")
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(
            builder(Counting::tokens(), &script)
                .header(name, "v")
                .build()
                .is_err()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_streamed_body_is_sent_once() {
    let body = || Body::stream(stream::iter([Ok(Bytes::from_static(b"row"))]));
    for failure in [Reply::Fail(TransportErrorKind::Connect), Reply::expired()] {
        let script = Script::replies([failure, ok()]);
        let salesforce = client(Counting::tokens(), &script);
        let error = salesforce
            .request(Method::PUT, "/x")
            .body(body())
            .send()
            .await
            .unwrap_err();
        assert_eq!(script.count(), 1, "{error}");
    }
}

/// An endless body costs 64 KiB when it is an error, and the limit otherwise.
#[tokio::test(start_paused = true)]
async fn bodies_without_end_are_cut_off() {
    let script = Script::replies([Reply::Endless(StatusCode::BAD_REQUEST)]);
    let error = send(Method::GET, &script).await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::BAD_REQUEST));
    assert!(error.to_string().len() < 1000);

    let script = Script::replies([Reply::Endless(StatusCode::OK)]);
    let salesforce = builder(Counting::tokens(), &script)
        .max_response_bytes(1_000_000)
        .build()
        .unwrap();
    let error = salesforce
        .request(Method::GET, "/x")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert_eq!(script.count(), 1, "it would be as large again");
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_none_of_salesforce_s_are_explained() {
    let cases = [
        (Reply::html(503), "Down for maintenance"),
        (Reply::html(502), "Bad Gateway"),
        (Reply::json(500, ""), "no body"),
        (Reply::json(400, "[{\"errorCode\":"), "Bad Request"),
    ];
    for (reply, part) in cases {
        let script = Script::replies([reply]);
        let salesforce = client(Counting::tokens(), &script);
        let request = salesforce
            .request(Method::GET, "/x")
            .retry(RetryPolicy::never());
        let error = request.json::<Value>().await.unwrap_err();
        assert!(error.to_string().contains(part), "{part} in {error}");
        assert_eq!(error.kind(), ErrorKind::Api);
    }
    let script = Script::replies([Reply::html(200)]);
    let salesforce = client(Counting::tokens(), &script);
    let error = salesforce
        .request(Method::GET, "/x")
        .json::<Value>()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.context().is_some(), "names the request");
}

#[tokio::test(start_paused = true)]
async fn absurd_headers_change_nothing() {
    let reply = ok()
        .header("sforce-limit-info", "api-usage=\u{e9}x/-1;;;=")
        .header("retry-after", "never")
        .header("x-request-id", &"x".repeat(10_000));
    let script = Script::replies([reply]);
    send(Method::GET, &script).await.unwrap();
    let reply = Reply::error(400, "X", "y").header("x-request-id", &"x".repeat(10_000));
    let error = send(Method::GET, &Script::replies([reply]))
        .await
        .unwrap_err();
    assert!(error.to_string().len() < 500);
}

#[tokio::test(start_paused = true)]
async fn the_events_of_a_call() {
    let script = Script::replies([
        Reply::html(500).header("sforce-limit-info", "api-usage=10/100"),
        Reply::expired().header("sforce-limit-info", "api-usage=11/100"),
        ok().header("sforce-limit-info", "api-usage=12/100"),
    ]);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let salesforce = builder(Counting::tokens(), &script)
        .observer(move |event: &Event| log.lock().unwrap().push(event.clone()))
        .build()
        .unwrap();
    let streamed = salesforce.events();
    salesforce
        .request(Method::GET, "/x")
        .path_template("/x")
        .bulk_batches(3)
        .send()
        .await
        .unwrap();
    let names: Vec<_> = seen.lock().unwrap().iter().map(Event::name).collect();
    let expected = [
        "request",
        "token_issued",
        "api_call",
        "retry",
        "api_call",
        "token_issued",
        "api_call",
        "bulk_batches",
        "response",
    ];
    assert_eq!(names, expected);
    let consumed: Vec<_> = seen
        .lock()
        .unwrap()
        .iter()
        .map(|e| (e.consumed(), e.remaining()))
        .collect();
    assert_eq!(consumed[2], (Some(10), Some(90)));
    assert_eq!(
        consumed[3],
        (Some(10), Some(90)),
        "a retry carries the answer's usage"
    );
    assert_eq!(consumed[8], (Some(12), Some(88)));
    assert_eq!(salesforce.api_usage().unwrap().remaining(), 88);
    let ids: std::collections::HashSet<_> = seen
        .lock()
        .unwrap()
        .iter()
        .filter_map(|e| e.request().map(|r| r.id))
        .collect();
    assert_eq!(ids.len(), 1, "one call, one id");
    drop(salesforce);
    assert_eq!(
        streamed.map(|e| e.name()).collect::<Vec<_>>().await,
        expected
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_ends_with_a_failure_event() {
    let script = Script::replies([Reply::Fail(TransportErrorKind::Interrupted)]);
    let salesforce = client(Counting::tokens(), &script);
    let events = salesforce.events();
    salesforce
        .request(Method::POST, "/x")
        .send()
        .await
        .unwrap_err();
    drop(salesforce);
    let names: Vec<_> = events.map(|event| event.name()).collect().await;
    assert_eq!(names, ["request", "token_issued", "failure"]);
}

#[tokio::test(start_paused = true)]
async fn a_custom_path_is_sent_as_given_and_named_as_told() {
    let script = Script::replies([Reply::error(404, "NOT_FOUND", "no")]);
    let salesforce = client(Counting::tokens(), &script);
    let error = salesforce
        .request(Method::GET, "/services/apexrest/orders/4711")
        .query("a b", "c&d")
        .path_template("/services/apexrest/orders/{id}")
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        script.sent()[0].uri.to_string(),
        format!("{ORG}/services/apexrest/orders/4711?a+b=c%26d")
    );
    assert_eq!(
        error.context().unwrap().path_template,
        "/services/apexrest/orders/{id}"
    );
    assert!(!error.redacted().to_string().contains("4711"));
    salesforce
        .request(Method::GET, "limits")
        .send()
        .await
        .unwrap_err();
    assert_eq!(script.sent()[1].uri.path(), "/services/data/v66.0/limits");
}

#[tokio::test(start_paused = true)]
async fn each_call_sets_its_own_timeout_retry_and_headers() {
    let script = Script::replies([Reply::Never]);
    let salesforce = client(Counting::tokens(), &script);
    let started = tokio::time::Instant::now();
    let call = salesforce
        .sobject("Contact")
        .get::<Value>("003000000000001AAA")
        .timeout(Duration::from_millis(50))
        .retry(RetryPolicy::never())
        .header("Sforce-Mru", "updateMru=true");
    let error = call.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(started.elapsed() < Duration::from_millis(500));
    assert_eq!(script.sent()[0].headers["sforce-mru"], "updateMru=true");
}

#[tokio::test(start_paused = true)]
async fn a_broken_sign_in_is_the_calls_error() {
    let auth = Counting::new(|_| Err(AuthError::new(AuthErrorKind::Unavailable, "down")));
    let script = Script::replies([ok()]);
    let error = client(auth, &script)
        .request(Method::POST, "/x")
        .send()
        .await
        .unwrap_err();
    assert!(error.is_auth() && error.is_retryable() && error.is_before_send());
    assert_eq!(script.count(), 0);
    assert_eq!(error.context().unwrap().attempts, 0);
}

#[tokio::test(start_paused = true)]
async fn a_json_body_is_typed_and_a_get_has_none() {
    let script = Script::replies([ok()]);
    let salesforce = client(Counting::tokens(), &script);
    let request = salesforce
        .request(Method::PATCH, "/x")
        .json_body(&json!({"a": 1}));
    let answer: Value = request.json().await.unwrap();
    assert_eq!(answer, json!({"ok": true}));
    let sent = &script.sent()[0];
    assert_eq!(sent.method, Method::PATCH);
    assert_eq!(sent.headers["content-type"], "application/json");
    assert_eq!(sent.headers["accept"], "application/json");
    assert!(
        sent.headers["user-agent"]
            .to_str()
            .unwrap()
            .starts_with("ferroforce/")
    );
    assert_eq!(sent.body, r#"{"a":1}"#);
}

/// Apex may do anything by any method, and running Apex is a GET.
#[tokio::test(start_paused = true)]
async fn apex_is_never_run_twice() {
    for (method, path) in [
        (Method::GET, "/tooling/executeAnonymous/?anonymousBody=x"),
        (Method::PUT, "/services/apexrest/orders"),
        (Method::DELETE, "/services/apexrest/orders/1"),
    ] {
        let script = Script::replies([Reply::Fail(TransportErrorKind::Interrupted), ok()]);
        let salesforce = client(Counting::tokens(), &script);
        salesforce.request(method, path).send().await.unwrap_err();
        assert_eq!(script.count(), 1, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_event_tells_its_cause() {
    let script = Script::replies([
        Reply::Fail(TransportErrorKind::Interrupted),
        Reply::html(503),
        ok(),
    ]);
    let salesforce = client(Counting::tokens(), &script);
    let events = salesforce.events();
    salesforce.request(Method::GET, "/x").send().await.unwrap();
    drop(salesforce);
    let causes: Vec<_> = events
        .filter_map(async |event| match event {
            Event::Retry(retry) => Some((
                retry.attempt,
                retry.status.map(|s| s.as_u16()),
                retry.failure,
            )),
            _ => None,
        })
        .collect()
        .await;
    let expected = [
        (1, None, Some(TransportErrorKind::Interrupted)),
        (2, Some(503), None),
    ];
    assert_eq!(causes, expected);
}
