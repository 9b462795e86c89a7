//! Child subqueries.

use super::*;
use crate::query::Children;
use crate::types::Record;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Account {
    contacts: Children<Contact>,
    #[serde(default)]
    cases: Children<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Contact {
    last_name: String,
    tasks: Children<Row>,
}

/// An account with five contacts, of which one has three tasks, in pages of two.
fn org(sent: &Sent) -> Reply {
    let contact = |number: usize| {
        let tasks = if number == 3 {
            json!({"totalSize": 3, "done": false, "nextRecordsUrl": "/services/data/v66.0/query/01g-tasks", "records": [{"Number": 0}, {"Number": 1}]})
        } else {
            Value::Null
        };
        json!({"LastName": format!("c{number}"), "Tasks": tasks})
    };
    let page = |next: Option<&str>, records: Value| {
        let mut page = json!({"totalSize": 5, "done": next.is_none(), "records": records});
        if let Some(next) = next {
            page["nextRecordsUrl"] = json!(format!("/services/data/v66.0/query/01g-{next}"));
        }
        page
    };
    let answer = match sent.uri.path().rsplit_once("01g-").map(|(_, what)| what) {
        None => json!({"totalSize": 1, "done": true, "records": [{
            "Contacts": page(Some("contacts2"), json!([contact(0), contact(1)])),
        }]}),
        Some("contacts2") => page(Some("contacts4"), json!([contact(2), contact(3)])),
        Some("contacts4") => page(None, json!([contact(4)])),
        Some("tasks") => page(None, json!([{"Number": 2}])),
        Some(other) => panic!("{other}"),
    };
    Reply::json(200, &answer.to_string())
}

#[tokio::test(start_paused = true)]
async fn children_of_children_page_on() {
    let script = Script::new(|sent, _| org(sent));
    let salesforce = salesforce(&script);
    let account: Account = salesforce
        .query("SELECT (SELECT LastName, (SELECT Number FROM Tasks) FROM Contacts) FROM Account")
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(account.contacts.total_size(), 5);
    assert!(!account.contacts.is_complete() && account.cases.is_complete());
    assert_eq!(account.contacts.at_hand()[0].last_name, "c0");
    let mut names = Vec::new();
    let mut tasks = Vec::new();
    let mut contacts = account.contacts.rows(&salesforce);
    while let Some(contact) = contacts.next().await {
        let contact = contact.unwrap();
        names.push(contact.last_name);
        tasks.extend(contact.tasks.fetch_all(&salesforce).await.unwrap());
    }
    assert_eq!(names, ["c0", "c1", "c2", "c3", "c4"]);
    assert_eq!(
        tasks.iter().map(|task| task.number).collect::<Vec<_>>(),
        [0, 1, 2]
    );
}

#[tokio::test(start_paused = true)]
async fn children_of_records_page_on() {
    let script = Script::new(|sent, _| org(sent));
    let salesforce = salesforce(&script);
    let account: Record = salesforce.query("SELECT").fetch_one().await.unwrap();
    let contacts: Children<Record> = account.get("Contacts").unwrap();
    let contacts = contacts.fetch_all(&salesforce).await.unwrap();
    assert_eq!(contacts.len(), 5);
    let tasks: Children<Record> = contacts[3].get("Tasks").unwrap();
    assert_eq!(tasks.fetch_all(&salesforce).await.unwrap().len(), 3);
    let none: Children<Record> = contacts[4].get("Tasks").unwrap();
    assert_eq!((none.total_size(), none.into_at_hand().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn children_that_are_not_named_are_an_error() {
    let body = json!({"totalSize": 2, "done": true, "records": [
        {"Contacts": {"totalSize": 3, "done": false, "records": []}},
        {"Contacts": null},
    ]});
    let script = Script::replies([Reply::json(200, &body.to_string())]);
    let rows = salesforce(&script).query("SELECT").rows::<Account>();
    let rows: Vec<_> = rows.collect().await;
    assert!(rows[0].as_ref().unwrap_err().to_string().contains("lost"));
    assert!(rows[1].as_ref().unwrap().contacts.is_complete());
}

#[test]
fn children_are_written_as_they_were_read() {
    let text = r#"{"totalSize":1,"done":true,"records":[1]}"#;
    let children: Children<u8> = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&children).unwrap(), text);
}
