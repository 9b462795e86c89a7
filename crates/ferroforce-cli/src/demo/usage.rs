//! What it cost.

use anyhow::{Context as _, ensure};
use ferroforce::Salesforce;
use serde_json::json;

use super::report::{Report, thousands};

pub(super) async fn look(salesforce: &Salesforce, report: &mut Report<'_>) -> anyhow::Result<()> {
    report.chapter("What it cost")?;

    // Each answer of Salesforce tells it.
    let usage = salesforce
        .api_usage()
        .context("no answer told the org's API usage")?;
    let limits = salesforce.limits().await?;
    let daily = limits
        .daily_api_requests()
        .context("the org's limits lack the daily API requests")?;
    ensure!(
        u64::try_from(daily.max)? == usage.limit && usage.consumed > 0,
        "the org's limits say {daily:?}, and its answers {usage:?}"
    );
    report.step(
        "api usage",
        format!(
            "{} of the {} calls that the org has a day",
            thousands(usage.consumed),
            thousands(usage.limit)
        ),
        json!({
            "consumed": usage.consumed,
            "limit": usage.limit,
            "remaining": usage.remaining(),
        }),
    )
}
