//! The engine on the objects that every org has.

use rusqlite::Connection;
use rusqlite::types::Value;

use super::{Plan, Reader, compile, scope};
use crate::schema::Schema;
use crate::store::table::create;

/// Runs a query on empty tables of the standard objects.
fn run(schema: &Schema, connection: &Connection, soql: &str) {
    let plan = compile(schema, soql, &scope()).unwrap_or_else(|error| panic!("{soql}: {error:?}"));
    let page = plan
        .run(&Reader {
            db: connection,
            version: scope().version,
            batch: 2_000,
            keep: &|_| String::new(),
            note: &|_, _| Ok(()),
        })
        .unwrap_or_else(|error| panic!("{soql}: {error:?}"));
    assert_eq!(
        page.as_slice(),
        br#"{"totalSize":0,"done":true,"records":[]}"#,
        "{soql}"
    );
}

#[test]
fn every_field_parent_and_child_of_the_standard_objects_can_be_queried() {
    let schema = Schema::standard().unwrap();
    let connection = Connection::open_in_memory().unwrap();
    create(&connection, &schema).unwrap();
    for object in schema.objects().filter(|object| object.queryable) {
        let name = &object.name;
        run(
            &schema,
            &connection,
            &format!("SELECT FIELDS(ALL) FROM {name} LIMIT 1"),
        );
        for relationship in object.fields.iter().filter_map(|field| {
            let known = field
                .reference_to
                .iter()
                .any(|to| schema.object(to).is_some());
            field.relationship_name.as_ref().filter(|_| known)
        }) {
            let soql = format!("SELECT {relationship}.Id FROM {name} ORDER BY {relationship}.Id");
            run(&schema, &connection, &soql);
        }
        for child in &object.children {
            let queryable = schema
                .object(&child.child_object)
                .is_some_and(|child| child.queryable);
            if let (true, Some(relationship)) = (queryable, &child.relationship_name) {
                let soql = format!("SELECT Id, (SELECT Id FROM {relationship}) FROM {name}");
                run(&schema, &connection, &soql);
            }
        }
        for field in &object.fields {
            if field.filterable && field.is_stored() {
                let soql = format!("SELECT Id FROM {name} WHERE {} != NULL", field.name);
                run(&schema, &connection, &soql);
            }
            if field.sortable {
                let soql = format!("SELECT Id FROM {name} ORDER BY {}", field.name);
                run(&schema, &connection, &soql);
            }
        }
    }
}

/// So that `bench/run-org` compares like with like.
#[test]
fn the_benchmark_measures_the_statement_that_the_org_runs() {
    let schema = Schema::standard().unwrap();
    let soql = include_str!("../../../../../bench/org/src/query.soql").trim_end();
    let Ok(Plan::Rows(plan)) = compile(&schema, soql, &scope()) else {
        panic!("no query for records");
    };
    let sql = include_str!("../../../../../bench/org/src/query.sql");
    assert_eq!(plan.sql(&plan.columns, plan.window), sql.trim_end());
    let values = ["M", "ENERGY"].map(|text| Value::Text(text.to_owned()));
    assert_eq!(plan.params, values);
}
