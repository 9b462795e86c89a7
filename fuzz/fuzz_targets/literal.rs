#![no_main]
//! A bound value stays a value, whatever it holds.

use ferroforce::Soql;
use ferroforce::soql::Like;
use ferroforce_soql::ast::{Condition, Literal, ValueKind};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let soql = Soql::new("SELECT Id FROM A WHERE F = :v").bind("v", text);
    let Ok(rendered) = soql.render() else { return };
    let query = ferroforce_soql::parse(&rendered).expect("a query with a bound value is a query");
    let Some(Condition::Comparison(comparison)) = query.filter else {
        panic!("the value became more than a value: {rendered}");
    };
    let ValueKind::Literal(Literal::String(read)) = comparison.right.kind else {
        panic!("the value became something else: {rendered}");
    };
    assert_eq!(&*read, text);

    let pattern = Soql::new("SELECT Id FROM A WHERE F LIKE :v").bind("v", Like::contains(text));
    if let Ok(rendered) = pattern.render() {
        ferroforce_soql::parse(&rendered).expect("a query with a bound pattern is a query");
    }
});
