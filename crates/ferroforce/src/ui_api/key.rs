use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// A name for one create, a random UUID (version 4): whatever is sent under it is
/// carried out once. Keep it where the work is kept, to go on after a crash.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// A new key.
    pub fn generate() -> Self {
        // Each is keyed by the system's random numbers.
        let random = || RandomState::new().hash_one(0);
        let (high, low) = (random(), random());
        Self(format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | (low >> 48) & 0x3fff,
            low & 0xffff_ffff_ffff,
        ))
    }

    /// The key as it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IdempotencyKey {
    type Err = Error;

    /// Reads a key that was kept, or made elsewhere.
    ///
    /// # Errors
    /// When it is no UUID of version 4.
    fn from_str(text: &str) -> Result<Self, Error> {
        let fits = text.len() == 36
            && text.bytes().enumerate().all(|(at, c)| match at {
                8 | 13 | 18 | 23 => c == b'-',
                14 => c == b'4',
                19 => matches!(c.to_ascii_lowercase(), b'8' | b'9' | b'a' | b'b'),
                _ => c.is_ascii_hexdigit(),
            });
        if fits {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(Error::invalid_input(
                "an idempotency key is a random UUID, of version 4",
            ))
        }
    }
}

impl TryFrom<String> for IdempotencyKey {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<IdempotencyKey> for String {
    fn from(key: IdempotencyKey) -> Self {
        key.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn keys_are_random_uuids() {
        let keys: HashSet<_> = (0..1000).map(|_| IdempotencyKey::generate()).collect();
        assert_eq!(keys.len(), 1000);
        for key in keys {
            assert_eq!(key.as_str().parse::<IdempotencyKey>().unwrap(), key);
        }
        for text in [
            "",
            "936da01f-9abd-1d9d-80c7-02af85c822a8",
            "936da01f-9abd-4d9d-c0c7-02af85c822a8",
            "936da01f9abd4d9d80c702af85c822a8",
            "936da01f-9abd-4d9d-80c7-02af85c822a8\n",
        ] {
            assert!(text.parse::<IdempotencyKey>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_can_be_kept() {
        let key = IdempotencyKey::generate();
        let kept = serde_json::to_string(&key).unwrap();
        assert_eq!(kept, format!("\"{key}\""));
        assert_eq!(serde_json::from_str::<IdempotencyKey>(&kept).unwrap(), key);
    }
}
