//! Schema files: TOML or JSON, read into declarations.

mod declaration;
mod entries;

pub(crate) use declaration::Api;
pub(crate) use declaration::{
    Access, AutoNumber, Choice, FieldDeclaration, File, Names, ObjectDeclaration, OnDelete, Scalar,
};
pub(crate) use entries::Entries;
use serde::de::DeserializeOwned;

/// Reads a file. A text whose first character is a brace is JSON, any other TOML.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|error| error.to_string())
    } else {
        toml::from_str(text).map_err(|error| error.to_string())
    }
}
