//! The addresses that a describe lists.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::Place;
use crate::schema::Object;

/// The addresses of one object, in the order in which a real org writes them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Urls<'a> {
    pub(super) object: &'a Object,
    pub(super) place: Place<'a>,
    /// Whether the pages for people are listed, as only full describes do.
    pub(super) pages: bool,
}

/// Whether an object has list views and approvals. Activities have layouts, but neither of them.
pub(crate) fn has_lists(object: &Object) -> bool {
    let activity = matches!(object.name.as_str(), "Event" | "Task");
    object.mru_enabled && object.undeletable && !activity
}

impl Urls<'_> {
    fn entries(&self) -> Vec<(&'static str, String)> {
        let sobject = format!("{}/sobjects/{}", self.place.data_path, self.object.name);
        let below = |path: &str| format!("{sobject}/{path}");
        let page = |path: &str| format!("{}/{path}", self.place.instance_url);
        let (layouts, lists) = (self.object.layoutable, has_lists(self.object));
        let pages = self.pages && layouts;
        let key_prefix = self.object.key_prefix.as_deref().filter(|_| pages);
        [
            layouts.then(|| ("compactLayouts", below("describe/compactLayouts"))),
            Some(("rowTemplate", below("{ID}"))),
            lists.then(|| ("approvalLayouts", below("describe/approvalLayouts"))),
            pages.then(|| ("uiDetailTemplate", page("{ID}"))),
            pages.then(|| ("uiEditTemplate", page("{ID}/e"))),
            lists.then(|| ("listviews", below("listviews"))),
            Some(("describe", below("describe"))),
            key_prefix.map(|prefix| ("uiNewRecord", page(&format!("{prefix}/e")))),
            layouts.then(|| ("quickActions", below("quickActions"))),
            layouts.then(|| ("layouts", below("describe/layouts"))),
            Some(("sobject", sobject.clone())),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl Serialize for Urls<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entries = self.entries();
        let mut map = serializer.serialize_map(Some(entries.len()))?;
        for (name, url) in &entries {
            map.serialize_entry(name, url)?;
        }
        map.end()
    }
}
