//! What an org serves: its API versions, resources and tabs, and what the user
//! looked at last.

use std::collections::BTreeMap;

use http::Method;
use serde::Deserialize;

use crate::client::{Call, Salesforce};
use crate::error::{Error, Result};
use crate::op::{Op, Path, decode_json};
use crate::types::Record;

/// The most entries of [`Salesforce::recent`].
const MOST_RECENT: u32 = 200;

/// An API version that an org serves.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ServedVersion {
    /// The release, `Spring '26` for example.
    pub label: String,
    /// Where its resources are, below the org's host.
    pub url: String,
    /// The number, `66.0` for example.
    pub version: String,
}

/// Resources of an API version by their names, and where they are, below the
/// org's host.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Resources(BTreeMap<String, String>);

impl Resources {
    /// Where the resource of this name is.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All resources in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, url)| (&**name, &**url))
    }
}

/// A tab that the user can see.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Tab {
    /// Its name.
    pub name: String,
    /// Its label in the user's language.
    pub label: String,
    /// Whether the org has made it.
    #[serde(default)]
    pub custom: bool,
    /// The object that it shows, if it shows one.
    #[serde(default)]
    pub sobject_name: Option<String>,
    /// Where it is, for a browser.
    #[serde(default)]
    pub url: Option<String>,
    /// Its icon, 32 pixels wide.
    #[serde(default)]
    pub icon_url: Option<String>,
    /// Its icon, 16 pixels wide.
    #[serde(default)]
    pub mini_icon_url: Option<String>,
    /// Its colors by theme.
    #[serde(default)]
    pub colors: Vec<TabColor>,
    /// Its icons by theme and size.
    #[serde(default)]
    pub icons: Vec<TabIcon>,
}

/// The color of a [`Tab`] in one theme.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct TabColor {
    /// Red, green and blue, as six hexadecimal digits.
    pub color: String,
    /// `primary` for example.
    #[serde(default)]
    pub context: Option<String>,
    /// `theme4` for example.
    #[serde(default)]
    pub theme: Option<String>,
}

/// An icon of a [`Tab`] in one theme.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TabIcon {
    /// Where it is.
    pub url: String,
    /// The media type, `image/svg+xml` for example.
    #[serde(default)]
    pub content_type: Option<String>,
    /// In pixels; 0 where it has no size of its own.
    #[serde(default)]
    pub width: u32,
    /// In pixels; 0 where it has no size of its own.
    #[serde(default)]
    pub height: u32,
    /// `theme4` for example.
    #[serde(default)]
    pub theme: Option<String>,
}

/// What the org serves.
impl Salesforce {
    /// The API versions that the org serves, the oldest first.
    ///
    /// # Errors
    /// When it is awaited.
    pub fn versions(&self) -> Call<Vec<ServedVersion>> {
        self.call(Path::fill("/services/data", &[]).map(read))
    }

    /// The resources of the client's API version.
    ///
    /// # Errors
    /// When it is awaited.
    pub fn resources(&self) -> Call<Resources> {
        self.call(Path::fill("/", &[]).map(read))
    }

    /// The records that the user has looked at last, up to 200: their id and name.
    ///
    /// # Errors
    /// When it is awaited.
    pub fn recent(&self, limit: u32) -> Call<Vec<Record>> {
        self.call(recent(limit))
    }

    /// All tabs that the user can see.
    ///
    /// # Errors
    /// When it is awaited.
    pub fn tabs(&self) -> Call<Vec<Tab>> {
        self.call(Path::fill("/tabs", &[]).map(read))
    }
}

fn read<T: serde::de::DeserializeOwned>(path: Path) -> Op<T> {
    Op::new(Method::GET, path, decode_json)
}

fn recent(limit: u32) -> Result<Op<Vec<Record>>> {
    if !(1..=MOST_RECENT).contains(&limit) {
        return Err(Error::invalid_input(format!(
            "{limit} recent records were asked for; Salesforce gives 1 to {MOST_RECENT}"
        )));
    }
    Ok(read(Path::fill("/recent", &[])?).query("limit", limit.to_string()))
}

#[cfg(test)]
mod tests {
    use crate::script::{Counting, Reply, Script, client};

    #[tokio::test(start_paused = true)]
    async fn versions_resources_recent_and_tabs() {
        let script = Script::new(|sent, _| {
            Reply::json(
                200,
                match sent.uri.path_and_query().unwrap().as_str() {
                    "/services/data" => {
                        r#"[{"version":"66.0","url":"/services/data/v66.0","label":"Spring '26"}]"#
                    }
                    "/services/data/v66.0/" => {
                        r#"{"query":"/services/data/v66.0/query","identity":"https://x.example/id/1/2"}"#
                    }
                    "/services/data/v66.0/recent?limit=5" => {
                        r#"[{"attributes":{"type":"Account","url":"/x"},"Id":"001Pc00000LuBMUIA3","Name":"Acme"}]"#
                    }
                    "/services/data/v66.0/tabs" => {
                        r#"[{"colors":[{"color":"4fbe75","context":"primary","theme":"theme4"}],"custom":false,"iconUrl":"https://x/1.png","icons":[{"contentType":"image/png","height":32,"theme":"theme3","url":"https://x","width":32}],"label":"Accounts","miniIconUrl":"https://x/2.png","name":"standard-Account","sobjectName":"Account","url":"https://x/001/o"}]"#
                    }
                    other => panic!("{other}"),
                },
            )
        });
        let salesforce = client(Counting::tokens(), &script);
        assert_eq!(salesforce.versions().await.unwrap()[0].version, "66.0");
        let resources = salesforce.resources().await.unwrap();
        assert_eq!(resources.get("query"), Some("/services/data/v66.0/query"));
        assert_eq!(resources.iter().count(), 2);
        let recent = salesforce.recent(5).await.unwrap();
        assert_eq!(recent[0].get::<&str>("Name").unwrap(), "Acme");
        let tabs = salesforce.tabs().await.unwrap();
        assert_eq!(tabs[0].sobject_name.as_deref(), Some("Account"));
        assert_eq!(
            (tabs[0].icons[0].width, &*tabs[0].colors[0].color),
            (32, "4fbe75")
        );
        for limit in [0, 201] {
            assert!(salesforce.recent(limit).await.unwrap_err().is_before_send());
        }
    }
}
