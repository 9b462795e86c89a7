//! `/analytics/reports`: the tables of a seed file, run at once or in the background, as they are
//! or with other filters and columns. Other reports and dashboards are not in the org.

mod run;
mod runs;

use http::Method;
use serde::Deserialize;
use serde_json::Value as JsonValue;

use super::Context;
use super::request::{ApiRequest, Reply};
use super::rows::json_body;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::json::Json;
use crate::report::{Filter, Report, SortBy};

pub(crate) use runs::Runs;

/// How many rows a report shows.
const MOST_ROWS: usize = 2_000;

/// `/analytics` and what is below it.
pub(super) fn serve(
    context: &Context<'_>,
    request: &ApiRequest,
    below: &[String],
) -> Result<Reply, ApiError> {
    let below: Vec<&str> = below.iter().map(String::as_str).collect();
    let method = match &request.method {
        method if *method == Method::HEAD => &Method::GET,
        method => method,
    };
    match (method, below.as_slice()) {
        (&Method::GET, ["reports"]) => Ok(list(context)),
        (&Method::GET, ["reports", id, "describe"]) => {
            Ok(Reply::ok(run::describe(context, &found(context, id)?)?))
        }
        (&Method::GET | &Method::POST, ["reports", id]) => {
            let report = found(context, id)?.changed_by(context, request)?;
            Ok(Reply::ok(run::at_once(context, &report, details(request))?))
        }
        (&Method::GET, ["reports", id, "instances"]) => {
            Ok(runs::list(context, found(context, id)?.id))
        }
        (&Method::POST, ["reports", id, "instances"]) => {
            let report = found(context, id)?.changed_by(context, request)?;
            runs::start(context, &report, details(request))
        }
        (&Method::GET, ["reports", id, "instances", instance]) => {
            runs::result(context, found(context, id)?.id, instance)
        }
        (&Method::DELETE, ["reports", id, "instances", instance]) => {
            runs::delete(context, found(context, id)?.id, instance)
        }
        (_, ["reports", ..]) => Err(ApiError::unsupported("changes of reports")),
        (&Method::GET, ["dashboards"]) => Ok(Reply::ok(Json::Array(Vec::new()))),
        (_, [first, ..]) => Err(ApiError::unsupported(format_args!("/analytics/{first}"))),
        (_, []) => Err(ApiError::not_found()),
    }
}

/// The query of the report with this id, if there is one.
pub(super) fn soql(context: &Context<'_>, id: &str) -> Result<Option<String>, ApiError> {
    match found(context, id) {
        Ok(report) => Ok(Some(report.table(context)?.soql(MOST_ROWS))),
        Err(_) => Ok(None),
    }
}

/// A report as it is to be run.
struct Running {
    id: RecordId,
    report: Report,
}

fn found(context: &Context<'_>, id: &str) -> Result<Running, ApiError> {
    let id: RecordId = id.parse().map_err(|_| ApiError::not_found())?;
    let report = context.org.reports.find(id);
    let report = report.ok_or_else(ApiError::not_found)?.clone();
    Ok(Running { id, report })
}

/// Whether the rows behind the sums are asked for.
fn details(request: &ApiRequest) -> bool {
    request
        .parameter("includeDetails")
        .is_some_and(|details| details == "true")
}

/// All reports, since there is nobody who could have looked at them.
fn list(context: &Context<'_>) -> Reply {
    let version = context.version.path();
    let reports = context.org.reports.iter().map(|(id, report)| {
        let url = format!("{version}/analytics/reports/{id}");
        Json::object([
            ("describeUrl", Json::from(format!("{url}/describe"))),
            ("id", id.as_str().into()),
            ("instancesUrl", format!("{url}/instances").into()),
            ("name", Json::from(&report.name)),
            ("url", url.into()),
        ])
    });
    Reply::ok(reports.collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Changes {
    report_metadata: serde_json::Map<String, JsonValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sorted {
    sort_column: String,
    sort_order: String,
}

impl Running {
    /// The report with the filters, columns and order that a request gives. What else it says
    /// has to be what the report is.
    fn changed_by(mut self, context: &Context<'_>, request: &ApiRequest) -> Result<Self, ApiError> {
        if request.method != Method::POST || request.body.is_empty() {
            return Ok(self);
        }
        let unreadable = |error: serde_json::Error| {
            ApiError::bad_request("JSON_PARSER_ERROR", error.to_string())
        };
        let changes: Changes = serde_json::from_slice(json_body(request)?).map_err(unreadable)?;
        let own = run::metadata(&self, &self.table(context)?, true).to_string();
        let own: JsonValue = serde_json::from_str(&own).map_err(unreadable)?;
        for (name, value) in changes.report_metadata {
            if own[&name] == value {
                continue;
            }
            match name.as_str() {
                "reportFilters" => {
                    let filters: Vec<Filter> = serde_json::from_value(value).map_err(unreadable)?;
                    self.report.filters = filters;
                }
                "detailColumns" => {
                    self.report.columns = serde_json::from_value(value).map_err(unreadable)?;
                }
                "sortBy" => {
                    let sorted: Vec<Sorted> = serde_json::from_value(value).map_err(unreadable)?;
                    if sorted.len() > 1 {
                        return Err(invalid("A report can only be sorted by one column."));
                    }
                    self.report.sort_by = sorted.into_iter().next().map(|sorted| SortBy {
                        descending: sorted.sort_order.eq_ignore_ascii_case("Desc"),
                        column: sorted.sort_column,
                    });
                }
                "hasDetailRows" => {}
                _ => {
                    return Err(ApiError::unsupported(format_args!(
                        "reports that are run with another {name}"
                    )));
                }
            }
        }
        Ok(self)
    }

    /// On the objects and fields that the user sees.
    fn table<'s>(&self, context: &Context<'s>) -> Result<crate::report::Table<'s>, ApiError> {
        self.report
            .table(context.schema)
            .map_err(|why| invalid(&why))
    }
}

/// What a report cannot be. Salesforce tells of reports in words; which code it gives them is
/// not documented.
fn invalid(message: &str) -> ApiError {
    ApiError::bad_request("BAD_REQUEST", message.to_owned())
}
