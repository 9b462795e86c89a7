//! What a report is and what it shows.

use serde_json::Value as JsonValue;

use super::{MOST_ROWS, Running};
use crate::error::ApiError;
use crate::json::Json;
use crate::report::{Column, Filter, Table};
use crate::rest::Context;
use crate::rest::query::{self, Found};
use crate::schema::{Field, FieldType};

/// The one sum of each report: how many records it has.
const COUNT: &str = "RowCount";

/// What a report is called that is no more than a table.
const FORMAT: &str = "TABULAR";

/// The report as it was run just now.
pub(super) fn at_once(
    context: &Context<'_>,
    report: &Running,
    details: bool,
) -> Result<Json, ApiError> {
    let url = format!("{}/analytics/reports/{}", context.version.path(), report.id);
    let attributes = Json::object([
        ("describeUrl", Json::from(format!("{url}/describe"))),
        ("instancesUrl", format!("{url}/instances").into()),
        ("reportId", report.id.as_str().into()),
        ("reportName", Json::from(&report.report.name)),
        ("type", "Report".into()),
    ]);
    shown(context, report, attributes, details)
}

/// What the report shows, below `attributes` of the run.
pub(super) fn shown(
    context: &Context<'_>,
    report: &Running,
    attributes: Json,
    details: bool,
) -> Result<Json, ApiError> {
    let table = report.table(context)?;
    let count = query::find(context, &table.count_soql())?.total_size;
    let rows = if details {
        let found = query::find(context, &table.soql(MOST_ROWS))?;
        found
            .records
            .iter()
            .map(|record| row(&table, record))
            .collect()
    } else {
        Vec::new()
    };
    let total = i64::try_from(count).unwrap_or(i64::MAX);
    let all = Json::object([
        (
            "aggregates",
            std::iter::once(cell(&total.to_string(), total.into())).collect(),
        ),
        ("rows", Json::Array(rows)),
    ]);
    let groups = || Json::object([("groupings", Json::Array(Vec::new()))]);
    Ok(Json::object([
        ("attributes", attributes),
        ("allData", (count <= MOST_ROWS).into()),
        ("factMap", Json::object([("T!T", all)])),
        ("groupingsAcross", groups()),
        ("groupingsDown", groups()),
        ("hasDetailRows", details.into()),
        ("reportExtendedMetadata", extended_metadata(&table, details)),
        ("reportMetadata", metadata(report, &table, details)),
    ]))
}

/// The report's description: what it is, and which columns it could have.
pub(super) fn describe(context: &Context<'_>, report: &Running) -> Result<Json, ApiError> {
    let table = report.table(context)?;
    let columns = table.object.fields.iter();
    let columns = columns
        .filter(|field| field.is_stored() && field.field_type != FieldType::Base64)
        .map(|field| {
            let choices = field.picklist_values.iter().map(|choice| {
                Json::object([
                    ("label", Json::from(&choice.label)),
                    ("name", Json::from(&choice.value)),
                ])
            });
            let about = Json::object([
                ("dataType", Json::from(data_type(field))),
                ("filterValues", choices.collect()),
                ("filterable", field.filterable.into()),
                ("label", Json::from(&field.label)),
            ]);
            (field.name.clone(), about)
        });
    let category = Json::object([
        ("columns", Json::object(columns)),
        (
            "label",
            format!("{} Information", table.object.label).into(),
        ),
    ]);
    Ok(Json::object([
        ("reportExtendedMetadata", extended_metadata(&table, true)),
        ("reportMetadata", metadata(report, &table, true)),
        (
            "reportTypeMetadata",
            Json::object([("categories", std::iter::once(category).collect::<Json>())]),
        ),
    ]))
}

fn extended_metadata(table: &Table<'_>, details: bool) -> Json {
    let nothing = || Json::Object(Vec::new());
    let count = Json::object([
        ("acrossGroupingContext", Json::Null),
        ("dataType", "int".into()),
        ("downGroupingContext", Json::Null),
        ("label", "Record Count".into()),
    ]);
    let columns = table.columns.iter().map(|column| {
        let about = Json::object([
            ("dataType", Json::from(data_type(column.field))),
            ("label", Json::from(&column.field.label)),
        ]);
        (column.path.clone(), about)
    });
    Json::object([
        ("aggregateColumnInfo", Json::object([(COUNT, count)])),
        (
            "detailColumnInfo",
            if details {
                Json::object(columns)
            } else {
                nothing()
            },
        ),
        ("groupingColumnInfo", nothing()),
    ])
}

pub(super) fn metadata(report: &Running, table: &Table<'_>, details: bool) -> Json {
    let none = || Json::Array(Vec::new());
    let sorted = report.report.sort_by.iter().map(|sort| {
        let order = if sort.descending { "Desc" } else { "Asc" };
        Json::object([
            ("sortColumn", sort.column.clone()),
            ("sortOrder", order.to_owned()),
        ])
    });
    let object = table.object;
    Json::object([
        ("aggregates", std::iter::once(COUNT).collect()),
        ("chart", Json::Null),
        ("currency", Json::Null),
        ("description", Json::Null),
        (
            "detailColumns",
            table.columns.iter().map(|column| &column.path).collect(),
        ),
        ("developerName", report.report.developer_name().into()),
        ("division", Json::Null),
        ("folderId", Json::Null),
        ("groupingsAcross", none()),
        ("groupingsDown", none()),
        ("hasDetailRows", details.into()),
        ("hasRecordCount", true.into()),
        ("historicalSnapshotDates", none()),
        ("id", report.id.as_str().into()),
        ("name", Json::from(&report.report.name)),
        ("reportBooleanFilter", Json::Null),
        (
            "reportFilters",
            report.report.filters.iter().map(filter).collect(),
        ),
        ("reportFormat", FORMAT.into()),
        (
            "reportType",
            Json::object([
                ("label", Json::from(&object.label_plural)),
                ("type", Json::from(&object.name)),
            ]),
        ),
        ("scope", "organization".into()),
        ("showGrandTotal", true.into()),
        ("showSubtotals", true.into()),
        ("sortBy", sorted.collect()),
        ("standardDateFilter", Json::Null),
        ("standardFilters", none()),
    ])
}

fn filter(filter: &Filter) -> Json {
    Json::object([
        ("column", Json::from(&filter.column)),
        ("isRunPageEditable", true.into()),
        ("operator", Json::from(&filter.operator)),
        ("value", Json::from(&filter.value)),
    ])
}

fn data_type(field: &Field) -> &'static str {
    match field.field_type {
        FieldType::Reference => "id",
        other => other.name(),
    }
}

fn row(table: &Table<'_>, record: &JsonValue) -> Json {
    let columns = table.columns.iter().enumerate();
    let cells = columns.map(|(place, column)| shown_value(column, place, record));
    Json::object([("dataCells", cells.collect::<Json>())])
}

fn cell(label: &str, value: Json) -> Json {
    Json::object([("label", Json::from(label)), ("value", value)])
}

/// A value as people read it and as programs do: for a name that is the record's id, and for
/// money an amount with its currency, of which there is only the org's.
fn shown_value(column: &Column<'_>, place: usize, record: &JsonValue) -> Json {
    let value = Found::value(record, &column.path);
    let label = if column.is_formatted() {
        &record[Column::label_name(place)]
    } else {
        value
    };
    let label = match label {
        JsonValue::Null => return cell("-", Json::Null),
        JsonValue::String(text) => text.clone(),
        other => other.to_string(),
    };
    let value = match column.id_path() {
        Some(id) => Found::value(record, &id),
        None => value,
    };
    let value = match value {
        JsonValue::Bool(value) => Json::Bool(*value),
        JsonValue::Number(number) => number
            .as_i64()
            .map_or_else(|| number.as_f64().into(), Json::from),
        JsonValue::String(text) => text.as_str().into(),
        _ => Json::Null,
    };
    let value = if column.field.field_type == FieldType::Currency {
        Json::object([("amount", value), ("currency", Json::Null)])
    } else {
        value
    };
    cell(&label, value)
}
