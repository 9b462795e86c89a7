//! `/sobjects/X/listviews`. Nobody has made list views in this org, so each object that can have
//! some has those that show all of its records, and all that the user owns.

use serde_json::Value as JsonValue;

use super::query::{self, Found};
use super::request::{ApiRequest, Reply};
use super::search::columns_of;
use super::{Context, rows};
use crate::describe::has_lists;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::json::Json;
use crate::schema::{Field, FieldType, Object};
use crate::value::time;

/// What ids of list views begin with.
const KEY_PREFIX: [u8; 3] = *b"00B";

/// How many records are told when the client does not say, and at most.
const ROWS: usize = 25;
const MOST_ROWS: usize = 2_000;

/// What every view reads and does not show.
const HIDDEN: [&str; 4] = ["Id", "CreatedDate", "LastModifiedDate", "SystemModstamp"];

/// Which records a view shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    All,
    Mine,
}

/// A list view of an object.
#[derive(Debug, Clone, Copy)]
struct ListView<'s> {
    object: &'s Object,
    whose: Whose,
    id: RecordId,
}

/// A column of a view.
struct Column<'s> {
    path: &'s str,
    label: &'s str,
    field: &'s Field,
    hidden: bool,
}

/// `/sobjects/X/listviews` and what is below it.
pub(super) fn serve(
    context: &Context<'_>,
    request: &ApiRequest,
    object: &str,
    below: &[String],
) -> Result<Reply, ApiError> {
    let object = rows::object(context, object)?;
    if context.version.is_tooling() || !has_lists(object) {
        return Err(ApiError::not_found());
    }
    let below: Vec<&str> = below.iter().map(String::as_str).collect();
    let view = |id: &str| {
        let views = views(context, object);
        let id: Result<RecordId, _> = id.parse();
        let view = views.into_iter().find(|view| id == Ok(view.id));
        view.ok_or_else(ApiError::not_found)
    };
    match below.as_slice() {
        [] => Ok(list(context, object, &views(context, object))),
        // Nobody looks at views here but by the API, which leaves no trace.
        ["recent"] => Ok(list(context, object, &[])),
        [id] => Ok(Reply::ok(view(id)?.entry(context))),
        [id, "describe"] => Ok(Reply::ok(view(id)?.describe(context))),
        [id, "results"] => view(id)?.results(context, request),
        _ => Err(ApiError::not_found()),
    }
}

/// The query of the list view with this id, if there is one that the user sees.
pub(super) fn soql(context: &Context<'_>, id: &str) -> Option<String> {
    let id: RecordId = id.parse().ok()?;
    let mut objects = context.schema.objects().filter(|object| has_lists(object));
    objects.find_map(|object| {
        let views = views(context, object);
        let view = views.into_iter().find(|view| view.id == id)?;
        Some(view.soql(context))
    })
}

/// The views of an object. Their ids are the same for all users.
fn views<'s>(context: &Context<'_>, object: &'s Object) -> Vec<ListView<'s>> {
    let mut objects = context.whole_schema().objects();
    let place = objects.position(|known| known.name == object.name);
    let place = place.and_then(|place| u64::try_from(place).ok());
    let number = place.unwrap_or_default() * 2;
    let owned = object.field("OwnerId").is_some();
    let view = |whose, number| ListView {
        object,
        whose,
        id: RecordId::nth(KEY_PREFIX, number),
    };
    let mine = owned.then(|| view(Whose::Mine, number + 2));
    [view(Whose::All, number + 1)]
        .into_iter()
        .chain(mine)
        .collect()
}

fn list(context: &Context<'_>, object: &Object, views: &[ListView<'_>]) -> Reply {
    let size = i64::try_from(views.len()).unwrap_or(i64::MAX);
    let entries = views.iter().map(|view| view.entry(context));
    Reply::ok(Json::object([
        ("done", Json::Bool(true)),
        ("listviews", entries.collect()),
        ("nextRecordsUrl", Json::Null),
        ("size", size.into()),
        ("sobjectType", Json::from(&object.name)),
    ]))
}

impl<'s> ListView<'s> {
    fn label(&self) -> String {
        let whose = match self.whose {
            Whose::All => "All",
            Whose::Mine => "My",
        };
        format!("{whose} {}", self.object.label_plural)
    }

    fn developer_name(&self) -> String {
        self.label()
            .replace(|c: char| !c.is_ascii_alphanumeric(), "")
    }

    fn scope(&self) -> Option<&'static str> {
        (self.whose == Whose::Mine).then_some("mine")
    }

    fn entry(&self, context: &Context<'_>) -> Json {
        let (version, object) = (context.version.path(), &self.object.name);
        let url = format!("{version}/sobjects/{object}/listviews/{}", self.id);
        Json::object([
            ("describeUrl", Json::from(format!("{url}/describe"))),
            ("developerName", self.developer_name().into()),
            ("id", self.id.as_str().into()),
            ("label", self.label().into()),
            ("resultsUrl", format!("{url}/results").into()),
            ("soqlCompatible", true.into()),
            ("url", url.into()),
        ])
    }

    /// The columns that the user may see.
    fn columns(&self, context: &Context<'s>) -> Vec<Column<'s>> {
        let shown = columns_of(self.object).into_iter();
        let hidden = HIDDEN.into_iter().filter_map(|name| {
            let field = self.object.field(name)?;
            Some((name, field.label.as_str(), true))
        });
        shown
            .map(|(path, label)| (path, label, false))
            .chain(hidden)
            .filter_map(|(path, label, hidden)| {
                let (_, field) = context.schema.field_at(self.object, path)?;
                Some(Column {
                    path,
                    label,
                    field,
                    hidden,
                })
            })
            .collect()
    }

    /// The field that records are sorted by.
    fn title(&self) -> &str {
        self.object.name_field().map_or("Id", |field| &field.name)
    }

    fn soql(&self, context: &Context<'s>) -> String {
        let columns = self.columns(context);
        let columns: Vec<String> = columns.iter().map(Column::selected).collect();
        let scope = self.scope();
        let scope = scope.map_or_else(String::new, |scope| format!(" USING SCOPE {scope}"));
        let then = match self.title() {
            "Id" => "",
            _ => ", Id ASC NULLS FIRST",
        };
        format!(
            "SELECT {} FROM {}{scope} ORDER BY {} ASC NULLS FIRST{then}",
            columns.join(", "),
            self.object.name,
            self.title(),
        )
    }

    fn describe(&self, context: &Context<'s>) -> Json {
        let order = |path: &str| {
            Json::object([
                ("fieldNameOrPath", path),
                ("nullsPosition", "first"),
                ("sortDirection", "ascending"),
            ])
        };
        let mut orders = vec![order(self.title())];
        if self.title() != "Id" {
            orders.push(order("Id"));
        }
        Json::object([
            ("columns", self.described_columns(context)),
            ("id", self.id.short().into()),
            ("orderBy", Json::Array(orders)),
            ("query", self.soql(context).into()),
            ("scope", self.scope().into()),
            ("sobjectType", Json::from(&self.object.name)),
            (
                "whereCondition",
                Json::object([
                    ("conditions", Json::Array(Vec::new())),
                    ("conjunction", "and".into()),
                ]),
            ),
        ])
    }

    fn described_columns(&self, context: &Context<'s>) -> Json {
        let columns = self.columns(context);
        let columns = columns.iter();
        columns
            .map(|column| column.describe(self.title()))
            .collect()
    }

    fn results(&self, context: &Context<'s>, request: &ApiRequest) -> Result<Reply, ApiError> {
        let limit = number(request, "limit", 1..=MOST_ROWS)?.unwrap_or(ROWS);
        let offset = number(request, "offset", 0..=MOST_ROWS)?.unwrap_or(0);
        let soql = format!("{} LIMIT {limit} OFFSET {offset}", self.soql(context));
        let found = query::find(context, &soql)?;
        let scope = self.scope();
        let scope = scope.map_or_else(String::new, |scope| format!(" USING SCOPE {scope}"));
        let count = format!("SELECT COUNT() FROM {}{scope}", self.object.name);
        let all = query::find(context, &count)?.total_size;
        let columns = self.columns(context);
        let size = found.records.len();
        let done = offset.saturating_add(size) >= all;
        let records = found.records.iter().map(|record| {
            let cells = columns.iter().map(|column| column.cell(record));
            Json::object([("columns", cells.collect::<Json>())])
        });
        Ok(Reply::ok(Json::object([
            ("columns", self.described_columns(context)),
            ("developerName", self.developer_name().into()),
            ("done", done.into()),
            ("id", self.id.short().into()),
            ("label", self.label().into()),
            ("records", records.collect()),
            ("size", i64::try_from(size).unwrap_or(i64::MAX).into()),
        ])))
    }
}

impl Column<'_> {
    /// As the query reads it: a picklist's value as people read it.
    fn selected(&self) -> String {
        match self.field.field_type {
            FieldType::Picklist => format!("toLabel({})", self.path),
            _ => self.path.to_owned(),
        }
    }

    /// What the two directions of sorting are called.
    fn directions(&self) -> (Json, Json) {
        let (ascending, descending) = match self.field.field_type {
            _ if self.hidden => return (Json::Null, Json::Null),
            FieldType::Phone => ("9-0", "0-9"),
            FieldType::Picklist => ("Low to High", "High to Low"),
            _ => ("Z-A", "A-Z"),
        };
        (ascending.into(), descending.into())
    }

    fn describe(&self, sorted_by: &str) -> Json {
        let (ascending, descending) = self.directions();
        let sorted = self.path == sorted_by;
        Json::object([
            ("ascendingLabel", ascending),
            ("descendingLabel", descending),
            ("fieldNameOrPath", self.path.into()),
            ("hidden", self.hidden.into()),
            ("label", self.label.into()),
            ("selectListItem", self.selected().into()),
            ("sortDirection", sorted.then_some("ascending").into()),
            ("sortIndex", sorted.then_some(0_i64).into()),
            ("sortable", (!self.hidden && self.field.sortable).into()),
            ("type", self.field.field_type.name().into()),
        ])
    }

    /// Each value is a text.
    fn cell(&self, record: &JsonValue) -> Json {
        let value = match Found::value(record, self.path) {
            JsonValue::Null => Json::Null,
            JsonValue::String(text) if self.field.field_type == FieldType::Datetime => {
                java_date(text).into()
            }
            JsonValue::String(text) => text.as_str().into(),
            other => other.to_string().into(),
        };
        Json::object([("fieldNameOrPath", Json::from(self.path)), ("value", value)])
    }
}

/// A moment as Java prints it: `Fri Aug 01 21:15:46 GMT 2014`.
fn java_date(text: &str) -> String {
    let moment =
        time::parse_datetime(text).and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    moment.map_or_else(
        || text.to_owned(),
        |moment| moment.strftime("%a %b %d %H:%M:%S GMT %Y").to_string(),
    )
}

/// A number that a request gives, within bounds.
fn number(
    request: &ApiRequest,
    name: &str,
    bounds: std::ops::RangeInclusive<usize>,
) -> Result<Option<usize>, ApiError> {
    let Some(text) = request.parameter(name) else {
        return Ok(None);
    };
    let number = text.parse().ok().filter(|number| bounds.contains(number));
    number.map(Some).ok_or_else(|| {
        let (least, most) = bounds.into_inner();
        ApiError::bad_request(
            "INVALID_QUERY_PARAMETER",
            format!("The {name} of a list view must be from {least} to {most}"),
        )
    })
}
