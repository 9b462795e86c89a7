use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::types::Record;

/// One error of Salesforce's own.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    code: ErrorCode,
    message: String,
    fields: Vec<String>,
    duplicates: Vec<DuplicateMatch>,
}

/// A record that a duplicate rule found.
///
/// `Debug` and `Display` show no field of the record.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct DuplicateMatch {
    /// The record's id, where the rule shows it.
    pub id: Option<String>,
    /// The object that the record belongs to.
    pub sobject: Option<String>,
    /// How sure the match is, in percent.
    pub confidence: f64,
    /// The engine that found it, `ExactMatchEngine` for example.
    pub engine: String,
    /// The matching rule.
    pub rule: String,
    /// The duplicate rule that asked the matching rule.
    pub duplicate_rule: String,
    /// Whether the duplicate rule lets the record be written all the same: see
    /// [`DuplicateRule::allow_save`](crate::client::DuplicateRule::allow_save).
    pub allow_save: bool,
    record: Option<Box<str>>,
}

impl DuplicateMatch {
    /// The record: its id, and the fields that the matching rule looks at where
    /// the call asked for them by
    /// [`DuplicateRule::include_record_details`](crate::client::DuplicateRule::include_record_details).
    pub fn record(&self) -> Option<Record> {
        serde_json::from_str(self.record.as_deref()?).ok()
    }
}

impl fmt::Debug for DuplicateMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DuplicateMatch")
            .field("id", &self.id)
            .field("sobject", &self.sobject)
            .field("confidence", &self.confidence)
            .field("rule", &self.rule)
            .field("duplicate_rule", &self.duplicate_rule)
            .field("allow_save", &self.allow_save)
            .finish_non_exhaustive()
    }
}

// Confidence comes as a finite JSON number, never NaN.
impl Eq for DuplicateMatch {}

impl ApiError {
    /// An error with a code and a message.
    pub fn new(code: impl Into<ErrorCode>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            fields: Vec::new(),
            duplicates: Vec::new(),
        }
    }

    pub(crate) fn with_fields(self, fields: Vec<String>) -> Self {
        Self { fields, ..self }
    }

    /// The code, `REQUIRED_FIELD_MISSING` for example.
    pub fn code(&self) -> &ErrorCode {
        &self.code
    }

    /// Salesforce's own words. They may hold data of the org.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The fields that the error is about.
    pub fn fields(&self) -> &[String] {
        &self.fields
    }

    /// The records that stood in the way of this one. Only with
    /// [`ErrorCode::DuplicatesDetected`].
    ///
    /// Salesforce includes them for single records. Where the rule allows it, a
    /// [`DuplicateRule`](crate::client::DuplicateRule) on the call writes all the same.
    pub fn duplicates(&self) -> &[DuplicateMatch] {
        &self.duplicates
    }

    pub(crate) fn is_concurrency_limit(&self) -> bool {
        // One code covers the daily quota and requests at once; the words tell.
        self.code == ErrorCode::RequestLimitExceeded && self.message.contains("Concurrent")
    }

    pub(crate) fn is_expired_session(&self) -> bool {
        self.code == ErrorCode::InvalidSessionId
            && !self.message.contains("not valid for use with the REST API")
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        if !self.fields.is_empty() {
            write!(f, " (fields: {})", self.fields.join(", "))?;
        }
        for found in &self.duplicates {
            write!(
                f,
                "\n  {} ({:.1}%, {}, {})",
                found.id.as_deref().unwrap_or("<hidden>"),
                found.confidence,
                found.engine,
                found.rule
            )?;
        }
        Ok(())
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("code", &self.code)
            .field("message", &self.message)
            .field("fields", &self.fields)
            .field("duplicates", &self.duplicates)
            .finish()
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A code of Salesforce's. The set is open: what this crate has no name
        /// for is [`ErrorCode::Other`] with the code as it came.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[$doc])* $name,)*
            /// Any other code, as it came.
            Other(Box<str>),
        }

        impl ErrorCode {
            /// The code as Salesforce writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Other(code) => code,
                }
            }
        }

        impl From<&str> for ErrorCode {
            fn from(code: &str) -> Self {
                match code {
                    $($text => Self::$name,)*
                    other => Self::Other(other.into()),
                }
            }
        }
    };
}

codes! {
    /// The session is unknown, expired or locked to another address.
    InvalidSessionId = "INVALID_SESSION_ID",
    /// The daily quota is used up, or too many long calls run at once.
    RequestLimitExceeded = "REQUEST_LIMIT_EXCEEDED",
    /// Another transaction holds the record.
    UnableToLockRow = "UNABLE_TO_LOCK_ROW",
    /// The address or record does not exist.
    NotFound = "NOT_FOUND",
    /// The record is in the recycle bin.
    EntityIsDeleted = "ENTITY_IS_DELETED",
    /// A duplicate rule stopped the write.
    DuplicatesDetected = "DUPLICATES_DETECTED",
    /// A unique field holds this value elsewhere.
    DuplicateValue = "DUPLICATE_VALUE",
    /// A field that must have a value has none.
    RequiredFieldMissing = "REQUIRED_FIELD_MISSING",
    /// No such field, or it is hidden from this user.
    InvalidField = "INVALID_FIELD",
    /// No such object, or it is hidden from this user.
    InvalidType = "INVALID_TYPE",
    /// The query is not SOQL.
    MalformedQuery = "MALFORMED_QUERY",
    /// The search is not SOSL.
    MalformedSearch = "MALFORMED_SEARCH",
    /// The id is not one, or is one of another object.
    MalformedId = "MALFORMED_ID",
    /// The page of a query is gone: Salesforce keeps pages for two days.
    InvalidQueryLocator = "INVALID_QUERY_LOCATOR",
    /// A filter does not fit the type of its field.
    InvalidQueryFilterOperator = "INVALID_QUERY_FILTER_OPERATOR",
    /// A validation rule of the org refused the record.
    FieldCustomValidationException = "FIELD_CUSTOM_VALIDATION_EXCEPTION",
    /// The user may not do this.
    InsufficientAccess = "INSUFFICIENT_ACCESS",
    /// The user may not write this record.
    InsufficientAccessOrReadonly = "INSUFFICIENT_ACCESS_OR_READONLY",
    /// The org has no API access.
    ApiDisabledForOrg = "API_DISABLED_FOR_ORG",
    /// API access is switched off for this user.
    ApiCurrentlyDisabled = "API_CURRENTLY_DISABLED",
    /// The body is not the JSON that was expected.
    JsonParserError = "JSON_PARSER_ERROR",
    /// The query ran too long.
    QueryTimeout = "QUERY_TIMEOUT",
    /// A request of a composite was not carried out, or was undone, because
    /// another one failed.
    ProcessingHalted = "PROCESSING_HALTED",
    /// A record of a collection was undone because another one failed.
    AllOrNoneOperationRolledBack = "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    /// A request of a batch was not carried out because an earlier one failed.
    BatchProcessingHalted = "BATCH_PROCESSING_HALTED",
    /// Salesforce is not available.
    ServerUnavailable = "SERVER_UNAVAILABLE",
}

/// Bulk API 1.0 writes its codes in another way.
const SYNONYMS: [(&str, &str); 1] = [("InvalidSessionId", "INVALID_SESSION_ID")];

/// The endpoints that tell who a user is turn an expired session down with this
/// word alone.
const BAD_TOKEN: &str = "Bad_OAuth_Token";

/// Codes go into logs, so what does not look like one is none: they are short
/// and made of letters, digits, underscores and dots.
const CODE_LENGTH: usize = 80;

impl From<String> for ErrorCode {
    fn from(code: String) -> Self {
        Self::from(code.as_str())
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(alias = "statusCode", alias = "exceptionCode")]
    #[serde(rename = "errorCode")]
    code: String,
    #[serde(default, alias = "exceptionMessage")]
    message: Option<String>,
    #[serde(default)]
    fields: Option<Vec<String>>,
    // Recorded answers have the misspelt key, and newer ones may have either.
    #[serde(default, borrow, rename = "duplicateResut")]
    misspelt_duplicates: Option<&'a RawValue>,
    #[serde(default, borrow, rename = "duplicateResult")]
    duplicates: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireDuplicates {
    #[serde(default)]
    allow_save: bool,
    #[serde(default)]
    duplicate_rule: Option<String>,
    #[serde(default)]
    match_results: Vec<WireMatchResult>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMatchResult {
    #[serde(default)]
    entity_type: Option<String>,
    #[serde(default)]
    match_engine: String,
    #[serde(default)]
    rule: String,
    #[serde(default)]
    match_records: Vec<WireMatchRecord>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMatchRecord {
    #[serde(default)]
    match_confidence: f64,
    #[serde(default)]
    record: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct WireRecord {
    #[serde(rename = "Id", default)]
    id: Option<String>,
}

impl From<Wire<'_>> for ApiError {
    fn from(wire: Wire<'_>) -> Self {
        Self {
            code: ErrorCode::from(synonym(&wire.code)),
            message: wire.message.unwrap_or_default(),
            fields: wire.fields.unwrap_or_default(),
            duplicates: wire
                .duplicates
                .or(wire.misspelt_duplicates)
                .map(matches)
                .unwrap_or_default(),
        }
    }
}

fn matches(raw: &RawValue) -> Vec<DuplicateMatch> {
    let Ok(wire) = serde_json::from_str::<WireDuplicates>(raw.get()) else {
        return Vec::new();
    };
    let WireDuplicates {
        allow_save,
        duplicate_rule,
        match_results,
    } = wire;
    let duplicate_rule = duplicate_rule.unwrap_or_default();
    let mut matches = Vec::new();
    for result in match_results {
        for found in result.match_records {
            matches.push(DuplicateMatch {
                id: found.record.as_deref().and_then(id_of),
                sobject: result.entity_type.clone(),
                confidence: found.match_confidence,
                engine: result.match_engine.clone(),
                rule: result.rule.clone(),
                duplicate_rule: duplicate_rule.clone(),
                allow_save,
                record: found.record.map(Into::into),
            });
        }
    }
    matches
}

fn id_of(record: &RawValue) -> Option<String> {
    serde_json::from_str::<WireRecord>(record.get()).ok()?.id
}

/// Reads an error body: a list of errors, a single one, or nothing that this
/// crate knows (HTML from the edge, for example), which gives an empty list.
pub(crate) fn parse_error_body(body: &[u8]) -> Vec<ApiError> {
    if body.trim_ascii() == BAD_TOKEN.as_bytes() {
        return vec![ApiError {
            code: ErrorCode::InvalidSessionId,
            message: BAD_TOKEN.to_owned(),
            fields: Vec::new(),
            duplicates: Vec::new(),
        }];
    }
    let list = match body.trim_ascii_start().first() {
        Some(b'[') => serde_json::from_slice::<Vec<Wire<'_>>>(body),
        Some(b'{') => serde_json::from_slice::<Wire<'_>>(body).map(|one| vec![one]),
        // Bulk API 1.0, unless its job is one of JSON.
        Some(b'<') => return from_xml(body).into_iter().collect(),
        _ => return Vec::new(),
    };
    list.unwrap_or_default()
        .into_iter()
        .filter(|wire| is_code(&wire.code))
        .map(ApiError::from)
        .collect()
}

/// A page of HTML has no such element.
fn from_xml(body: &[u8]) -> Option<ApiError> {
    let error = crate::xml::records_of(body, "error")?.into_iter().next()?;
    let text = |wanted: &str| error.iter().find(|(name, _)| name == wanted);
    let (_, code) = text("exceptionCode")?;
    is_code(code).then(|| {
        let message = text("exceptionMessage").map(|(_, message)| message.clone());
        ApiError::new(synonym(code), message.unwrap_or_default())
    })
}

/// The code as the other APIs write it.
fn synonym(code: &str) -> &str {
    let known = SYNONYMS.iter().find(|(from, _)| *from == code);
    known.map_or(code, |(_, to)| to)
}

fn is_code(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    (1..=CODE_LENGTH).contains(&text.len()) && text.bytes().all(allowed)
}
