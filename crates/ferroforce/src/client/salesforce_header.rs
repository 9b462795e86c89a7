//! What Salesforce's own request headers say, as types.

use http::header::{HeaderName, HeaderValue};

use crate::error::{Error, Result};
use crate::types::RecordId;

/// What the org's duplicate rules do about a write. By default they stop it with
/// [`DUPLICATES_DETECTED`](crate::ErrorCode::DuplicatesDetected), or let it pass,
/// as the org has set them.
///
/// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_duplicaterules.htm>
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct DuplicateRule {
    allow_save: bool,
    include_record_details: bool,
    run_as_current_user: bool,
}

impl DuplicateRule {
    /// As Salesforce does without the header.
    pub const fn new() -> Self {
        Self {
            allow_save: false,
            include_record_details: false,
            run_as_current_user: false,
        }
    }

    /// Writes the record although duplicates are found, where the rule lets users
    /// do so.
    #[must_use]
    pub const fn allow_save(mut self, allow: bool) -> Self {
        self.allow_save = allow;
        self
    }

    /// Lists the fields of the records that were found, not only their ids.
    #[must_use]
    pub const fn include_record_details(mut self, include: bool) -> Self {
        self.include_record_details = include;
        self
    }

    /// Looks for duplicates among the records that the user may see.
    #[must_use]
    pub const fn run_as_current_user(mut self, run: bool) -> Self {
        self.run_as_current_user = run;
        self
    }

    pub(crate) fn header(self) -> Result<(HeaderName, HeaderValue)> {
        let Self {
            allow_save,
            include_record_details,
            run_as_current_user,
        } = self;
        let value = format!(
            "allowSave={allow_save}; includeRecordDetails={include_record_details}; \
             runAsCurrentUser={run_as_current_user}"
        );
        text("sforce-duplicate-rule-header", value)
    }
}

/// Which assignment rule decides whose an account, case or lead will be.
/// Without one, Salesforce applies the active rule.
///
/// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_autoassign.htm>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AssignmentRule {
    /// The active rule.
    Active,
    /// No rule: the record stays with the user, or with the owner that it names.
    Off,
    /// This rule, active or not.
    Id(RecordId),
}

impl AssignmentRule {
    pub(crate) fn header(self) -> Result<(HeaderName, HeaderValue)> {
        let value = match self {
            Self::Active => "TRUE".to_owned(),
            Self::Off => "FALSE".to_owned(),
            Self::Id(id) => id.to_string(),
        };
        text("sforce-auto-assign", value)
    }
}

impl From<RecordId> for AssignmentRule {
    fn from(id: RecordId) -> Self {
        Self::Id(id)
    }
}

/// Who calls, and in which namespace names are looked up.
///
/// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_calloptions.htm>
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallOptions {
    client: Option<String>,
    default_namespace: Option<String>,
}

impl CallOptions {
    /// No options.
    pub const fn new() -> Self {
        Self {
            client: None,
            default_namespace: None,
        }
    }

    /// The client's name, which the org's logs show.
    #[must_use]
    pub fn client(mut self, name: impl Into<String>) -> Self {
        self.client = Some(name.into());
        self
    }

    /// The namespace of a package: its fields and objects can then be named
    /// without the prefix. Describes do not look at it.
    #[must_use]
    pub fn default_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.default_namespace = Some(namespace.into());
        self
    }

    pub(crate) fn header(&self) -> Result<(HeaderName, HeaderValue)> {
        let mut value = String::new();
        for (name, part) in [
            ("client", &self.client),
            ("defaultNamespace", &self.default_namespace),
        ] {
            let Some(part) = part else { continue };
            let allowed = |c: char| c.is_ascii_graphic() && !matches!(c, ';' | ',' | '=');
            if part.is_empty() || !part.chars().all(allowed) {
                return Err(Error::invalid_input(format!(
                    "the call option {name} is empty or holds blanks, commas, semicolons, equal \
                     signs or other characters that it cannot"
                )));
            }
            if !value.is_empty() {
                value.push_str("; ");
            }
            value.push_str(name);
            value.push('=');
            value.push_str(part);
        }
        text("sforce-call-options", value)
    }
}

pub(crate) fn update_mru(update: bool) -> Result<(HeaderName, HeaderValue)> {
    text("sforce-mru", format!("updateMru={update}"))
}

pub(crate) fn package_version(namespace: &str, version: &str) -> Result<(HeaderName, HeaderValue)> {
    let is_namespace = namespace.starts_with(|c: char| c.is_ascii_alphabetic())
        && namespace
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_');
    let is_version = version
        .split_once('.')
        .is_some_and(|(major, minor)| is_number(major) && is_number(minor));
    if !is_namespace || !is_version {
        return Err(Error::invalid_input(
            "a package version is a namespace, like acme, and a version, like 1.0",
        ));
    }
    let name = format!("x-sfdc-packageversion-{}", namespace.to_ascii_lowercase());
    let name = HeaderName::try_from(name).map_err(|error| {
        Error::invalid_input("the namespace makes no header").with_source(error)
    })?;
    Ok((name, value(version.to_owned())?))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn text(name: &'static str, content: String) -> Result<(HeaderName, HeaderValue)> {
    Ok((HeaderName::from_static(name), value(content)?))
}

fn value(content: String) -> Result<HeaderValue> {
    HeaderValue::try_from(content)
        .map_err(|error| Error::invalid_input("the option makes no header").with_source(error))
}

/// The setters for Salesforce's headers, for every type that has a method
/// `put(&mut self, Result<(HeaderName, HeaderValue)>)`: those of any call, or those
/// that mean something to calls that read.
macro_rules! salesforce_headers {
    () => {
        $crate::client::salesforce_headers!(reads);

        /// What the org's duplicate rules do about this write.
        pub fn duplicate_rule(mut self, rule: $crate::client::DuplicateRule) -> Self {
            self.put(rule.header());
            self
        }

        /// Which assignment rule applies to this write.
        pub fn assignment_rule(mut self, rule: impl Into<$crate::client::AssignmentRule>) -> Self {
            self.put(rule.into().header());
            self
        }
    };
    (reads) => {
        /// Adds a header, or replaces one. A name or value that no header can have
        /// becomes the call's error.
        pub fn header(mut self, name: &str, value: &str) -> Self {
            self.put($crate::client::given_header(name, value));
            self
        }

        /// Who calls, and in which namespace names are looked up.
        pub fn call_options(mut self, options: &$crate::client::CallOptions) -> Self {
            self.put(options.header());
            self
        }

        /// Whether the record becomes one of the user's recently used ones. For API
        /// version 60.0 and later.
        ///
        /// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_mru.htm>
        pub fn update_mru(mut self, update: bool) -> Self {
            self.put($crate::client::update_mru(update));
            self
        }

        /// The version of an installed package that this call was written for:
        /// `("acme", "1.0")`.
        ///
        /// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_package_version.htm>
        pub fn package_version(mut self, namespace: &str, version: &str) -> Self {
            self.put($crate::client::package_version(namespace, version));
            self
        }
    };
}

pub(crate) use salesforce_headers;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(header: Result<(HeaderName, HeaderValue)>) -> String {
        let (name, value) = header.unwrap();
        format!("{name}: {}", value.to_str().unwrap())
    }

    #[test]
    fn what_is_written() {
        let rule = "001Pc00000LuBMU".parse::<RecordId>().unwrap();
        for (header, expected) in [
            (
                DuplicateRule::new().allow_save(true).header(),
                "sforce-duplicate-rule-header: allowSave=true; includeRecordDetails=false; runAsCurrentUser=false",
            ),
            (
                DuplicateRule::new()
                    .include_record_details(true)
                    .run_as_current_user(true)
                    .header(),
                "sforce-duplicate-rule-header: allowSave=false; includeRecordDetails=true; runAsCurrentUser=true",
            ),
            (AssignmentRule::Active.header(), "sforce-auto-assign: TRUE"),
            (AssignmentRule::Off.header(), "sforce-auto-assign: FALSE"),
            (
                AssignmentRule::from(rule).header(),
                "sforce-auto-assign: 001Pc00000LuBMUIA3",
            ),
            (
                CallOptions::new()
                    .default_namespace("acme")
                    .client("ferroforce/1")
                    .header(),
                "sforce-call-options: client=ferroforce/1; defaultNamespace=acme",
            ),
            (update_mru(true), "sforce-mru: updateMru=true"),
            (
                package_version("Acme_1", "12.0"),
                "x-sfdc-packageversion-acme_1: 12.0",
            ),
        ] {
            assert_eq!(shown(header), expected);
        }
    }

    #[test]
    fn what_no_header_can_say_is_refused() {
        for header in [
            CallOptions::new().client("a;b").header(),
            CallOptions::new().client("").header(),
            CallOptions::new().default_namespace("a b").header(),
            CallOptions::new().client("a\r\nb").header(),
            package_version("", "1.0"),
            package_version("a-b", "1.0"),
            package_version("acme", "1"),
            package_version("acme", "1.0.0"),
        ] {
            assert_eq!(header.unwrap_err().kind(), crate::ErrorKind::InvalidInput);
        }
    }
}
