//! Dates, datetimes and times: stored as numbers, written as ISO 8601.

use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, Timestamp, Unit};

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

/// A date column's days since 1970, as `2026-03-01`.
pub(crate) fn date_text(days: i64) -> String {
    let days = SignedDuration::from_hours(days.saturating_mul(24));
    EPOCH
        .checked_add(days)
        .unwrap_or(if days.is_negative() {
            Date::MIN
        } else {
            Date::MAX
        })
        .to_string()
}

/// A datetime column's milliseconds since 1970, as `2026-03-01T12:00:00.000+0000`.
pub(crate) fn datetime_text(millis: i64) -> String {
    let moment = Timestamp::from_millisecond(millis).unwrap_or(if millis < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    });
    moment.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string()
}

/// The same as XML and the files of the Bulk APIs have it: `2026-03-01T12:00:00.000Z`.
pub(crate) fn datetime_text_z(millis: i64) -> String {
    let text = datetime_text(millis);
    let moment = text.strip_suffix("+0000").unwrap_or(&text);
    format!("{moment}Z")
}

/// A time column's milliseconds since midnight, as `17:30:00.000Z`.
pub(crate) fn time_text(millis: i64) -> String {
    let time = Time::midnight().saturating_add(SignedDuration::from_millis(millis));
    time.strftime("%H:%M:%S.%3fZ").to_string()
}

/// Reads a date, or the date of a datetime, as days since 1970.
pub(crate) fn parse_date(text: &str) -> Option<i64> {
    let date = match text.split_once('T') {
        Some((date, _)) => {
            parse_datetime(text)?;
            date
        }
        None => text,
    };
    if !is_shaped(date, "0000-00-00") {
        return None;
    }
    let date: Date = date.parse().ok()?;
    let span = date.since((Unit::Day, EPOCH)).ok()?;
    Some(i64::from(span.get_days()))
}

/// Reads a datetime with its zone, as milliseconds since 1970.
pub(crate) fn parse_datetime(text: &str) -> Option<i64> {
    let (date, rest) = text.split_once('T')?;
    let zone_at = rest.find(['Z', 'z', '+', '-'])?;
    let (time, zone) = rest.split_at(zone_at);
    let offset = parse_offset(zone)?;
    if !is_shaped(date, "0000-00-00") {
        return None;
    }
    let civil = DateTime::from_parts(date.parse().ok()?, parse_clock(time)?);
    let since = civil.duration_since(DateTime::from_parts(EPOCH, Time::midnight()));
    i64::try_from(since.checked_sub(offset)?.as_millis()).ok()
}

/// Reads a time of day, with or without a `Z`, as milliseconds since midnight.
pub(crate) fn parse_time(text: &str) -> Option<i64> {
    let time = parse_clock(text.strip_suffix(['Z', 'z']).unwrap_or(text))?;
    i64::try_from(time.duration_since(Time::midnight()).as_millis()).ok()
}

/// `12:00:00` or `12:00:00.123`, to the millisecond.
fn parse_clock(text: &str) -> Option<Time> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !is_shaped(clock, "00:00:00") || !digits || fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    let time: Time = clock.parse().ok()?;
    let millis: i64 = format!("{fraction:0<3}")[..3].parse().ok()?;
    Some(time.saturating_add(SignedDuration::from_millis(millis)))
}

/// `Z`, `+0100`, `+01:00` or `+01`.
fn parse_offset(zone: &str) -> Option<SignedDuration> {
    if matches!(zone, "Z" | "z") {
        return Some(SignedDuration::ZERO);
    }
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.len() {
        2 => (digits, "0"),
        4 => digits.split_at_checked(2)?,
        5 => digits.split_once(':')?,
        _ => return None,
    };
    if !digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b':')
    {
        return None;
    }
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 18 && minutes < 60).then(|| SignedDuration::from_mins(sign * (hours * 60 + minutes)))
}

/// Whether a text has digits where the shape has zeros and is else equal to it.
fn is_shaped(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, shape)| {
            if shape == b'0' {
                byte.is_ascii_digit()
            } else {
                byte == shape
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days() {
        for (text, days) in [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2026-03-01", 20_513),
            ("1700-01-01", -98_615),
            ("4000-12-31", 741_807),
        ] {
            assert_eq!(parse_date(text), Some(days), "{text}");
            assert_eq!(date_text(days), text);
        }
        assert_eq!(parse_date("2026-03-01T23:00:00-08:00"), Some(20_513));
    }

    #[test]
    fn datetimes_are_milliseconds() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59.999Z", -1),
            ("2022-03-17T16:21:26.000+0000", 1_647_534_086_000),
            ("2022-03-17T16:21:26+00:00", 1_647_534_086_000),
            ("2022-03-17T08:21:26.5-08:00", 1_647_534_086_500),
            ("2022-03-17T17:21:26.1239+01", 1_647_534_086_123),
        ] {
            assert_eq!(parse_datetime(text), Some(millis), "{text}");
        }
        assert_eq!(
            datetime_text(1_647_534_086_005),
            "2022-03-17T16:21:26.005+0000"
        );
        assert_eq!(datetime_text(-1), "1969-12-31T23:59:59.999+0000");
    }

    #[test]
    fn times_are_milliseconds_of_a_day() {
        assert_eq!(parse_time("17:30:00.000Z"), Some(63_000_000));
        assert_eq!(parse_time("00:00:01"), Some(1_000));
        assert_eq!(time_text(63_000_000), "17:30:00.000Z");
        assert_eq!(time_text(86_399_999), "23:59:59.999Z");
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "2026",
            "2026-3-1",
            "2026-02-30",
            "01/02/2026",
            "2026-03-01 12:00",
            "20260301",
            "2026-03-01T",
            "+2026-03-01",
            "é026-03-01",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
        for text in [
            "2026-03-01",
            "2026-03-01T12:00:00",
            "2026-03-01T12:00Z",
            "2026-03-01T25:00:00Z",
            "2026-03-01T12:00:00+1:00",
            "2026-03-01T12:00:00+é0",
            "2026-03-01T12:00:00.Z",
            "2026-03-01T12:00:00+99:00",
            "2017-05-30T-06:00:00X",
        ] {
            assert_eq!(parse_datetime(text), None, "{text}");
        }
        for text in ["", "17:30", "24:00:00", "17:30:00.", "noon"] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }
}
