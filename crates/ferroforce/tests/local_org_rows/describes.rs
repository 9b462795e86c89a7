use std::sync::Arc;

use ferroforce::client::{Conditional, Validators};
use ferroforce::describe::{FieldType, LayoutItem, LayoutSection};
use serde_json::json;

use super::start;

#[tokio::test]
async fn every_object_can_be_described() {
    let (_org, salesforce) = start().await;
    let global = salesforce.describe_global().await.unwrap();
    assert_eq!(global.max_batch_size, 200);
    assert!(global.sobjects.len() > 10);
    for sobject in &global.sobjects {
        let described = salesforce.sobject(&sobject.name).describe().await.unwrap();
        assert_eq!(described.name, sobject.name);
        assert_eq!(described.key_prefix, sobject.key_prefix);
        assert_eq!(described.createable, sobject.createable);
        for field in &described.fields {
            let known = !matches!(field.field_type, FieldType::Other(_));
            assert!(known, "{}.{}", sobject.name, field.name);
        }
    }
    let contact = salesforce.sobject("contact").describe().await.unwrap();
    assert!(contact.field("LastName").unwrap().is_required());
    assert!(!contact.field("FirstName").unwrap().is_required());
    let account = contact.field("AccountId").unwrap();
    assert_eq!(account.reference_to, ["Account"]);
    assert_eq!(account.relationship_name.as_deref(), Some("Account"));
    assert!(
        contact
            .external_ids()
            .any(|field| field.name == "External_Id__c")
    );

    let error = salesforce.sobject("Nothing").describe().await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

#[tokio::test]
async fn an_object_tells_how_its_records_are_laid_out() {
    let (_org, salesforce) = start().await;
    let contacts = salesforce.sobject("Contact");
    let layouts = contacts.layouts().await.unwrap();
    let master = &layouts.record_types[0];
    assert!(master.master && master.default);
    let layout = contacts.layout(&master.record_type_id).await.unwrap();
    assert_eq!(layout.id, master.layout_id);
    assert_eq!(layouts.layouts[0].id, layout.id);
    let items = |sections: &[LayoutSection]| -> Vec<LayoutItem> {
        let rows = sections.iter().flat_map(|section| section.rows.clone());
        rows.flat_map(|row| row.items).collect()
    };
    let edited = items(&layout.edit_sections);
    let last_name = edited
        .iter()
        .find(|item| item.label == "Last Name")
        .unwrap();
    assert!(last_name.required && last_name.editable_for_new);
    assert_eq!(last_name.components[0].value.as_deref(), Some("LastName"));
    let shown = items(&layout.detail_sections);
    let described = contacts.describe().await.unwrap();
    for component in shown.iter().flat_map(|item| &item.components) {
        let is_field = component.component_type == "Field";
        let name = component.value.as_deref().unwrap();
        assert!(!is_field || described.field(name).is_some(), "{name}");
    }

    let compact = contacts.compact_layouts().await.unwrap();
    assert_eq!(
        (compact.layouts[0].name.as_str(), compact.default_id),
        ("SYSTEM", None)
    );
    assert_eq!(
        compact.layouts[0].fields[0].components[0].value.as_deref(),
        Some("Name")
    );
    assert_eq!(compact.record_types[0].layout_name, "SYSTEM");
    let error = salesforce.sobject("Nothing").layouts().await.unwrap_err();
    assert!(error.is_not_found());
}

#[tokio::test]
async fn an_object_tells_what_was_used_lately() {
    let (_org, salesforce) = start().await;
    let contacts = salesforce.sobject("Contact");
    let id = contacts.create(&json!({"LastName": "L"})).await.unwrap().id;
    contacts
        .get::<serde_json::Value>(id)
        .update_mru(true)
        .await
        .unwrap();
    let info = contacts.info().await.unwrap();
    assert_eq!(info.describe.name, "Contact");
    assert!(info.describe.urls.contains_key("describe"));
    assert!(
        info.recent
            .iter()
            .all(|record| record.object() == Some("Contact"))
    );
}

#[tokio::test]
async fn a_description_that_still_holds_is_not_sent_again() {
    let (org, salesforce) = start().await;
    let accounts = salesforce.sobject("Account");
    let first = accounts.describe().if_changed(&Validators::default());
    let Conditional::Modified(first) = first.await.unwrap() else {
        panic!("nothing was known");
    };
    let again = accounts.describe().if_changed(&first.validators);
    assert!(again.await.unwrap().is_not_modified());

    let cache = salesforce.describe_cache();
    let one = cache.get("Account").await.unwrap();
    let two = cache.get("ACCOUNT").await.unwrap();
    assert!(Arc::ptr_eq(&one, &two));
    let (one, two) = (cache.global().await, cache.global().await);
    assert!(Arc::ptr_eq(&one.unwrap(), &two.unwrap()));
    let one = cache.layouts("Account").await.unwrap();
    let two = cache.layouts("ACCOUNT").await.unwrap();
    assert!(Arc::ptr_eq(&one, &two));
    let requests = org.requests();
    let statuses = |end: &str| -> Vec<_> {
        let asked = requests
            .iter()
            .filter(|request| request.path.to_ascii_lowercase().ends_with(end));
        asked.map(|request| request.status).collect()
    };
    let twice = [Some(200), Some(304)];
    assert_eq!(statuses("account/describe"), [twice, twice].concat());
    assert_eq!(statuses("/sobjects"), twice);
    assert_eq!(statuses("account/describe/layouts"), twice);
}
