//! Compact layouts: what cards and lists of an object show. Nobody has made any in this org.

use serde::Serialize;

use super::Place;
use super::layout::Item;
use super::object::record_types;
use crate::schema::Object;

/// What the layout is called that nobody made.
const SYSTEM: &str = "SYSTEM";

/// The compact layouts of an object: the one that every object has, which shows its name.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CompactLayouts<'a> {
    compact_layouts: [CompactLayout<'a>; 1],
    default_compact_layout_id: Option<()>,
    record_type_compact_layout_mappings: Vec<CompactMapping<'a>>,
    urls: CompactUrls,
}

#[derive(Debug, Serialize)]
struct CompactUrls {
    primary: String,
}

/// One compact layout.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CompactLayout<'a> {
    actions: [(); 0],
    field_items: Vec<Item<'a>>,
    id: Option<()>,
    image_items: [(); 0],
    label: &'static str,
    name: &'static str,
    object_type: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CompactMapping<'a> {
    available: bool,
    compact_layout_id: Option<()>,
    compact_layout_name: &'static str,
    record_type_id: &'a str,
    record_type_name: &'a str,
    urls: CompactMappingUrls,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CompactMappingUrls {
    compact_layout: String,
}

impl<'a> CompactLayout<'a> {
    pub(super) fn of(object: &'a Object) -> Self {
        let title = object.name_field();
        Self {
            actions: [],
            field_items: title
                .map(|field| Item::of(object, field))
                .into_iter()
                .collect(),
            id: None,
            image_items: [],
            label: "System Default",
            name: SYSTEM,
            object_type: &object.name,
        }
    }
}

impl<'a> CompactLayouts<'a> {
    pub(super) fn of(object: &'a Object, place: Place<'a>) -> Self {
        let at = |id: &str| {
            let (version, name) = (place.data_path, &object.name);
            format!("{version}/sobjects/{name}/describe/compactLayouts/{id}")
        };
        let types = record_types(object, place).into_iter();
        Self {
            compact_layouts: [CompactLayout::of(object)],
            default_compact_layout_id: None,
            record_type_compact_layout_mappings: types
                .map(|info| CompactMapping {
                    available: true,
                    compact_layout_id: None,
                    compact_layout_name: SYSTEM,
                    record_type_id: info.record_type_id,
                    record_type_name: info.name,
                    urls: CompactMappingUrls {
                        compact_layout: at(info.record_type_id),
                    },
                })
                .collect(),
            urls: CompactUrls {
                primary: at("primary"),
            },
        }
    }
}
