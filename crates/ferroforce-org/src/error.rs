//! Errors as the REST API answers them: a JSON array of codes and messages.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::header::ALLOW;
use http::{Method, StatusCode};

use crate::json::Json;

/// One failed request: its status and what is in the array of its body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ApiError {
    status: StatusCode,
    items: Vec<ErrorItem>,
    /// The methods that would do, where another was refused.
    allowed: Option<String>,
}

/// One element of the body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ErrorItem {
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: Cow<'static, str>,
    /// Present, even if empty, on errors about the data of a record.
    pub(crate) fields: Option<Vec<String>>,
    /// A member, in place of the fields, that only the answer about a single record has;
    /// collections tell the rest.
    detail: Option<Box<(&'static str, Json)>>,
}

impl ErrorItem {
    /// A mistake in fields of a record.
    pub(crate) fn about<F: Into<String>>(
        code: &'static str,
        message: String,
        fields: impl IntoIterator<Item = F>,
    ) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            fields: Some(fields.into_iter().map(Into::into).collect()),
            detail: None,
        }
    }
}

impl ApiError {
    /// An error with a status, a code such as `INVALID_FIELD`, and a message.
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            items: vec![ErrorItem {
                code: code.into(),
                message: message.into(),
                fields: None,
                detail: None,
            }],
            allowed: None,
        }
    }

    /// A 400, the status of most mistakes.
    pub(crate) fn bad_request(
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// The same error, naming the fields at fault (none is fine too).
    pub(crate) fn with_fields<F: Into<String>>(
        mut self,
        fields: impl IntoIterator<Item = F>,
    ) -> Self {
        if let Some(item) = self.items.last_mut() {
            item.fields = Some(fields.into_iter().map(Into::into).collect());
        }
        self
    }

    /// The same error with a member of its own, which only the answer about a single record has.
    pub(crate) fn with_detail(mut self, name: &'static str, value: Json) -> Self {
        if let Some(item) = self.items.last_mut() {
            item.detail = Some(Box::new((name, value)));
        }
        self
    }

    /// A 400 with all these mistakes, if there are any.
    pub(crate) fn of_items(items: Vec<ErrorItem>) -> Result<(), Self> {
        if items.is_empty() {
            return Ok(());
        }
        let status = StatusCode::BAD_REQUEST;
        Err(Self {
            status,
            items,
            allowed: None,
        })
    }

    /// 405, naming the methods that would do.
    pub(crate) fn method_not_allowed(method: &Method, allowed: &[Method]) -> Self {
        let allowed: Vec<&str> = allowed.iter().map(Method::as_str).collect();
        let allowed = allowed.join(",");
        let error = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            format!("HTTP Method '{method}' not allowed. Allowed are {allowed}"),
        );
        Self {
            allowed: Some(allowed),
            ..error
        }
    }

    /// 404 for a record in the recycle bin.
    pub(crate) fn entity_is_deleted() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "ENTITY_IS_DELETED",
            "entity is deleted",
        )
        .with_fields::<String>([])
    }

    /// 404 for a path, object or record that is not there.
    pub(crate) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            "The requested resource does not exist",
        )
    }

    /// 401 for a missing, expired or unknown session.
    pub(crate) fn invalid_session() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "INVALID_SESSION_ID",
            "Session expired or invalid",
        )
    }

    /// 501 for what a real org can do and this one cannot.
    pub(crate) fn unsupported(what: impl std::fmt::Display) -> Self {
        Self::new(
            StatusCode::NOT_IMPLEMENTED,
            "NOT_IMPLEMENTED",
            format!("The local org does not support {what}"),
        )
    }

    /// 500 for a fault of the org itself; the text must hold no data.
    pub(crate) fn internal(message: impl std::fmt::Display) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "UNKNOWN_EXCEPTION",
            format!("An unexpected error occurred in the local org: {message}"),
        )
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn items(&self) -> &[ErrorItem] {
        &self.items
    }

    /// The body: `[{"message":…,"errorCode":…,"fields":[…]}]`. Errors of the framework, which
    /// are about paths and methods and not about data, print their code first.
    pub(crate) fn to_json(&self) -> Json {
        self.items
            .iter()
            .map(|item| {
                let message = ("message", Json::from(item.message.as_ref()));
                let code = ("errorCode", Json::from(item.code.as_ref()));
                if let Some(detail) = &item.detail {
                    let (name, value) = detail.as_ref();
                    return Json::object([(*name, value.clone()), code, message]);
                }
                let framework = matches!(
                    item.code.as_ref(),
                    "NOT_FOUND"
                        | "METHOD_NOT_ALLOWED"
                        | "NOT_IMPLEMENTED"
                        | "PROCESSING_HALTED"
                        | "BATCH_PROCESSING_HALTED"
                        | "LIMIT_EXCEEDED"
                );
                let mut members = if framework {
                    vec![code, message]
                } else {
                    vec![message, code]
                };
                if let Some(fields) = &item.fields {
                    members.push(("fields", fields.iter().map(Json::from).collect()));
                }
                Json::object(members)
            })
            .collect()
    }
}

/// As much of what a client sent as a message repeats of it.
pub(crate) fn excerpt(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

/// In characters.
const EXCERPT: usize = 1000;

impl From<rusqlite::Error> for ApiError {
    fn from(error: rusqlite::Error) -> Self {
        tracing::error!(%error, "the store failed");
        Self::internal("the store failed")
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.to_json()).into_response();
        if let Some(allowed) = self.allowed.and_then(|allowed| allowed.try_into().ok()) {
            response.headers_mut().insert(ALLOW, allowed);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_repeat_only_so_much() {
        let text = "ä".repeat(EXCERPT);
        assert_eq!(excerpt(&text), text);
        assert_eq!(excerpt(&format!("{text}äx")), format!("{text}…"));
    }

    #[test]
    fn data_errors_print_message_first_and_framework_errors_code_first() {
        let data = ApiError::bad_request("STRING_TOO_LONG", "Name: too long").with_fields(["Name"]);
        assert_eq!(
            data.to_json().to_string(),
            r#"[{"message":"Name: too long","errorCode":"STRING_TOO_LONG","fields":["Name"]}]"#
        );
        assert_eq!(
            ApiError::not_found().to_json().to_string(),
            r#"[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]"#
        );
    }
}
