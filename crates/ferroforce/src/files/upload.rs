use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use http::Method;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde::Serialize;

use super::content::{self, Counted};
use super::multipart::Multipart;
use super::progress::{Listener, Progress};
use super::size;
use super::source::{Blob, Source};
use crate::client::{Salesforce, salesforce_headers};
use crate::composite::references;
use crate::error::{Error, Result};
use crate::op::{Op, Path, Repeatability, decode_json, decode_nothing};
use crate::pipeline::{CallSettings, Outgoing, OutgoingBody};
use crate::retry::RetryPolicy;
use crate::sobject::Created;
use crate::transport::Body;

/// A record with its file on the way up: `.await` sends it. Made by
/// [`SObject::upload`](crate::sobject::SObject::upload),
/// [`SObject::update_file`](crate::sobject::SObject::update_file) and
/// [`Salesforce::upload_file`].
///
/// Memory holds the record and a piece of the file. A file that is too large is
/// refused before anything is sent: Salesforce takes 2 GB for `ContentVersion` and
/// 500 MB for everything else. Where the length of a stream is not known, it breaks
/// off at the limit, and Salesforce gets nothing.
#[must_use = "an upload does nothing until it is awaited"]
pub struct Upload<R> {
    client: Salesforce,
    op: Result<Op<R>>,
    sobject: String,
    field: Option<String>,
    blob: Blob,
    settings: CallSettings,
    listener: Listener,
}

pub(crate) fn create(
    client: Salesforce,
    sobject: &str,
    record: &(impl Serialize + ?Sized),
    blob: Blob,
) -> Upload<Created> {
    let op = Path::fill("/sobjects/{sobject}", &[sobject])
        .and_then(|path| Op::new(Method::POST, path, decode_json).json(record));
    Upload::new(client, op, sobject, blob)
}

pub(crate) fn update(
    client: Salesforce,
    sobject: &str,
    id: Result<String>,
    fields: &(impl Serialize + ?Sized),
    blob: Blob,
) -> Upload<()> {
    let op = id
        .and_then(|id| Path::fill("/sobjects/{sobject}/{id}", &[sobject, &id]))
        .and_then(|path| {
            Op::new(Method::PATCH, path, decode_nothing)
                .repeatability(Repeatability::Idempotent)
                .json(fields)
        });
    Upload::new(client, op, sobject, blob)
}

/// A file of Salesforce Files, called as the blob is.
pub(crate) fn content_version(client: Salesforce, blob: Blob) -> Upload<Created> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Record<'a> {
        title: &'a str,
        path_on_client: &'a str,
    }
    let name = blob.name.clone().unwrap_or_default();
    let title = match name.rsplit_once('.') {
        Some((title, _)) if !title.is_empty() => title,
        _ => &name,
    };
    let record = Record {
        title,
        path_on_client: &name,
    };
    create(client, "ContentVersion", &record, blob)
}

/// The field that holds the file, for the objects that are mostly meant.
fn blob_field(sobject: &str) -> Option<&'static str> {
    let known = [
        ("ContentVersion", "VersionData"),
        ("Attachment", "Body"),
        ("Document", "Body"),
        ("StaticResource", "Body"),
    ];
    known
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(sobject))
        .map(|(_, field)| *field)
}

impl<R> Upload<R> {
    fn new(client: Salesforce, op: Result<Op<R>>, sobject: &str, blob: Blob) -> Self {
        Self {
            client,
            op,
            sobject: sobject.to_owned(),
            field: blob_field(sobject).map(str::to_owned),
            blob,
            settings: CallSettings::default(),
            listener: Listener::default(),
        }
    }

    /// The field that holds the file. It is known for ContentVersion
    /// (`VersionData`), Attachment, Document and StaticResource (`Body`).
    pub fn field(mut self, name: impl Into<String>) -> Self {
        self.field = Some(name.into());
        self
    }

    /// Calls `listener` as pieces of the file are sent. Keep it quick, since the
    /// upload waits for it.
    pub fn progress(mut self, listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.listener = Listener::new(listener);
        self
    }

    /// How long Salesforce may take to answer, and how long the upload may rest
    /// between two pieces, instead of the client's setting. The whole of it may take
    /// longer.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = Some(timeout);
        self
    }

    /// When to repeat this call, instead of the client's policy.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings.retry = Some(policy);
        self
    }

    salesforce_headers!();

    fn put(&mut self, header: Result<(HeaderName, HeaderValue)>) {
        match header {
            Ok((name, value)) => {
                self.settings.headers.insert(name, value);
            }
            Err(error) => {
                if self.op.is_ok() {
                    self.op = Err(error);
                }
            }
        }
    }
}

/// The body of an upload, made anew for each attempt where that is possible.
fn body(
    multipart: Multipart,
    blob: Source,
    length: Option<u64>,
    limit: u64,
    listener: Listener,
) -> OutgoingBody {
    let counted = move |body: Body| {
        let counted = Body::stream(Counted {
            body,
            length,
            limit,
            listener: listener.clone(),
            sent: 0,
        });
        multipart.around(match length {
            Some(length) => counted.with_length(length),
            None => counted,
        })
    };
    match blob {
        Source::Bytes(bytes) => {
            OutgoingBody::Made(Box::new(move || counted(Body::from(bytes.clone()))))
        }
        Source::Path(path) => {
            OutgoingBody::Made(Box::new(move || counted(content::read(path.clone()))))
        }
        Source::Stream(body) => OutgoingBody::Once(Mutex::new(Some(counted(body)))),
    }
}

impl<R: Send + 'static> IntoFuture for Upload<R> {
    type Output = Result<R>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<R>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut op = self.op?;
            let field = self.field.ok_or_else(|| {
                Error::invalid_input(
                    "which field of this object holds the file is not known; name it by `field`",
                )
            })?;
            let limit = size::limit(&self.sobject);
            let length = match &self.blob.source {
                Source::Bytes(bytes) => u64::try_from(bytes.len()).ok(),
                Source::Path(path) => Some(content::length(path).await?),
                Source::Stream(body) => body.length(),
            };
            size::check(length.unwrap_or(0), limit)?;
            let record = op.body.clone().unwrap_or_default();
            let name = self.blob.name.unwrap_or_default();
            let multipart = Multipart::new(&record, &field, &name, &self.blob.content_type)?;
            op.headers.insert(CONTENT_TYPE, multipart.content_type()?);
            let decode = op.decode;
            let body = body(multipart, self.blob.source, length, limit, self.listener);
            let outgoing = Outgoing::from_op(op, self.client.api_version(), self.settings)?;
            // While the record is still to be seen.
            references::refuse_outside(&outgoing)?;
            self.client
                .send(&outgoing.with_body(body), |response| decode.read(response))
                .await
        })
    }
}

impl<R> fmt::Debug for Upload<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("op", &self.op)
            .field("blob", &self.blob)
            .finish_non_exhaustive()
    }
}
