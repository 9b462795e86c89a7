//! What came of the requests of a composite.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::references::Reference;
use super::requests::{Node, SentRequests};
use super::rows;
use crate::error::{CallContext, Error, ErrorCode, Result};
use crate::op::Response;

/// The answers to the requests of a composite, a batch or a graph: each one is a
/// success or an error of its own.
///
/// ```no_run
/// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
/// # use serde_json::json;
/// let mut composite = salesforce.composite();
/// let acme = composite.create("Account", &json!({"Name": "Acme"}));
/// let umbrella = composite.create("Account", &json!({"Name": "Umbrella"}));
/// let outcomes = composite.send().await?;
/// match outcomes.get(acme) {
///     Ok(created) => println!("{}", created.id),
///     Err(error) => println!("{error}"),
/// }
/// for (index, error) in outcomes.errors() {
///     println!("request {index}: {error}");
/// }
/// # Ok(())
/// # }
/// ```
pub struct Outcomes {
    number: u64,
    answers: Vec<Answer>,
    names: Vec<Cow<'static, str>>,
    /// Where the requests stood, in order.
    places: Vec<usize>,
}

struct Answer {
    response: Response,
    error: Option<Error>,
}

impl Outcomes {
    /// What the request that `reference` stands for was answered.
    ///
    /// # Errors
    /// The same as if it had been sent alone,
    /// [`ErrorKind::RolledBack`](crate::ErrorKind::RolledBack) where another
    /// request failed and this one was undone for that, and
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a reference
    /// of another composite.
    pub fn get<R>(&self, reference: Reference<R>) -> Result<R> {
        let answer = self.answer(&reference)?;
        match &answer.error {
            Some(error) => Err(error.clone()),
            None => reference
                .decode
                .read(&answer.response)
                .map_err(|error| in_context(error, &answer.response)),
        }
    }

    /// The answer as it came: status, headers and body, of errors too.
    ///
    /// # Errors
    /// For a reference of another composite.
    pub fn response<R>(&self, reference: Reference<R>) -> Result<&Response> {
        Ok(&self.answer(&reference)?.response)
    }

    fn answer<R>(&self, reference: &Reference<R>) -> Result<&Answer> {
        let own = reference.composite == self.number;
        let found = self.places.binary_search(&reference.index).ok();
        found
            .filter(|_| own)
            .and_then(|at| self.answers.get(at))
            .ok_or_else(|| {
                Error::invalid_input(
                    "the reference belongs to another composite than these answers",
                )
            })
    }

    /// Every request that failed, by its place in the composite, those among them
    /// that were only undone because another one failed.
    pub fn errors(&self) -> impl Iterator<Item = (usize, &Error)> {
        let errors = self.answers.iter().map(|answer| answer.error.as_ref());
        let placed = self.places.iter().zip(errors);
        placed.filter_map(|(&place, error)| Some((place, error?)))
    }

    /// The error of the first request that failed by itself.
    pub fn first_error(&self) -> Option<&Error> {
        let errors = || self.errors().map(|(_, error)| error);
        errors()
            .find(|error| error.rolled_back_by().is_none())
            .or_else(|| errors().next())
    }

    /// These answers, if all of them are successes.
    ///
    /// # Errors
    /// The [first error](Self::first_error).
    pub fn all_succeeded(self) -> Result<Self> {
        match self.first_error() {
            Some(error) => Err(error.clone()),
            None => Ok(self),
        }
    }

    /// How many answers there are: as many as requests.
    pub fn len(&self) -> usize {
        self.answers.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }

    /// Puts each answer to its request.
    pub(super) fn new(sent: SentRequests, responses: Vec<Response>) -> Self {
        let answers = sent
            .nodes
            .iter()
            .zip(responses)
            .map(|(node, response)| {
                let context = response.context.clone();
                let response = Response {
                    context: context.map(|outer| Arc::new(context_of(node, &outer))),
                    ..response
                };
                let error = node
                    .error(&response)
                    .map(|error| in_context(error, &response));
                Answer { response, error }
            })
            .collect();
        Self {
            number: sent.number,
            answers,
            names: sent.names,
            places: sent.places,
        }
    }

    /// In one transaction each failure is that of the first one that failed by
    /// itself: tells the others so.
    pub(super) fn undone_together(mut self) -> Self {
        let causes = |answer: &Answer| match &answer.error {
            Some(error) if !is_undone(error) => Some(error.clone()),
            Some(_) => None,
            None => rows::failure(&answer.response),
        };
        let mut found = self.answers.iter().map(causes).enumerate();
        let Some((index, cause)) = found.find_map(|(index, cause)| Some((index, cause?))) else {
            return self;
        };
        let place = format!("request {} ({})", self.places[index], self.names[index]);
        for (number, answer) in self.answers.iter_mut().enumerate() {
            let undone = match &answer.error {
                Some(error) => is_undone(error).then(|| error.clone()),
                // A collection may tell of the success that it had before.
                None => (number != index && rows::tells_of_rows(&answer.response))
                    .then(|| in_context(Error::of_row(Vec::new()), &answer.response)),
            };
            if let Some(error) = undone {
                answer.error = Some(error.undone_by(&place, &cause));
            }
        }
        self
    }
}

/// Salesforce has one code for requests that were undone and for those that were
/// never begun, and tells them apart in words.
fn is_undone(error: &Error) -> bool {
    error.api_errors().iter().any(|api| match api.code() {
        ErrorCode::AllOrNoneOperationRolledBack => true,
        ErrorCode::ProcessingHalted => api.message().contains("rolled back"),
        _ => false,
    })
}

fn in_context(error: Error, response: &Response) -> Error {
    match &response.context {
        Some(context) => error.with_context(CallContext::clone(context)),
        None => error,
    }
}

fn context_of(node: &Node, outer: &CallContext) -> CallContext {
    CallContext {
        method: node.method.clone(),
        path_template: node.path.template().to_owned(),
        ..outer.clone()
    }
}

/// An answer inside of `outer`, as if it had come by itself.
pub(super) fn inner(
    outer: &Response,
    status: u16,
    headers: &BTreeMap<String, Value>,
    body: &RawValue,
) -> Result<Response> {
    let status = StatusCode::from_u16(status).map_err(|error| {
        Error::decode("a part of the answer has no HTTP status").with_source(error)
    })?;
    let mut map = HeaderMap::new();
    map.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in headers {
        let name = HeaderName::try_from(name.as_str());
        let value = value.as_str().map(HeaderValue::try_from);
        if let (Ok(name), Some(Ok(value))) = (name, value) {
            map.insert(name, value);
        }
    }
    let body = match body.get() {
        "null" => Bytes::new(),
        text => outer.body().slice_ref(text.as_bytes()),
    };
    Ok(Response {
        status,
        headers: map,
        body,
        repeated: outer.repeated,
        context: outer.context.clone(),
    })
}

/// The answer to one request, under the request's name.
pub(super) type Part = (String, Response);

/// The answers in the order of the requests, whose `names` they came under.
pub(super) fn in_order(parts: Vec<Part>, names: &[Cow<'static, str>]) -> Result<Vec<Response>> {
    let count = parts.len();
    let mut parts: BTreeMap<String, Response> = parts.into_iter().collect();
    let in_order: Option<Vec<Response>> = names.iter().map(|name| parts.remove(&**name)).collect();
    in_order.ok_or_else(|| miscounted(count, names.len(), "requests, under other names"))
}

/// Reads the JSON of a composite's answer, whose parts stay in its memory.
pub(super) fn read<'a, T: Deserialize<'a>>(response: &'a Response) -> Result<T> {
    serde_json::from_slice(response.body()).map_err(|error| {
        if error.is_data() {
            Error::decode(format!(
                "the answer has another form than it should: {error}"
            ))
            .with_status(response.status())
            .with_source(error)
        } else {
            response.explain::<Value>(error)
        }
    })
}

/// The same where a locked record is spoken of, which is the quick way to see that
/// none was.
pub(super) fn read_where_locked<'a, T: Deserialize<'a>>(response: &'a Response) -> Result<T> {
    if memchr::memmem::find(response.body(), b"UNABLE_TO_LOCK_ROW").is_none() {
        return Err(Error::decode("no record was locked"));
    }
    read(response)
}

/// The answer has another number of results than there were requests, so that it
/// is unknown what came of them.
pub(super) fn miscounted(results: usize, requests: usize, what: &str) -> Error {
    Error::decode(format!(
        "the answer has {results} results for {requests} {what}, so what came of them is unknown"
    ))
    .after_doubt()
}

impl fmt::Debug for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.answers.iter().map(|answer| answer.response.status()))
            .finish()
    }
}
