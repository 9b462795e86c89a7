//! The version of Salesforce's API.

use std::fmt;
use std::str::FromStr;

use crate::Error;
use crate::types::Excerpt;

/// The version of Salesforce's API that a client speaks.
///
/// A new one comes with each of Salesforce's three releases a year; answers of a version do not
/// change later, so a program keeps the version that it was written for.
///
/// ```
/// use ferroforce::ApiVersion;
///
/// let version: ApiVersion = "v66.0".parse()?;
/// assert_eq!(version, ApiVersion::DEFAULT);
/// assert_eq!(version.to_string(), "66.0");
/// assert_eq!(version.data_path(), "/services/data/v66.0");
/// assert!(version > ApiVersion::new(58)?);
/// # Ok::<(), ferroforce::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion(u16);

impl ApiVersion {
    /// The version that is spoken unless another is chosen: 66.0.
    pub const DEFAULT: Self = Self(66);

    /// The oldest version that Salesforce still serves: 31.0.
    pub const OLDEST: Self = Self(31);

    /// The version `number`.0.
    ///
    /// # Errors
    ///
    /// When Salesforce has retired it (below 31) or it has more than three digits.
    pub fn new(number: u16) -> Result<Self, Error> {
        match number {
            0..31 => Err(Error::invalid_input(format!(
                "API version {number}.0 is retired: Salesforce serves {} and later, and {} is the \
                 default here",
                Self::OLDEST,
                Self::DEFAULT,
            ))),
            31..1000 => Ok(Self(number)),
            _ => Err(not_a_version(&number.to_string())),
        }
    }

    /// The number before the `.0`.
    #[must_use]
    pub fn number(self) -> u16 {
        self.0
    }

    /// The path under which this version of the REST API is served, without a slash at its end.
    #[must_use]
    pub fn data_path(self) -> String {
        format!("/services/data/v{self}")
    }
}

fn not_a_version(text: &str) -> Error {
    Error::invalid_input(format!(
        "{} is not an API version: write it as 66, 66.0, v66 or v66.0",
        Excerpt(text)
    ))
}

impl Default for ApiVersion {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.0", self.0)
    }
}

impl FromStr for ApiVersion {
    type Err = Error;

    /// Reads `66`, `66.0`, `v66` or `v66.0`.
    ///
    /// # Errors
    ///
    /// When the text is anything else, or the version is retired.
    fn from_str(text: &str) -> Result<Self, Error> {
        let number = text.strip_prefix('v').unwrap_or(text);
        let digits = number.strip_suffix(".0").unwrap_or(number);
        let plain = (1..=3).contains(&digits.len())
            && digits.bytes().all(|c| c.is_ascii_digit())
            && !digits.starts_with('0');
        match digits.parse() {
            Ok(number) if plain => Self::new(number),
            _ => Err(not_a_version(text)),
        }
    }
}

impl TryFrom<&str> for ApiVersion {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        text.parse()
    }
}

impl TryFrom<u16> for ApiVersion {
    type Error = Error;

    fn try_from(number: u16) -> Result<Self, Error> {
        Self::new(number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn forms_that_are_read() {
        for (text, number) in [
            ("66", 66),
            ("66.0", 66),
            ("v66", 66),
            ("v66.0", 66),
            ("31", 31),
            ("v31.0", 31),
            ("999.0", 999),
        ] {
            let version: ApiVersion = text.parse().unwrap();
            assert_eq!(version.number(), number, "{text}");
            assert_eq!(version.to_string(), format!("{number}.0"));
            assert_eq!(version.data_path(), format!("/services/data/v{number}.0"));
        }
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for text in [
            "",
            " ",
            "v",
            ".0",
            "v.0",
            "66.1",
            "66.00",
            "66.",
            "66.0.0",
            "066",
            "0",
            "v0.0",
            "V66",
            "vv66",
            " 66",
            "66 ",
            "66\n",
            "+66",
            "-66",
            "1000",
            "6６",
            "٦٦",
            "66,0",
            "latest",
            "99999999999999999999",
        ] {
            let error = text.parse::<ApiVersion>().unwrap_err().to_string();
            assert!(
                error.contains("write it as 66, 66.0, v66 or v66.0"),
                "{text}: {error}"
            );
        }
        assert!(ApiVersion::new(1000).is_err());
        assert!(ApiVersion::new(u16::MAX).is_err());
    }

    #[test]
    fn retired_versions_are_refused_as_such() {
        for text in ["30", "v30.0", "1"] {
            let error = text.parse::<ApiVersion>().unwrap_err().to_string();
            assert!(
                error.contains("is retired: Salesforce serves 31.0 and later"),
                "{error}"
            );
        }
        assert!(ApiVersion::new(0).is_err());
    }

    #[test]
    fn order_is_by_number() {
        assert!(ApiVersion::new(100).unwrap() > ApiVersion::new(66).unwrap());
        assert_eq!(ApiVersion::default(), ApiVersion::DEFAULT);
        assert_eq!(ApiVersion::new(31).unwrap(), ApiVersion::OLDEST);
        assert_eq!(
            ApiVersion::try_from("v66").unwrap(),
            ApiVersion::try_from(66).unwrap()
        );
    }

    proptest! {
        #[test]
        fn what_is_read_prints_as_number_dot_zero(text in "v?[0-9]{1,4}(\\.[0-9]{0,2})?|.{0,8}") {
            if let Ok(version) = text.parse::<ApiVersion>() {
                let digits = text.trim_start_matches('v').trim_end_matches(".0");
                prop_assert_eq!(version.to_string(), format!("{digits}.0"));
            }
        }
    }
}
