//! Serde for the types that travel as text.

/// Implements `Serialize` by `Display` and `Deserialize` by `FromStr`.
macro_rules! serde_as_text {
    ($type:ty, $expecting:literal $(, $from_millis:path)?) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        $crate::types::text::deserialize_from_text!($type, $expecting $(, $from_millis)?);
    };
}

/// Implements `Deserialize` by `FromStr`, and, for moments, by a function that takes the
/// milliseconds since 1970 that Bulk API 1.0 writes in JSON.
macro_rules! deserialize_from_text {
    ($type:ty, $expecting:literal $(, $from_millis:path)?) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;

                impl serde::de::Visitor<'_> for Text {
                    type Value = $type;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expecting)
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        text.parse::<$type>().map_err(|e| E::custom(e.message()))
                    }

                    $(
                        fn visit_i64<E: serde::de::Error>(self, millis: i64) -> Result<$type, E> {
                            $from_millis(millis).map_err(|e| E::custom(e.message()))
                        }

                        fn visit_u64<E: serde::de::Error>(self, millis: u64) -> Result<$type, E> {
                            self.visit_i64(i64::try_from(millis).unwrap_or(i64::MAX))
                        }
                    )?
                }

                $(
                    let _ = $from_millis;
                    if deserializer.is_human_readable() {
                        return deserializer.deserialize_any(Text);
                    }
                )?
                deserializer.deserialize_str(Text)
            }
        }
    };
}

pub(crate) use {deserialize_from_text, serde_as_text};
