//! Moments in time.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::civil;
use jiff::tz::Offset;

use super::date::number;
use super::text::deserialize_from_text;
use super::{Date, Excerpt, Time};
use crate::Error;

/// A moment in time, to the millisecond: the type of a date/time field. The offset of a text that
/// it is read from is applied and not kept: it prints in UTC, in the form of Salesforce's answers.
///
/// It converts from and to [`SystemTime`]. `serde` reads it from such a text, and from a number of
/// milliseconds since 1970, which Bulk API 1.0 writes in JSON.
///
/// ```
/// use std::time::SystemTime;
///
/// use ferroforce::DateTime;
///
/// let created: DateTime = "2022-03-17T16:21:26.000+0000".parse()?;
/// assert_eq!(created, "2022-03-17T17:21:26+01:00".parse()?);
/// assert_eq!(created.to_string(), "2022-03-17T16:21:26.000+0000");
///
/// let now = DateTime::try_from(SystemTime::now())?;
/// assert!(created < now);
/// assert!(SystemTime::try_from(created)? < SystemTime::now());
/// # Ok::<(), ferroforce::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(Timestamp);

impl DateTime {
    /// The moment that is `millis` milliseconds after the start of 1970 in UTC, or before it when
    /// negative.
    ///
    /// # Errors
    ///
    /// When the year would not be 1 to 9999.
    pub fn from_unix_millis(millis: i64) -> Result<Self, Error> {
        Timestamp::from_millisecond(millis)
            .ok()
            .and_then(Self::in_range)
            .ok_or_else(|| Error::invalid_input(OUT_OF_RANGE))
    }

    /// Milliseconds since the start of 1970 in UTC, negative before it.
    #[must_use]
    pub fn unix_millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// The date in UTC.
    #[must_use]
    pub fn date_utc(self) -> Date {
        Date::from_civil(self.civil().date())
    }

    /// The time of day in UTC.
    #[must_use]
    pub fn time_utc(self) -> Time {
        Time::from_civil(self.civil().time())
    }

    /// RFC 3339 in UTC, which is how SOQL writes a moment: no `+`, which gets lost in a URL.
    pub(crate) fn to_rfc3339(self) -> String {
        format!("{}T{}", self.date_utc(), self.time_utc())
    }

    /// A moment told by a clock that is `offset` seconds ahead of UTC.
    pub(super) fn from_civil(time: civil::DateTime, offset: i32) -> Result<Self, Error> {
        Offset::from_seconds(offset)
            .and_then(|offset| offset.to_timestamp(time))
            .ok()
            .and_then(Self::in_range)
            .ok_or_else(|| Error::invalid_input(OUT_OF_RANGE))
    }

    fn in_range(time: Timestamp) -> Option<Self> {
        (1..=9999)
            .contains(&Offset::UTC.to_datetime(time).year())
            .then_some(Self(time))
    }

    fn civil(self) -> civil::DateTime {
        Offset::UTC.to_datetime(self.0)
    }
}

const OUT_OF_RANGE: &str = "a date/time must lie in the years 1 to 9999";

/// Splits the offset off and reads it as seconds: `Z`, `+0000`, `+00:00`, `-0800`, `+01`.
fn split_offset(text: &str) -> Option<(&str, i32)> {
    if let Some(time) = text.strip_suffix('Z') {
        return Some((time, 0));
    }
    let at = text.rfind(['+', '-'])?;
    let (time, offset) = text.split_at(at);
    let (hours, minutes) = match *offset.as_bytes() {
        [_, h0, h1] => ([h0, h1], *b"00"),
        [_, h0, h1, m0, m1] | [_, h0, h1, b':', m0, m1] => ([h0, h1], [m0, m1]),
        _ => return None,
    };
    let (hours, minutes) = (number(&hours)?, number(&minutes)?);
    let seconds = (i32::from(hours) * 60 + i32::from(minutes)) * 60;
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    (hours < 24 && minutes < 60).then_some((time, sign * seconds))
}

impl FromStr for DateTime {
    type Err = Error;

    /// Reads `2022-03-17T16:21:26.000+0000`. The offset may also be `Z` or `+00:00` and of any
    /// zone; the fraction and the seconds may be missing. Digits beyond the millisecond are dropped.
    ///
    /// # Errors
    ///
    /// When the text has another form, no offset, or tells a moment that does not exist.
    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |why: &str| {
            Error::invalid_input(format!("{} is not a date/time: {why}", Excerpt(text)))
        };
        const FORM: &str = "it must look like 2022-03-17T16:21:26.000+0000";
        let (date, time) = text.split_once('T').ok_or_else(|| refuse(FORM))?;
        let date = Date::read(date.as_bytes()).ok_or_else(|| refuse(FORM))?;
        let (time, offset) = split_offset(time).ok_or_else(|| {
            let naive = Time::read(time.as_bytes()).is_some();
            refuse(if naive {
                "it lacks an offset from UTC, such as Z"
            } else {
                FORM
            })
        })?;
        let time = Time::read(time.as_bytes()).ok_or_else(|| refuse(FORM))?;
        Self::from_civil(date.civil().to_datetime(time.civil()), offset)
    }
}

impl TryFrom<SystemTime> for DateTime {
    type Error = Error;

    /// Drops what is finer than a millisecond, towards the past.
    fn try_from(time: SystemTime) -> Result<Self, Error> {
        let millis = Timestamp::try_from(time)
            .ok()
            .and_then(|time| time.as_nanosecond().div_euclid(1_000_000).try_into().ok())
            .ok_or_else(|| Error::invalid_input(OUT_OF_RANGE))?;
        Self::from_unix_millis(millis)
    }
}

impl TryFrom<DateTime> for SystemTime {
    type Error = Error;

    /// Fails only where the platform's clock does not reach: on Windows, before 1601.
    fn try_from(time: DateTime) -> Result<Self, Error> {
        Self::try_from(time.0)
            .map_err(|_| Error::invalid_input(format!("the system's clock cannot tell {time}")))
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.time_utc();
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        write!(f, "{}T{hour:02}:{minute:02}:{second:02}", self.date_utc())?;
        write!(f, ".{:03}+0000", time.millisecond())
    }
}

impl fmt::Debug for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DateTime({self})")
    }
}

/// The name under which a moment is serialized, for those formats in which it is written
/// otherwise than in JSON.
pub(crate) const DATE_TIME: &str = "ferroforce::DateTime";

impl serde::Serialize for DateTime {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Text(DateTime);

        impl serde::Serialize for Text {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.0)
            }
        }

        serializer.serialize_newtype_struct(DATE_TIME, &Text(*self))
    }
}

deserialize_from_text!(
    DateTime,
    "a date/time like 2022-03-17T16:21:26.000+0000",
    DateTime::from_unix_millis
);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn forms_that_are_read() {
        for (text, canonical) in [
            (
                "2022-03-17T16:21:26.000+0000",
                "2022-03-17T16:21:26.000+0000",
            ),
            ("2022-03-17T16:21:26.123Z", "2022-03-17T16:21:26.123+0000"),
            ("2022-03-17T16:21:26Z", "2022-03-17T16:21:26.000+0000"),
            ("2022-03-17T16:21Z", "2022-03-17T16:21:00.000+0000"),
            (
                "2022-03-17T16:21:26.000+00:00",
                "2022-03-17T16:21:26.000+0000",
            ),
            ("2022-03-17T16:21:26-08:00", "2022-03-18T00:21:26.000+0000"),
            ("2022-03-17T16:21:26+0545", "2022-03-17T10:36:26.000+0000"),
            ("2022-03-17T16:21:26+01", "2022-03-17T15:21:26.000+0000"),
            ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999+0000"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000+0000"),
        ] {
            assert_eq!(
                text.parse::<DateTime>().unwrap().to_string(),
                canonical,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for (text, why) in [
            ("", "must look like"),
            ("2022-03-17", "must look like"),
            ("2022-03-17 16:21:26Z", "must look like"),
            ("2022-03-17t16:21:26z", "must look like"),
            ("2022-02-30T16:21:26Z", "must look like"),
            ("2022-03-17T24:00:00Z", "must look like"),
            ("2022-03-17T16:21:60Z", "must look like"),
            ("2022-03-17T16:21:26", "lacks an offset"),
            ("2022-03-17T16:21:26+24:00", "must look like"),
            ("2022-03-17T16:21:26+0060", "must look like"),
            ("2022-03-17T16:21:26+1", "must look like"),
            ("2022-03-17T16:21:26+00:00Z", "must look like"),
            ("0001-01-01T00:00:00+01:00", "years 1 to 9999"),
            ("9999-12-31T23:00:00-01:00", "years 1 to 9999"),
            ("2022-03-17T16:21:26.000+0000 ", "must look like"),
        ] {
            let error = text.parse::<DateTime>().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
        assert!(DateTime::from_unix_millis(i64::MAX).is_err());
        assert!(DateTime::from_unix_millis(i64::MIN).is_err());
        let last = Date::new(9999, 12, 30).unwrap();
        assert!(last.at_utc(Time::new(21, 59, 59, 999).unwrap()).is_ok());
        assert!(last.at_utc(Time::new(22, 0, 1, 0).unwrap()).is_err());
    }

    #[test]
    fn converts_to_and_from_std() {
        let time: DateTime = "2022-03-17T16:21:26.123Z".parse().unwrap();
        assert_eq!(time.unix_millis(), 1_647_534_086_123);
        let std = SystemTime::try_from(time).unwrap();
        assert_eq!(
            std,
            SystemTime::UNIX_EPOCH + Duration::from_millis(1_647_534_086_123)
        );
        assert_eq!(DateTime::try_from(std).unwrap(), time);
        assert_eq!(
            DateTime::try_from(std + Duration::from_nanos(999_999)).unwrap(),
            time
        );

        let before = SystemTime::UNIX_EPOCH - Duration::from_nanos(1);
        assert_eq!(DateTime::try_from(before).unwrap().unix_millis(), -1);
        if let Some(far) = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(1 << 40)) {
            assert!(DateTime::try_from(far).is_err());
        }
    }

    #[test]
    fn splits_into_date_and_time_and_back() {
        let time: DateTime = "2022-03-17T16:21:26.123Z".parse().unwrap();
        assert_eq!(time.date_utc(), Date::new(2022, 3, 17).unwrap());
        assert_eq!(time.time_utc(), Time::new(16, 21, 26, 123).unwrap());
        assert_eq!(time.date_utc().at_utc(time.time_utc()).unwrap(), time);
        assert_eq!(time.to_rfc3339(), "2022-03-17T16:21:26.123Z");
    }

    #[test]
    fn travels_as_text() {
        let json = "\"2022-03-17T16:21:26.000+0000\"";
        let time: DateTime = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&time).unwrap(), json);
        assert_eq!(
            format!("{time:?}"),
            "DateTime(2022-03-17T16:21:26.000+0000)"
        );
        let millis = time.unix_millis().to_string();
        assert_eq!(serde_json::from_str::<DateTime>(&millis).unwrap(), time);
        let before: DateTime = serde_json::from_str("-1").unwrap();
        assert_eq!(before.unix_millis(), -1);
        for other in ["1.5", "true", "[]", "18446744073709551615"] {
            assert!(serde_json::from_str::<DateTime>(other).is_err(), "{other}");
        }
    }

    proptest! {
        #[test]
        fn anything_is_read_or_refused(text in "[-+:.0-9TZ]{0,30}|.{0,30}") {
            let _ = text.parse::<DateTime>();
        }

        #[test]
        fn printed_reads_back(millis in -62_135_596_800_000i64..=253_402_207_200_000) {
            let time = DateTime::from_unix_millis(millis).unwrap();
            prop_assert_eq!(time.unix_millis(), millis);
            prop_assert_eq!(time.to_string().parse::<DateTime>().unwrap(), time);
            prop_assert_eq!(DateTime::try_from(SystemTime::try_from(time).unwrap()).unwrap(), time);
        }
    }
}
