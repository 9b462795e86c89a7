//! Page layouts. Nobody has laid out a page in this org, so each object has one layout, which
//! shows all that its users see, in the order of the describe.

use serde::Serialize;

use super::Place;
use super::field::FieldDescribe;
use super::object::{RecordTypeInfo, record_types};
use crate::id::RecordId;
use crate::schema::{Field, FieldType, Object, Schema};

/// How many items stand side by side.
const COLUMNS: usize = 2;

/// How many rows a list of children shows.
const CHILD_ROWS: u32 = 5;

/// What keeps the books and is not shown, or only beside something else.
const NOT_SHOWN: [&str; 9] = [
    "Id",
    "IsDeleted",
    "MasterRecordId",
    "CreatedDate",
    "LastModifiedDate",
    "SystemModstamp",
    "LastViewedDate",
    "LastReferencedDate",
    "PhotoUrl",
];

/// Who did something, and beside it when.
const STAMPS: [(&str, &str); 2] = [
    ("CreatedById", "CreatedDate"),
    ("LastModifiedById", "LastModifiedDate"),
];

/// The layouts of an object, and which of its record types has which.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Layouts<'a> {
    /// None if there are several record types: they are asked for one by one.
    layouts: Option<[Layout<'a>; 1]>,
    record_type_mappings: Vec<RecordTypeMapping<'a>>,
    record_type_selector_required: [bool; 1],
}

impl<'a> Layouts<'a> {
    pub(super) fn of(
        object: &'a Object,
        schema: &'a Schema,
        id: RecordId,
        place: Place<'a>,
    ) -> Self {
        let types = record_types(object, place);
        let several = types.len() > 1;
        Self {
            layouts: (!several).then(|| [Layout::of(object, schema, id)]),
            record_type_mappings: types
                .into_iter()
                .map(|info| RecordTypeMapping::of(object, info, id))
                .collect(),
            record_type_selector_required: [several],
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RecordTypeMapping<'a> {
    #[serde(flatten)]
    info: RecordTypeInfo<'a>,
    layout_id: String,
    picklists_for_record_type: Vec<Picklist<'a>>,
}

/// The choices that records of a type have.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Picklist<'a> {
    picklist_name: &'a str,
    picklist_values: Vec<PicklistChoice<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PicklistChoice<'a> {
    active: bool,
    default_value: bool,
    label: &'a str,
    valid_for: Option<&'a str>,
    value: &'a str,
}

impl<'a> RecordTypeMapping<'a> {
    fn of(object: &'a Object, info: RecordTypeInfo<'a>, id: RecordId) -> Self {
        let picklists = object
            .fields
            .iter()
            .filter(|field| !field.picklist_values.is_empty());
        Self {
            info,
            layout_id: id.to_string(),
            picklists_for_record_type: picklists
                .map(|field| Picklist {
                    picklist_name: &field.name,
                    picklist_values: choices(field),
                })
                .collect(),
        }
    }
}

fn choices(field: &Field) -> Vec<PicklistChoice<'_>> {
    let choices = field.picklist_values.iter();
    choices
        .map(|choice| PicklistChoice {
            active: choice.active,
            default_value: choice.default_value,
            label: &choice.label,
            valid_for: None,
            value: &choice.value,
        })
        .collect()
}

/// One layout.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Layout<'a> {
    button_layout_section: Buttons,
    detail_layout_sections: Vec<Section<'a>>,
    edit_layout_sections: Vec<Section<'a>>,
    feed_view: Option<()>,
    highlights_panel_layout_section: Option<()>,
    id: String,
    multirow_edit_layout_sections: [(); 0],
    offline_links: [(); 0],
    quick_action_list: QuickActions,
    related_content: Option<()>,
    related_lists: Vec<RelatedList<'a>>,
    save_options: [(); 0],
}

impl<'a> Layout<'a> {
    pub(super) fn of(object: &'a Object, schema: &'a Schema, id: RecordId) -> Self {
        Self {
            button_layout_section: Buttons::of(object),
            detail_layout_sections: sections(object, id, Purpose::Detail),
            edit_layout_sections: sections(object, id, Purpose::Edit),
            feed_view: None,
            highlights_panel_layout_section: None,
            id: id.to_string(),
            multirow_edit_layout_sections: [],
            offline_links: [],
            quick_action_list: QuickActions {
                quick_action_list_items: [],
            },
            related_content: None,
            related_lists: related_lists(object, schema),
            save_options: [],
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct QuickActions {
    quick_action_list_items: [(); 0],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Buttons {
    detail_buttons: Vec<Button>,
}

impl Buttons {
    /// Those that the user may press.
    fn of(object: &Object) -> Self {
        let buttons = [(object.updateable, "Edit"), (object.deletable, "Delete")];
        let allowed = buttons.into_iter().filter(|(allowed, _)| *allowed);
        Self {
            detail_buttons: allowed.map(|(_, name)| Button::standard(name)).collect(),
        }
    }
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Button {
    behavior: Option<()>,
    colors: Option<()>,
    content: Option<()>,
    content_source: Option<()>,
    custom: bool,
    encoding: Option<()>,
    height: Option<()>,
    icons: Option<()>,
    label: &'static str,
    menubar: bool,
    name: &'static str,
    overridden: bool,
    resizeable: bool,
    scrollbars: bool,
    shows_location: bool,
    shows_status: bool,
    toolbar: bool,
    url: Option<()>,
    width: Option<()>,
    window_position: Option<()>,
}

impl Button {
    fn standard(name: &'static str) -> Self {
        Self {
            label: name,
            name,
            ..Self::default()
        }
    }
}

/// What a layout is for: what is read as one may be written in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Detail,
    Edit,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Section<'a> {
    collapsed: bool,
    columns: usize,
    heading: String,
    layout_rows: Vec<Row<'a>>,
    layout_section_id: Option<()>,
    parent_layout_id: String,
    rows: usize,
    tab_order: &'static str,
    use_collapsible_section: bool,
    use_heading: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    layout_items: Vec<Item<'a>>,
    num_items: usize,
}

/// The sections that have anything in them.
fn sections(object: &Object, id: RecordId, purpose: Purpose) -> Vec<Section<'_>> {
    let shown = |field: &&Field| {
        let stamp = STAMPS.iter().any(|(by, _)| field.name == *by);
        !NOT_SHOWN.contains(&field.name.as_str())
            && !stamp
            && field.field_type != FieldType::Base64
            && is_whole(field, purpose)
    };
    let is_address = |field: &Field| {
        let part_of = field.compound_field_name.as_deref();
        let whole = part_of.and_then(|name| object.field(name)).unwrap_or(field);
        whole.field_type == FieldType::Address
    };
    let of = |wanted: bool| {
        let fields = object.fields.iter().filter(shown);
        let fields = fields.filter(move |field| is_address(field) == wanted);
        fields.map(|field| Item::of(object, field)).collect()
    };
    let stamps = STAMPS.iter().filter_map(|(by, at)| {
        let by = object.field(by)?;
        Some(Item::stamp(object, by, object.field(at)?))
    });
    let stamps = match purpose {
        Purpose::Detail => stamps.collect(),
        // Nobody can change who did it.
        Purpose::Edit => Vec::new(),
    };
    [
        (format!("{} Information", object.label), of(false)),
        ("Address Information".to_owned(), of(true)),
        ("System Information".to_owned(), stamps),
    ]
    .into_iter()
    .filter(|(_, items): &(String, Vec<Item<'_>>)| !items.is_empty())
    .map(|(heading, items)| Section::of(heading, items, id))
    .collect()
}

/// Whether a field stands for itself: addresses, locations and names are read as one and written
/// in parts.
fn is_whole(field: &Field, purpose: Purpose) -> bool {
    let part = field.compound_field_name.as_deref();
    let part = part.is_some_and(|whole| whole != field.name);
    match purpose {
        Purpose::Detail => !part,
        Purpose::Edit => part || (field.is_stored() && (field.createable || field.updateable)),
    }
}

impl<'a> Section<'a> {
    fn of(heading: String, items: Vec<Item<'a>>, layout: RecordId) -> Self {
        let mut rows: Vec<Row<'a>> = Vec::new();
        for item in items {
            match rows.last_mut() {
                Some(last) if last.layout_items.len() < COLUMNS => last.layout_items.push(item),
                _ => rows.push(Row {
                    layout_items: vec![item],
                    num_items: COLUMNS,
                }),
            }
        }
        if let Some(last) = rows.last_mut() {
            last.layout_items.resize_with(COLUMNS, Item::placeholder);
        }
        let mut order = 0;
        for component in rows
            .iter_mut()
            .flat_map(|row| &mut row.layout_items)
            .flat_map(|item| &mut item.layout_components)
        {
            order += 1;
            component.tab_order = order;
        }
        Self {
            collapsed: false,
            columns: COLUMNS,
            heading,
            rows: rows.len(),
            layout_rows: rows,
            layout_section_id: None,
            parent_layout_id: layout.to_string(),
            tab_order: "LeftToRight",
            use_collapsible_section: false,
            use_heading: true,
        }
    }
}

/// A place in a row.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item<'a> {
    editable_for_new: bool,
    editable_for_update: bool,
    label: String,
    layout_components: Vec<Component<'a>>,
    placeholder: bool,
    required: bool,
}

impl<'a> Item<'a> {
    /// A field by its label; a reference by that of what it refers to.
    pub(super) fn of(object: &'a Object, field: &'a Field) -> Self {
        let label = match field.field_type {
            FieldType::Reference => field.label.strip_suffix(" ID"),
            _ => None,
        };
        let parts: Vec<&Field> = object
            .fields
            .iter()
            .filter(|part| part.compound_field_name.as_deref() == Some(&field.name))
            .collect();
        let writable = |may: fn(&Field) -> bool| may(field) || parts.iter().any(|part| may(part));
        Self {
            editable_for_new: writable(|field| field.createable),
            editable_for_update: writable(|field| field.updateable),
            label: label.unwrap_or(&field.label).to_owned(),
            required: writable(|field| {
                field.createable && !field.nillable && !field.defaulted_on_create
            }),
            layout_components: vec![Component {
                components: parts
                    .iter()
                    .map(|part| Component::of(object, part))
                    .collect(),
                ..Component::of(object, field)
            }],
            placeholder: false,
        }
    }

    /// Who did something, and when.
    fn stamp(object: &'a Object, by: &'a Field, at: &'a Field) -> Self {
        let separator = Component {
            kind: "Separator",
            value: Some(", "),
            ..Component::default()
        };
        let mut item = Self::of(object, by);
        item.layout_components.push(separator);
        item.layout_components.push(Component::of(object, at));
        item
    }

    fn placeholder() -> Self {
        Self {
            placeholder: true,
            ..Self::default()
        }
    }
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Component<'a> {
    components: Vec<Self>,
    details: Option<FieldDescribe<'a>>,
    display_lines: u32,
    tab_order: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    value: Option<&'a str>,
}

impl<'a> Component<'a> {
    fn of(object: &Object, field: &'a Field) -> Self {
        let long = field.field_type == FieldType::Textarea && field.length > 255;
        Self {
            components: Vec::new(),
            details: Some(FieldDescribe::of(object, field)),
            display_lines: if long { 6 } else { 1 },
            tab_order: 0,
            kind: "Field",
            value: Some(&field.name),
        }
    }
}

/// A list of children on the page of their parent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RelatedList<'a> {
    buttons: [(); 0],
    columns: Vec<RelatedColumn<'a>>,
    custom: bool,
    field: &'a str,
    label: &'a str,
    limit_rows: u32,
    name: &'a str,
    sobject: &'a str,
    sort: [(); 0],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RelatedColumn<'a> {
    field: String,
    field_api_name: String,
    format: Option<()>,
    label: &'a str,
    lookup_id: &'static str,
    name: &'a str,
}

/// The children that have a layout of their own and that a query could reach, by their names.
fn related_lists<'a>(object: &'a Object, schema: &'a Schema) -> Vec<RelatedList<'a>> {
    let children = object.children.iter();
    children
        .filter_map(|child| {
            let name = child.relationship_name.as_deref()?;
            let of = schema.object(&child.child_object)?;
            let title = of.name_field()?;
            let path = format!("{}.{}", of.name, title.name);
            of.layoutable.then(|| RelatedList {
                buttons: [],
                columns: vec![RelatedColumn {
                    field: path.clone(),
                    field_api_name: path,
                    format: None,
                    label: &title.label,
                    lookup_id: "Id",
                    name: &title.name,
                }],
                custom: of.custom,
                field: &child.field,
                label: &of.label_plural,
                limit_rows: CHILD_ROWS,
                name,
                sobject: &of.name,
                sort: [],
            })
        })
        .collect()
}
