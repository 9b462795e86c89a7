//! How `sf` encrypts the fields of its files: AES-256-GCM, in two generations
//! that differ in what key and nonce are written as.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::hexadecimal;
use crate::auth::Secret;

/// The tag, in bytes.
const TAG: usize = 16;

/// The key that a keychain holds, of the generation that its length tells.
pub(super) struct Key {
    aes: LessSafeKey,
    generation: Generation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Generation {
    /// Key and nonce are hexadecimal digits that were taken for the bytes themselves.
    First,
    /// Key and nonce are bytes, written in hexadecimal digits.
    Second,
}

impl Generation {
    /// How many characters the nonce takes at the beginning of a field.
    const fn nonce(self) -> usize {
        match self {
            Self::First => NONCE_LEN,
            Self::Second => 2 * NONCE_LEN,
        }
    }
}

/// Why a field has no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// It has not the form of an encrypted field.
    Form,
    /// It was encrypted with another key, or changed since.
    Tag,
}

impl Key {
    /// The key as it stands in a keychain: 32 characters, or 64 hexadecimal digits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (bytes, generation) = match text.len() {
            32 => (Zeroizing::new(text.as_bytes().to_vec()), Generation::First),
            64 => (hexadecimal::read(text)?, Generation::Second),
            _ => return None,
        };
        Some(Self {
            aes: LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &bytes).ok()?),
            generation,
        })
    }

    /// What a field says: its text, decrypted where it is encrypted.
    pub(super) fn open(&self, field: &str) -> Result<Secret, Broken> {
        let Some((sealed, tag)) = field.split_once(':').filter(|(_, tag)| is_tag(tag)) else {
            // `sf` takes what it did not encrypt for what it is.
            return Ok(Secret::from(field));
        };
        let (nonce, text) = sealed
            .split_at_checked(self.generation.nonce())
            .ok_or(Broken::Form)?;
        let nonce = self.nonce(nonce).ok_or(Broken::Form)?;
        let mut buffer = hexadecimal::read(text).ok_or(Broken::Form)?;
        buffer.extend_from_slice(&hexadecimal::read(tag).ok_or(Broken::Form)?);
        let plain = self
            .aes
            .open_in_place(nonce, Aad::empty(), &mut buffer)
            .map_err(|_| Broken::Tag)?;
        match std::str::from_utf8(plain) {
            Ok(text) => Ok(Secret::from(text)),
            Err(_) => Err(Broken::Form),
        }
    }

    /// A field that holds `text`, in the generation of the key. `random` gives
    /// bytes that nobody can guess.
    pub(super) fn seal(&self, text: &Secret, random: [u8; NONCE_LEN]) -> Option<String> {
        let nonce = match self.generation {
            Generation::First => hexadecimal::write(&random[..NONCE_LEN / 2]),
            Generation::Second => hexadecimal::write(&random),
        };
        let mut buffer = Zeroizing::new(text.expose().as_bytes().to_vec());
        buffer.reserve_exact(TAG);
        let tag = self
            .aes
            .seal_in_place_separate_tag(self.nonce(&nonce)?, Aad::empty(), &mut buffer)
            .ok()?;
        let sealed = hexadecimal::write(&buffer);
        Some(format!(
            "{nonce}{sealed}:{}",
            hexadecimal::write(tag.as_ref())
        ))
    }

    fn nonce(&self, text: &str) -> Option<Nonce> {
        match self.generation {
            Generation::First => Nonce::try_assume_unique_for_key(text.as_bytes()),
            Generation::Second => Nonce::try_assume_unique_for_key(&hexadecimal::read(text)?),
        }
        .ok()
    }
}

fn is_tag(text: &str) -> bool {
    text.len() == 2 * TAG && !text.contains(':')
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?} generation)", self.generation)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FIRST: &str = "0123456789abcdef0123456789abcdef";
    const SECOND: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    fn opened(key: &str, field: &str) -> Result<String, Broken> {
        let text = Key::parse(key).unwrap().open(field)?;
        Ok(text.expose().to_owned())
    }

    /// Written by Node's `crypto`, with the two lines that `sf` has for it.
    #[test]
    fn fields_that_node_wrote_are_read() {
        let first = "a1b2c3d4e5f6170cab3548d76b41eebc76d5:f87a9d3d5da6cda96611907293cb80c6";
        let second =
            "a1b2c3d4e5f6a1b2c3d4e5f66054b8f53d03c4f070e47bb0:0a7f55f56f58d7577acac136f0442c05";
        assert_eq!(opened(FIRST, first).unwrap(), "00D!token é");
        assert_eq!(opened(SECOND, second).unwrap(), "00D!token é");
    }

    #[test]
    fn what_is_not_encrypted_is_taken_as_it_is() {
        for text in [
            "",
            "00D!token",
            "a:b",
            "a:b:00112233445566778899aabbccddeeff",
        ] {
            assert_eq!(opened(FIRST, text).unwrap(), text);
        }
    }

    #[test]
    fn other_lengths_are_no_keys() {
        for text in ["", "short", &FIRST[1..], &SECOND[1..], &"g".repeat(64)] {
            assert!(Key::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn another_key_opens_nothing() {
        let field = Key::parse(FIRST)
            .unwrap()
            .seal(&"text".into(), [7; 12])
            .unwrap();
        let other = "ffffffffffffffffffffffffffffffff";
        assert_eq!(opened(other, &field), Err(Broken::Tag));
        assert!(opened(SECOND, &field).is_err());
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_again(text in ".*", random: [u8; 12], second: bool) {
            let key = if second { SECOND } else { FIRST };
            let field = Key::parse(key).unwrap().seal(&text.as_str().into(), random).unwrap();
            prop_assert_eq!(opened(key, &field).unwrap(), text);
        }

        #[test]
        fn a_changed_field_does_not_open(at: prop::sample::Index, second: bool) {
            let key = if second { SECOND } else { FIRST };
            let field = Key::parse(key).unwrap().seal(&"00D!token".into(), [1; 12]).unwrap();
            let mut bytes = field.into_bytes();
            let place = at.index(bytes.len());
            bytes[place] = if bytes[place] == b'0' { b'1' } else { b'0' };
            let changed = String::from_utf8(bytes).unwrap();
            // Without its colon it is no encrypted field any more.
            if changed.contains(':') {
                prop_assert!(opened(key, &changed).is_err());
            }
        }

        #[test]
        fn no_field_panics(text in ".{0,80}", tag in "[0-9a-f]{32}", second: bool) {
            let key = Key::parse(if second { SECOND } else { FIRST }).unwrap();
            let _ = key.open(&text);
            let _ = key.open(&format!("{text}:{tag}"));
        }
    }
}
