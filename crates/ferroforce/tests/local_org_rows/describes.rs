use std::sync::Arc;

use ferroforce::client::{Conditional, Validators};
use ferroforce::describe::FieldType;
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
    let statuses: Vec<_> = org
        .requests()
        .iter()
        .filter(|request| request.path.ends_with("/describe"))
        .map(|request| request.status)
        .collect();
    assert_eq!(statuses, [Some(200), Some(304), Some(200), Some(304)]);
}
