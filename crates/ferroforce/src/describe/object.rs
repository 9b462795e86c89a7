use std::collections::BTreeMap;

use super::field::FieldDescribe;
use super::members::described;

described! {
    /// All about an object: its fields, its children, its record types.
    pub struct SObjectDescribe {
        /// The API name, `Invoice__c` for example.
        pub name: String = "name",
        /// What users read, in the user's language.
        pub label: String = "label",
        /// The same for several.
        pub label_plural: String = "labelPlural",
        /// The first three characters of ids, where the object has any.
        pub key_prefix: Option<String> = "keyPrefix",
        /// The fields that the user may see.
        pub fields: Vec<FieldDescribe> = "fields",
        /// The relationships that lead to its children.
        pub child_relationships: Vec<ChildRelationship> = "childRelationships",
        /// The record types, the master among them.
        pub record_types: Vec<RecordTypeInfo> = "recordTypeInfos",
        /// What `USING SCOPE` of a query takes.
        pub supported_scopes: Vec<Scope> = "supportedScopes",
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
        /// Paths of what belongs to it, by name: `describe`, `rowTemplate`, …
        pub urls: BTreeMap<String, String> = "urls",
    }
}

described! {
    /// A relationship to children.
    pub struct ChildRelationship {
        /// The object of the children.
        pub sobject: String = "childSObject",
        /// The children's field that refers to the parent.
        pub field: String = "field",
        /// The name by which queries and addresses reach the children. Some have
        /// none and cannot be reached so.
        pub name: Option<String> = "relationshipName",
        /// Children go with their parent.
        pub cascade_delete: bool = "cascadeDelete",
        /// A parent that has children cannot be deleted.
        pub restricted_delete: bool = "restrictedDelete",
    }
}

described! {
    /// A record type.
    pub struct RecordTypeInfo {
        /// Its id; that of the master is `012000000000000AAA`.
        pub id: String = "recordTypeId",
        /// What users read.
        pub name: String = "name",
        /// The API name.
        pub developer_name: String = "developerName",
        /// It is in use.
        pub active: bool = "active",
        /// The user may choose it.
        pub available: bool = "available",
        /// It is the user's default.
        pub default: bool = "defaultRecordTypeMapping",
        /// The one of objects that have no record types.
        pub master: bool = "master",
    }
}

described! {
    /// A part of the records, as `USING SCOPE` names it.
    pub struct Scope {
        /// The name in a query.
        pub name: String = "name",
        /// What users read.
        pub label: String = "label",
    }
}

impl SObjectDescribe {
    /// The field of this name, in any letter case.
    pub fn field(&self, name: &str) -> Option<&FieldDescribe> {
        let mut all = self.fields.iter();
        all.find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// The fields by which records can be found and upserted.
    pub fn external_ids(&self) -> impl Iterator<Item = &FieldDescribe> {
        self.fields.iter().filter(|field| field.external_id)
    }

    /// The relationship to children of this name, in any letter case.
    pub fn child_relationship(&self, name: &str) -> Option<&ChildRelationship> {
        self.child_relationships.iter().find(|children| {
            let own = children.name.as_deref();
            own.is_some_and(|own| own.eq_ignore_ascii_case(name))
        })
    }
}
