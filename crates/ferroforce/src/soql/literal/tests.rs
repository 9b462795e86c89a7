use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::Soql;
use crate::soql::DateLiteral;

fn rendered(value: impl Literal) -> Result<String, String> {
    Soql::new(":v")
        .bind("v", value)
        .render()
        .map(Cow::into_owned)
        .map_err(|error| error.message().to_owned())
}

#[track_caller]
fn assert_literal(value: impl Literal, expected: &str) {
    assert_eq!(rendered(value).as_deref(), Ok(expected));
}

#[track_caller]
fn assert_refused(value: impl Literal, why: &str) {
    let error = rendered(value).expect_err(why);
    assert!(error.contains(why), "{error}");
}

#[test]
fn strings() {
    for (value, literal) in [
        ("", "''"),
        ("abc", "'abc'"),
        ("it's", r"'it\'s'"),
        (r"a\b", r"'a\\b'"),
        (r"\'", r"'\\\''"),
        (r#"say "x""#, r#"'say \"x\"'"#),
        ("a\nb\rc\td\u{8}e\u{c}f", r"'a\nb\rc\td\be\ff'"),
        ("\0\u{1b}\u{7f}", r"'\u0000\u001B\u007F'"),
        ("%_", "'%_'"),
        (":name", "':name'"),
        ("Ünïcödé ☃ 🦀 \u{2028}", "'Ünïcödé ☃ 🦀 \u{2028}'"),
    ] {
        assert_literal(value, literal);
        assert_literal(value.to_owned(), literal);
        assert_literal(Cow::Borrowed(value), literal);
        assert_literal(Box::<str>::from(value), literal);
        assert_literal(Arc::<str>::from(value), literal);
        let (owned, borrowed) = (value.to_owned(), &value);
        assert_literal(&owned, literal);
        assert_literal(borrowed, literal);
    }
    assert_literal('\'', r"'\''");
    assert_literal('x', "'x'");
}

#[test]
fn scalars() {
    assert_literal(true, "true");
    assert_literal(false, "false");
    assert_literal(None::<i32>, "null");
    assert_literal(None::<Vec<i32>>, "null");
    assert_literal(Some("x"), "'x'");
    assert_literal(
        "001Pc00000LuBMU".parse::<RecordId>().unwrap(),
        "'001Pc00000LuBMUIA3'",
    );
    assert_literal(DateLiteral::LastNDays(5), "LAST_N_DAYS:5");
}

#[test]
fn integers() {
    assert_literal(0, "0");
    assert_literal(-1, "-1");
    assert_literal(i8::MIN, "-128");
    assert_literal(u64::MAX, "18446744073709551615");
    assert_literal(i128::MIN, "-170141183460469231731687303715884105728");
    assert_literal(7_usize, "7");
}

#[test]
fn floats_have_no_exponent() {
    assert_literal(0.1, "0.1");
    assert_literal(5.0, "5");
    assert_literal(-0.0, "0");
    assert_literal(-1.5e-7, "-0.00000015");
    assert_literal(1e21, "1000000000000000000000");
    assert_literal(0.1_f32, "0.1");
    assert_literal(-0.0_f32, "0");
    let tiny = rendered(f64::MIN_POSITIVE).unwrap();
    assert!(tiny.starts_with("0.000") && tiny.parse() == Ok(f64::MIN_POSITIVE));
    for infinite in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_refused(infinite, "SOQL cannot express");
    }
    assert_refused(f32::INFINITY, "SOQL cannot express inf");
}

#[test]
fn dates_and_times() {
    assert_literal(Date::new(2024, 2, 29).unwrap(), "2024-02-29");
    assert_literal(Time::new(17, 30, 0, 5).unwrap(), "17:30:00.005Z");
    assert_literal(
        "2022-03-17T17:21:26.123+01:00".parse::<DateTime>().unwrap(),
        "2022-03-17T16:21:26.123Z",
    );
    assert_literal(
        UNIX_EPOCH + Duration::from_nanos(1_500_999_999),
        "1970-01-01T00:00:01.500Z",
    );
    if let Some(far) = UNIX_EPOCH.checked_add(Duration::from_secs(1 << 40)) {
        assert_refused(far, "years 1 to 9999");
    }
}

#[test]
fn lists() {
    assert_literal(["a", "b'"], r"('a','b\'')");
    assert_literal(["a", "b"].as_slice(), "('a','b')");
    let one = vec![1];
    assert_literal(&one, "(1)");
    assert_literal(vec![Some(1), None], "(1,null)");
    assert_literal(BTreeSet::from([2, 1]), "(1,2)");
    assert_literal(HashSet::from([true]), "(true)");
    assert_literal(Some([1, 2]), "(1,2)");
    assert_literal(Arc::<[i32]>::from([1, 2]), "(1,2)");
    assert_literal(
        [DateLiteral::Today, DateLiteral::LastNDays(1)],
        "(TODAY,LAST_N_DAYS:1)",
    );

    let mixed: [&dyn Literal; 3] = [&1, &"a", &None::<bool>];
    assert_literal(mixed, "(1,'a',null)");

    assert_refused([0; 0], "the list is empty");
    assert_refused(BTreeSet::<String>::new(), "the list is empty");
    assert_refused([[1], [2]], "a list cannot stand in a list");
    assert_refused([[0; 0]], "a list cannot stand in a list");
    assert_refused([vec![1]], "a list cannot stand in a list");
    assert_refused([1.0, f64::NAN], "SOQL cannot express NaN");
}

/// Writes as many values as it holds, in a row.
struct Row(Vec<Option<[i32; 2]>>);

impl Literal for Row {
    fn write(&self, out: &mut LiteralWriter) {
        for value in &self.0 {
            match value {
                Some(list) => list.write(out),
                None => 7.write(out),
            }
        }
    }
}

#[test]
fn a_literal_of_ones_own_writes_one_value() {
    assert_literal(Row(vec![None]), "7");
    assert_literal(Row(vec![Some([1, 2])]), "(1,2)");
    assert_literal([Row(vec![None]), Row(vec![None])], "(7,7)");
    for (row, count) in [
        (vec![], "wrote 0 values"),
        (vec![None, None], "wrote 2 values"),
        (vec![None, Some([1, 2])], "wrote 2 values"),
        (vec![Some([1, 2]), None], "wrote 2 values"),
    ] {
        assert_refused(Row(row.clone()), count);
        if !row.iter().any(Option::is_some) {
            assert_refused([Row(row)], count);
        }
    }
    assert_refused([Row(vec![Some([1, 2])])], "a list cannot stand in a list");
}
