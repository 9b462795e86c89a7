//! Up to 25 requests in one, with references between them.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use http::Method;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::limits::{self, Target};
use super::outcomes::{self, Outcomes, Part};
use super::references::{self, Reference};
use super::requests::{IntoOp, Requests, short_forms};
use super::settings::{Settings, settings};
use crate::client::{ApiVersion, Salesforce};
use crate::error::{ApiError, Error, ErrorCode, Result, parse_error_body};
use crate::op::{Decode, Op, Path, Response};
use crate::query::Page;
use crate::sobject::{Created, Upserted};
use crate::soql::Soql;

/// Up to 25 requests that are sent as one, and cost one call of the org's quota.
/// Made by [`Salesforce::composite`].
///
/// A request can use what an earlier one was answered, by the reference that
/// adding it gave:
///
/// ```no_run
/// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
/// use serde_json::json;
///
/// let mut composite = salesforce.composite().all_or_none(true);
/// let account = composite.create("Account", &json!({"Name": "Acme"}));
/// let contact = composite.create(
///     "Contact",
///     &json!({"LastName": "Doe", "AccountId": account.id()}),
/// );
/// let outcomes = composite.send().await?;
/// let id = outcomes.get(contact)?.id;
/// # Ok(())
/// # }
/// ```
///
/// Among the requests there may be records, queries and collections, up to five
/// of the last two together. Salesforce takes any `@{…}` for a reference,
/// so data that holds one is refused here; send such a record alone.
///
/// It is repeated after an unclear end only if each of its requests may be.
///
/// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_composite.htm>
#[must_use = "a composite does nothing until it is sent"]
pub struct Composite {
    client: Salesforce,
    requests: Requests,
    all_or_none: bool,
    collate: bool,
    settings: Settings,
}

impl Composite {
    pub(super) fn new(client: Salesforce) -> Self {
        Self {
            client,
            requests: Requests::new(),
            all_or_none: false,
            collate: true,
            settings: Settings::default(),
        }
    }

    /// Whether everything is undone when one request fails. Default false: what
    /// succeeded stays, and only what refers to a failed request fails with it.
    ///
    /// With it, requests that were undone fail with
    /// [`ErrorKind::RolledBack`](crate::ErrorKind::RolledBack), and if a locked
    /// record was the cause, the composite is repeated as the retry policy says,
    /// creates included.
    pub fn all_or_none(mut self, all_or_none: bool) -> Self {
        self.all_or_none = all_or_none;
        self
    }

    /// Whether Salesforce may put independent requests together to do them
    /// faster. Default true.
    pub fn collate(mut self, collate: bool) -> Self {
        self.collate = collate;
        self
    }

    settings!();

    short_forms!();

    /// Adds a request under a name of your own: letters, digits and underscores.
    /// Names show up in Salesforce's messages; without one it is `r0`, `r1` and
    /// so on.
    pub fn add_as<O>(&mut self, name: &'static str, request: O) -> Reference<O::Output>
    where
        O: IntoOp,
        O::Output: 'static,
    {
        self.requests.add(Some(name), request.into_op())
    }

    /// Queries, and gives the first page. See [`Query::page`](crate::query::Query::page).
    pub fn query<T: DeserializeOwned + 'static>(
        &mut self,
        soql: impl Into<Soql>,
    ) -> Reference<Page<T>> {
        self.add(self.client.query(soql).page())
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
        let op = self.op()?;
        let parts = self.settings.send(&self.client, Ok(op)).await?;
        let responses = outcomes::in_order(parts, self.requests.names())?;
        let outcomes = Outcomes::new(self.requests.sent(), responses);
        Ok(if self.all_or_none {
            outcomes.undone_together()
        } else {
            outcomes
        })
    }

    fn op(&self) -> Result<Op<Vec<Part>>> {
        let version = self.client.api_version();
        limits::since("composite requests", version, 38)?;
        limits::at_most(
            "requests in the composite",
            self.requests.len(),
            limits::REQUESTS,
            "take several composites, or graphs, which hold 500",
        )?;
        limits::names(&self.requests)?;
        let body = self.body(version)?;
        let path = Path::fill("/composite", &[])?;
        let rows = self.requests.len();
        let op = Op::with_decode(Method::POST, path, Decode::Rows(read, rows))
            .repeatability(self.requests.repeatability())
            .json_bytes(body.into());
        Ok(if self.all_or_none {
            op.undone(lock_errors)
        } else {
            op
        })
    }

    fn body(&self, version: ApiVersion) -> Result<Vec<u8>> {
        let nodes = self.requests.checked()?;
        let mut queries = 0;
        let mut subs = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.iter().enumerate() {
            let target =
                limits::of_composite(node, version).map_err(|why| self.requests.at(index, why))?;
            queries += usize::from(matches!(target, Target::Query | Target::Collections));
            subs.push(Sub::new(&self.requests, index, version, &mut Vec::new())?);
        }
        limits::at_most(
            "queries and collections in the composite",
            queries,
            limits::QUERIES,
            "take several composites",
        )?;
        let request = WireRequest {
            all_or_none: self.all_or_none,
            collate_subrequests: self.collate,
            composite_request: subs,
        };
        serde_json::to_vec(&request).map_err(|error| {
            Error::invalid_input("the composite cannot be written").with_source(error)
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireRequest<'a> {
    all_or_none: bool,
    collate_subrequests: bool,
    composite_request: Vec<Sub<'a>>,
}

/// One request as composites and graphs write it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sub<'a> {
    method: &'a str,
    url: String,
    reference_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    http_headers: BTreeMap<&'a str, &'a str>,
}

impl<'a> Sub<'a> {
    /// Request `index`, with its references resolved; the requests that it refers
    /// to are added to `needs`.
    pub(super) fn new(
        requests: &'a Requests,
        index: usize,
        version: ApiVersion,
        needs: &mut Vec<usize>,
    ) -> Result<Self> {
        let at = |why: String| requests.at(index, why);
        let node = &requests.checked()?[index];
        let scope = requests.scope(index);

        let address = node.address(version);
        if references::is_stray_in_address(&address) {
            return Err(at(STRAY.to_owned()));
        }
        let url = scope.resolve(&address, needs).map_err(at)?.into_owned();

        let body = match node.json().map_err(at)? {
            Some(json) if references::is_stray_in_json(json) => {
                return Err(at(STRAY.to_owned()));
            }
            Some(json) => {
                let json = scope.resolve(json, needs).map_err(at)?.into_owned();
                let raw = RawValue::from_string(json).map_err(|error| {
                    at("has a body that is not JSON".to_owned()).with_source(error)
                })?;
                Some(raw)
            }
            None => None,
        };
        let http_headers = limits::sub_headers(&node.headers).map_err(at)?;
        Ok(Self {
            method: node.method.as_str(),
            url,
            reference_id: &requests.names()[index],
            body,
            http_headers: http_headers.into_iter().collect(),
        })
    }
}

const STRAY: &str = "holds the characters @{ in its data, which Salesforce would take for a \
                     reference; send that one alone";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireResponse<'a> {
    #[serde(borrow)]
    composite_response: Vec<WirePart<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePart<'a> {
    #[serde(borrow)]
    body: &'a RawValue,
    #[serde(default)]
    http_headers: BTreeMap<String, Value>,
    http_status_code: u16,
    reference_id: String,
}

fn read(response: &Response, requests: usize) -> Result<Vec<Part>> {
    let wire: WireResponse<'_> = outcomes::read(response)?;
    let results = wire.composite_response.len();
    if results != requests {
        return Err(outcomes::miscounted(results, requests, "requests"));
    }
    wire.parts(response)
}

impl WireResponse<'_> {
    /// The locks that requests failed by.
    pub(super) fn lock_errors(&self) -> Vec<ApiError> {
        let parts = self.composite_response.iter();
        parts
            .filter(|part| part.http_status_code >= 400)
            .flat_map(|part| parse_error_body(part.body.get().as_bytes()))
            .filter(|error| *error.code() == ErrorCode::UnableToLockRow)
            .collect()
    }

    /// The answers under the names of their requests.
    pub(super) fn parts(self, outer: &Response) -> Result<Vec<Part>> {
        let parts = self.composite_response.into_iter();
        parts
            .map(|part| {
                let response =
                    outcomes::inner(outer, part.http_status_code, &part.http_headers, part.body)?;
                Ok((part.reference_id, response))
            })
            .collect()
    }
}

/// The errors of a transaction that failed by a locked record.
fn lock_errors(response: &Response) -> Vec<ApiError> {
    outcomes::read_where_locked::<WireResponse<'_>>(response)
        .map(|wire| wire.lock_errors())
        .unwrap_or_default()
}

impl fmt::Debug for Composite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Composite")
            .field("requests", &self.requests)
            .field("all_or_none", &self.all_or_none)
            .field("collate", &self.collate)
            .finish_non_exhaustive()
    }
}
