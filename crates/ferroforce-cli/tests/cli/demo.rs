use serde_json::Value;

use crate::program::run;

#[test]
fn the_demo_does_the_main_job() {
    let demo = run(&["demo"]);
    assert_eq!(
        (demo.code, demo.err.as_str()),
        (Some(0), ""),
        "{}",
        demo.out
    );
    for part in [
        "soap login",
        "client credentials",
        "jwt bearer",
        "create",
        "read",
        "update",
        "upsert",
        "on pages of 200, 200 and 50",
        "50000 contacts, and each is accounted for",
        "every row is the one that was sent",
        "expired session",
        "token_issued",
        "retry",
        "that the org has a day",
        "All of it as it should be",
    ] {
        assert!(demo.out.contains(part), "{part} is not in {}", demo.out);
    }
    assert!(!demo.out.contains('\u{1b}'), "{}", demo.out);
}

#[test]
fn the_demo_is_one_json_document_for_machines() {
    let demo = run(&["demo", "--json"]);
    assert_eq!(
        (demo.code, demo.err.as_str()),
        (Some(0), ""),
        "{}",
        demo.out
    );
    assert_eq!(demo.out.lines().count(), 1);
    let document: Value = serde_json::from_str(&demo.out).unwrap();
    assert_eq!(document["ok"], true);
    let steps = document["steps"].as_array().unwrap();
    let names: Vec<&str> = steps
        .iter()
        .map(|step| step["step"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "start",
            "soap_login",
            "client_credentials",
            "rsa_key",
            "jwt_bearer",
            "create",
            "read",
            "update",
            "upsert",
            "many_creates",
            "query",
            "bulk_insert",
            "bulk_query",
            "compared",
            "expired_session",
            "503_on_a_page",
            "api_usage",
        ]
    );
    let events_of = |name: &str| -> Vec<(String, Value)> {
        let step = steps.iter().find(|step| step["step"] == name).unwrap();
        let events = step["events"].as_array().unwrap().iter();
        events
            .map(|event| {
                (
                    event["event"].as_str().unwrap().to_owned(),
                    event["status"].clone(),
                )
            })
            .collect()
    };
    let expired = events_of("expired_session");
    assert!(
        expired.contains(&("api_call".to_owned(), 401.into())),
        "{expired:?}"
    );
    assert!(
        expired.contains(&("token_issued".to_owned(), Value::Null)),
        "{expired:?}"
    );
    let refused = events_of("503_on_a_page");
    assert!(
        refused.contains(&("api_call".to_owned(), 503.into())),
        "{refused:?}"
    );
    assert!(
        refused.contains(&("retry".to_owned(), Value::Null)),
        "{refused:?}"
    );
}
