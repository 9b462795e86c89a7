//! Functions that SQLite lacks, written in Rust.

use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Error, Result};

use crate::value::time::{date_text, time_text};

/// The mean radius of the earth, in kilometres.
const EARTH: f64 = 6_371.008_8;

/// Between the texts of [`labels`]'s list.
pub(super) const SEPARATOR: char = '\u{1f}';

/// Makes the functions known to a connection.
pub(crate) fn install(db: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    db.create_scalar_function("distance_km", 4, flags, |context| distance(context))?;
    db.create_scalar_function("local_millis", 2, flags, |context| local_millis(context))?;
    db.create_scalar_function("formatted", 2, flags, |context| formatted(context))?;
    db.create_scalar_function("labels", 2, flags, |context| labels(context))
}

/// `distance_km(latitude, longitude, latitude, longitude)`, in degrees; null if one is.
fn distance(context: &Context<'_>) -> Result<Option<f64>> {
    let mut degrees = [0.0; 4];
    for (index, degree) in degrees.iter_mut().enumerate() {
        match context.get::<Option<f64>>(index)? {
            Some(value) => *degree = value,
            None => return Ok(None),
        }
    }
    let [latitude, longitude, to_latitude, to_longitude] = degrees.map(f64::to_radians);
    // The haversine formula.
    let half = |difference: f64| (difference / 2.0).sin().powi(2);
    let chord = half(to_latitude - latitude)
        + latitude.cos() * to_latitude.cos() * half(to_longitude - longitude);
    Ok(Some(2.0 * EARTH * chord.clamp(0.0, 1.0).sqrt().asin()))
}

/// `local_millis(millis, zone)`: what the clocks of a time zone show, as if that were UTC.
fn local_millis(context: &Context<'_>) -> Result<Option<i64>> {
    let Some(millis) = context.get::<Option<i64>>(0)? else {
        return Ok(None);
    };
    Ok(Some(shifted(millis, text(context, 1)?)))
}

fn shifted(millis: i64, zone: &str) -> i64 {
    let offset = || {
        let moment = Timestamp::from_millisecond(millis).ok()?;
        Some(TimeZone::get(zone).ok()?.to_offset(moment).seconds())
    };
    millis + i64::from(offset().unwrap_or(0)) * 1_000
}

/// `formatted(value, how)`: as the user interface shows it in American English. `how` is
/// `number:2`, `currency:2`, `percent:2` with digits behind the point, `date`, `time`, or
/// `datetime:` and a time zone.
fn formatted(context: &Context<'_>) -> Result<Option<String>> {
    let (kind, detail) = {
        let how = text(context, 1)?;
        how.split_once(':').unwrap_or((how, ""))
    };
    let text = match (context.get_raw(0), kind) {
        (ValueRef::Null, _) => return Ok(None),
        (ValueRef::Integer(days), "date") => american_date(days),
        (ValueRef::Integer(millis), "time") => american_time(millis),
        (ValueRef::Integer(millis), "datetime") => {
            let millis = shifted(millis, detail);
            let date = american_date(millis.div_euclid(86_400_000));
            format!("{date}, {}", american_time(millis.rem_euclid(86_400_000)))
        }
        (value, _) => {
            let number = grouped(&digits(value, detail.parse().unwrap_or(0)));
            let (sign, amount) = match number.strip_prefix('-') {
                Some(amount) => ("-", amount),
                None => ("", number.as_str()),
            };
            match kind {
                "currency" => format!("{sign}${amount}"),
                "percent" => format!("{sign}{amount}%"),
                _ => format!("{sign}{amount}"),
            }
        }
    };
    Ok(Some(text))
}

/// A number with so many digits behind its point.
fn digits(value: ValueRef<'_>, scale: usize) -> String {
    match value {
        ValueRef::Integer(value) if scale == 0 => value.to_string(),
        ValueRef::Integer(value) => format!("{value}.{}", "0".repeat(scale)),
        ValueRef::Real(value) => format!("{value:.scale$}"),
        _ => String::new(),
    }
}

/// A number with commas between its thousands.
fn grouped(number: &str) -> String {
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (number, None),
    };
    let (sign, whole) = match whole.strip_prefix('-') {
        Some(whole) => ("-", whole),
        None => ("", whole),
    };
    let mut text = sign.to_owned();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        let _ = write!(text, ".{fraction}");
    }
    text
}

/// `4/10/2025`
fn american_date(days: i64) -> String {
    let iso = date_text(days);
    let mut parts = iso.rsplitn(3, '-').map(|part| part.trim_start_matches('0'));
    let (day, month) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    format!("{month}/{day}/{}", parts.next().unwrap_or(""))
}

/// `3:31 PM`
fn american_time(millis: i64) -> String {
    let iso = time_text(millis);
    let hour: u32 = iso.get(..2).and_then(|hour| hour.parse().ok()).unwrap_or(0);
    let half = if hour < 12 { "AM" } else { "PM" };
    let hour = (hour + 11) % 12 + 1;
    format!("{hour}:{} {half}", iso.get(3..5).unwrap_or("00"))
}

/// `labels(values, list)`: the labels of a multi-select picklist's values. The list holds values
/// in upper case, each with its label behind it.
fn labels(context: &Context<'_>) -> Result<Value> {
    let ValueRef::Text(_) = context.get_raw(0) else {
        return Ok(Value::Null);
    };
    let list = text(context, 1)?;
    let label = |value: &str| {
        let wanted = value.to_uppercase();
        let mut texts = list.split(SEPARATOR);
        while let (Some(known), Some(label)) = (texts.next(), texts.next()) {
            if known == wanted {
                return label.to_owned();
            }
        }
        value.to_owned()
    };
    let labels: Vec<String> = text(context, 0)?.split(';').map(label).collect();
    Ok(Value::Text(labels.join(";")))
}

fn text<'c>(context: &'c Context<'_>, index: usize) -> Result<&'c str> {
    context
        .get_raw(index)
        .as_str()
        .map_err(|error| Error::UserFunctionError(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(sql: &str) -> Value {
        let db = Connection::open_in_memory().unwrap();
        install(&db).unwrap();
        db.query_row(&format!("SELECT {sql}"), [], |row| row.get(0))
            .unwrap()
    }

    #[test]
    fn distances_are_those_of_a_globe() {
        for (sql, kilometres) in [
            ("distance_km(0, 0, 0, 0)", 0.0),
            // A quarter of the way around it, and half.
            ("distance_km(0, 0, 90, 0)", 10_007.557),
            ("distance_km(0, 0, 0, 180)", 20_015.115),
            // From Paris to London.
            ("distance_km(48.8566, 2.3522, 51.5074, -0.1278)", 343.556),
        ] {
            let Value::Real(answer) = answer(sql) else {
                panic!("no number: {sql}");
            };
            assert!((answer - kilometres).abs() < 0.01, "{sql}: {answer}");
        }
        assert_eq!(answer("distance_km(0, NULL, 1, 1)"), Value::Null);
    }

    #[test]
    fn values_look_american() {
        for (sql, expected) in [
            ("formatted(44000.0, 'currency:2')", "$44,000.00"),
            ("formatted(-1234567.891, 'currency:2')", "-$1,234,567.89"),
            ("formatted(5, 'currency:0')", "$5"),
            ("formatted(1234, 'number:0')", "1,234"),
            ("formatted(123, 'number:0')", "123"),
            ("formatted(7, 'number:3')", "7.000"),
            ("formatted(12.5, 'percent:1')", "12.5%"),
            ("formatted(0, 'date')", "1/1/1970"),
            ("formatted(20188, 'date')", "4/10/2025"),
            ("formatted(0, 'time')", "12:00 AM"),
            ("formatted(45060000, 'time')", "12:31 PM"),
            (
                "formatted(1744324297000, 'datetime:America/Los_Angeles')",
                "4/10/2025, 3:31 PM",
            ),
            (
                "formatted(1744324297000, 'datetime:UTC')",
                "4/10/2025, 10:31 PM",
            ),
        ] {
            assert_eq!(answer(sql), Value::Text(expected.to_owned()), "{sql}");
        }
        assert_eq!(answer("formatted(NULL, 'date')"), Value::Null);
    }

    #[test]
    fn clocks_follow_their_zone_also_in_summer() {
        let zone = "America/New_York";
        let hour = 3_600_000;
        let january = 1_767_225_600_000_i64;
        let july = 1_782_864_000_000_i64;
        for (millis, hours) in [(january, -5), (july, -4)] {
            let shown = answer(&format!("local_millis({millis}, '{zone}')"));
            assert_eq!(shown, Value::Integer(millis + hours * hour));
        }
        assert_eq!(answer("local_millis(NULL, 'UTC')"), Value::Null);
    }

    #[test]
    fn every_value_has_its_label() {
        let sql = "labels('a;X;b', 'A' || char(31) || 'First' || char(31) || 'B' || char(31) || 'Second')";
        assert_eq!(answer(sql), Value::Text("First;X;Second".to_owned()));
        assert_eq!(answer("labels(NULL, '')"), Value::Null);
    }
}
