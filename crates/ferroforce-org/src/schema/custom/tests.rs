use std::sync::LazyLock;

use proptest::prelude::*;

use super::super::{FieldType, Object, Schema, standard};
use crate::describe::{self, Place};

fn load(text: &str) -> Result<Schema, String> {
    static STANDARD: LazyLock<Vec<Object>> =
        LazyLock::new(|| standard::objects().expect("the standard objects load"));
    let mut objects = STANDARD.clone();
    super::extend(&mut objects, text)?;
    Ok(Schema::new(objects))
}

const INVOICES: &str = r#"
[Invoice__c]
label = "Bill"
name = { label = "Bill Number", auto_number = "INV-{0000}" }

[Invoice__c.fields]
Account__c = { type = "reference", to = "account", children = "Invoices", required = true }
Amount__c = { type = "currency", precision = 10 }
Paid__c = { type = "boolean", default = true }
Status__c = { type = "picklist", values = ["Draft", { value = "S", label = "Sent" }], default = "Draft" }
Number__c = { type = "string", length = 20, unique = true, external_id = true }
Place__c = { type = "location" }

[Line__c.fields]
Invoice__c = { type = "reference", to = "Invoice__c", master_detail = true, children = "Lines__r" }

[Account.fields]
Tier__c = { type = "picklist", values = ["Gold", "Silver"], restricted = true }
External_Id__c = { type = "string", length = 40, external_id = true }
"#;

#[test]
fn objects_of_ones_own_have_the_usual_fields_before_their_own() {
    let schema = load(INVOICES).unwrap();
    let invoice = schema.object("invoice__C").unwrap();
    assert_eq!(invoice.label, "Bill");
    assert_eq!(invoice.label_plural, "Bills");
    assert_eq!(invoice.key_prefix.as_deref(), Some("a00"));
    assert!(invoice.custom);
    let names: Vec<&str> = invoice
        .fields
        .iter()
        .map(|field| field.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "Id",
            "OwnerId",
            "IsDeleted",
            "Name",
            "CreatedDate",
            "CreatedById",
            "LastModifiedDate",
            "LastModifiedById",
            "SystemModstamp",
            "Account__c",
            "Amount__c",
            "Paid__c",
            "Status__c",
            "Number__c",
            "Place__Latitude__s",
            "Place__Longitude__s",
            "Place__c",
        ]
    );
    let name = invoice.name_field().unwrap();
    assert_eq!(name.auto_number_format.as_deref(), Some("INV-{0000}"));
    assert_eq!(name.numbered(7), "INV-0007");
    assert_eq!(name.numbered(12_345), "INV-12345");
    assert!(name.auto_number && !name.createable && !name.updateable && !name.nillable);
}

#[test]
fn fields_are_what_the_file_says() {
    let schema = load(INVOICES).unwrap();
    let invoice = schema.object("Invoice__c").unwrap();
    let field = |name: &str| invoice.field(name).unwrap();
    let account = field("Account__c");
    assert_eq!(account.reference_to, ["Account"]);
    assert_eq!(account.relationship_name.as_deref(), Some("Account__r"));
    assert!(!account.nillable && account.restricted_delete);
    let amount = field("Amount__c");
    assert_eq!((amount.precision, amount.scale), (10, 2));
    assert_eq!(amount.label, "Amount");
    assert_eq!(field("Paid__c").default_value.as_deref(), Some("true"));
    let status = field("Status__c");
    let choices: Vec<(&str, &str, bool)> = status
        .picklist_values
        .iter()
        .map(|choice| {
            (
                choice.value.as_str(),
                choice.label.as_str(),
                choice.default_value,
            )
        })
        .collect();
    assert_eq!(choices, [("Draft", "Draft", true), ("S", "Sent", false)]);
    assert!(status.defaulted_on_create && !status.restricted_picklist);
    let number = field("Number__c");
    assert!(number.unique && number.external_id && number.id_lookup && !number.case_sensitive);
    assert_eq!(number.length, 20);
}

#[test]
fn relationships_lead_both_ways() {
    let schema = load(INVOICES).unwrap();
    let account = schema.object("Account").unwrap();
    let child = account.child("Invoices__r").unwrap();
    assert_eq!(
        (child.child_object.as_str(), child.field.as_str()),
        ("Invoice__c", "Account__c")
    );
    let lines = schema
        .object("Invoice__c")
        .unwrap()
        .child("lines__r")
        .unwrap();
    assert!(lines.cascade_delete);
    let line = schema.object("Line__c").unwrap();
    assert_eq!(line.key_prefix.as_deref(), Some("a01"));
    assert!(
        line.field("OwnerId").is_none(),
        "the master's owner owns the details"
    );
    let master = line.parent("Invoice__r").unwrap();
    assert_eq!(master.relationship_order, Some(0));
    assert!(!master.nillable && master.createable && !master.updateable);
}

#[test]
fn standard_objects_can_be_given_fields() {
    let schema = load(INVOICES).unwrap();
    let account = schema.object("Account").unwrap();
    assert!(account.field("Tier__c").unwrap().restricted_picklist);
    let external_id = account.field("External_Id__c").unwrap();
    assert_eq!((external_id.length, external_id.unique), (40, false));
    assert_eq!(
        account
            .fields
            .iter()
            .filter(|field| field.external_id)
            .count(),
        1
    );
}

#[test]
fn json_says_the_same_as_toml() {
    let json = r#"{
        "Zebra__c": {"key_prefix": "a07", "fields": {
            "Stripes__c": {"type": "double", "scale": 0},
            "Age__c": {"type": "double", "scale": 0}
        }},
        "Ape__c": {}
    }"#;
    let schema = load(json).unwrap();
    let zebra = schema.object("Zebra__c").unwrap();
    assert_eq!(zebra.key_prefix.as_deref(), Some("a07"));
    assert!(
        zebra.position("Stripes__c") < zebra.position("Age__c"),
        "the file's order"
    );
    assert_eq!(
        zebra.field("Age__c").map(|field| field.field_type),
        Some(FieldType::Double)
    );
    assert_eq!(
        schema.object("Ape__c").unwrap().key_prefix.as_deref(),
        Some("a00")
    );
}

#[test]
fn mistakes_are_explained() {
    for (text, expected) in [
        (
            "[X__c]\nlable = \"X\"",
            "unknown field `lable`, expected one of `label`",
        ),
        ("[X__c.fields]\nA__c = { typo = 1 }", "unknown field `typo`"),
        (
            "[X__c.fields]\nA__c = {}",
            "X__c: A__c: it needs a `type`: boolean",
        ),
        (
            "[X__c.fields]\nA__c = { type = \"text\" }",
            "a text is a `string`",
        ),
        (
            "[X__c.fields]\nA__c = { type = \"int\" }",
            "`double` with `scale = 0`",
        ),
        (
            "[X__c.fields]\nA__c = { type = \"address\" }",
            "can't have the type `address`",
        ),
        (
            "[X__c.fields]\nA__c = { type = \"string\", formula = \"1\" }",
            "formulas are not",
        ),
        (
            "[X__c.fields]\nA = { type = \"date\" }",
            "X__c: A: its name must end in `__c`",
        ),
        (
            "[X__c.fields]\n1A__c = { type = \"date\" }",
            "begins with a letter",
        ),
        (
            "[X__c.fields]\nA__B__c = { type = \"date\" }",
            "single underscores",
        ),
        (
            "[X__c.fields]\n\"A'__c\" = { type = \"date\" }",
            "letters, digits",
        ),
        (
            "[Account]\nlabel = \"X\"",
            "Account: a standard object can be given `fields`",
        ),
        (
            "[Acount.fields]",
            "Acount: there is no standard object of this name",
        ),
        ("[X__c]\n[x__C]", "`x__C` is declared twice"),
        (r#"{"X__c": {}, "X__c": {}}"#, "`X__c` is declared twice"),
        (
            "[X__c.fields]\nA__c = { type = \"date\" }\na__c = { type = \"date\" }",
            "`a__c` is declared twice",
        ),
        (
            "[X__c.fields]\nA__c = { type = \"reference\" }",
            "a reference needs `to`",
        ),
        (
            "[X__c.fields]\nA__c = { type = \"reference\", to = \"Y__c\" }",
            "X__c: A__c: it leads to `Y__c`, but there is no such object",
        ),
        (
            "[X__c.fields]\nA__c = { type = \"reference\", to = \"X__c\", children = \"Kids\" }\n\
             B__c = { type = \"reference\", to = \"X__c\", children = \"Kids__r\" }",
            "X__c: B__c: the relationship name `Kids__r` is taken",
        ),
        (
            "[X__c.fields]\nA__c = { type = \"reference\", to = \"Account\", master_detail = true, \
             on_delete = \"clear\" }",
            "`on_delete` means nothing for a master-detail relationship",
        ),
        (
            "[X__c.fields]\nA__c = { type = \"picklist\" }",
            "a picklist needs `values`",
        ),
        (
            "[X__c.fields]\nA__c = { type = \"picklist\", values = [\"a\", \"a\"] }",
            "it has the value `a` twice",
        ),
        (
            "[X__c.fields]\nA__c = { type = \"picklist\", default = \"a\", values = [\"a\", \
             { value = \"b\", default = true }] }",
            "only one of its values can be the default",
        ),
        (
            "[X__c.fields]\nA__c = { type = \"picklist\", values = [\"a\"], default = \"b\" }",
            "its default `b` is none of its values",
        ),
        (
            "[X__c.fields]\nA__c = { type = \"date\", length = 9 }",
            "`length` means nothing",
        ),
        (
            "[X__c.fields]\nA__c = { type = \"date\", unique = true }",
            "`unique` means nothing",
        ),
        (
            "[X__c.fields]\nA__c = { type = \"string\", length = 256 }",
            "from 1 to 255",
        ),
        (
            "[X__c.fields]\nA__c = { type = \"string\", length = 0 }",
            "`length` is 0",
        ),
        (
            "[X__c.fields]\nA__c = { type = \"double\", precision = 19 }",
            "from 1 to 18",
        ),
        (
            "[X__c.fields]\nA__c = { type = \"double\", precision = 3, scale = 4 }",
            "from 0 to 3",
        ),
        (
            "[X__c.fields]\nA__c = { type = \"boolean\", default = \"no\" }",
            "must be true or false",
        ),
        (
            "[X__c.fields]\nA__c = { type = \"double\", default = nan }",
            "must be a number",
        ),
        (
            "[X__c.fields]\nA__c = { type = \"string\", auto_number = \"N\" }",
            "a place for the number",
        ),
        (
            "[X__c]\nname = { auto_number = \"{}\" }",
            "X__c: name: `auto_number` is `{}`",
        ),
        (
            "[X__c]\nkey_prefix = \"001\"",
            "X__c: the key prefix `001` is taken",
        ),
        (
            "[X__c]\nkey_prefix = \"é1\"",
            "must be three letters or digits",
        ),
        ("[X__c", "unclosed table"),
        ("{", "EOF while parsing"),
    ] {
        let error = load(text).expect_err(text);
        assert!(error.contains(expected), "{text}\n{error}");
    }
}

#[test]
fn key_prefixes_go_on_past_those_that_are_taken() {
    let mut text = String::from("[Z__c]\nkey_prefix = \"a01\"\n");
    for n in 0..65 {
        text += &format!("[X{n}__c]\n");
    }
    let schema = load(&text).unwrap();
    let prefix = |name: &str| schema.object(name).unwrap().key_prefix.clone().unwrap();
    assert_eq!(prefix("X0__c"), "a00");
    assert_eq!(prefix("X1__c"), "a02");
    assert_eq!(prefix("X9__c"), "a0A");
    assert_eq!(prefix("X61__c"), "a10");
}

/// A key of a field with a value that it may have, or not.
fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        "label = \"[A-Za-zé ]{0,9}\"",
        "(length|precision|scale) = [0-9]{1,3}",
        "(required|unique|external_id|case_sensitive|restricted|master_detail) = (true|false)",
        "default = (true|false|-?[0-9]{1,4}|\"[ab]\")",
        "values = \\[\"a\", \"b\"\\]",
        "to = \"(Account|Thing__c|User)\"",
        "children = \"[AB]\"",
        "on_delete = \"(clear|cascade|restrict)\"",
        "auto_number = (true|\"[A-Z{}0]{0,6}\")",
    ]
}

fn field() -> impl Strategy<Value = String> {
    let names = "[A-C][a-c]?_?[0-9]__c";
    let types = prop::sample::select(&super::field::TYPES[..]);
    let keys = prop::collection::vec(key(), 0..3);
    (names, types, keys).prop_map(|(name, field_type, keys)| {
        let keys: String = keys.iter().map(|key| format!(", {key}")).collect();
        format!("{name} = {{ type = \"{field_type}\"{keys} }}\n")
    })
}

proptest! {
    #[test]
    fn whatever_loads_can_be_described(fields in prop::collection::vec(field(), 0..4)) {
        let text = format!("[Thing__c.fields]\n{}", fields.concat());
        if let Ok(schema) = load(&text) {
            let thing = schema.object("Thing__c").unwrap();
            let place = Place { data_path: "/services/data/v66.0", instance_url: "http://localhost" };
            let describe: serde_json::Value =
                serde_json::from_slice(&describe::sobject(thing, place).unwrap()).unwrap();
            let described = describe["fields"].as_array().unwrap();
            prop_assert!(described.len() >= 8 + fields.len());
            prop_assert!(described.iter().all(|field| field["label"].is_string()));
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "(\\[?[A-Za-z_\"{}]{1,9}(__c)?(\\.fields)?\\]? ?=? ?[a-z0-9\"{}\\[\\],= ]{0,20}\n){0,6}") {
        let _ = load(&text);
    }
}
