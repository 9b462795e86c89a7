use std::fmt;
use std::future::{Future, IntoFuture};
use std::path::{Path as FilePath, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, ACCEPT_ENCODING, HeaderName, HeaderValue};
use tokio::io::AsyncWriteExt;

use super::disk::{Part, blocking};
use super::downloading::Downloading;
use super::progress::{Listener, Progress};
use crate::client::{Salesforce, salesforce_headers};
use crate::error::{Error, Result};
use crate::op::{Op, Path, Response, decode_nothing};
use crate::pipeline::{CallSettings, Outgoing};
use crate::retry::RetryPolicy;
use crate::types::RecordId;

/// A file on the way down: `.await` opens it, and gives its bytes as a stream. Made
/// by [`SObject::download`](crate::sobject::SObject::download) and
/// [`ByExternalId::download`](crate::sobject::ByExternalId::download).
///
/// Until the file is open, the call is repeated as any other that reads. A stream
/// that breaks off later is taken up again where it broke: see [`Downloading`].
#[must_use = "a download does nothing until it is awaited"]
pub struct Download {
    client: Salesforce,
    target: Result<Target>,
    settings: CallSettings,
    listener: Listener,
}

/// Where the file is.
enum Target {
    Known(Op<()>),
    /// In the record that is to be found first.
    Sought {
        record: Op<RecordId>,
        sobject: String,
        field: String,
    },
}

/// The file of the record with this id.
pub(crate) fn download(
    client: Salesforce,
    sobject: &str,
    id: Result<String>,
    field: &str,
) -> Download {
    let op = id.and_then(|id| blob(sobject, &id, field));
    Download::new(client, op.map(Target::Known))
}

/// The file of the record that `record` finds.
pub(crate) fn download_found(
    client: Salesforce,
    record: Result<Op<RecordId>>,
    sobject: &str,
    field: &str,
) -> Download {
    let target = record.map(|record| Target::Sought {
        record,
        sobject: sobject.to_owned(),
        field: field.to_owned(),
    });
    Download::new(client, target)
}

fn blob(sobject: &str, id: &str, field: &str) -> Result<Op<()>> {
    let path = Path::fill("/sobjects/{sobject}/{id}/{blob}", &[sobject, id, field])?;
    Ok(Op::new(Method::GET, path, decode_nothing)
        .header(ACCEPT, HeaderValue::from_static("*/*"))
        // Of what is packed for the way, the length is not known.
        .header(ACCEPT_ENCODING, HeaderValue::from_static("identity")))
}

impl Download {
    fn new(client: Salesforce, target: Result<Target>) -> Self {
        Self {
            client,
            target,
            settings: CallSettings::default(),
            listener: Listener::default(),
        }
    }

    /// Calls `listener` as pieces of the file come. Keep it quick.
    pub fn progress(mut self, listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.listener = Listener::new(listener);
        self
    }

    /// How long Salesforce may take to answer, and how long the file may rest between
    /// two pieces, instead of the client's setting. The whole of it may take longer.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = Some(timeout);
        self
    }

    /// When to repeat this call, instead of the client's policy.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings.retry = Some(policy);
        self
    }

    salesforce_headers!(reads);

    fn put(&mut self, header: Result<(HeaderName, HeaderValue)>) {
        match header {
            Ok((name, value)) => {
                self.settings.headers.insert(name, value);
            }
            Err(error) => {
                if self.target.is_ok() {
                    self.target = Err(error);
                }
            }
        }
    }

    /// The request for the file, once its record is found, and what it needs.
    async fn request(self) -> Result<(Salesforce, Outgoing, Listener)> {
        let version = self.client.api_version();
        let op = match self.target? {
            Target::Known(op) => op,
            Target::Sought {
                record,
                sobject,
                field,
            } => {
                let decode = record.decode;
                let outgoing = Outgoing::from_op(record, version, self.settings.clone())?;
                let found = |response: &Response| decode.read(response);
                let id = self.client.send(&outgoing, found).await?;
                blob(&sobject, id.as_str(), &field)?
            }
        };
        let outgoing = Outgoing::from_op(op, version, self.settings)?;
        Ok((self.client, outgoing, self.listener))
    }

    /// The whole file in memory, up to the client's limit for answers.
    ///
    /// # Errors
    /// As the stream's, and
    /// [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge) if the file is larger than
    /// the limit.
    pub async fn bytes(self) -> Result<Bytes> {
        let limit = self.client.max_response_bytes();
        self.await?.collect(limit).await
    }

    /// Writes the file to `path`, and gives back how many bytes it has. What stood
    /// there is replaced when the file has come whole, and stays as it is otherwise. Only
    /// its owner may read it.
    ///
    /// # Errors
    /// As the stream's, and what the disk says.
    pub async fn save(self, path: impl AsRef<FilePath>) -> Result<u64> {
        let path = path.as_ref().to_owned();
        write_to(self.await?, path).await
    }
}

impl IntoFuture for Download {
    type Output = Result<Downloading>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (client, outgoing, listener) = self.request().await?;
            let outgoing = outgoing.opening();
            let opened = client.open(&outgoing).await?;
            Ok(Downloading::new(client, outgoing, opened, listener))
        })
    }
}

async fn write_to(mut from: Downloading, path: PathBuf) -> Result<u64> {
    let disk = |error: std::io::Error| {
        Error::invalid_input(format!("the file cannot be written: {error}")).with_source(error)
    };
    let at = path.clone();
    let (part, file) = blocking(move || Part::create(&at)).await.map_err(disk)?;
    let mut file = tokio::fs::File::from_std(file);
    while let Some(piece) = from.next().await {
        file.write_all(&piece?).await.map_err(disk)?;
    }
    file.sync_all().await.map_err(disk)?;
    drop(file);
    blocking(move || part.finish(&path)).await.map_err(disk)?;
    Ok(from.received())
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download").finish_non_exhaustive()
    }
}
