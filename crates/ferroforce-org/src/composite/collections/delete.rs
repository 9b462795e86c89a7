//! `DELETE /composite/sobjects?ids=…`.

use super::result::Saved;
use super::{MOST_RECORDS, too_many_records, transaction};
use crate::composite::input::missing;
use crate::error::{ApiError, excerpt};
use crate::id::RecordId;
use crate::record::{self, target};
use crate::rest::{ApiRequest, Context};

pub(super) fn delete(context: &Context<'_>, request: &ApiRequest) -> Result<Vec<Saved>, ApiError> {
    let ids = request.parameter("ids").ok_or_else(|| missing("ids"))?;
    let ids: Vec<&str> = ids.split(',').map(str::trim).collect();
    if ids.len() > MOST_RECORDS {
        return Err(too_many_records(MOST_RECORDS));
    }
    let all_or_none = request
        .parameter("allOrNone")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    transaction(context, all_or_none, || {
        let results = ids.into_iter().map(|id| {
            context
                .atomically(|| delete_one(context, id))
                .unwrap_or_else(Saved::from)
        });
        Ok(results.collect())
    })
}

fn delete_one(context: &Context<'_>, id: &str) -> Result<Saved, ApiError> {
    let id: RecordId = id.parse().map_err(|_| {
        let message = format!("malformed id {}", excerpt(id));
        ApiError::bad_request("MALFORMED_ID", message).with_fields::<String>([])
    })?;
    let object = context
        .schema
        .by_key_prefix(id.key_prefix())
        .ok_or_else(|| target::without_path(ApiError::not_found()))?;
    record::delete(context, object, id).map_err(target::without_path)?;
    Ok(Saved::Done {
        id,
        created: None,
        known: true,
        enqueued: None,
    })
}
