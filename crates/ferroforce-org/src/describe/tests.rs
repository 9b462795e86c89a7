use http::HeaderMap;
use http::header::{ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use jiff::Timestamp;
use serde_json::Value;

use super::{Place, Validators, basic, global, sobject};
use crate::json::Json;
use crate::schema::{Field, FieldType, Object, PicklistValue, RecordType, Schema};

mod facts;

const PLACE: Place<'static> = Place {
    data_path: "/services/data/v66.0",
    instance_url: "http://127.0.0.1:8080",
};

/// One object with one field.
fn with_field(field: Field) -> Object {
    let mut object = Object::default();
    object.name = "Thing__c".to_owned();
    object.label = "Thing".to_owned();
    object.label_plural = "Things".to_owned();
    object.layoutable = true;
    object.set_fields(vec![field]);
    object
}

fn described(object: &Object) -> Value {
    serde_json::from_slice(&sobject(object, PLACE).unwrap()).unwrap()
}

fn described_field(field: Field) -> Value {
    described(&with_field(field))["fields"][0].take()
}

#[test]
fn defaults_stand_where_a_client_looks_for_them() {
    let field = |field_type, default: Option<&str>| {
        described_field(Field {
            field_type,
            default_value: default.map(str::to_owned),
            ..Field::default()
        })
    };
    for (field_type, default, value, formula) in [
        (FieldType::Boolean, None, Value::Bool(false), Value::Null),
        (
            FieldType::Boolean,
            Some("true"),
            Value::Bool(true),
            Value::Null,
        ),
        (FieldType::Double, Some("1.5"), Value::Null, "1.5".into()),
        (
            FieldType::String,
            Some(r#"a "b" \"#),
            Value::Null,
            r#""a \"b\" \\""#.into(),
        ),
        (FieldType::String, None, Value::Null, Value::Null),
    ] {
        let described = field(field_type, default);
        assert_eq!(
            described["defaultValue"], value,
            "{field_type:?} {default:?}"
        );
        assert_eq!(
            described["defaultValueFormula"], formula,
            "{field_type:?} {default:?}"
        );
    }
}

#[test]
fn the_default_of_a_picklist_is_one_of_its_values() {
    let choice = |value: &str, default_value| PicklistValue {
        value: value.to_owned(),
        label: value.to_uppercase(),
        active: true,
        default_value,
    };
    let described = described_field(Field {
        field_type: FieldType::Picklist,
        default_value: Some("new".to_owned()),
        picklist_values: vec![choice("old", false), choice("new", true)],
        ..Field::default()
    });
    assert_eq!(described["defaultValue"], "new");
    assert_eq!(described["defaultValueFormula"], Value::Null);
    assert_eq!(described["picklistValues"][0]["label"], "OLD");
    assert_eq!(described["picklistValues"][1]["defaultValue"], true);
}

#[test]
fn several_targets_make_a_reference_polymorphic() {
    let targets = |names: &[&str]| {
        described_field(Field {
            field_type: FieldType::Reference,
            length: 18,
            reference_to: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Field::default()
        })
    };
    let one = targets(&["Account"]);
    assert_eq!(one["polymorphicForeignKey"], false);
    assert_eq!(one["byteLength"], 18);
    assert_eq!(targets(&["Contact", "Lead"])["polymorphicForeignKey"], true);
}

#[test]
fn master_is_the_default_record_type_until_there_are_others() {
    let mut object = with_field(Field::default());
    let master = &described(&object)["recordTypeInfos"][0];
    assert_eq!(master["recordTypeId"], "012000000000000AAA");
    assert_eq!(master["defaultRecordTypeMapping"], true);
    object.record_types = vec![RecordType {
        id: "012Lo0000000001AAA".to_owned(),
        name: "Household".to_owned(),
        developer_name: "Household".to_owned(),
        master: false,
    }];
    let infos = &described(&object)["recordTypeInfos"];
    assert_eq!(infos[0]["defaultRecordTypeMapping"], true);
    assert_eq!(infos[1]["name"], "Master");
    assert_eq!(infos[1]["defaultRecordTypeMapping"], false);
}

#[test]
fn children_are_listed_by_their_parents() {
    let parent = with_field(Field::default());
    let mut child = with_field(Field {
        name: "Thing__c".to_owned(),
        field_type: FieldType::Reference,
        reference_to: vec!["Thing__c".to_owned()],
        child_relationship_name: Some("Parts__r".to_owned()),
        cascade_delete: true,
        ..Field::default()
    });
    child.name = "Part__c".to_owned();
    let schema = Schema::new(vec![parent, child]);
    let children = &described(schema.object("thing__C").unwrap())["childRelationships"];
    assert_eq!(
        children.to_string(),
        r#"[{"cascadeDelete":true,"childSObject":"Part__c","deprecatedAndHidden":false,"field":"Thing__c","junctionIdListNames":[],"junctionReferenceTo":[],"relationshipName":"Parts__r","restrictedDelete":false}]"#
    );
}

#[test]
fn addresses_are_those_of_the_version_and_the_org_that_was_asked() {
    let mut object = with_field(Field::default());
    object.key_prefix = Some("a00".to_owned());
    let urls = &described(&object)["urls"];
    assert_eq!(
        urls["describe"],
        "/services/data/v66.0/sobjects/Thing__c/describe"
    );
    assert_eq!(urls["uiNewRecord"], "http://127.0.0.1:8080/a00/e");
}

#[test]
fn the_short_forms_leave_the_fields_out() {
    let object = with_field(Field::default());
    let info: Value =
        serde_json::from_slice(&basic(&object, Json::Array(Vec::new()), PLACE).unwrap()).unwrap();
    assert_eq!(info["objectDescribe"]["name"], "Thing__c");
    assert_eq!(info["recentItems"], Value::Array(Vec::new()));
    let schema = Schema::new(vec![object]);
    let list: Value = serde_json::from_slice(&global(&schema, PLACE).unwrap()).unwrap();
    assert_eq!(list["maxBatchSize"], 200);
    assert_eq!(list["sobjects"][0], info["objectDescribe"]);
    assert_eq!(list["sobjects"][0].get("fields"), None);
}

#[test]
fn a_client_is_spared_what_it_has() {
    let modified: Timestamp = "2026-03-01T12:00:00.9Z".parse().unwrap();
    let validators = Validators::new(b"body", modified);
    let sent = validators.headers();
    let header = |name| {
        sent.iter()
            .find(|(known, _)| known == name)
            .unwrap()
            .1
            .clone()
    };
    assert_eq!(header(LAST_MODIFIED), "Sun, 01 Mar 2026 12:00:00 GMT");
    let etag = header(ETAG);
    assert_eq!(etag.len(), 10);
    assert_ne!(etag, Validators::new(b"another", modified).headers()[0].1);

    let etag = etag.to_str().unwrap();
    let (weak, gzip) = (format!("W/{etag}"), etag.trim_matches('"'));
    for (name, value, known) in [
        (IF_NONE_MATCH, etag, true),
        (IF_NONE_MATCH, weak.as_str(), true),
        (
            IF_NONE_MATCH,
            &format!("\"00000000\", \"{gzip}--gzip\""),
            true,
        ),
        (IF_NONE_MATCH, "*", true),
        (IF_NONE_MATCH, "\"00000000\"", false),
        (IF_MODIFIED_SINCE, "Sun, 01 Mar 2026 12:00:00 GMT", true),
        (IF_MODIFIED_SINCE, "Sun, 01 Mar 2026 11:59:59 GMT", false),
        (IF_MODIFIED_SINCE, "yesterday", false),
    ] {
        let client = HeaderMap::from_iter([(name, value.parse().unwrap())]);
        assert_eq!(validators.are_known_to(&client), known, "{value}");
    }
    assert!(!validators.are_known_to(&HeaderMap::new()));
    let both = HeaderMap::from_iter([
        (IF_NONE_MATCH, "\"00000000\"".parse().unwrap()),
        (
            IF_MODIFIED_SINCE,
            "Sun, 01 Mar 2026 12:00:00 GMT".parse().unwrap(),
        ),
    ]);
    assert!(!validators.are_known_to(&both));
}
