use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::json;

use super::Client;

/// An org with this many contacts.
async fn crowd(size: usize) -> Client {
    let client = Client::new();
    for n in 0..size {
        client
            .create("Contact", &json!({"LastName": format!("Doe {n:03}")}))
            .await;
    }
    client
}

#[tokio::test]
async fn a_query_answers_its_records() {
    let client = crowd(2).await;
    let answer = client
        .query("SELECT lastname, Id FROM contact ORDER BY LastName DESC LIMIT 1")
        .await;
    let id = answer.json()["records"][0]["Id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        answer.text(),
        format!(
            r#"{{"totalSize":1,"done":true,"records":[{{"attributes":{{"type":"Contact","url":"/services/data/v66.0/sobjects/Contact/{id}"}},"LastName":"Doe 001","Id":"{id}"}}]}}"#
        )
    );
    let count = client.query("SELECT COUNT() FROM Contact").await;
    assert_eq!(count.text(), r#"{"totalSize":2,"done":true,"records":[]}"#);
}

#[tokio::test]
async fn pages_follow_each_other_whatever_is_written_meanwhile() {
    let client = crowd(450).await;
    let request = client
        .request(
            "GET",
            "/query/?q=SELECT+LastName+FROM+Contact+ORDER+BY+LastName",
        )
        .header("sforce-query-options", "batchSize=200");
    let mut answer = client.raw(request.body(Body::empty()).unwrap()).await;
    client.create("Contact", &json!({"LastName": "AAA"})).await;

    let mut names = Vec::new();
    let mut offsets = Vec::new();
    loop {
        let page = answer.json();
        assert_eq!(page["totalSize"], 450);
        let records = page["records"].as_array().unwrap();
        names.extend(
            records
                .iter()
                .map(|record| record["LastName"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page.get("nextRecordsUrl") else {
            assert_eq!(page["done"], true);
            break;
        };
        assert_eq!(page["done"], false);
        let next = next
            .as_str()
            .unwrap()
            .strip_prefix("/services/data/v66.0")
            .unwrap();
        let (_, offset) = next.split_once('-').unwrap();
        offsets.push(offset.to_owned());
        // Both resources know every locator.
        answer = client.get(&next.replace("/query/", "/queryAll/")).await;
    }
    assert_eq!(offsets, ["200", "400"]);
    let expected: Vec<String> = (0..450).map(|n| format!("Doe {n:03}")).collect();
    assert_eq!(names, expected);
}

#[tokio::test]
async fn children_have_pages_of_their_own() {
    let client = Client::new();
    let account = client.create("Account", &json!({"Name": "Acme"})).await;
    for n in 0..450 {
        let contact = json!({"LastName": format!("Doe {n:03}"), "AccountId": account});
        client.create("Contact", &contact).await;
    }
    let soql = "SELECT+Name,(SELECT+LastName+FROM+Contacts+ORDER+BY+LastName)+FROM+Account";
    let request = client
        .request("GET", &format!("/query/?q={soql}"))
        .header("sforce-query-options", "batchSize=200");
    let answer = client
        .raw(request.body(Body::empty()).unwrap())
        .await
        .json();
    assert_eq!(
        (&answer["totalSize"], &answer["done"]),
        (&json!(1), &json!(true))
    );
    client
        .create("Contact", &json!({"LastName": "AAA", "AccountId": account}))
        .await;

    let mut page = answer["records"][0]["Contacts"].clone();
    let mut names = Vec::new();
    let mut offsets = Vec::new();
    loop {
        assert_eq!(page["totalSize"], 450);
        let records = page["records"].as_array().unwrap().iter();
        names.extend(records.map(|record| record["LastName"].as_str().unwrap().to_owned()));
        assert_eq!(page["done"], page.get("nextRecordsUrl").is_none());
        let Some(next) = page["nextRecordsUrl"].as_str() else {
            break;
        };
        let next = next.strip_prefix("/services/data/v66.0").unwrap();
        offsets.push(next.split_once('-').unwrap().1.to_owned());
        page = client.get(next).await.json();
    }
    // The parent counts too.
    assert_eq!(offsets, ["199", "399"]);
    let expected: Vec<String> = (0..450).map(|n| format!("Doe {n:03}")).collect();
    assert_eq!(names, expected);
}

#[tokio::test]
async fn deleted_records_are_for_query_all() {
    let client = crowd(2).await;
    let found = client.query("SELECT Id FROM Contact").await.json();
    let id = found["records"][0]["Id"].as_str().unwrap().to_owned();
    client.delete(&format!("/sobjects/Contact/{id}")).await;
    assert_eq!(
        client.query("SELECT Id FROM Contact").await.json()["totalSize"],
        1
    );
    let all = client
        .get("/queryAll?q=SELECT+Id,IsDeleted+FROM+Contact+WHERE+IsDeleted=true")
        .await;
    assert_eq!(all.json()["totalSize"], 1);
    assert_eq!(all.json()["records"][0]["Id"], id);
}

#[tokio::test]
async fn locators_that_lead_nowhere() {
    let client = crowd(1).await;
    for locator in [
        "x",
        "01gLo0000000001AAA-2000",
        "01gLo0000000001",
        "-",
        "01gLo0000000001-x",
    ] {
        let answer = client.get(&format!("/query/{locator}")).await;
        assert_eq!(answer.error().1, "INVALID_QUERY_LOCATOR", "{locator}");
    }
    assert_eq!(client.get("/query").await.error().1, "MALFORMED_QUERY");
}

#[tokio::test]
async fn a_query_can_be_asked_for_its_columns() {
    let client = Client::new();
    let columns = client
        .get("/query?q=SELECT+Name+FROM+Account&columns=true")
        .await
        .json();
    assert_eq!(
        columns["columnMetadata"][0]["columnName"], "Name",
        "{columns}"
    );
}

#[tokio::test]
async fn a_query_can_be_asked_for_its_plans() {
    let client = crowd(4).await;
    let account = client.create("Account", &json!({"Name": "Acme"})).await;
    let contact = json!({"LastName": "Last", "AccountId": account});
    let id = client.create("Contact", &contact).await;
    let plans = async |soql: &str| {
        let q: String = form_urlencoded::byte_serialize(soql.as_bytes()).collect();
        client.get(&format!("/query/?explain={q}")).await
    };
    let soql =
        "SELECT Name FROM Contact WHERE AccountId = '001Lo0000000001' AND LastName LIKE 'L%'";
    let note = |field: &str| {
        json!({
            "description": "Not considering filter for optimization because unindexed",
            "fields": [field],
            "tableEnumOrId": "Contact",
        })
    };
    let notes = json!([note("LastName"), note("IsDeleted")]);
    let answer = plans(soql).await;
    assert_eq!(
        answer.json(),
        json!({
            "plans": [
                {
                    "cardinality": 1,
                    "fields": ["AccountId"],
                    "leadingOperationType": "Index",
                    "notes": notes,
                    "relativeCost": 1.0,
                    "sobjectCardinality": 5,
                    "sobjectType": "Contact",
                },
                {
                    "cardinality": 1,
                    "fields": [],
                    "leadingOperationType": "TableScan",
                    "notes": notes,
                    "relativeCost": 5.0,
                    "sobjectCardinality": 5,
                    "sobjectType": "Contact",
                },
            ],
            "sourceQuery": soql,
        })
    );
    assert!(
        answer
            .text()
            .starts_with(r#"{"plans":[{"cardinality":1,"fields""#)
    );

    for (soql, kind, found, fields) in [
        (
            &format!("SELECT Id FROM Contact WHERE Id = '{id}'")[..],
            "Index",
            1,
            json!(["Id"]),
        ),
        (
            "SELECT Id FROM Contact WHERE LastName != null",
            "TableScan",
            5,
            json!([]),
        ),
        (
            "SELECT Id FROM Contact ORDER BY AccountId LIMIT 2",
            "TableScan",
            2,
            json!([]),
        ),
        (
            "SELECT COUNT() FROM Contact WHERE AccountId = null",
            "Index",
            4,
            json!(["AccountId"]),
        ),
        (
            "SELECT AccountId, COUNT(Id) FROM Contact GROUP BY AccountId",
            "TableScan",
            2,
            json!([]),
        ),
        (
            "SELECT Id FROM Contact WHERE Account.Name = 'Acme'",
            "TableScan",
            1,
            json!([]),
        ),
    ] {
        let answer = plans(soql).await.json();
        let plan = &answer["plans"][0];
        assert_eq!(plan["leadingOperationType"], kind, "{soql}");
        assert_eq!(plan["cardinality"], found, "{soql}");
        assert_eq!(plan["fields"], fields, "{soql}");
    }

    for (soql, code) in [
        ("SELECT Id FROM", "MALFORMED_QUERY"),
        ("SELECT Nope FROM Contact", "INVALID_FIELD"),
        ("00OLo0000000001", "INVALID_ID"),
        ("00BLo0000000001AAA", "INVALID_ID"),
    ] {
        assert_eq!(plans(soql).await.error().1, code, "{soql}");
    }
}

#[tokio::test]
async fn records_are_marked_as_viewed_and_referred_to() {
    let client = crowd(2).await;
    let at = |moment: &str| client.org.clock.stop_at(moment.parse().unwrap());
    let dates = async || {
        let soql =
            "SELECT LastViewedDate, LastReferencedDate FROM Contact WHERE LastName = 'Doe 000'";
        let record = client.query(soql).await.json()["records"][0].clone();
        ["LastViewedDate", "LastReferencedDate"].map(|name| record[name].clone())
    };
    assert_eq!(dates().await, [json!(null), json!(null)]);
    at("2026-05-02T12:00:00Z");
    let one = "SELECT Id FROM Contact WHERE LastName = 'Doe 000'";
    assert_eq!(
        client.query(&format!("{one} FOR REFERENCE")).await.json()["totalSize"],
        1
    );
    let first = json!("2026-05-02T12:00:00.000+0000");
    assert_eq!(dates().await, [json!(null), first]);
    at("2026-05-02T13:00:00Z");
    client.query(&format!("{one} FOR VIEW")).await;
    let second = json!("2026-05-02T13:00:00.000+0000");
    assert_eq!(dates().await, [second.clone(), second]);
    let recent = client.get("/sobjects/Contact").await.json();
    assert_eq!(recent["recentItems"][0]["Name"], "Doe 000");
}

#[tokio::test]
async fn open_questions_are_answered_as_the_policies_say() {
    let client = Client::new();
    client.create("Contact", &json!({"LastName": "Doe"})).await;
    let negation = "SELECT COUNT() FROM Contact WHERE FirstName != 'Ann'";
    assert_eq!(client.query(negation).await.json()["totalSize"], 1);
    client.org.auth.set_policies(crate::Policies {
        negations_drop_nulls: true,
        ..Default::default()
    });
    assert_eq!(client.query(negation).await.json()["totalSize"], 0);
}

#[tokio::test]
async fn slow_queries_are_ended_by_the_orgs_clock() {
    let client = Client::new();
    let before = client.org.clock.now();
    client.org.clock.stop_at(before);
    for (skip, seconds) in [(0, 119), (1, 600)] {
        let fault = json!({
            "path": "/services/data/*/query*",
            "skip": skip,
            "effect": {"kind": "slow_query", "seconds": seconds},
        });
        let request = Request::post("/__org/faults")
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("x-org-admin-token", client.org.admin.token.expose());
        let added = client.raw(request.body(Body::from(fault.to_string())).unwrap());
        assert!(added.await.status.is_success());
    }
    let soql = "SELECT COUNT() FROM Contact";
    assert_eq!(client.get("/limits").await.status, StatusCode::OK);
    assert_eq!(client.query(soql).await.status, StatusCode::OK);
    assert_eq!(client.org.clock.now().duration_since(before).as_secs(), 119);
    assert_eq!(
        client.query(soql).await.error(),
        (
            400,
            "QUERY_TIMEOUT".to_owned(),
            "Your query request was running for too long.".to_owned()
        )
    );
    // No more than two minutes are given to it.
    assert_eq!(
        client.org.clock.now().duration_since(before).as_secs(),
        119 + 120
    );
    assert_eq!(client.query(soql).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_organization_is_there() {
    let client = Client::new();
    let soql = "SELECT Name, InstanceName, IsSandbox, TrialExpirationDate, NamespacePrefix, OrganizationType FROM Organization";
    let found = client.query(soql).await.json();
    assert_eq!(found["totalSize"], 1, "{found}");
    assert_eq!(found["records"][0]["IsSandbox"], false);
    assert_eq!(found["records"][0]["NamespacePrefix"], json!(null));
    let user = client
        .query("SELECT Username, Profile.Name FROM User")
        .await
        .json();
    let name = &client.org.auth.first_member().user.username;
    assert_eq!(user["records"][0]["Username"], name.as_str());
    assert_eq!(
        user["records"][0]["Profile"]["Name"],
        "System Administrator"
    );
}

#[tokio::test]
async fn cursors_end_when_the_org_goes_back() {
    let client = crowd(201).await;
    crate::admin::remember_start(&client.org).await.unwrap();
    let reset = || {
        Request::post("/__org/reset")
            .header("host", "localhost")
            .header("x-org-admin-token", client.org.admin.token.expose())
            .body(Body::empty())
            .unwrap()
    };
    let next_page = async || {
        let page = client
            .request("GET", "/query?q=SELECT+Id+FROM+Contact")
            .header("sforce-query-options", "batchSize=200");
        let page = client.raw(page.body(Body::empty()).unwrap()).await.json();
        let next = page["nextRecordsUrl"].as_str().unwrap();
        next.strip_prefix("/services/data/v66.0")
            .unwrap()
            .to_owned()
    };
    let old = next_page().await;
    assert_eq!(client.get(&old).await.status, StatusCode::OK);
    assert_eq!(client.raw(reset()).await.status, StatusCode::NO_CONTENT);
    let new = next_page().await;
    assert_eq!(client.get(&new).await.status, StatusCode::OK);
    assert_eq!(
        client.get(&old).await.error(),
        (
            400,
            "INVALID_QUERY_LOCATOR".to_owned(),
            "invalid query locator".to_owned()
        )
    );
}

#[tokio::test]
async fn a_later_page_speaks_the_version_that_it_is_asked_under() {
    let client = crowd(401).await;
    let page = async |path: &str| {
        let request = client
            .request("GET", "")
            .uri(path)
            .header("sforce-query-options", "batchSize=200");
        client
            .raw(request.body(Body::empty()).unwrap())
            .await
            .json()
    };
    let first = page("/services/data/v66.0/query?q=SELECT+Id+FROM+Contact").await;
    let next = first["nextRecordsUrl"].as_str().unwrap();
    let second = page(&next.replace("v66.0", "v60.0")).await;
    for path in [
        &second["nextRecordsUrl"],
        &second["records"][0]["attributes"]["url"],
    ] {
        let path = path.as_str().unwrap();
        assert!(path.starts_with("/services/data/v60.0/"), "{path}");
    }
}
