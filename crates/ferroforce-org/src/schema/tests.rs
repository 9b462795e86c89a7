use super::*;

fn standard() -> Schema {
    Schema::standard().expect("the standard objects load")
}

#[test]
fn standard_objects_are_found_in_any_letter_case_and_by_key_prefix() {
    let schema = standard();
    assert_eq!(
        schema.object("aCCount").map(|object| object.name.as_str()),
        Some("Account")
    );
    assert_eq!(
        schema
            .by_key_prefix("003")
            .map(|object| object.name.as_str()),
        Some("Contact")
    );
    assert!(schema.object("Acount").is_none());
    let account = schema.object("Account").unwrap();
    assert_eq!(
        account
            .field("BILLINGCITY")
            .map(|field| field.name.as_str()),
        Some("BillingCity")
    );
    assert_eq!(
        account.child("contacts").map(|child| child.field.as_str()),
        Some("AccountId")
    );
    assert_eq!(
        account.parent("owner").map(|field| field.name.as_str()),
        Some("OwnerId")
    );
}

#[test]
fn every_standard_object_has_an_id_a_key_prefix_of_its_own_and_known_parents() {
    let schema = standard();
    let mut prefixes = std::collections::HashSet::new();
    for object in schema.objects() {
        let name = &object.name;
        assert_eq!(object.fields[0].name, "Id", "{name}");
        let prefix = object.key_prefix.clone().expect("a key prefix");
        assert!(prefixes.insert(prefix), "{name}");
        let names = object.fields.iter().filter(|field| field.name_field);
        assert!(names.count() <= 1, "{name}");
        for field in &object.fields {
            for parent in &field.reference_to {
                assert!(
                    schema.object(parent).is_some(),
                    "{name}.{}: {parent}",
                    field.name
                );
            }
            assert_eq!(
                field.reference_to.is_empty(),
                field.field_type != FieldType::Reference,
                "{name}.{}",
                field.name
            );
        }
    }
}
