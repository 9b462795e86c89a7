use serde_json::json;

use super::Client;
use crate::auth::{FieldPermission, ObjectPermission, Profile, User};
use crate::settings::Settings;

/// An org with three records, whose user may do little.
fn restricted() -> Client {
    let profile = Profile::new("Reader")
        .object("Account", [ObjectPermission::Read])
        .object("Case", [])
        .object(
            "Contact",
            [ObjectPermission::Create, ObjectPermission::Edit],
        )
        .field("Contact.Email", FieldPermission::Hidden)
        .field("Contact.Phone", FieldPermission::Read);
    let folder = tempfile::tempdir().unwrap();
    let seed = folder.path().join("seed.json");
    let records = json!({"records": [
        {"attributes": {"type": "Account", "referenceId": "acme"}, "Name": "Acme"},
        {"attributes": {"type": "Case", "referenceId": "case"}, "Subject": "Help"},
        {"attributes": {"type": "Contact"}, "LastName": "Doe", "Email": "doe@example.com", "Phone": "1", "AccountId": "@acme"},
    ]});
    std::fs::write(&seed, records.to_string()).unwrap();
    Client::with(Settings {
        profiles: vec![profile],
        users: vec![User::new("reader@example.com").profile("Reader")],
        seed_file: Some(seed),
        ..Settings::default()
    })
}

const ACCOUNT: &str = "/sobjects/Account/001Lo0000000001";
const CASE: &str = "/sobjects/Case/500Lo0000000001";
const CONTACT: &str = "/sobjects/Contact/003Lo0000000001";

#[tokio::test]
async fn objects_without_access_are_not_there() {
    let client = restricted();
    for path in [CASE, "/sobjects/Case", "/sobjects/Case/describe"] {
        let answer = client.get(path).await;
        assert_eq!(answer.error().0, 404, "{path}");
        assert_eq!(answer.error().1, "NOT_FOUND");
    }
    let error = client.query("SELECT Id FROM Case").await.error();
    assert_eq!(error.1, "INVALID_TYPE");
    assert!(error.2.contains("sObject type 'Case' is not supported"));
    let global = client.get("/sobjects").await.json();
    let objects = global["sobjects"].as_array().unwrap();
    assert!(objects.iter().all(|object| object["name"] != "Case"));
    let task = json!({"Subject": "Call", "WhatId": "500Lo0000000001"});
    let refused = client.post("/sobjects/Task", &task).await.error();
    assert_eq!(
        (refused.0, refused.1.as_str()),
        (403, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY")
    );
}

#[tokio::test]
async fn what_may_only_be_read_is_not_written() {
    let client = restricted();
    assert_eq!(client.get(ACCOUNT).await.json()["Name"], "Acme");
    let body = json!({"Name": "New"});
    for answer in [
        client.post("/sobjects/Account", &body).await,
        client.patch(ACCOUNT, &body).await,
        client.delete(ACCOUNT).await,
        client.delete(CONTACT).await,
    ] {
        assert_eq!(
            (answer.status.as_u16(), answer.text()),
            (
                403,
                r#"[{"message":"insufficient access rights on object id","errorCode":"INSUFFICIENT_ACCESS_OR_READONLY","fields":[]}]"#
            )
        );
    }
    let describe = client.get("/sobjects/Account/describe").await.json();
    for flag in ["createable", "updateable", "deletable"] {
        assert_eq!(describe[flag], false, "{flag}");
    }
}

#[tokio::test]
async fn hidden_fields_are_no_columns_and_keep_their_values() {
    let client = restricted();
    let record = client.get(CONTACT).await.json();
    assert_eq!((record.get("Email"), &record["Phone"]), (None, &json!("1")));
    let error = client.query("SELECT Email FROM Contact").await.error();
    assert!(
        error
            .2
            .contains("No such column 'Email' on entity 'Contact'"),
        "{}",
        error.2
    );
    let error = client.get(&format!("{CONTACT}?fields=Email")).await.error();
    assert_eq!(error.2, "No such column 'Email' on sobject of type Contact");
    let hidden = client
        .patch(CONTACT, &json!({"Email": "x@y.example"}))
        .await;
    assert_eq!(
        hidden.error().2,
        "No such column 'Email' on sobject of type Contact"
    );
    let fixed = client.patch(CONTACT, &json!({"Phone": "2"})).await;
    assert_eq!(fixed.error().1, "INVALID_FIELD_FOR_INSERT_UPDATE");
    assert_eq!(fixed.json()[0]["fields"], json!(["Phone"]));

    let changed = client.patch(CONTACT, &json!({"LastName": "New"})).await;
    assert_eq!(changed.status, 204);
    let kept = client.org.store.run(|db| {
        let select = "SELECT \"LastName\" || \"Email\" || \"Phone\" FROM \"Contact\"";
        Ok(db.query_row(select, [], |row| row.get::<_, String>(0))?)
    });
    assert_eq!(kept.await.unwrap(), "Newdoe@example.com1");
    client
        .create("Contact", &json!({"LastName": "Another"}))
        .await;
}

#[tokio::test]
async fn a_profile_is_a_record_too() {
    let client = restricted();
    let found = client.query("SELECT Profile.Name FROM User").await.json();
    assert_eq!(found["records"][0]["Profile"]["Name"], "Reader");
}

#[test]
fn a_user_needs_a_profile_that_is_there() {
    let error = crate::org::Org::new(Settings {
        users: vec![User::new("a@example.com").profile("Nobody")],
        ..Settings::default()
    });
    assert_eq!(
        error.unwrap_err().to_string(),
        "the user \"a@example.com\": there is no profile \"Nobody\""
    );
}

#[tokio::test]
async fn searches_find_nothing_in_what_is_hidden() {
    let client = restricted();
    let found = async |sosl: &str| {
        let q: String = form_urlencoded::byte_serialize(sosl.as_bytes()).collect();
        client.get(&format!("/search?q={q}")).await
    };
    let number = async |sosl: &str| {
        let answer = found(sosl).await.json();
        answer["searchRecords"].as_array().unwrap().len()
    };
    assert_eq!(number("FIND {doe} RETURNING Contact(LastName)").await, 1);
    assert_eq!(number("FIND {doe@example.com}").await, 0);
    assert_eq!(number("FIND {help}").await, 0);
    let refused = found("FIND {help} RETURNING Case").await.error();
    assert_eq!(refused.1, "INVALID_TYPE");
    let refused = found("FIND {doe} RETURNING Contact(Email)").await.error();
    assert_eq!(refused.1, "INVALID_FIELD");
}

/// The User Interface API knows of no other rights than the rest.
#[tokio::test]
async fn records_of_the_user_interface_show_and_take_no_more_than_others() {
    let client = restricted();
    let path = |id: &str| format!("/ui-api/records/{id}");
    let case = path("500Lo0000000001");
    let read = client.get(&format!("{case}?fields=Case.Subject")).await;
    assert_eq!(read.error().1, "NOT_FOUND");
    let change = json!({"fields": {"Subject": "New"}});
    assert_eq!(client.patch(&case, &change).await.error().1, "NOT_FOUND");
    assert_eq!(client.delete(&case).await.error().1, "NOT_FOUND");

    let contact = path("003Lo0000000001");
    let read = client.get(&format!("{contact}?fields=Contact.Email")).await;
    assert_eq!(read.error().1, "INVALID_FIELD");
    let chosen = "fields=Contact.LastName&optionalFields=Contact.Email";
    let read = client.get(&format!("{contact}?{chosen}")).await.json();
    assert_eq!(read["fields"]["LastName"]["value"], "Doe");
    assert_eq!(read["fields"].get("Email"), None);
    let hidden = json!({"fields": {"Email": "x@y.example"}});
    assert_eq!(
        client.patch(&contact, &hidden).await.error().2,
        "No such column 'Email' on sobject of type Contact"
    );
    let fixed = json!({"fields": {"Phone": "2"}});
    let fixed = client.patch(&contact, &fixed).await;
    assert_eq!(fixed.error().1, "INVALID_FIELD_FOR_INSERT_UPDATE");

    let account = path("001Lo0000000001");
    let change = json!({"fields": {"Name": "New"}});
    assert_eq!(
        client.patch(&account, &change).await.error().1,
        "INSUFFICIENT_ACCESS_OR_READONLY"
    );
}
