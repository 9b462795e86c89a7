//! Several graphs in as few requests as possible.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::composite::WireResponse;
use super::graph::{Graph, Prepared};
use super::limits;
use super::outcomes::{self, Outcomes, Part};
use super::references::Reference;
use super::settings::{Settings, settings};
use crate::client::Salesforce;
use crate::error::{ApiError, Error, Result};
use crate::op::{Decode, Op, Path, Repeatability, Response};

/// Any number of graphs, each a transaction of its own. Made by
/// [`Salesforce::graphs`].
///
/// They are sent in as few requests as Salesforce's limits allow: 75 graphs and
/// 500 requests in each, one after the other. A graph is never cut here; see
/// [`Graph::into_parts`].
///
/// ```no_run
/// # async fn run(salesforce: ferroforce::Salesforce, names: Vec<String>) -> ferroforce::Result<()> {
/// use serde_json::json;
///
/// let mut graphs = salesforce.graphs();
/// for name in &names {
///     let mut graph = salesforce.graph();
///     let account = graph.create("Account", &json!({"Name": name}));
///     graph.create("Contact", &json!({"LastName": name, "AccountId": account.id()}));
///     graphs.add(graph);
/// }
/// let outcomes = graphs.send().await?;
/// for (name, outcome) in names.iter().zip(outcomes.iter()) {
///     match outcome.as_ref().map(|graph| graph.first_error()) {
///         Ok(None) => println!("{name}: created"),
///         Ok(Some(error)) | Err(error) => println!("{name}: {error}"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "graphs do nothing until they are sent"]
pub struct Graphs {
    client: Salesforce,
    graphs: Vec<Graph>,
    settings: Settings,
}

impl Graphs {
    pub(super) fn new(client: Salesforce) -> Self {
        Self {
            client,
            graphs: Vec::new(),
            settings: Settings::default(),
        }
    }

    settings!();

    /// Adds a graph. Its references keep pointing to it.
    pub fn add(&mut self, graph: Graph) {
        self.graphs.push(graph);
    }

    /// How many graphs there are.
    pub fn len(&self) -> usize {
        self.graphs.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.graphs.is_empty()
    }

    /// Sends them. Without a graph nothing is sent.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) with rule and
    /// place for what Salesforce would not take, before anything is sent. What
    /// befalls a request that carries graphs is the error of each of these.
    pub async fn send(self) -> Result<GraphOutcomes> {
        let version = self.client.api_version();
        limits::since("graphs", version, 50)?;
        let mut ids = BTreeSet::new();
        let mut prepared = Vec::with_capacity(self.graphs.len());
        for (number, graph) in self.graphs.iter().enumerate() {
            let id = graph.id.clone().unwrap_or_else(|| format!("g{number}"));
            let at = |error: &Error| {
                Error::invalid_input(format!("graph {number} ({id}): {}", error.message()))
                    .with_source(error.clone())
            };
            if !ids.insert(id.clone()) {
                let twice = Error::invalid_input("another graph has the same id");
                return Err(at(&twice));
            }
            prepared.push(graph.prepare(id.clone()).map_err(|error| at(&error))?);
        }
        let mut answers = Vec::with_capacity(prepared.len());
        for graphs in cut(&prepared) {
            match self.settings.send(&self.client, op(graphs)).await {
                Ok(parts) => answers.extend(in_order(parts, graphs)),
                Err(error) => answers.extend(graphs.iter().map(|_| Err(error.clone()))),
            }
        }
        let graphs = self.graphs.into_iter().zip(answers);
        Ok(GraphOutcomes::new(graphs))
    }
}

/// As many graphs in a request as fit, in their order.
fn cut(graphs: &[Prepared]) -> Vec<&[Prepared]> {
    let mut requests = Vec::new();
    let (mut start, mut nodes) = (0, 0);
    for (end, graph) in graphs.iter().enumerate() {
        if end - start == limits::GRAPHS || nodes + graph.nodes > limits::NODES {
            requests.push(&graphs[start..end]);
            (start, nodes) = (end, 0);
        }
        nodes += graph.nodes;
    }
    if start < graphs.len() {
        requests.push(&graphs[start..]);
    }
    requests
}

/// The answers to a graph's requests, under the graph's id.
type Answer = (String, Vec<Part>);

fn op(graphs: &[Prepared]) -> Result<Op<Vec<Answer>>> {
    let request = WireRequest {
        graphs: graphs.iter().map(|graph| &*graph.json).collect(),
    };
    let once = |graph: &Prepared| graph.repeatability == Repeatability::Once;
    let repeatability = if graphs.iter().any(once) {
        Repeatability::Once
    } else {
        Repeatability::Idempotent
    };
    let path = Path::fill("/composite/graph", &[])?;
    Op::with_decode(Method::POST, path, Decode::Rows(read, graphs.len()))
        .repeatability(repeatability)
        .undone(lock_errors)
        .json(&request)
}

fn read(response: &Response, graphs: usize) -> Result<Vec<Answer>> {
    let wire: WireGraphs<'_> = outcomes::read(response)?;
    if wire.graphs.len() != graphs {
        return Err(outcomes::miscounted(wire.graphs.len(), graphs, "graphs"));
    }
    let graphs = wire.graphs.into_iter();
    graphs
        .map(|graph| Ok((graph.graph_id, graph.graph_response.parts(response)?)))
        .collect()
}

/// The answers in the order of the graphs, whose ids they came under.
fn in_order(answers: Vec<Answer>, graphs: &[Prepared]) -> Vec<Result<Vec<Part>>> {
    let count = answers.len();
    let mut answers: BTreeMap<String, Vec<Part>> = answers.into_iter().collect();
    graphs
        .iter()
        .map(|graph| {
            let parts = answers.remove(&graph.id);
            parts
                .ok_or_else(|| outcomes::miscounted(count, graphs.len(), "graphs, under other ids"))
        })
        .collect()
}

/// The errors of graphs that all failed by locked records, so that nothing was
/// written.
fn lock_errors(response: &Response) -> Vec<ApiError> {
    let Ok(wire) = outcomes::read_where_locked::<WireGraphs<'_>>(response) else {
        return Vec::new();
    };
    let mut errors = Vec::new();
    for graph in &wire.graphs {
        let locks = graph.graph_response.lock_errors();
        if graph.is_successful || locks.is_empty() {
            return Vec::new();
        }
        errors.extend(locks);
    }
    errors
}

/// What came of [`Graphs`]: for each one the [`Outcomes`] of its requests, or the
/// error of the request that carried it.
#[derive(Debug)]
pub struct GraphOutcomes {
    graphs: Vec<Result<Outcomes>>,
    /// In which graph each request is, by what references know of it.
    places: BTreeMap<(u64, usize), usize>,
}

impl GraphOutcomes {
    fn new(graphs: impl Iterator<Item = (Graph, Result<Vec<Part>>)>) -> Self {
        let mut places = BTreeMap::new();
        let graphs = graphs
            .enumerate()
            .map(|(place, (graph, answer))| {
                let number = graph.requests.number();
                let requests = graph.requests.places().iter();
                places.extend(requests.map(|request| ((number, *request), place)));
                let names: &[Cow<'static, str>] = graph.requests.names();
                let responses = outcomes::in_order(answer?, names)?;
                let outcomes = Outcomes::new(graph.requests.sent(), responses);
                Ok(outcomes.undone_together())
            })
            .collect();
        Self { graphs, places }
    }

    /// What the request that `reference` stands for was answered, in whichever
    /// graph it is.
    ///
    /// # Errors
    /// As [`Outcomes::get`], and the error of the request that carried its graph.
    pub fn get<R>(&self, reference: Reference<R>) -> Result<R> {
        let place = self
            .places
            .get(&(reference.composite, reference.index))
            .ok_or_else(|| Error::invalid_input("the reference belongs to none of these graphs"))?;
        match &self.graphs[*place] {
            Ok(outcomes) => outcomes.get(reference),
            Err(error) => Err(error.clone()),
        }
    }

    /// The outcomes of the only graph.
    pub(super) fn only(mut self) -> Result<Outcomes> {
        let outcomes = self.graphs.pop();
        outcomes.unwrap_or_else(|| Err(Error::decode("the graph has no outcome")))
    }

    /// The outcomes of each graph, in the order in which they were added.
    pub fn iter(&self) -> std::slice::Iter<'_, Result<Outcomes>> {
        self.graphs.iter()
    }

    /// Each graph that was not carried out and why, by its place.
    pub fn errors(&self) -> impl Iterator<Item = (usize, &Error)> {
        let graphs = self.graphs.iter().enumerate();
        graphs.filter_map(|(place, graph)| {
            let error = match graph {
                Ok(outcomes) => outcomes.first_error()?,
                Err(error) => error,
            };
            Some((place, error))
        })
    }

    /// These outcomes, if all graphs were carried out.
    ///
    /// # Errors
    /// The first of the [errors](Self::errors).
    pub fn all_succeeded(self) -> Result<Self> {
        let first = self.errors().next().map(|(_, error)| error.clone());
        first.map_or(Ok(self), Err)
    }

    /// How many graphs there are.
    pub fn len(&self) -> usize {
        self.graphs.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.graphs.is_empty()
    }
}

impl<'a> IntoIterator for &'a GraphOutcomes {
    type Item = &'a Result<Outcomes>;
    type IntoIter = std::slice::Iter<'a, Result<Outcomes>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[derive(Serialize)]
struct WireRequest<'a> {
    graphs: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct WireGraphs<'a> {
    #[serde(borrow)]
    graphs: Vec<WireOutcome<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireOutcome<'a> {
    graph_id: String,
    #[serde(borrow)]
    graph_response: WireResponse<'a>,
    is_successful: bool,
}

impl fmt::Debug for Graphs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graphs")
            .field("graphs", &self.graphs)
            .finish_non_exhaustive()
    }
}
