//! What happens to a request before a route is looked for: its size is checked, its path is
//! tidied, its method may be another one than it says.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONNECTION, CONTENT_TYPE};
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Request, StatusCode, Uri};

/// The longest URI, and the longest URI with all headers, in bytes.
const LIMIT: usize = 16_384;

/// Takes a request in, or answers it if it is too long.
pub(super) fn take(mut request: Request<Body>) -> Result<Request<Body>, Box<Response>> {
    let uri = request
        .uri()
        .path_and_query()
        .map_or(0, |uri| uri.as_str().len());
    if uri > LIMIT {
        return Err(Box::new(bad_message(
            StatusCode::URI_TOO_LONG,
            "URI Too Long",
        )));
    }
    if uri + size_of_headers(request.headers()) > LIMIT {
        return Err(Box::new(bad_message(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "Request Header Fields Too Large",
        )));
    }
    if let Some(path) = tidied(request.uri()) {
        *request.uri_mut() = path;
    }
    if request.method() == Method::POST
        && let Some(method) = overriding_method(request.uri())
    {
        *request.method_mut() = method;
    }
    Ok(request)
}

fn size_of_headers(headers: &HeaderMap) -> usize {
    let separators = ": \r\n".len();
    headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + separators)
        .sum()
}

/// The same URI with single slashes and none at the end, if it has others.
fn tidied(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    let trailing = path.len() > 1 && path.ends_with('/');
    if !trailing && !path.contains("//") {
        return None;
    }
    let mut tidy = String::with_capacity(path.len());
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        tidy.push('/');
        tidy.push_str(segment);
    }
    if tidy.is_empty() {
        tidy.push('/');
    }
    if let Some(query) = uri.query() {
        tidy.push('?');
        tidy.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(tidy.parse::<PathAndQuery>().ok()?);
    Uri::from_parts(parts).ok()
}

/// The method that `_HttpMethod` in the query names, for clients that can send no PATCH.
fn overriding_method(uri: &Uri) -> Option<Method> {
    let query = form_urlencoded::parse(uri.query()?.as_bytes());
    let method = query.into_iter().find(|(name, _)| name == "_HttpMethod")?.1;
    match method.as_ref() {
        "PATCH" => Some(Method::PATCH),
        "DELETE" => Some(Method::DELETE),
        "PUT" => Some(Method::PUT),
        "GET" => Some(Method::GET),
        "HEAD" => Some(Method::HEAD),
        _ => None,
    }
}

/// An answer of the edge in front of the API, which speaks HTML.
fn bad_message(status: StatusCode, reason: &str) -> Response {
    let html = format!(
        "<h1>Bad Message {}</h1><pre>reason: {reason}</pre>",
        status.as_u16()
    );
    let headers = [
        (CONTENT_TYPE, "text/html;charset=iso-8859-1"),
        (CONNECTION, "close"),
    ];
    (status, headers, html).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: Method, uri: &str) -> Request<Body> {
        Request::builder()
            .method(method)
            .uri(uri)
            .body(Body::empty())
            .unwrap()
    }

    #[test]
    fn slashes_are_tidied_and_the_query_is_not() {
        for (given, expected) in [
            ("/", "/"),
            ("//", "/"),
            ("//services/data/", "/services/data"),
            (
                "/services//data/v66.0/query/?q=a//b/",
                "/services/data/v66.0/query?q=a//b/",
            ),
            ("/sobjects/A/E/a%2F%2Fb", "/sobjects/A/E/a%2F%2Fb"),
            ("/a?", "/a?"),
        ] {
            let taken = take(request(Method::GET, given)).unwrap();
            assert_eq!(taken.uri(), expected);
        }
    }

    #[test]
    fn only_a_post_can_stand_for_another_method() {
        for (method, uri, expected) in [
            (Method::POST, "/a?_HttpMethod=PATCH", Method::PATCH),
            (Method::POST, "/a?x=1&_HttpMethod=DELETE", Method::DELETE),
            (Method::POST, "/a?_HttpMethod=patch", Method::POST),
            (Method::POST, "/a?_httpmethod=PATCH", Method::POST),
            (Method::GET, "/a?_HttpMethod=DELETE", Method::GET),
        ] {
            assert_eq!(
                take(request(method, uri)).unwrap().method(),
                expected,
                "{uri}"
            );
        }
    }

    #[test]
    fn a_request_may_have_16_384_bytes_of_uri_and_headers() {
        let long = |n: usize| format!("/{}", "x".repeat(n - 1));
        assert!(take(request(Method::GET, &long(LIMIT))).is_ok());
        let refused = take(request(Method::GET, &long(LIMIT + 1))).unwrap_err();
        assert_eq!(refused.status(), StatusCode::URI_TOO_LONG);

        let with_header = |n: usize| {
            let mut request = request(Method::GET, "/x");
            request
                .headers_mut()
                .insert("a", "x".repeat(n).parse().unwrap());
            request
        };
        let rest = "/x".len() + "a: \r\n".len();
        assert!(take(with_header(LIMIT - rest)).is_ok());
        let refused = take(with_header(LIMIT - rest + 1)).unwrap_err();
        assert_eq!(
            refused.status(),
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
        );
    }
}
