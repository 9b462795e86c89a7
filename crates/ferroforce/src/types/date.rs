//! Calendar dates.

use std::fmt;
use std::str::FromStr;

use jiff::civil;

use super::text::serde_as_text;
use super::{DateTime, Excerpt, Time};
use crate::Error;

/// A calendar date: the type of a date field. It knows no time zone. `serde` reads it from a text
/// like `2024-02-29`, and from the milliseconds between 1970 and the start of the date in UTC, which
/// Bulk API 1.0 writes in JSON.
///
/// ```
/// use ferroforce::Date;
///
/// let date: Date = "2024-02-29".parse()?;
/// assert_eq!(date, Date::new(2024, 2, 29)?);
/// assert_eq!(date.to_string(), "2024-02-29");
/// # Ok::<(), ferroforce::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(civil::Date);

impl Date {
    /// A date from its year (1 to 9999), month (1 to 12) and day of the month.
    ///
    /// # Errors
    ///
    /// When there is no such day.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, Error> {
        Self::known(year, month, day).ok_or_else(|| {
            Error::invalid_input(format!("there is no day {year:04}-{month:02}-{day:02}"))
        })
    }

    fn known(year: u16, month: u8, day: u8) -> Option<Self> {
        let year = i16::try_from(year)
            .ok()
            .filter(|year| (1..=9999).contains(year))?;
        let date = civil::Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()?;
        Some(Self(date))
    }

    /// The year, 1 to 9999.
    #[must_use]
    pub fn year(self) -> u16 {
        self.0.year().unsigned_abs()
    }

    /// The month, 1 to 12.
    #[must_use]
    pub fn month(self) -> u8 {
        self.0.month().unsigned_abs()
    }

    /// The day of the month, 1 to 31.
    #[must_use]
    pub fn day(self) -> u8 {
        self.0.day().unsigned_abs()
    }

    /// The moment that has this date and `time` in UTC.
    ///
    /// ```
    /// use ferroforce::{Date, Time};
    ///
    /// let noon = Date::new(2024, 2, 29)?.at_utc(Time::new(12, 0, 0, 0)?)?;
    /// assert_eq!(noon, "2024-02-29T12:00:00Z".parse()?);
    /// # Ok::<(), ferroforce::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// In the last 26 hours of the year 9999, which a [`DateTime`] does not reach.
    pub fn at_utc(self, time: Time) -> Result<DateTime, Error> {
        DateTime::from_civil(self.0.to_datetime(time.civil()), 0)
    }

    /// The date that begins so many milliseconds after 1970 in UTC.
    fn from_unix_millis(millis: i64) -> Result<Self, Error> {
        let start = DateTime::from_unix_millis(millis)?;
        let midnight = civil::Time::midnight();
        if start.time_utc().civil() == midnight {
            Ok(start.date_utc())
        } else {
            Err(Error::invalid_input(format!(
                "{millis} milliseconds since 1970 are not the start of a day"
            )))
        }
    }

    pub(super) fn from_civil(date: civil::Date) -> Self {
        Self(date)
    }

    pub(super) fn civil(self) -> civil::Date {
        self.0
    }

    /// Reads `YYYY-MM-DD`, the whole of `text`.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = *text else {
            return None;
        };
        Self::known(
            number(&[y0, y1, y2, y3])?,
            number(&[m0, m1])?.try_into().ok()?,
            number(&[d0, d1])?.try_into().ok()?,
        )
    }
}

/// Reads at most four ASCII digits and nothing else.
pub(super) fn number(digits: &[u8]) -> Option<u16> {
    digits.iter().try_fold(0, |sum: u16, c| {
        let digit = c.is_ascii_digit().then(|| u16::from(c - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

impl FromStr for Date {
    type Err = Error;

    /// Reads `2024-02-29`.
    ///
    /// # Errors
    ///
    /// When the text has another form, or there is no such day.
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::read(text.as_bytes()).ok_or_else(|| {
            Error::invalid_input(format!(
                "{} is not a date, which looks like 2024-02-29",
                Excerpt(text)
            ))
        })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}-{:02}",
            self.year(),
            self.month(),
            self.day()
        )
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Date({self})")
    }
}

serde_as_text!(Date, "a date like 2024-02-29", Date::from_unix_millis);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn days_that_exist() {
        for text in [
            "0001-01-01",
            "1700-01-01",
            "1900-02-28",
            "2000-02-29",
            "9999-12-31",
        ] {
            let date: Date = text.parse().unwrap();
            assert_eq!(date.to_string(), text);
            assert_eq!(
                Date::new(date.year(), date.month(), date.day()).unwrap(),
                date
            );
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "0000-01-01",
            "1900-02-29",
            "2024-00-10",
            "2024-13-01",
            "2024-01-00",
            "2024-01-32",
            "2024-1-1",
            "24-01-01",
            "2024/01/01",
            "+024-01-01",
            "2024-01-01 ",
            "2024-01-01T00:00:00Z",
            "٢٠٢٤-٠١-٠١",
        ] {
            let error = text.parse::<Date>().unwrap_err().to_string();
            assert!(
                error.contains("is not a date, which looks like 2024-02-29"),
                "{error}"
            );
        }
        assert_eq!(
            Date::new(2023, 2, 29).unwrap_err().message(),
            "there is no day 2023-02-29"
        );
        for (year, month, day) in [(0, 1, 1), (10_000, 1, 1), (u16::MAX, 255, 255), (1, 200, 1)] {
            assert!(Date::new(year, month, day).is_err());
        }
    }

    #[test]
    fn travels_as_text() {
        let date: Date = serde_json::from_str("\"2010-01-01\"").unwrap();
        assert_eq!(serde_json::to_string(&date).unwrap(), "\"2010-01-01\"");
        assert_eq!(format!("{date:?}"), "Date(2010-01-01)");
        assert!(serde_json::from_str::<Date>("20100101").is_err());
        for (millis, text) in [("1262304000000", "2010-01-01"), ("-86400000", "1969-12-31")] {
            let date: Date = serde_json::from_str(millis).unwrap();
            assert_eq!(date.to_string(), text);
        }
    }

    #[test]
    fn order_is_that_of_the_calendar() {
        let days = ["0999-12-31", "2023-12-31", "2024-01-01"].map(|d| d.parse::<Date>().unwrap());
        assert!(days.is_sorted());
    }

    proptest! {
        #[test]
        fn anything_is_read_or_refused(text in "[-0-9TZ]{0,12}|.{0,12}") {
            if let Ok(date) = text.parse::<Date>() {
                prop_assert_eq!(date.to_string(), text);
            }
        }
    }
}
