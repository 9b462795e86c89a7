use proptest::prelude::*;

use super::*;
use crate::soql::Number;
use crate::types::RecordId;

static_assertions::assert_impl_all!(Soql: Send, Sync, Clone, From<&'static str>);
static_assertions::assert_not_impl_any!(Soql: From<String>, From<&'static String>);

fn rendered(soql: impl Into<Soql>) -> String {
    match soql.into().render() {
        Ok(text) => text.into_owned(),
        Err(error) => panic!("{error}"),
    }
}

#[track_caller]
fn assert_refused(soql: impl Into<Soql>, why: &str) {
    let error = soql.into().render().expect_err(why).to_string();
    assert!(error.contains(why), "{error}");
}

#[test]
fn text_without_placeholders_is_sent_as_it_is() {
    for text in [
        "",
        "SELECT Id FROM Account",
        "SELECT Id FROM Account WHERE CreatedDate > 2020-01-01T10:00:00Z",
        "SELECT Id FROM Account WHERE CreatedDate > 2020-01-01T10:00:00+01:00",
        "SELECT Id FROM Account WHERE CreatedDate = LAST_N_DAYS:5 OR X__c = 17:30:00.000Z",
        "SELECT Id FROM Account WHERE Name = ':name'",
        r"SELECT Id FROM Account WHERE Name = 'it\'s :name' AND A = '\\' AND B = ':x'",
        r"SELECT Id FROM Account WHERE Name = '\u003A' AND N = 'Ünïcödé ☃'",
        "a : b := : ::1 :_x",
    ] {
        assert!(matches!(Soql::new(text).render(), Ok(Cow::Borrowed(same)) if same == text));
    }
}

#[test]
fn placeholders_stand_wherever_a_value_may() {
    let id: RecordId = "001Pc00000LuBMU".parse().unwrap();
    for (text, expected) in [
        (":v", "'001Pc00000LuBMUIA3'"),
        ("A=:v", "A='001Pc00000LuBMUIA3'"),
        ("(:v)", "('001Pc00000LuBMUIA3')"),
        (
            "A = :v AND B = :v",
            "A = '001Pc00000LuBMUIA3' AND B = '001Pc00000LuBMUIA3'",
        ),
        ("A = 'x':v", "A = 'x''001Pc00000LuBMUIA3'"),
        (
            "'\\'' :v '\\\\' :v",
            "'\\'' '001Pc00000LuBMUIA3' '\\\\' '001Pc00000LuBMUIA3'",
        ),
        ("'☃' :v '☃'", "'☃' '001Pc00000LuBMUIA3' '☃'"),
    ] {
        assert_eq!(rendered(Soql::new(text).bind("v", id)), expected);
    }
    let soql = Soql::new(":a :ab :a_b :A")
        .bind("a", 1)
        .bind("ab", 2)
        .bind("a_b", 3)
        .bind("A", 4);
    assert_eq!(rendered(soql), "1 2 3 4");
}

#[test]
fn a_list_brings_the_parentheses_that_are_not_there() {
    for (text, expected) in [
        ("A IN :v", "A IN (1,2)"),
        ("A IN (:v)", "A IN (1,2)"),
        ("A IN ( :v )", "A IN ( 1,2 )"),
        ("A IN (0, :v, 3)", "A IN (0, 1,2, 3)"),
        ("(A IN :v)", "(A IN (1,2))"),
        ("A NOT IN\n:v", "A NOT IN\n(1,2)"),
    ] {
        assert_eq!(rendered(Soql::new(text).bind("v", [1, 2])), expected);
    }
}

#[test]
fn names_are_written_bare() {
    let soql = Soql::new("SELECT :fields FROM :object ORDER BY :path.Name")
        .names("fields", vec!["Id", "Account.Owner.Name", "Custom__c"])
        .name("object", String::from("Contact"))
        .name("path", "Account");
    assert_eq!(
        rendered(soql),
        "SELECT Id, Account.Owner.Name, Custom__c FROM Contact ORDER BY Account.Name"
    );
    for name in [
        "Id FROM User",
        "Id, Name",
        "Id)",
        "",
        "COUNT()",
        "Name'",
        ":v",
    ] {
        assert_refused(Soql::new("SELECT :f").name("f", name), "is not a name");
    }
    assert_refused(
        Soql::new("SELECT :f").names("f", [""; 0]),
        "it has no names",
    );
}

#[test]
fn what_is_wrong_is_told() {
    for (soql, why) in [
        (Soql::new("A = :a"), "the placeholder :a has no value"),
        (
            Soql::new("A = :a").bind("A", 1),
            "the placeholder :a has no value",
        ),
        (Soql::new("A = 1").bind("a", 1), "no placeholder :a"),
        (
            Soql::new("A = :a").bind("a", 1).bind("b", 1),
            "no placeholder :b",
        ),
        (
            Soql::new("A = ':a'").bind("a", 1),
            "between quotes nothing is replaced",
        ),
        (
            Soql::new("A = :a").bind("a", 1).bind("a", 1),
            "the placeholder :a has two values",
        ),
        (
            Soql::new("A = :a").bind("a", 1).name("a", "b"),
            "the placeholder :a has two values",
        ),
        (Soql::new("A = 'x"), "the quote at byte 4 is not closed"),
        (Soql::new(r"A = 'x\'"), "the quote at byte 4 is not closed"),
        (Soql::new(r"A = '\"), "the quote at byte 4 is not closed"),
        (
            Soql::new("A = 'x' = '"),
            "the quote at byte 10 is not closed",
        ),
        (
            Soql::new("A = LAST_N_DAYS:n").bind("n", 1),
            "bind a `DateLiteral`",
        ),
        (
            Soql::new("A IN:n").bind("n", [1]),
            "the placeholder :n needs a blank before it",
        ),
        (
            Soql::new("A IN :a").bind("a", Vec::<&str>::new()),
            ":a cannot be filled: the list is empty",
        ),
        (
            Soql::new("A = :a").bind("a", f64::NAN),
            ":a cannot be filled: SOQL cannot express NaN",
        ),
        (Soql::new("A = ''").bind("", 1), "there is a value for \"\""),
    ] {
        assert_refused(soql, why);
    }
}

#[test]
fn a_value_is_never_looked_at_again() {
    let soql = Soql::new("A = :a AND B = :b")
        .bind("a", ":b ' :b")
        .bind("b", ":a");
    assert_eq!(rendered(soql), r"A = ':b \' :b' AND B = ':a'");
}

#[test]
fn parts_are_appended() {
    let soql = Soql::new("A")
        .push("WHERE B = :b")
        .bind("b", 1)
        .push("LIMIT :n")
        .bind("n", 2);
    assert_eq!(rendered(soql), "A WHERE B = 1 LIMIT 2");
}

#[test]
fn run_time_text_takes_placeholders_too() {
    let text = format!("SELECT Id FROM {} WHERE A = :a", "Account");
    let soql = Soql::assert_safe(text).bind("a", "x").push("LIMIT 1");
    assert_eq!(
        rendered(soql),
        "SELECT Id FROM Account WHERE A = 'x' LIMIT 1"
    );
}

#[test]
fn the_length_is_counted_in_characters() {
    assert!(Soql::assert_safe("ä".repeat(100_000)).render().is_ok());
    assert_refused(
        Soql::assert_safe("ä".repeat(100_001)),
        "the query has 100001 characters, and Salesforce takes 100000",
    );
    let ids: Vec<_> = (0..20_000).collect();
    assert_refused(
        Soql::new("A IN :ids").bind("ids", ids),
        "and Salesforce takes 100000",
    );
}

#[test]
fn a_query_can_be_a_constant() {
    const ALL: Soql = Soql::new("SELECT Id FROM Account");
    assert_eq!(rendered(ALL), "SELECT Id FROM Account");
    assert_eq!(rendered("SELECT Id FROM User"), "SELECT Id FROM User");
}

#[test]
fn debug_shows_no_value() {
    let soql = Soql::new("A = :a")
        .bind("a", "hunter2")
        .bind("n", Number::new("42").unwrap());
    assert_eq!(
        format!("{soql:?}"),
        r#"Soql { text: "A = :a", placeholders: ["a", "n"], .. }"#
    );
}

proptest! {
    /// Whatever the text, what is rendered without binds is the text itself.
    #[test]
    fn anything_is_rendered_or_refused(text in "[ a-zA-Z:'\\\\(),_0-9é]{0,40}|.{0,40}") {
        if let Ok(out) = Soql::assert_safe(text.clone()).render() {
            prop_assert_eq!(out, text);
        }
    }

    #[test]
    fn a_string_stays_one_string(value in ".*|[\\\\'\"\n:a ]{0,20}") {
        let out = rendered(Soql::new("A = :a AND B = 1").bind("a", &value));
        let literal = out.strip_prefix("A = ").unwrap().strip_suffix(" AND B = 1").unwrap();
        // The quote that closes it is the last character, and nothing can close it earlier.
        let inner = literal.strip_prefix('\'').unwrap().strip_suffix('\'').unwrap();
        let mut chars = inner.chars();
        while let Some(c) = chars.next() {
            prop_assert!(c != '\'' && !c.is_ascii_control());
            if c == '\\' {
                prop_assert!(chars.next().is_some_and(|c| "\\'\"nrtbfu".contains(c)));
            }
        }
    }

    #[test]
    fn names_let_nothing_else_through(name in ".*|[A-Za-z0-9_. ]{0,12}") {
        if let Ok(out) = Soql::new(":n").name("n", &name).render() {
            prop_assert!(out.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.'));
            prop_assert_eq!(out, name);
        }
    }
}
