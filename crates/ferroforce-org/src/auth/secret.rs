//! Values that must not be shown, and where new ones come from.

use std::fmt;

use aws_lc_rs::{constant_time, rand};
use serde::Deserialize;

/// A password, token or key. Its `Debug` shows nothing of it.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(String);

impl Secret {
    /// `length` random letters and digits.
    pub(crate) fn random(length: usize) -> Self {
        Self(random_text(length))
    }

    /// The value itself, for the places that must send or show it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Compares in a time that does not depend on where the values differ.
    pub(crate) fn matches(&self, presented: &str) -> bool {
        constant_time::verify_slices_are_equal(self.0.as_bytes(), presented.as_bytes()).is_ok()
    }
}

impl<T: Into<String>> From<T> for Secret {
    fn from(value: T) -> Self {
        Self(value.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// `length` letters and digits, each equally likely.
fn random_text(length: usize) -> String {
    let mut text = String::with_capacity(length);
    let mut pool = [0_u8; 64];
    while text.len() < length {
        rand::fill(&mut pool).expect("the operating system provides random numbers");
        text.extend(
            pool.iter()
                // 248 is the largest multiple of 62 in a byte: the rest would favour some letters.
                .filter(|byte| **byte < 248)
                .map(|byte| char::from(ALPHABET[usize::from(byte % 62)]))
                .take(length - text.len()),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_secrets_have_the_length_asked_for_and_differ() {
        for length in [0, 1, 25, 64, 300] {
            let secret = Secret::random(length);
            assert_eq!(secret.expose().len(), length);
            assert!(
                secret
                    .expose()
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric())
            );
        }
        assert_ne!(Secret::random(32).expose(), Secret::random(32).expose());
    }

    #[test]
    fn a_secret_matches_only_itself() {
        let secret = Secret::from("hunter2");
        assert!(secret.matches("hunter2"));
        for other in ["", "hunter", "hunter22", "Hunter2"] {
            assert!(!secret.matches(other), "{other:?}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::from("hunter2")), "Secret(…)");
    }
}
