//! Seed files.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value as JsonValue;
use toml::Value as TomlValue;

use crate::auth::{ConnectedApp, Profile, User};
use crate::local::StartError;
use crate::named_query::NamedQuery;
use crate::report::Report;

/// What a seed file holds; everything may be missing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SeedFile {
    pub(crate) profiles: Vec<Profile>,
    pub(crate) users: Vec<User>,
    pub(crate) apps: Vec<ConnectedApp>,
    pub(crate) named_queries: Vec<NamedQuery>,
    pub(crate) reports: Vec<Report>,
    pub(crate) records: Vec<JsonValue>,
}

impl SeedFile {
    /// Reads a file: JSON if its name ends so, else TOML.
    pub(crate) fn read(path: &Path) -> Result<Self, StartError> {
        let wrong = |why: &dyn std::fmt::Display| {
            StartError::new(format_args!("the seed file {}: {why}", path.display()))
        };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
        let json = path
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("json"));
        if json {
            serde_json::from_str(&text).map_err(|error| wrong(&error))
        } else {
            Self::from_toml(&text).map_err(|error| wrong(&error))
        }
    }

    fn from_toml(text: &str) -> Result<Self, String> {
        let table: TomlValue = toml::from_str(text).map_err(|error| error.to_string())?;
        serde_json::from_value(json(table)).map_err(|error| error.to_string())
    }
}

/// TOML as JSON: its dates and times become strings.
fn json(value: TomlValue) -> JsonValue {
    match value {
        TomlValue::String(text) => text.into(),
        TomlValue::Integer(number) => number.into(),
        TomlValue::Float(number) => number.into(),
        TomlValue::Boolean(flag) => flag.into(),
        TomlValue::Datetime(moment) => moment.to_string().into(),
        TomlValue::Array(items) => items.into_iter().map(json).collect(),
        TomlValue::Table(members) => {
            let members = members.into_iter().map(|(name, value)| (name, json(value)));
            JsonValue::Object(members.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_and_json_say_the_same() {
        let toml = SeedFile::from_toml(
            r#"
            [[users]]
            username = "ada@example.com"

            [[records]]
            attributes = { type = "Account", referenceId = "acme" }
            Name = "Acme"

            [[records]]
            attributes = { type = "Opportunity" }
            AccountId = "@acme"
            CloseDate = 2026-12-31
            Amount = 12.5
            "#,
        )
        .unwrap();
        assert_eq!(toml.users.len(), 1);
        assert_eq!(toml.records[1]["CloseDate"], "2026-12-31");
        assert_eq!(toml.records[1]["Amount"], 12.5);
        let json = serde_json::json!({"records": toml.records});
        let json: SeedFile = serde_json::from_value(json).unwrap();
        assert_eq!(json.records[0]["attributes"]["referenceId"], "acme");
    }

    #[test]
    fn unknown_sections_are_refused() {
        let error = SeedFile::from_toml("[[record]]").unwrap_err();
        assert!(error.contains("unknown field `record`"), "{error}");
    }
}
