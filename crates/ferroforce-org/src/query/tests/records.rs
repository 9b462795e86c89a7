use super::{World, id};

#[test]
fn records_have_the_recorded_shape() {
    let world = World::new();
    let (contact, account, owner) = (id("003", 1), id("001", 1), id("005", 1));
    assert_eq!(
        world.answer(
            "select lastname, account.name, id, ACCOUNT.owner.NAME, donotcall, birthdate, \
             createddate, account.annualrevenue from contact where lastname = 'ARCHER'"
        ),
        format!(
            "{{\"totalSize\":1,\"done\":true,\"records\":[{{\"attributes\":{{\"type\":\"Contact\",\
             \"url\":\"/services/data/v66.0/sobjects/Contact/{contact}\"}},\
             \"LastName\":\"Archer\",\
             \"Account\":{{\"attributes\":{{\"type\":\"Account\",\
             \"url\":\"/services/data/v66.0/sobjects/Account/{account}\"}},\"Name\":\"Acme\",\
             \"Owner\":{{\"attributes\":{{\"type\":\"User\",\
             \"url\":\"/services/data/v66.0/sobjects/User/{owner}\"}},\"Name\":\"Ada Admin\"}},\
             \"AnnualRevenue\":100.5}},\
             \"Id\":\"{contact}\",\"DoNotCall\":true,\"Birthdate\":\"1980-02-29\",\
             \"CreatedDate\":\"2026-05-02T00:00:00.000+0000\"}}]}}"
        )
    );
}

#[test]
fn what_is_missing_is_null() {
    let world = World::new();
    let answer = world.json(
        "SELECT FirstName, Account.Name, Account.Owner.Name, ReportsTo.Name FROM Contact \
         WHERE Id = '003Lo0000000004'",
    );
    let record = &answer["records"][0];
    assert_eq!(record["FirstName"], "Dan");
    assert!(record["Account"].is_null() && record["ReportsTo"].is_null());
    let none = world.answer("SELECT Id FROM Contact WHERE LastName = 'Nobody'");
    assert_eq!(none, r#"{"totalSize":0,"done":true,"records":[]}"#);
}

#[test]
fn five_levels_of_parents_can_be_followed_and_no_more() {
    let world = World::new();
    let names = world.values(
        "SELECT LastName FROM Contact WHERE ReportsTo.ReportsTo.Account.Owner.Name = 'ada admin'",
        "LastName",
    );
    assert_eq!(names, ["Çelik"]);
    let five = "Manager.".repeat(5);
    assert!(world.plan(&format!("SELECT {five}Name FROM User")).is_ok());
    assert!(
        world
            .plan(&format!("SELECT {five}Manager.Name FROM User"))
            .is_err()
    );
}

#[test]
fn aliases_and_the_objects_own_name_begin_paths() {
    let world = World::new();
    for soql in [
        "SELECT Contact.LastName FROM Contact WHERE Contact.Account.Name = 'zeta'",
        "SELECT c.LastName FROM Contact c WHERE C.Account.Name = 'zeta'",
        "SELECT c.LastName FROM Contact c, c.Account a WHERE a.Name = 'zeta'",
        "SELECT LastName FROM Contact, Contact.Account a, a.Owner o WHERE o.Name = 'x'",
    ] {
        assert_eq!(
            world.values(soql, "LastName"),
            Vec::<String>::new(),
            "{soql}"
        );
    }
    let soql = "SELECT c.LastName, a.Name FROM Contact c, c.Account a WHERE a.Name = 'acme'";
    assert_eq!(world.values(soql, "LastName"), ["Archer", "brown"]);
}

#[test]
fn polymorphic_parents_answer_what_names_have() {
    let world = World::new();
    let answer = world.json("SELECT Subject, Owner.Name, Owner.Type FROM Task ORDER BY Subject");
    let owner = |n: usize| &answer["records"][n]["Owner"];
    assert_eq!(
        (&owner(0)["Name"], &owner(0)["Type"]),
        (&"Support".into(), &"Group".into())
    );
    assert_eq!(owner(0)["attributes"]["type"], "Group");
    assert_eq!(
        (&owner(1)["Name"], &owner(1)["Type"]),
        (&"Uli User".into(), &"User".into())
    );
    for (condition, found) in [
        ("Owner.Type = 'user'", "Mail"),
        ("Owner.Type IN ('Group')", "Call"),
        ("Owner.Name LIKE 'UL%'", "Mail"),
        ("Owner.Alias = null", "Call"),
    ] {
        let soql = format!("SELECT Subject FROM Task WHERE {condition}");
        assert_eq!(world.values(&soql, "Subject"), [found], "{soql}");
    }
    let (_, code, message) = world.error("SELECT Owner.ManagerId FROM Task");
    assert_eq!(code, "INVALID_FIELD");
    assert!(message.contains("No such column 'ManagerId' on entity 'Name'"));
}

#[test]
fn owners_of_several_types_tell_what_users_have() {
    let world = World::new();
    let answer = world.json(
        "SELECT Owner.Username, Owner.IsActive, Owner.ProfileId, Owner.Profile.Name FROM Task \
         ORDER BY Subject",
    );
    let owner = |n: usize| &answer["records"][n]["Owner"];
    assert_eq!(owner(0)["Username"], serde_json::Value::Null);
    assert_eq!(owner(0)["Profile"], serde_json::Value::Null);
    assert_eq!(owner(1)["Username"], "uli@org.example");
    assert_eq!(owner(1)["IsActive"], true);
    assert_eq!(owner(1)["ProfileId"], id("00e", 1));
    assert_eq!(owner(1)["Profile"]["Name"], "Reader");
    for condition in [
        "Owner.Profile.Name = 'reader'",
        "Owner.IsActive = true",
        "Owner.Username LIKE 'uli%'",
    ] {
        let soql = format!("SELECT Subject FROM Task WHERE {condition}");
        assert_eq!(world.values(&soql, "Subject"), ["Mail"], "{soql}");
    }
}

/// They were answered, although paths end at what all types share.
#[test]
fn parents_of_one_type_only_are_not_reached_through_polymorphic_ones() {
    let world = World::new();
    for soql in [
        "SELECT Owner.Manager.Name FROM Task",
        "SELECT Id FROM Task WHERE Owner.Manager.Name = 'Ada Admin'",
        "SELECT Id FROM Task ORDER BY Owner.Manager.Name",
    ] {
        let (status, code, message) = world.error(soql);
        assert_eq!((status, code.as_str()), (400, "INVALID_FIELD"), "{soql}");
        assert!(
            message.contains("Didn't understand relationship 'Manager' in field path"),
            "{message}"
        );
    }
}

#[test]
fn typeof_chooses_the_fields_by_the_type_of_the_parent() {
    let world = World::new();
    let owners = |branches: &str| {
        let soql =
            format!("SELECT TYPEOF Owner {branches} END, Subject FROM Task ORDER BY Subject");
        let answer = world.json(&soql);
        [0, 1].map(|n| {
            let mut owner = answer["records"][n]["Owner"].clone();
            if let Some(members) = owner.as_object_mut() {
                members.remove("attributes");
            }
            owner.to_string()
        })
    };
    assert_eq!(
        owners("WHEN user THEN Alias, manager.name WHEN Group THEN Name"),
        [
            r#"{"Name":"Support"}"#.to_owned(),
            format!(
                r#"{{"Alias":"uli","Manager":{{"Name":"Ada Admin","attributes":{{"type":"User","url":"/services/data/v66.0/sobjects/User/{}"}}}}}}"#,
                id("005", 1)
            )
        ]
    );
    assert_eq!(
        owners("WHEN User THEN Id ELSE Name, Type"),
        [
            r#"{"Name":"Support","Type":"Group"}"#.to_owned(),
            format!(r#"{{"Id":"{}"}}"#, id("005", 2))
        ]
    );
    assert_eq!(owners("WHEN Group THEN Name")[1], "null");
    for soql in [
        "SELECT TYPEOF Nobody WHEN User THEN Id END FROM Task",
        "SELECT TYPEOF What WHEN Account THEN Id END FROM Task",
        "SELECT TYPEOF Owner WHEN Account THEN Id END FROM Task",
        "SELECT TYPEOF Owner WHEN User THEN Foo END FROM Task",
        "SELECT Owner.Name, TYPEOF Owner WHEN User THEN Id END FROM Task",
        "SELECT TYPEOF Owner WHEN User THEN Id END, Owner.Name FROM Task",
    ] {
        assert_eq!(world.error(soql).0, 400, "{soql}");
    }
}

#[test]
fn children_are_results_of_their_own() {
    let world = World::new();
    let answer = world.json(
        "SELECT Name, (SELECT LastName, Account.Name FROM Contacts ORDER BY LastName DESC), \
         (SELECT Id FROM account.tasks) FROM Account ORDER BY Name",
    );
    let records = answer["records"].as_array().unwrap();
    let acme = &records[0]["Contacts"];
    assert_eq!(
        (&acme["totalSize"], &acme["done"]),
        (&2.into(), &true.into())
    );
    assert_eq!(acme["records"][0]["LastName"], "brown");
    assert_eq!(acme["records"][1]["LastName"], "Archer");
    assert_eq!(acme["records"][1]["Account"]["Name"], "Acme");
    assert_eq!(records[0]["Tasks"]["totalSize"], 1);
    assert_eq!(records[1]["Name"], "zeta");
    assert!(records[1]["Contacts"].is_null() && records[1]["Tasks"].is_null());
}

#[test]
fn children_are_limited_for_each_parent() {
    let world = World::new();
    let children = |clauses: &str| {
        let soql = format!(
            "SELECT Name, (SELECT LastName FROM Contacts {clauses}) FROM Account ORDER BY Name"
        );
        let answer = world.json(&soql);
        answer["records"]
            .as_array()
            .unwrap()
            .iter()
            .map(|record| match record["Contacts"]["records"].as_array() {
                None => "-".to_owned(),
                Some(rows) => rows
                    .iter()
                    .map(|row| row["LastName"].as_str().unwrap())
                    .collect::<Vec<_>>()
                    .join(","),
            })
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(children("ORDER BY LastName"), "Archer,brown - Çelik");
    assert_eq!(children("ORDER BY LastName LIMIT 1"), "Archer - Çelik");
    assert_eq!(children("WHERE DoNotCall = TRUE"), "Archer - -");
}

#[test]
fn grandchildren_belong_to_their_children() {
    let world = World::new();
    let answer = world.json(
        "SELECT Name, (SELECT Name, (SELECT LastName FROM Contacts) FROM ChildAccounts) \
         FROM Account WHERE Name = 'Acme'",
    );
    let child = &answer["records"][0]["ChildAccounts"]["records"][0];
    assert_eq!(child["Name"], "École 1_0%");
    assert_eq!(child["Contacts"]["records"][0]["LastName"], "Çelik");
    let nested = |levels: usize| {
        let mut soql = "SELECT Id FROM ChildAccounts".to_owned();
        for _ in 1..levels {
            soql = format!("SELECT Id, ({soql}) FROM ChildAccounts");
        }
        format!("SELECT Id, ({soql}) FROM Account")
    };
    assert!(world.plan(&nested(4)).is_ok());
    assert!(world.plan(&nested(5)).is_err());
}

#[test]
fn compounds_are_made_of_their_parts() {
    let world = World::new();
    let answer = world.json("SELECT BillingAddress FROM Account ORDER BY Name");
    let address = answer["records"][0]["BillingAddress"].to_string();
    assert_eq!(
        address,
        r#"{"city":"Bern","latitude":46.948,"longitude":7.4474,"street":"Main"}"#
    );
    assert!(answer["records"][1]["BillingAddress"].is_null());
}

#[test]
fn bytes_are_answered_as_a_path() {
    let world = World::new();
    let paths = world.values("SELECT VersionData FROM ContentVersion", "VersionData");
    let path = format!(
        "/services/data/v66.0/sobjects/ContentVersion/{}/VersionData",
        id("068", 1)
    );
    assert_eq!(paths, [path.as_str(), "null"]);
}

#[test]
fn fields_expands_to_what_the_object_has() {
    let world = World::new();
    let record = |soql: &str| world.json(soql)["records"][0].clone();
    let standard = record("SELECT FIELDS(STANDARD) FROM Account LIMIT 1");
    assert_eq!(standard["Name"], "Acme");
    assert!(standard.get("Tags__c").is_none());
    assert_eq!(standard["BillingAddress"]["city"], "Bern");
    let custom = record("SELECT Name, FIELDS(CUSTOM) FROM Account LIMIT 200");
    assert_eq!(custom["Tags__c"], "A;B");
    assert!(record("SELECT FIELDS(ALL) FROM Account LIMIT 1")["Tags__c"].is_string());
}

#[test]
fn the_recycle_bin_is_seen_only_when_asked_for() {
    let mut world = World::new();
    assert_eq!(world.json("SELECT COUNT() FROM Contact")["totalSize"], 4);
    world.scope.all_rows = true;
    assert_eq!(world.json("SELECT COUNT() FROM Contact")["totalSize"], 5);
    let erased = world.values(
        "SELECT LastName FROM Contact WHERE IsDeleted = TRUE",
        "LastName",
    );
    assert_eq!(erased, ["Erased"]);
}

#[test]
fn records_can_be_sorted_and_cut() {
    let world = World::new();
    let sorted = |clauses: &str| {
        let soql = format!("SELECT LastName FROM Contact {clauses}");
        world.values(&soql, "LastName").join(" ")
    };
    // Folded text is sorted by its bytes, so that Ç comes after all of ASCII.
    for (clauses, names) in [
        ("ORDER BY LastName", "Archer brown Doe Çelik"),
        ("ORDER BY LastName DESC", "Çelik Doe brown Archer"),
        ("ORDER BY LastName LIMIT 2", "Archer brown"),
        ("ORDER BY LastName LIMIT 2 OFFSET 1", "brown Doe"),
        ("ORDER BY LastName OFFSET 3", "Çelik"),
        ("LIMIT 0", ""),
        (
            "ORDER BY Birthdate NULLS LAST, LastName",
            "Archer brown Doe Çelik",
        ),
        (
            "ORDER BY Birthdate NULLS FIRST, LastName",
            "Doe Çelik Archer brown",
        ),
        (
            "ORDER BY Account.Name DESC, LastName DESC",
            "Çelik brown Archer Doe",
        ),
        (
            "ORDER BY AccountId NULLS LAST, LastName",
            "Doe Archer brown Çelik",
        ),
    ] {
        assert_eq!(sorted(clauses), names, "{clauses}");
    }
}

/// Open question: where nulls stand when nothing is said.
#[test]
fn open_question_nulls_come_first_upwards_and_last_downwards() {
    let mut world = World::new();
    let sorted = |world: &World, order: &str| {
        let soql = format!("SELECT LastName FROM Contact ORDER BY Birthdate {order}, LastName");
        world.values(&soql, "LastName").join(" ")
    };
    assert_eq!(sorted(&world, "ASC"), "Doe Çelik Archer brown");
    assert_eq!(sorted(&world, "DESC"), "brown Archer Doe Çelik");
    world.scope.readings.nulls_first_descending = true;
    assert_eq!(sorted(&world, "ASC"), "Doe Çelik Archer brown");
    assert_eq!(sorted(&world, "DESC"), "Doe Çelik brown Archer");
    assert_eq!(sorted(&world, "DESC NULLS LAST"), "brown Archer Doe Çelik");
}

#[test]
fn columns_are_described_without_rows() {
    let world = World::new();
    let columns = |soql: &str| world.plan(soql).unwrap().columns().to_string();
    let column = |name: &str, aggregate: bool, joined: &str| {
        format!(
            "{{\"aggregate\":{aggregate},\"columnName\":\"{name}\",\"displayName\":\"{name}\",\
             \"joinColumns\":[{joined}]}}"
        )
    };
    let name = column("Name", false, "");
    assert_eq!(
        columns("SELECT Name, Owner.Name, (SELECT Id FROM Contacts) FROM Account"),
        format!(
            "{{\"columnMetadata\":[{name},{},{}]}}",
            column("Owner", false, &name),
            column("Contacts", true, &column("Id", false, ""))
        )
    );
    assert_eq!(
        columns("SELECT Industry, COUNT(Id) FROM Account GROUP BY Industry"),
        format!(
            "{{\"columnMetadata\":[{},{}]}}",
            column("Industry", false, ""),
            column("expr0", true, "")
        )
    );
}

#[test]
fn more_values_than_a_statement_takes_are_refused() {
    let world = World::new();
    let soql = |values: usize| {
        let list = vec!["1"; values].join(",");
        format!("SELECT COUNT() FROM Account WHERE NumberOfEmployees IN ({list})")
    };
    assert_eq!(world.json(&soql(30_000))["totalSize"], 0);
    assert_eq!(world.error(&soql(30_001)).1, "QUERY_TOO_COMPLICATED");
}

#[test]
fn picklists_are_sorted_as_they_were_set_up() {
    let world = World::new();
    let soql = "SELECT Industry FROM Account ORDER BY Industry";
    assert_eq!(
        world.values(soql, "Industry"),
        ["Media", "Media", "Banking"]
    );
}

#[test]
fn labels_stand_in_for_values() {
    let world = World::new();
    let soql = "SELECT toLabel(Industry), Industry FROM Account";
    assert_eq!(world.error(soql).1, "INVALID_FIELD");
    let soql = "SELECT toLabel(Industry), toLabel(Name) FROM Account \
                WHERE toLabel(Industry) = 'the banking'";
    assert_eq!(world.values(soql, "Industry"), ["The Banking"]);
    assert_eq!(world.values(soql, "Name"), ["zeta"]);
}
