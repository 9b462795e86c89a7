use super::World;
use crate::rest::ApiVersion;

const DESCRIBE: &str = "Please reference your WSDL or the describe call for the appropriate names.";

#[test]
fn recorded_errors_are_answered_to_the_byte() {
    let world = World::new();
    assert_eq!(
        world.error("select count() from XYZZY"),
        (
            400,
            "INVALID_TYPE".to_owned(),
            format!(
                "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\n\
                 sObject type 'XYZZY' is not supported. If you are attempting to use a custom \
                 object, be sure to append the '__c' after the entity name. {DESCRIBE}"
            )
        )
    );
    assert_eq!(
        world.error("SELECT FirstName FROM Contact WHERE (Id = 'somethingwonky') LIMIT 1"),
        (
            400,
            "INVALID_QUERY_FILTER_OPERATOR".to_owned(),
            "\nSELECT FirstName FROM Contact WHERE (Id = 'somethingwonky') LIMIT 1\n\
             \x20                                    ^\nERROR at Row:1:Column:38\n\
             invalid ID field: somethingwonky"
                .to_owned()
        )
    );
    assert_eq!(
        world.error("SELECT Id, FIELDS(ALL) FROM Account LIMIT 200"),
        (
            400,
            "INVALID_FIELD".to_owned(),
            "duplicate field selected: Id".to_owned()
        )
    );
    assert_eq!(
        world.error("SELECT Id, id FROM Account"),
        (
            400,
            "INVALID_FIELD".to_owned(),
            "duplicate field selected: id".to_owned()
        )
    );
}

#[test]
fn senseless_queries_are_refused_with_salesforces_words() {
    let world = World::new();
    for (soql, code, place, message) in [
        (
            "SELECT Foo FROM Account",
            "INVALID_FIELD",
            "Row:1:Column:8",
            "No such column 'Foo' on entity 'Account'.",
        ),
        (
            "SELECT Id FROM Account WHERE Owner.Foo = 'x'",
            "INVALID_FIELD",
            "Row:1:Column:30",
            "No such column 'Foo' on entity 'User'.",
        ),
        (
            "SELECT X.Name FROM Account",
            "INVALID_FIELD",
            "Row:1:Column:8",
            "Didn't understand relationship 'X' in field path.",
        ),
        (
            "SELECT Id, (SELECT Id FROM X) FROM Account",
            "INVALID_TYPE",
            "Row:1:Column:28",
            "Didn't understand relationship 'X' in FROM part of query call.",
        ),
        (
            "SELECT Id\nFROM Account\nWHERE Name = 5",
            "INVALID_FIELD",
            "\nWHERE Name = 5\n      ^\nERROR at Row:3:Column:7",
            "field 'Name' must be of type string and should be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Contact WHERE Birthdate = '2020-01-01'",
            "INVALID_FIELD",
            "Column:30",
            "field 'Birthdate' must be of type date and should not be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Contact WHERE CreatedDate > 2020-01-01",
            "INVALID_FIELD",
            "Column:30",
            "field 'CreatedDate' must be of type dateTime and should not be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Contact WHERE Birthdate = 2021-02-29",
            "MALFORMED_QUERY",
            "Column:30",
            "invalid date: 2021-02-29",
        ),
        (
            "SELECT Id FROM Account WHERE Description LIKE 'x'",
            "INVALID_FIELD",
            "Column:30",
            "field 'Description' can not be filtered in a query call",
        ),
        (
            "SELECT Id FROM Account ORDER BY Description",
            "INVALID_FIELD",
            "Column:33",
            "field 'Description' can not be sorted in a query call",
        ),
        (
            "SELECT Id FROM Account WHERE Id LIKE '001%'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "Column:30",
            "invalid operator on id field",
        ),
        (
            "SELECT Id FROM Account WHERE BillingAddress = 'x'",
            "INVALID_FIELD",
            "",
            "Address fields can only be filtered using Distance expressions",
        ),
        (
            "SELECT Name n FROM Account",
            "MALFORMED_QUERY",
            "",
            "only aggregate expressions use field aliasing",
        ),
        (
            "SELECT FIELDS(ALL) FROM Account",
            "MALFORMED_QUERY",
            "",
            "The SOQL FIELDS function must have a LIMIT of at most 200",
        ),
        (
            "SELECT Id FROM Account OFFSET 2001",
            "NUMBER_OUTSIDE_VALID_RANGE",
            "",
            "Maximum SOQL offset allowed for apiName Account is 2000",
        ),
        (
            "SELECT Id FROM Hidden",
            "INVALID_TYPE_FOR_OPERATION",
            "",
            "entity type Hidden does not support query",
        ),
        (
            "SELECT Id FROM Account WHERE Name = 'x' OR Id IN (SELECT AccountId FROM Contact)",
            "MALFORMED_QUERY",
            "",
            "Semi join sub-selects are not allowed with the 'OR' operator",
        ),
        (
            "SELECT Id FROM Account WHERE Id IN (SELECT Id FROM Account)",
            "MALFORMED_QUERY",
            "",
            "The inner and outer selects should not be on the same object type",
        ),
        (
            "SELECT Id FROM Account WHERE Id IN (SELECT LastName FROM Contact)",
            "MALFORMED_QUERY",
            "",
            "semi join sub selects can only query id fields, cannot use: 'LastName'",
        ),
        (
            "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE ReportsToId IN \
             (SELECT Id FROM User))",
            "MALFORMED_QUERY",
            "",
            "Nesting of semi join sub-selects is not supported",
        ),
        (
            "SELECT Id FROM Account WHERE Id IN (SELECT WhatId FROM Task)",
            "MALFORMED_QUERY",
            "",
            "Entity 'Task' is not supported for semi join inner selects",
        ),
        (
            "SELECT Id FROM Account WHERE Name IN (SELECT AccountId FROM Contact)",
            "MALFORMED_QUERY",
            "",
            "must be an id or reference field",
        ),
        (
            "SELECT Id FROM Account WHERE convertCurrency(AnnualRevenue) > 5",
            "MALFORMED_QUERY",
            "Column:30",
            "can be used in SELECT only",
        ),
        (
            "SELECT Id FROM Account ORDER BY toLabel(Industry)",
            "MALFORMED_QUERY",
            "Column:33",
            "cannot be used in ORDER BY",
        ),
        (
            "SELECT CALENDAR_YEAR(CreatedDate) y FROM Contact",
            "MALFORMED_QUERY",
            "",
            "Field must be grouped or aggregated: CreatedDate",
        ),
        (
            "SELECT Id FROM Contact WHERE convertTimezone(CreatedDate) > 2020-01-01T00:00:00Z",
            "MALFORMED_QUERY",
            "Column:30",
            "convertTimezone() can be used only inside of a date function",
        ),
        (
            "SELECT Id FROM Account WHERE Name LIKE",
            "MALFORMED_QUERY",
            "Column:39",
            "unexpected token: '<EOF>'",
        ),
    ] {
        let (status, actual, text) = world.error(soql);
        assert_eq!((status, actual.as_str()), (400, code), "{soql}");
        assert!(
            text.contains(place) && text.contains(message),
            "{soql}: {text}"
        );
        assert_eq!(
            text.contains("ERROR at"),
            !place.is_empty(),
            "{soql}: {text}"
        );
    }
}

#[test]
fn what_the_engine_does_not_know_is_said() {
    let world = World::new();
    for (soql, what) in [
        ("SELECT Id FROM Account FOR VIEW", "FOR VIEW of this object"),
        (
            "SELECT COUNT() FROM Account FOR REFERENCE",
            "in an aggregate query",
        ),
        (
            "SELECT Id FROM Account USING SCOPE team",
            "USING SCOPE team",
        ),
        ("SELECT Id FROM Account UPDATE TRACKING", "UPDATE TRACKING"),
        (
            "SELECT Id FROM Account WITH DATA CATEGORY a AT b",
            "WITH DATA CATEGORY",
        ),
        ("SELECT FORMAT(Name) x FROM Account", "FORMAT"),
        (
            "SELECT Id, (SELECT Id FROM Contacts) c FROM Account",
            "aliases of subqueries",
        ),
        (
            "SELECT Id FROM Account WHERE AnnualRevenue > EUR5",
            "the currency EUR",
        ),
        (
            "SELECT convertCurrency(Name) FROM Account",
            "convertCurrency",
        ),
        (
            "SELECT Id FROM Account WHERE Name + Industry = 'x'",
            "arithmetic",
        ),
    ] {
        let (status, code, message) = world.error(soql);
        assert_eq!((status, code.as_str()), (501, "NOT_IMPLEMENTED"), "{soql}");
        assert!(message.contains(what), "{soql}: {message}");
    }
}

#[test]
fn longer_queries_than_allowed_are_refused() {
    let world = World::new();
    let soql = format!(
        "SELECT Id FROM Account WHERE Name = '{}'",
        "x".repeat(100_000)
    );
    assert_eq!(world.error(&soql).1, "MALFORMED_QUERY");
}

#[test]
fn strings_in_conditions_may_have_4000_characters() {
    let world = World::new();
    for condition in ["Name = '{}'", "Name IN ('a', '{}')", "Name LIKE '{}'"] {
        let soql = |length| {
            let condition = condition.replace("{}", &"é".repeat(length));
            format!("SELECT Id FROM Account WHERE {condition}")
        };
        assert!(world.plan(&soql(4_000)).is_ok(), "{condition}");
        assert_eq!(
            world.error(&soql(4_001)).1,
            "MALFORMED_QUERY",
            "{condition}"
        );
    }
}

#[test]
fn what_only_apex_knows_is_refused() {
    let world = World::new();
    for clause in [
        "WITH SECURITY_ENFORCED",
        "WHERE Id = :id",
        "FOR UPDATE",
        "ALL ROWS",
    ] {
        let (status, code, _) = world.error(&format!("SELECT Id FROM Account {clause}"));
        assert_eq!(
            (status, code.as_str()),
            (400, "MALFORMED_QUERY"),
            "{clause}"
        );
    }
    for clause in ["WITH USER_MODE", "WITH SYSTEM_MODE"] {
        let soql = format!("SELECT Id FROM Account {clause}");
        assert_eq!(world.json(&soql)["totalSize"], 3, "{clause}");
    }
}

#[test]
fn older_versions_know_less() {
    let mut world = World::new();
    let nested =
        "SELECT Id, (SELECT Id, (SELECT Id FROM Contacts) FROM ChildAccounts) FROM Account";
    world.scope.version = ApiVersion::from_segment("v58.0", false).unwrap();
    assert!(world.plan(nested).is_ok());
    world.scope.version = ApiVersion::from_segment("v57.0", false).unwrap();
    assert_eq!(world.error(nested).1, "MALFORMED_QUERY");
    assert!(
        world
            .plan("SELECT Id, (SELECT Id FROM Contacts) FROM Account")
            .is_ok()
    );
    let fields = "SELECT FIELDS(STANDARD) FROM Account";
    assert!(world.plan(fields).is_ok());
    world.scope.version = ApiVersion::from_segment("v50.0", false).unwrap();
    assert_eq!(world.error(fields).1, "UNSUPPORTED_API_VERSION");
}
