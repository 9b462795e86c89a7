use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::{Error, Result};

/// What stays as it is in a path segment: the unreserved characters of RFC 3986.
pub(crate) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// An encoded path and the template that it was made from. The template holds
/// no values, so it may be logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    template: Cow<'static, str>,
    path: String,
}

impl Path {
    /// Fills the `{name}` places of `template` with `values`, each encoded as
    /// one segment.
    ///
    /// # Errors
    /// A value that no segment can carry: an empty one, `.` and `..` would
    /// reach another address. Salesforce trims texts, so a blank one is empty.
    pub(crate) fn fill(template: &'static str, values: &[&str]) -> Result<Self> {
        let mut path = String::with_capacity(template.len() + 24);
        let mut values = values.iter();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            path.push_str(before);
            let value = values.next().copied().unwrap_or_default();
            if value.trim().is_empty() || matches!(value, "." | "..") {
                return Err(Error::invalid_input(format!(
                    "{name} is {value:?}, which no address can carry; use another way to \
                     reach the record, its id for example"
                )));
            }
            path.extend(utf8_percent_encode(value, SEGMENT));
            rest = after;
        }
        path.push_str(rest);
        Ok(Self {
            template: Cow::Borrowed(template),
            path,
        })
    }

    /// A path that is sent as it is given. Its values are unknown, so the
    /// template is `label`, or a word that says as much.
    pub(crate) fn verbatim(path: impl Into<String>, label: Option<Cow<'static, str>>) -> Self {
        Self {
            template: label.unwrap_or(Cow::Borrowed("{path}")),
            path: path.into(),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.path
    }

    pub(crate) fn template(&self) -> &str {
        &self.template
    }

    pub(crate) fn template_cow(&self) -> Cow<'static, str> {
        self.template.clone()
    }

    /// Below the host rather than below the version.
    pub(crate) fn is_absolute(&self) -> bool {
        self.path.starts_with("/services/") || self.path.starts_with("/id/")
    }
}

/// Whether a path has a segment that leads up, or stays: it would reach another
/// address than it names.
pub(crate) fn climbs(path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    path.split('/').any(|segment| {
        let segment = segment.to_ascii_lowercase().replace("%2e", ".");
        matches!(segment.as_str(), "." | "..")
    })
}
