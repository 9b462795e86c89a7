use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{Date, DateTime, ErrorKind};

static_assertions::assert_impl_all!(Record: Send, Sync, Clone, fmt::Debug);

const CONTACT: &str = r#"{
    "attributes" : {"type": "Contact", "url": "/services/data/v66.0/sobjects/Contact/003P000001avB5GIAU"},
    "LastName": "O\"Neil \u00e9",
    "FirstName": "Ann",
    "Score__c": 12345678901234567890.10,
    "Children__c": 5.0,
    "HasOptedOutOfEmail": false,
    "Birthdate": "1999-12-31",
    "CreatedDate": "2022-03-17T16:21:26.000+0000",
    "Phone": null,
    "Account": {"attributes": {"type": "Account"}, "Name": "Acme", "name": "acme", "Owner": {"Alias": "al"}},
    "ReportsTo": null,
    "Cases": {"totalSize": 1, "done": true, "records": [{"attributes": {"type": "Case"}, "Id": "500000000000001AAA"}]}
}"#;

fn contact() -> Record {
    serde_json::from_str(CONTACT).unwrap()
}

fn read(json: &str) -> Result<Record, Error> {
    Record::read(
        Bytes::copy_from_slice(json.as_bytes()),
        &mut Shapes::default(),
    )
}

#[test]
fn fields_are_read_by_name_and_path() {
    let contact = contact();
    assert_eq!(contact.get::<String>("LastName").unwrap(), "O\"Neil é");
    assert_eq!(contact.get::<&str>("FirstName").unwrap(), "Ann");
    assert_eq!(contact.get::<f64>("Children__c").unwrap(), 5.0);
    assert!(!contact.get::<bool>("HasOptedOutOfEmail").unwrap());
    assert_eq!(contact.get::<Date>("Birthdate").unwrap().year(), 1999);
    assert_eq!(
        contact
            .get::<DateTime>("CreatedDate")
            .unwrap()
            .unix_millis(),
        1_647_534_086_000
    );
    assert_eq!(contact.get::<Option<String>>("Phone").unwrap(), None);
    assert_eq!(
        contact
            .get::<Option<String>>("FirstName")
            .unwrap()
            .as_deref(),
        Some("Ann")
    );
    assert_eq!(contact.get::<String>("Account.Name").unwrap(), "Acme");
    assert_eq!(contact.get::<String>("Account.Owner.Alias").unwrap(), "al");
    assert_eq!(
        contact.get::<Record>("Account").unwrap().object(),
        Some("Account")
    );
    assert_eq!(
        contact.get::<Vec<Record>>("Cases.records").unwrap()[0]
            .id()
            .unwrap()
            .key_prefix(),
        "500"
    );
    assert_eq!(
        contact.get::<Value>("Account.Owner").unwrap(),
        json!({"Alias": "al"})
    );
}

#[test]
fn numbers_stay_as_sent() {
    assert_eq!(contact().json("Score__c"), Some("12345678901234567890.10"));
}

#[test]
fn letter_case_does_not_matter_but_the_exact_name_wins() {
    let contact = contact();
    assert_eq!(contact.json("lastname"), contact.json("LastName"));
    assert_eq!(contact.json("ACCOUNT.OWNER.ALIAS"), Some("\"al\""));
    assert_eq!(contact.json("Account.name"), Some("\"acme\""));
    assert_eq!(contact.json("Account.NAME"), Some("\"Acme\""));
    let twins = read(r#"{"a": 1, "A": 2, "a": 3}"#).unwrap();
    assert_eq!((twins.json("a"), twins.json("A")), (Some("1"), Some("2")));
}

#[test]
fn absent_and_null_are_two_things() {
    let contact = contact();
    assert_eq!(contact.json("Phone"), Some("null"));
    assert_eq!(contact.json("ReportsTo.Account.Name"), Some("null"));
    assert_eq!(contact.get::<Option<&str>>("ReportsTo.Name").unwrap(), None);
    for path in [
        "Fax",
        "",
        ".",
        "Account.",
        "Account.Fax",
        "FirstName.Name",
        "Cases.records.Id",
        "Account..Name",
    ] {
        assert_eq!(contact.json(path), None, "{path}");
        assert!(!contact.contains(path));
        assert!(contact.get::<Option<&str>>(path).is_err(), "{path}");
    }
}

#[test]
fn errors_name_the_field() {
    let contact = contact();
    for (error, part) in [
        (
            contact.get::<String>("Fax").unwrap_err(),
            "the record has no \"Fax\"; it has attributes, LastName, ",
        ),
        (
            contact.get::<i64>("FirstName").unwrap_err(),
            "the field \"FirstName\" cannot be decoded: invalid type",
        ),
        (
            contact.get::<i64>("Children__c").unwrap_err(),
            "invalid type: floating point",
        ),
        (
            contact.get::<String>("Phone").unwrap_err(),
            "a field that may be null is an Option",
        ),
        (
            contact.get::<String>("Account.Fax").unwrap_err(),
            "the record has no \"Account.Fax\"",
        ),
        (
            read("{}").unwrap().get::<String>("X").unwrap_err(),
            "it has no fields",
        ),
    ] {
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.to_string().contains(part), "{error}");
    }
    let names: BTreeMap<_, _> = (0..100).map(|i| (format!("{i:0>300}"), i)).collect();
    let wide = read(&serde_json::to_string(&names).unwrap()).unwrap();
    let error = wide.get::<i32>("X").unwrap_err().to_string();
    assert!(
        error.ends_with(" and 80 more") && error.len() < 2_000,
        "{error}"
    );
}

#[test]
fn fields_keep_their_order() {
    let contact = contact();
    let names: Vec<_> = contact.fields().map(|field| field.name()).collect();
    assert_eq!(names[..3], ["LastName", "FirstName", "Score__c"]);
    assert_eq!(names.len(), 11);
    let mut fields = contact.fields();
    assert_eq!(fields.size_hint(), (11, Some(12)));
    let field = fields.nth(1).unwrap();
    assert_eq!((field.json(), field.is_null()), ("\"Ann\"", false));
    assert_eq!(field.get::<&str>().unwrap(), "Ann");
    assert!(
        field
            .get::<i32>()
            .unwrap_err()
            .to_string()
            .contains("\"FirstName\"")
    );
    assert!(
        (&contact)
            .into_iter()
            .any(|field| field.name() == "Phone" && field.is_null())
    );
}

#[test]
fn what_a_record_is() {
    let contact = contact();
    assert_eq!(contact.object(), Some("Contact"));
    assert_eq!(
        contact.url(),
        Some("/services/data/v66.0/sobjects/Contact/003P000001avB5GIAU")
    );
    assert_eq!(contact.id().unwrap().as_str(), "003P000001avB5GIAU");

    let with_id = read(r#"{"Id": "001Pc00000LuBMU"}"#).unwrap();
    assert_eq!(with_id.id().unwrap().as_str(), "001Pc00000LuBMUIA3");
    assert_eq!((with_id.object(), with_id.url()), (None, None));

    let aggregate = read(r#"{"attributes": {"type": "AggregateResult"}, "expr0": 7}"#).unwrap();
    assert_eq!(
        (aggregate.object(), aggregate.id()),
        (Some("AggregateResult"), None)
    );
    assert_eq!(aggregate.get::<u32>("expr0").unwrap(), 7);
}

#[test]
fn a_whole_record_is_decoded() {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Contact<'a> {
        first_name: &'a str,
        phone: Option<String>,
    }

    let record = contact();
    let contact: Contact<'_> = record.decode().unwrap();
    assert_eq!((contact.first_name, contact.phone), ("Ann", None));
    assert!(record.decode::<Vec<i32>>().is_err());
}

#[test]
fn it_is_serialized_as_it_came() {
    let contact = contact();
    assert_eq!(serde_json::to_string(&contact).unwrap(), CONTACT);
    assert_eq!(
        serde_json::to_string(&[&contact]).unwrap(),
        format!("[{CONTACT}]")
    );
    let value: Value = serde_json::from_str(r#"{"b": 1, "a": [null]}"#).unwrap();
    let record: Record = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(serde_json::to_value(&record).unwrap(), value);
}

#[test]
fn debug_shows_the_fields() {
    let record = read(r#"{"attributes": {"type": "A"}, "Name": "x", "N": null}"#).unwrap();
    assert_eq!(format!("{record:?}"), r#"{Name: "x", N: null}"#);
}

#[test]
fn rows_of_a_page_share_its_memory_and_their_shape() {
    let page = Bytes::from_static(
        br#"[{"a": 1, "b": "x"},{"a": 2, "b": "y"},{"a": 3},{"a": 4, "c": 5},{"a": 5, "c": 6}]"#,
    );
    let rows: Vec<&RawValue> = serde_json::from_slice(&page).unwrap();
    let mut shapes = Shapes::default();
    let records: Vec<_> = rows
        .iter()
        .map(|row| Record::read(page.slice_ref(row.get().as_bytes()), &mut shapes).unwrap())
        .collect();

    assert!(Arc::ptr_eq(&records[0].shape, &records[1].shape));
    assert!(!Arc::ptr_eq(&records[1].shape, &records[2].shape));
    assert!(Arc::ptr_eq(&records[3].shape, &records[4].shape));
    let json: Vec<_> = records
        .iter()
        .map(|r| serde_json::to_string(r).unwrap())
        .collect();
    assert_eq!(json, rows.iter().map(|row| row.get()).collect::<Vec<_>>());
    assert_eq!(records[1].json("b"), Some("\"y\""));
    assert_eq!(
        (records[2].json("a"), records[2].json("b")),
        (Some("3"), None)
    );
    assert_eq!(
        (records[4].json("c"), records[4].json("b")),
        (Some("6"), None)
    );

    let inside = |record: &Record| page.as_ptr_range().contains(&record.row.as_ptr());
    assert!(records.iter().all(inside));
    let owned = records[4].clone().into_owned();
    assert!(!inside(&owned));
    assert_eq!(owned.json("c"), Some("6"));
}

#[test]
fn what_is_no_record_is_refused() {
    let mut shapes = Shapes::default();
    for json in [
        "",
        " ",
        "null",
        "1",
        "[]",
        "\"x\"",
        "{",
        "{\"a\":1",
        "{\"a\":1}}",
        "{\"a\":1} {}",
        "{\"a\"}",
        "{a:1}",
        "{\"a\":01}",
        "{\"a\":\"\n\"}",
        "{\"a\":tru}",
    ] {
        assert!(read(json).is_err(), "{json}");
        assert!(Record::read(Bytes::from_static(json.as_bytes()), &mut shapes).is_err());
    }
    for json in [&b"{\"a\":\"\xff\"}"[..], b"{\"\xff\":1}"] {
        assert!(Record::read(Bytes::copy_from_slice(json), &mut shapes).is_err());
    }
    // None of that spoilt the shape of what comes after.
    let record = Record::read(Bytes::from_static(b"{\"a\":1}"), &mut shapes).unwrap();
    assert_eq!(record.json("a"), Some("1"));
}

#[test]
fn deep_values_do_not_overflow_the_stack() {
    let deep = format!(
        r#"{{"a": {}1{}, "b": 2}}"#,
        r#"{"a":"#.repeat(100_000),
        "}".repeat(100_000)
    );
    let record = read(&deep).unwrap();
    assert_eq!(record.json("b"), Some("2"));
    assert!(record.json("a.a.a").is_some());
    assert!(record.get::<Value>("a").is_err());
    assert_eq!(serde_json::to_string(&record).unwrap(), deep);
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c]{1,2}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_record_is_what_serde_json_says(
        rows in prop::collection::vec(prop::collection::btree_map("[a-cé\"]{1,2}", value(), 0..6), 1..6),
        pretty in any::<bool>(),
    ) {
        let mut shapes = Shapes::default();
        for row in rows {
            let value = Value::Object(row.into_iter().collect());
            let json = if pretty { format!("{value:#}") } else { value.to_string() };
            let record = Record::read(json.clone().into(), &mut shapes).unwrap();
            prop_assert_eq!(serde_json::to_string(&record).unwrap(), json);
            let fields: serde_json::Map<_, _> =
                record.fields().map(|field| (field.name().to_owned(), field.get().unwrap())).collect();
            prop_assert_eq!(&Value::Object(fields), &value);
            for (name, child) in value.as_object().unwrap() {
                prop_assert_eq!(&record.get::<Value>(name).unwrap(), child);
                for (inner, grandchild) in child.as_object().into_iter().flatten() {
                    let path = format!("{name}.{inner}");
                    prop_assert_eq!(&record.get::<Value>(&path).unwrap(), grandchild);
                }
            }
        }
    }

    #[test]
    fn garbage_is_refused_like_serde_json_does(json in "[{}\\[\\]:,\"a1 \\\\]{0,20}") {
        let is_object = serde_json::from_str::<serde_json::Map<String, Value>>(&json).is_ok();
        prop_assert_eq!(read(&json).is_ok(), is_object);
    }
}
