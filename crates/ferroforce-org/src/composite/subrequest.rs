//! One of the requests in a request.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method};

use super::Resource;
use super::collections;
use super::input::{Input, missing};
use super::outcome::Outcome;
use super::reference::Answers;
use crate::error::{ApiError, excerpt};
use crate::record::document::{Scalar, Token};
use crate::rest::{self, ApiRequest, ApiVersion, Context, Endpoint, parameters, segments};

/// Headers that a subrequest has from the request that it is in.
const INHERITED: [HeaderName; 3] = [ACCEPT, AUTHORIZATION, CONTENT_TYPE];

/// Whether a subrequest may go where it wants to.
pub(super) type Allowed = fn(Endpoint<'_>, &ApiRequest) -> bool;

/// A request as composites and graphs hold it.
#[derive(Debug)]
pub(super) struct Subrequest<'a> {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) reference_id: String,
    pub(super) body: Option<Token<'a>>,
    pub(super) headers: HeaderMap,
}

impl<'a> Subrequest<'a> {
    pub(super) fn read(token: Token<'a>) -> Result<Self, ApiError> {
        let mut input = Input::new(token.document()?);
        let subrequest = Self {
            method: method(&mut input)?,
            url: input.text("url")?.ok_or_else(|| missing("url"))?,
            reference_id: input
                .text("referenceId")?
                .ok_or_else(|| missing("referenceId"))?,
            body: input.take("body").filter(|body| body.text() != "null"),
            headers: headers(&mut input)?,
        };
        input.end()?;
        Ok(subrequest)
    }

    /// Runs the subrequest, with references resolved.
    pub(super) fn run(
        &self,
        context: &Context<'_>,
        request: &ApiRequest,
        answers: &mut Answers,
        allowed: Allowed,
    ) -> Outcome {
        let prepared = self.prepare(context, request, answers);
        let (outcome, record) = match prepared {
            Ok(prepared) => {
                let record = prepared.method == Method::GET
                    && matches!(
                        Endpoint::of(prepared.version, &prepared.path),
                        Ok(Endpoint::Record { .. } | Endpoint::RecordByKey { .. })
                    );
                (run(context, &prepared, allowed), record)
            }
            Err(error) => (Outcome::failure(&error), false),
        };
        answers.add(&self.reference_id, &outcome, record);
        outcome
    }

    fn prepare(
        &self,
        context: &Context<'_>,
        request: &ApiRequest,
        answers: &Answers,
    ) -> Result<ApiRequest, ApiError> {
        let target = Target::of(&answers.in_url(&self.url)?, context)?;
        let body = match self.body {
            Some(body) => answers.in_json(body.text())?.into(),
            None => Bytes::new(),
        };
        let mut headers = self.headers.clone();
        for name in INHERITED {
            if let Some(value) = request.headers.get(&name) {
                headers.insert(name, value.clone());
            }
        }
        Ok(target.request(request, self.method.clone(), headers, body))
    }
}

/// What a URL of a subrequest is about.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) version: ApiVersion,
    pub(super) path: Vec<String>,
    query: Vec<(String, String)>,
}

impl Target {
    /// Reads a URL that begins with `/services/data/`.
    pub(super) fn of(url: &str, context: &Context<'_>) -> Result<Self, ApiError> {
        let path = below_data(url).ok_or_else(ApiError::not_found)?;
        Self::below(path, context)
    }

    /// Reads the part behind `/services/data/`: `v66.0/sobjects/Account`.
    pub(super) fn below(path: &str, context: &Context<'_>) -> Result<Self, ApiError> {
        let (path, query) = match path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path, None),
        };
        let (version, path) = path.split_once('/').unwrap_or((path, ""));
        let retired_too = context.org.settings.serve_retired_versions;
        let mut version = ApiVersion::from_segment(version, retired_too)?;
        let mut path = segments(path)?;
        // Composites of the Tooling API hold requests to it and to nothing else.
        if context.version.is_tooling() {
            if path.first().is_none_or(|first| first != "tooling") {
                return Err(ApiError::not_found());
            }
            path.remove(0);
            version = version.tooling();
        }
        Ok(Self {
            version,
            path,
            query: parameters(query),
        })
    }

    /// The request that a client would have made of it.
    pub(super) fn request(
        self,
        outer: &ApiRequest,
        method: Method,
        headers: HeaderMap,
        body: Bytes,
    ) -> ApiRequest {
        ApiRequest {
            method,
            version: self.version,
            origin: outer.origin.clone(),
            path: self.path,
            query: self.query,
            headers,
            body,
            upload: None,
        }
    }
}

/// What is behind `/services/data/` in a URL.
pub(super) fn below_data(url: &str) -> Option<&str> {
    let rest = url.trim_start_matches('/').strip_prefix("services/")?;
    let rest = rest.trim_start_matches('/').strip_prefix("data/")?;
    Some(rest.trim_start_matches('/')).filter(|_| url.starts_with('/'))
}

/// Runs a request in a request, if the outer one may hold such.
pub(super) fn run(context: &Context<'_>, request: &ApiRequest, allowed: Allowed) -> Outcome {
    let context = &Context {
        version: request.version,
        ..*context
    };
    let endpoint = match Endpoint::of(request.version, &request.path) {
        Ok(endpoint) => endpoint,
        Err(error) => return Outcome::failure(&error),
    };
    if !allowed(endpoint, request) {
        return Outcome::failure(&ApiError::not_found());
    }
    match endpoint {
        Endpoint::Composite(resource) if resource != Resource::Dependent => {
            of_collections(context, request, endpoint, resource)
        }
        _ => Outcome::of(rest::dispatch(context, request)),
    }
}

/// Failed records make a failed subrequest, although its status is 200.
fn of_collections(
    context: &Context<'_>,
    request: &ApiRequest,
    endpoint: Endpoint<'_>,
    resource: Resource<'_>,
) -> Outcome {
    let collected = || {
        resource.check(context.version)?;
        endpoint.allow(&request.method)?;
        collections::answer(&context.for_request(request)?, request, resource)
    };
    match collected() {
        Ok(collected) => {
            let mut outcome = Outcome::of(Ok(collected.reply));
            outcome.failed |= collected.failed;
            outcome
        }
        Err(error) => Outcome::failure(&error),
    }
}

/// The method of a subrequest: upper case only.
pub(super) fn method(input: &mut Input<'_>) -> Result<Method, ApiError> {
    let token = input.take("method").ok_or_else(|| missing("method"))?;
    match token.scalar()? {
        Scalar::String(method) => match method.as_str() {
            "GET" => Ok(Method::GET),
            "POST" => Ok(Method::POST),
            "PATCH" => Ok(Method::PATCH),
            "PUT" => Ok(Method::PUT),
            "DELETE" => Ok(Method::DELETE),
            _ => Err(token.not_a("method")),
        },
        _ => Err(token.not_a("method")),
    }
}

/// The headers of a subrequest; three are not for it to choose.
fn headers(input: &mut Input<'_>) -> Result<HeaderMap, ApiError> {
    let mut headers = HeaderMap::new();
    let Some(token) = input.take("httpHeaders").filter(|t| t.text() != "null") else {
        return Ok(headers);
    };
    for (name, token) in token.document()?.members {
        let invalid = || {
            let name = excerpt(&name);
            ApiError::bad_request(
                "INVALID_HTTP_HEADER",
                format!("The header {name} can't be specified in httpHeaders"),
            )
        };
        let header: HeaderName = name.parse().map_err(|_| invalid())?;
        let value = match token.scalar()? {
            Scalar::String(text) => text,
            Scalar::Int(text) | Scalar::Float(text) => text.to_owned(),
            Scalar::Bool(value) => value.to_string(),
            _ => return Err(token.not_a("string")),
        };
        let value = HeaderValue::from_str(&value).map_err(|_| invalid())?;
        if INHERITED.contains(&header) {
            return Err(invalid());
        }
        headers.insert(header, value);
    }
    Ok(headers)
}
