use std::collections::BTreeMap;

use super::members::described;

described! {
    /// All objects of the org that the user may see.
    pub struct GlobalDescribe {
        /// The encoding of texts, `UTF-8`.
        pub encoding: String = "encoding",
        /// How many records one call of the collections and SOAP APIs takes.
        pub max_batch_size: u32 = "maxBatchSize",
        /// The objects.
        pub sobjects: Vec<SObjectSummary> = "sobjects",
    }
}

described! {
    /// What an object is and allows, without its fields.
    pub struct SObjectSummary {
        /// The API name, `Invoice__c` for example.
        pub name: String = "name",
        /// What users read, in the user's language.
        pub label: String = "label",
        /// The same for several.
        pub label_plural: String = "labelPlural",
        /// The first three characters of ids, where the object has any.
        pub key_prefix: Option<String> = "keyPrefix",
        /// Made in this org, or part of a package.
        pub custom: bool = "custom",
        /// A custom setting.
        pub custom_setting: bool = "customSetting",
        /// Records can be created.
        pub createable: bool = "createable",
        /// Records can be read by id.
        pub retrieveable: bool = "retrieveable",
        /// Records can be changed.
        pub updateable: bool = "updateable",
        /// Records can be deleted.
        pub deletable: bool = "deletable",
        /// Records can be taken out of the recycle bin.
        pub undeletable: bool = "undeletable",
        /// Records can be merged.
        pub mergeable: bool = "mergeable",
        /// It can be queried.
        pub queryable: bool = "queryable",
        /// It can be searched.
        pub searchable: bool = "searchable",
        /// What was deleted and updated can be asked for.
        pub replicateable: bool = "replicateable",
        /// It can have Apex triggers.
        pub triggerable: bool = "triggerable",
        /// It has page layouts.
        pub layoutable: bool = "layoutable",
        /// It can have a feed.
        pub feed_enabled: bool = "feedEnabled",
        /// Recently used records are kept.
        pub mru_enabled: bool = "mruEnabled",
        /// Reserved by Salesforce for old clients.
        pub deprecated_and_hidden: bool = "deprecatedAndHidden",
        /// Paths of what belongs to it, by name: `describe`, `sobject`, …
        pub urls: BTreeMap<String, String> = "urls",
    }
}

described! {
    /// What an object is, and records of it that the user had lately.
    pub struct SObjectInfo {
        /// The object.
        pub describe: SObjectSummary = "objectDescribe",
        /// The records.
        pub recent: Vec<crate::types::Record> = "recentItems",
    }
}

impl GlobalDescribe {
    /// The object of this name, in any letter case.
    pub fn sobject(&self, name: &str) -> Option<&SObjectSummary> {
        let mut all = self.sobjects.iter();
        all.find(|sobject| sobject.name.eq_ignore_ascii_case(name))
    }
}
