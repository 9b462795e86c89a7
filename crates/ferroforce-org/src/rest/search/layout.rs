//! `/search/layout`: the columns in which a user sees what was found.

use crate::error::{ApiError, excerpt};
use crate::json::Json;
use crate::rest::Context;
use crate::rest::request::{ApiRequest, Reply};
use crate::schema::Object;

/// How many objects may be asked for at once.
const MOST_OBJECTS: usize = 100;

/// How many records a page of results shows.
const ROWS: i64 = 25;

/// The columns of an object that nobody has laid out, as field, label and name.
const COLUMNS: [(&str, &[[&str; 3]]); 3] = [
    (
        "Account",
        &[
            ["Account.Name", "Account Name", "Name"],
            ["Account.Site", "Account Site", "Site"],
            ["Account.Phone", "Phone", "Phone"],
            ["User.Alias", "Account Owner Alias", "Owner.Alias"],
        ],
    ),
    (
        "Contact",
        &[
            ["Contact.Name", "Name", "Name"],
            ["Account.Name", "Account Name", "Account.Name"],
            ["Account.Site", "Account Site", "Account.Site"],
            ["Contact.Phone", "Phone", "Phone"],
            ["Contact.Email", "Email", "Email"],
            ["User.Alias", "Contact Owner Alias", "Owner.Alias"],
        ],
    ),
    (
        "Lead",
        &[
            ["Lead.Name", "Name", "Name"],
            ["Lead.Title", "Title", "Title"],
            ["Lead.Phone", "Phone", "Phone"],
            ["Lead.Company", "Company", "Company"],
            ["Lead.Email", "Email", "Email"],
            ["Lead.Status", "Lead Status", "toLabel(Status)"],
            ["Name.Alias", "Owner Alias", "Owner.Alias"],
        ],
    ),
];

/// Answers the layouts of the objects that are asked for, in their order.
pub(in crate::rest) fn layout(
    context: &Context<'_>,
    request: &ApiRequest,
) -> Result<Reply, ApiError> {
    let names: Vec<&str> = request
        .parameter("q")
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    if names.is_empty() || names.len() > MOST_OBJECTS {
        return Err(ApiError::bad_request(
            "INVALID_SEARCH_SCOPE",
            format!("q must list 1 to {MOST_OBJECTS} objects"),
        ));
    }
    let layouts: Result<Vec<Json>, ApiError> = names
        .iter()
        .map(|name| match context.schema.object(name) {
            Some(object) if object.searchable => of_object(object),
            _ => Err(ApiError::bad_request(
                "INVALID_TYPE",
                format!("sObject type '{}' is not supported.", excerpt(name)),
            )),
        })
        .collect();
    Ok(Reply::ok(Json::Array(layouts?)))
}

/// The columns in which people look at records of an object, by path and label: those that
/// everybody knows of some objects, of others their names.
pub(in crate::rest) fn columns_of(object: &Object) -> Vec<(&str, &str)> {
    let known = COLUMNS.iter().find(|(name, _)| *name == object.name);
    match known {
        Some((_, columns)) => columns
            .iter()
            .map(|&[_, label, name]| {
                let path = name.strip_prefix("toLabel(");
                let path = path.and_then(|path| path.strip_suffix(')'));
                (path.unwrap_or(name), label)
            })
            .collect(),
        None => {
            let title = object.name_field();
            title
                .map(|field| (field.name.as_str(), field.label.as_str()))
                .into_iter()
                .collect()
        }
    }
}

/// A custom object shows its name until someone adds to that. What other objects show is not
/// documented.
fn of_object(object: &Object) -> Result<Json, ApiError> {
    let known = COLUMNS.iter().find(|(name, _)| *name == object.name);
    let columns: Vec<Json> = match (known, object.name_field()) {
        (Some((_, columns)), _) => columns
            .iter()
            .map(|&[field, label, name]| column(field, label, name))
            .collect(),
        (None, Some(field)) if object.custom => {
            let path = format!("{}.{}", object.name, field.name);
            vec![column(&path, &field.label, &field.name)]
        }
        _ => {
            return Err(ApiError::unsupported(format_args!(
                "the search layout of {}",
                object.name
            )));
        }
    };
    Ok(Json::object([
        ("label", Json::from("Search Results")),
        ("limitRows", ROWS.into()),
        ("searchColumns", Json::Array(columns)),
    ]))
}

/// None of the columns holds a date, which would have a format.
fn column(field: &str, label: &str, name: &str) -> Json {
    Json::object([
        ("field", Json::from(field)),
        ("format", Json::Null),
        ("label", label.into()),
        ("name", name.into()),
    ])
}
