//! Ranges of addresses that an app may be used from.

use std::net::IpAddr;
use std::str::FromStr;

use serde::Deserialize;

/// An address, or all that begin with the same bits: `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct AddressRange {
    first: IpAddr,
    bits: u32,
}

/// The text is no range of IP addresses.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is neither an IP address nor a range of them such as 10.0.0.0/8")]
pub struct InvalidAddressRange(String);

impl AddressRange {
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let shared = |first: u128, other: u128, width: u32| {
            (first ^ other).checked_shr(width - self.bits).unwrap_or(0) == 0
        };
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(other)) => {
                shared(first.to_bits().into(), other.to_bits().into(), 32)
            }
            (IpAddr::V6(first), IpAddr::V6(other)) => shared(first.to_bits(), other.to_bits(), 128),
            _ => false,
        }
    }
}

impl FromStr for AddressRange {
    type Err = InvalidAddressRange;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (first, bits) = match text.split_once('/') {
                Some((first, bits)) => (first, Some(bits.parse::<u32>().ok()?)),
                None => (text, None),
            };
            let first: IpAddr = first.parse().ok()?;
            let width = if first.is_ipv4() { 32 } else { 128 };
            let bits = bits.unwrap_or(width);
            (bits <= width).then_some(Self { first, bits })
        };
        read().ok_or_else(|| InvalidAddressRange(text.to_owned()))
    }
}

impl TryFrom<String> for AddressRange {
    type Error = InvalidAddressRange;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_what_begins_with_its_bits() {
        let table = [
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/31", "10.0.0.1", true),
            ("10.0.0.0/31", "10.0.0.2", false),
            ("0.0.0.0/0", "203.0.113.7", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "2001:db8::1", true),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::1", "::1", true),
        ];
        for (range, address, expected) in table {
            let range: AddressRange = range.parse().unwrap();
            assert_eq!(
                range.contains(address.parse().unwrap()),
                expected,
                "{range:?} {address}"
            );
        }
        for wrong in [
            "",
            "localhost",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/-1",
        ] {
            assert!(wrong.parse::<AddressRange>().is_err(), "{wrong}");
        }
    }
}
