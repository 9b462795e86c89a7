//! Objects without their fields: the list of all, and the basic information on one.

use serde::Serialize;

use super::Place;
use super::urls::Urls;
use crate::json::Json;
use crate::schema::{Object, Schema};

/// The list of all objects.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GlobalDescribe<'a> {
    encoding: &'static str,
    max_batch_size: u32,
    sobjects: Vec<Entry<'a>>,
}

impl<'a> GlobalDescribe<'a> {
    pub(super) fn of(schema: &'a Schema, place: Place<'a>) -> Self {
        Self {
            encoding: "UTF-8",
            max_batch_size: 200,
            sobjects: schema
                .objects()
                .map(|object| Entry::of(object, place))
                .collect(),
        }
    }
}

/// One object, and the records of it that the user used last.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BasicInfo<'a> {
    object_describe: Entry<'a>,
    recent_items: Json,
}

impl<'a> BasicInfo<'a> {
    pub(super) fn of(object: &'a Object, recent_items: Json, place: Place<'a>) -> Self {
        Self {
            object_describe: Entry::of(object, place),
            recent_items,
        }
    }
}

/// An object without its fields.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    activateable: bool,
    associate_entity_type: Option<&'a str>,
    associate_parent_entity: Option<&'a str>,
    createable: bool,
    custom: bool,
    custom_setting: bool,
    deep_cloneable: bool,
    deletable: bool,
    deprecated_and_hidden: bool,
    feed_enabled: bool,
    has_subtypes: bool,
    is_interface: bool,
    is_subtype: bool,
    key_prefix: Option<&'a str>,
    label: &'a str,
    label_plural: &'a str,
    layoutable: bool,
    mergeable: bool,
    mru_enabled: bool,
    name: &'a str,
    queryable: bool,
    replicateable: bool,
    retrieveable: bool,
    searchable: bool,
    triggerable: bool,
    undeletable: bool,
    updateable: bool,
    urls: Urls<'a>,
}

impl<'a> Entry<'a> {
    fn of(object: &'a Object, place: Place<'a>) -> Self {
        Self {
            activateable: false,
            associate_entity_type: None,
            associate_parent_entity: None,
            createable: object.createable,
            custom: object.custom,
            custom_setting: false,
            deep_cloneable: object.deep_cloneable,
            deletable: object.deletable,
            deprecated_and_hidden: false,
            feed_enabled: object.feed_enabled,
            has_subtypes: false,
            is_interface: false,
            is_subtype: false,
            key_prefix: object.key_prefix.as_deref(),
            label: &object.label,
            label_plural: &object.label_plural,
            layoutable: object.layoutable,
            mergeable: object.mergeable,
            mru_enabled: object.mru_enabled,
            name: &object.name,
            queryable: object.queryable,
            replicateable: object.replicateable,
            retrieveable: object.retrieveable,
            searchable: object.searchable,
            triggerable: object.triggerable,
            undeletable: object.undeletable,
            updateable: object.updateable,
            urls: Urls {
                object,
                place,
                pages: false,
            },
        }
    }
}
