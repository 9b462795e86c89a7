//! The admin API over HTTP, for tests in other processes and other languages. Its requests are
//! listed at [`LocalOrg::admin_token`](crate::LocalOrg::admin_token).

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{Path, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get, post, put};
use axum::{Router, body::Body};
use http::{Method, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::fault::Fault;
use super::guard::{self, Refused};
use super::policies::Policies;
use super::snapshot::{Snapshot, SnapshotError};
use crate::auth;
use crate::org::Org;

/// The largest body that is read, in bytes.
const SIZE_LIMIT: usize = 1024 * 1024;

const HEALTH: &str = "/__org/health";

/// The routes of the admin API.
pub(crate) fn routes(org: &Arc<Org>) -> Router<Arc<Org>> {
    Router::new()
        .route(HEALTH, get(health))
        .route(
            "/__org/faults",
            get(faults).post(add_fault).delete(clear_faults),
        )
        .route("/__org/faults/{id}", delete(remove_fault))
        .route("/__org/faults/seed", put(seed_faults))
        .route("/__org/requests", get(requests).delete(clear_requests))
        .route("/__org/tokens/expire", post(expire_tokens))
        .route("/__org/tokens/revoke", post(revoke_tokens))
        .route("/__org/users/lock", post(lock_user))
        .route("/__org/users/unlock", post(unlock_user))
        .route("/__org/users/api", post(switch_api))
        .route("/__org/sign-ins", get(sign_ins))
        .route("/__org/authorize", post(authorize))
        .route("/__org/device", post(decide_device))
        .route("/__org/policies", get(policies).patch(change_policies))
        .route("/__org/clock", get(clock).patch(change_clock))
        .route("/__org/reset", post(reset))
        .route(
            "/__org/snapshots/{name}",
            put(take_snapshot).delete(forget_snapshot),
        )
        .route("/__org/snapshots/{name}/restore", post(restore_snapshot))
        .route("/__org/{*rest}", any(nothing))
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(Arc::clone(org), admit))
}

/// Why the admin API did not do what it was asked for.
#[derive(Debug)]
struct AdminError(StatusCode, String);

impl AdminError {
    fn not_found(what: &str) -> Self {
        Self(StatusCode::NOT_FOUND, format!("there is no {what}"))
    }
}

impl From<Refused> for AdminError {
    fn from(refused: Refused) -> Self {
        let (status, text) = match refused {
            Refused::Host => (
                StatusCode::FORBIDDEN,
                "the admin API is for this machine only",
            ),
            Refused::Page => (StatusCode::FORBIDDEN, "the admin API is not for web pages"),
            Refused::Token => (
                StatusCode::UNAUTHORIZED,
                "X-Org-Admin-Token does not hold the admin token",
            ),
        };
        Self(status, text.to_owned())
    }
}

impl From<SnapshotError> for AdminError {
    fn from(error: SnapshotError) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

impl IntoResponse for AdminError {
    fn into_response(self) -> Response {
        answer(self.0, &json!({"error": self.1}))
    }
}

type Answer = Result<Response, AdminError>;

fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_string(body) {
        Ok(body) => (status, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
        // Only values that are no JSON by their type fail, and none is sent here.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn ok(body: &impl Serialize) -> Answer {
    Ok(answer(StatusCode::OK, body))
}

fn done() -> Answer {
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Reads a body; an empty one stands for `{}`.
async fn read<T: DeserializeOwned>(body: Body) -> Result<T, AdminError> {
    let wrong = |error: String| AdminError(StatusCode::BAD_REQUEST, error);
    let bytes = to_bytes(body, SIZE_LIMIT)
        .await
        .map_err(|error| wrong(error.to_string()))?;
    let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
    serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()))
}

async fn admit(State(org): State<Arc<Org>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let admitted = guard::check_host(&parts, org.settings.expose).and_then(|()| {
        if parts.uri.path() == HEALTH {
            return Ok(());
        }
        guard::check_token(&parts, &org.admin.token)
    });
    match admitted {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(refused) => AdminError::from(refused).into_response(),
    }
}

async fn nothing() -> AdminError {
    AdminError::not_found("such request in the admin API")
}

async fn wrong_method(method: Method) -> AdminError {
    let text = format!("the admin API does not take {method} here");
    AdminError(StatusCode::METHOD_NOT_ALLOWED, text)
}

async fn health(State(org): State<Arc<Org>>) -> Answer {
    ok(&json!({"status": "ok", "org_id": org.id.as_str()}))
}

async fn faults(State(org): State<Arc<Org>>) -> Answer {
    let faults = org.admin.rules().list();
    ok(&json!({"faults": faults}))
}

async fn add_fault(State(org): State<Arc<Org>>, body: Body) -> Answer {
    let fault: Fault = read(body).await?;
    if let Some(flaw) = fault.flaw() {
        return Err(AdminError(StatusCode::BAD_REQUEST, flaw.to_owned()));
    }
    let id = org.admin.rules().add(fault);
    Ok(answer(StatusCode::CREATED, &json!({"id": id})))
}

async fn remove_fault(State(org): State<Arc<Org>>, Path(id): Path<String>) -> Answer {
    let id = id
        .parse()
        .map_err(|_| AdminError::not_found("such fault"))?;
    match org.admin.rules().remove(id) {
        true => done(),
        false => Err(AdminError::not_found("such fault")),
    }
}

async fn clear_faults(State(org): State<Arc<Org>>) -> Answer {
    org.admin.rules().clear();
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seed {
    seed: u64,
}

async fn seed_faults(State(org): State<Arc<Org>>, body: Body) -> Answer {
    let Seed { seed } = read(body).await?;
    org.admin.rules().seed(seed);
    done()
}

async fn requests(State(org): State<Arc<Org>>) -> Answer {
    let requests = org.admin.log().list();
    ok(&json!({"requests": requests}))
}

async fn clear_requests(State(org): State<Arc<Org>>) -> Answer {
    org.admin.log().clear();
    done()
}

/// Whose tokens; everyone's without either.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whose {
    token: Option<String>,
    username: Option<String>,
}

async fn expire_tokens(State(org): State<Arc<Org>>, body: Body) -> Answer {
    let whose: Whose = read(body).await?;
    let ended = match &whose.token {
        Some(token) => usize::from(org.auth.expire(token)),
        None => org.auth.expire_all(user(&org, whose.username.as_deref())?),
    };
    ok(&json!({"ended": ended}))
}

async fn revoke_tokens(State(org): State<Arc<Org>>, body: Body) -> Answer {
    let whose: Whose = read(body).await?;
    let ended = match &whose.token {
        Some(token) => usize::from(org.auth.revoke(token)),
        None => org.auth.revoke_all(user(&org, whose.username.as_deref())?),
    };
    ok(&json!({"ended": ended}))
}

fn user(org: &Org, username: Option<&str>) -> Result<Option<crate::id::RecordId>, AdminError> {
    let Some(username) = username else {
        return Ok(None);
    };
    let member = org.auth.directory.by_username(username);
    Ok(Some(member.ok_or(AdminError::not_found("such user"))?.id))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Who {
    username: String,
}

async fn lock_user(State(org): State<Arc<Org>>, body: Body) -> Answer {
    set_locked(&org, body, true).await
}

async fn unlock_user(State(org): State<Arc<Org>>, body: Body) -> Answer {
    set_locked(&org, body, false).await
}

async fn set_locked(org: &Org, body: Body, locked: bool) -> Answer {
    let Who { username } = read(body).await?;
    if let Some(user) = user(org, Some(&username))? {
        org.auth.set_locked(user, locked);
    }
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApiSwitch {
    username: String,
    enabled: bool,
}

async fn switch_api(State(org): State<Arc<Org>>, body: Body) -> Answer {
    let ApiSwitch { username, enabled } = read(body).await?;
    let member = org.auth.directory.by_username(&username);
    let member = member.ok_or(AdminError::not_found("such user"))?;
    org.auth.set_api_enabled(&member, enabled);
    done()
}

async fn sign_ins(State(org): State<Arc<Org>>) -> Answer {
    let sign_ins = org.auth.sign_ins();
    let total = |count: fn(&auth::SignIns) -> u64| sign_ins.iter().map(count).sum::<u64>();
    ok(&json!({
        "logins": total(|one| one.logins),
        "refreshes": total(|one| one.refreshes),
        "reuses": total(|one| one.reuses),
        "sign_ins": sign_ins,
    }))
}

/// What a browser would have been told to open, and who sits at it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Opened {
    url: String,
    username: String,
}

async fn authorize(State(org): State<Arc<Org>>, body: Body) -> Answer {
    let Opened { url, username } = read(body).await?;
    let member = org.auth.directory.by_username(&username);
    let member = member.ok_or(AdminError::not_found("such user"))?;
    match auth::authorize_as(&org, &url, &member) {
        Ok(redirect) => ok(&json!({"redirect": redirect})),
        Err(error) => Ok(answer(error.status(), &error)),
    }
}

/// The code that a device shows, and what who does about it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    user_code: String,
    username: String,
    allow: bool,
}

async fn decide_device(State(org): State<Arc<Org>>, body: Body) -> Answer {
    let decision: Decision = read(body).await?;
    let member = org.auth.directory.by_username(&decision.username);
    let member = member.ok_or(AdminError::not_found("such user"))?;
    let member = decision.allow.then_some(&*member);
    let now = org.clock.now();
    match org.auth.decide_device(&decision.user_code, member, now) {
        true => done(),
        false => Err(AdminError::not_found("device that waits for this code")),
    }
}

async fn policies(State(org): State<Arc<Org>>) -> Answer {
    ok(&*org.auth.policies())
}

/// Changes the policies that the body names and leaves the others.
async fn change_policies(State(org): State<Arc<Org>>, body: Body) -> Answer {
    let changes: serde_json::Map<String, Value> = read(body).await?;
    let wrong = |error: serde_json::Error| AdminError(StatusCode::BAD_REQUEST, error.to_string());
    let mut policies = serde_json::to_value(&*org.auth.policies()).map_err(wrong)?;
    for (name, value) in changes {
        policies[name] = value;
    }
    let policies: Policies = serde_json::from_value(policies).map_err(wrong)?;
    org.auth.set_policies(policies);
    ok(&*org.auth.policies())
}

/// What to do to the clock, in this order.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    #[serde(default)]
    run: bool,
    stop_at: Option<String>,
    #[serde(default)]
    advance_seconds: i64,
}

async fn clock(State(org): State<Arc<Org>>) -> Answer {
    ok(&json!({"now": org.clock.now().to_string()}))
}

async fn change_clock(State(org): State<Arc<Org>>, body: Body) -> Answer {
    let change: ClockChange = read(body).await?;
    let stop_at = change.stop_at.map(|at| at.parse::<Timestamp>()).transpose();
    let stop_at =
        stop_at.map_err(|error| AdminError(StatusCode::BAD_REQUEST, error.to_string()))?;
    if change.run {
        org.clock.run();
    }
    if let Some(at) = stop_at {
        org.clock.stop_at(at);
    }
    org.clock
        .advance(SignedDuration::from_secs(change.advance_seconds));
    clock(State(org)).await
}

async fn reset(State(org): State<Arc<Org>>) -> Answer {
    super::reset(&org).await?;
    done()
}

async fn take_snapshot(State(org): State<Arc<Org>>, Path(name): Path<String>) -> Answer {
    let snapshot = Snapshot::of(&org).await?;
    org.admin.snapshots().insert(name, snapshot);
    done()
}

async fn forget_snapshot(State(org): State<Arc<Org>>, Path(name): Path<String>) -> Answer {
    match org.admin.snapshots().remove(&name) {
        Some(_) => done(),
        None => Err(AdminError::not_found("such snapshot")),
    }
}

async fn restore_snapshot(State(org): State<Arc<Org>>, Path(name): Path<String>) -> Answer {
    let snapshot = org.admin.snapshots().get(&name).cloned();
    snapshot
        .ok_or(AdminError::not_found("such snapshot"))?
        .restore(&org)
        .await?;
    done()
}
