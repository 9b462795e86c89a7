//! Services that an org has written in Apex.
//!
//! <https://developer.salesforce.com/docs/atlas.en-us.apexcode.meta/apexcode/apex_rest.htm>

use http::Method;
use percent_encoding::utf8_percent_encode;

use crate::client::{Request, Salesforce};
use crate::error::Error;
use crate::op::path::SEGMENT;

const TEMPLATE: &str = "/services/apexrest/{path}";

/// Apex REST.
impl Salesforce {
    /// A request to a service that the org has written in Apex, at
    /// `/services/apexrest/`. The path is given in segments, which are encoded for
    /// you: the parts of the service's URL mapping, after the namespace where it has
    /// one, and what follows.
    ///
    /// Apex may do anything by any method, so no request is repeated when it may
    /// have been carried out, unless you say that it is
    /// [idempotent](Request::idempotent).
    ///
    /// ```no_run
    /// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
    /// use ferroforce::Record;
    /// use http::Method;
    /// use serde_json::json;
    ///
    /// let order: Record = salesforce
    ///     .apex_rest(Method::POST, ["orders", "v1", "A/4711"])
    ///     .json_body(&json!({"quantity": 3}))
    ///     .json()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A service answers with the status that it likes, and each that is no 2xx is an
    /// error. An exception that it does not catch is a 500 with the code `APEX_ERROR`.
    pub fn apex_rest(&self, method: Method, path: impl IntoIterator<Item: AsRef<str>>) -> Request {
        let mut address = "/services/apexrest".to_owned();
        let mut refused = false;
        for segment in path {
            let segment = segment.as_ref();
            refused |= matches!(segment, "" | "." | "..");
            address.push('/');
            address.extend(utf8_percent_encode(segment, SEGMENT));
        }
        let mut request = self.request(method, address).once().path_template(TEMPLATE);
        if refused {
            request.refuse(Error::invalid_input(
                "a segment of the path is empty, or . or .., which would reach another address",
            ));
        }
        request
    }
}

#[cfg(test)]
mod tests {
    use http::Method;
    use serde_json::{Value, json};

    use crate::script::{Counting, Reply, Script, client};

    #[tokio::test(start_paused = true)]
    async fn segments_are_encoded_and_nothing_is_repeated() {
        let apex_error = Reply::error(500, "APEX_ERROR", "System.NullPointerException: x");
        let script = Script::replies([apex_error, Reply::json(200, r#"{"a":1}"#)]);
        let salesforce = client(Counting::tokens(), &script);
        let get = || salesforce.apex_rest(Method::GET, ["orders", "A/47 11?"]);
        let error = get().json::<Value>().await.unwrap_err();
        assert_eq!(error.code().unwrap().as_str(), "APEX_ERROR");
        assert!(error.may_have_been_processed());
        assert_eq!(script.count(), 1);
        assert_eq!(get().json::<Value>().await.unwrap(), json!({"a": 1}));
        let sent = &script.sent()[1];
        assert_eq!(sent.uri.path(), "/services/apexrest/orders/A%2F47%2011%3F");
        for path in [vec![".."], vec!["orders", ".", "x"], vec!["orders", ""]] {
            let refused = salesforce.apex_rest(Method::GET, path).send().await;
            assert!(refused.unwrap_err().is_before_send());
        }
        assert_eq!(script.count(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_said_to_be_idempotent_is_repeated() {
        let script = Script::replies([Reply::html(503), Reply::json(200, "[]")]);
        let salesforce = client(Counting::tokens(), &script);
        let put = salesforce.apex_rest(Method::PUT, ["orders"]).idempotent();
        put.send().await.unwrap();
        assert_eq!(script.count(), 2);
    }
}
