//! Lets faults happen to requests.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use jiff::SignedDuration;
use tokio::time::sleep;

use super::body::FaultyBody;
use super::fault::{Effect, MOST_SECONDS_OF_QUERY};
use crate::auth;
use crate::bulk::{ShortPage, v1};
use crate::error::ApiError;
use crate::http::CutConnection;
use crate::org::Org;
use crate::rest::{ApiCalls, limits};

/// Answers a request that has these effects to suffer. `number` is its number in the log.
pub(super) async fn suffer(
    org: &Org,
    number: u64,
    effects: Vec<Effect>,
    mut request: Request,
    next: Next,
) -> Response {
    let mut on_answer = Vec::new();
    for effect in effects {
        match effect {
            Effect::Delay { by } => sleep(Duration::from_millis(by)).await,
            Effect::ExpiredSession {} => auth::expire_session_of(org, request.headers()),
            Effect::Error {
                status,
                code,
                message,
                retry_after,
            } => {
                let mut response = refusal(org, number, &request, status, code, message);
                if let Some(seconds) = retry_after {
                    response
                        .headers_mut()
                        .insert(RETRY_AFTER, HeaderValue::from(seconds));
                }
                return change(response, on_answer).await;
            }
            Effect::SlowQuery { seconds } => {
                let given = seconds.min(MOST_SECONDS_OF_QUERY);
                org.clock
                    .advance(SignedDuration::from_secs(given.cast_signed()));
                if seconds >= MOST_SECONDS_OF_QUERY {
                    let (status, code) = (StatusCode::BAD_REQUEST, "QUERY_TIMEOUT".to_owned());
                    let message = "Your query request was running for too long.".to_owned();
                    let response = refusal(org, number, &request, status, code, message);
                    return change(response, on_answer).await;
                }
            }
            Effect::ShortPage { records } => {
                request.extensions_mut().insert(ShortPage(records));
            }
            Effect::Html { status } => return change(html(status), on_answer).await,
            Effect::CutBefore {} => return cut(),
            after => on_answer.push(after),
        }
    }
    let response = next.run(request).await;
    // Each call that counts is told the count, but by Bulk API 1.0.
    let calls = response.extensions().get::<ApiCalls>();
    if response.headers().contains_key(limits::INFO) || calls.is_some() {
        let calls = calls.map_or(1, |calls| calls.0);
        org.admin.log().count_calls(number, calls);
    }
    change(response, on_answer).await
}

/// Refuses a request, and counts it if a real org would.
fn refusal(
    org: &Org,
    number: u64,
    request: &Request,
    status: StatusCode,
    code: String,
    message: String,
) -> Response {
    let mut response = error(request, status, code, message);
    if counts(request, status) {
        let info = limits::info(org, org.usage.count(), None);
        response.headers_mut().insert(limits::INFO, info);
        org.admin.log().count_calls(number, 1);
    }
    response
}

/// Whether a request that is refused so counts as an API call: a real org counts what it refuses
/// of whoever has a session.
fn counts(request: &Request, status: StatusCode) -> bool {
    status.is_client_error()
        && status != StatusCode::UNAUTHORIZED
        && request.uri().path().starts_with("/services/data/")
}

/// Lets effects happen to an answer.
async fn change(mut response: Response, effects: Vec<Effect>) -> Response {
    let mut body: Option<FaultyBody> = None;
    for effect in effects {
        match effect {
            Effect::Stall { by } => sleep(Duration::from_millis(by)).await,
            Effect::CutAfter {} => return cut(),
            Effect::Header {
                name,
                value: Some(value),
            } => {
                response.headers_mut().insert(name, value);
            }
            Effect::Header { name, value: None } => {
                response.headers_mut().remove(name);
            }
            Effect::CutBody { after, chunked } => {
                let whole = take_body(&mut body, &mut response).await;
                if whole.is_empty() {
                    // There is no middle to cut it in.
                    return cut();
                }
                body = Some(whole.cut(after, chunked));
            }
            Effect::RestingBody { after } => {
                let whole = take_body(&mut body, &mut response).await;
                if whole.is_empty() {
                    // There is no middle to rest in. It ends with the connection.
                    return std::future::pending().await;
                }
                body = Some(whole.rest(after));
            }
            Effect::SlowBody { piece, pause } => {
                let whole = take_body(&mut body, &mut response).await;
                body = Some(whole.slow(piece, Duration::from_millis(pause)));
            }
            // These come before an answer.
            Effect::Delay { .. }
            | Effect::ExpiredSession {}
            | Effect::SlowQuery { .. }
            | Effect::Error { .. }
            | Effect::Html { .. }
            | Effect::ShortPage { .. }
            | Effect::CutBefore {} => {}
            // These are about records and jobs.
            Effect::LockedRecords { .. }
            | Effect::StuckJob { .. }
            | Effect::FailedJob { .. }
            | Effect::OverAllocation { .. }
            | Effect::FailedChunking { .. } => {}
        }
    }
    if let Some(body) = body {
        if body.is_chunked() {
            response.headers_mut().remove(CONTENT_LENGTH);
        }
        *response.body_mut() = Body::new(body);
    }
    response
}

/// The body that earlier effects left, or the one of the answer.
async fn take_body(body: &mut Option<FaultyBody>, response: &mut Response) -> FaultyBody {
    match body.take() {
        Some(body) => body,
        None => {
            let whole = std::mem::take(response.body_mut());
            // The org made this body, all of it in memory.
            FaultyBody::new(to_bytes(whole, usize::MAX).await.unwrap_or_default())
        }
    }
}

/// No answer.
fn cut() -> Response {
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response.extensions_mut().insert(CutConnection);
    response
}

fn html(status: StatusCode) -> Response {
    let reason = status.canonical_reason().unwrap_or("Error");
    let number = status.as_u16();
    let page = format!(
        "<html><head><title>{number} {reason}</title></head><body><h1>{number} {reason}</h1></body></html>"
    );
    (status, [(CONTENT_TYPE, "text/html;charset=UTF-8")], page).into_response()
}

/// An error in the form that the API at this path gives to its errors.
fn error(request: &Request, status: StatusCode, code: String, message: String) -> Response {
    let path = request.uri().path();
    if path.starts_with("/services/oauth2/") {
        auth::oauth_error(status, code, message)
    } else if path.starts_with("/services/Soap/") {
        auth::soap_error(path, status, &code, &message)
    } else if path.starts_with("/services/async/") {
        // It speaks the language of the request.
        let kind = request.headers().get(CONTENT_TYPE);
        let json = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
        v1::error_response(status, &code, &message, json)
    } else {
        ApiError::new(status, code, message).into_response()
    }
}
