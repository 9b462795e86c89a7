//! Transactions of up to 500 requests.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};

use super::composite::Sub;
use super::graphs::Graphs;
use super::limits;
use super::outcomes::Outcomes;
use super::references::Reference;
use super::requests::{IntoOp, Requests, short_forms};
use crate::client::Salesforce;
use crate::error::{Error, Result};
use crate::op::Repeatability;
use crate::sobject::{Created, Upserted};

/// Up to 500 requests that succeed or fail together, and can refer to earlier
/// ones. Made by [`Salesforce::graph`].
///
/// ```no_run
/// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
/// use serde_json::json;
///
/// let mut graph = salesforce.graph();
/// let account = graph.create("Account", &json!({"Name": "Acme"}));
/// for n in 0..100 {
///     graph.create(
///         "Contact",
///         &json!({"LastName": format!("Doe {n}"), "AccountId": account.id()}),
///     );
/// }
/// let outcomes = graph.send().await?.all_succeeded()?;
/// println!("{}", outcomes.get(account)?.id);
/// # Ok(())
/// # }
/// ```
///
/// It takes single records, by id or external id, and nothing else: no queries, no
/// collections. A chain of references may be 15 requests long, and there may be 15
/// different combinations of method and object. What is larger and has independent
/// parts can be [cut into them](Self::into_parts).
///
/// It is repeated after an unclear end only if each of its requests may be, and
/// after a locked record in any case.
///
/// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_graph_introduction.htm>
#[must_use = "a graph does nothing until it is sent"]
pub struct Graph {
    client: Salesforce,
    pub(super) requests: Requests,
    pub(super) id: Option<String>,
}

impl Graph {
    pub(super) fn new(client: Salesforce) -> Self {
        Self {
            client,
            requests: Requests::new(),
            id: None,
        }
    }

    /// An id of your own, which shows up in Salesforce's messages. Without one it
    /// is `g0`, `g1` and so on.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    short_forms!();

    /// Adds a request under a name of your own, as
    /// [`Composite::add_as`](super::Composite::add_as).
    pub fn add_as<O>(&mut self, name: &'static str, request: O) -> Reference<O::Output>
    where
        O: IntoOp,
        O::Output: 'static,
    {
        self.requests.add(Some(name), request.into_op())
    }

    /// Cuts it into its independent parts: requests that refer to each other, be it over
    /// others, stay together, in their order. Each part is a transaction of its own,
    /// which succeeds or fails whatever becomes of the others, and the limits count for
    /// each by itself. So there may be any number of requests, which are sent in as few
    /// as Salesforce allows.
    ///
    /// References stay good: [`GraphOutcomes::get`](super::GraphOutcomes::get) reads by them.
    ///
    /// ```no_run
    /// # async fn run(salesforce: ferroforce::Salesforce, names: Vec<String>) -> ferroforce::Result<()> {
    /// use serde_json::json;
    ///
    /// let mut graph = salesforce.graph();
    /// let mut accounts = Vec::new();
    /// for name in &names {
    ///     let account = graph.create("Account", &json!({"Name": name}));
    ///     graph.create("Contact", &json!({"LastName": name, "AccountId": account.id()}));
    ///     accounts.push(account);
    /// }
    /// let outcomes = graph.into_parts().send().await?;
    /// for account in accounts {
    ///     println!("{:?}", outcomes.get(account));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_parts(self) -> Graphs {
        let mut graphs = Graphs::new(self.client.clone());
        let Some(part) = self.parts() else {
            // What is wrong with it is told when it is to be sent.
            graphs.add(self);
            return graphs;
        };
        let several = part.iter().any(|part| *part > 0);
        for (number, requests) in self.requests.split(&part).into_iter().enumerate() {
            let id = self.id.clone();
            graphs.add(Self {
                client: self.client.clone(),
                requests,
                id: match several {
                    true => id.map(|id| format!("{id}-{number}")),
                    false => id,
                },
            });
        }
        graphs
    }

    /// To which part each request belongs; none if one of them cannot be sent.
    fn parts(&self) -> Option<Vec<usize>> {
        let version = self.client.api_version();
        let nodes = self.requests.checked().ok()?;
        // The first request that each is bound to, over others too.
        let mut first: Vec<usize> = Vec::with_capacity(nodes.len());
        let root = |first: &[usize], mut at: usize| {
            while first[at] != at {
                at = first[at];
            }
            at
        };
        for index in 0..nodes.len() {
            first.push(index);
            let mut needs = Vec::new();
            Sub::new(&self.requests, index, version, &mut needs).ok()?;
            for need in needs {
                let (a, b) = (root(&first, index), root(&first, need));
                first[a.max(b)] = a.min(b);
            }
        }
        let mut numbers = BTreeMap::new();
        let parts = (0..nodes.len()).map(|index| {
            let next = numbers.len();
            *numbers.entry(root(&first, index)).or_insert(next)
        });
        Some(parts.collect())
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
        let mut graphs = Graphs::new(self.client.clone());
        graphs.add(self);
        graphs.send().await?.only()
    }

    /// The graph as it is sent, if it is one.
    pub(super) fn prepare(&self, id: String) -> Result<Prepared> {
        let at = |index: usize, why: String| self.requests.at(index, why);
        let version = self.client.api_version();
        let nodes = self.requests.checked()?;
        if nodes.is_empty() {
            return Err(Error::invalid_input("there is no request in it"));
        }
        limits::graph_id(&id)?;
        limits::at_most(
            "requests in the graph",
            nodes.len(),
            limits::NODES,
            "what does not belong together can go in another graph",
        )?;
        limits::names(&self.requests)?;

        let mut subs = Vec::with_capacity(nodes.len());
        let mut depths: Vec<usize> = Vec::with_capacity(nodes.len());
        let mut kinds = BTreeSet::new();
        for (index, node) in nodes.iter().enumerate() {
            let object = limits::of_graph(node, version).map_err(|why| at(index, why))?;
            kinds.insert((node.method.as_str(), object.to_ascii_lowercase()));
            let mut needs = Vec::new();
            subs.push(Sub::new(&self.requests, index, version, &mut needs)?);
            let deepest = needs.iter().map(|need| depths[*need]).max();
            let depth = deepest.unwrap_or_default() + 1;
            if depth > limits::DEPTH {
                let why = format!(
                    "ends a chain of {depth} references, and Salesforce takes {}",
                    limits::DEPTH
                );
                return Err(at(index, why));
            }
            depths.push(depth);
        }
        limits::at_most(
            "different combinations of method and object in the graph",
            kinds.len(),
            limits::DISTINCT,
            "what does not belong together can go in another graph",
        )?;
        let wire = WireGraph {
            graph_id: &id,
            composite_request: subs,
        };
        let json = to_raw_value(&wire).map_err(|error| {
            Error::invalid_input("the graph cannot be written").with_source(error)
        })?;
        Ok(Prepared {
            id,
            json,
            nodes: nodes.len(),
            repeatability: self.requests.repeatability(),
        })
    }
}

/// A graph as it is sent.
pub(super) struct Prepared {
    pub(super) id: String,
    pub(super) json: Box<RawValue>,
    pub(super) nodes: usize,
    pub(super) repeatability: Repeatability,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireGraph<'a> {
    graph_id: &'a str,
    composite_request: Vec<Sub<'a>>,
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph")
            .field("id", &self.id)
            .field("requests", &self.requests)
            .finish_non_exhaustive()
    }
}
