//! Up to 25 requests in one, each for itself.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::limits;
use super::outcomes::{self, Outcomes};
use super::references::{self, Reference};
use super::requests::{IntoOp, Requests, short_forms};
use super::settings::{Settings, settings};
use crate::client::{ApiVersion, Salesforce};
use crate::error::{Error, Result};
use crate::op::{Decode, Op, Path, Response};
use crate::query::Page;
use crate::sobject::{Created, Upserted};
use crate::soql::Soql;

/// Up to 25 requests that are sent as one and done one after the other. Made by
/// [`Salesforce::batch`].
///
/// Each stands for itself: what succeeded stays, whatever becomes of the others,
/// and none can refer to another. It saves round trips and no quota, of which
/// each request costs one call. It takes more kinds of requests than a
/// [`Composite`](super::Composite): records, queries, searches, limits and others,
/// but no collections.
///
/// ```no_run
/// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
/// use ferroforce::Record;
///
/// let mut batch = salesforce.batch();
/// let limits = batch.add(salesforce.limits());
/// let accounts = batch.query::<Record>("SELECT Id, Name FROM Account LIMIT 5");
/// let outcomes = batch.send().await?;
/// for account in outcomes.get(accounts)?.records {
///     println!("{}", account.get::<String>("Name")?);
/// }
/// # Ok(())
/// # }
/// ```
///
/// It is repeated after an unclear end only if each of its requests may be.
///
/// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_batch.htm>
#[must_use = "a batch does nothing until it is sent"]
pub struct Batch {
    client: Salesforce,
    requests: Requests,
    binaries: Vec<(usize, Binary)>,
    halt_on_error: bool,
    settings: Settings,
}

/// The contents of a file that go with a request of a batch.
#[derive(Clone)]
pub struct Binary {
    field: String,
    file_name: String,
    content_type: String,
    contents: Bytes,
}

impl Binary {
    /// `field` is the name that the request's endpoint wants the contents under,
    /// `fileUpload` for one. The content type is `application/octet-stream`.
    pub fn new(
        field: impl Into<String>,
        file_name: impl Into<String>,
        contents: impl Into<Bytes>,
    ) -> Self {
        Self {
            field: field.into(),
            file_name: file_name.into(),
            content_type: "application/octet-stream".to_owned(),
            contents: contents.into(),
        }
    }

    /// The contents' type, `image/png` for example.
    #[must_use]
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = content_type.into();
        self
    }
}

impl fmt::Debug for Binary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Binary")
            .field("field", &self.field)
            .field("content_type", &self.content_type)
            .field("bytes", &self.contents.len())
            .finish_non_exhaustive()
    }
}

impl Batch {
    pub(super) fn new(client: Salesforce) -> Self {
        Self {
            client,
            requests: Requests::new(),
            binaries: Vec::new(),
            halt_on_error: false,
            settings: Settings::default(),
        }
    }

    /// Whether nothing more is done after a request that failed. Default false.
    /// What came before it stays; what would have come after it fails with
    /// [`ErrorCode::BatchProcessingHalted`](crate::ErrorCode::BatchProcessingHalted).
    pub fn halt_on_error(mut self, halt: bool) -> Self {
        self.halt_on_error = halt;
        self
    }

    settings!();

    short_forms!();

    /// Queries, and gives the first page. See [`Query::page`](crate::query::Query::page).
    ///
    /// The query may be longer than an address can be, up to the 100,000
    /// characters that SOQL allows.
    pub fn query<T: DeserializeOwned + 'static>(
        &mut self,
        soql: impl Into<Soql>,
    ) -> Reference<Page<T>> {
        self.add(self.client.query(soql).page())
    }

    /// Adds a request that goes with the contents of a file.
    pub fn add_with_binary<O>(&mut self, request: O, binary: Binary) -> Reference<O::Output>
    where
        O: IntoOp,
        O::Output: 'static,
    {
        let reference = self.add(request);
        self.binaries.push((reference.index, binary));
        reference
    }

    /// Sends it. Without a request in it nothing is sent.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) with rule and
    /// place for what Salesforce would not take, before anything is sent; and what
    /// befalls the request as a whole. What befalls one of its requests is in the
    /// [`Outcomes`].
    pub async fn send(self) -> Result<Outcomes> {
        if self.is_empty() {
            return Ok(Outcomes::new(self.requests.sent(), Vec::new()));
        }
        let responses = self.settings.send(&self.client, self.op()).await?;
        Ok(Outcomes::new(self.requests.sent(), responses))
    }

    fn op(&self) -> Result<Op<Vec<Response>>> {
        let version = self.client.api_version();
        let requests = self.requests.len();
        limits::since("batches", version, 34)?;
        limits::at_most(
            "requests in the batch",
            requests,
            limits::REQUESTS,
            "take several batches",
        )?;
        let json = self.body(version)?;
        let path = Path::fill("/composite/batch", &[])?;
        let op = Op::with_decode(Method::POST, path, Decode::Rows(read, requests))
            .repeatability(self.requests.repeatability())
            .api_calls(u32::try_from(requests).unwrap_or(u32::MAX));
        if self.binaries.is_empty() {
            return Ok(op.json_bytes(json.into()));
        }
        let (boundary, body) = self.multipart(&json)?;
        let kind = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"));
        let kind = kind.map_err(|error| {
            Error::invalid_input("the batch makes no content type").with_source(error)
        })?;
        Ok(op.json_bytes(body.into()).header(CONTENT_TYPE, kind))
    }

    fn body(&self, version: ApiVersion) -> Result<Vec<u8>> {
        let nodes = self.requests.checked()?;
        let mut subs = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.iter().enumerate() {
            let at = |why: String| self.requests.at(index, why);
            limits::of_batch(&node.path, &node.headers, version).map_err(at)?;
            let address = node.address(version);
            let json = node.json().map_err(at)?;
            let refers = references::found_in(address.as_bytes())
                || json.is_some_and(|json| references::found_in(json.as_bytes()));
            if refers {
                return Err(at(
                    "refers to another request, which requests of a batch cannot; take a composite"
                        .to_owned(),
                ));
            }
            let rich_input = json
                .map(serde_json::from_str)
                .transpose()
                .map_err(|error| at("has a body that is not JSON".to_owned()).with_source(error))?;
            let binary = self.binaries.iter().find(|(of, _)| *of == index);
            subs.push(Sub {
                method: node.method.as_str(),
                // Here addresses begin with the version.
                url: address
                    .strip_prefix("/services/data/")
                    .unwrap_or(&address)
                    .to_owned(),
                rich_input,
                binary_part_name: binary.map(|_| part_name(index)),
                binary_part_name_alias: binary.map(|(_, binary)| binary.field.as_str()),
            });
        }
        let request = WireRequest {
            halt_on_error: self.halt_on_error,
            batch_requests: subs,
        };
        serde_json::to_vec(&request)
            .map_err(|error| Error::invalid_input("the batch cannot be written").with_source(error))
    }

    /// The batch and its binary parts, under a boundary that none of them holds.
    fn multipart(&self, json: &[u8]) -> Result<(String, Vec<u8>)> {
        let boundary = loop {
            let boundary = format!("ferroforce-{:016x}", fastrand::u64(..));
            let mut parts = self.binaries.iter().map(|(_, binary)| &binary.contents[..]);
            if !parts.any(|part| memchr::memmem::find(part, boundary.as_bytes()).is_some()) {
                break boundary;
            }
        };
        let mut body = Vec::new();
        let mut part = |disposition: &str, kind: &str, contents: &[u8]| {
            let head = format!(
                "--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n\
                 Content-Type: {kind}\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(contents);
            body.extend_from_slice(b"\r\n");
        };
        part("name=\"json\"", "application/json", json);
        for (index, binary) in &self.binaries {
            let told = [&binary.field, &binary.file_name, &binary.content_type];
            if told.iter().any(|text| text.contains(['"', '\r', '\n'])) {
                return Err(self.requests.at(
                    *index,
                    "has a binary part whose field, file name or type holds a quote or line break",
                ));
            }
            let disposition = format!(
                "name=\"{}\"; filename=\"{}\"",
                part_name(*index),
                binary.file_name
            );
            part(&disposition, &binary.content_type, &binary.contents);
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        Ok((boundary, body))
    }
}

fn part_name(index: usize) -> String {
    format!("binary{index}")
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireRequest<'a> {
    halt_on_error: bool,
    batch_requests: Vec<Sub<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sub<'a> {
    method: &'a str,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rich_input: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binary_part_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binary_part_name_alias: Option<&'a str>,
}

#[derive(Deserialize)]
struct WireResponse<'a> {
    #[serde(borrow)]
    results: Vec<WireResult<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireResult<'a> {
    status_code: u16,
    #[serde(borrow)]
    result: &'a RawValue,
}

fn read(response: &Response, requests: usize) -> Result<Vec<Response>> {
    let wire: WireResponse<'_> = outcomes::read(response)?;
    if wire.results.len() != requests {
        let results = wire.results.len();
        return Err(outcomes::miscounted(results, requests, "requests"));
    }
    let none = BTreeMap::new();
    let results = wire.results.iter();
    results
        .map(|part| outcomes::inner(response, part.status_code, &none, part.result))
        .collect()
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("requests", &self.requests)
            .field("halt_on_error", &self.halt_on_error)
            .finish_non_exhaustive()
    }
}
