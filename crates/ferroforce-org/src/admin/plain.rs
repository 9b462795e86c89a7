//! Types of HTTP as plain values in JSON.

/// Statuses are numbers in JSON.
pub(super) mod number_of_status {
    use http::StatusCode;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(status: &StatusCode, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u16(status.as_u16())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<StatusCode, D::Error> {
        let number = u16::deserialize(from)?;
        match StatusCode::from_u16(number) {
            // Anything below 200 does not end a request.
            Ok(status) if (200..600).contains(&number) => Ok(status),
            _ => Err(D::Error::custom("expected a status from 200 to 599")),
        }
    }
}

/// Methods and headers are text in JSON.
pub(super) mod text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::text_of_option::Text;

    pub(crate) fn serialize<T: Text, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&value.write())
    }

    pub(crate) fn deserialize<'de, T: Text, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
        let text = String::deserialize(from)?;
        T::read(&text).ok_or_else(|| D::Error::custom(format!("{text:?} can't be used here")))
    }
}

/// As [`text`], or null.
pub(super) mod text_of_option {
    use http::{HeaderName, HeaderValue, Method};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) trait Text: Sized {
        fn read(text: &str) -> Option<Self>;
        fn write(&self) -> String;
    }

    impl Text for Method {
        fn read(text: &str) -> Option<Self> {
            text.to_ascii_uppercase().parse().ok()
        }

        fn write(&self) -> String {
            self.to_string()
        }
    }

    impl Text for HeaderName {
        fn read(text: &str) -> Option<Self> {
            text.parse().ok()
        }

        fn write(&self) -> String {
            self.to_string()
        }
    }

    impl Text for HeaderValue {
        fn read(text: &str) -> Option<Self> {
            text.parse().ok()
        }

        fn write(&self) -> String {
            String::from_utf8_lossy(self.as_bytes()).into_owned()
        }
    }

    pub(crate) fn serialize<T: Text, S: Serializer>(
        value: &Option<T>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => to.serialize_some(&value.write()),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, T: Text, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<T>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        let read = |text: String| {
            T::read(&text).ok_or_else(|| D::Error::custom(format!("{text:?} can't be used here")))
        };
        text.map(read).transpose()
    }
}
