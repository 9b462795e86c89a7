//! Locks of records that somebody else holds. Nobody else is there: it takes a fault.

use rusqlite::types::Value;

use super::incoming::Incoming;
use crate::admin::Lock;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::rest::Context;
use crate::schema::{FieldType, Object};

/// Refuses the write of a record for which locks are needed that somebody else holds: its own,
/// and those of the records that it is made to refer to.
pub(super) fn check(
    context: &Context<'_>,
    object: &Object,
    own: Option<RecordId>,
    incoming: Option<&Incoming<'_>>,
) -> Result<(), ApiError> {
    let referred = || {
        let fields = incoming.iter().flat_map(|incoming| &incoming.fields);
        let ids = fields.filter_map(|(field, value)| match value {
            Value::Text(id) if field.field_type == FieldType::Reference => id.parse().ok(),
            _ => None,
        });
        ids.collect()
    };
    let message = match context.org.admin.lock(&object.name, own, referred) {
        None => return Ok(()),
        Some(Lock::Own) => "unable to obtain exclusive access to this record".to_owned(),
        Some(Lock::Of(id)) => {
            format!("unable to obtain exclusive access to this record or 1 records: {id}")
        }
    };
    Err(ApiError::bad_request("UNABLE_TO_LOCK_ROW", message).with_fields::<String>([]))
}
