//! Which resource a path names, and what can be done to it.

use http::Method;

use super::tooling;
use super::version::ApiVersion;
use crate::composite::Resource;
use crate::error::ApiError;
use crate::id::RecordId;

/// A resource of the REST API that the org serves. Names are as the client wrote them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint<'p> {
    Resources,
    Limits,
    RecordCount,
    DescribeGlobal,
    Object {
        object: &'p str,
    },
    Describe {
        object: &'p str,
    },
    Record {
        object: &'p str,
        id: &'p str,
    },
    RecordByKey {
        object: &'p str,
        field: &'p str,
        value: &'p str,
    },
    /// `/sobjects/X/Id`: creates only.
    NewRecord {
        object: &'p str,
    },
    /// `/sobjects/X/{id}/{name}/{name}…`: along relationships.
    Related {
        object: &'p str,
        id: &'p str,
        names: &'p [String],
    },
    /// `/sobjects/User/{id}/password`.
    Password {
        user: &'p str,
    },
    Deleted {
        object: &'p str,
    },
    Updated {
        object: &'p str,
    },
    /// `/actions` and below.
    Actions {
        below: &'p [String],
    },
    Tabs,
    Theme,
    /// `/compactLayouts`.
    CompactLayouts,
    /// `/sobjects/X/describe/layouts` and its neighbours.
    Layouts {
        object: &'p str,
        below: &'p [String],
    },
    /// `/sobjects/X/listviews` and below.
    ListViews {
        object: &'p str,
        below: &'p [String],
    },
    /// `/quickActions` and below, of an object or of all.
    QuickActions {
        object: Option<&'p str>,
        below: &'p [String],
    },
    /// `/process` and below.
    Processes {
        below: &'p [String],
    },
    /// `/analytics` and below.
    Analytics {
        below: &'p [String],
    },
    /// The records that the user used last.
    Recent,
    /// `/ui-api/records`.
    NewUiRecord,
    UiRecord {
        id: &'p str,
    },
    Query {
        deleted_too: bool,
    },
    NamedQuery {
        name: &'p str,
    },
    NextPage {
        locator: &'p str,
    },
    Search,
    ParameterizedSearch,
    SearchScopeOrder,
    SearchLayout,
    /// Many operations in one request.
    Composite(Resource<'p>),
}

/// First segments of paths that a real org serves and this one does not.
const UNSUPPORTED: &[&str] = &[
    "apexrest",
    "appMenu",
    "async-queries",
    "asyncQueries",
    "chatter",
    "commerce",
    "connect",
    "consent",
    "contact-tracing",
    "dedupe",
    "domino",
    "eclair",
    "emailConnect",
    "event",
    "fingerprint",
    "folders",
    "graphql",
    "iot",
    "jobs",
    "jsonxform",
    "knowledgeManagement",
    "licensing",
    "localizedvalue",
    "match",
    "metadata",
    "mobile",
    "named",
    "nouns",
    "payments",
    "prechatForms",
    "scheduling",
    "search",
    "serviceTemplates",
    "smartdatadiscovery",
    "support",
    "ui-api",
    "wave",
];

/// What a real org serves below an object and this one does not.
const UNSUPPORTED_OF_OBJECTS: &[&str] = &[
    "defaultValues",
    "relevantItems",
    "eventSchema",
    "suggestedArticles",
    "namedLayouts",
];

impl<'p> Endpoint<'p> {
    /// Finds the resource of a path (the part behind the version, and behind `/tooling`).
    pub(crate) fn of(version: ApiVersion, path: &'p [String]) -> Result<Self, ApiError> {
        if version.is_tooling() {
            tooling::check(path)?;
        }
        let segments: Vec<&str> = path.iter().map(String::as_str).collect();
        let endpoint = match segments.as_slice() {
            // Behind these there may be keys, in which anything may stand.
            [_] | [_, _] | [_, _, _] if segments.last().is_some_and(|last| has_format(last)) => {
                return Err(ApiError::unsupported("the endings .json and .xml of paths"));
            }
            [] => Self::Resources,
            ["limits"] => Self::Limits,
            ["limits", "recordCount"] => Self::RecordCount,
            ["actions", ..] => Self::Actions { below: &path[1..] },
            ["tabs"] => Self::Tabs,
            ["theme"] => Self::Theme,
            ["compactLayouts"] => Self::CompactLayouts,
            ["quickActions", ..] => Self::QuickActions {
                object: None,
                below: &path[1..],
            },
            ["process", ..] => Self::Processes { below: &path[1..] },
            ["analytics", ..] => Self::Analytics { below: &path[1..] },
            ["recent"] => Self::Recent,
            ["ui-api", "records"] => Self::NewUiRecord,
            ["ui-api", "records", id] => Self::UiRecord { id },
            ["named", "query", name] => Self::NamedQuery { name },
            ["query"] => Self::Query { deleted_too: false },
            ["queryAll"] => Self::Query { deleted_too: true },
            ["query" | "queryAll", locator] => Self::NextPage { locator },
            ["search"] => Self::Search,
            ["parameterizedSearch"] => Self::ParameterizedSearch,
            ["search", "scopeOrder"] => Self::SearchScopeOrder,
            ["search", "layout"] => Self::SearchLayout,
            ["composite", below @ ..] => Self::Composite(Resource::of(below)?),
            ["sobjects"] => Self::DescribeGlobal,
            ["sobjects", object] => Self::Object { object },
            ["sobjects", object, "describe"] => Self::Describe { object },
            ["sobjects", object, "Id"] => Self::NewRecord { object },
            // Without an id it is the value of a key.
            ["sobjects", object, user, "password"]
                if object.eq_ignore_ascii_case("User") && is_user(user) =>
            {
                Self::Password { user }
            }
            ["sobjects", object, "deleted"] => Self::Deleted { object },
            ["sobjects", object, "updated"] => Self::Updated { object },
            ["sobjects", _, below, ..] if UNSUPPORTED_OF_OBJECTS.contains(below) => {
                return Err(ApiError::unsupported(format_args!("/sobjects/…/{below}")));
            }
            ["sobjects", object, "describe", ..] => Self::Layouts {
                object,
                below: &path[3..],
            },
            ["sobjects", object, "listviews", ..] => Self::ListViews {
                object,
                below: &path[3..],
            },
            ["sobjects", object, "quickActions", ..] => Self::QuickActions {
                object: Some(object),
                below: &path[3..],
            },
            ["sobjects", object, id] => Self::Record { object, id },
            ["sobjects", object, field, value] => Self::RecordByKey {
                object,
                field,
                value,
            },
            ["sobjects", object, id, ..] => Self::Related {
                object,
                id,
                names: &path[3..],
            },
            [first, ..] if UNSUPPORTED.contains(first) => {
                return Err(ApiError::unsupported(format_args!("/{first}")));
            }
            _ => return Err(ApiError::not_found()),
        };
        Ok(endpoint)
    }

    /// The methods that the resource takes, in the order in which errors list them.
    fn methods(self) -> &'static [Method] {
        const READ: &[Method] = &[Method::HEAD, Method::GET];
        match self {
            Self::Object { .. } => &[Method::HEAD, Method::GET, Method::POST],
            Self::Record { .. } | Self::RecordByKey { .. } | Self::Related { .. } => {
                &[Method::HEAD, Method::GET, Method::PATCH, Method::DELETE]
            }
            Self::UiRecord { .. } => &[Method::HEAD, Method::GET, Method::PATCH, Method::DELETE],
            Self::Actions { below }
                if below.len() == 3 || (below.len() == 2 && below[0] == "standard") =>
            {
                &[Method::HEAD, Method::GET, Method::POST]
            }
            Self::NewRecord { .. } | Self::NewUiRecord => &[Method::POST],
            Self::QuickActions { below, .. } if !below.is_empty() => {
                &[Method::HEAD, Method::GET, Method::POST]
            }
            Self::Processes { .. } => &[Method::HEAD, Method::GET, Method::POST],
            Self::Analytics { .. } => &[
                Method::HEAD,
                Method::GET,
                Method::POST,
                Method::PATCH,
                Method::PUT,
                Method::DELETE,
            ],
            Self::ParameterizedSearch => &[Method::HEAD, Method::GET, Method::POST],
            Self::Password { .. } => &[Method::HEAD, Method::GET, Method::POST, Method::DELETE],
            Self::Composite(resource) => resource.methods(),
            _ => READ,
        }
    }

    /// Refuses a method that the resource does not take.
    pub(crate) fn allow(self, method: &Method) -> Result<(), ApiError> {
        if self.methods().contains(method) {
            Ok(())
        } else {
            Err(ApiError::method_not_allowed(method, self.methods()))
        }
    }
}

fn is_user(segment: &str) -> bool {
    let id = segment.parse::<RecordId>();
    id.is_ok_and(|id| id.key_prefix() == "005")
}

/// Whether a segment of a path asks for a format, as clients may up to API 50.0.
fn has_format(segment: &str) -> bool {
    segment.ends_with(".json") || segment.ends_with(".xml")
}
