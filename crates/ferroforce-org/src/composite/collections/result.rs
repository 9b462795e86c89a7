//! What became of one record, as collections tell it.

use crate::error::{ApiError, ErrorItem};
use crate::id::RecordId;
use crate::json::Json;

/// The result of writing one record.
#[derive(Debug, Clone)]
pub(super) enum Saved {
    Done {
        id: RecordId,
        /// Whether it was new, where that is not clear.
        created: Option<bool>,
        /// Whether it was there before, so that its id is known when the write is undone.
        known: bool,
        /// What the errors of an event that was published say.
        enqueued: Option<Json>,
    },
    Failed(ApiError),
    /// Undone, since another record failed.
    RolledBack(Option<RecordId>),
}

impl Saved {
    pub(super) fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_))
    }

    /// The result once everything was undone.
    pub(super) fn into_rolled_back(self) -> Self {
        match self {
            Self::Done { id, known, .. } => Self::RolledBack(known.then_some(id)),
            other => other,
        }
    }

    fn to_json(&self) -> Json {
        match self {
            Self::Done {
                id,
                created,
                enqueued,
                ..
            } => {
                let mut members = vec![
                    ("id", Json::from(id.as_str())),
                    ("success", true.into()),
                    ("errors", enqueued.iter().cloned().collect()),
                ];
                members.extend(created.map(|created| ("created", created.into())));
                Json::object(members)
            }
            Self::Failed(error) => failure(None, errors(error.items())),
            Self::RolledBack(id) => failure(*id, errors(&[rolled_back()])),
        }
    }
}

/// `{"success":false,"errors":[…]}`, with an id if there is one to tell.
fn failure(id: Option<RecordId>, errors: Json) -> Json {
    let id = id.map(|id| ("id", Json::from(id.as_str())));
    let rest = [("success", Json::from(false)), ("errors", errors)];
    Json::object(id.into_iter().chain(rest))
}

/// `[{"statusCode":…,"message":…,"fields":[…]}]`
pub(in crate::composite) fn errors(items: &[ErrorItem]) -> Json {
    let items = items.iter().map(|item| {
        let fields = item.fields.iter().flatten().map(Json::from).collect();
        Json::object([
            ("statusCode", Json::from(item.code.as_ref())),
            ("message", item.message.as_ref().into()),
            ("fields", fields),
        ])
    });
    items.collect()
}

fn rolled_back() -> ErrorItem {
    ErrorItem::about::<String>(
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "Record rolled back because not all records were valid and the request was using \
         AllOrNone header"
            .to_owned(),
        [],
    )
}

pub(super) fn written(results: &[Saved]) -> Json {
    results.iter().map(Saved::to_json).collect()
}
