use serde::Deserialize;

use crate::error::Result;
use crate::op::Response;

/// An action in a list of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ActionSummary {
    /// Its name, by which it is called.
    pub name: String,
    /// Its label.
    #[serde(default)]
    pub label: Option<String>,
    /// Its kind in capitals, `APEX` for example.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// Where it is, below the org's host.
    #[serde(default)]
    pub url: Option<String>,
}

/// What an action takes and gives.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ActionDescription {
    /// Its name.
    pub name: String,
    /// Its label.
    #[serde(default)]
    pub label: Option<String>,
    /// What it does.
    #[serde(default)]
    pub description: Option<String>,
    /// Whether Salesforce brings it.
    #[serde(default)]
    pub standard: bool,
    /// Its kind in capitals, `APEX` for example.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// What it takes.
    #[serde(default)]
    pub inputs: Vec<ActionParameter>,
    /// What it gives.
    #[serde(default)]
    pub outputs: Vec<ActionParameter>,
}

/// Something that an action takes or gives.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ActionParameter {
    /// Its name.
    pub name: String,
    /// Its label.
    #[serde(default)]
    pub label: Option<String>,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// Its type, `STRING` or `SOBJECT` for example.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// Which object it is, where it is one.
    #[serde(default)]
    pub sobject_type: Option<String>,
    /// Whether it must be given.
    #[serde(default)]
    pub required: bool,
    /// How many there may be: more than 1 is a list.
    #[serde(default)]
    pub max_occurs: Option<u64>,
}

#[derive(Deserialize)]
struct List {
    actions: Vec<ActionSummary>,
}

pub(super) fn decode_list(response: &Response) -> Result<Vec<ActionSummary>> {
    Ok(response.json::<List>()?.actions)
}
