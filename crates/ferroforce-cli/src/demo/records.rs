//! Creating, reading, updating and upserting one record.

use anyhow::ensure;
use ferroforce::{RecordId, Salesforce};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::report::Report;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Contact {
    first_name: String,
    last_name: String,
    email: String,
    title: Option<String>,
}

const FIELDS: [&str; 4] = ["FirstName", "LastName", "Email", "Title"];

pub(super) async fn live(
    salesforce: &Salesforce,
    report: &mut Report<'_>,
) -> anyhow::Result<RecordId> {
    report.chapter("The life of a record")?;
    let contacts = salesforce.sobject("Contact");

    let mut ada = Contact {
        first_name: "Ada".to_owned(),
        last_name: "Lovelace".to_owned(),
        email: "ada@example.com".to_owned(),
        title: None,
    };
    let id = contacts.create(&ada).await?.id;
    report.step("create", format!("Contact {id}"), json!({"id": id}))?;

    let stored: Contact = contacts.get_fields(id, FIELDS).await?;
    ensure!(
        stored == ada,
        "{id} was created as {ada:?} and reads {stored:?}"
    );
    report.step(
        "read",
        format!(
            "{} {}, {}",
            stored.first_name, stored.last_name, stored.email
        ),
        json!({"record": stored}),
    )?;

    ada.title = Some("Countess".to_owned());
    contacts.update(id, &json!({"Title": ada.title})).await?;
    let stored: Contact = contacts.get_fields(id, FIELDS).await?;
    ensure!(
        stored == ada,
        "{id} was updated to {ada:?} and reads {stored:?}"
    );
    report.step("update", "she is a countess now", json!({"record": stored}))?;

    let charles = contacts.external_id("External_Id__c", "analytical/engine #1");
    let first = charles
        .upsert(&json!({"FirstName": "Charles", "LastName": "Babbage"}))
        .await?;
    let second = charles.upsert(&json!({"Title": "Mathematician"})).await?;
    ensure!(
        first.created && !second.created && first.id == second.id,
        "two upserts by one external id gave {first:?} and {second:?}"
    );
    report.step(
        "upsert",
        "Charles by an external id: created, then updated",
        json!({"id": first.id, "created": [first.created, second.created]}),
    )?;

    Ok(id)
}
