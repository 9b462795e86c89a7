use super::World;

#[test]
fn count_is_a_size_without_records() {
    let world = World::new();
    for (soql, total) in [
        ("SELECT COUNT() FROM Contact", 4),
        ("SELECT count() FROM Contact WHERE Account.Name = 'acme'", 2),
        ("SELECT COUNT() FROM Contact LIMIT 3", 3),
    ] {
        let answer = format!("{{\"totalSize\":{total},\"done\":true,\"records\":[]}}");
        assert_eq!(world.answer(soql), answer);
    }
}

#[test]
fn groups_have_the_recorded_shape() {
    let world = World::new();
    assert_eq!(
        world.answer(
            "SELECT Industry, COUNT(Id), SUM(AnnualRevenue), MAX(NumberOfEmployees) most, \
             count(annualrevenue) FROM Account GROUP BY Industry ORDER BY COUNT(Id) DESC"
        ),
        "{\"totalSize\":2,\"done\":true,\"records\":[\
         {\"attributes\":{\"type\":\"AggregateResult\"},\"Industry\":\"Media\",\"expr0\":2,\
         \"expr1\":400.5,\"most\":20,\"expr2\":2},\
         {\"attributes\":{\"type\":\"AggregateResult\"},\"Industry\":\"Banking\",\"expr0\":1,\
         \"expr1\":null,\"most\":null,\"expr2\":0}]}"
    );
}

#[test]
fn aggregates_need_no_groups() {
    let world = World::new();
    assert_eq!(
        world.answer(
            "SELECT COUNT(Id) all_of_them, AVG(AnnualRevenue), MIN(Name), MAX(Name), \
             COUNT_DISTINCT(Industry) FROM Account"
        ),
        "{\"totalSize\":1,\"done\":true,\"records\":[\
         {\"attributes\":{\"type\":\"AggregateResult\"},\"all_of_them\":3,\"expr0\":200.25,\
         \"expr1\":\"Acme\",\"expr2\":\"École 1_0%\",\"expr3\":2}]}"
    );
}

#[test]
fn groups_are_named_filtered_sorted_and_cut() {
    let world = World::new();
    let soql = "SELECT Account.Name, COUNT(Id) n FROM Contact GROUP BY Account.Name \
                HAVING COUNT(Id) > 1 OR Account.Name = null ORDER BY Account.Name NULLS LAST";
    assert_eq!(world.values(soql, "Name"), ["Acme", "null"]);
    let soql = "SELECT CALENDAR_YEAR(CreatedDate) y, COUNT(Id) n FROM Contact \
                GROUP BY CALENDAR_YEAR(CreatedDate) ORDER BY CALENDAR_YEAR(CreatedDate) LIMIT 1";
    assert_eq!(world.values(soql, "y"), ["2025"]);
    let soql = "SELECT MIN(LastName) FROM Contact GROUP BY AccountId HAVING MIN(LastName) = 'DOE'";
    assert_eq!(world.values(soql, "expr0"), ["Doe"]);
}

#[test]
fn senseless_groups_are_refused() {
    let world = World::new();
    for (soql, message) in [
        (
            "SELECT Name, COUNT(Id) FROM Account",
            "Field must be grouped or aggregated: Name",
        ),
        (
            "SELECT Name FROM Account GROUP BY Industry",
            "Field must be grouped or aggregated: Name",
        ),
        (
            "SELECT COUNT(Id) FROM Account GROUP BY Id",
            "Grouped field should not be aggregated: Id",
        ),
        (
            "SELECT COUNT(Id) FROM Account LIMIT 1",
            "Non-grouped query that uses overall aggregate functions cannot also use LIMIT",
        ),
        (
            "SELECT Name, (SELECT COUNT(Id) FROM Contacts) FROM Account",
            "only root queries support aggregate expressions",
        ),
    ] {
        assert_eq!(
            world.error(soql),
            (400, "MALFORMED_QUERY".to_owned(), message.to_owned()),
            "{soql}"
        );
    }
    for soql in [
        "SELECT COUNT() FROM Account GROUP BY Name",
        "SELECT COUNT() FROM Account ORDER BY Name",
        "SELECT Name FROM Account WHERE COUNT(Id) > 1",
        "SELECT Name, (SELECT Id FROM Contacts) FROM Account GROUP BY Name",
        "SELECT TYPEOF Owner WHEN User THEN Id END, COUNT(Id) FROM Task GROUP BY OwnerId",
        "SELECT SUM(Name) FROM Account",
        "SELECT Description FROM Account GROUP BY Description",
        "SELECT Parent.Name, Owner.Name FROM Account GROUP BY Parent.Name, Owner.Name",
    ] {
        assert_eq!(world.error(soql).0, 400, "{soql}");
    }
}

#[test]
fn totals_are_groups_too() {
    let world = World::new();
    let rows = |grouping: &str| -> Vec<String> {
        let soql = format!(
            "SELECT Industry, Owner.Alias, GROUPING(Industry) i, GROUPING(Owner.Alias) o, \
             COUNT(Id) n FROM Account GROUP BY {grouping}(Industry, Owner.Alias)"
        );
        let answer = world.json(&soql);
        let records = answer["records"].as_array().unwrap().iter();
        records
            .map(|record| {
                let member = |name: &str| record[name].to_string().replace('"', "");
                ["Industry", "Alias", "i", "o", "n"].map(member).join(" ")
            })
            .collect()
    };
    let rollup = [
        "Banking uli 0 0 1",
        "Banking null 0 1 1",
        "Media ada 0 0 1",
        "Media uli 0 0 1",
        "Media null 0 1 2",
        "null null 1 1 3",
    ];
    assert_eq!(rows("ROLLUP"), rollup);
    let mut cube = rollup.to_vec();
    cube.splice(5..5, ["null ada 1 0 1", "null uli 1 0 2"]);
    assert_eq!(rows("CUBE"), cube);
    let none = "SELECT COUNT(Id) FROM Account WHERE Name = 'x' GROUP BY ROLLUP(Industry)";
    assert_eq!(world.json(none)["totalSize"], 0);
    let sorted = "SELECT Industry, COUNT(Id) n FROM Account GROUP BY ROLLUP(Industry) \
                  HAVING COUNT(Id) > 1 ORDER BY GROUPING(Industry) DESC, COUNT(Id)";
    assert_eq!(world.values(sorted, "n"), ["3", "2"]);
}

/// The store refused the total over all.
#[test]
fn totals_need_no_aggregate_functions() {
    let world = World::new();
    for (rest, expected) in [
        ("ROLLUP(Industry)", vec!["Banking", "Media", "null"]),
        ("CUBE(Industry)", vec!["Banking", "Media", "null"]),
        (
            "ROLLUP(Industry) HAVING GROUPING(Industry) = 1",
            vec!["null"],
        ),
        ("ROLLUP(Industry) HAVING Industry = 'media'", vec!["Media"]),
        (
            "ROLLUP(Industry) HAVING COUNT(Id) > 1",
            vec!["Media", "null"],
        ),
        (
            "ROLLUP(Industry, Name) HAVING GROUPING(Name) = 1 ORDER BY GROUPING(Industry) DESC",
            vec!["null", "Banking", "Media"],
        ),
    ] {
        let soql = format!("SELECT Industry FROM Account GROUP BY {rest}");
        assert_eq!(world.values(&soql, "Industry"), expected, "{soql}");
    }
    let none = "SELECT Industry FROM Account WHERE Name = 'x' GROUP BY ROLLUP(Industry)";
    assert_eq!(world.json(none)["totalSize"], 0);
}

#[test]
fn more_groups_than_a_page_holds_are_refused() {
    let world = World::new();
    for n in 0..2_000_u64 {
        let name = format!("{n:04}");
        let values = [
            ("Id", super::id("00G", n + 2).into()),
            ("Name", name.into()),
        ];
        world.insert("Group", &values);
    }
    let groups = "SELECT Name, COUNT(Id) n FROM Group GROUP BY Name";
    assert_eq!(
        world.error_of_running(groups),
        (
            400,
            "MALFORMED_QUERY".to_owned(),
            "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a \
             single batch"
                .to_owned()
        )
    );
    // As many as a page holds are no fault, however small pages were asked to be.
    for (clause, size) in [
        (" LIMIT 2000", 2_000),
        (" HAVING Name != '0000'", 2_000),
        (" HAVING Name < '0300'", 300),
    ] {
        let (answer, rest) = world.page(&format!("{groups}{clause}"), 200);
        assert!(rest.is_empty(), "{clause}");
        let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(answer["totalSize"], size, "{clause}");
        assert_eq!(answer["done"], true, "{clause}");
        let records = answer["records"].as_array().expect("records");
        assert_eq!(records.len(), size, "{clause}");
    }
}
