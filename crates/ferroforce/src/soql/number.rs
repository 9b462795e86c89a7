//! Numbers that no primitive type holds.

use std::fmt;

use super::{Literal, LiteralWriter};
use crate::Error;
use crate::types::Excerpt;

/// A number given by its digits, for the decimal types of other crates: no digit is lost on the
/// way to the query.
///
/// ```
/// use ferroforce::Soql;
/// use ferroforce::soql::Number;
///
/// let amount = Number::new("1999.90")?; // or any type that prints like this
/// let soql = Soql::new("SELECT Id FROM Opportunity WHERE Amount > :amount").bind("amount", amount);
/// assert_eq!(soql.render()?, "SELECT Id FROM Opportunity WHERE Amount > 1999.90");
/// # Ok::<(), ferroforce::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Number(String);

impl Number {
    /// A number that prints as digits with perhaps a point among them and a sign before them.
    ///
    /// # Errors
    ///
    /// When `value` prints in any other way.
    pub fn new(value: impl fmt::Display) -> Result<Self, Error> {
        let text = value.to_string();
        let digits = text.strip_prefix(['-', '+']).unwrap_or(&text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit());
        if all_digits(whole) && all_digits(fraction) {
            Ok(Self(text.strip_prefix('+').unwrap_or(&text).to_owned()))
        } else {
            Err(Error::invalid_input(format!(
                "{} is not a number, which looks like -12.50",
                Excerpt(&text)
            )))
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Literal for Number {
    fn write(&self, out: &mut LiteralWriter) {
        out.raw(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_kept() {
        for (text, kept) in [
            ("0", "0"),
            ("-12.50", "-12.50"),
            ("+1", "1"),
            ("007", "007"),
            (
                "12345678901234567890.12345678901234567890",
                "12345678901234567890.12345678901234567890",
            ),
        ] {
            assert_eq!(Number::new(text).unwrap().to_string(), kept);
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "", "-", "+", ".", "1.", ".5", "1e5", "1,5", "1 ", " 1", "--1", "1.2.3", "NaN", "inf",
            "0x10", "٣", "1 OR 1=1", "1'",
        ] {
            let error = Number::new(text).unwrap_err().to_string();
            assert!(
                error.contains("is not a number, which looks like -12.50"),
                "{error}"
            );
        }
    }
}
