use std::time::Duration;

use ferroforce::client::{Conditional, DuplicateRule, Validators};
use ferroforce::sobject::ParentKey;
use ferroforce::{ErrorKind, Record};
use ferroforce_org::{Fault, LocalOrg, Policies};
use futures_util::TryStreamExt;
use serde_json::{Value, json};

use super::{client, start};

#[tokio::test]
async fn parents_and_children_are_reached_by_relationships() {
    let (_org, salesforce) = start().await;
    let accounts = salesforce.sobject("Account");
    let contacts = salesforce.sobject("Contact");
    let acme = accounts
        .create(&json!({"Name": "Acme", "External_Id__c": "A/1"}))
        .await
        .unwrap()
        .id;
    let mut people = Vec::new();
    for name in ["Ada", "Bob", "Cy"] {
        let parent = ParentKey::new("External_Id__c", "A/1");
        let person = json!({"LastName": name, "Account": parent});
        people.push(contacts.create(&person).await.unwrap().id);
    }
    let account = contacts.related(people[0], "Account");
    let parent: Record = account.get().await.unwrap();
    assert_eq!(parent.id(), Some(acme));
    account.update(&json!({"Name": "Emca"})).await.unwrap();
    let owner: Record = account.related("Owner").get_fields(["Name"]).await.unwrap();
    assert_eq!(owner.object(), Some("User"));
    let name: Record = accounts.get_fields(acme, ["Name"]).await.unwrap();
    assert_eq!(name.get::<String>("Name").unwrap(), "Emca");

    let children = accounts.related(acme, "Contacts");
    let found: Vec<Record> = children.list().try_collect().await.unwrap();
    let ids: Vec<_> = found.iter().filter_map(Record::id).collect();
    assert_eq!(ids.len(), 3);
    assert!(people.iter().all(|id| ids.contains(id)));
    let names: Vec<Value> = children
        .list_fields(["LastName"])
        .try_collect()
        .await
        .unwrap();
    assert!(names.iter().any(|row| row["LastName"] == "Cy"));
    let none: Vec<Record> = accounts
        .related(acme, "Cases")
        .list()
        .try_collect()
        .await
        .unwrap();
    assert!(none.is_empty());

    let alone = contacts.create(&json!({"LastName": "L"})).await.unwrap().id;
    let error = contacts
        .related(alone, "Account")
        .get::<Value>()
        .await
        .unwrap_err();
    assert!(error.is_not_found(), "{error}");
    let error = contacts
        .related(alone, "Nothing")
        .get::<Value>()
        .await
        .unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

#[tokio::test]
async fn update_by_key_never_creates() {
    let (_org, salesforce) = start().await;
    let by_key = salesforce
        .sobject("Account")
        .external_id("External_Id__c", 4711);
    let error = by_key.update(&json!({"Name": "A"})).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    let made = by_key
        .upsert(&json!({"Name": "A", "external_id__c": "4711"}))
        .await
        .unwrap();
    let updated = by_key
        .update(&json!({"Name": "B", "External_Id__c": 4711}))
        .await
        .unwrap();
    assert_eq!((updated.id, updated.created), (made.id, false));
    let by_id = salesforce
        .sobject("Account")
        .external_id("Id", made.id.unwrap());
    let updated = by_id
        .upsert(&json!({"Name": "C", "Id": made.id.unwrap().short()}))
        .await
        .unwrap();
    assert_eq!(updated.id, made.id);
}

#[tokio::test]
async fn what_did_not_change_is_not_sent_again_and_what_did_is_not_overwritten() {
    let (org, salesforce) = start().await;
    let start = org.now();
    org.stop_clock(start);
    for sobject in ["Account", "Contact"] {
        let rows = salesforce.sobject(sobject);
        let name = if sobject == "Account" {
            "Name"
        } else {
            "LastName"
        };
        let id = rows.create(&json!({name: "A"})).await.unwrap().id;
        let first = rows.get::<Record>(id).if_changed(&Validators::default());
        let Conditional::Modified(first) = first.await.unwrap() else {
            panic!("nothing was known");
        };
        let again = rows.get::<Record>(id).if_changed(&first.validators);
        assert!(again.await.unwrap().is_not_modified(), "{sobject}");
        let known = first.validators.last_modified.unwrap();
        if sobject == "Account" {
            let etag = first.validators.etag.as_deref().unwrap();
            let again = rows.get::<Record>(id).if_none_match(etag);
            assert!(again.await.unwrap().is_not_modified());
        }

        org.advance_clock(Duration::from_secs(60));
        let update = || rows.update(id, &json!({name: "B"}));
        update().if_unmodified_since(known).await.unwrap();
        let error = update().if_unmodified_since(known).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PreconditionFailed, "{sobject}");
        if let Some(etag) = &first.validators.etag {
            let error = update().if_match(etag).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
        }
        let newer = rows.get::<Record>(id).if_changed(&first.validators).await;
        let newer = newer.unwrap().modified().unwrap();
        assert_eq!(newer.get::<String>(name).unwrap(), "B");
    }
}

/// Dates count in seconds and would not tell.
#[tokio::test]
async fn a_change_within_the_same_second_is_told_by_the_etag() {
    let (org, salesforce) = start().await;
    org.stop_clock(org.now());
    let accounts = salesforce.sobject("Account");
    let id = accounts.create(&json!({"Name": "A"})).await.unwrap().id;
    let first = accounts
        .get::<Record>(id)
        .if_changed(&Validators::default());
    let first = first.await.unwrap();
    let Conditional::Modified(first) = first else {
        panic!("nothing was known");
    };
    accounts.update(id, &json!({"Name": "B"})).await.unwrap();
    let second = accounts.get::<Record>(id).if_changed(&first.validators);
    let Conditional::Modified(second) = second.await.unwrap() else {
        panic!("the change was missed");
    };
    assert_eq!(second.value.get::<String>("Name").unwrap(), "B");
    let (before, after) = (first.validators, second.validators);
    assert_eq!(before.last_modified, after.last_modified);
}

#[tokio::test]
async fn deleted_and_updated_records_are_listed() {
    let (org, salesforce) = start().await;
    let contacts = salesforce.sobject("Contact");
    let begin = org.now() - Duration::from_secs(60);
    let stays = contacts.create(&json!({"LastName": "A"})).await.unwrap().id;
    let goes = contacts.create(&json!({"LastName": "B"})).await.unwrap().id;
    contacts.delete(goes).await.unwrap();
    org.advance_clock(Duration::from_secs(120));
    let end = org.now();
    let deleted = contacts.deleted(begin, end).await.unwrap();
    assert_eq!(deleted.records.len(), 1);
    assert_eq!(deleted.records[0].id, goes);
    let updated = contacts.updated(begin, end).await.unwrap();
    assert_eq!(updated.ids, [stays]);
    let later = ferroforce::DateTime::try_from(end + Duration::from_secs(3600)).unwrap();
    assert!(updated.latest_covered < later && deleted.earliest_available < later);
}

#[tokio::test]
async fn duplicates_are_listed_and_written_all_the_same_by_who_insists() {
    let mut policies = Policies::default();
    policies.duplicate_rules = true;
    let org = LocalOrg::builder()
        .policies(policies)
        .start()
        .await
        .unwrap();
    let salesforce = client(&org);
    for version in [50, 66] {
        let salesforce = ferroforce::Salesforce::builder(salesforce.session().clone())
            .org_url(org.url())
            .version(version)
            .build()
            .unwrap();
        let accounts = salesforce.sobject("Account");
        let acme = json!({"Name": format!("Acme {version}")});
        let first = accounts.create(&acme).await.unwrap().id;
        let rule = DuplicateRule::new().include_record_details(true);
        let error = accounts
            .create(&acme)
            .duplicate_rule(rule)
            .await
            .unwrap_err();
        assert!(error.is_duplicate(), "{error}");
        let found = error.api_errors()[0].duplicates();
        assert_eq!(found[0].id.as_deref(), Some(first.as_str()));
        assert_eq!(found[0].sobject.as_deref(), Some("Account"));
        assert!(found[0].allow_save);
        assert_eq!(found[0].record().unwrap().id(), Some(first));
        let rule = DuplicateRule::new().allow_save(true);
        if version >= 52 {
            let second = accounts
                .create(&acme)
                .duplicate_rule(rule)
                .await
                .unwrap()
                .id;
            assert_ne!(first, second);
        }
    }
}

#[tokio::test]
async fn a_password_is_set_and_reset() {
    let (org, salesforce) = start().await;
    let user: Record = salesforce
        .query("SELECT Id FROM User WHERE Username = :name")
        .bind("name", org.username())
        .fetch_one()
        .await
        .unwrap();
    let password = salesforce.user_password(user.id().unwrap());
    assert!(!password.is_expired().await.unwrap());
    password.set(&"n3w-passw0rd".into()).await.unwrap();
    let error = password.set(&"short".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Api, "{error}");
    assert!(!password.reset().await.unwrap().is_empty());
    let nobody = salesforce.user_password("005000000000001AAA");
    assert!(nobody.is_expired().await.unwrap_err().is_not_found());

    // It is set once: what may have been carried out is not repeated.
    let trouble = Fault::cut_after().path("/services/data/").times(1);
    org.faults().add(trouble);
    let error = password.reset().await.unwrap_err();
    assert!(error.may_have_been_processed(), "{error}");
}
