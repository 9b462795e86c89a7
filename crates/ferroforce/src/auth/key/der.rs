//! As much of DER as it takes to say what kind of key one is.

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OBJECT_ID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];

/// An RSA private key in DER.
pub(super) struct RsaKey {
    /// The size of the modulus.
    pub(super) bits: usize,
    /// Whether it is wrapped in PKCS#8, or is bare PKCS#1.
    pub(super) in_pkcs8: bool,
}

impl RsaKey {
    /// Reads PKCS#1 or PKCS#8. The error is the algorithm of a key that is none of RSA's, or
    /// nothing where `der` is no key at all.
    pub(super) fn read(der: &[u8]) -> Result<Self, Option<Vec<u8>>> {
        let mut outer = Reader(der);
        let mut key = outer
            .nested(SEQUENCE)
            .filter(|_| outer.0.is_empty())
            .ok_or(None)?;
        key.take(INTEGER).ok_or(None)?;
        if let Some(bits) = key.clone().take(INTEGER).and_then(bits) {
            return Ok(Self {
                bits,
                in_pkcs8: false,
            });
        }
        let algorithm = key
            .nested(SEQUENCE)
            .and_then(|mut id| id.take(OBJECT_ID))
            .ok_or(None)?;
        if algorithm != RSA {
            return Err(Some(algorithm.to_vec()));
        }
        let mut key = key
            .nested(OCTET_STRING)
            .and_then(|mut key| key.nested(SEQUENCE))
            .ok_or(None)?;
        key.take(INTEGER).ok_or(None)?;
        let bits = key.take(INTEGER).and_then(bits).ok_or(None)?;
        Ok(Self {
            bits,
            in_pkcs8: true,
        })
    }
}

/// The version number that a structure begins with.
pub(super) fn version(der: &[u8]) -> Option<&[u8]> {
    Reader(der).nested(SEQUENCE)?.take(INTEGER)
}

/// The algorithm that the contents of an `ENCRYPTED PRIVATE KEY` begin with.
#[cfg(feature = "encrypted-keys")]
pub(super) fn encryption(der: &[u8]) -> Option<&[u8]> {
    Reader(der)
        .nested(SEQUENCE)?
        .nested(SEQUENCE)?
        .take(OBJECT_ID)
}

/// The size of a number, which DER writes without leading zero bytes but for the sign.
fn bits(number: &[u8]) -> Option<usize> {
    let number = number.strip_prefix(&[0]).unwrap_or(number);
    let zeros = usize::try_from(number.first()?.leading_zeros()).ok()?;
    (number.len() * 8).checked_sub(zeros)
}

#[derive(Clone)]
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The contents of the next element, which must have this tag.
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (&[found, length], rest) = self.0.split_first_chunk()?;
        let (length, rest) = match length {
            0..=0x7f => (usize::from(length), rest),
            0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
                let length = digits
                    .iter()
                    .fold(0, |sum: u32, &digit| sum << 8 | u32::from(digit));
                (usize::try_from(length).ok()?, rest)
            }
            _ => return None,
        };
        let (contents, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        (found == tag).then_some(contents)
    }

    fn nested(&mut self, tag: u8) -> Option<Self> {
        self.take(tag).map(Reader)
    }
}
