//! An object with its fields, children, record types and scopes.

use serde::Serialize;

use super::Place;
use super::field::FieldDescribe;
use super::urls::Urls;
use crate::schema::{ChildRelationship, Object, RecordType};

/// The id of the record type that every object has.
const MASTER: &str = "012000000000000AAA";

/// The whole describe of an object.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FullDescribe<'a> {
    action_overrides: [(); 0],
    activateable: bool,
    associate_entity_type: Option<&'a str>,
    associate_parent_entity: Option<&'a str>,
    child_relationships: Vec<Child<'a>>,
    compact_layoutable: bool,
    createable: bool,
    custom: bool,
    custom_setting: bool,
    deep_cloneable: bool,
    default_implementation: Option<&'a str>,
    deletable: bool,
    deprecated_and_hidden: bool,
    extended_by: Option<&'a str>,
    extends_interfaces: Option<&'a str>,
    feed_enabled: bool,
    fields: Vec<FieldDescribe<'a>>,
    has_subtypes: bool,
    implemented_by: Option<&'a str>,
    implements_interfaces: Option<&'a str>,
    is_interface: bool,
    is_subtype: bool,
    key_prefix: Option<&'a str>,
    label: &'a str,
    label_plural: &'a str,
    layoutable: bool,
    listviewable: Option<bool>,
    lookup_layoutable: Option<bool>,
    mergeable: bool,
    mru_enabled: bool,
    name: &'a str,
    named_layout_infos: [(); 0],
    network_scope_field_name: Option<&'a str>,
    queryable: bool,
    record_type_infos: Vec<RecordTypeInfo<'a>>,
    replicateable: bool,
    retrieveable: bool,
    search_layoutable: bool,
    searchable: bool,
    sobject_describe_option: &'static str,
    supported_scopes: Vec<Scope>,
    triggerable: bool,
    undeletable: bool,
    updateable: bool,
    urls: Urls<'a>,
}

impl<'a> FullDescribe<'a> {
    pub(super) fn of(object: &'a Object, place: Place<'a>) -> Self {
        Self {
            action_overrides: [],
            activateable: false,
            associate_entity_type: None,
            associate_parent_entity: None,
            child_relationships: children(object),
            compact_layoutable: object.layoutable,
            createable: object.createable,
            custom: object.custom,
            custom_setting: false,
            deep_cloneable: object.deep_cloneable,
            default_implementation: None,
            deletable: object.deletable,
            deprecated_and_hidden: false,
            extended_by: None,
            extends_interfaces: None,
            feed_enabled: object.feed_enabled,
            fields: object
                .fields
                .iter()
                .map(|field| FieldDescribe::of(object, field))
                .collect(),
            has_subtypes: false,
            implemented_by: None,
            implements_interfaces: None,
            is_interface: false,
            is_subtype: false,
            key_prefix: object.key_prefix.as_deref(),
            label: &object.label,
            label_plural: &object.label_plural,
            layoutable: object.layoutable,
            listviewable: None,
            lookup_layoutable: None,
            mergeable: object.mergeable,
            mru_enabled: object.mru_enabled,
            name: &object.name,
            named_layout_infos: [],
            network_scope_field_name: None,
            queryable: object.queryable,
            record_type_infos: record_types(object, place),
            replicateable: object.replicateable,
            retrieveable: object.retrieveable,
            search_layoutable: object.searchable,
            searchable: object.searchable,
            sobject_describe_option: "FULL",
            supported_scopes: scopes(object),
            triggerable: object.triggerable,
            undeletable: object.undeletable,
            updateable: object.updateable,
            urls: Urls {
                object,
                place,
                pages: true,
            },
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Child<'a> {
    cascade_delete: bool,
    #[serde(rename = "childSObject")]
    child_object: &'a str,
    deprecated_and_hidden: bool,
    field: &'a str,
    junction_id_list_names: [(); 0],
    junction_reference_to: [(); 0],
    relationship_name: Option<&'a str>,
    restricted_delete: bool,
}

impl<'a> Child<'a> {
    fn of(child: &'a ChildRelationship) -> Self {
        Self {
            cascade_delete: child.cascade_delete,
            child_object: &child.child_object,
            deprecated_and_hidden: false,
            field: &child.field,
            junction_id_list_names: [],
            junction_reference_to: [],
            relationship_name: child.relationship_name.as_deref(),
            restricted_delete: child.restricted_delete,
        }
    }
}

/// All but the records that were merged into another: nobody asks for those.
fn children(object: &Object) -> Vec<Child<'_>> {
    let children = object.children.iter();
    children
        .filter(|child| child.field != "MasterRecordId")
        .map(Child::of)
        .collect()
}

/// A record type, as describes and layouts list it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RecordTypeInfo<'a> {
    active: bool,
    available: bool,
    default_record_type_mapping: bool,
    developer_name: &'a str,
    master: bool,
    pub(super) name: &'a str,
    pub(super) record_type_id: &'a str,
    urls: RecordTypeUrls,
}

#[derive(Debug, Serialize)]
struct RecordTypeUrls {
    layout: String,
}

/// The object's own record types, and Master, which is the default while it is the only one.
pub(super) fn record_types<'a>(object: &'a Object, place: Place<'a>) -> Vec<RecordTypeInfo<'a>> {
    let own: Vec<&RecordType> = object.record_types.iter().filter(|t| !t.master).collect();
    let info =
        |id: &'a str, name: &'a str, developer_name: &'a str, master: bool, default: bool| {
            RecordTypeInfo {
                active: true,
                available: true,
                default_record_type_mapping: default,
                developer_name,
                master,
                name,
                record_type_id: id,
                urls: RecordTypeUrls {
                    layout: format!(
                        "{}/sobjects/{}/describe/layouts/{id}",
                        place.data_path, object.name
                    ),
                },
            }
        };
    own.iter()
        .enumerate()
        .map(|(at, own)| info(&own.id, &own.name, &own.developer_name, false, at == 0))
        .chain([info(MASTER, "Master", "Master", true, own.is_empty())])
        .collect()
}

/// Which records a `USING SCOPE` may ask for.
#[derive(Debug, Serialize)]
struct Scope {
    label: String,
    name: &'static str,
}

fn scopes(object: &Object) -> Vec<Scope> {
    let plural = object.label_plural.to_lowercase();
    let owner = object.field("OwnerId");
    let owned = owner.is_some();
    let queues = owner.is_some_and(|owner| owner.reference_to.iter().any(|to| to == "Group"));
    [
        (true, format!("All {plural}"), "everything"),
        (owned, format!("My {plural}"), "mine"),
        (queues, format!("Queue owned {plural}"), "queue_owned"),
        (owned, "Filter by scope".to_owned(), "scopingRule"),
        (owned, format!("My team's {plural}"), "team"),
        (queues, format!("User owned {plural}"), "user_owned"),
    ]
    .into_iter()
    .filter(|(applies, ..)| *applies)
    .map(|(_, label, name)| Scope { label, name })
    .collect()
}
