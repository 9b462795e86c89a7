use std::fmt::Debug;
use std::future::IntoFuture;
use std::time::Duration;

use ferroforce::auth::Secret;
use ferroforce::client::Validators;
use ferroforce::{ErrorKind, Record, Result};
use ferroforce_org::{Fault, LocalOrg};
use futures_util::TryStreamExt;
use serde_json::{Value, json};

use super::start;

/// What can befall a request that may be repeated.
fn troubles() -> Vec<Fault> {
    vec![
        Fault::unavailable(),
        Fault::html(),
        Fault::cut_before(),
        Fault::cut_after(),
        Fault::cut_body(10),
        Fault::cut_chunked_body(10),
        Fault::expired_session(),
    ]
}

/// Does it once with each trouble.
async fn through_all<R: Debug, C: IntoFuture<Output = Result<R>>>(
    org: &LocalOrg,
    what: &str,
    mut call: impl FnMut() -> C,
    holds: impl Fn(&R) -> bool,
) {
    for fault in troubles() {
        let name = format!("{what} with {fault:?}");
        org.faults().add(fault.path("/services/data/").times(1));
        let answer = call().await;
        org.faults().clear();
        match answer {
            Ok(answer) => assert!(holds(&answer), "{name}: {answer:?}"),
            Err(error) => panic!("{name}: {error}"),
        }
    }
}

#[tokio::test]
async fn every_read_gets_through() {
    let (org, salesforce) = start().await;
    let accounts = salesforce.sobject("Account");
    let contacts = salesforce.sobject("Contact");
    let begin = org.now() - Duration::from_secs(60);
    let account = json!({"Name": "Acme", "External_Id__c": "k"});
    let account = accounts.create(&account).await.unwrap().id;
    let contact = json!({"LastName": "L", "AccountId": account});
    let contact = contacts.create(&contact).await.unwrap().id;
    org.advance_clock(Duration::from_secs(120));
    let end = org.now();
    let is_acme = |record: &Record| record.id() == Some(account);

    let by_key = accounts.external_id("External_Id__c", "k");
    let parent = contacts.related(contact, "Account");
    let children = accounts.related(account, "Contacts");
    through_all(&org, "get", || accounts.get::<Record>(account), is_acme).await;
    through_all(&org, "get by key", || by_key.get::<Record>(), is_acme).await;
    through_all(&org, "parent", || parent.get::<Record>(), is_acme).await;
    let list = || children.list::<Record>().try_collect::<Vec<_>>();
    through_all(&org, "children", list, |all| all.len() == 1).await;
    let deleted = || contacts.deleted(begin, end);
    through_all(&org, "deleted", deleted, |all| all.records.is_empty()).await;
    let updated = || contacts.updated(begin, end);
    through_all(&org, "updated", updated, |all| all.ids == [contact]).await;
    let global = || salesforce.describe_global();
    through_all(&org, "global", global, |all| {
        all.sobject("Contact").is_some()
    })
    .await;
    let describe = || contacts.describe();
    through_all(&org, "describe", describe, |all| {
        all.field("LastName").is_some()
    })
    .await;
    let info = || contacts.info();
    through_all(&org, "info", info, |info| info.describe.name == "Contact").await;
    let layouts = || contacts.layouts();
    through_all(&org, "layouts", layouts, |all| !all.layouts.is_empty()).await;
    let layout = || contacts.layout("012000000000000AAA");
    through_all(&org, "layout", layout, |one| !one.edit_sections.is_empty()).await;
    let compact = || contacts.compact_layouts();
    through_all(&org, "compact", compact, |all| all.layouts.len() == 1).await;
    let user: Record = salesforce
        .query("SELECT Id FROM User LIMIT 1")
        .fetch_one()
        .await
        .unwrap();
    let password = salesforce.user_password(user.id().unwrap());
    let is_expired = || password.is_expired();
    through_all(&org, "password", is_expired, |expired| !expired).await;
    let ids = [account];
    let retrieve = || {
        salesforce
            .collections()
            .retrieve::<Record>("Account", ids, ["Id"])
    };
    through_all(&org, "retrieve", retrieve, |rows| {
        rows[0].as_ref().is_ok_and(Option::is_some)
    })
    .await;
    let conditional = || contacts.describe().if_changed(&Validators::default());
    through_all(&org, "conditional", conditional, |all| {
        !all.is_not_modified()
    })
    .await;
}

/// Writes that may be repeated: each takes place, and none leaves doubt.
#[tokio::test]
async fn every_write_that_may_be_repeated_gets_through() {
    let (org, salesforce) = start().await;
    let contacts = salesforce.sobject("Contact");
    let accounts = salesforce.sobject("Account");
    let account = accounts.create(&json!({"Name": "A"})).await.unwrap().id;
    let contact = json!({"LastName": "L", "AccountId": account});
    let id = contacts.create(&contact).await.unwrap().id;
    for (number, fault) in troubles().into_iter().enumerate() {
        let what = format!("{fault:?}");
        let name = format!("N{number}");
        let trouble = || {
            org.faults().clear();
            org.faults()
                .add(fault.clone().path("/services/data/").times(1))
        };
        let named = json!({"LastName": name});
        trouble();
        contacts.update(id, &named).await.unwrap();
        let by_key = contacts.external_id("External_Id__c", &name);
        trouble();
        let made = by_key.upsert(&named).await.unwrap();
        assert!(made.created || made.repeated, "{what}: {made:?}");
        trouble();
        let updated = by_key.update(&json!({"FirstName": "F"})).await.unwrap();
        assert_eq!((updated.id, updated.created), (made.id, false), "{what}");
        trouble();
        let parent = contacts.related(id, "Account");
        parent.update(&json!({"Name": name})).await.unwrap();
        org.faults().clear();
        let query = salesforce
            .query("SELECT FirstName, Account.Name FROM Contact WHERE LastName = :name ORDER BY FirstName")
            .bind("name", name.as_str());
        let rows: Vec<Value> = query.fetch_all().await.unwrap();
        assert_eq!(rows.len(), 2, "{what}");
        assert_eq!(rows[0]["Account"]["Name"], name, "{what}");
        assert_eq!(rows[1]["FirstName"], "F", "{what}");
        trouble();
        by_key.delete().await.unwrap();
        org.faults().clear();
        let error = by_key.get::<Value>().await.unwrap_err();
        assert!(error.is_not_found(), "{what}");
    }
}

/// A record is created once, or the error says that it may be there; and deleted, since
/// of deleting twice nothing comes.
#[tokio::test]
async fn every_create_and_delete_is_accounted_for() {
    let (org, salesforce) = start().await;
    let accounts = salesforce.sobject("Account");
    for (number, fault) in troubles().into_iter().enumerate() {
        let what = format!("{fault:?}");
        let name = format!("A {number}");
        let trouble = || {
            org.faults().clear();
            org.faults()
                .add(fault.clone().path("/services/data/").times(1))
        };
        let there = async || {
            org.faults().clear();
            let named = "SELECT Id FROM Account WHERE Name = :name";
            let found: Vec<Record> = salesforce
                .query(named)
                .bind("name", name.as_str())
                .fetch_all()
                .await
                .unwrap();
            found
        };
        trouble();
        match accounts.create(&json!({"Name": name})).await {
            Ok(created) => assert_eq!(there().await[0].id(), Some(created.id), "{what}"),
            Err(error) => assert!(
                error.may_have_been_processed() && there().await.len() <= 1,
                "{what}: {error}"
            ),
        }
        org.faults().clear();
        let id = match there().await.first().and_then(Record::id) {
            Some(id) => id,
            None => accounts.create(&json!({"Name": name})).await.unwrap().id,
        };
        trouble();
        accounts.delete(id).await.unwrap();
        assert!(there().await.is_empty(), "{what}");
    }
}

/// The second attempt of a conditional write may meet what the first one wrote. That
/// is told and not taken for success, since it may have been somebody else.
#[tokio::test]
async fn a_conditional_write_tells_when_it_is_not_known_who_wrote() {
    let (org, salesforce) = start().await;
    let now = org.now();
    org.stop_clock(now);
    let contacts = salesforce.sobject("Contact");
    let id = contacts.create(&json!({"LastName": "A"})).await.unwrap().id;
    org.advance_clock(Duration::from_secs(60));
    org.faults()
        .add(Fault::cut_after().path("/services/data/").times(1));
    let update = contacts.update(id, &json!({"LastName": "B"}));
    let error = update.if_unmodified_since(now).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
    assert!(error.may_have_been_processed());
    let name: Value = contacts.get_fields(id, ["LastName"]).await.unwrap();
    assert_eq!(name["LastName"], "B");
}

/// Deleting along a relationship is sent once.
#[tokio::test]
async fn a_parent_is_deleted_once_or_the_error_says_that_it_may_have_been() {
    let (org, salesforce) = start().await;
    let accounts = salesforce.sobject("Account");
    let contacts = salesforce.sobject("Contact");
    for fault in troubles() {
        let what = format!("{fault:?}");
        let account = accounts.create(&json!({"Name": "A"})).await.unwrap().id;
        let contact = json!({"LastName": "L", "AccountId": account});
        let contact = contacts.create(&contact).await.unwrap().id;
        org.faults().add(fault.path("/services/data/").times(1));
        let outcome = contacts.related(contact, "Account").delete().await;
        org.faults().clear();
        let gone = accounts.get::<Value>(account).await.is_err();
        match outcome {
            Ok(()) => assert!(gone, "{what}"),
            Err(error) => assert!(!gone || error.may_have_been_processed(), "{what}: {error}"),
        }
    }
}

/// What Salesforce chose would be lost if it were chosen twice.
#[tokio::test]
async fn a_password_is_changed_once_or_the_error_says_that_it_may_have_been() {
    let (org, salesforce) = start().await;
    let user = "SELECT Id FROM User LIMIT 1";
    let user: Record = salesforce.query(user).fetch_one().await.unwrap();
    let password = salesforce.user_password(user.id().unwrap());
    for fault in troubles() {
        let what = format!("{fault:?}");
        let sent = || {
            let requests = org.requests();
            let of_password = requests
                .iter()
                .filter(|sent| sent.path.ends_with("/password"));
            of_password.count()
        };
        for reset in [true, false] {
            let before = sent();
            org.faults()
                .add(fault.clone().path("/services/data/").times(1));
            let outcome = match reset {
                true => password.reset().await.map(drop),
                false => password.set(&Secret::new("s3cret-and-long")).await,
            };
            org.faults().clear();
            match outcome {
                // An expired session did nothing.
                Ok(()) => assert!(sent() - before <= 2, "{what}"),
                Err(error) => {
                    assert!(error.may_have_been_processed(), "{what}: {error}");
                    assert_eq!(sent() - before, 1, "{what}");
                }
            }
        }
    }
}
