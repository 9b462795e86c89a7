//! Literals of a query, as values that columns are compared with.

use std::ops::Range;

use ferroforce_soql::ast::{Date, DateTime, Literal, Time, Value, ValueKind};
use ferroforce_soql::{DateLiteral, DateUnit, Span};
use jiff::tz::TimeZone;
use rusqlite::types::Value as SqlValue;

use super::Compiler;
use super::date_range::{Day, date_range, first_day_of_week};
use super::operand::{Kind, Operand};
use crate::error::ApiError;
use crate::id::RecordId;
use crate::value::time;

const MILLIS_PER_DAY: i64 = 86_400_000;

/// The first and last day that Salesforce knows, as days since 1970.
const VALID_DAYS: Range<Day> = -98_615..741_808;

/// How many characters a string in WHERE may have.
const MOST_IN_STRING: usize = 4_000;

/// What an operand is compared with.
pub(super) enum Comparand {
    Null,
    One(SqlValue),
    /// From the start up to, but not including, the end.
    Range(Range<i64>),
}

impl Compiler<'_> {
    /// The value as the operand's type wants it.
    pub(super) fn comparand(
        &self,
        operand: &Operand<'_>,
        value: &Value,
        span: Span,
    ) -> Result<Comparand, ApiError> {
        let ValueKind::Literal(literal) = &value.kind else {
            return Err(ApiError::unsupported("bind variables"));
        };
        let wrong = || {
            Err(self
                .source
                .wrong_type(span, &operand.name, operand.kind.name()))
        };
        if *literal == Literal::Null {
            return Ok(Comparand::Null);
        }
        if let Literal::String(text) = literal {
            self.check_length(value.span, text)?;
        }
        let sql = match (operand.kind, literal) {
            (
                Kind::Text | Kind::ExactText | Kind::Multipicklist | Kind::Id,
                Literal::String(text),
            ) if text.is_empty() => {
                return Ok(Comparand::Null);
            }
            (Kind::Text | Kind::Multipicklist, Literal::String(text)) => {
                SqlValue::Text(text.to_uppercase())
            }
            (Kind::ExactText, Literal::String(text)) => SqlValue::Text(text.clone()),
            (Kind::Id, Literal::String(text)) => match text.parse::<RecordId>() {
                Ok(id) => SqlValue::Text(id.as_str().to_owned()),
                Err(_) => {
                    let message = format!("invalid ID field: {text}");
                    return Err(self
                        .source
                        .at(span, "INVALID_QUERY_FILTER_OPERATOR", &message));
                }
            },
            (Kind::Boolean, Literal::Boolean(flag)) => SqlValue::Integer(i64::from(*flag)),
            (Kind::Integer | Kind::Double, Literal::Number(number)) => number
                .as_i64()
                .map_or_else(|| SqlValue::Real(number.as_f64()), SqlValue::Integer),
            (Kind::Double, Literal::Currency(currency)) if currency.code != "USD" => {
                // The org has one currency.
                return Err(ApiError::unsupported(format_args!(
                    "the currency {}",
                    currency.code
                )));
            }
            (Kind::Double, Literal::Currency(currency)) => SqlValue::Real(currency.amount.as_f64()),
            (Kind::Date, Literal::Date(date)) => {
                SqlValue::Integer(days(*date).ok_or_else(|| self.bad_date(span, literal))?)
            }
            (Kind::DateTime, Literal::DateTime(moment)) => {
                SqlValue::Integer(millis(*moment).ok_or_else(|| self.bad_date(span, literal))?)
            }
            (Kind::Time, Literal::Time(clock)) => {
                SqlValue::Integer(clock_millis(*clock).ok_or_else(|| self.bad_date(span, literal))?)
            }
            (Kind::Date | Kind::DateTime, Literal::DateLiteral(range)) => {
                let week_start = first_day_of_week(&self.scope.locale);
                let today = self.scope.time_zone.to_datetime(self.scope.now).date();
                let range = time::parse_date(&today.to_string())
                    .and_then(|today| date_range(self.as_read(*range), today, week_start))
                    .ok_or_else(|| {
                        ApiError::unsupported(format_args!("the date literal {range}"))
                    })?;
                return Ok(Comparand::Range(if operand.kind == Kind::Date {
                    range
                } else {
                    let zone = &self.scope.time_zone;
                    midnight(range.start, zone)..midnight(range.end, zone)
                }));
            }
            _ => return wrong(),
        };
        Ok(Comparand::One(sql))
    }

    /// The literal that covers what this one is read to cover.
    fn as_read(&self, literal: DateLiteral) -> DateLiteral {
        match literal {
            DateLiteral::LastN(DateUnit::Year, n) if self.scope.readings.last_n_years_one_more => {
                DateLiteral::LastN(DateUnit::Year, n.saturating_add(1))
            }
            other => other,
        }
    }

    /// Refuses a string that is longer than WHERE takes.
    pub(super) fn check_length(&self, span: Span, text: &str) -> Result<(), ApiError> {
        if text.chars().nth(MOST_IN_STRING).is_none() {
            return Ok(());
        }
        let message = format!("strings in WHERE cannot be longer than {MOST_IN_STRING} characters");
        Err(self.source.at(span, "MALFORMED_QUERY", &message))
    }

    fn bad_date(&self, span: Span, literal: &Literal) -> ApiError {
        let message = format!("invalid date: {literal}");
        self.source.at(span, "MALFORMED_QUERY", &message)
    }
}

/// A day that exists and that Salesforce knows, as days since 1970.
fn days(date: Date) -> Option<Day> {
    time::parse_date(&date.to_string()).filter(|day| VALID_DAYS.contains(day))
}

fn millis(moment: DateTime) -> Option<i64> {
    let day = days(moment.date)?;
    Some(day * MILLIS_PER_DAY + clock_millis(moment.time)?)
}

/// Milliseconds from midnight UTC; not those of a clock if there is a zone.
fn clock_millis(clock: Time) -> Option<i64> {
    if clock.hour > 23 || clock.minute > 59 || clock.second > 59 {
        return None;
    }
    let minutes = i64::from(clock.hour) * 60 + i64::from(clock.minute);
    let seconds = (minutes - i64::from(clock.offset_minutes)) * 60 + i64::from(clock.second);
    Some(seconds * 1_000 + i64::from(clock.millisecond))
}

/// The moment at which a day begins in a time zone, as milliseconds since 1970.
fn midnight(day: Day, zone: &TimeZone) -> i64 {
    let utc = day.saturating_mul(MILLIS_PER_DAY);
    // A day that is out of the zone's reach is out of every field's reach too.
    jiff::Timestamp::from_millisecond(utc)
        .and_then(|guess| zone.to_timestamp(TimeZone::UTC.to_datetime(guess)))
        .map_or(utc, |moment| moment.as_millisecond())
}
