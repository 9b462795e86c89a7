use std::convert::Infallible;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! types {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// The type of a field. The set is open: what this crate has no name for is
        /// [`FieldType::Other`] with the type as it came.
        ///
        /// <https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/field_types.htm>
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum FieldType {
            $($(#[$doc])* $name,)*
            /// Any other type, as it came.
            Other(Box<str>),
        }

        impl FieldType {
            /// The type as Salesforce writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Other(other) => other,
                }
            }
        }

        impl From<&str> for FieldType {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$name,)*
                    other => Self::Other(other.into()),
                }
            }
        }

        #[cfg(test)]
        pub(super) const NAMES: &[&str] = &[$($text,)*];
    };
}

types! {
    /// Text of one line.
    String = "string",
    /// One value of a list.
    Picklist = "picklist",
    /// Several values of a list, written with semicolons between them.
    MultiPicklist = "multipicklist",
    /// A value of a list or any other text.
    ComboBox = "combobox",
    /// The id of a record.
    Reference = "reference",
    /// A file, or other bytes.
    Base64 = "base64",
    /// True or false, never null.
    Boolean = "boolean",
    /// A sum of money.
    Currency = "currency",
    /// Text of several lines.
    TextArea = "textarea",
    /// A whole number of 32 bits.
    Int = "int",
    /// A number.
    Double = "double",
    /// A number that is shown as a percentage.
    Percent = "percent",
    /// A telephone number, which is a text.
    Phone = "phone",
    /// The record's own id.
    Id = "id",
    /// A date.
    Date = "date",
    /// A moment in time.
    DateTime = "datetime",
    /// A time of day.
    Time = "time",
    /// An address in the web.
    Url = "url",
    /// An e-mail address.
    Email = "email",
    /// Text that is stored encrypted.
    EncryptedString = "encryptedstring",
    /// A reference to a group of data categories.
    DataCategoryGroupReference = "datacategorygroupreference",
    /// A place on earth, of a latitude and a longitude.
    Location = "location",
    /// A postal address, of several fields.
    Address = "address",
    /// A value whose type the record tells.
    AnyType = "anyType",
    /// JSON.
    Json = "json",
    /// A value of several parts.
    ComplexValue = "complexvalue",
    /// A whole number of 64 bits.
    Long = "long",
}

impl FieldType {
    /// Whether values are text to Salesforce: what a string can be written into.
    pub fn is_text(&self) -> bool {
        matches!(
            self,
            Self::String
                | Self::Picklist
                | Self::MultiPicklist
                | Self::ComboBox
                | Self::TextArea
                | Self::Phone
                | Self::Url
                | Self::Email
                | Self::EncryptedString
        )
    }

    /// Whether values are JSON numbers.
    pub fn is_number(&self) -> bool {
        matches!(
            self,
            Self::Currency | Self::Int | Self::Double | Self::Percent | Self::Long
        )
    }
}

impl Default for FieldType {
    /// A type that was not told.
    fn default() -> Self {
        Self::Other("".into())
    }
}

impl std::str::FromStr for FieldType {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::from(text))
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for FieldType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for FieldType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Ok(Self::from(&*text))
    }
}
