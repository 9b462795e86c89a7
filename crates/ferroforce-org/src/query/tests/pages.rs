use serde_json::{Value, json};

use super::{Rest, World, id};

/// An account with so many contacts each, and contacts with so many contacts that report to them.
fn families(contacts: &[u64]) -> World {
    let world = World::new();
    world
        .connection
        .execute_batch("DELETE FROM Account; DELETE FROM Contact; DELETE FROM Task")
        .unwrap();
    let mut born = 0;
    for (n, &contacts) in (1..).zip(contacts) {
        let account = id("001", n);
        world.insert(
            "Account",
            &[("Id", json!(account)), ("Name", json!(format!("A{n}")))],
        );
        for _ in 0..contacts {
            born += 1;
            world.insert(
                "Contact",
                &[
                    ("Id", json!(id("003", born))),
                    ("LastName", json!(format!("C{born}"))),
                    ("AccountId", json!(account)),
                ],
            );
        }
    }
    world
}

/// The records of a result: names, and in parentheses those of their children, with `+` where
/// more follow.
fn shown(result: &Value) -> String {
    let Some(records) = result["records"].as_array() else {
        return "-".to_owned();
    };
    let mut all: Vec<String> = records
        .iter()
        .map(|record| {
            let name = record
                .get("Name")
                .or_else(|| record.get("LastName"))
                .unwrap();
            let name = name.as_str().unwrap();
            match record.get("Contacts") {
                Some(children) => format!("{name}({})", shown(children)),
                None => name.to_owned(),
            }
        })
        .collect();
    assert_eq!(result["done"], result.get("nextRecordsUrl").is_none());
    if result["done"] == false {
        all.push("+".to_owned());
    }
    all.join(" ")
}

const FAMILIES: &str =
    "SELECT Name, (SELECT LastName FROM Contacts ORDER BY Id) FROM Account ORDER BY Id";

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Every page of what is left, and what is left then.
fn pages(world: &World, rest: &Rest, batch: usize) -> (Vec<String>, Vec<Rest>) {
    let mut all = Vec::new();
    let mut left = Vec::new();
    let mut offset = Some(rest.offset);
    while let Some(at) = offset {
        let (page, kept) = world.read(batch, |reader| {
            rest.page(at, reader, |next| format!("@{next}"))
                .unwrap()
                .unwrap()
        });
        let page = parsed(&page);
        offset = page["nextRecordsUrl"]
            .as_str()
            .map(|next| next[1..].parse().unwrap());
        all.push(shown(&page));
        left.extend(kept);
    }
    (all, left)
}

#[test]
fn children_count_towards_the_page() {
    let world = families(&[2, 1, 0, 3, 0]);
    for (batch, expected) in [
        (2_000, "A1(C1 C2) A2(C3) A3(-) A4(C4 C5 C6) A5(-)"),
        (5, "A1(C1 C2) A2(C3) +"),
        (6, "A1(C1 C2) A2(C3) A3(-) +"),
        (4, "A1(C1 C2) +"),
    ] {
        let (page, _) = world.page(FAMILIES, batch);
        assert_eq!(shown(&parsed(&page)), expected, "{batch}");
    }
    let (page, rest) = world.page(FAMILIES, 4);
    assert_eq!(parsed(&page)["totalSize"], 5);
    let (pages, left) = pages(&world, &rest[0], 4);
    assert_eq!(pages, ["A2(C3) A3(-) +", "A4(C4 C5 C6) +", "A5(-)"]);
    assert!(left.is_empty());
}

#[test]
fn a_parent_with_more_children_than_a_page_has_pages_of_them() {
    let world = families(&[1, 6, 1]);
    let (page, rest) = world.page(FAMILIES, 4);
    assert_eq!(shown(&parsed(&page)), "A1(C1) +");
    let (parents, left) = pages(&world, &rest[0], 4);
    assert_eq!(parents, ["A2(C2 C3 C4 +) +", "A3(C8)"]);
    let (page, _) = world.read(4, |reader| {
        rest[0].page(1, reader, |_| String::new()).unwrap().unwrap()
    });
    assert_eq!(parsed(&page)["records"][0]["Contacts"]["totalSize"], 6);
    let (children, none) = pages(&world, &left[0], 2);
    assert_eq!(children, ["C5 C6 +", "C7"]);
    assert!(none.is_empty());
}

#[test]
fn subqueries_share_what_a_parent_leaves_them() {
    let world = families(&[9]);
    for n in 2..7 {
        world.insert(
            "Account",
            &[
                ("Id", json!(id("001", n))),
                ("ParentId", json!(id("001", 1))),
            ],
        );
    }
    let soql = "SELECT Name, (SELECT Id FROM Contacts), (SELECT Id FROM ChildAccounts), \
                (SELECT Id FROM Tasks) FROM Account WHERE ParentId = null";
    let (page, rest) = world.page(soql, 7);
    let record = &parsed(&page)["records"][0];
    let count = |name: &str| record[name]["records"].as_array().map(Vec::len);
    assert_eq!(
        (count("Contacts"), count("ChildAccounts")),
        (Some(3), Some(3))
    );
    assert!(record["Tasks"].is_null());
    assert_eq!(rest.iter().map(Rest::size).collect::<Vec<_>>(), [6, 2]);
}

#[test]
fn pages_of_grandchildren_hang_below_pages_of_children() {
    let world = families(&[0, 3, 4]);
    let parent = [("ParentId", id("001", 1))];
    for (column, value) in &parent {
        let sql = format!("UPDATE Account SET \"{column}\" = ?1 WHERE Name <> 'A1'");
        world.connection.execute(&sql, [value]).unwrap();
    }
    let soql = "SELECT Name, (SELECT Name, (SELECT LastName FROM Contacts ORDER BY Id) \
                FROM ChildAccounts ORDER BY Id) FROM Account WHERE Name = 'A1'";
    let (page, rest) = world.page(soql, 3);
    let answer = parsed(&page);
    assert_eq!(shown(&answer["records"][0]["ChildAccounts"]), "A2(C1 +) +");
    // What is left of the grandchildren, then of the children with theirs.
    assert_eq!(pages(&world, &rest[0], 10).0, ["C2 C3"]);
    assert_eq!(pages(&world, &rest[1], 10).0, ["A3(C4 C5 C6 C7)"]);
}

#[test]
fn pages_do_not_change_when_records_do() {
    let world = families(&[1, 4, 2]);
    let (_, rest) = world.page(FAMILIES, 4);
    let write = |sql: &str| world.connection.execute(sql, [id("003", 3)]).unwrap();
    write("DELETE FROM Contact WHERE Id = ?1");
    world
        .connection
        .execute_batch(
            "UPDATE Contact SET AccountId = NULL; UPDATE Account SET Name = 'B' || Id WHERE 0",
        )
        .unwrap();
    world.insert(
        "Contact",
        &[
            ("Id", json!(id("003", 99))),
            ("AccountId", json!(id("001", 3))),
        ],
    );
    let (pages, left) = pages(&world, &rest[0], 4);
    // The third contact is gone; the others are where they were found.
    assert_eq!(pages, ["A2(C2 C4 +) +", "A3(C6 C7)"]);
    assert_eq!(left[0].size(), 1);
}

#[test]
fn offset_leaves_one_page() {
    let world = families(&[0, 0, 1, 0, 0]);
    let (page, rest) = world.page("SELECT Name FROM Account ORDER BY Id OFFSET 1", 2);
    assert_eq!(shown(&parsed(&page)), "A2 A3");
    assert_eq!(parsed(&page)["totalSize"], 2);
    assert!(rest.is_empty());
    let (page, rest) = world.page(&format!("{FAMILIES} OFFSET 1"), 4);
    assert_eq!(shown(&parsed(&page)), "A2(-) A3(C1) A4(-)");
    assert!(rest.is_empty());
}

#[test]
fn children_know_offset_below_a_single_parent() {
    let world = families(&[4, 1]);
    let soql = |parents: &str| {
        format!(
            "SELECT Name, (SELECT LastName FROM Contacts ORDER BY Id LIMIT 2 OFFSET 1) \
             FROM Account ORDER BY Id {parents}"
        )
    };
    let answer = world.json(&soql("LIMIT 1"));
    assert_eq!(shown(&answer), "A1(C2 C3)");
    for parents in ["", "LIMIT 2"] {
        assert_eq!(
            world.error(&soql(parents)).1,
            "MALFORMED_QUERY",
            "{parents}"
        );
    }
}

#[test]
fn offsets_that_lead_nowhere() {
    let world = families(&[0, 0, 0]);
    let (_, rest) = world.page("SELECT Name FROM Account", 2);
    for offset in [0, 1, 3, usize::MAX] {
        world.read(2, |reader| {
            let page = rest[0].page(offset, reader, |_| String::new()).unwrap();
            assert!(page.is_none(), "{offset}");
            Vec::new()
        });
    }
}
