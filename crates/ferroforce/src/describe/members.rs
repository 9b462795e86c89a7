//! How described things are read: what is known into fields, the rest kept as it
//! came.

use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::{Error, Result};
use crate::types::Excerpt;

/// What a description says beyond the fields that this crate knows: Salesforce adds
/// to them three times a year.
#[derive(Clone, Default)]
pub struct MoreMembers(Vec<(Box<str>, Box<RawValue>)>);

impl MoreMembers {
    pub(super) fn push(&mut self, name: String, value: Box<RawValue>) {
        self.0.push((name.into(), value));
    }

    /// The value of this name as whatever `serde` can make of it, or `None` where
    /// there is no such name.
    ///
    /// # Errors
    /// When the value is not a `T`.
    pub fn get<'a, T: Deserialize<'a>>(&'a self, name: &str) -> Result<Option<T>> {
        let Some(json) = self.json(name) else {
            return Ok(None);
        };
        serde_json::from_str(json).map(Some).map_err(|error| {
            Error::decode(format!("{}: {error}", Excerpt(name))).with_source(error)
        })
    }

    /// The value of this name as JSON.
    pub fn json(&self, name: &str) -> Option<&str> {
        let mut all = self.0.iter();
        all.find(|(other, _)| **other == *name)
            .map(|(_, value)| value.get())
    }

    /// The names, in the order in which they came.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }
}

impl fmt::Debug for MoreMembers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.0.iter().map(|(name, value)| (name, value.get())))
            .finish()
    }
}

/// A struct that is read from a JSON object in one pass. A member that is missing
/// or null has its type's default, and one that is unknown goes to `more`.
macro_rules! described {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $($(#[$doc:meta])* pub $field:ident: $type:ty = $key:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$doc])* pub $field: $type,)*
            /// Everything else that came.
            pub more: $crate::describe::MoreMembers,
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                struct Read;

                impl<'de> serde::de::Visitor<'de> for Read {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a JSON object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<$name, A::Error> {
                        let mut read = $name::default();
                        while let Some(key) = map.next_key::<String>()? {
                            match key.as_str() {
                                $($key => {
                                    let value = map.next_value::<Option<$type>>()?;
                                    read.$field = value.unwrap_or_default();
                                })*
                                _ => read.more.push(key, map.next_value()?),
                            }
                        }
                        Ok(read)
                    }
                }

                deserializer.deserialize_map(Read)
            }
        }
    };
}

pub(super) use described;
