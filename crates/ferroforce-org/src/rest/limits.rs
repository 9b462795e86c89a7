//! Limits of the org, and counts of its records.

use http::{HeaderName, HeaderValue, StatusCode};

use super::Context;
use super::request::{ApiRequest, Reply};
use crate::error::ApiError;
use crate::json::Json;
use crate::org::Org;
use crate::store::table::and_not_deleted;
use crate::usage::BulkCount;

/// The limits of an org that nothing uses up, by name.
const LIMITS: [(&str, i64); 23] = [
    ("ConcurrentAsyncGetReportInstances", 200),
    ("ConcurrentSyncReportRuns", 20),
    ("DailyAsyncApexExecutions", 250_000),
    ("DailyDeliveredPlatformEvents", 10_000),
    ("DailyDurableGenericStreamingApiEvents", 10_000),
    ("DailyDurableStreamingApiEvents", 10_000),
    ("DailyGenericStreamingApiEvents", 10_000),
    ("DailyStreamingApiEvents", 10_000),
    ("DailyWorkflowEmails", 1_000),
    ("DataStorageMB", 1_024),
    ("DurableStreamingApiConcurrentClients", 20),
    ("FileStorageMB", 1_024),
    ("HourlyAsyncReportRuns", 1_200),
    ("HourlyDashboardRefreshes", 200),
    ("HourlyDashboardResults", 5_000),
    ("HourlyODataCallout", 1_000),
    ("HourlyPublishedPlatformEvents", 50_000),
    ("HourlySyncReportRuns", 500),
    ("HourlyTimeBasedWorkflow", 50),
    ("MassEmail", 10),
    ("PermissionSets", 1_500),
    ("SingleEmail", 15),
    ("StreamingApiConcurrentClients", 20),
];

/// How much bulk queries may find in a day, in MB.
const DAILY_QUERY_MB: u64 = 976_562;

/// `GET /limits`: every limit with what remains of it, in the order of their names.
pub(super) fn limits(context: &Context<'_>) -> Reply {
    let quota = context.org.settings.daily_api_requests;
    let remaining = quota.saturating_sub(context.org.usage.calls());
    let limit = |max: i64, remaining: i64| Json::object([("Max", max), ("Remaining", remaining)]);
    let mut members: Vec<(&str, Json)> = LIMITS
        .iter()
        .map(|&(name, max)| (name, limit(max, max)))
        .collect();
    members.push(("DailyApiRequests", limit(number(quota), number(remaining))));
    let policies = context.org.auth.policies();
    for (name, what, quota, unit) in [
        (
            "DailyBulkApiBatches",
            BulkCount::Batches,
            policies.daily_bulk_batches,
            1,
        ),
        (
            "DailyBulkV2QueryJobs",
            BulkCount::QueryJobs,
            policies.daily_bulk_query_jobs,
            1,
        ),
        (
            "DailyBulkV2QueryFileStorageMB",
            BulkCount::QueryBytes,
            DAILY_QUERY_MB,
            1024 * 1024,
        ),
    ] {
        let used = context.org.usage.count_of(what, 0).div_ceil(unit);
        let remaining = quota.saturating_sub(used);
        members.push((name, limit(number(quota), number(remaining))));
    }
    members.sort_by_key(|&(name, _)| name);
    Reply::ok(Json::object(members))
}

fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Refuses the n-th call of a day if it is beyond the limit, and the limit is hard.
pub(crate) fn admit(org: &Org, calls: u64) -> Result<(), ApiError> {
    if calls <= org.settings.daily_api_requests || org.auth.policies().soft_daily_limit {
        return Ok(());
    }
    Err(exceeded("TotalRequests Limit exceeded."))
}

/// The answer while too many requests take long.
pub(super) fn crowded() -> ApiError {
    exceeded("ConcurrentRequests (Concurrent API Requests) Limit exceeded.")
}

fn exceeded(message: &'static str) -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, "REQUEST_LIMIT_EXCEEDED", message)
}

/// The header that tells the usage.
pub(crate) const INFO: HeaderName = HeaderName::from_static("sforce-limit-info");

/// The value of [`INFO`]: so many calls of the org, and of the app of a request if apps have a
/// limit.
pub(crate) fn info(org: &Org, calls: u64, app: Option<(&str, u64)>) -> HeaderValue {
    let quota = org.settings.daily_api_requests;
    let mut text = format!("api-usage={calls}/{quota}");
    if let (Some((name, calls)), Some(quota)) =
        (app, org.auth.policies().daily_api_requests_per_app)
    {
        text += &format!("; per-app-api-usage={calls}/{quota}(appName={name})");
    }
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

/// `GET /limits/recordCount`: how many records some objects have, or all. Unknown ones are
/// left out.
pub(super) fn record_count(context: &Context<'_>, request: &ApiRequest) -> Result<Reply, ApiError> {
    let asked: Option<Vec<&str>> = request
        .parameter("sObjects")
        .map(|names| names.split(',').map(str::trim).collect());
    let mut counts = Vec::new();
    for object in context.schema.objects() {
        let wanted = asked.as_ref().is_none_or(|names| {
            names
                .iter()
                .any(|name| name.eq_ignore_ascii_case(&object.name))
        });
        if !wanted || !object.queryable {
            continue;
        }
        let count: i64 = context
            .db
            .prepare_cached(&format!(
                "SELECT count(*) FROM \"{}\" WHERE 1{}",
                object.name,
                and_not_deleted(object)
            ))?
            .query_row([], |row| row.get(0))?;
        let name = Json::from(&object.name);
        counts.push(Json::object([("count", count.into()), ("name", name)]));
    }
    Ok(Reply::ok(Json::object([("sObjects", Json::Array(counts))])))
}
