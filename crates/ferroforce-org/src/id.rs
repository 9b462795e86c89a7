//! Record ids: 15 base-62 characters and three that guard their case.

use std::fmt;
use std::str::FromStr;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CHECKSUM: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
/// Which server made the id: two characters, then one that is reserved.
const POD: &[u8; 3] = b"Lo0";

/// An 18-character record id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RecordId([u8; 18]);

/// The text is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed record id")]
pub(crate) struct MalformedId;

impl RecordId {
    /// The n-th id of the object with this key prefix.
    pub(crate) fn nth(key_prefix: [u8; 3], n: u64) -> Self {
        let mut id = [b'0'; 15];
        id[..3].copy_from_slice(&key_prefix);
        id[3..6].copy_from_slice(POD);
        let mut rest = n;
        for digit in id[6..].iter_mut().rev() {
            *digit = digit_of(rest % 62);
            rest /= 62;
        }
        Self::complete(id)
    }

    /// The id as 18 characters.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The id without its checksum, as some messages print it.
    pub(crate) fn short(&self) -> &str {
        &self.as_str()[..15]
    }

    /// The three characters that tell the object.
    pub(crate) fn key_prefix(&self) -> &str {
        &self.as_str()[..3]
    }

    fn complete(id: [u8; 15]) -> Self {
        let mut full = [0; 18];
        full[..15].copy_from_slice(&id);
        for (group, slot) in id.chunks(5).zip(&mut full[15..]) {
            let upper = group
                .iter()
                .enumerate()
                .filter(|(_, c)| c.is_ascii_uppercase())
                .fold(0, |bits, (i, _)| bits | 1_usize << i);
            *slot = CHECKSUM[upper];
        }
        Self(full)
    }
}

fn digit_of(n: u64) -> u8 {
    usize::try_from(n)
        .ok()
        .and_then(|n| DIGITS.get(n))
        .copied()
        .unwrap_or(b'0')
}

impl FromStr for RecordId {
    type Err = MalformedId;

    /// Reads 15 characters, or 18 with a right checksum.
    fn from_str(text: &str) -> Result<Self, MalformedId> {
        let bytes = text.as_bytes();
        let (id, checksum) = bytes.split_first_chunk::<15>().ok_or(MalformedId)?;
        if !id.iter().all(u8::is_ascii_alphanumeric) {
            return Err(MalformedId);
        }
        let full = Self::complete(*id);
        if checksum.is_empty() || checksum == &full.0[15..] {
            Ok(full)
        } else {
            Err(MalformedId)
        }
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_recorded_ids() {
        for (short, long) in [
            ("001Pc00000LuBMU", "001Pc00000LuBMUIA3"),
            ("003P000001avB5G", "003P000001avB5GIAU"),
            ("01g4C00000trDSY", "01g4C00000trDSYQA2"),
        ] {
            let id: RecordId = short.parse().unwrap();
            assert_eq!(id.as_str(), long);
            assert_eq!(long.parse(), Ok(id));
            assert_eq!(id.short(), short);
        }
    }

    #[test]
    fn other_texts_are_malformed() {
        for text in [
            "",
            "001",
            "001Pc00000LuBMUIA4",
            "001Pc00000LuBM-",
            "001Pc00000LuBMUI",
            "é01Pc00000LuBM",
        ] {
            assert_eq!(text.parse::<RecordId>(), Err(MalformedId), "{text}");
        }
    }

    #[test]
    fn ids_count_in_base_62() {
        assert_eq!(RecordId::nth(*b"001", 1).short(), "001Lo0000000001");
        assert_eq!(RecordId::nth(*b"001", 62).short(), "001Lo0000000010");
        assert_eq!(RecordId::nth(*b"003", 61).short(), "003Lo000000000z");
    }
}
