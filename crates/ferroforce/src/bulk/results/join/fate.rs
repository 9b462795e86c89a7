use crate::error::{ApiError, Error};
use crate::types::RecordId;

/// What became of a row.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum RowOutcome {
    /// It was written.
    #[non_exhaustive]
    Written {
        /// The record's id.
        id: RecordId,
        /// Whether the record was created.
        created: bool,
    },
    /// Salesforce refused it.
    #[non_exhaustive]
    Failed {
        /// The record's id, where it is known.
        id: Option<RecordId>,
        /// Why.
        error: ApiError,
    },
    /// Nobody looked at it, because its job failed or was aborted.
    Unprocessed,
    /// Salesforce says nothing of it.
    Unaccounted,
    /// It could not be sent, and this is why.
    Refused(Error),
}

/// A result, as it is put aside.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fate {
    Written {
        id: RecordId,
        created: bool,
    },
    Failed {
        id: Option<RecordId>,
        error: ApiError,
    },
    Unprocessed,
    Unaccounted,
}

const NO_ID: [u8; 18] = [0; 18];

impl Fate {
    /// Adds it to `record`, to be read back by [`read`](Self::read).
    pub(super) fn write(&self, record: &mut Vec<u8>) {
        let id = |id: Option<&RecordId>| {
            id.and_then(|id| id.as_str().as_bytes().try_into().ok())
                .unwrap_or(NO_ID)
        };
        match self {
            Self::Written { id: of, created } => {
                record.push(if *created { 1 } else { 0 });
                record.extend_from_slice(&id(Some(of)));
            }
            Self::Failed { id: of, error } => {
                record.push(2);
                record.extend_from_slice(&id(of.as_ref()));
                let words = [error.code().as_str(), error.message()];
                let fields = error.fields().join(",");
                for text in words.into_iter().chain([fields.as_str()]) {
                    let length = u32::try_from(text.len()).unwrap_or(0);
                    record.extend_from_slice(&length.to_le_bytes());
                    if length > 0 {
                        record.extend_from_slice(text.as_bytes());
                    }
                }
            }
            Self::Unprocessed => record.push(3),
            Self::Unaccounted => record.push(4),
        }
    }

    pub(super) fn read(text: &mut Reader<'_>) -> Option<Self> {
        let kind = text.array::<1>()?[0];
        Some(match kind {
            0 | 1 => Self::Written {
                id: text.id()?,
                created: kind == 1,
            },
            2 => {
                let id = text.id();
                let (code, message) = (text.text()?, text.text()?);
                let fields = text.text()?;
                let fields = fields.split(',').filter(|field| !field.is_empty());
                let fields = fields.map(str::to_owned).collect();
                Self::Failed {
                    id,
                    error: ApiError::new(code, message).with_fields(fields),
                }
            }
            3 => Self::Unprocessed,
            _ => Self::Unaccounted,
        })
    }
}

impl From<Fate> for RowOutcome {
    fn from(fate: Fate) -> Self {
        match fate {
            Fate::Written { id, created } => Self::Written { id, created },
            Fate::Failed { id, error } => Self::Failed { id, error },
            Fate::Unprocessed => Self::Unprocessed,
            Fate::Unaccounted => Self::Unaccounted,
        }
    }
}

/// Reads what was put aside.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    fn id(&mut self) -> Option<RecordId> {
        std::str::from_utf8(&self.array::<18>()?).ok()?.parse().ok()
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(u32::from_le_bytes(self.array()?)).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }
}
