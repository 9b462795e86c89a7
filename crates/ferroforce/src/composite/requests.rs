//! The requests of a composite, batch or graph before they are sent.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, StatusCode};

use super::references::{self, Reference, Scope};
use crate::client::{ApiVersion, Call};
use crate::error::{Error, ErrorCode, Result};
use crate::op::{Op, Path, Repeatability, Response};
use crate::pipeline;

/// What can be added to a composite, a batch or a graph: a [`Call`], or an
/// [`Op`]. Headers that were set on a call go with it; a timeout and a retry
/// policy do not, since the whole is sent at once.
pub trait IntoOp: private::Sealed {
    /// What the request's answer is read as.
    type Output;

    /// The request as a value.
    ///
    /// # Errors
    /// Where the request's input was refused.
    fn into_op(self) -> Result<Op<Self::Output>>;
}

mod private {
    pub trait Sealed {}
    impl<R> Sealed for crate::op::Op<R> {}
    impl<R> Sealed for crate::client::Call<R> {}
}

impl<R> IntoOp for Op<R> {
    type Output = R;

    fn into_op(self) -> Result<Self> {
        Ok(self)
    }
}

impl<R> IntoOp for Call<R> {
    type Output = R;

    fn into_op(self) -> Result<Op<R>> {
        Self::into_op(self)
    }
}

type Judge = dyn Fn(&Response) -> Result<()> + Send + Sync;

/// One request, without the type of its answer.
pub(super) struct Node {
    pub(super) method: Method,
    pub(super) path: Path,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
    pub(super) repeatability: Repeatability,
    accepts: &'static [StatusCode],
    judge: Box<Judge>,
}

impl Node {
    fn new<R: 'static>(op: Op<R>) -> Self {
        let decode = op.decode;
        Self {
            method: op.method,
            path: op.path,
            query: op.query,
            headers: op.headers,
            body: op.body,
            repeatability: op.repeatability,
            accepts: op.accepts,
            judge: Box::new(move |response| decode.read(response).map(drop)),
        }
    }

    /// The error that an answer to this request is, if it is one.
    pub(super) fn error(&self, response: &Response) -> Option<Error> {
        if response.status().is_success() {
            None
        } else if self.accepts.contains(&response.status()) {
            (self.judge)(response).err()
        } else {
            let error = Error::from_answer(response);
            if error.code() == Some(&ErrorCode::BatchProcessingHalted) {
                // It has the status of a precondition, and none was asked for.
                let halted = Error::of_row(error.api_errors().to_vec());
                return Some(halted.with_status(response.status()));
            }
            Some(error)
        }
    }

    /// Its address, below the host.
    pub(super) fn address(&self, version: ApiVersion) -> String {
        pipeline::address(&self.path, &self.query, version)
    }

    /// What it does, without any value in it.
    pub(super) fn title(&self) -> String {
        format!("{} {}", self.method, self.path.template())
    }

    /// The JSON of its body.
    pub(super) fn json(&self) -> std::result::Result<Option<&str>, String> {
        let Some(body) = &self.body else {
            return Ok(None);
        };
        let json = self
            .headers
            .get(CONTENT_TYPE)
            .is_none_or(|kind| kind.as_bytes().starts_with(b"application/json"));
        if !json {
            return Err("has a body that is not JSON, which must be sent alone".to_owned());
        }
        match std::str::from_utf8(body) {
            Ok("") => Ok(None),
            Ok(text) => Ok(Some(text)),
            Err(_) => Err("has a body that is not JSON, which must be sent alone".to_owned()),
        }
    }
}

/// Requests in their order, under the number of what they belong to.
pub(super) struct Requests {
    number: u64,
    nodes: Vec<Node>,
    names: Vec<Cow<'static, str>>,
    /// Where each stood when it was added: what was added together may be sent in
    /// parts.
    places: Vec<usize>,
    refused: Option<Error>,
}

/// Requests that were sent, and what their answers are put to.
pub(super) struct SentRequests {
    pub(super) number: u64,
    pub(super) nodes: Vec<Node>,
    pub(super) names: Vec<Cow<'static, str>>,
    pub(super) places: Vec<usize>,
}

impl Requests {
    pub(super) fn new() -> Self {
        Self {
            number: references::next_number(),
            nodes: Vec::new(),
            names: Vec::new(),
            places: Vec::new(),
            refused: None,
        }
    }

    pub(super) fn add<R: 'static>(
        &mut self,
        name: Option<&'static str>,
        op: Result<Op<R>>,
    ) -> Reference<R> {
        let index = self.names.len();
        self.places.push(index);
        self.names
            .push(name.map_or_else(|| Cow::Owned(format!("r{index}")), Cow::Borrowed));
        let decode = match op {
            Ok(op) => {
                let decode = op.decode;
                self.nodes.push(Node::new(op));
                decode
            }
            Err(error) => {
                self.refuse(index, error.message());
                references::never()
            }
        };
        Reference {
            composite: self.number,
            index,
            name,
            decode,
        }
    }

    /// Keeps the first thing that is wrong with these requests until they are to
    /// be sent.
    pub(super) fn refuse(&mut self, index: usize, why: &str) {
        let name = &self.names[index];
        self.refused.get_or_insert_with(|| {
            Error::invalid_input(format!("request {index} ({name}): {why}"))
        });
    }

    /// The requests, if all of them could be made.
    pub(super) fn checked(&self) -> Result<&[Node]> {
        match &self.refused {
            Some(error) => Err(error.clone()),
            None => Ok(&self.nodes),
        }
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn names(&self) -> &[Cow<'static, str>] {
        &self.names
    }

    pub(super) fn places(&self) -> &[usize] {
        &self.places
    }

    pub(super) fn sent(self) -> SentRequests {
        SentRequests {
            number: self.number,
            nodes: self.nodes,
            names: self.names,
            places: self.places,
        }
    }

    /// The requests in parts: `part` tells for each to which one it belongs, and parts
    /// are numbered in the order of their first requests.
    pub(super) fn split(self, part: &[usize]) -> Vec<Self> {
        let mut parts: Vec<Self> = Vec::new();
        let named = self.names.into_iter().zip(self.places);
        for ((node, (name, place)), &part) in self.nodes.into_iter().zip(named).zip(part) {
            if part == parts.len() {
                parts.push(Self {
                    number: self.number,
                    ..Self::new()
                });
            }
            parts[part].nodes.push(node);
            parts[part].names.push(name);
            parts[part].places.push(place);
        }
        parts
    }

    /// Where references of request `index` are resolved.
    pub(super) fn scope(&self, index: usize) -> Scope<'_> {
        Scope {
            composite: self.number,
            index,
            names: &self.names,
            places: &self.places,
        }
    }

    /// What is wrong with request `index`, as an error that names it.
    pub(super) fn at(&self, index: usize, why: impl fmt::Display) -> Error {
        let title = self
            .nodes
            .get(index)
            .map_or_else(String::new, |node| format!(", {}", node.title()));
        Error::invalid_input(format!(
            "request {} ({}{title}) {why}",
            self.places[index], self.names[index]
        ))
    }

    /// As often as the least repeatable of them.
    pub(super) fn repeatability(&self) -> Repeatability {
        let once = |node: &Node| node.repeatability == Repeatability::Once;
        if self.nodes.iter().any(once) {
            Repeatability::Once
        } else {
            Repeatability::Idempotent
        }
    }
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.nodes.iter().map(Node::title))
            .finish()
    }
}

/// The methods that make a request and add it.
macro_rules! short_forms {
    () => {
        /// Adds a request that the client has made, and gives back the way to its
        /// answer.
        pub fn add<O>(&mut self, request: O) -> Reference<O::Output>
        where
            O: IntoOp,
            O::Output: 'static,
        {
            self.requests.add(None, request.into_op())
        }

        /// Creates a record. See [`SObject::create`](crate::sobject::SObject::create).
        pub fn create(
            &mut self,
            sobject: &str,
            record: &(impl Serialize + ?Sized),
        ) -> Reference<Created> {
            self.add(self.client.sobject(sobject).create(record))
        }

        /// Reads a record. See [`SObject::get`](crate::sobject::SObject::get).
        pub fn get<T: DeserializeOwned + 'static>(
            &mut self,
            sobject: &str,
            id: impl Display,
        ) -> Reference<T> {
            self.add(self.client.sobject(sobject).get(id))
        }

        /// Reads some fields of a record. See
        /// [`SObject::get_fields`](crate::sobject::SObject::get_fields).
        pub fn get_fields<T: DeserializeOwned + 'static>(
            &mut self,
            sobject: &str,
            id: impl Display,
            fields: impl IntoIterator<Item = impl AsRef<str>>,
        ) -> Reference<T> {
            self.add(self.client.sobject(sobject).get_fields(id, fields))
        }

        /// Writes fields of a record. See
        /// [`SObject::update`](crate::sobject::SObject::update).
        pub fn update(
            &mut self,
            sobject: &str,
            id: impl Display,
            fields: &(impl Serialize + ?Sized),
        ) -> Reference<()> {
            self.add(self.client.sobject(sobject).update(id, fields))
        }

        /// Creates or updates the record whose external id `field` holds `value`.
        /// See [`ByExternalId::upsert`](crate::sobject::ByExternalId::upsert).
        pub fn upsert(
            &mut self,
            sobject: &str,
            field: &str,
            value: impl Display,
            record: &(impl Serialize + ?Sized),
        ) -> Reference<Upserted> {
            let by_key = self.client.sobject(sobject).external_id(field, value);
            self.add(by_key.upsert(record))
        }

        /// Puts a record into the recycle bin. See
        /// [`SObject::delete`](crate::sobject::SObject::delete).
        pub fn delete(&mut self, sobject: &str, id: impl Display) -> Reference<()> {
            self.add(self.client.sobject(sobject).delete(id))
        }

        /// How many requests there are.
        pub fn len(&self) -> usize {
            self.requests.len()
        }

        /// Whether there is none.
        pub fn is_empty(&self) -> bool {
            self.requests.len() == 0
        }
    };
}

pub(super) use short_forms;
