//! The engine against a slow and simple evaluation of the same queries in memory.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{World, id};

/// An account, as the columns that conditions look at.
#[derive(Clone, Debug)]
struct Account {
    name: Option<&'static str>,
    employees: Option<i64>,
    owner: Option<u64>,
}

/// A contact with its account's number.
#[derive(Clone, Debug)]
struct Contact {
    last_name: Option<&'static str>,
    flag: bool,
    /// Days after 2026-05-02, which is today.
    birth: Option<i64>,
    account: Option<usize>,
}

const NAMES: [&str; 6] = ["a", "B", "b", "é", "É", "a_b"];

/// A value of one of the columns.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
enum Cell {
    Null,
    Flag(bool),
    Number(i64),
    /// In upper case.
    Text(String),
}

#[derive(Clone, Copy, Debug)]
enum Column {
    LastName,
    Flag,
    Birth,
    AccountName,
    AccountEmployees,
    OwnerAlias,
}

impl Column {
    const ALL: [Self; 6] = [
        Self::LastName,
        Self::Flag,
        Self::Birth,
        Self::AccountName,
        Self::AccountEmployees,
        Self::OwnerAlias,
    ];

    fn path(self) -> &'static str {
        match self {
            Self::LastName => "LastName",
            Self::Flag => "DoNotCall",
            Self::Birth => "Birthdate",
            Self::AccountName => "Account.Name",
            Self::AccountEmployees => "Account.NumberOfEmployees",
            Self::OwnerAlias => "Account.Owner.Alias",
        }
    }

    fn of(self, contact: &Contact, accounts: &[Account]) -> Cell {
        let account = contact.account.map(|index| &accounts[index]);
        let text = |text: Option<&str>| text.map_or(Cell::Null, |t| Cell::Text(t.to_uppercase()));
        let number = |number: Option<i64>| number.map_or(Cell::Null, Cell::Number);
        match self {
            Self::LastName => text(contact.last_name),
            Self::Flag => Cell::Flag(contact.flag),
            Self::Birth => number(contact.birth),
            Self::AccountName => text(account.and_then(|account| account.name)),
            Self::AccountEmployees => number(account.and_then(|account| account.employees)),
            Self::OwnerAlias => text(
                account
                    .and_then(|account| account.owner)
                    .map(|owner| if owner == 1 { "ada" } else { "uli" }),
            ),
        }
    }
}

#[derive(Clone, Debug)]
enum Condition {
    Compare(Column, &'static str, Literal),
    In(Column, bool, Vec<Literal>),
    Starts(Column, &'static str),
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
}

#[derive(Clone, Debug)]
enum Literal {
    Null,
    Flag(bool),
    Number(i64),
    Day(i64),
    /// `LAST_N_DAYS:n`
    LastDays(i64),
    Text(&'static str),
}

impl Literal {
    fn soql(&self) -> String {
        match self {
            Self::Null => "NULL".to_owned(),
            Self::Flag(flag) => flag.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Day(day) => day_text(*day),
            Self::LastDays(days) => format!("LAST_N_DAYS:{days}"),
            Self::Text(text) => format!("'{text}'"),
        }
    }

    /// The least and greatest values that are equal to it.
    fn bounds(&self) -> (Cell, Cell) {
        let both = |cell: Cell| (cell.clone(), cell);
        match self {
            Self::Null => both(Cell::Null),
            Self::Flag(flag) => both(Cell::Flag(*flag)),
            Self::Number(number) | Self::Day(number) => both(Cell::Number(*number)),
            Self::LastDays(days) => (Cell::Number(-days), Cell::Number(0)),
            Self::Text(text) => both(Cell::Text(text.to_uppercase())),
        }
    }

    fn equals(&self, cell: &Cell) -> bool {
        let (least, greatest) = self.bounds();
        match (self, cell) {
            (Self::Null, Cell::Flag(flag)) => !flag,
            (Self::Null, cell) => *cell == Cell::Null,
            (_, Cell::Null) => false,
            (_, cell) => *cell >= least && *cell <= greatest,
        }
    }
}

fn day_text(day: i64) -> String {
    crate::value::time::date_text(20_575 + day)
}

impl Condition {
    fn soql(&self) -> String {
        let joined = |parts: &[Self], word: &str| {
            let parts: Vec<String> = parts
                .iter()
                .map(|part| format!("({})", part.soql()))
                .collect();
            parts.join(word)
        };
        match self {
            Self::Compare(column, operator, literal) => {
                format!("{} {operator} {}", column.path(), literal.soql())
            }
            Self::In(column, negated, literals) => {
                let list: Vec<String> = literals.iter().map(Literal::soql).collect();
                let not = if *negated { "NOT " } else { "" };
                format!("{} {not}IN ({})", column.path(), list.join(", "))
            }
            Self::Starts(column, prefix) => {
                format!("{} LIKE '{}%'", column.path(), prefix.replace('_', "\\_"))
            }
            Self::And(parts) => joined(parts, " AND "),
            Self::Or(parts) => joined(parts, " OR "),
            Self::Not(inner) => format!("NOT ({})", inner.soql()),
        }
    }

    fn holds(&self, contact: &Contact, accounts: &[Account]) -> bool {
        match self {
            Self::Compare(column, operator, literal) => {
                let cell = column.of(contact, accounts);
                let (least, greatest) = literal.bounds();
                match *operator {
                    "=" => literal.equals(&cell),
                    "!=" => !literal.equals(&cell),
                    _ if cell == Cell::Null || least == Cell::Null => false,
                    "<" => cell < least,
                    "<=" => cell <= greatest,
                    ">" => cell > greatest,
                    _ => cell >= least,
                }
            }
            Self::In(column, negated, literals) => {
                let cell = column.of(contact, accounts);
                literals.iter().any(|literal| literal.equals(&cell)) != *negated
            }
            Self::Starts(column, prefix) => {
                matches!(column.of(contact, accounts), Cell::Text(text)
                    if text.starts_with(&prefix.to_uppercase()))
            }
            Self::And(parts) => parts.iter().all(|part| part.holds(contact, accounts)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(contact, accounts)),
            Self::Not(inner) => !inner.holds(contact, accounts),
        }
    }
}

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&NAMES[..])
}

fn account() -> impl Strategy<Value = Account> {
    let owner = prop::option::of(1..=2_u64);
    (prop::option::of(name()), prop::option::of(-2..3_i64), owner).prop_map(
        |(name, employees, owner)| Account {
            name,
            employees,
            owner,
        },
    )
}

fn contact(accounts: usize) -> impl Strategy<Value = Contact> {
    (
        prop::option::of(name()),
        any::<bool>(),
        prop::option::of(-4..4_i64),
        prop::option::of(0..accounts),
    )
        .prop_map(|(last_name, flag, birth, account)| Contact {
            last_name,
            flag,
            birth,
            account,
        })
}

fn literal(column: Column) -> BoxedStrategy<Literal> {
    match column {
        Column::Flag => any::<bool>().prop_map(Literal::Flag).boxed(),
        Column::Birth => prop_oneof![
            Just(Literal::Null),
            (-4..4_i64).prop_map(Literal::Day),
            (0..4_i64).prop_map(Literal::LastDays),
        ]
        .boxed(),
        Column::AccountEmployees => {
            prop_oneof![Just(Literal::Null), (-2..3_i64).prop_map(Literal::Number)].boxed()
        }
        Column::OwnerAlias => {
            prop::sample::select(vec![Literal::Null, Literal::Text("ADA")]).boxed()
        }
        Column::LastName | Column::AccountName => {
            prop_oneof![Just(Literal::Null), name().prop_map(Literal::Text)].boxed()
        }
    }
}

fn column() -> impl Strategy<Value = Column> {
    prop::sample::select(&Column::ALL[..])
}

fn condition() -> impl Strategy<Value = Condition> {
    let compare = column().prop_flat_map(|column| {
        let operators: &[&str] = match column {
            Column::Flag => &["=", "!="],
            _ => &["=", "!=", "<", "<=", ">", ">="],
        };
        (
            Just(column),
            prop::sample::select(operators),
            literal(column),
        )
            .prop_map(|(column, operator, literal)| Condition::Compare(column, operator, literal))
    });
    let lookup = column().prop_flat_map(|column| {
        let list = prop::collection::vec(literal(column), 1..4);
        (Just(column), any::<bool>(), list)
            .prop_map(|(column, negated, list)| Condition::In(column, negated, list))
    });
    let text = prop::sample::select(vec![Column::LastName, Column::AccountName]);
    let starts = (text, name()).prop_map(|(column, prefix)| Condition::Starts(column, prefix));
    prop_oneof![compare, lookup, starts].prop_recursive(3, 12, 3, |inner| {
        let several = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            several.clone().prop_map(Condition::And),
            several.prop_map(Condition::Or),
            inner.prop_map(|inner| Condition::Not(Box::new(inner))),
        ]
    })
}

/// A sort key: the column, whether it goes down, and where nulls stand if that is said.
type SortKey = (Column, bool, Option<bool>);

fn sorted(left: &Cell, right: &Cell, (_, down, nulls_first): &SortKey) -> Ordering {
    let nulls_first = nulls_first.unwrap_or(!down);
    match (left == &Cell::Null, right == &Cell::Null) {
        (true, true) => Ordering::Equal,
        (true, false) if nulls_first => Ordering::Less,
        (true, false) => Ordering::Greater,
        (false, true) if nulls_first => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => {
            let order = left.partial_cmp(right).expect("cells of one column");
            if *down { order.reverse() } else { order }
        }
    }
}

fn sort_soql((column, down, nulls): &SortKey) -> String {
    let direction = if *down { " DESC" } else { "" };
    let nulls = match nulls {
        None => "",
        Some(true) => " NULLS FIRST",
        Some(false) => " NULLS LAST",
    };
    format!("{}{direction}{nulls}", column.path())
}

/// The world with these records and no others.
fn world(accounts: &[Account], contacts: &[Contact]) -> World {
    let world = World::new();
    world
        .connection
        .execute_batch("DELETE FROM Account; DELETE FROM Contact")
        .expect("tables");
    let number = |index: usize| u64::try_from(index).expect("a small index") + 1;
    for (index, account) in accounts.iter().enumerate() {
        let owner = account.owner.map(|owner| id("005", owner));
        world.insert(
            "Account",
            &[
                ("Id", json!(id("001", number(index)))),
                ("Name", json!(account.name)),
                ("NumberOfEmployees", json!(account.employees)),
                ("OwnerId", json!(owner)),
            ],
        );
    }
    for (index, contact) in contacts.iter().enumerate() {
        let account = contact.account.map(|account| id("001", number(account)));
        world.insert(
            "Contact",
            &[
                ("Id", json!(id("003", number(index)))),
                ("LastName", json!(contact.last_name)),
                ("DoNotCall", json!(contact.flag)),
                ("Birthdate", json!(contact.birth.map(day_text))),
                ("AccountId", json!(account)),
            ],
        );
    }
    world
}

fn data() -> impl Strategy<Value = (Vec<Account>, Vec<Contact>)> {
    prop::collection::vec(account(), 1..4).prop_flat_map(|accounts| {
        let contacts = prop::collection::vec(contact(accounts.len()), 0..12);
        (Just(accounts), contacts)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn records_are_filtered_and_sorted_alike(
        (accounts, contacts) in data(),
        condition in condition(),
        keys in prop::collection::vec(
            (column(), any::<bool>(), prop::option::of(any::<bool>())),
            0..3,
        ),
    ) {
        let world = world(&accounts, &contacts);
        let mut soql = format!("SELECT Id FROM Contact WHERE {}", condition.soql());
        if !keys.is_empty() {
            let keys: Vec<String> = keys.iter().map(sort_soql).collect();
            soql = format!("{soql} ORDER BY {}", keys.join(", "));
        }
        let mut expected: Vec<usize> = (0..contacts.len())
            .filter(|&index| condition.holds(&contacts[index], &accounts))
            .collect();
        // A stable sort leaves what compares alike in the order of ids, as the engine does.
        expected.sort_by(|&left, &right| {
            keys.iter().fold(Ordering::Equal, |order, key| {
                let cell = |index: usize| key.0.of(&contacts[index], &accounts);
                order.then_with(|| sorted(&cell(left), &cell(right), key))
            })
        });
        let expected: Vec<String> = expected
            .into_iter()
            .map(|index| id("003", index as u64 + 1))
            .collect();
        prop_assert_eq!(world.values(&soql, "Id"), expected, "{}", soql);
    }

    #[test]
    fn groups_are_counted_alike((accounts, contacts) in data(), condition in condition()) {
        let world = world(&accounts, &contacts);
        let soql = format!(
            "SELECT Account.Name, COUNT(Id) n, COUNT(Birthdate) births, \
             SUM(Account.NumberOfEmployees) employees FROM Contact WHERE {} GROUP BY Account.Name",
            condition.soql()
        );
        let mut expected: BTreeMap<String, (i64, i64, Option<f64>)> = BTreeMap::new();
        for contact in contacts.iter().filter(|contact| condition.holds(contact, &accounts)) {
            let key = format!("{:?}", Column::AccountName.of(contact, &accounts));
            let group = expected.entry(key).or_default();
            group.0 += 1;
            group.1 += i64::from(contact.birth.is_some());
            let employees = contact.account.and_then(|index| accounts[index].employees);
            if let Some(employees) = employees {
                *group.2.get_or_insert(0.0) += employees as f64;
            }
        }
        let answer = world.json(&soql);
        let mut found = BTreeMap::new();
        for record in answer["records"].as_array().unwrap() {
            let cell = match &record["Name"] {
                Value::String(text) => Cell::Text(text.to_uppercase()),
                _ => Cell::Null,
            };
            let counts = (
                record["n"].as_i64().unwrap(),
                record["births"].as_i64().unwrap(),
                record["employees"].as_f64(),
            );
            found.insert(format!("{cell:?}"), counts);
        }
        prop_assert_eq!(found, expected, "{}", soql);
    }

    #[test]
    fn groups_are_measured_alike(
        (accounts, contacts) in data(),
        condition in condition(),
        least in 0..3_usize,
    ) {
        let world = world(&accounts, &contacts);
        let soql = format!(
            "SELECT DoNotCall, Account.Name, MIN(Birthdate) earliest, MAX(LastName) greatest, \
             COUNT_DISTINCT(LastName) names, AVG(Account.NumberOfEmployees) mean FROM Contact \
             WHERE {} GROUP BY DoNotCall, Account.Name HAVING COUNT(Birthdate) >= {least}",
            condition.soql()
        );
        let mut groups: BTreeMap<String, Vec<&Contact>> = BTreeMap::new();
        for contact in contacts.iter().filter(|contact| condition.holds(contact, &accounts)) {
            let name = Column::AccountName.of(contact, &accounts);
            let key = format!("{} {name:?}", contact.flag);
            groups.entry(key).or_default().push(contact);
        }
        let mut expected = BTreeMap::new();
        for (key, members) in groups {
            let births: Vec<i64> = members.iter().filter_map(|contact| contact.birth).collect();
            if births.len() < least {
                continue;
            }
            let mut names: Vec<String> = members
                .iter()
                .filter_map(|contact| Some(contact.last_name?.to_uppercase()))
                .collect();
            names.sort();
            names.dedup();
            let employees: Vec<i64> = members
                .iter()
                .filter_map(|contact| accounts[contact.account?].employees)
                .collect();
            let mean = employees.iter().sum::<i64>() as f64 / employees.len() as f64;
            let measures = (
                births.iter().min().map(|&day| day_text(day)),
                names.last().cloned(),
                names.len() as u64,
                (!employees.is_empty()).then(|| format!("{mean:.6}")),
            );
            expected.insert(key, measures);
        }
        let answer = world.json(&soql);
        let mut found = BTreeMap::new();
        for record in answer["records"].as_array().unwrap() {
            let name = match &record["Name"] {
                Value::String(text) => Cell::Text(text.to_uppercase()),
                _ => Cell::Null,
            };
            let measures = (
                record["earliest"].as_str().map(str::to_owned),
                record["greatest"].as_str().map(str::to_uppercase),
                record["names"].as_u64().unwrap(),
                record["mean"].as_f64().map(|mean| format!("{mean:.6}")),
            );
            found.insert(format!("{} {name:?}", record["DoNotCall"]), measures);
        }
        prop_assert_eq!(found, expected, "{}", soql);
    }

    #[test]
    fn children_and_semi_joins_are_found_alike(
        (accounts, contacts) in data(),
        inner in condition(),
        below in condition(),
        negated in any::<bool>(),
        key in (column(), any::<bool>(), prop::option::of(any::<bool>())),
        most in 1..4_usize,
    ) {
        let world = world(&accounts, &contacts);
        let soql = format!(
            "SELECT Id, (SELECT Id FROM Contacts WHERE {} ORDER BY {} LIMIT {most}) FROM Account \
             WHERE Id {} (SELECT AccountId FROM Contact WHERE {})",
            below.soql(),
            sort_soql(&key),
            if negated { "NOT IN" } else { "IN" },
            inner.soql(),
        );
        let mut expected = Vec::new();
        for account in 0..accounts.len() {
            let mut all: Vec<usize> = (0..contacts.len())
                .filter(|&index| contacts[index].account == Some(account))
                .collect();
            let joined = all.iter().any(|&index| inner.holds(&contacts[index], &accounts));
            if joined == negated {
                continue;
            }
            all.retain(|&index| below.holds(&contacts[index], &accounts));
            all.sort_by(|&left, &right| {
                let cell = |index: usize| key.0.of(&contacts[index], &accounts);
                sorted(&cell(left), &cell(right), &key)
            });
            all.truncate(most);
            let children: Vec<String> =
                all.into_iter().map(|index| id("003", index as u64 + 1)).collect();
            expected.push((id("001", account as u64 + 1), children));
        }
        let answer = world.json(&soql);
        let found: Vec<(String, Vec<String>)> = answer["records"]
            .as_array()
            .unwrap()
            .iter()
            .map(|record| {
                let id = |record: &Value| record["Id"].as_str().unwrap().to_owned();
                let children = record["Contacts"]["records"].as_array();
                (id(record), children.into_iter().flatten().map(id).collect())
            })
            .collect();
        prop_assert_eq!(found, expected, "{}", soql);
    }
}
