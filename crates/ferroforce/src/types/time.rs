//! Times of day.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::civil;

use super::Excerpt;
use super::date::number;
use super::text::serde_as_text;
use crate::Error;

/// A time of day, to the millisecond: the type of a time field. It knows no time zone, although
/// Salesforce writes a `Z` behind it.
///
/// ```
/// use ferroforce::Time;
///
/// let time: Time = "17:30:00.000Z".parse()?;
/// assert_eq!(time, Time::new(17, 30, 0, 0)?);
/// assert_eq!(time.to_string(), "17:30:00.000Z");
/// # Ok::<(), ferroforce::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(civil::Time);

impl Time {
    /// A time from its hour (0 to 23), minute and second (0 to 59) and millisecond (0 to 999).
    ///
    /// # Errors
    ///
    /// When a part is out of its range.
    pub fn new(hour: u8, minute: u8, second: u8, millisecond: u16) -> Result<Self, Error> {
        Self::known(hour, minute, second, millisecond).ok_or_else(|| {
            Error::invalid_input(format!(
                "there is no time {hour:02}:{minute:02}:{second:02}.{millisecond:03}"
            ))
        })
    }

    fn known(hour: u8, minute: u8, second: u8, millisecond: u16) -> Option<Self> {
        let time = civil::Time::new(
            hour.try_into().ok()?,
            minute.try_into().ok()?,
            second.try_into().ok()?,
            i32::from(millisecond) * 1_000_000,
        );
        time.ok().map(Self)
    }

    /// The hour, 0 to 23.
    #[must_use]
    pub fn hour(self) -> u8 {
        self.0.hour().unsigned_abs()
    }

    /// The minute, 0 to 59.
    #[must_use]
    pub fn minute(self) -> u8 {
        self.0.minute().unsigned_abs()
    }

    /// The second, 0 to 59.
    #[must_use]
    pub fn second(self) -> u8 {
        self.0.second().unsigned_abs()
    }

    /// The millisecond, 0 to 999.
    #[must_use]
    pub fn millisecond(self) -> u16 {
        self.0.millisecond().unsigned_abs()
    }

    /// How long after midnight this is.
    #[must_use]
    pub fn since_midnight(self) -> Duration {
        let minutes = u64::from(self.hour()) * 60 + u64::from(self.minute());
        Duration::from_secs(minutes * 60 + u64::from(self.second()))
            + Duration::from_millis(self.millisecond().into())
    }

    /// `time` must be whole milliseconds.
    pub(super) fn from_civil(time: civil::Time) -> Self {
        Self(time)
    }

    pub(super) fn civil(self) -> civil::Time {
        self.0
    }

    /// Reads `HH:MM`, `HH:MM:SS` or `HH:MM:SS.fff…`, the whole of `text`. Digits beyond the
    /// millisecond are dropped.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let &[h0, h1, b':', m0, m1, ref rest @ ..] = text else {
            return None;
        };
        let (second, fraction) = match *rest {
            [] => (0, &[][..]),
            [b':', s0, s1] => (number(&[s0, s1])?, &[][..]),
            [b':', s0, s1, b'.', ref fraction @ ..] if !fraction.is_empty() => {
                (number(&[s0, s1])?, fraction)
            }
            _ => return None,
        };
        if fraction.len() > 9 || !fraction.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let mut millisecond = *b"000";
        for (to, from) in millisecond.iter_mut().zip(fraction) {
            *to = *from;
        }
        Self::known(
            number(&[h0, h1])?.try_into().ok()?,
            number(&[m0, m1])?.try_into().ok()?,
            second.try_into().ok()?,
            number(&millisecond)?,
        )
    }
}

impl FromStr for Time {
    type Err = Error;

    /// Reads `17:30:00.000Z`; the `Z`, the fraction and the seconds may be missing. Digits beyond
    /// the millisecond are dropped.
    ///
    /// # Errors
    ///
    /// When the text has another form, or there is no such time.
    fn from_str(text: &str) -> Result<Self, Error> {
        let time = text.strip_suffix('Z').unwrap_or(text);
        Self::read(time.as_bytes()).ok_or_else(|| {
            Error::invalid_input(format!(
                "{} is not a time of day, which looks like 17:30:00.000Z",
                Excerpt(text)
            ))
        })
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute) = (self.hour(), self.minute());
        write!(
            f,
            "{hour:02}:{minute:02}:{:02}.{:03}Z",
            self.second(),
            self.millisecond()
        )
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Time({self})")
    }
}

serde_as_text!(Time, "a time of day like 17:30:00.000Z");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn forms_that_are_read() {
        for (text, canonical) in [
            ("17:30:00.000Z", "17:30:00.000Z"),
            ("17:30:00Z", "17:30:00.000Z"),
            ("17:30", "17:30:00.000Z"),
            ("00:00:00", "00:00:00.000Z"),
            ("23:59:59.9", "23:59:59.900Z"),
            ("23:59:59.99", "23:59:59.990Z"),
            ("23:59:59.999999999", "23:59:59.999Z"),
            ("01:02:03.0045Z", "01:02:03.004Z"),
        ] {
            assert_eq!(
                text.parse::<Time>().unwrap().to_string(),
                canonical,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "Z",
            "17",
            "17:3",
            "17:300",
            "24:00:00",
            "23:60:00",
            "23:59:60",
            "17:30:00.",
            "17:30:00.0000000000",
            "17:30:00.-10",
            "17:30:00.000ZZ",
            "17:30:00+01:00",
            " 17:30",
            "5:30 PM",
        ] {
            let error = text.parse::<Time>().unwrap_err().to_string();
            assert!(error.contains("which looks like 17:30:00.000Z"), "{error}");
        }
        for (h, m, s, ms) in [(24, 0, 0, 0), (0, 60, 0, 0), (0, 0, 60, 0), (0, 0, 0, 1000)] {
            assert!(Time::new(h, m, s, ms).is_err());
        }
        assert!(Time::new(255, 255, 255, u16::MAX).is_err());
    }

    #[test]
    fn parts_and_duration() {
        let time = Time::new(17, 30, 15, 250).unwrap();
        assert_eq!((time.hour(), time.minute(), time.second()), (17, 30, 15));
        assert_eq!(time.millisecond(), 250);
        assert_eq!(time.since_midnight(), Duration::from_millis(63_015_250));
    }

    #[test]
    fn travels_as_text() {
        let time: Time = serde_json::from_str("\"08:00:00.000Z\"").unwrap();
        assert_eq!(serde_json::to_string(&time).unwrap(), "\"08:00:00.000Z\"");
        assert_eq!(format!("{time:?}"), "Time(08:00:00.000Z)");
    }

    proptest! {
        #[test]
        fn anything_is_read_or_refused(text in "[:.0-9Z]{0,16}|.{0,16}") {
            let _ = text.parse::<Time>();
        }

        #[test]
        fn printed_reads_back(h in 0..24u8, m in 0..60u8, s in 0..60u8, ms in 0..1000u16) {
            let time = Time::new(h, m, s, ms).unwrap();
            prop_assert_eq!(time.to_string().parse::<Time>().unwrap(), time);
        }
    }
}
