//! `/composite/sobjects/{object}`: records of one object by their ids.

use http::Method;

use super::too_many_records;
use crate::composite::input::{Input, missing, texts};
use crate::error::ApiError;
use crate::id::RecordId;
use crate::json::Json;
use crate::record::document::Document;
use crate::record::read;
use crate::record::row::Row;
use crate::rest::{ApiRequest, Context, Reply, fields_named, json_body};
use crate::schema::Object;

const MOST_IDS: usize = 2_000;

/// Answers the records in the order of the ids, null for each that is not there. The names of
/// records and fields come in the URL, or in a body for those that are too many.
pub(super) fn retrieve(
    context: &Context<'_>,
    request: &ApiRequest,
    object: &str,
) -> Result<Reply, ApiError> {
    let object: &Object = context
        .schema
        .object(object)
        .ok_or_else(ApiError::not_found)?;
    let (ids, names) = if request.method == Method::POST {
        in_body(request)?
    } else {
        (in_url(request, "ids")?, in_url(request, "fields")?)
    };
    if ids.len() > MOST_IDS {
        return Err(too_many_records(MOST_IDS));
    }
    let fields = fields_named(object, names.iter().map(String::as_str))?;
    let records = ids.iter().map(|id| {
        let Ok(id) = id.parse::<RecordId>() else {
            return Ok(Json::Null);
        };
        let row = Row::load(context.db, object, id)?.filter(|row| !row.flag("IsDeleted"));
        Ok(row.map_or(Json::Null, |row| {
            read::chosen(&row, &fields, context.version)
        }))
    });
    Ok(Reply::ok(Json::Array(
        records.collect::<Result<_, ApiError>>()?,
    )))
}

fn in_body(request: &ApiRequest) -> Result<(Vec<String>, Vec<String>), ApiError> {
    let mut input = Input::new(Document::parse(json_body(request)?)?);
    let ids = texts(input.list("ids")?)?;
    let fields = texts(input.list("fields")?)?;
    input.end()?;
    Ok((ids, fields))
}

fn in_url(request: &ApiRequest, name: &'static str) -> Result<Vec<String>, ApiError> {
    let list = request.parameter(name).ok_or_else(|| missing(name))?;
    let names = list.split(',').map(|name| name.trim().to_owned());
    Ok(names.filter(|name| !name.is_empty()).collect())
}
