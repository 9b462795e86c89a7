//! Bulk API 2.0: `/jobs/ingest` and `/jobs/query`.

mod change;
mod create;
mod list;
mod results;
mod upload;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::Method;
use http::request::Parts;
use rusqlite::Connection;

use super::download::{Download, ShortPage};
use super::expiry;
use super::job::{Detail, Job, JobKind};
use super::table;
use super::work::attend;
use crate::auth::CurrentUser;
use crate::error::ApiError;
use crate::http::read_body;
use crate::org::Org;
use crate::rest::{ApiRequest, Context, Reply, Upload, counted, freed_of_http};

/// The first version of the API with jobs that write.
const INGEST_SINCE: u16 = 41;

/// The first version of the API with jobs that query.
const QUERY_SINCE: u16 = 47;

/// The first version of the API whose results can be fetched in parallel.
const PAGES_SINCE: u16 = 58;

/// How long a job with its data may be, in bytes.
const LONGEST_UPLOAD: u64 = 50 * 1024 * 1024;

/// A resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resource<'p> {
    Jobs(JobKind),
    Job(JobKind, &'p str),
    /// Where the data of a job is sent to.
    Batches(&'p str),
    Results(&'p str, results::Which),
    QueryResults(&'p str),
    ResultPages(&'p str),
}

impl<'p> Resource<'p> {
    fn of(request: &'p ApiRequest) -> Result<Self, ApiError> {
        let segments: Vec<&str> = request.path.iter().map(String::as_str).collect();
        let (kind, since) = match segments.get(1) {
            Some(&"ingest") => (JobKind::Ingest, INGEST_SINCE),
            Some(&"query") => (JobKind::Query, QUERY_SINCE),
            _ => return Err(ApiError::not_found()),
        };
        let (resource, since) = match (kind, &segments[2..]) {
            (_, []) => (Self::Jobs(kind), since),
            (_, [id]) => (Self::Job(kind, id), since),
            (JobKind::Ingest, [id, "batches"]) => (Self::Batches(id), since),
            (JobKind::Ingest, [id, name]) => {
                let which = results::Which::of(name).ok_or_else(ApiError::not_found)?;
                (Self::Results(id, which), since)
            }
            (_, [id, "results"]) => (Self::QueryResults(id), since),
            (_, [id, pages]) if pages.eq_ignore_ascii_case("resultPages") => {
                (Self::ResultPages(id), PAGES_SINCE)
            }
            _ => return Err(ApiError::not_found()),
        };
        if request.version.number() < since {
            return Err(ApiError::not_found());
        }
        Ok(resource)
    }

    /// The methods that the resource takes, in the order in which errors list them.
    const fn methods(self) -> &'static [Method] {
        match self {
            Self::Jobs(_) => &[Method::HEAD, Method::GET, Method::POST],
            Self::Job(..) => &[Method::HEAD, Method::GET, Method::PATCH, Method::DELETE],
            Self::Batches(_) => &[Method::PUT],
            Self::Results(..) | Self::QueryResults(_) | Self::ResultPages(_) => {
                &[Method::HEAD, Method::GET]
            }
        }
    }
}

/// What is answered.
enum Answer {
    Reply(Reply),
    File(Box<Download>),
}

/// Whether a path is one of this API's.
pub(crate) fn is_asked(path: &str) -> bool {
    let below = path.strip_prefix("/services/data/");
    let below = below.and_then(|below| below.split_once('/'));
    below.is_some_and(|(_, path)| path == "jobs" || path.starts_with("jobs/"))
}

/// Answers a request.
pub(crate) async fn serve(org: &Arc<Org>, request: Request) -> Response {
    counted(org, request, async |user, parts, body| {
        answer(org, user, parts, body).await
    })
    .await
}

async fn answer(
    org: &Arc<Org>,
    user: CurrentUser,
    parts: Parts,
    body: Body,
) -> Result<Response, ApiError> {
    let short = parts.extensions.get::<ShortPage>().copied();
    let mut request = freed_of_http(org, parts)?;
    let resource = Resource::of(&request)?;
    if !resource.methods().contains(&request.method) {
        return Err(ApiError::method_not_allowed(
            &request.method,
            resource.methods(),
        ));
    }
    if let Resource::Batches(id) = resource {
        return upload::take(org, id, body).await;
    }
    if request.is_multipart() {
        let content_type = request.header("content-type").unwrap_or_default();
        let upload = Upload::read(content_type, body, LONGEST_UPLOAD, &org.blobs).await?;
        request.upload = Some(Arc::new(upload));
    } else {
        request.body = read_body(body).await?;
    }
    let worker = Arc::clone(org);
    let answer = org.store.run(move |db| {
        expiry::expire_now_and_then(&worker, db)?;
        attend(&worker);
        let context = Context::new(&worker, db, &user, request.version);
        let answer = context.atomically(|| of_resource(&context, &request, short));
        // There may be work now.
        super::wake(&worker);
        answer
    });
    Ok(match answer.await? {
        Answer::Reply(reply) => reply.into_response(),
        Answer::File(file) => file.into_response(org),
    })
}

fn of_resource(
    context: &Context<'_>,
    request: &ApiRequest,
    short: Option<ShortPage>,
) -> Result<Answer, ApiError> {
    let reply = match Resource::of(request)? {
        Resource::Jobs(JobKind::Query) if request.method == Method::POST => {
            create::query(context, request)?
        }
        Resource::Jobs(_) if request.method == Method::POST => create::ingest(context, request)?,
        Resource::Jobs(kind) => list::list(context, request, kind)?,
        Resource::Job(kind, id) if request.method == Method::PATCH => {
            change::change(context, request, find(context.db, kind, id)?)?
        }
        Resource::Job(kind, id) if request.method == Method::DELETE => {
            change::delete(context, &find(context.db, kind, id)?)?
        }
        Resource::Job(kind, id) => {
            let now = context.org.clock.now_millis();
            Reply::ok(find(context.db, kind, id)?.to_json(Detail::Whole, now))
        }
        // It is answered where bodies are streams.
        Resource::Batches(_) => return Err(ApiError::not_found()),
        Resource::Results(id, which) => {
            let job = find(context.db, JobKind::Ingest, id)?;
            let file = results::file(context.db, &job, which, short)?;
            return Ok(Answer::File(Box::new(file)));
        }
        Resource::QueryResults(id) => {
            let job = find(context.db, JobKind::Query, id)?;
            let file = results::page(context, request, &job, short)?;
            return Ok(Answer::File(Box::new(file)));
        }
        Resource::ResultPages(id) => {
            results::pages(context, request, &find(context.db, JobKind::Query, id)?)?
        }
    };
    Ok(Answer::Reply(reply))
}

/// The job with this id.
fn find(db: &Connection, kind: JobKind, id: &str) -> Result<Job, ApiError> {
    let job: Option<Job> = table::get(db, id)?;
    job.filter(|job| job.kind == kind)
        .ok_or_else(ApiError::not_found)
}
