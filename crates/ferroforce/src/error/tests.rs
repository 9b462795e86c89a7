use std::time::Duration;

use http::{Method, StatusCode};

use super::*;

static_assertions::assert_eq_size!(Error, usize);
static_assertions::assert_impl_all!(Error: Clone, Send, Sync, StdError);

fn context() -> CallContext {
    CallContext {
        method: Method::POST,
        path_template: "/sobjects/{sobject}".into(),
        attempts: 2,
        elapsed: Duration::from_millis(12),
        request_id: Some("abc".into()),
    }
}

#[test]
fn every_error_of_the_answer_is_kept() {
    let body = br#"[{"message":"Required fields are missing: [LastName]","errorCode":"REQUIRED_FIELD_MISSING","fields":["LastName"]},
        {"errorCode":"SOMETHING_NEW","message":"x"}]"#;
    let errors = parse_error_body(body);
    assert_eq!(errors.len(), 2);
    assert_eq!(errors[0].code(), &ErrorCode::RequiredFieldMissing);
    assert_eq!(errors[0].fields(), ["LastName"]);
    assert_eq!(errors[1].code().as_str(), "SOMETHING_NEW");
}

#[test]
fn shapes_of_error_bodies() {
    let codes = |body: &[u8]| {
        parse_error_body(body)
            .iter()
            .map(|error| error.code().to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        codes(br#"{"exceptionCode":"InvalidSessionId","exceptionMessage":"Invalid session id"}"#),
        ["INVALID_SESSION_ID"]
    );
    assert_eq!(
        codes(br#"[{"statusCode":"X","message":null,"fields":null}]"#),
        ["X"]
    );
    for unreadable in [
        &b""[..],
        b"<html>",
        b"[]",
        b"{}",
        b"[1]",
        b"{\"message\":",
        b"\xff\xfe",
    ] {
        assert!(codes(unreadable).is_empty());
    }
}

#[test]
fn duplicates_are_listed_by_either_key_or_by_both() {
    let matches = r#"{"allowSave":true,"duplicateRule":"Contacts_DR","matchResults":[
        {"entityType":"Contact","matchEngine":"ExactMatchEngine","rule":"R","matchRecords":[
            {"matchConfidence":100.0,"record":{"attributes":{"type":"Contact"},"Id":"003x","Email":"ada@x.example"}},
            {"matchConfidence":50.0,"record":null}]},
        {"entityType":"Lead","matchEngine":"E2","rule":"R2","matchRecords":[
            {"matchConfidence":70.5,"record":{"Id":"00Qx"}}]}]}"#;
    for keys in [
        format!(r#""duplicateResut":{matches},"duplicateResult":null"#),
        format!(r#""duplicateResult":{matches},"duplicateResut":{matches}"#),
    ] {
        let body = format!(r#"[{{{keys},"errorCode":"DUPLICATES_DETECTED","message":"m"}}]"#);
        let errors = parse_error_body(body.as_bytes());
        let found = errors[0].duplicates();
        let ids: Vec<_> = found.iter().map(|found| found.id.as_deref()).collect();
        assert_eq!(ids, [Some("003x"), None, Some("00Qx")]);
        assert_eq!(found[2].sobject.as_deref(), Some("Lead"));
        assert!(found[0].allow_save && found[0].duplicate_rule == "Contacts_DR");
        let record = found[0].record().unwrap();
        assert_eq!(record.get::<String>("Email").unwrap(), "ada@x.example");
        assert!(found[1].record().is_none());
        assert!(!format!("{errors:?}{}", errors[0]).contains("ada@"));
    }
}

#[test]
fn both_spellings_of_the_duplicates_key_are_read() {
    for key in ["duplicateResut", "duplicateResult"] {
        let body = format!(
            r#"[{{"{key}":{{"allowSave":true,"matchResults":[{{"entityType":"Contact","matchEngine":"ExactMatchEngine","rule":"R",
            "matchRecords":[{{"matchConfidence":100,"record":{{"attributes":{{"type":"Contact"}},"Id":"003x"}}}}]}}]}},
            "errorCode":"DUPLICATES_DETECTED","message":"Use one of these records?"}}]"#
        );
        let errors = parse_error_body(body.as_bytes());
        assert_eq!(
            errors[0].duplicates()[0].id.as_deref(),
            Some("003x"),
            "{key}"
        );
        assert_eq!(
            errors[0].duplicates()[0].sobject.as_deref(),
            Some("Contact")
        );
        assert!((errors[0].duplicates()[0].confidence - 100.0).abs() < f64::EPSILON);
    }
}

/// A body like `["…"]` was once read as an error whose code was that text.
#[test]
fn what_does_not_look_like_a_code_is_none() {
    let long = "A".repeat(500);
    for text in ["Ada@x.example", "EXT-4711", "é", "", "two words", &long] {
        let shapes = [
            serde_json::json!([text]),
            serde_json::json!([[text]]),
            serde_json::json!({"errorCode": text}),
            serde_json::json!([{"errorCode": text, "message": "m"}]),
        ];
        for shape in shapes {
            assert!(
                parse_error_body(shape.to_string().as_bytes()).is_empty(),
                "{shape}"
            );
        }
    }
}

#[test]
fn display_names_request_cause_and_attempts() {
    let error = Error::from_api(
        StatusCode::BAD_REQUEST,
        vec![ApiError::new(
            "DUPLICATE_VALUE",
            "duplicate value found: 4711",
        )],
        "",
    )
    .with_context(context());
    let text = error.to_string();
    for part in [
        "POST /sobjects/{sobject}",
        "HTTP 400",
        "DUPLICATE_VALUE",
        "4711",
        "2 attempts",
        "abc",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let redacted = error.redacted().to_string();
    assert!(
        redacted.contains("DUPLICATE_VALUE") && !redacted.contains("4711"),
        "{redacted}"
    );
}

#[test]
fn daily_and_concurrent_limits_are_told_apart() {
    let limit = |message: &str| {
        Error::from_api(
            StatusCode::FORBIDDEN,
            vec![ApiError::new("REQUEST_LIMIT_EXCEEDED", message)],
            "",
        )
    };
    let daily = limit("TotalRequests Limit exceeded.");
    assert!(daily.is_limit() && !daily.is_concurrency_limit() && !daily.is_retryable());
    let concurrent = limit("ConcurrentRequests (Concurrent API Requests) Limit exceeded.");
    assert!(
        concurrent.is_limit() && concurrent.is_concurrency_limit() && concurrent.is_retryable()
    );
}

#[test]
fn an_auth_error_is_found_behind_the_error() {
    use crate::auth::{AuthError, AuthErrorKind};
    let error = Error::from(AuthError::new(AuthErrorKind::Refused, "no"));
    assert_eq!(
        error.auth().map(AuthError::kind),
        Some(AuthErrorKind::Refused)
    );
    assert!(error.is_auth() && !error.is_retryable());
}
