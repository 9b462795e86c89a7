use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use http::{HeaderMap, Request, StatusCode};
use serde_json::Value;

use crate::http::{Arrival, Service, app};
use crate::org::Org;
use crate::settings::Settings;

/// A client that is signed in and speaks to an org in the same process.
pub(crate) struct Client {
    pub(crate) org: Arc<Org>,
    service: Service,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Status, code and message of the first error.
    pub(crate) fn error(&self) -> (u16, String, String) {
        let error = &self.json()[0];
        let text = |name: &str| error[name].as_str().unwrap().to_owned();
        (self.status.as_u16(), text("errorCode"), text("message"))
    }

    /// The id of a record that was saved.
    pub(crate) fn id(&self) -> String {
        assert!(self.status.is_success(), "{self:?}");
        self.json()["id"].as_str().unwrap().to_owned()
    }
}

impl Client {
    pub(crate) fn new() -> Self {
        Self::with(Settings::default())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let org = Org::new(settings).unwrap();
        let service = Service::new(app(&org));
        Self { org, service }
    }

    /// Sends a request as it is.
    pub(crate) async fn raw(&self, request: Request<Body>) -> Answer {
        let local = std::net::SocketAddr::from(([127, 0, 0, 1], 80));
        let arrival = Arrival {
            secure: false,
            local,
            peer: local.ip(),
        };
        let response = self.service.clone().answer(arrival, request).await;
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: to_bytes(body, usize::MAX).await.unwrap(),
        }
    }

    /// A request with the session's token, to a path below `/services/data/v66.0`.
    pub(crate) fn request(&self, method: &str, path: &str) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri(format!("/services/data/v66.0{path}"))
            .header("host", "localhost")
            .header(
                "authorization",
                format!("Bearer {}", self.org.auth.access_token().expose()),
            )
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.raw(self.request("GET", path).body(Body::empty()).unwrap())
            .await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.raw(self.request("DELETE", path).body(Body::empty()).unwrap())
            .await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &body.to_string()).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, &body.to_string()).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: &str) -> Answer {
        let request = self
            .request(method, path)
            .header("content-type", "application/json");
        self.raw(request.body(Body::from(body.to_owned())).unwrap())
            .await
    }

    /// Creates a record and returns its id.
    pub(crate) async fn create(&self, object: &str, fields: &Value) -> String {
        self.post(&format!("/sobjects/{object}"), fields).await.id()
    }

    /// Runs a query.
    pub(crate) async fn query(&self, soql: &str) -> Answer {
        let q: String = form_urlencoded::byte_serialize(soql.as_bytes()).collect();
        self.get(&format!("/query?q={q}")).await
    }
}
