//! What the headers of a request ask for when records are saved and read.

use super::request::ApiRequest;
use crate::error::ApiError;
use crate::id::RecordId;

/// The options, with their defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Options {
    /// Whether a record is saved although it looks like another.
    pub(crate) allow_duplicates: bool,
    /// Whether duplicates are told with all their fields.
    pub(crate) include_duplicates: bool,
    /// Whether a record that is saved or read counts as recently used.
    pub(crate) update_mru: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            allow_duplicates: false,
            include_duplicates: false,
            update_mru: true,
        }
    }
}

impl Options {
    /// Reads the headers of a request. An option that is neither `true` nor `false` keeps its
    /// default. Assignment rules must be ones that the org has, and it has none.
    pub(super) fn of(request: &ApiRequest) -> Result<Self, ApiError> {
        check_assignment(request.header("sforce-auto-assign"))?;
        let duplicates = request.header("sforce-duplicate-rule-header");
        let default = Self::default();
        Ok(Self {
            allow_duplicates: flag(duplicates, "allowSave").unwrap_or(default.allow_duplicates),
            include_duplicates: flag(duplicates, "includeRecordDetails")
                .unwrap_or(default.include_duplicates),
            update_mru: flag(request.header("sforce-mru"), "updateMru")
                .unwrap_or(default.update_mru),
        })
    }
}

/// The value of an option in a header such as `allowSave=true; includeRecordDetails=false`.
fn flag(header: Option<&str>, wanted: &str) -> Option<bool> {
    header?.split([';', ',']).find_map(|option| {
        let (name, value) = option.split_once('=')?;
        if !name.trim().eq_ignore_ascii_case(wanted) {
            return None;
        }
        value.trim().to_ascii_lowercase().parse().ok()
    })
}

/// `TRUE`, `FALSE`, or the id of a rule.
fn check_assignment(header: Option<&str>) -> Result<(), ApiError> {
    let Some(value) = header.map(str::trim) else {
        return Ok(());
    };
    if value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false") {
        return Ok(());
    }
    Err(match value.parse::<RecordId>() {
        Ok(_) => ApiError::bad_request(
            "INVALID_ASSIGNMENT_RULE",
            "Sforce-Auto-Assign names an assignment rule that does not exist",
        ),
        Err(_) => ApiError::bad_request(
            "MALFORMED_ID",
            "Sforce-Auto-Assign takes TRUE, FALSE or the id of an assignment rule",
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_whatever_their_letter_case() {
        for (header, expected) in [
            ("allowSave=true", Some(true)),
            ("includeRecordDetails=true; allowsave = TRUE", Some(true)),
            ("runAsCurrentUser=true, allowSave=false", Some(false)),
            ("allowSave=yes", None),
            ("allowSave", None),
            ("", None),
        ] {
            assert_eq!(flag(Some(header), "allowSave"), expected, "{header}");
        }
    }

    #[test]
    fn assignment_rules_are_on_or_off() {
        for (header, expected) in [
            (None, None),
            (Some("TRUE"), None),
            (Some("false"), None),
            (Some("01QLo0000000001"), Some("INVALID_ASSIGNMENT_RULE")),
            (Some("maybe"), Some("MALFORMED_ID")),
        ] {
            let code = check_assignment(header)
                .err()
                .map(|error| error.items()[0].code.to_string());
            assert_eq!(code.as_deref(), expected);
        }
    }
}
