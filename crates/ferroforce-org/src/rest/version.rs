//! Versions of the API.

use std::fmt;

use http::StatusCode;

use crate::error::ApiError;
use crate::json::Json;

/// A version that the org serves, such as `v66.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ApiVersion {
    number: u16,
    /// Whether it is the version of the Tooling API.
    tooling: bool,
}

impl ApiVersion {
    /// The oldest that Salesforce has not retired.
    pub(crate) const OLDEST: Self = Self::of(31);
    /// The newest there is.
    pub(crate) const NEWEST: Self = Self::of(68);
    /// The oldest that the REST API ever had.
    const FIRST: Self = Self::of(20);

    const fn of(number: u16) -> Self {
        Self {
            number,
            tooling: false,
        }
    }

    /// The same version of the Tooling API.
    pub(crate) fn tooling(self) -> Self {
        Self {
            tooling: true,
            ..self
        }
    }

    /// Whether it is a version of the Tooling API.
    pub(crate) fn is_tooling(self) -> bool {
        self.tooling
    }

    /// Reads the segment of a path, such as `v66.0`.
    pub(crate) fn from_segment(segment: &str, serve_retired: bool) -> Result<Self, ApiError> {
        let number = segment
            .strip_prefix('v')
            .and_then(|version| version.strip_suffix(".0"))
            .filter(|number| number.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|number| number.parse().ok())
            .map(Self::of)
            .filter(|version| (Self::FIRST..=Self::NEWEST).contains(version))
            .ok_or_else(ApiError::not_found)?;
        if number < Self::OLDEST && !serve_retired {
            return Err(ApiError::new(
                StatusCode::GONE,
                "UNSUPPORTED_API_VERSION",
                "410:GONE",
            ));
        }
        Ok(number)
    }

    /// The version with a number that has been checked before.
    pub(crate) const fn of_number(number: u16) -> Self {
        Self::of(number)
    }

    /// The number before the `.0`.
    pub(crate) fn number(self) -> u16 {
        self.number
    }

    /// The path under which this version answers: `/services/data/v66.0`.
    pub(crate) fn path(self) -> String {
        let below = if self.tooling { "/tooling" } else { "" };
        format!("/services/data/v{self}{below}")
    }

    /// Three a year: `Spring '26` is 66.
    fn label(self) -> String {
        let (years, release) = ((self.number - 20) / 3, (self.number - 20) % 3);
        let (season, year) = match release {
            0 => ("Winter", 11 + years),
            1 => ("Spring", 11 + years),
            _ => ("Summer", 11 + years),
        };
        format!("{season} '{year}")
    }

    /// The answer to `GET /services/data`.
    pub(crate) fn list(serve_retired: bool) -> Json {
        let oldest = if serve_retired {
            Self::FIRST
        } else {
            Self::OLDEST
        };
        (oldest.number..=Self::NEWEST.number)
            .map(Self::of)
            .map(|version| {
                Json::object([
                    ("label", version.label()),
                    ("url", version.path()),
                    ("version", version.to_string()),
                ])
            })
            .collect()
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.0", self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_served_or_retired_or_unknown() {
        for (segment, expected) in [
            ("v66.0", Ok(66)),
            ("v31.0", Ok(31)),
            ("v30.0", Err(StatusCode::GONE)),
            ("v20.0", Err(StatusCode::GONE)),
            ("v19.0", Err(StatusCode::NOT_FOUND)),
            ("v99.0", Err(StatusCode::NOT_FOUND)),
            ("v66.1", Err(StatusCode::NOT_FOUND)),
            ("v66", Err(StatusCode::NOT_FOUND)),
            ("v+66.0", Err(StatusCode::NOT_FOUND)),
            ("66.0", Err(StatusCode::NOT_FOUND)),
            ("v99999999.0", Err(StatusCode::NOT_FOUND)),
        ] {
            let version = ApiVersion::from_segment(segment, false);
            let version = version.map(ApiVersion::number).map_err(|e| e.status());
            assert_eq!(version, expected, "{segment}");
        }
        assert_eq!(
            ApiVersion::from_segment("v26.0", true),
            Ok(ApiVersion::of(26))
        );
    }

    #[test]
    fn releases_have_their_names() {
        for (version, label) in [
            (20, "Winter '11"),
            (58, "Summer '23"),
            (59, "Winter '24"),
            (60, "Spring '24"),
            (62, "Winter '25"),
            (66, "Spring '26"),
        ] {
            assert_eq!(ApiVersion::of(version).label(), label);
        }
    }
}
