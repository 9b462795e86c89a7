use std::fmt;
use std::time::Duration;

use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{INSTANCE, ReportStatus};
use crate::client::Salesforce;
use crate::error::{Error, ErrorKind, Result};
use crate::op::{Op, Path, Response, decode_raw};
use crate::types::RecordId;

/// The first wait, and by how much each next one is longer.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(10);

/// A run of a report in the background. Made by [`Report::start`](super::Report::start)
/// and [`Report::started`](super::Report::started).
#[derive(Clone)]
pub struct ReportRun {
    client: Salesforce,
    report: Result<RecordId>,
    instance: String,
}

#[derive(Deserialize)]
struct Wire {
    attributes: Attributes,
}

#[derive(Deserialize)]
struct Attributes {
    status: ReportStatus,
}

impl ReportRun {
    pub(super) fn new(client: Salesforce, report: Result<RecordId>, instance: String) -> Self {
        Self {
            client,
            report,
            instance,
        }
    }

    /// The run's id, by which it can be taken up again within a day.
    pub fn id(&self) -> &str {
        &self.instance
    }

    /// What the report shows, if it has run; `None` while it is under way.
    ///
    /// # Errors
    /// [`ErrorKind::Api`] where the run failed.
    pub async fn poll<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        let response = self.client.call(self.op()).await?;
        match response.json::<Wire>()?.attributes.status {
            ReportStatus::Success => response.json().map(Some),
            ReportStatus::New | ReportStatus::Running => Ok(None),
            ReportStatus::Error => Err(Error::new(ErrorKind::Api, "the run of the report failed")),
            ReportStatus::Other(status) => Err(Error::new(
                ErrorKind::Api,
                format!("the run of the report has ended as {status:?}"),
            )),
        }
    }

    /// Asks until the report has run: after one second, then after longer and longer
    /// ones up to ten. It does not give up by itself; dropping it does.
    ///
    /// # Errors
    /// As [`poll`](Self::poll).
    pub async fn wait<T: DeserializeOwned>(&self) -> Result<T> {
        let mut wait = SHORTEST;
        loop {
            if let Some(shown) = self.poll().await? {
                return Ok(shown);
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 3 / 2).min(LONGEST);
        }
    }

    fn op(&self) -> Result<Op<Response>> {
        let report = self.report.as_ref().map_err(Clone::clone)?;
        let path = Path::fill(INSTANCE, &[report.as_str(), &self.instance])?;
        Ok(Op::new(Method::GET, path, decode_raw))
    }
}

impl fmt::Debug for ReportRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReportRun")
            .field("instance", &self.instance)
            .finish_non_exhaustive()
    }
}
