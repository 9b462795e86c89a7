//! Answers in XML, or in JSON where the job or the request is in JSON.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::xml::{DECLARATION, NAMESPACE, element};
use crate::bulk::JobError;
use crate::error::ApiError;
use crate::json::{JSON_CONTENT_TYPE, Json};
use crate::rest::ApiCalls;
use crate::value::time::{datetime_text, datetime_text_z};

const XML_CONTENT_TYPE: &str = "application/xml";

/// A value of a job's or batch's info.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// Left out of XML, null in JSON.
    Nothing,
    Text(String),
    Number(i64),
    Version(u16),
    Flag(bool),
    /// Milliseconds since 1970.
    Moment(i64),
}

impl Value {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    fn in_xml(&self) -> Option<String> {
        Some(match self {
            Self::Nothing | Self::Flag(_) => return None,
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Version(version) => format!("{version}.0"),
            Self::Moment(at) => datetime_text_z(*at),
        })
    }

    fn in_json(&self) -> Json {
        match self {
            Self::Nothing => Json::Null,
            Self::Text(text) => text.into(),
            Self::Number(number) => (*number).into(),
            Self::Version(version) => f64::from(*version).into(),
            Self::Flag(flag) => (*flag).into(),
            Self::Moment(at) => datetime_text(*at).into(),
        }
    }
}

impl From<Option<&String>> for Value {
    fn from(text: Option<&String>) -> Self {
        text.map_or(Self::Nothing, |text| Self::text(text))
    }
}

/// What is known of a job or a batch, in the order in which XML tells it.
pub(super) type Info = Vec<(&'static str, Value)>;

/// What is answered.
#[derive(Debug)]
pub(super) enum Content {
    Info(&'static str, Info),
    /// Infos of batches.
    List(Vec<Info>),
    /// Ids of results.
    Ids(Vec<String>),
}

impl Content {
    /// The answer in XML, or in JSON.
    pub(super) fn into_response(self, status: StatusCode, json: bool) -> Response {
        let mut response = if json {
            let body = self.json().to_string();
            (status, [(CONTENT_TYPE, JSON_CONTENT_TYPE)], body).into_response()
        } else {
            (status, [(CONTENT_TYPE, XML_CONTENT_TYPE)], self.xml()).into_response()
        };
        response.extensions_mut().insert(ApiCalls(1));
        response
    }

    fn xml(&self) -> String {
        let mut out = String::from(DECLARATION);
        match self {
            Self::Info(name, info) => {
                out += &format!("<{name}\n   xmlns=\"{NAMESPACE}\">\n");
                members(info, " ", &mut out);
                out += &format!("</{name}>");
            }
            Self::List(infos) if infos.is_empty() => {
                out += &format!("<batchInfoList\n   xmlns=\"{NAMESPACE}\" />");
            }
            Self::List(infos) => {
                out += &format!("<batchInfoList\n   xmlns=\"{NAMESPACE}\">\n");
                for info in infos {
                    out += " <batchInfo>\n";
                    members(info, "  ", &mut out);
                    out += " </batchInfo>\n";
                }
                out += "</batchInfoList>";
            }
            Self::Ids(ids) => {
                out += &format!("<result-list xmlns=\"{NAMESPACE}\">");
                for id in ids {
                    element("result", id, &mut out);
                }
                out += "</result-list>";
            }
        }
        out
    }

    fn json(&self) -> Json {
        match self {
            Self::Info(_, info) => object(info),
            Self::List(infos) => {
                let infos = infos.iter().map(object).collect();
                Json::object([("batchInfo", Json::Array(infos))])
            }
            Self::Ids(ids) => ids.iter().collect(),
        }
    }
}

fn members(info: &Info, indent: &str, out: &mut String) {
    for (name, value) in info {
        if let Some(text) = value.in_xml() {
            out.push_str(indent);
            element(name, &text, out);
            out.push('\n');
        }
    }
}

/// In JSON, members are sorted by their names.
fn object(info: &Info) -> Json {
    let mut members: Vec<_> = info.iter().map(|(name, value)| (*name, value)).collect();
    members.sort_by_key(|(name, _)| *name);
    Json::object(
        members
            .into_iter()
            .map(|(name, value)| (name, value.in_json())),
    )
}

/// Why a request is refused.
#[derive(Debug)]
pub(super) struct AsyncError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl AsyncError {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code,
            message: message.into(),
        }
    }

    /// The answer in XML, or in JSON.
    pub(super) fn into_response(self, json: bool) -> Response {
        let mut response = error_response(self.status, self.code, &self.message, json);
        response.extensions_mut().insert(ApiCalls(1));
        response
    }
}

impl From<JobError> for AsyncError {
    fn from(error: JobError) -> Self {
        Self::new(error.code, error.message)
    }
}

impl From<ApiError> for AsyncError {
    fn from(error: ApiError) -> Self {
        let status = error.status();
        let item = error.items().first();
        let code = item.map_or("", |item| item.code.as_ref());
        let (status, code) = match code {
            "NOT_IMPLEMENTED" => (status, "NotImplemented"),
            "NOT_FOUND" => (StatusCode::BAD_REQUEST, "InvalidUrl"),
            "REQUEST_LIMIT_EXCEEDED" => (StatusCode::BAD_REQUEST, "ExceededQuota"),
            "API_DISABLED_FOR_ORG" | "API_CURRENTLY_DISABLED" => {
                (StatusCode::BAD_REQUEST, "FeatureNotEnabled")
            }
            "UNSUPPORTED_API_VERSION" => (StatusCode::BAD_REQUEST, "InvalidVersion"),
            _ if status == StatusCode::UNAUTHORIZED => {
                (StatusCode::BAD_REQUEST, "InvalidSessionId")
            }
            _ if status.is_client_error() => (StatusCode::BAD_REQUEST, "ClientInputError"),
            _ => (status, "Unknown"),
        };
        let message = match code {
            "InvalidSessionId" => "Invalid session id".to_owned(),
            _ => item.map_or_else(String::new, |item| item.message.clone().into_owned()),
        };
        Self {
            status,
            code,
            message,
        }
    }
}

/// An error of this API.
pub(crate) fn error_response(
    status: StatusCode,
    code: &str,
    message: &str,
    json: bool,
) -> Response {
    if json {
        let body = Json::object([("exceptionCode", code), ("exceptionMessage", message)]);
        return (
            status,
            [(CONTENT_TYPE, JSON_CONTENT_TYPE)],
            body.to_string(),
        )
            .into_response();
    }
    let mut body = format!("{DECLARATION}<error xmlns=\"{NAMESPACE}\">");
    element("exceptionCode", code, &mut body);
    element("exceptionMessage", message, &mut body);
    body += "</error>";
    (status, [(CONTENT_TYPE, XML_CONTENT_TYPE)], body).into_response()
}
