/// The types that a describe names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum FieldType {
    #[default]
    String,
    Picklist,
    Multipicklist,
    Combobox,
    Reference,
    Base64,
    Boolean,
    Currency,
    Textarea,
    Int,
    Double,
    Percent,
    Phone,
    Id,
    Date,
    Datetime,
    Time,
    Url,
    Email,
    EncryptedString,
    DataCategoryGroupReference,
    Location,
    Address,
    AnyType,
    Json,
    ComplexValue,
    Long,
}

const NAMES: [(FieldType, &str, &str); 27] = [
    (FieldType::String, "string", "xsd:string"),
    (FieldType::Picklist, "picklist", "xsd:string"),
    (FieldType::Multipicklist, "multipicklist", "xsd:string"),
    (FieldType::Combobox, "combobox", "xsd:string"),
    (FieldType::Reference, "reference", "tns:ID"),
    (FieldType::Base64, "base64", "xsd:base64Binary"),
    (FieldType::Boolean, "boolean", "xsd:boolean"),
    (FieldType::Currency, "currency", "xsd:double"),
    (FieldType::Textarea, "textarea", "xsd:string"),
    (FieldType::Int, "int", "xsd:int"),
    (FieldType::Double, "double", "xsd:double"),
    (FieldType::Percent, "percent", "xsd:double"),
    (FieldType::Phone, "phone", "xsd:string"),
    (FieldType::Id, "id", "tns:ID"),
    (FieldType::Date, "date", "xsd:date"),
    (FieldType::Datetime, "datetime", "xsd:dateTime"),
    (FieldType::Time, "time", "xsd:time"),
    (FieldType::Url, "url", "xsd:string"),
    (FieldType::Email, "email", "xsd:string"),
    (FieldType::EncryptedString, "encryptedstring", "xsd:string"),
    (
        FieldType::DataCategoryGroupReference,
        "datacategorygroupreference",
        "xsd:string",
    ),
    (FieldType::Location, "location", "urn:location"),
    (FieldType::Address, "address", "urn:address"),
    (FieldType::AnyType, "anyType", "xsd:anyType"),
    (FieldType::Json, "json", "urn:json"),
    (FieldType::ComplexValue, "complexvalue", "xsd:anyType"),
    (FieldType::Long, "long", "xsd:long"),
];

impl FieldType {
    /// The type of this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let (found, ..) = NAMES
            .iter()
            .find(|(_, known, _)| known.eq_ignore_ascii_case(name))?;
        Some(*found)
    }

    fn entry(self) -> (&'static str, &'static str) {
        NAMES
            .iter()
            .find(|(known, ..)| *known == self)
            .map_or(("string", "xsd:string"), |(_, name, soap)| (name, soap))
    }

    /// What a describe calls it.
    pub(crate) fn name(self) -> &'static str {
        self.entry().0
    }

    /// What SOAP calls it.
    pub(crate) fn soap_type(self) -> &'static str {
        self.entry().1
    }

    /// Words, as opposed to numbers, dates, ids and bytes.
    pub(crate) fn is_text(self) -> bool {
        matches!(
            self,
            Self::String
                | Self::Picklist
                | Self::Multipicklist
                | Self::Combobox
                | Self::Textarea
                | Self::Phone
                | Self::Url
                | Self::Email
                | Self::EncryptedString
                | Self::DataCategoryGroupReference
                | Self::AnyType
                | Self::Json
        )
    }

    /// Numbers that may have decimals.
    pub(crate) fn is_decimal(self) -> bool {
        matches!(self, Self::Double | Self::Currency | Self::Percent)
    }

    /// Made of other fields.
    pub(crate) fn is_compound(self) -> bool {
        matches!(self, Self::Address | Self::Location | Self::ComplexValue)
    }
}
