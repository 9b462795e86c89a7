//! Publishing platform events.
//!
//! <https://developer.salesforce.com/docs/atlas.en-us.platform_events.meta/platform_events/platform_events_publish_api.htm>

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::client::{Call, Salesforce};
use crate::error::{Error, Result, parse_error_body};
use crate::op::{Op, Path, Response};

/// The events of one kind. Made by [`Salesforce::platform_event`].
#[derive(Debug, Clone)]
pub struct PlatformEvent {
    client: Salesforce,
    name: String,
}

/// An event that Salesforce has put into its queue.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Published {
    /// Its id, which is not that of any record.
    pub id: Option<String>,
    /// The UUID by which subscribers and logs know it (`EventUuid`).
    pub uuid: Option<String>,
}

/// Publishing events.
impl Salesforce {
    /// The platform events of this name, `Order__e` for example.
    pub fn platform_event(&self, name: impl Into<String>) -> PlatformEvent {
        PlatformEvent {
            client: self.clone(),
            name: name.into(),
        }
    }
}

impl PlatformEvent {
    /// Publishes an event. It is never sent twice when it may have been carried out.
    /// Success means that the event is in the queue.
    ///
    /// ```no_run
    /// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
    /// use serde_json::json;
    ///
    /// let shipped = json!({"Order_Number__c": "4711"});
    /// let published = salesforce.platform_event("Shipped__e").publish(&shipped).await?;
    /// println!("{:?}", published.uuid);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When it is awaited.
    pub fn publish(&self, event: &(impl Serialize + ?Sized)) -> Call<Published> {
        let path = Path::fill("/sobjects/{event}", &[&self.name]);
        let op = path.and_then(|path| Op::new(Method::POST, path, decode).json(event));
        self.client.call(op)
    }
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(default)]
    id: Option<String>,
    success: bool,
    #[serde(default, borrow)]
    errors: Option<&'a RawValue>,
}

/// A success lists an "error" too, `OPERATION_ENQUEUED`, whose message is the
/// event's UUID.
fn decode(response: &Response) -> Result<Published> {
    let wire: Wire<'_> = serde_json::from_slice(response.body())
        .map_err(|error| response.explain::<OwnedWire>(error))?;
    let listed = wire
        .errors
        .map(|errors| parse_error_body(errors.get().as_bytes()))
        .unwrap_or_default();
    if !wire.success {
        return Err(Error::from_api(
            response.status(),
            listed,
            "the event was not published",
        ));
    }
    let uuid = listed
        .iter()
        .find(|error| error.code().as_str() == "OPERATION_ENQUEUED")
        .map(|error| error.message().to_owned());
    Ok(Published { id: wire.id, uuid })
}

#[derive(Deserialize)]
struct OwnedWire {
    #[expect(dead_code, reason = "read for the error that it may give")]
    success: bool,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::error::ErrorKind;
    use crate::script::{Counting, Reply, Script, client};

    #[tokio::test(start_paused = true)]
    async fn a_success_that_lists_an_error_is_a_success() {
        let script = Script::replies([
            Reply::json(
                201,
                r#"{"id":"e09xx0000000001AAA","success":true,"errors":[{"statusCode":"OPERATION_ENQUEUED","message":"5d3e7a1c-0000-4000-8000-000000000000","fields":[]}]}"#,
            ),
            Reply::json(
                201,
                r#"{"id":"e09xx0000000001AAA","success":true,"errors":[]}"#,
            ),
            Reply::json(
                201,
                r#"{"success":false,"errors":[{"statusCode":"LIMIT_EXCEEDED","message":"no"}]}"#,
            ),
            Reply::json(201, "{}"),
            Reply::html(503),
        ]);
        let event = client(Counting::tokens(), &script).platform_event("Shipped__e");
        let publish = || event.publish(&json!({"Number__c": 1}));
        let published = publish().await.unwrap();
        assert_eq!(
            published.uuid.as_deref(),
            Some("5d3e7a1c-0000-4000-8000-000000000000")
        );
        assert_eq!(publish().await.unwrap().uuid, None);
        let error = publish().await.unwrap_err();
        assert_eq!(error.code().unwrap().as_str(), "LIMIT_EXCEEDED");
        assert_eq!(publish().await.unwrap_err().kind(), ErrorKind::Decode);
        publish().await.unwrap_err();
        assert_eq!(script.count(), 5, "never repeated");
        assert_eq!(
            script.sent()[0].uri.path(),
            "/services/data/v66.0/sobjects/Shipped__e"
        );
    }
}
