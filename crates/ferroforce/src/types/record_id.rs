//! Record ids.

use std::fmt;
use std::str::FromStr;

use super::excerpt::Excerpt;
use super::text::serde_as_text;
use crate::Error;

/// Value of five letter-case bits to checksum character.
const CHECKSUM: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// The id of a record.
///
/// Salesforce writes an id in two forms: 15 characters, in which the case of each letter matters,
/// and the same followed by a checksum of 3 characters, which makes it safe where case gets lost.
/// Both are read, both are equal here, and the form of 18 is the one that is written.
///
/// ```
/// use ferroforce::RecordId;
///
/// let short: RecordId = "001Pc00000LuBMU".parse()?;
/// let long: RecordId = "001Pc00000LuBMUIA3".parse()?;
/// assert_eq!(short, long);
/// assert_eq!(short.to_string(), "001Pc00000LuBMUIA3");
/// assert_eq!(short.key_prefix(), "001");
/// # Ok::<(), ferroforce::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId([u8; 18]);

impl RecordId {
    /// The id with its checksum: 18 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        ascii(&self.0)
    }

    /// The id without its checksum: 15 characters, of which the letter case matters.
    #[must_use]
    pub fn short(&self) -> &str {
        ascii(&self.0[..15])
    }

    /// The first three characters, which tell the kind of object: `001` is an account, `003` a
    /// contact, `a00` and the like are custom objects.
    #[must_use]
    pub fn key_prefix(&self) -> &str {
        ascii(&self.0[..3])
    }
}

/// An id holds ASCII only, so nothing falls back to the empty text.
fn ascii(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// The three characters that tell which of the fifteen are capitals, five a character.
fn checksum(id: &[u8]) -> [u8; 3] {
    let mut sum = [0; 3];
    for (group, sum) in id.chunks(5).zip(&mut sum) {
        let bits = group
            .iter()
            .enumerate()
            .filter(|(_, c)| c.is_ascii_uppercase())
            .fold(0, |bits, (place, _)| bits | 1 << place);
        *sum = CHECKSUM[bits];
    }
    sum
}

/// The id in the letter case that `given`, its checksum in any case, asks for.
fn recased(id: &[u8], given: &[u8]) -> Option<[u8; 18]> {
    let mut out = [0; 18];
    for (group, c) in given.iter().enumerate() {
        let bits = CHECKSUM
            .iter()
            .position(|of| of == &c.to_ascii_uppercase())?;
        for place in 0..5 {
            let at = group * 5 + place;
            out[at] = if bits & (1 << place) == 0 {
                id[at].to_ascii_lowercase()
            } else {
                id[at].to_ascii_uppercase()
            };
        }
    }
    let sum = checksum(&out[..15]);
    out[15..].copy_from_slice(&sum);
    sum.eq_ignore_ascii_case(given).then_some(out)
}

impl FromStr for RecordId {
    type Err = Error;

    /// Reads an id of 15 or 18 characters.
    ///
    /// # Errors
    ///
    /// When the length is another, when a character is neither an ASCII letter nor a digit, or when
    /// the checksum does not fit, which mostly means that something changed the letter case.
    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |why: &str| {
            Err(Error::invalid_input(format!(
                "{} is not a record id: {why}",
                Excerpt(text)
            )))
        };
        if let Some(other) = text.chars().find(|c| !c.is_ascii_alphanumeric()) {
            return refuse(&format!(
                "it holds {other:?}, an id has only ASCII letters and digits"
            ));
        }
        let bytes = text.as_bytes();
        if bytes.len() != 15 && bytes.len() != 18 {
            return refuse(&format!(
                "it has {} characters, an id has 15 or 18",
                bytes.len()
            ));
        }
        let (id, given) = bytes.split_at(15);
        let sum = checksum(id);
        if !given.is_empty() && given != sum {
            return refuse(&match recased(id, given) {
                Some(right) => format!(
                    "its letter case was changed; by its last three characters it was {}",
                    ascii(&right)
                ),
                None => format!(
                    "it ends in {}, and its checksum is {}",
                    ascii(given),
                    ascii(&sum)
                ),
            });
        }
        let mut out = [0; 18];
        out[..15].copy_from_slice(id);
        out[15..].copy_from_slice(&sum);
        Ok(Self(out))
    }
}

impl TryFrom<&str> for RecordId {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        text.parse()
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordId({self})")
    }
}

impl AsRef<str> for RecordId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

serde_as_text!(RecordId, "a record id of 15 or 18 characters");

#[cfg(test)]
mod tests;
