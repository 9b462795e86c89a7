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
