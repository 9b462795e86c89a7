//! Bytes as the hexadecimal digits that `sf` writes.

use zeroize::Zeroizing;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

pub(super) fn write(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for half in [byte >> 4, byte & 15] {
            text.push(char::from(DIGITS[usize::from(half)]));
        }
    }
    text
}

/// Nothing where there is anything but pairs of digits.
pub(super) fn read(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let pairs = text.as_bytes().chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for pair in pairs {
        bytes.push(digit(pair[0])? << 4 | digit(pair[1])?);
    }
    Some(bytes)
}

fn digit(character: u8) -> Option<u8> {
    let value = char::from(character).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(*read(&write(&bytes)).unwrap(), bytes);
        assert_eq!(write(&[0, 0xAF]), "00af");
        assert_eq!(*read("0aAf").unwrap(), [0x0A, 0xAF]);
    }

    #[test]
    fn anything_else_is_none() {
        for text in ["0", "0g", "+1", "é", " 0"] {
            assert!(read(text).is_none(), "{text}");
        }
    }
}
