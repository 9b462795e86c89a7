use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Method;

use super::builder::SalesforceBuilder;
use super::call::Call;
use super::request::Request;
use super::{ApiVersion, OrgUrl};
use crate::auth::{AccessToken, AuthContext, Session, Slot};
use crate::clock::Clock;
use crate::composite::references;
use crate::describe::{DescribeCache, GlobalDescribe};
use crate::error::Result;
use crate::events::{Event, EventStream, Observer, Subscription};
use crate::files::{Blob, Upload};
use crate::limits::{ApiUsage, Limits};
use crate::op::{Op, Response};
use crate::pipeline::{Opened, Outgoing, Pipeline};
use crate::query::Query;
use crate::sobject::{Created, SObject, UserPassword};
use crate::soql::Soql;

/// How many events a stream of [`Salesforce::events`] holds.
const EVENTS: usize = 1024;

/// A client of one org.
///
/// Cheap to clone, without type parameters, to be shared between tasks. The
/// first call signs in; see [`auth`](crate::auth).
///
/// ```no_run
/// # async fn run() -> ferroforce::Result<()> {
/// use ferroforce::Salesforce;
/// use ferroforce::auth::ClientCredentials;
/// use serde_json::json;
///
/// let salesforce = Salesforce::builder(ClientCredentials::new("client id", "client secret"))
///     .org_url("https://acme.my.salesforce.com")
///     .build()?;
///
/// let created = salesforce
///     .sobject("Contact")
///     .create(&json!({"LastName": "Lovelace"}))
///     .await?;
/// println!("{}", created.id);
/// # Ok(())
/// # }
/// ```
///
/// Dropping the future of a call cancels it. A create that is dropped after it
/// was sent may have happened.
#[derive(Clone)]
pub struct Salesforce(Arc<Inner>);

pub(super) struct Inner {
    pub(super) pipeline: Arc<Pipeline>,
    pub(super) slot: Arc<Slot>,
    pub(super) context: AuthContext,
    pub(super) version: ApiVersion,
    /// Keeps the session's other slots, and so its sharing, alive.
    pub(super) session: Session,
    pub(super) observers: Vec<Subscription>,
}

impl Salesforce {
    /// Begins a client that signs in with `auth`: a flow, or a [`Session`] that
    /// others share.
    pub fn builder(auth: impl Into<Session>) -> SalesforceBuilder {
        SalesforceBuilder::new(auth.into())
    }

    pub(super) fn from_inner(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Records of one object.
    pub fn sobject(&self, name: impl Into<String>) -> SObject {
        SObject::new(self.clone(), name.into())
    }

    /// All objects of the org that the user may see.
    ///
    /// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_describeGlobal.htm>
    pub fn describe_global(&self) -> Call<GlobalDescribe> {
        self.call(crate::describe::global())
    }

    /// A cache of descriptions of objects and layouts, empty at first.
    pub fn describe_cache(&self) -> DescribeCache {
        DescribeCache::new(self.clone())
    }

    /// Puts a file into Salesforce Files, as a `ContentVersion` that is titled as the
    /// file is named. For other fields, take
    /// [`SObject::upload`](crate::sobject::SObject::upload).
    ///
    /// ```no_run
    /// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
    /// use ferroforce::files::Blob;
    ///
    /// let version = salesforce.upload_file(Blob::path("scans/contract.pdf")).await?.id;
    /// # Ok(())
    /// # }
    /// ```
    pub fn upload_file(&self, file: Blob) -> Upload<Created> {
        crate::files::content_version(self.clone(), file)
    }

    /// The password of the user with this id.
    pub fn user_password(&self, id: impl fmt::Display) -> UserPassword {
        UserPassword::new(self.clone(), &id)
    }

    /// A SOQL query. A text that is made at run time goes through
    /// [`Soql`], so that values cannot become part of the query by accident.
    ///
    /// ```no_run
    /// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
    /// #[derive(serde::Deserialize)]
    /// #[serde(rename_all = "PascalCase")]
    /// struct Contact {
    ///     id: String,
    ///     name: String,
    /// }
    ///
    /// let contacts: Vec<Contact> = salesforce
    ///     .query("SELECT Id, Name FROM Contact ORDER BY Name")
    ///     .fetch_all()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn query(&self, soql: impl Into<Soql>) -> Query {
        Query::new(self.clone(), soql.into())
    }

    /// The org's limits and what is left of them.
    ///
    /// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_limits.htm>
    pub fn limits(&self) -> Call<Limits> {
        self.call(crate::limits::op())
    }

    /// Any other endpoint. `path` is below the version (`"/limits"`) or, where
    /// it begins with `/services/` or `/id/`, below the org's host
    /// (`"/services/apexrest/orders"`). Encode what you put into it.
    ///
    /// ```no_run
    /// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
    /// use http::Method;
    ///
    /// let recent: serde_json::Value = salesforce
    ///     .request(Method::GET, "/recent")
    ///     .query("limit", "5")
    ///     .json()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn request(&self, method: Method, path: impl Into<String>) -> Request {
        Request::new(self.clone(), method, path.into())
    }

    /// Calls `observer` for each event until the subscription is dropped.
    pub fn subscribe(&self, observer: impl Observer) -> Subscription {
        self.0.pipeline.hub.subscribe(Arc::new(observer))
    }

    /// The events from now on, as a stream that holds the newest 1,024.
    pub fn events(&self) -> EventStream {
        self.0.pipeline.hub.stream(EVENTS)
    }

    /// The org's API usage, as the newest answer stated it.
    pub fn api_usage(&self) -> Option<ApiUsage> {
        self.0.pipeline.usage()
    }

    /// The API version that this client speaks.
    pub fn api_version(&self) -> ApiVersion {
        self.0.version
    }

    /// The URL that the client was built with.
    pub fn org_url(&self) -> Option<&OrgUrl> {
        self.0.context.org_url()
    }

    /// The session that this client signs in with.
    pub fn session(&self) -> &Session {
        &self.0.session
    }

    /// A token that is good now, signing in where needed: for a service that
    /// this crate does not speak to.
    ///
    /// # Errors
    /// [`ErrorKind::Auth`](crate::ErrorKind::Auth) when the sign-in fails.
    pub async fn access_token(&self) -> Result<AccessToken> {
        Ok(self.0.slot.token(&self.0.context).await?.token)
    }

    /// Ends the session at Salesforce. **It ends for everybody who shares it**: other
    /// clients, tasks and processes with the same token, and with it the refresh
    /// token, where the flow has one.
    ///
    /// A later call of this client signs in anew, if its flow can do so by itself.
    ///
    /// # Errors
    /// [`ErrorKind::Auth`](crate::ErrorKind::Auth) if Salesforce could not be
    /// reached or refused; the session may go on then. That the token has ended
    /// already is no error.
    pub async fn log_out(&self) -> Result<()> {
        Ok(self.0.slot.log_out(&self.0.context).await?)
    }

    pub(crate) fn context(&self) -> &AuthContext {
        &self.0.context
    }

    pub(crate) async fn open(&self, outgoing: &Outgoing) -> Result<Opened> {
        let Inner {
            pipeline,
            slot,
            context,
            ..
        } = &*self.0;
        pipeline.open(outgoing, slot, context).await
    }

    pub(crate) fn max_response_bytes(&self) -> usize {
        self.0.pipeline.max_response_bytes
    }

    /// See [`Pipeline::resumption`].
    pub(crate) fn resumption(&self, outgoing: &Outgoing, retry: u32) -> Option<Duration> {
        self.0.pipeline.resumption(outgoing, retry)
    }

    pub(crate) fn clock(&self) -> Clock {
        self.0.pipeline.clock
    }

    /// Tells those who listen.
    pub(crate) fn emit(&self, event: impl FnOnce() -> Event) {
        self.0.pipeline.hub.emit(event);
    }

    /// A number in `0..1`, for waits.
    pub(crate) fn random(&self) -> f64 {
        (self.0.pipeline.random)()
    }

    /// How long to wait before repeat `attempt`, from 1, of what is repeated outside of
    /// a single request.
    pub(crate) fn backoff(&self, attempt: u32) -> Duration {
        self.0.pipeline.retry.wait(attempt, self.random())
    }

    pub(crate) fn call<R>(&self, op: Result<Op<R>>) -> Call<R> {
        Call::new(self.clone(), op)
    }

    pub(crate) async fn send<R>(
        &self,
        outgoing: &Outgoing,
        decode: impl FnOnce(&Response) -> Result<R> + Send,
    ) -> Result<R> {
        references::refuse_outside(outgoing)?;
        let Inner {
            pipeline,
            slot,
            context,
            ..
        } = &*self.0;
        pipeline.send(outgoing, decode, slot, context).await
    }
}

impl fmt::Debug for Salesforce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Salesforce")
            .field("org_url", &self.org_url())
            .field("version", &self.0.version)
            .field("session", &self.0.session)
            .field("observers", &self.0.observers.len())
            .finish_non_exhaustive()
    }
}
