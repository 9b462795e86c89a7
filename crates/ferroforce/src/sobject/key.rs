//! The external id inside of a record that is upserted by it.

use bytes::Bytes;
use serde_json::value::RawValue;

use super::Members;
use crate::error::{Error, Result};
use crate::types::RecordId;

/// The record without the field that it is upserted by. The record may hold it, in
/// any letter case, if it says the same as the address.
pub(super) fn without_key(body: &Bytes, field: &str, value: &str) -> Result<Bytes> {
    let Members(mut members) = serde_json::from_slice(body).map_err(|error| {
        Error::invalid_input("a record is written from a struct or map").with_source(error)
    })?;
    let before = members.len();
    for (name, member) in &members {
        if name.eq_ignore_ascii_case(field) && !says(member, field, value) {
            return Err(Error::invalid_input(format!(
                "the record's own {name} differs from the value that it is upserted by; leave it \
                 out, or make it the same"
            )));
        }
    }
    members.retain(|(name, _)| !name.eq_ignore_ascii_case(field));
    if members.len() == before {
        return Ok(body.clone());
    }
    serde_json::to_vec(&Members(members))
        .map(Bytes::from)
        .map_err(|error| Error::invalid_input("the record cannot be written").with_source(error))
}

fn says(member: &RawValue, field: &str, value: &str) -> bool {
    match serde_json::from_str::<String>(member.get()) {
        Ok(text) => text == value || (field.eq_ignore_ascii_case("Id") && same_id(&text, value)),
        Err(_) => {
            let number = Decimal::read(member.get());
            number.is_some() && number == Decimal::read(value)
        }
    }
}

fn same_id(a: &str, b: &str) -> bool {
    matches!((a.parse::<RecordId>(), b.parse::<RecordId>()), (Ok(a), Ok(b)) if a == b)
}

/// A decimal number as its digits, so that `12`, `12.0` and `1.2e1` are the same
/// and no digit gets lost in a float.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    /// Without zeros at either end; empty for zero.
    digits: String,
    /// Of the last digit.
    exponent: i64,
}

impl Decimal {
    fn read(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let digits = [whole, fraction].concat();
        let significant = digits.trim_end_matches('0');
        let dropped = i64::try_from(digits.len() - significant.len()).ok()?;
        let exponent = i64::from(exponent) - i64::try_from(fraction.len()).ok()? + dropped;
        let digits = significant.trim_start_matches('0').to_owned();
        let zero = digits.is_empty();
        Some(Self {
            negative: negative && !zero,
            exponent: if zero { 0 } else { exponent },
            digits,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sent(body: &str, field: &str, value: &str) -> Result<String> {
        let body = without_key(&Bytes::copy_from_slice(body.as_bytes()), field, value)?;
        Ok(String::from_utf8(body.to_vec()).unwrap())
    }

    #[test]
    fn a_key_that_says_the_same_is_left_out() {
        for (body, field, value) in [
            (r#"{"Key__c":"12","A":1.10}"#, "Key__c", "12"),
            (r#"{"A":1.10,"kEY__C":12}"#, "Key__c", "12"),
            (r#"{"Key__c":12.0,"A":1.10,"KEY__C":"12"}"#, "Key__c", "12"),
            (r#"{"Key__c":1.2e1,"A":1.10}"#, "Key__c", "12"),
            (r#"{"Key__c":-0.0,"A":1.10}"#, "Key__c", "0"),
            (
                r#"{"Key__c":12345678901234567890.01,"A":1.10}"#,
                "Key__c",
                "12345678901234567890.010",
            ),
            (r#"{"Key__c":"caf\u00e9/\"","A":1.10}"#, "Key__c", "café/\""),
            (
                r#"{"Id":"001Pc00000LuBMU","A":1.10}"#,
                "Id",
                "001Pc00000LuBMUIA3",
            ),
        ] {
            assert_eq!(sent(body, field, value).unwrap(), r#"{"A":1.10}"#, "{body}");
        }
    }

    #[test]
    fn a_key_that_says_another_thing_is_refused() {
        for member in [
            "\"13\"",
            "null",
            "12.5",
            "12345678901234567890",
            "true",
            "[12]",
            "{\"a\":12}",
            "\"12.0\"",
            "\" 12\"",
        ] {
            let error = sent(&format!(r#"{{"Key__c":{member}}}"#), "Key__c", "12").unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::InvalidInput, "{member}");
            assert!(error.to_string().contains("Key__c differs"), "{error}");
        }
        let ids = r#"{"Key__c":"001Pc00000LuBMU"}"#;
        assert!(sent(ids, "Key__c", "001Pc00000LuBMUIA3").is_err());
    }

    /// A field of a parent is another field.
    #[test]
    fn only_the_record_s_own_field_is_meant() {
        let body = r#"{"Parent__r":{"Key__c":"13"},"Key":1}"#;
        assert_eq!(sent(body, "Key__c", "12").unwrap(), body);
    }

    proptest! {
        #[test]
        fn a_number_is_itself_however_it_is_written(number in -1_000_000_i64..1_000_000, zeros in 0_usize..5) {
            let plain = Decimal::read(&number.to_string());
            prop_assert!(plain.is_some());
            prop_assert_eq!(&plain, &Decimal::read(&format!("{number}.{}", "0".repeat(zeros))));
            prop_assert_eq!(&plain, &Decimal::read(&format!("{number}{}e-{zeros}", "0".repeat(zeros))));
            prop_assert_ne!(&plain, &Decimal::read(&format!("{number}.01")));
            prop_assert_ne!(&plain, &Decimal::read(&(number + 1).to_string()));
        }
    }
}
