//! The org's limits and how much of them is used.

mod counts;
mod usage;

use std::collections::BTreeMap;

use http::Method;
use serde::{Deserialize, Serialize};

pub use counts::{RecordCount, RecordCounts};
pub use usage::{ApiUsage, AppUsage};

use crate::client::{Call, Salesforce};
use crate::error::Result;
use crate::op::{Op, Path, decode_json};

/// The org's limits by name, `DailyApiRequests` for example.
///
/// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_limits.htm>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Limits(BTreeMap<String, Limit>);

/// One limit and what is left of it. Salesforce says it is right to within five
/// minutes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Limit {
    /// What the org may use. The unit is in the limit's name.
    pub max: i64,
    /// What is left. Below zero where a soft limit was exceeded.
    pub remaining: i64,
}

impl Limits {
    /// The limit of this name.
    pub fn get(&self, name: &str) -> Option<&Limit> {
        self.0.get(name)
    }

    /// All limits in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Limit)> {
        self.0.iter().map(|(name, limit)| (name.as_str(), limit))
    }

    /// What they say of the daily quota of API calls.
    pub(crate) fn api_usage(&self) -> Option<ApiUsage> {
        let daily = self.daily_api_requests()?;
        // What is left is below zero where a soft limit was exceeded.
        let consumed = daily.max.saturating_sub(daily.remaining);
        Some(ApiUsage {
            consumed: u64::try_from(consumed).unwrap_or_default(),
            limit: u64::try_from(daily.max).unwrap_or_default(),
            app: None,
        })
    }

    /// The daily quota of API calls.
    pub fn daily_api_requests(&self) -> Option<&Limit> {
        self.get("DailyApiRequests")
    }
}

pub(crate) fn op() -> Result<Op<Limits>> {
    let op = Op::new(Method::GET, Path::fill("/limits", &[])?, decode_json);
    // The header is right to the call, the body to some minutes.
    Ok(op.usage(|response| {
        ApiUsage::from_headers(response.headers())
            .or_else(|| response.json::<Limits>().ok()?.api_usage())
    }))
}

/// Counting.
impl Salesforce {
    /// How many records these objects have, as Salesforce last counted them; all
    /// objects where none is named.
    ///
    /// # Errors
    /// When it is awaited.
    pub fn record_counts(
        &self,
        objects: impl IntoIterator<Item: Into<String>>,
    ) -> Call<RecordCounts> {
        let objects: Vec<String> = objects.into_iter().map(Into::into).collect();
        self.call(counts::op(&objects))
    }
}
