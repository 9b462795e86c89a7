//! The REST API: everything under `/services/data`.
//!
//! A request is freed of HTTP first ([`ApiRequest`]) and answered by [`dispatch`], which runs
//! on the store's thread: so that many can run there in one transaction.

mod actions;
mod apex;
mod changes;
mod conditional;
mod context;
mod cursors;
mod describes;
mod endpoint;
mod events;
mod idempotency;
mod layouts;
pub(crate) mod limits;
mod list_views;
mod multipart;
mod options;
mod password;
mod processes;
mod query;
mod recent;
mod related;
mod reports;
mod request;
mod rows;
mod search;
mod tabs;
#[cfg(test)]
pub(crate) mod tests;
mod tooling;
mod ui_records;
mod version;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::Method;
use http::request::Parts;

pub(crate) use context::Context;
pub(crate) use cursors::Cursors;
pub(crate) use endpoint::Endpoint;
pub(crate) use events::enqueue;
pub(crate) use multipart::{Parts as UploadParts, Upload};
pub(crate) use query::scope_at;
pub(crate) use reports::Runs as ReportRuns;
pub(crate) use request::{ApiCalls, ApiRequest, Reply, ReplyBody, parameters, segments};
pub(crate) use rows::{fields_named, json_body, key_field};
pub(crate) use version::ApiVersion;

use crate::auth::{self, CurrentUser, Origin};
use crate::bulk::{self, v2};
use crate::composite;
use crate::error::ApiError;
use crate::http::read_body;
use crate::json::Json;
use crate::org::Org;
use crate::store::deletions;
use crate::usage::Crowded;

/// The routes of the REST API.
pub(crate) fn routes() -> Router<Arc<Org>> {
    Router::new()
        .route("/services/data", any(versions))
        .route("/services/data/{*path}", any(serve))
        .merge(apex::routes())
}

/// The one resource that needs no session.
async fn versions(State(org): State<Arc<Org>>, method: Method) -> Response {
    if method == Method::GET || method == Method::HEAD {
        ApiVersion::list(org.settings.serve_retired_versions).into_response()
    } else {
        ApiError::method_not_allowed(&method, &[Method::HEAD, Method::GET]).into_response()
    }
}

/// Any other.
async fn serve(State(org): State<Arc<Org>>, request: Request) -> Response {
    if v2::is_asked(request.uri().path()) {
        return v2::serve(&org, request).await;
    }
    counted(&org, request, async |user, parts, body| {
        let mut request = freed_of_http(&org, parts)?;
        if request.header("accept").is_some_and(wants_xml) {
            return Err(ApiError::unsupported("answers in XML"));
        }
        if request.is_multipart() {
            let content_type = request.header("content-type").unwrap_or_default();
            let most = most_bytes(&request.path);
            let upload = Upload::read(content_type, body, most, &org.blobs).await?;
            request.upload = Some(Arc::new(upload));
        } else {
            request.body = read_body(body).await?;
        }
        let upload = request.upload.clone();
        let org_of_job = Arc::clone(&org);
        let reply = org
            .store
            .run(move |db| {
                bulk::attend(&org_of_job);
                let context = Context::new(&org_of_job, db, &user, request.version);
                let schemas = [org_of_job.schema.as_ref(), &org_of_job.tooling];
                deletions::purge(db, &schemas, context.now)?;
                let reply = dispatch(&context, &request);
                auth::records::follow(&org_of_job, db)?;
                reply
            })
            .await;
        if let (Err(_), Some(upload)) = (&reply, upload) {
            upload.blobs.iter().for_each(|(_, blob)| blob.let_go());
        }
        reply
    })
    .await
}

/// How long a request with blobs may be: those of files of Salesforce Files longer than others.
fn most_bytes(path: &[String]) -> u64 {
    const MIB: u64 = 1024 * 1024;
    let file = matches!(path, [_, object, ..] if object.eq_ignore_ascii_case("ContentVersion"));
    let blob = if file { 2048 * MIB } else { 500 * MIB };
    // And room for the record and what stands around the parts.
    blob + 50 * MIB
}

/// Answers whoever has a session, as long as the quota lasts, and states the usage of the API.
pub(crate) async fn counted<R: IntoResponse>(
    org: &Org,
    request: Request,
    answer: impl AsyncFnOnce(CurrentUser, Parts, Body) -> Result<R, ApiError>,
) -> Response {
    let (parts, body) = request.into_parts();
    let user = match auth::authenticate(org, &parts) {
        Ok(user) => user,
        Err(error) => return error.into_response(),
    };
    let usage = org.usage.count();
    let app = user.app.clone();
    let app = app.map(|app| (org.usage.count_of_app(&app), app));
    let crowded = parts.extensions.get::<Crowded>().is_some();
    let answer = async {
        limits::admit(org, usage)?;
        if crowded {
            return Err(limits::crowded());
        }
        answer(user, parts, body).await
    };
    let mut response = match answer.await {
        Ok(reply) => reply.into_response(),
        Err(error) => error.into_response(),
    };
    let calls = org.usage.calls().max(usage);
    let app = app.as_ref().map(|(calls, app)| (app.as_str(), *calls));
    let info = limits::info(org, calls, app);
    response.headers_mut().insert(limits::INFO, info);
    response
}

/// Whether a client takes XML and no JSON.
fn wants_xml(accept: &str) -> bool {
    accept.contains("/xml") && !accept.contains("json") && !accept.contains("*/*")
}

/// Everything of a request but its body.
pub(crate) fn freed_of_http(org: &Org, parts: Parts) -> Result<ApiRequest, ApiError> {
    let path = parts.uri.path();
    let path = path.strip_prefix("/services/data/").unwrap_or(path);
    let (version, path) = path.split_once('/').unwrap_or((path, ""));
    Ok(ApiRequest {
        version: ApiVersion::from_segment(version, org.settings.serve_retired_versions)?,
        origin: Origin::of(&parts),
        path: segments(path)?,
        query: parameters(parts.uri.query()),
        method: parts.method,
        headers: parts.headers,
        body: bytes::Bytes::new(),
        upload: None,
    })
}

/// Answers one request.
pub(crate) fn dispatch(context: &Context<'_>, request: &ApiRequest) -> Result<Reply, ApiError> {
    if let Some((first, below)) = request.path.split_first()
        && first == "tooling"
    {
        return tooling::dispatch(context, request, below);
    }
    answer(
        context,
        request,
        Endpoint::of(request.version, &request.path)?,
    )
}

/// Answers a request for a resource.
fn answer(
    context: &Context<'_>,
    request: &ApiRequest,
    endpoint: Endpoint<'_>,
) -> Result<Reply, ApiError> {
    endpoint.allow(&request.method)?;
    let context = &context.for_request(request)?;
    match endpoint {
        Endpoint::Resources => Ok(resources(context, request)),
        Endpoint::NamedQuery { name } => query::named(context, request, name),
        Endpoint::Tabs => Ok(tabs::list(context, request)),
        Endpoint::Recent => recent::list(context, request),
        Endpoint::Actions { below } => actions::serve(context, request, below),
        Endpoint::NewUiRecord => ui_records::create(context, request),
        Endpoint::UiRecord { id } => ui_records::by_id(context, request, id),
        Endpoint::Limits => Ok(limits::limits(context)),
        Endpoint::RecordCount => limits::record_count(context, request),
        Endpoint::Object { object } if request.method == Method::POST => {
            rows::create(context, request, rows::object(context, object)?, false)
        }
        Endpoint::Record { object, id } => {
            rows::by_id(context, request, rows::object(context, object)?, id)
        }
        Endpoint::RecordByKey {
            object,
            field,
            value,
        } => rows::by_key(
            context,
            request,
            rows::object(context, object)?,
            field,
            value,
        ),
        Endpoint::Related { object, id, names } => {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            related::follow(context, request, rows::object(context, object)?, id, &names)
        }
        Endpoint::Deleted { object } => {
            changes::deleted(context, request, rows::object(context, object)?)
        }
        Endpoint::Updated { object } => {
            changes::updated(context, request, rows::object(context, object)?)
        }
        Endpoint::Password { user } => password::answer(context, request, user),
        Endpoint::NewRecord { object } => {
            rows::create(context, request, rows::object(context, object)?, true)
        }
        Endpoint::DescribeGlobal => describes::global(context, request),
        Endpoint::Object { object } => {
            describes::basic(context, request, rows::object(context, object)?)
        }
        Endpoint::Describe { object } => {
            describes::full(context, request, rows::object(context, object)?)
        }
        Endpoint::Layouts { object, below } => layouts::serve(context, request, object, below),
        Endpoint::CompactLayouts => layouts::compact(context, request),
        Endpoint::ListViews { object, below } => list_views::serve(context, request, object, below),
        Endpoint::QuickActions { object, below } => {
            processes::quick_actions(context, object, below)
        }
        Endpoint::Processes { below } => processes::serve(context, request, below),
        Endpoint::Analytics { below } => reports::serve(context, request, below),
        Endpoint::Theme => Ok(tabs::theme(context)),
        Endpoint::Composite(resource) => composite::answer(context, request, resource),
        Endpoint::Query { deleted_too } => query::first_page(context, request, deleted_too),
        Endpoint::NextPage { locator } => query::next_page(context, request, locator),
        Endpoint::Search => search::search(context, request),
        Endpoint::ParameterizedSearch => search::parameterized(context, request),
        Endpoint::SearchScopeOrder => Ok(search::scope_order(context)),
        Endpoint::SearchLayout => search::layout(context, request),
    }
}

/// The resources of a version, by name, and who asks.
fn resources(context: &Context<'_>, request: &ApiRequest) -> Reply {
    let path = context.version.path();
    let identity = context
        .org
        .auth
        .identity_url(&request.origin, context.user.id);
    let resources = [
        "actions",
        "analytics",
        "compactLayouts",
        "composite",
        "jobs",
        "limits",
        "named",
        "parameterizedSearch",
        "process",
        "query",
        "queryAll",
        "quickActions",
        "recent",
        "search",
        "sobjects",
        "tabs",
        "theme",
        "tooling",
        "ui-api",
    ];
    let resources = resources.map(|name| (name, format!("{path}/{name}")));
    Reply::ok(Json::object(
        [("identity", identity)].into_iter().chain(resources),
    ))
}
