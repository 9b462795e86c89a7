//! A small org to query, and what the engine answers there.

mod aggregates;
mod errors;
mod filters;
mod functions;
mod pages;
mod records;
mod reference;
mod standard;

use std::cell::RefCell;

use jiff::tz::TimeZone;
use rusqlite::Connection;
use rusqlite::types::Value as SqlValue;
use serde_json::Value;

use super::{Plan, Reader, Readings, Rest, Scope, compile};
use crate::error::ApiError;
use crate::rest::ApiVersion;
use crate::schema::{Field, FieldType, Object, PicklistValue, Schema};
use crate::store::table::{create, has_folded_key};
use crate::value::time::{parse_date, parse_datetime};

/// An org with a few records.
struct World {
    schema: Schema,
    connection: Connection,
    scope: Scope,
}

fn field(name: &str, field_type: FieldType) -> Field {
    Field {
        name: name.to_owned(),
        field_type,
        nillable: true,
        filterable: true,
        sortable: true,
        groupable: true,
        aggregatable: true,
        custom: name.ends_with("__c"),
        ..Field::default()
    }
}

fn reference(name: &str, to: &[&str], relationship: &str, children: &str) -> Field {
    Field {
        reference_to: to.iter().map(|&name| name.to_owned()).collect(),
        relationship_name: Some(relationship.to_owned()),
        child_relationship_name: (!children.is_empty()).then(|| children.to_owned()),
        ..field(name, FieldType::Reference)
    }
}

fn object(name: &str, fields: Vec<Field>) -> Object {
    let mut all = vec![
        field("Id", FieldType::Id),
        field("IsDeleted", FieldType::Boolean),
    ];
    all.extend(fields);
    let mut object = Object::default();
    name.clone_into(&mut object.name);
    object.queryable = name != "Hidden";
    object.set_fields(all);
    object
}

fn schema() -> Schema {
    let text = |name| field(name, FieldType::String);
    let part = |name, field_type| Field {
        compound_field_name: Some("BillingAddress".to_owned()),
        ..field(name, field_type)
    };
    let coordinate = |name| Field {
        compound_field_name: Some("Place__c".to_owned()),
        scale: 2,
        ..field(name, FieldType::Double)
    };
    Schema::new(vec![
        object(
            "User",
            vec![
                text("Name"),
                text("Alias"),
                text("Username"),
                field("IsActive", FieldType::Boolean),
                reference("ProfileId", &["Profile"], "Profile", ""),
                reference("ManagerId", &["User"], "Manager", "ManagedUsers"),
            ],
        ),
        object("Group", vec![text("Name")]),
        object("Profile", vec![text("Name")]),
        object(
            "Account",
            vec![
                text("Name"),
                Field {
                    scale: 2,
                    ..field("AnnualRevenue", FieldType::Currency)
                },
                field("NumberOfEmployees", FieldType::Int),
                Field {
                    picklist_values: ["Media", "Banking"]
                        .map(|value| PicklistValue {
                            value: value.to_owned(),
                            label: format!("The {value}"),
                            active: true,
                            default_value: false,
                        })
                        .into(),
                    ..field("Industry", FieldType::Picklist)
                },
                part("BillingLongitude", FieldType::Double),
                field("Tags__c", FieldType::Multipicklist),
                part("BillingStreet", FieldType::Textarea),
                part("BillingCity", FieldType::String),
                part("BillingLatitude", FieldType::Double),
                field("BillingAddress", FieldType::Address),
                coordinate("Place__Latitude__s"),
                coordinate("Place__Longitude__s"),
                field("Place__c", FieldType::Location),
                Field {
                    filterable: false,
                    sortable: false,
                    groupable: false,
                    ..field("Description", FieldType::Textarea)
                },
                reference("OwnerId", &["User"], "Owner", ""),
                reference("ParentId", &["Account"], "Parent", "ChildAccounts"),
            ],
        ),
        object(
            "Contact",
            vec![
                text("FirstName"),
                text("LastName"),
                text("Name"),
                field("Email", FieldType::Email),
                field("Birthdate", FieldType::Date),
                field("CreatedDate", FieldType::Datetime),
                field("DoNotCall", FieldType::Boolean),
                reference("AccountId", &["Account"], "Account", "Contacts"),
                reference("ReportsToId", &["Contact"], "ReportsTo", ""),
            ],
        ),
        object(
            "Task",
            vec![
                text("Subject"),
                reference("OwnerId", &["Group", "User"], "Owner", ""),
                reference("WhatId", &["Account"], "What", "Tasks"),
            ],
        ),
        object(
            "ContentVersion",
            vec![
                text("Title"),
                Field {
                    case_sensitive: true,
                    ..text("Code__c")
                },
                field("VersionData", FieldType::Base64),
            ],
        ),
        object("Hidden", Vec::new()),
    ])
}

/// The first user of the org, at noon of a Saturday.
fn scope() -> Scope {
    Scope {
        all_rows: false,
        now: "2026-05-02T12:00:00Z".parse().expect("a moment"),
        time_zone: TimeZone::UTC,
        locale: "en_US".to_owned(),
        user: id("005", 1).parse().expect("an id"),
        version: ApiVersion::from_segment("v66.0", false).unwrap(),
        readings: Readings::default(),
    }
}

/// The n-th id of the object with this key prefix.
fn id(prefix: &str, n: u64) -> String {
    let prefix: [u8; 3] = prefix.as_bytes().try_into().expect("three characters");
    crate::id::RecordId::nth(prefix, n).as_str().to_owned()
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            schema: schema(),
            connection: Connection::open_in_memory().expect("a database in memory"),
            scope: scope(),
        };
        world.make_tables();
        world.fill();
        world
    }

    fn make_tables(&self) {
        super::install(&self.connection).expect("new functions");
        create(&self.connection, &self.schema).expect("new tables");
    }

    /// Stores a record, values as JSON writes them.
    fn insert(&self, object: &str, values: &[(&str, Value)]) {
        let object = self.schema.object(object).expect("a known object");
        let mut columns = vec!["\"IsDeleted\"".to_owned()];
        let deleted = values.iter().any(|(name, _)| *name == "IsDeleted");
        let mut cells = vec![SqlValue::Integer(i64::from(deleted))];
        for (name, value) in values.iter().filter(|(name, _)| *name != "IsDeleted") {
            let field = object.field(name).expect("a known field");
            let cell = match (value, field.field_type) {
                (Value::String(text), FieldType::Date) => {
                    SqlValue::Integer(parse_date(text).expect("a date"))
                }
                (Value::String(text), FieldType::Datetime) => {
                    SqlValue::Integer(parse_datetime(text).expect("a datetime"))
                }
                (Value::String(text), _) => SqlValue::Text(text.clone()),
                (Value::Bool(flag), _) => SqlValue::Integer(i64::from(*flag)),
                (Value::Number(number), FieldType::Int) => {
                    SqlValue::Integer(number.as_i64().expect("a whole number"))
                }
                (Value::Number(number), _) => SqlValue::Real(number.as_f64().expect("a number")),
                _ => SqlValue::Null,
            };
            if let (SqlValue::Text(text), true) = (&cell, has_folded_key(field)) {
                columns.push(format!("\"{name}$\""));
                cells.push(SqlValue::Text(text.to_uppercase()));
            }
            columns.push(format!("\"{name}\""));
            cells.push(cell);
        }
        let holes = vec!["?"; cells.len()].join(", ");
        let sql = format!(
            "INSERT INTO \"{}\" ({}) VALUES ({holes})",
            object.name,
            columns.join(", ")
        );
        self.connection
            .execute(&sql, rusqlite::params_from_iter(cells))
            .expect("a new row");
    }

    fn fill(&mut self) {
        let json = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        for line in include_str!("records.jsonl").lines() {
            let record = json(line);
            let Value::Object(members) = &record else {
                continue;
            };
            let object = members["object"].as_str().expect("an object's name");
            let values: Vec<(&str, Value)> = members
                .iter()
                .filter(|(name, _)| *name != "object")
                .map(|(name, value)| {
                    // `=001:2` is the second id of key prefix 001.
                    let value = match value.as_str().and_then(|text| text.strip_prefix('=')) {
                        Some(reference) => {
                            let (prefix, n) = reference.split_once(':').expect("a reference");
                            Value::String(id(prefix, n.parse().expect("a number")))
                        }
                        None => value.clone(),
                    };
                    (name.as_str(), value)
                })
                .collect();
            self.insert(object, &values);
        }
    }

    fn plan(&self, soql: &str) -> Result<Plan, ApiError> {
        compile(&self.schema, soql, &self.scope)
    }

    /// The answer's body as text.
    fn answer(&self, soql: &str) -> String {
        let (answer, rest) = self.page(soql, 2_000);
        assert!(rest.is_empty(), "{soql}");
        answer
    }

    /// The first page, with paths that count what is left for later pages.
    fn page(&self, soql: &str, batch: usize) -> (String, Vec<Rest>) {
        let plan = self
            .plan(soql)
            .unwrap_or_else(|error| panic!("{soql}: {error:?}"));
        self.read(batch, |reader| plan.run(reader).expect("an answer"))
    }

    /// What is read, and what is left for later pages.
    fn read(&self, batch: usize, read: impl FnOnce(&Reader<'_>) -> Vec<u8>) -> (String, Vec<Rest>) {
        let kept = RefCell::new(Vec::new());
        let keep = |rest| {
            let mut kept = kept.borrow_mut();
            kept.push(rest);
            (kept.len() - 1).to_string()
        };
        let answer = read(&Reader {
            db: &self.connection,
            version: self.scope.version,
            batch,
            keep: &keep,
            note: &|_, _| Ok(()),
        });
        (String::from_utf8(answer).expect("UTF-8"), kept.into_inner())
    }

    fn json(&self, soql: &str) -> Value {
        serde_json::from_str(&self.answer(soql)).expect("JSON")
    }

    /// One member of every record, as text.
    fn values(&self, soql: &str, member: &str) -> Vec<String> {
        self.json(soql)["records"]
            .as_array()
            .expect("records")
            .iter()
            .map(|record| match &record[member] {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            })
            .collect()
    }

    /// The last names of the contacts that a condition finds, in order.
    fn contacts(&self, condition: &str) -> String {
        let soql = format!("SELECT LastName FROM Contact WHERE {condition} ORDER BY LastName");
        self.values(&soql, "LastName").join(" ")
    }

    /// The status, code and message of a refused query.
    fn error(&self, soql: &str) -> (u16, String, String) {
        let error = self
            .plan(soql)
            .err()
            .unwrap_or_else(|| panic!("accepted: {soql}"));
        said(&error)
    }

    /// The status, code and message of a query that is refused only when it runs.
    fn error_of_running(&self, soql: &str) -> (u16, String, String) {
        let plan = self.plan(soql).expect("a plan");
        let error = plan.run(&Reader {
            db: &self.connection,
            version: self.scope.version,
            batch: 2_000,
            keep: &|_| String::new(),
            note: &|_, _| Ok(()),
        });
        said(&error.expect_err("a refusal"))
    }
}

/// The status, code and message of an error.
fn said(error: &ApiError) -> (u16, String, String) {
    let item = &error.items()[0];
    (
        error.status().as_u16(),
        item.code.to_string(),
        item.message.to_string(),
    )
}
