use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::FieldType;
use super::members::described;

described! {
    /// All about a field.
    pub struct FieldDescribe {
        /// The API name, `Amount__c` for example.
        pub name: String = "name",
        /// What users read, in the user's language.
        pub label: String = "label",
        /// Its type.
        pub field_type: FieldType = "type",
        /// Its type in the SOAP API, `xsd:string` for example.
        pub soap_type: String = "soapType",
        /// How many characters a text may have; 0 for other types.
        pub length: u32 = "length",
        /// How many bytes a text may have.
        pub byte_length: u32 = "byteLength",
        /// How many digits an `int` may have.
        pub digits: u32 = "digits",
        /// How many digits a number may have in all.
        pub precision: u32 = "precision",
        /// How many of them stand behind the point.
        pub scale: u32 = "scale",
        /// It can be null.
        pub nillable: bool = "nillable",
        /// It gets a value where a new record has none.
        pub defaulted_on_create: bool = "defaultedOnCreate",
        /// It can be given to a new record.
        pub createable: bool = "createable",
        /// It can be changed.
        pub updateable: bool = "updateable",
        /// `WHERE` takes it.
        pub filterable: bool = "filterable",
        /// `ORDER BY` takes it.
        pub sortable: bool = "sortable",
        /// `GROUP BY` takes it.
        pub groupable: bool = "groupable",
        /// Functions as `MAX` take it.
        pub aggregatable: bool = "aggregatable",
        /// No two records have the same value.
        pub unique: bool = "unique",
        /// Capitals count where values are compared.
        pub case_sensitive: bool = "caseSensitive",
        /// Records can be found and upserted by it.
        pub external_id: bool = "externalId",
        /// Records can be upserted by it although it is no external id: `Id`, and
        /// `Email` of a contact.
        pub id_lookup: bool = "idLookup",
        /// It is what the records are called by.
        pub name_field: bool = "nameField",
        /// Made in this org, or part of a package.
        pub custom: bool = "custom",
        /// It is computed by a formula or a roll-up.
        pub calculated: bool = "calculated",
        /// Salesforce counts it up.
        pub auto_number: bool = "autoNumber",
        /// The formula.
        pub calculated_formula: Option<String> = "calculatedFormula",
        /// The objects that it refers to.
        pub reference_to: Vec<String> = "referenceTo",
        /// The name by which queries and addresses reach the parent.
        pub relationship_name: Option<String> = "relationshipName",
        /// The parent may be of several objects.
        pub polymorphic: bool = "polymorphicForeignKey",
        /// Deleting the parent deletes the record.
        pub cascade_delete: bool = "cascadeDelete",
        /// A parent that has such records cannot be deleted.
        pub restricted_delete: bool = "restrictedDelete",
        /// The values of a list, inactive ones included.
        pub picklist_values: Vec<PicklistValue> = "picklistValues",
        /// No value beyond the list is taken.
        pub restricted_picklist: bool = "restrictedPicklist",
        /// Which values there are depends on another field.
        pub dependent_picklist: bool = "dependentPicklist",
        /// That field.
        pub controller_name: Option<String> = "controllerName",
        /// The compound field that it is a part of: `MailingAddress` for
        /// `MailingCity`.
        pub compound_field_name: Option<String> = "compoundFieldName",
        /// What users read as help.
        pub inline_help_text: Option<String> = "inlineHelpText",
        /// It holds HTML.
        pub html_formatted: bool = "htmlFormatted",
        /// It is stored encrypted.
        pub encrypted: bool = "encrypted",
        /// More on the type: `plaintextarea`, `richtextarea`, `personname`, …
        pub extra_type_info: Option<String> = "extraTypeInfo",
        /// Reserved by Salesforce for old clients.
        pub deprecated_and_hidden: bool = "deprecatedAndHidden",
    }
}

described! {
    /// A value of a list.
    pub struct PicklistValue {
        /// The value that records hold.
        pub value: String = "value",
        /// What users read.
        pub label: Option<String> = "label",
        /// It can be chosen.
        pub active: bool = "active",
        /// It is the default.
        pub default_value: bool = "defaultValue",
        /// For which values of the controlling field it can be chosen, as bits in
        /// base64. [`is_valid_for`](Self::is_valid_for) reads them.
        pub valid_for: Option<String> = "validFor",
    }
}

impl FieldDescribe {
    /// Whether a new record must have a value for it: it can be given, cannot be
    /// null, and has no default.
    pub fn is_required(&self) -> bool {
        self.createable && !self.nillable && !self.defaulted_on_create
    }
}

impl PicklistValue {
    /// Whether it can be chosen where the controlling field has its value number
    /// `index`: from 0 in the order of that field's list, or 0 and 1 for false and
    /// true. A value that depends on nothing can always be chosen.
    pub fn is_valid_for(&self, index: usize) -> bool {
        let Some(bits) = &self.valid_for else {
            return true;
        };
        let bytes = BASE64_STANDARD.decode(bits).unwrap_or_default();
        let byte = bytes.get(index / 8).copied().unwrap_or_default();
        byte & (0x80 >> (index % 8)) != 0
    }
}
