use std::io::Write;

use ferroforce::reports::ReportStatus;
use ferroforce::search::{ParameterizedSearch, SearchIn, SearchObject};
use ferroforce::ui_api::IdempotencyKey;
use ferroforce::{Record, Salesforce, Soql};
use ferroforce_org::{Fault, LocalOrg};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{client, contacts, start};

#[tokio::test]
async fn searches_find_what_was_typed_in_and_nothing_else() {
    let (_org, salesforce) = start().await;
    let create = async |name: &str| {
        let contact = json!({"LastName": name});
        salesforce
            .sobject("Contact")
            .create(&contact)
            .await
            .unwrap();
    };
    create("Lovelace").await;
    create("O'Hara").await;
    let find = async |text: &str| {
        let found = salesforce
            .search("FIND {:text} IN NAME FIELDS RETURNING Contact(Id, LastName), Account(Id)")
            .term("text", text)
            .fetch::<Record>()
            .await
            .unwrap();
        found
            .of("Contact")
            .map(|record| record.get::<String>("LastName").unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(find("lovelace").await, ["Lovelace"]);
    assert_eq!(find("O'Hara").await, ["O'Hara"]);
    for nothing in [
        "Love*",
        "Lovelace} RETURNING User(Id",
        "x OR Lovelace",
        "Love?ace",
    ] {
        assert!(find(nothing).await.is_empty(), "{nothing}");
    }
    let search = ParameterizedSearch::new("Lovelace")
        .search_in(SearchIn::Name)
        .object(
            SearchObject::new("Contact")
                .fields(["Id", "LastName"])
                .filter(Soql::new("LastName != :no").bind("no", "x")),
        );
    let found = salesforce.parameterized_search::<Record>(&search).await;
    assert_eq!(found.unwrap().records.len(), 1);
    for name in ["Byron A", "Byron B", "Byron C"] {
        create(name).await;
    }
    let object = SearchObject::new("Contact").fields(["LastName"]);
    let search = ParameterizedSearch::new("Byron").object(object.order_by("LastName"));
    let search = search.offset(1);
    let found = salesforce.parameterized_search::<Record>(&search).await;
    let found = found.unwrap();
    let names = found.of("Contact").map(|record| record.get("LastName"));
    let names: Vec<String> = names.collect::<Result<_, _>>().unwrap();
    assert_eq!(names, ["Byron B", "Byron C"]);
    let error = salesforce.search("FIND").fetch::<Record>().await;
    assert_eq!(
        error.unwrap_err().code().unwrap().as_str(),
        "MALFORMED_SEARCH"
    );
}

#[tokio::test]
async fn what_the_org_serves() {
    let (_org, salesforce) = start().await;
    let versions = salesforce.versions().await.unwrap();
    assert!(versions.iter().any(|version| version.version == "66.0"));
    let resources = salesforce.resources().await.unwrap();
    assert!(resources.get("query").unwrap().ends_with("/query"));
    contacts(&salesforce, 2, None).await;
    let counts = salesforce.record_counts(["Contact"]).await.unwrap();
    assert_eq!(counts.get("Contact"), Some(2));
    let tabs = salesforce.tabs().await.unwrap();
    assert!(
        tabs.iter()
            .any(|tab| tab.sobject_name.as_deref() == Some("Account"))
    );
}

/// However often it is sent, there is one record.
#[tokio::test]
async fn a_create_under_a_key_is_never_doubled_and_gets_through() {
    let (org, salesforce) = start().await;
    let records = salesforce.ui_records();
    for (number, fault) in [
        Fault::unavailable(),
        Fault::html(),
        Fault::cut_before(),
        Fault::cut_after(),
        Fault::cut_body(10),
        Fault::cut_chunked_body(10),
        Fault::expired_session(),
    ]
    .into_iter()
    .enumerate()
    {
        let what = format!("{fault:?}");
        org.faults().add(fault.path("/services/data/").times(1));
        let name = format!("Acme {number}");
        let created = records.create("Account", &json!({"Name": name})).await;
        org.faults().clear();
        assert_eq!(created.unwrap().value::<String>("Name").unwrap(), name);
        let there = salesforce
            .query("SELECT COUNT() FROM Account WHERE Name = :name")
            .bind("name", name);
        assert_eq!(there.count().await.unwrap(), 1, "{what}");
    }
    // The one that was cut off is still under way when it is sent again.
    let path = "/services/data/*/ui-api/records";
    let conflict = Fault::error(
        StatusCode::CONFLICT,
        "IDEMPOTENCY_KEY_IN_USE",
        "still under way",
    );
    org.faults()
        .add(conflict.retry_after(0).path(path).skip(1).times(1));
    org.faults().add(Fault::cut_after().path(path).times(1));
    let before = org.requests().len();
    let created = records.create("Account", &json!({"Name": "Twice"})).await;
    org.faults().clear();
    assert_eq!(org.requests().len() - before, 3);
    let twice = salesforce.query("SELECT Id FROM Account WHERE Name = 'Twice'");
    let twice: Record = twice.fetch_one().await.unwrap();
    assert_eq!(twice.id(), Some(created.unwrap().id));

    let key = IdempotencyKey::generate();
    let create = |name: &str| records.create_with_key("Account", &json!({"Name": name}), &key);
    let first = create("A").await.unwrap().id;
    assert_eq!(create("A").await.unwrap().id, first);
    let error = create("B").await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 422);
    assert!(error.to_string().contains("make a new one"), "{error}");
}

#[tokio::test]
async fn apex_and_actions_are_called_once() {
    let (org, salesforce) = start().await;
    let echo = async || {
        salesforce
            .apex_rest(Method::PUT, ["echo", "a/b", "c d"])
            .query("q", "1&2")
            .json_body(&json!({"n": 1}))
            .json::<Value>()
            .await
    };
    let answer = echo().await.unwrap();
    assert_eq!(answer["method"], "PUT");
    assert_eq!(answer["parameters"]["q"], "1&2");
    assert_eq!(answer["body"], r#"{"n":1}"#);
    let action = salesforce.actions().custom("apex", "Echo");
    assert!(action.describe().await.unwrap().inputs[0].required);
    let inputs = [json!({"message": "a"}), json!({"message": "b"})];
    let results = action.invoke::<Value>(&inputs).await.unwrap();
    let outputs: Vec<_> = results
        .iter()
        .map(|result| result.output_values.as_ref().unwrap().to_string())
        .collect();
    assert!(outputs[0].contains("\"a\"") && outputs[1].contains("\"b\""));

    let before = org.requests().len();
    for fault in [Fault::unavailable(), Fault::cut_after()] {
        org.faults().add(fault.clone().path("/services/").times(1));
        assert!(echo().await.unwrap_err().may_have_been_processed());
        org.faults().clear();
        org.faults().add(fault.path("/services/").times(1));
        let error = action.invoke::<Value>(&inputs).await.unwrap_err();
        assert!(error.may_have_been_processed());
        org.faults().clear();
    }
    assert_eq!(org.requests().len() - before, 4);

    // A locked record undoes what was done.
    org.faults()
        .add(Fault::locked_row().path("/services/").times(1));
    let results = action.invoke::<Value>(&inputs).await.unwrap();
    assert!(results.iter().all(|result| result.is_success));
    assert_eq!(org.requests().len() - before, 6);
}

/// An org with an event and a named query.
async fn with_event_and_query() -> (LocalOrg, Salesforce) {
    let folder = tempfile::tempdir().unwrap();
    let (schema, seed) = (
        folder.path().join("schema.toml"),
        folder.path().join("seed.toml"),
    );
    let event = r#"
        [Shipped__e.fields]
        Number__c = { type = "string", length = 20 }
    "#;
    let query = r#"
        [[named_queries]]
        name = "byName"
        soql = "SELECT LastName FROM Contact WHERE LastName = :name"
    "#;
    std::fs::write(&schema, event).unwrap();
    std::fs::write(&seed, query).unwrap();
    let org = LocalOrg::builder()
        .schema_file(&schema)
        .seed_file(&seed)
        .start()
        .await
        .unwrap();
    let salesforce = client(&org);
    (org, salesforce)
}

#[tokio::test]
async fn named_queries_are_asked_whatever_goes_wrong() {
    let (org, salesforce) = with_event_and_query().await;
    contacts(&salesforce, 3, None).await;
    for fault in super::faults::troubles() {
        let what = format!("{fault:?}");
        org.faults().add(fault.path("/services/data/").times(1));
        let query = salesforce.named_query("byName", [("name", "C 1")]);
        let found: Record = query.fetch_one().await.unwrap();
        org.faults().clear();
        assert_eq!(found.get::<&str>("LastName").unwrap(), "C 1", "{what}");
    }
}

#[tokio::test]
async fn an_event_is_published_once_or_the_error_says_that_it_may_have_been() {
    let (org, salesforce) = with_event_and_query().await;
    let shipped = salesforce.platform_event("Shipped__e");
    let event = json!({"Number__c": "4711"});
    let sent = || {
        let requests = org.requests();
        let events = requests
            .iter()
            .filter(|sent| sent.path.ends_with("/Shipped__e"));
        events.count()
    };
    assert!(shipped.publish(&event).await.unwrap().uuid.is_some());
    for fault in super::faults::troubles() {
        let what = format!("{fault:?}");
        // Of an expired session the org looks at nothing else.
        let most = match fault == Fault::expired_session() {
            true => 2,
            false => 1,
        };
        let before = sent();
        org.faults().add(fault.path("/services/data/").times(1));
        let outcome = shipped.publish(&event).await;
        org.faults().clear();
        assert_eq!(sent() - before, most, "{what}");
        match outcome {
            Ok(published) => assert!(published.uuid.is_some(), "{what}"),
            Err(error) => assert!(error.may_have_been_processed(), "{what}: {error}"),
        }
    }
}

const REPORT: &str = r#"
    [[reports]]
    name = "Contacts"
    object = "Contact"
    columns = ["LastName", "Account.Name"]
    sort_by = { column = "LastName" }
"#;

/// How many rows a report shows.
fn rows(shown: &Record) -> usize {
    let facts: Value = serde_json::from_str(shown.json("factMap").unwrap()).unwrap();
    facts["T!T"]["rows"].as_array().unwrap().len()
}

#[tokio::test]
async fn reports_are_run_whatever_goes_wrong() {
    let mut seed = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    seed.write_all(REPORT.as_bytes()).unwrap();
    let builder = LocalOrg::builder().seed_file(seed.path());
    let org = builder.start().await.unwrap();
    let salesforce = client(&org);
    contacts(&salesforce, 3, None).await;
    for fault in super::faults::troubles() {
        let what = format!("{fault:?}");
        let trouble = || {
            org.faults().clear();
            org.faults()
                .add(fault.clone().path("/services/data/").times(1))
        };
        trouble();
        let reports = salesforce.reports().await.unwrap();
        assert_eq!(reports[0].name, "Contacts", "{what}");
        let report = salesforce.report(reports[0].id).include_details();
        trouble();
        let described: Record = report.describe().await.unwrap();
        assert!(described.json("reportMetadata").is_some(), "{what}");
        trouble();
        assert_eq!(rows(&report.run().await.unwrap()), 3, "{what}");
        let one = json!({"column": "LastName", "operator": "equals", "value": "C 1"});
        let filtered = report.clone().metadata(&json!({"reportFilters": [one]}));
        trouble();
        assert_eq!(rows(&filtered.run().await.unwrap()), 1, "{what}");
        trouble();
        let run = filtered.start().await.unwrap();
        trouble();
        assert_eq!(rows(&run.wait().await.unwrap()), 1, "{what}");
        trouble();
        let instances = report.instances().await.unwrap();
        assert_eq!(instances[0].id, run.id(), "{what}");
        assert_eq!(instances[0].status, ReportStatus::Success);
    }
    let error = salesforce.report("00OLo0000000999").run::<Record>().await;
    assert!(error.unwrap_err().is_not_found());
}

/// Each other write takes place once, or the error says that it may have.
#[tokio::test]
async fn every_other_write_is_accounted_for() {
    let (org, salesforce) = start().await;
    let levels = salesforce.tooling().sobject("DebugLevel");
    let records = salesforce.ui_records();
    for (number, fault) in super::faults::troubles().into_iter().enumerate() {
        let what = format!("{fault:?}");
        let trouble = || {
            org.faults().clear();
            org.faults()
                .add(fault.clone().path("/services/data/").times(1))
        };
        let name = format!("L{number}");
        let there = async || {
            org.faults().clear();
            salesforce
                .tooling()
                .query("SELECT Id FROM DebugLevel WHERE DeveloperName = :name")
                .bind("name", name.as_str())
                .fetch_all::<Record>()
                .await
                .unwrap()
        };
        let level = json!({"DeveloperName": name, "MasterLabel": name, "ApexCode": "FINE"});
        trouble();
        match levels.create(&level).await {
            Ok(created) => assert_eq!(there().await[0].id(), Some(created.id), "{what}"),
            Err(error) => assert!(
                error.may_have_been_processed() && there().await.len() <= 1,
                "{what}: {error}"
            ),
        }
        org.faults().clear();
        let id = match there().await.first().and_then(Record::id) {
            Some(id) => id,
            None => levels.create(&level).await.unwrap().id,
        };
        trouble();
        levels
            .update(id, &json!({"ApexCode": "INFO"}))
            .await
            .unwrap();
        trouble();
        let read: Record = levels.get(id).await.unwrap();
        assert_eq!(read.get::<&str>("ApexCode").unwrap(), "INFO", "{what}");
        trouble();
        levels.delete(id).await.unwrap();
        assert!(there().await.is_empty(), "{what}");

        org.faults().clear();
        let acme = json!({"Name": "Acme"});
        let id = records.create("Account", &acme).await.unwrap().id;
        trouble();
        let changed = records.update(id, &json!({"Name": "New"})).await.unwrap();
        assert_eq!(changed.value::<String>("Name").unwrap(), "New", "{what}");
        trouble();
        let read = records.get(id, ["Account.Name"]).await.unwrap();
        assert_eq!(read.value::<String>("Name").unwrap(), "New", "{what}");
        trouble();
        records.delete(id).await.unwrap();
        org.faults().clear();
        let gone = records.get(id, ["Account.Name"]).await;
        assert!(gone.unwrap_err().is_not_found(), "{what}");
    }
}

#[tokio::test]
async fn code_is_written_read_and_queried_and_not_run() {
    let (_org, salesforce) = start().await;
    let tooling = salesforce.tooling();
    let levels = tooling.sobject("DebugLevel");
    let level = json!({"DeveloperName": "Fine", "MasterLabel": "Fine", "ApexCode": "FINE"});
    let id = levels.create(&level).await.unwrap().id;
    levels
        .update(id, &json!({"ApexCode": "FINEST"}))
        .await
        .unwrap();
    let read: Record = levels.get(id).await.unwrap();
    assert_eq!(read.get::<&str>("ApexCode").unwrap(), "FINEST");
    let found: Record = tooling
        .query("SELECT Id, ApexCode FROM DebugLevel WHERE DeveloperName = :name")
        .bind("name", "Fine")
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(found.id(), Some(id));
    let described = levels.describe().await.unwrap();
    assert_eq!(described.get::<&str>("name").unwrap(), "DebugLevel");
    levels.delete(id).await.unwrap();
    assert!(levels.get::<Record>(id).await.unwrap_err().is_not_found());
    let error = tooling.execute_anonymous("x();").await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 501);
}
