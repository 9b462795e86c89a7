//! Many operations in one request: `/composite` and what is below it.

mod batch;
mod collections;
mod dependent;
mod graph;
mod input;
mod outcome;
mod reference;
mod subrequest;
#[cfg(test)]
mod tests;
mod transaction;
mod tree;

use http::Method;

pub(crate) use input::Input;

use crate::error::ApiError;
use crate::json::Json;
use crate::rest::{ApiRequest, ApiVersion, Context, Reply};

/// The version of the API with which the Tooling API got some of it.
const TOOLING_SINCE: u16 = 40;

/// A resource of the family. Names are as the client wrote them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource<'p> {
    /// The list of the others by GET, dependent requests by POST.
    Dependent,
    Batch,
    Graph,
    Tree {
        object: &'p str,
    },
    Collections,
    CollectionsOf {
        object: &'p str,
    },
    CollectionsByKey {
        object: &'p str,
        field: &'p str,
    },
}

impl<'p> Resource<'p> {
    /// Finds the resource of a path below `/composite`.
    pub(crate) fn of(below: &[&'p str]) -> Result<Self, ApiError> {
        match *below {
            [] => Ok(Self::Dependent),
            ["batch"] => Ok(Self::Batch),
            ["graph"] => Ok(Self::Graph),
            ["tree", object] => Ok(Self::Tree { object }),
            ["sobjects"] => Ok(Self::Collections),
            ["sobjects", object] => Ok(Self::CollectionsOf { object }),
            ["sobjects", object, field] => Ok(Self::CollectionsByKey { object, field }),
            _ => Err(ApiError::not_found()),
        }
    }

    /// The methods that the resource takes, in the order in which errors list them.
    pub(crate) fn methods(self) -> &'static [Method] {
        match self {
            Self::Dependent | Self::CollectionsOf { .. } => {
                &[Method::HEAD, Method::GET, Method::POST]
            }
            Self::Batch | Self::Graph | Self::Tree { .. } => &[Method::POST],
            Self::Collections => &[Method::POST, Method::PATCH, Method::DELETE],
            Self::CollectionsByKey { .. } => &[Method::PATCH],
        }
    }

    /// The version of the API that brought it.
    fn since(self) -> u16 {
        match self {
            Self::Batch | Self::Tree { .. } => 34,
            Self::Dependent => 38,
            Self::Collections | Self::CollectionsOf { .. } => 42,
            Self::CollectionsByKey { .. } => 46,
            Self::Graph => 50,
        }
    }

    /// Refuses what a version of the API does not have. The Tooling API has no collections,
    /// although its documentation lists them.
    fn check(self, version: ApiVersion) -> Result<(), ApiError> {
        match self {
            Self::Tree { .. } | Self::Graph if version.is_tooling() => {
                Err(ApiError::unsupported("trees and graphs of the Tooling API"))
            }
            Self::Collections | Self::CollectionsOf { .. } | Self::CollectionsByKey { .. }
                if version.is_tooling() =>
            {
                Err(ApiError::not_found())
            }
            _ if version.is_tooling() && version.number() < TOOLING_SINCE => {
                Err(ApiError::not_found())
            }
            _ if version.number() < self.since() => Err(ApiError::not_found()),
            _ => Ok(()),
        }
    }
}

/// Answers a request to one of these resources.
pub(crate) fn answer(
    context: &Context<'_>,
    request: &ApiRequest,
    resource: Resource<'_>,
) -> Result<Reply, ApiError> {
    resource.check(context.version)?;
    // What was done for one request is kept, or lost, as one.
    context.atomically(|| match resource {
        Resource::Dependent if request.method == Method::POST => {
            dependent::answer(context, request)
        }
        Resource::Dependent => Ok(index(context)),
        Resource::Batch => batch::answer(context, request),
        Resource::Graph => graph::answer(context, request),
        Resource::Tree { object } => tree::answer(context, request, object),
        collection => Ok(collections::answer(context, request, collection)?.reply),
    })
}

/// Where the other resources are.
fn index(context: &Context<'_>) -> Reply {
    let path = context.version.path();
    let resources: &[&str] = if context.version.is_tooling() {
        &["batch"]
    } else {
        &["tree", "batch", "sobjects", "graph"]
    };
    let resources = resources
        .iter()
        .map(|name| (*name, format!("{path}/composite/{name}")));
    Reply::ok(Json::object(resources))
}

/// The whole request asks for more than it may.
fn too_much(message: impl Into<std::borrow::Cow<'static, str>>) -> ApiError {
    ApiError::bad_request("LIMIT_EXCEEDED", message)
}
