use super::members::described;

described! {
    /// The page layouts of an object, and which record type has which.
    pub struct Layouts {
        /// The layouts, where the object has few of them. Otherwise they are asked
        /// for one by one, by record type.
        pub layouts: Vec<Layout> = "layouts",
        /// Which record type has which layout.
        pub record_types: Vec<RecordTypeMapping> = "recordTypeMappings",
        /// Users must choose a record type first.
        pub record_type_selector_required: Vec<bool> = "recordTypeSelectorRequired",
    }
}

described! {
    /// A record type and its layout.
    pub struct RecordTypeMapping {
        /// The id of the record type.
        pub record_type_id: String = "recordTypeId",
        /// The id of the layout.
        pub layout_id: String = "layoutId",
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
    /// A page layout.
    pub struct Layout {
        /// Its id.
        pub id: String = "id",
        /// How a record is shown.
        pub detail_sections: Vec<LayoutSection> = "detailLayoutSections",
        /// How a record is edited.
        pub edit_sections: Vec<LayoutSection> = "editLayoutSections",
    }
}

described! {
    /// A part of a layout.
    pub struct LayoutSection {
        /// Its title.
        pub heading: Option<String> = "heading",
        /// The title is shown.
        pub use_heading: bool = "useHeading",
        /// How many columns it has.
        pub columns: u32 = "columns",
        /// Its rows.
        pub rows: Vec<LayoutRow> = "layoutRows",
    }
}

described! {
    /// A row of a layout.
    pub struct LayoutRow {
        /// Its places, from left to right.
        pub items: Vec<LayoutItem> = "layoutItems",
    }
}

described! {
    /// A place of a layout.
    pub struct LayoutItem {
        /// What users read.
        pub label: String = "label",
        /// Nothing stands here.
        pub placeholder: bool = "placeholder",
        /// The layout asks for a value, whatever the field does.
        pub required: bool = "required",
        /// The value can be given to a new record.
        pub editable_for_new: bool = "editableForNew",
        /// The value can be changed.
        pub editable_for_update: bool = "editableForUpdate",
        /// What stands here: a field, or several of a compound one.
        pub components: Vec<LayoutComponent> = "layoutComponents",
    }
}

described! {
    /// The compact layouts of an object: what cards and lists show of it.
    pub struct CompactLayouts {
        /// The layouts.
        pub layouts: Vec<CompactLayout> = "compactLayouts",
        /// The one that counts where a record type has none of its own; none if that is
        /// Salesforce's own.
        pub default_id: Option<String> = "defaultCompactLayoutId",
        /// Which record type has which.
        pub record_types: Vec<CompactLayoutMapping> = "recordTypeCompactLayoutMappings",
    }
}

described! {
    /// A compact layout.
    pub struct CompactLayout {
        /// Its id; Salesforce's own has none.
        pub id: Option<String> = "id",
        /// The API name, `SYSTEM` for Salesforce's own.
        pub name: String = "name",
        /// What users read.
        pub label: String = "label",
        /// What it shows, in order.
        pub fields: Vec<LayoutItem> = "fieldItems",
    }
}

described! {
    /// A record type and its compact layout.
    pub struct CompactLayoutMapping {
        /// The id of the record type.
        pub record_type_id: String = "recordTypeId",
        /// What users read.
        pub record_type_name: String = "recordTypeName",
        /// The id of the compact layout; Salesforce's own has none.
        pub layout_id: Option<String> = "compactLayoutId",
        /// The API name of the compact layout.
        pub layout_name: String = "compactLayoutName",
        /// The user may choose the record type.
        pub available: bool = "available",
    }
}

described! {
    /// What stands at a place of a layout.
    pub struct LayoutComponent {
        /// What it is: `Field`, `EmptySpace`, `Separator`, …
        pub component_type: String = "type",
        /// For a field, its name.
        pub value: Option<String> = "value",
    }
}
