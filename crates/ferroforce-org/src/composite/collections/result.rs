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
    Failed {
        error: ApiError,
        /// Whether it would have been new, where that is not clear.
        created: Option<bool>,
    },
    /// Undone, since another record failed.
    RolledBack {
        id: Option<RecordId>,
        created: Option<bool>,
    },
}

impl From<ApiError> for Saved {
    fn from(error: ApiError) -> Self {
        let created = None;
        Self::Failed { error, created }
    }
}

impl Saved {
    pub(super) fn is_failure(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }

    /// The result once everything was undone.
    pub(super) fn into_rolled_back(self) -> Self {
        match self {
            Self::Done {
                id, created, known, ..
            } => Self::RolledBack {
                id: known.then_some(id),
                created,
            },
            other => other,
        }
    }

    /// Where it is not told yet whether a record that was not written would have been new.
    pub(super) fn created_if_written(&mut self) -> Option<&mut Option<bool>> {
        match self {
            Self::Failed { created, .. } | Self::RolledBack { created, .. } => {
                Some(created).filter(|created| created.is_none())
            }
            Self::Done { .. } => None,
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
            Self::Failed { error, created } => failure(None, errors(error.items()), *created),
            Self::RolledBack { id, created } => failure(*id, errors(&[rolled_back()]), *created),
        }
    }
}

/// `{"success":false,"errors":[…]}`, with an id if there is one to tell.
fn failure(id: Option<RecordId>, errors: Json, created: Option<bool>) -> Json {
    let id = id.map(|id| ("id", Json::from(id.as_str())));
    let rest = [("success", Json::from(false)), ("errors", errors)];
    let created = created.map(|created| ("created", created.into()));
    Json::object(id.into_iter().chain(rest).chain(created))
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
