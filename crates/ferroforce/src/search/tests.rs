use serde_json::{Value, json};

use super::*;
use crate::error::ErrorKind;
use crate::script::{Counting, Reply, Script, client};
use crate::soql::Soql;
use crate::types::Record;

fn found() -> Reply {
    let record = |object: &str, name: &str| json!({"attributes": {"type": object}, "Name": name});
    Reply::json(
        200,
        &json!({
            "searchRecords": [record("Account", "Acme"), record("Contact", "Ada")],
            "metadata": {"entityMetadata": [{
                "entityName": "Contact",
                "fieldMetadata": [{"name": "Name", "label": "Full Name"}],
            }]},
        })
        .to_string(),
    )
}

#[tokio::test(start_paused = true)]
async fn a_search_finds_records_of_several_objects() {
    let script = Script::replies([found()]);
    let results = client(Counting::tokens(), &script)
        .search("FIND {:text} RETURNING :fields")
        .term("text", "x} & y")
        .names("fields", ["Account", "Contact"])
        .fetch::<Record>()
        .await
        .unwrap();
    assert_eq!(results.records.len(), 2);
    let ada = results.of("contact").next().unwrap();
    assert_eq!(ada.get::<&str>("Name").unwrap(), "Ada");
    let labels = &results.metadata.as_ref().unwrap().entity_metadata[0];
    assert_eq!(labels.field_metadata[0].label, "Full Name");
    assert_eq!(
        script.sent()[0].uri.path_and_query().unwrap().as_str(),
        "/services/data/v66.0/search?q=FIND+%7Bx%5C%7D+%5C%26+y%7D+RETURNING+Account%2C+Contact"
    );
}

#[tokio::test(start_paused = true)]
async fn old_versions_answer_with_a_list() {
    let script = Script::replies([Reply::json(
        200,
        r#" [{"attributes":{"type":"A"},"Id":"x"}]"#,
    )]);
    let search = client(Counting::tokens(), &script).search("FIND {x}");
    let results = search.fetch::<Value>().await.unwrap();
    assert_eq!(results.into_iter().next().unwrap()["Id"], "x");
}

#[tokio::test(start_paused = true)]
async fn parameters_are_sent_as_a_body_and_may_be_sent_twice() {
    let script = Script::replies([Reply::html(503), found()]);
    let salesforce = client(Counting::tokens(), &script);
    let search = ParameterizedSearch::new("Ac\"me}")
        .search_in(SearchIn::Name)
        .fields(["Id"])
        .overall_limit(100)
        .offset(2000)
        .snippet(50)
        .labels()
        .object(
            SearchObject::new("Account")
                .fields(["Id", "Name"])
                .filter(Soql::new("Industry = :i").bind("i", "O'x"))
                .order_by("Name")
                .limit(5),
        );
    let results = salesforce.parameterized_search::<Record>(&search).await;
    assert_eq!(results.unwrap().records.len(), 2);
    let body: Value = serde_json::from_slice(&script.sent()[1].body).unwrap();
    assert_eq!(
        body,
        json!({
            "q": "Ac\"me}",
            "in": "NAME",
            "fields": ["Id"],
            "sobjects": [{
                "name": "Account",
                "fields": ["Id", "Name"],
                "limit": 5,
                "where": r"Industry = 'O\'x'",
                "orderBy": "Name",
            }],
            "overallLimit": 100,
            "offset": 2000,
            "snippet": 50,
            "metadata": "LABELS",
        })
    );
}

#[tokio::test(start_paused = true)]
async fn bad_searches_are_refused_before_anything_is_sent() {
    let script = Script::replies([found()]);
    let salesforce = client(Counting::tokens(), &script);
    let nothing = salesforce.search("FIND {:text}").term("text", " ");
    let unbound = salesforce.search("FIND {:text}");
    for search in [nothing, unbound] {
        let error = search.fetch::<Record>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    for search in [
        ParameterizedSearch::new(" "),
        ParameterizedSearch::new("x").overall_limit(0),
        ParameterizedSearch::new("x").default_limit(2001),
        ParameterizedSearch::new("x").object(SearchObject::new("A").limit(2001)),
        ParameterizedSearch::new("x").object(SearchObject::new("A").filter("B = :c")),
        ParameterizedSearch::new("x").offset(1),
        ParameterizedSearch::new("x")
            .object(SearchObject::new("A"))
            .object(SearchObject::new("B"))
            .offset(1),
        ParameterizedSearch::new("x")
            .object(SearchObject::new("A"))
            .offset(2001),
        ParameterizedSearch::new("x").snippet(49),
        ParameterizedSearch::new("x").snippet(1001),
    ] {
        let error = salesforce.parameterized_search::<Record>(&search).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    assert_eq!(script.count(), 0);
}

#[test]
fn a_quote_may_be_escaped_in_the_program_s_own_text() {
    let sosl = Sosl::new(r"FIND {O\'Hara} RETURNING Contact(Id WHERE Name = :n)").bind("n", "x");
    assert!(sosl.render().unwrap().ends_with("Name = 'x')"));
}
