use super::FieldType;

/// A field of an object. The names are those of the describe.
#[derive(Debug, Clone, Default)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) field_type: FieldType,
    /// In characters, for text.
    pub(crate) length: u32,
    /// Digits in all, for numbers with decimals.
    pub(crate) precision: u32,
    /// Digits behind the point.
    pub(crate) scale: u32,
    /// Digits, for whole numbers.
    pub(crate) digits: u32,
    pub(crate) nillable: bool,
    pub(crate) createable: bool,
    pub(crate) updateable: bool,
    pub(crate) defaulted_on_create: bool,
    /// The value of new records that give none, as a schema file writes it.
    pub(crate) default_value: Option<String>,
    pub(crate) unique: bool,
    pub(crate) external_id: bool,
    pub(crate) id_lookup: bool,
    pub(crate) case_sensitive: bool,
    pub(crate) filterable: bool,
    pub(crate) sortable: bool,
    pub(crate) groupable: bool,
    pub(crate) aggregatable: bool,
    /// Whether field-level security applies to it.
    pub(crate) permissionable: bool,
    pub(crate) custom: bool,
    pub(crate) calculated: bool,
    pub(crate) auto_number: bool,
    /// How the numbers look: `INV-{0000}`.
    pub(crate) auto_number_format: Option<String>,
    pub(crate) name_field: bool,
    pub(crate) name_pointing: bool,
    pub(crate) html_formatted: bool,
    pub(crate) encrypted: bool,
    pub(crate) restricted_picklist: bool,
    pub(crate) dependent_picklist: bool,
    pub(crate) picklist_values: Vec<PicklistValue>,
    /// The objects that a reference may point to; several make it polymorphic.
    pub(crate) reference_to: Vec<String>,
    /// How a query reaches the parent: `Account`, `Invoice__r`.
    pub(crate) relationship_name: Option<String>,
    /// How a subquery of the parent reaches this object: `Contacts`.
    pub(crate) child_relationship_name: Option<String>,
    pub(crate) relationship_order: Option<u32>,
    pub(crate) cascade_delete: bool,
    pub(crate) restricted_delete: bool,
    pub(crate) write_requires_master_read: bool,
    /// The address, location or name that this is a part of.
    pub(crate) compound_field_name: Option<String>,
}

/// A choice of a picklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PicklistValue {
    pub(crate) value: String,
    pub(crate) label: String,
    pub(crate) active: bool,
    pub(crate) default_value: bool,
}

impl Field {
    /// Whether it has a column of its own: compound fields are made of their
    /// parts.
    pub(crate) fn is_stored(&self) -> bool {
        !self.field_type.is_compound()
    }

    /// Whether it may point to more than one object.
    pub(crate) fn is_polymorphic(&self) -> bool {
        self.reference_to.len() > 1
    }

    /// The n-th number that it counts up to, in its format.
    pub(crate) fn numbered(&self, n: i64) -> String {
        let parts = self.auto_number_format.as_deref().and_then(|format| {
            let (before, rest) = format.split_once('{')?;
            let (zeros, after) = rest.split_once('}')?;
            Some((before, zeros.len(), after))
        });
        match parts {
            Some((before, width, after)) => format!("{before}{n:0width$}{after}"),
            None => format!("{:08}", 1000 + n),
        }
    }
}
