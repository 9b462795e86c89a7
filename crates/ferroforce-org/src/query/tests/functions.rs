use jiff::tz::TimeZone;
use serde_json::json;

use super::{World, id};

/// A world with accounts at some places, named by their number; the third has half a place.
fn places() -> World {
    let world = World::new();
    world
        .connection
        .execute_batch("DELETE FROM Account")
        .unwrap();
    let places = [
        (Some(46.95), Some(7.45)),
        (Some(47.37), Some(8.54)),
        (Some(46.95), None),
        (Some(-33.87), Some(151.21)),
        (None, None),
    ];
    for (n, (latitude, longitude)) in (1..).zip(places) {
        world.insert(
            "Account",
            &[
                ("Id", json!(id("001", n))),
                ("Name", json!(n.to_string())),
                ("Place__Latitude__s", json!(latitude)),
                ("Place__Longitude__s", json!(longitude)),
                ("BillingLatitude", json!(latitude)),
                ("BillingLongitude", json!(longitude)),
            ],
        );
    }
    world
}

#[test]
fn distances_are_filtered_sorted_and_answered() {
    let world = places();
    let bern = "GEOLOCATION(46.9480, 7.4474)";
    let names = |clauses: &str| {
        let soql = format!("SELECT Name FROM Account {clauses}");
        world.values(&soql, "Name").join(" ")
    };
    for (condition, expected) in [
        ("Place__c, {bern}, 'km') < 5", "1"),
        ("Place__c, {bern}, 'km') < 100", "1 2"),
        ("Place__c, {bern}, 'mi') < 50", "1"),
        ("Place__c, {bern}, 'mi') > 50", "2 4"),
        ("BillingAddress, {bern}, 'km') > 1000", "4"),
    ] {
        let condition = condition.replace("{bern}", bern);
        let found = names(&format!("WHERE DISTANCE({condition} ORDER BY Name"));
        assert_eq!(found, expected, "{condition}");
    }
    let sorted = names(&format!(
        "ORDER BY DISTANCE(Place__c, {bern}, 'km') DESC, Name"
    ));
    assert_eq!(sorted, "4 2 1 3 5");
    let soql = format!(
        "SELECT DISTANCE(Place__c, {bern}, 'km'), DISTANCE(Place__c, {bern}, 'mi') miles \
         FROM Account WHERE Name = '2'"
    );
    let record = &world.json(&soql)["records"][0];
    let number = |name: &str| record[name].as_f64().unwrap();
    assert!((number("expr0") - 95.0).abs() < 1.0, "{record}");
    assert!(
        (number("expr0") / number("miles") - 1.609_344).abs() < 1e-9,
        "{record}"
    );
}

#[test]
fn half_a_location_is_null() {
    let world = places();
    let soql = "SELECT Place__c FROM Account ORDER BY Name";
    assert_eq!(
        world.values(soql, "Place__c"),
        [
            r#"{"latitude":46.95,"longitude":7.45}"#,
            r#"{"latitude":47.37,"longitude":8.54}"#,
            "null",
            r#"{"latitude":-33.87,"longitude":151.21}"#,
            "null",
        ]
    );
}

#[test]
fn senseless_distances_are_refused() {
    let world = World::new();
    for call in [
        "DISTANCE(Place__c, GEOLOCATION(1, 2), 'km') = 5",
        "DISTANCE(Place__c, GEOLOCATION(1, 2), 'km') <= 5",
        "DISTANCE(Place__c, GEOLOCATION(1, 2), 'ft') < 5",
        "DISTANCE(Place__c, GEOLOCATION(91, 2), 'km') < 5",
        "DISTANCE(Name, GEOLOCATION(1, 2), 'km') < 5",
        "DISTANCE(GEOLOCATION(1, 2), Place__c, 'km') < 5",
    ] {
        let soql = format!("SELECT Id FROM Account WHERE {call}");
        assert_eq!(world.error(&soql).1, "MALFORMED_QUERY", "{soql}");
    }
}

#[test]
fn values_are_formatted_for_the_user() {
    let mut world = World::new();
    let record = |world: &World, soql: &str| world.json(soql)["records"][0].clone();
    world.scope.time_zone = TimeZone::get("America/Los_Angeles").unwrap();
    let contact = record(
        &world,
        "SELECT FORMAT(CreatedDate), FORMAT(Birthdate) born, Birthdate, \
         FORMAT(Account.AnnualRevenue) FROM Contact WHERE LastName = 'Archer'",
    );
    assert_eq!(contact["CreatedDate"], "5/1/2026, 5:00 PM");
    assert_eq!(
        (&contact["born"], &contact["Birthdate"]),
        (&json!("2/29/1980"), &json!("1980-02-29"))
    );
    assert_eq!(contact["Account"]["AnnualRevenue"], "$100.50");
    let account = record(
        &world,
        "SELECT AnnualRevenue, convertCurrency(AnnualRevenue) same, \
         FORMAT(convertCurrency(AnnualRevenue)) shown FROM Account WHERE Name = 'Acme'",
    );
    assert_eq!(
        (&account["same"], &account["shown"]),
        (&json!(100.5), &json!("$100.50"))
    );
    let totals = record(
        &world,
        "SELECT FORMAT(SUM(AnnualRevenue)) total, FORMAT(MAX(NumberOfEmployees)) most, \
         FORMAT(COUNT(Id)), convertCurrency(MIN(AnnualRevenue)) least FROM Account",
    );
    assert_eq!(
        (&totals["total"], &totals["most"]),
        (&json!("$400.50"), &json!("20"))
    );
    assert_eq!(
        (&totals["expr0"], &totals["least"]),
        (&json!("3"), &json!(100.5))
    );
    let births = record(
        &world,
        "SELECT FORMAT(MIN(Birthdate)) earliest FROM Contact",
    );
    assert_eq!(births["earliest"], "2/29/1980");
    let twice = world.error("SELECT AnnualRevenue, FORMAT(AnnualRevenue) FROM Account");
    assert_eq!(twice.1, "INVALID_FIELD");
    world.scope.locale = "de_DE".to_owned();
    assert_eq!(
        world.error("SELECT FORMAT(AnnualRevenue) FROM Account").0,
        501
    );
}

#[test]
fn parts_of_dates_follow_the_users_clock_if_asked_to() {
    let mut world = World::new();
    world.scope.time_zone = TimeZone::get("America/New_York").unwrap();
    // The first contact was made at midnight UTC, when it was 20 o'clock in New York.
    for (condition, found) in [
        ("HOUR_IN_DAY(CreatedDate) = 0", 1),
        ("HOUR_IN_DAY(CreatedDate) = 20", 0),
        ("HOUR_IN_DAY(convertTimezone(CreatedDate)) = 20", 1),
        ("DAY_ONLY(convertTimezone(CreatedDate)) = 2026-05-02", 0),
    ] {
        let soql = format!(
            "SELECT COUNT() FROM Contact WHERE Id = '{}' AND {condition}",
            id("003", 1)
        );
        assert_eq!(world.json(&soql)["totalSize"], found, "{condition}");
    }
    let soql = "SELECT HOUR_IN_DAY(convertTimezone(CreatedDate)) hour, COUNT(Id) n FROM Contact \
                WHERE LastName = 'Archer' GROUP BY HOUR_IN_DAY(convertTimezone(CreatedDate))";
    assert_eq!(world.values(soql, "hour"), ["20"]);
}

#[test]
fn each_value_of_many_has_its_label() {
    let mut world = World::new();
    let mut account = (**world.schema.object("Account").unwrap()).clone();
    let mut fields = account.fields.clone();
    for field in &mut fields {
        if field.name == "Tags__c" {
            field.picklist_values = vec![crate::schema::PicklistValue {
                value: "A".to_owned(),
                label: "First".to_owned(),
                active: true,
                default_value: false,
            }];
        }
    }
    account.set_fields(fields);
    world.schema = crate::schema::Schema::new(vec![account]);
    let soql = "SELECT toLabel(Tags__c) FROM Account WHERE toLabel(Tags__c) INCLUDES ('first')";
    assert_eq!(world.values(soql, "Tags__c"), ["First;B"]);
}
