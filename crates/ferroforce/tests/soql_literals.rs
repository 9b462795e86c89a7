//! What the library writes, read by the SOQL parser, which shares no code with it.

use ferroforce::soql::{DateLiteral, Like, Literal, Number};
use ferroforce::{Date, DateTime, RecordId, Soql, Time};
use ferroforce_soql::ast;
use proptest::prelude::*;

fn parse(soql: &Soql) -> ast::Query {
    let text = soql.render().expect("a query");
    ferroforce_soql::parse(&text).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

/// How the parser reads a value.
fn read(value: impl Literal) -> ast::Literal {
    let query = parse(&Soql::new("SELECT Id FROM A WHERE F = :v").bind("v", value));
    let Some(ast::Condition::Comparison(comparison)) = query.filter else {
        panic!("no comparison")
    };
    literal(comparison.right)
}

fn literal(value: ast::Value) -> ast::Literal {
    match value.kind {
        ast::ValueKind::Literal(literal) => literal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn values_are_read_as_what_they_are() {
    assert_eq!(read(None::<bool>), ast::Literal::Null);
    assert_eq!(read(true), ast::Literal::Boolean(true));
    for (text, number) in [
        ("-7", read(-7)),
        ("340282366920938463463374607431768211455", read(u128::MAX)),
        ("0.1", read(0.1)),
        ("-0.00000015", read(-1.5e-7)),
        ("1000000000000000000000", read(1e21)),
        ("12.50", read(Number::new("12.50").unwrap())),
    ] {
        assert!(
            matches!(&number, ast::Literal::Number(n) if n.text == text),
            "{number:?}"
        );
    }
    let id: RecordId = "001Pc00000LuBMU".parse().unwrap();
    assert_eq!(read(id), ast::Literal::String("001Pc00000LuBMUIA3".into()));
    assert!(matches!(
        read(Date::new(2024, 2, 29).unwrap()),
        ast::Literal::Date(date) if (date.year, date.month, date.day) == (2024, 2, 29)
    ));
    assert!(matches!(
        read(Time::new(17, 30, 0, 5).unwrap()),
        ast::Literal::Time(time) if (time.hour, time.minute, time.millisecond) == (17, 30, 5)
    ));
    assert!(matches!(
        read("2022-03-17T17:21:26.123+01:00".parse::<DateTime>().unwrap()),
        ast::Literal::DateTime(at)
            if at.date.day == 17 && at.time.hour == 16 && at.time.offset_minutes == 0
    ));
}

#[test]
fn date_literals_are_known() {
    for value in [
        DateLiteral::Today,
        DateLiteral::Last90Days,
        DateLiteral::ThisFiscalQuarter,
        DateLiteral::LastNDays(5),
        DateLiteral::NextNFiscalYears(2),
        DateLiteral::NQuartersAgo(3),
    ] {
        let text = value.to_string();
        assert!(
            matches!(read(value), ast::Literal::DateLiteral(known) if known.to_string() == text)
        );
    }
}

#[test]
fn lists_and_names_stand_where_they_belong() {
    for text in [
        "SELECT :f FROM :o WHERE :f IN :v",
        "SELECT :f FROM :o WHERE :f IN (:v)",
    ] {
        let soql = Soql::new(text)
            .name("f", "A.B__c")
            .name("o", "Contact")
            .bind("v", ["a", "b'"]);
        let query = parse(&soql);
        assert_eq!(query.from[0].object.text, "Contact");
        assert_eq!(
            query.to_string(),
            r"SELECT A.B__c FROM Contact WHERE A.B__c IN ('a', 'b\'')"
        );
    }
    parse(&Soql::new("SELECT Id FROM A WHERE F INCLUDES (:v)").bind("v", ["x;y", "z"]));
}

#[test]
fn patterns_are_read() {
    let soql = Soql::new("SELECT Id FROM A WHERE F LIKE :v").bind("v", Like::contains(r"5%_'\"));
    let Some(ast::Condition::Like(_)) = parse(&soql).filter else {
        panic!("no LIKE")
    };
}

proptest! {
    #[test]
    fn any_text_comes_out_as_it_went_in(text in ".*|[\\\\'\"\0-\u{1f}u0-9a-f%_:]{0,20}") {
        prop_assert_eq!(read(&text), ast::Literal::String(text));
    }
}
