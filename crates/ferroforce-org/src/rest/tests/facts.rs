//! Against recorded answers. `FERROFORCE_FACTS` names the folder that has them.

use serde_json::{Value, json};

use super::Client;

fn recorded(name: &str) -> String {
    let folder = std::env::var("FERROFORCE_FACTS").expect("FERROFORCE_FACTS names a folder");
    std::fs::read_to_string(format!("{folder}/fixtures/rest/{name}")).unwrap()
}

fn recorded_json(name: &str) -> Value {
    serde_json::from_str(&recorded(name)).unwrap()
}

#[tokio::test]
#[ignore = "needs FERROFORCE_FACTS"]
async fn facts_errors_are_the_recorded_ones() {
    let client = Client::new();
    let table = [
        (
            "sobject_find_error_response",
            client.get("/sobjects/Account/23foo").await,
        ),
        (
            "sobject_describe_error_response",
            client.get("/sobjects/Whizbang/describe").await,
        ),
        (
            "search_error_response",
            client.get("/search?q=FIND+acme").await,
        ),
        (
            "delete_error_response",
            client.delete("/sobjects/Account/rid").await,
        ),
        (
            "upsert_error_response",
            client.patch("/sobjects/Account/Namez/x", &json!({})).await,
        ),
    ];
    for (name, answer) in table {
        assert_eq!(
            answer.json(),
            recorded_json(&format!("restforce/{name}.json")),
            "{name}"
        );
    }
}

/// Fields of the recorded organization that ours lacks: they belong to features that it does not
/// have.
const MISSING: [&str; 7] = [
    "PreferencesConsentManagementEnabled",
    "PreferencesAutoSelectIndividualOnMerge",
    "PreferencesLightningLoginEnabled",
    "PreferencesOnlyLLPermUserAllowed",
    "DelegatedAuthenticationServiceUrl",
    "NumKnowledgeService",
    "IsReadOnly",
];

#[tokio::test]
#[ignore = "needs FERROFORCE_FACTS"]
async fn facts_a_whole_record_has_the_recorded_members_in_order() {
    let client = Client::new();
    let path = format!("/sobjects/Organization/{}", client.org.id);
    let ours = client.raw(
        client
            .request("GET", &path)
            .header("x-prettyprint", "1")
            .body("".into())
            .unwrap(),
    );
    let keys = |text: &str| -> Vec<String> {
        let lines = text.lines();
        let keys = lines.filter_map(|line| Some(line.split_once(" : ")?.0.to_owned()));
        keys.collect()
    };
    let mut theirs = keys(&recorded("GET_sobjects_Organization_id.json"));
    theirs.retain(|key| !MISSING.contains(&key.trim().trim_matches('"')));
    assert_eq!(keys(ours.await.text()), theirs);
}

/// The keys of a JSON text, in order.
fn keys(text: &str) -> Vec<&str> {
    let quoted: Vec<&str> = text.split('"').collect();
    let names = quoted
        .windows(2)
        .filter(|pair| pair[1].trim_start().starts_with(':'));
    names.map(|pair| pair[0]).collect()
}

#[tokio::test]
#[ignore = "needs FERROFORCE_FACTS"]
async fn facts_changes_have_the_recorded_shape() {
    let client = Client::new();
    let now = "2026-03-15T12:00:30Z";
    client.org.clock.stop_at(now.parse().unwrap());
    let id = client.create("Account", &json!({"Name": "Acme"})).await;
    let span = "start=2026-03-15T12:00:00Z&end=2026-03-15T12:05:00Z";
    let ours = client
        .get(&format!("/sobjects/Account/updated/?{span}"))
        .await;
    let theirs = recorded("restforce/get_updated_success_response.json");
    assert_eq!(keys(ours.text()), keys(&theirs));
    client.delete(&format!("/sobjects/Account/{id}")).await;
    let ours = client
        .get(&format!("/sobjects/Account/deleted/?{span}"))
        .await;
    let theirs = recorded("restforce/get_deleted_success_response.json");
    assert_eq!(keys(ours.text()), keys(&theirs));
    // To the minute, and written alike.
    let theirs: Value = serde_json::from_str(&theirs).unwrap();
    for key in ["earliestDateAvailable", "latestDateCovered"] {
        for answer in [&theirs, &ours.json()] {
            let date = answer[key].as_str().unwrap();
            assert!(date.ends_with(":00.000+0000"), "{date}");
        }
    }
}

#[tokio::test]
#[ignore = "needs FERROFORCE_FACTS"]
async fn facts_several_records_of_a_key_are_told_as_recorded() {
    let client = Client::new();
    let body = json!({"LastName": "Doe", "Email": "doe@example.com"});
    client.create("Contact", &body).await;
    client.create("Contact", &body).await;
    let ours = client.get("/sobjects/Contact/Email/doe@example.com").await;
    let theirs = recorded_json("restforce/upsert_multiple_error_response.json");
    for paths in [&theirs, &ours.json()] {
        let paths = paths.as_array().unwrap();
        assert_eq!(paths.len(), 2);
        let path = paths[0].as_str().unwrap();
        assert!(path.starts_with("/services/data/v") && path.contains("/sobjects/"));
    }
}

#[tokio::test]
#[ignore = "needs FERROFORCE_FACTS"]
async fn facts_recently_used_records_have_the_recorded_members() {
    let client = Client::new();
    client.create("Account", &json!({"Name": "Acme"})).await;
    let ours = client.get("/sobjects/Account").await;
    let ours = ours.text().split_once("\"recentItems\":").unwrap().1;
    let theirs = recorded("restforce/recent_success_response.json");
    let theirs = keys(&theirs);
    assert_eq!(keys(ours), theirs[..theirs.len() / 2]);
}

/// The names of all members, with the first of each list standing for the others.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (name.clone(), shape(member)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().take(1).map(shape).collect(),
        _ => Value::Null,
    }
}

#[tokio::test]
#[ignore = "needs FERROFORCE_FACTS"]
async fn facts_a_list_view_looks_like_a_recorded_one() {
    let client = Client::new();
    client.create("Account", &json!({"Name": "Acme"})).await;
    let views = client.get("/sobjects/Account/listviews").await.json();
    let mine = views["listviews"][1]["id"].as_str().unwrap();
    let path = format!("/sobjects/Account/listviews/{mine}/results");
    let ours = client.get(&path).await.json();
    let theirs = recorded_json("restforce/list_view_results_success_response.json");
    assert_eq!(shape(&ours), shape(&theirs));
    let columns = |view: &Value| -> Vec<Value> {
        let columns = view["columns"].as_array().unwrap().iter();
        let shared = ["Name", "Site", "Phone", "Owner.Alias", "Id", "CreatedDate"];
        columns
            .filter(|column| shared.contains(&column["fieldNameOrPath"].as_str().unwrap()))
            .cloned()
            .collect()
    };
    assert_eq!(columns(&ours), columns(&theirs));
    assert_eq!(ours["developerName"], theirs["developerName"]);
}
