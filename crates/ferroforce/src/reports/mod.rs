//! Reports: what they are, and what they show when they are run.
//!
//! <https://developer.salesforce.com/docs/atlas.en-us.api_analytics.meta/api_analytics/>

mod run;

use std::fmt;

use http::Method;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use run::ReportRun;

use crate::client::{Call, Salesforce};
use crate::error::Result;
use crate::op::{Op, Path, Repeatability, decode_json};
use crate::types::RecordId;

const REPORT: &str = "/analytics/reports/{id}";
const DESCRIBE: &str = "/analytics/reports/{id}/describe";
const INSTANCES: &str = "/analytics/reports/{id}/instances";
const INSTANCE: &str = "/analytics/reports/{id}/instances/{instance}";

/// A report. Made by [`Salesforce::report`].
///
/// What a report shows is read as a [`Record`](crate::Record) or a type of yours.
/// Salesforce shows 2,000 rows at the most; `allData` tells whether these were all.
///
/// ```no_run
/// # async fn run(salesforce: ferroforce::Salesforce) -> ferroforce::Result<()> {
/// use ferroforce::Record;
///
/// let report = salesforce.report("00O000000000001");
/// let shown: Record = report.run().await?;
/// println!("{:?}", shown.json("factMap"));
///
/// // One that takes long: Salesforce runs it in the background.
/// let run = report.start().await?;
/// let shown: Record = run.wait().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Report {
    client: Salesforce,
    id: Result<RecordId>,
    details: bool,
    metadata: Option<Result<bytes::Bytes>>,
}

/// A run of a report in a list of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ReportInstance {
    /// Its id, by which [`Report::started`] takes it up again.
    pub id: String,
    /// How far it is.
    pub status: ReportStatus,
    /// When it was asked for.
    #[serde(default)]
    pub request_date: Option<String>,
    /// When it ended.
    #[serde(default)]
    pub completion_date: Option<String>,
}

/// How far a run of a report is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
#[non_exhaustive]
pub enum ReportStatus {
    /// Not begun.
    New,
    /// Under way.
    Running,
    /// Done.
    Success,
    /// Failed.
    Error,
    /// Any other, as it came.
    Other(String),
}

impl From<String> for ReportStatus {
    fn from(status: String) -> Self {
        match status.as_str() {
            "New" => Self::New,
            "Running" => Self::Running,
            "Success" => Self::Success,
            "Error" => Self::Error,
            _ => Self::Other(status),
        }
    }
}

/// A report in a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ReportSummary {
    /// Its id, for [`Salesforce::report`].
    pub id: RecordId,
    /// What users read.
    pub name: String,
}

/// Reports.
impl Salesforce {
    /// Up to 200 reports that the user looked at lately. `SELECT Id, Name FROM Report`
    /// finds all of them.
    ///
    /// # Errors
    /// When it is awaited.
    pub fn reports(&self) -> Call<Vec<ReportSummary>> {
        let op = Path::fill("/analytics/reports", &[])
            .map(|path| Op::new(Method::GET, path, decode_json));
        self.call(op)
    }

    /// The report with this id.
    pub fn report(&self, id: impl fmt::Display) -> Report {
        Report {
            client: self.clone(),
            id: id.to_string().parse(),
            details: false,
            metadata: None,
        }
    }
}

impl Report {
    /// Also shows the rows behind the sums.
    #[must_use]
    pub fn include_details(mut self) -> Self {
        self.details = true;
        self
    }

    /// Runs the report otherwise than it is saved: filters, groups, columns, as its
    /// description has them under `reportMetadata`.
    #[must_use]
    pub fn metadata(mut self, report_metadata: &(impl Serialize + ?Sized)) -> Self {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body<'a, M: ?Sized> {
            report_metadata: &'a M,
        }
        let body = serde_json::to_vec(&Body { report_metadata }).map_err(|error| {
            crate::Error::invalid_input("the metadata cannot be written as JSON").with_source(error)
        });
        self.metadata = Some(body.map(Into::into));
        self
    }

    /// What the report is: columns, groups, filters.
    ///
    /// # Errors
    /// When it is awaited.
    pub fn describe<T: DeserializeOwned>(&self) -> Call<T> {
        let op = self
            .path(DESCRIBE)
            .map(|path| Op::new(Method::GET, path, decode_json));
        self.client.call(op)
    }

    /// Runs the report and waits for it, for two minutes at the most. Running it
    /// changes nothing, so it may be repeated.
    ///
    /// # Errors
    /// When it is awaited.
    pub fn run<T: DeserializeOwned>(&self) -> Call<T> {
        self.client.call(self.running(REPORT, Method::GET))
    }

    /// Has the report run in the background. The answer is kept for a day. Repeated, it runs
    /// twice, which costs one of the runs that an org has an hour and nothing else.
    ///
    /// # Errors
    /// When it is awaited.
    pub async fn start(&self) -> Result<ReportRun> {
        let started = self.running::<ReportInstance>(INSTANCES, Method::POST);
        let instance = self.client.call(started).await?;
        Ok(self.started(instance.id))
    }

    /// Takes up a run that was started before, by its id.
    pub fn started(&self, instance: impl Into<String>) -> ReportRun {
        ReportRun::new(self.client.clone(), self.id.clone(), instance.into())
    }

    /// The runs in the background of the last day, the newest first.
    ///
    /// # Errors
    /// When it is awaited.
    pub fn instances(&self) -> Call<Vec<ReportInstance>> {
        let op = self
            .path(INSTANCES)
            .map(|path| Op::new(Method::GET, path, decode_json));
        self.client.call(op)
    }

    fn path(&self, template: &'static str) -> Result<Path> {
        Path::fill(
            template,
            &[self.id.as_ref().map_err(Clone::clone)?.as_str()],
        )
    }

    fn running<T: DeserializeOwned>(
        &self,
        template: &'static str,
        method: Method,
    ) -> Result<Op<T>> {
        let method = if self.metadata.is_some() {
            Method::POST
        } else {
            method
        };
        let mut op = Op::new(method, self.path(template)?, decode_json)
            .repeatability(Repeatability::Idempotent);
        if self.details {
            op = op.query("includeDetails", "true");
        }
        match &self.metadata {
            Some(body) => Ok(op.json_bytes(body.clone()?)),
            None => Ok(op),
        }
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
