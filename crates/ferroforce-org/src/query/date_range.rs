//! The days that a date literal covers.

use std::ops::Range;

use ferroforce_soql::{DateLiteral, DateUnit};

/// Days since 1970-01-01.
pub(super) type Day = i64;

/// The days from `range.start` up to, but not including, `range.end` that the literal covers when
/// it is `today`. Weeks begin so many days after Sunday, and the fiscal year in January.
pub(super) fn date_range(literal: DateLiteral, today: Day, week_start: Day) -> Option<Range<Day>> {
    // From the start of one unit to the start of another, counted from the current one.
    let units = |unit, from, to| {
        let start = |distance| start_of(unit, distance, today, week_start);
        Some(start(from)..start(to))
    };
    match literal {
        DateLiteral::Yesterday => units(DateUnit::Day, -1, 0),
        DateLiteral::Today => units(DateUnit::Day, 0, 1),
        DateLiteral::Tomorrow => units(DateUnit::Day, 1, 2),
        DateLiteral::Last90Days => units(DateUnit::Day, -90, 1),
        DateLiteral::Next90Days => units(DateUnit::Day, 1, 91),
        DateLiteral::Last(unit) => units(unit, -1, 0),
        DateLiteral::This(unit) => units(unit, 0, 1),
        DateLiteral::Next(unit) => units(unit, 1, 2),
        // Only counted in days does the past include the current unit, which is today.
        DateLiteral::LastN(DateUnit::Day, n) => units(DateUnit::Day, -i64::from(n), 1),
        DateLiteral::LastN(unit, n) => units(unit, -i64::from(n), 0),
        DateLiteral::NextN(unit, n) => units(unit, 1, i64::from(n) + 1),
        DateLiteral::NAgo(unit, n) => units(unit, -i64::from(n), 1 - i64::from(n)),
        _ => None,
    }
}

/// Countries where weeks begin on Sunday; in most others they do on Monday.
const SUNDAY: &str = "AG AS BD BR BS BT BW BZ CA CO DM DO ET GT GU HK HN ID IL IN JM JP KE KH KR LA \
                      MH MM MO MT MX MZ NI NP PA PE PH PK PR PT PY SA SG SV TH TT TW UM US VE VI \
                      WS YE ZA ZW";

/// Countries where weeks begin on Saturday.
const SATURDAY: &str = "AE AF BH DJ DZ EG IQ IR JO KW LY OM QA SD SY";

/// On which day weeks begin in a locale such as `en_US`, in days after Sunday.
pub(super) fn first_day_of_week(locale: &str) -> Day {
    let country = locale.split('_').nth(1).unwrap_or_default();
    let is_in = |countries: &str| countries.split(' ').any(|known| known == country);
    if is_in(SUNDAY) {
        0
    } else if is_in(SATURDAY) {
        6
    } else {
        1
    }
}

/// The first day of the unit that is `distance` units after the one that holds `today`.
fn start_of(unit: DateUnit, distance: i64, today: Day, week_start: Day) -> Day {
    let month = month_of(today);
    match unit {
        DateUnit::Week => today - (today + 4 - week_start).rem_euclid(7) + 7 * distance,
        DateUnit::Month => first_of(month + distance),
        DateUnit::Quarter | DateUnit::FiscalQuarter => {
            first_of(month - month.rem_euclid(3) + 3 * distance)
        }
        DateUnit::Year | DateUnit::FiscalYear => {
            first_of(month - month.rem_euclid(12) + 12 * distance)
        }
        _ => today + distance,
    }
}

/// The first day of a month, which is counted from January of the year 0.
///
/// Years are taken to begin in March, so that leap days come last in them.
fn first_of(month: i64) -> Day {
    let march_month = month - 2;
    let year = march_month.div_euclid(12);
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days_before_month = (153 * march_month.rem_euclid(12) + 2) / 5;
    year * 365 + leap_days + days_before_month - 719_468
}

/// The month that holds a day, counted from January of the year 0.
fn month_of(day: Day) -> i64 {
    // A guess that is at most one month off.
    let guess = ((day + 719_528) * 4_800).div_euclid(146_097);
    (guess - 1..=guess + 1)
        .rev()
        .find(|&month| first_of(month) <= day)
        .unwrap_or(guess)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use ferroforce_soql::ast::{Condition, Literal, ValueKind};
    use ferroforce_soql::{DateLiteral, parse};

    use super::{date_range, first_day_of_week, first_of, month_of};
    use crate::value::time::{date_text, parse_date};

    fn literal(text: &str) -> DateLiteral {
        let query = parse(&format!("SELECT Id FROM A WHERE b = {text}")).unwrap();
        let Some(Condition::Comparison(comparison)) = query.filter else {
            panic!("not a comparison: {text}");
        };
        let ValueKind::Literal(Literal::DateLiteral(literal)) = comparison.right.kind else {
            panic!("not a date literal: {text}");
        };
        literal
    }

    #[test]
    fn months_and_days_agree_with_the_calendar() {
        for day in (-100_000..1_000_000).step_by(13) {
            let text = date_text(day);
            let mut parts = text.split('-').map(|part| part.parse::<i64>().unwrap());
            let month = parts.next().unwrap() * 12 + parts.next().unwrap() - 1;
            assert_eq!(month_of(day), month, "{text}");
            assert_eq!(
                first_of(month),
                parse_date(&format!("{}01", &text[..8])).unwrap()
            );
        }
    }

    #[test]
    fn counted_literals_may_be_empty_or_absurd() {
        let today = parse_date("2026-05-02").unwrap();
        let range = |text| date_range(literal(text), today, 0).unwrap();
        assert!(range("LAST_N_MONTHS:0").is_empty());
        assert_eq!(range("N_DAYS_AGO:0"), today..today + 1);
        assert!(range("LAST_N_YEARS:4294967295").start < -1_000_000_000_000);
    }

    #[test]
    fn weeks_begin_where_the_locale_says() {
        // A Saturday.
        let today = parse_date("2026-05-02").unwrap();
        for (locale, start) in [
            ("en_US", "2026-04-26"),
            ("de_DE", "2026-04-27"),
            ("ar_EG", "2026-05-02"),
            ("fr", "2026-04-27"),
        ] {
            let days = date_range(literal("THIS_WEEK"), today, first_day_of_week(locale)).unwrap();
            assert_eq!(date_text(days.start), start, "{locale}");
            assert_eq!(days.end, days.start + 7);
        }
    }

    #[test]
    #[ignore = "needs FERROFORCE_FACTS"]
    fn facts_every_literal_covers_its_days() {
        let facts = std::env::var_os("FERROFORCE_FACTS").expect("FERROFORCE_FACTS is not set");
        let table = PathBuf::from(facts).join("soql/date-literals.tsv");
        let today = parse_date("2026-05-02").unwrap();
        let mut rows = 0;
        for line in fs::read_to_string(table).unwrap().lines() {
            let cells: Vec<&str> = line.split('\t').collect();
            let [text, start, end] = cells[..] else {
                continue;
            };
            if text == "literal" {
                continue;
            }
            let range = date_range(literal(text), today, 0).unwrap();
            assert_eq!(
                (date_text(range.start), date_text(range.end)),
                (start.to_owned(), end.to_owned()),
                "{text}"
            );
            rows += 1;
        }
        assert_eq!(rows, 44);
    }
}
