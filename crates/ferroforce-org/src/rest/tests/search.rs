use http::StatusCode;
use serde_json::{Value, json};

use super::Client;
use super::client::Answer;

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn search(client: &Client, sosl: &str) -> Answer {
    client.get(&format!("/search/?q={}", encoded(sosl))).await
}

/// What the records of an answer hold in a field, in order.
fn column(answer: &Answer, field: &str) -> Vec<String> {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let json = answer.json();
    let records = json["searchRecords"].as_array().unwrap().clone();
    let value = |record: &Value| record[field].as_str().unwrap_or("-").to_owned();
    records.iter().map(value).collect()
}

/// The names of the accounts that a term finds.
async fn accounts(client: &Client, term: &str) -> Vec<String> {
    let sosl = format!("FIND {{{term}}} RETURNING Account(Name ORDER BY Name)");
    column(&search(client, &sosl).await, "Name")
}

async fn with_accounts(names: &[&str]) -> Client {
    let client = Client::new();
    for name in names {
        client.create("Account", &json!({"Name": name})).await;
    }
    client
}

/// Two accounts, a contact and a lead.
async fn acme() -> Client {
    let client = Client::new();
    let acme = json!({"Name": "Acme Corp", "Website": "https://acme.example", "Phone": "555 0100",
        "BillingCity": "Springfield", "Description": "Rockets & more"});
    let acme = client.create("Account", &acme).await;
    let other = json!({"Name": "Springfield Power", "Description": "buys from Acme"});
    client.create("Account", &other).await;
    let contact = json!({"FirstName": "Wile", "LastName": "Coyote", "AccountId": acme,
        "Email": "wile@acme.example", "Title": "Acme tester"});
    client.create("Contact", &contact).await;
    let lead = json!({"LastName": "Runner", "Company": "Acme Birds"});
    client.create("Lead", &lead).await;
    client
}

#[tokio::test]
async fn without_returning_the_ids_of_all_that_is_found_are_answered() {
    let client = acme().await;
    let answer = search(&client, "FIND {springfield}").await;
    let ids = column(&answer, "Id");
    assert_eq!(
        answer.text(),
        format!(
            r#"{{"searchRecords":[{{"attributes":{{"type":"Account","url":"/services/data/v66.0/sobjects/Account/{0}"}},"Id":"{0}"}},{{"attributes":{{"type":"Account","url":"/services/data/v66.0/sobjects/Account/{1}"}},"Id":"{1}"}}]}}"#,
            ids[0], ids[1]
        )
    );
    let answer = search(&client, "find {acme}").await.json();
    let types: Vec<&str> = (answer["searchRecords"].as_array().unwrap().iter())
        .map(|record| record["attributes"]["type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["Account", "Account", "Contact", "Lead"]);
    let nothing = search(&client, "FIND {nowhere}").await;
    assert_eq!(nothing.text(), r#"{"searchRecords":[]}"#);
}

#[tokio::test]
async fn older_versions_answer_a_bare_array() {
    let client = acme().await;
    for (version, bare) in [("v36.0", true), ("v37.0", false)] {
        let request = client.request("GET", "").uri(format!(
            "/services/data/{version}/search?q=FIND+%7Brockets%7D"
        ));
        let answer = client.raw(request.body("".into()).unwrap()).await;
        assert_eq!(answer.json().is_array(), bare, "{version}");
    }
}

#[tokio::test]
async fn groups_of_fields() {
    let client = acme().await;
    for (group, names) in [
        ("ALL", &["Acme Corp", "Springfield Power"][..]),
        ("NAME", &["Acme Corp"]),
        ("EMAIL", &[]),
        ("PHONE", &[]),
        ("SIDEBAR", &["Acme Corp"]),
    ] {
        let sosl = format!("FIND {{acme}} IN {group} FIELDS RETURNING Account(Name)");
        assert_eq!(
            column(&search(&client, &sosl).await, "Name"),
            names,
            "{group}"
        );
    }
    for (sosl, names) in [
        (
            "FIND {wile@acme.example} IN EMAIL FIELDS RETURNING Contact(Name)",
            &["Wile Coyote"][..],
        ),
        ("FIND {wile} IN PHONE FIELDS RETURNING Contact(Name)", &[]),
        (
            "FIND {\"Wile Coyote\"} IN NAME FIELDS RETURNING Contact(Name)",
            &["Wile Coyote"],
        ),
        (
            "FIND {0100} IN PHONE FIELDS RETURNING Account(Name)",
            &["Acme Corp"],
        ),
        (
            "FIND {birds} IN NAME FIELDS RETURNING Lead(Name)",
            &["Runner"],
        ),
    ] {
        assert_eq!(
            column(&search(&client, sosl).await, "Name"),
            names,
            "{sosl}"
        );
    }
}

#[tokio::test]
async fn terms() {
    let client = with_accounts(&[
        "John Smith",
        "Joan Smith",
        "Jon Smyth",
        "Mary Smith-Jones",
        "Why not?",
        "Grüße",
        "{1+1}:2",
    ])
    .await;
    for (term, names) in [
        (
            "smith",
            &["Joan Smith", "John Smith", "Mary Smith-Jones"][..],
        ),
        ("SMITH john", &["John Smith"]),
        ("\"smith john\"", &[]),
        ("\"John Smith\"", &["John Smith"]),
        ("\"John Smith\" OR smyth", &["John Smith", "Jon Smyth"]),
        ("smith AND NOT john", &["Joan Smith", "Mary Smith-Jones"]),
        ("(john OR joan) AND smith", &["Joan Smith", "John Smith"]),
        ("jo?n", &["Joan Smith", "John Smith"]),
        (
            "sm*",
            &["Joan Smith", "John Smith", "Jon Smyth", "Mary Smith-Jones"],
        ),
        (
            "s*h",
            &["Joan Smith", "John Smith", "Jon Smyth", "Mary Smith-Jones"],
        ),
        ("smi", &[]),
        ("smith\\-jones", &["Mary Smith-Jones"]),
        ("Why not\\?", &["Why not?"]),
        ("GRÜSSE OR GRÜßE", &["Grüße"]),
        ("\\{1\\+1\\}\\:2", &["{1+1}:2"]),
    ] {
        assert_eq!(accounts(&client, term).await, names, "{term}");
    }
}

#[tokio::test]
async fn returning_filters_sorts_and_limits_as_a_query_does() {
    let client = acme().await;
    let answer = search(
        &client,
        "FIND {acme} RETURNING contact(lastname, Account.name WHERE LastName LIKE 'c%'), \
         Account(Name c WHERE Name != null)",
    )
    .await;
    assert_eq!(answer.error().1, "MALFORMED_SEARCH");
    let answer = search(
        &client,
        "FIND {acme} RETURNING contact(lastname, Account.name WHERE LastName LIKE 'c%'), \
         Account(Id, Name ORDER BY Name DESC LIMIT 1)",
    )
    .await
    .json();
    let records = &answer["searchRecords"];
    assert_eq!(records[0]["LastName"], "Coyote");
    assert_eq!(records[0]["Account"]["Name"], "Acme Corp");
    assert_eq!(records[1]["Name"], "Springfield Power");
    assert_eq!(records.as_array().unwrap().len(), 2);
    let page = "FIND {acme} RETURNING Account(Name ORDER BY Name LIMIT 1 OFFSET 1)";
    assert_eq!(
        column(&search(&client, page).await, "Name"),
        ["Springfield Power"]
    );
    let joined = "FIND {acme} RETURNING Account(Name WHERE Id IN (SELECT AccountId FROM Contact))";
    assert_eq!(
        column(&search(&client, joined).await, "Name"),
        ["Acme Corp"]
    );
    let shared = search(
        &client,
        "FIND {acme} RETURNING Account, Contact, Lead LIMIT 2",
    )
    .await;
    assert_eq!(column(&shared, "Id").len(), 2);
}

#[tokio::test]
async fn one_object_answers_so_many_unless_it_is_narrowed() {
    let client = Client::new();
    client
        .org
        .store
        .run_now(|db| {
            let accounts =
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n WHERE i < 2100)
                INSERT INTO \"Account\" (\"Id\", \"IsDeleted\", \"Name\", \"Name$\")
                SELECT printf('001000000%06dAAA', i), 0, 'Acme ' || i, 'ACME ' || i FROM n";
            Ok(db.execute_batch(accounts)?)
        })
        .unwrap();
    for (sosl, count) in [
        ("FIND {acme} RETURNING Account(Name)", 250),
        ("FIND {acme} RETURNING Account(Name ORDER BY Name)", 2_000),
        (
            "FIND {acme} RETURNING Account(Name WHERE Name != 'x' LIMIT 1999)",
            1_999,
        ),
        (
            "FIND {acme} RETURNING Account(Name WHERE Name != 'x' LIMIT 0)",
            0,
        ),
        ("FIND {acme} RETURNING Account LIMIT 7", 7),
    ] {
        assert_eq!(
            column(&search(&client, sosl).await, "attributes").len(),
            count,
            "{sosl}"
        );
    }
}

#[tokio::test]
async fn the_index_follows_the_records() {
    let client = with_accounts(&["Acme"]).await;
    crate::admin::remember_start(&client.org).await.unwrap();
    let id = column(&search(&client, "FIND {acme}").await, "Id")[0].clone();
    let path = format!("/sobjects/Account/{id}");
    client.patch(&path, &json!({"Name": "Globex"})).await;
    assert_eq!(accounts(&client, "acme").await, [""; 0]);
    assert_eq!(accounts(&client, "globex").await, ["Globex"]);
    client.delete(&path).await;
    assert_eq!(accounts(&client, "globex").await, [""; 0]);
    let reset = http::Request::post("/__org/reset")
        .header("host", "localhost")
        .header("x-org-admin-token", client.org.admin.token.expose());
    client.raw(reset.body("".into()).unwrap()).await;
    assert_eq!(accounts(&client, "acme").await, ["Acme"]);
    assert_eq!(accounts(&client, "globex").await, [""; 0]);
    client.create("Account", &json!({"Name": "Globex"})).await;
    assert_eq!(accounts(&client, "globex").await, ["Globex"]);
    assert_eq!(accounts(&client, "gl?bex").await, ["Globex"]);
}

#[tokio::test]
async fn some_objects_are_found_only_by_their_names() {
    let client = Client::new();
    let product = json!({"Name": "Rocket", "ProductCode": "RX-1"});
    client.create("Product2", &product).await;
    assert_eq!(
        column(&search(&client, "FIND {rocket}").await, "Id"),
        [""; 0]
    );
    let all_fields = "FIND {RX\\-1} IN EMAIL FIELDS RETURNING Product2(Name)";
    assert_eq!(
        column(&search(&client, all_fields).await, "Name"),
        ["Rocket"]
    );
}

#[tokio::test]
async fn labels_and_marks() {
    let client = acme().await;
    let answer = search(
        &client,
        "FIND {rockets OR sprin*} RETURNING Account(Name, description ORDER BY Name LIMIT 1), \
         Contact(Account.name) WITH HIGHLIGHT WITH METADATA = 'LABELS'",
    )
    .await;
    let url = answer.json()["searchRecords"][0]["attributes"]["url"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        answer.text(),
        format!(
            r#"{{"searchRecords":[{{"attributes":{{"type":"Account","url":"{url}"}},"Name":"Acme Corp","Description":"Rockets & more","highlight.Description":"<mark>Rockets</mark> &amp; more"}}],"metadata":{{"entityMetadata":[{{"entityName":"Account","fieldMetadata":[{{"label":"Account Name","name":"Name"}},{{"label":"Account Description","name":"Description"}}]}},{{"entityName":"Contact","fieldMetadata":[{{"label":"Account Name","name":"Account.Name"}}]}}]}}}}"#
        )
    );
    // Nothing to do, but nothing wrong either.
    let plain = "FIND {acme} RETURNING Account(Name) WITH SNIPPET (target_length = 120) WITH SPELL_CORRECTION = false WITH USER_MODE";
    assert_eq!(column(&search(&client, plain).await, "Name").len(), 2);
}

#[tokio::test]
async fn parameters_instead_of_sosl() {
    let client = acme().await;
    let answer = client
        .get("/parameterizedSearch/?q=acme&sobject=Account&Account.fields=id,name&Account.where=Name+like+'A%25'&Account.limit=10")
        .await;
    assert_eq!(column(&answer, "Name"), ["Acme Corp"]);
    let everything = client.get("/parameterizedSearch?q=acme").await;
    assert_eq!(column(&everything, "Id").len(), 4);
    let body = json!({
        "q": "acme",
        "fields": ["Name"],
        "sobjects": [{"name": "Lead"}, {"name": "Account", "orderBy": "Name DESC NULLS_LAST"}],
        "in": "NAME",
        "overallLimit": 10,
    });
    let answer = client.post("/parameterizedSearch", &body).await;
    assert_eq!(column(&answer, "Name"), ["Runner", "Acme Corp"]);
    let old = client
        .request("GET", "")
        .uri("/services/data/v35.0/parameterizedSearch?q=acme");
    let old = client.raw(old.body("".into()).unwrap()).await;
    assert_eq!(old.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn mistakes() {
    let client = acme().await;
    for (sosl, code, message) in [
        (
            "FIND x",
            "MALFORMED_SEARCH",
            "No search term found. The search term must be enclosed in braces.",
        ),
        (
            "FIND {x}",
            "INVALID_SEARCH",
            "search term must be longer than one character: x",
        ),
        (
            "FIND {John|jane} RETURNING Contact",
            "MALFORMED_SEARCH",
            "\nFIND {John|jane} RETURNING Contact\n         ^\nERROR at Row:1:Column:10\nline 1:10 mismatched character '|' expecting '}'",
        ),
        (
            "FIND {acme} RETURNING Contact(fooBar)",
            "INVALID_FIELD",
            "\nFIND {acme} RETURNING Contact(fooBar)\n                              ^\nERROR at Row:1:Column:31\nNo such column 'fooBar' on entity 'Contact'.",
        ),
        (
            "FIND {acme} RETURNING FooBar",
            "INVALID_TYPE",
            "\nFIND {acme} RETURNING FooBar\n                      ^\nERROR at Row:1:Column:23\nsObject type 'FooBar' is not supported.",
        ),
        (
            "FIND {acme} RETURNING RecordType",
            "INVALID_TYPE_FOR_OPERATION",
            "entity type RecordType does not support search",
        ),
        (
            "FIND {acme} RETURNING Lead(Id OFFSET 2001)",
            "INVALID_SEARCH",
            "SOSL offset should be between 0 to 2000",
        ),
        (
            "FIND {acme} RETURNING Lead, lead(Id)",
            "MALFORMED_SEARCH",
            "",
        ),
        (
            "FIND {acme} RETURNING Lead(Id OFFSET 2), Contact",
            "MALFORMED_SEARCH",
            "",
        ),
        ("FIND {acme} LIMIT -1", "MALFORMED_SEARCH", ""),
        (
            "FIND {zz?zz} RETURNING Contact(fooBar)",
            "INVALID_FIELD",
            "",
        ),
        (
            "FIND {acme} RETURNING Contact(Id WHERE Birthdate = 'x')",
            "INVALID_FIELD",
            "",
        ),
        (
            "FIND {\"acme\" AND}",
            "MALFORMED_SEARCH",
            "\nFIND {\"acme\" AND}\n                ^\nERROR at Row:1:Column:17\nunexpected token: '}'",
        ),
    ] {
        let answer = search(&client, sosl).await;
        let (status, found, text) = answer.error();
        assert_eq!((status, found.as_str()), (400, code), "{sosl}: {text}");
        assert!(text.starts_with(message), "{text}");
    }
    assert_eq!(client.get("/search").await.error().1, "MALFORMED_SEARCH");
    for clause in [
        "WITH DIVISION = 'Global'",
        "WITH DATA CATEGORY a__c AT b__c",
        "WITH NETWORK = '1'",
        "WITH PricebookId = '01s000000000001'",
        "WITH METADATA = 'OTHERS'",
        "WITH SNIPPET",
        "USING ADVANCED SEARCH",
        "LIMIT 1 OFFSET 1",
        "UPDATE TRACKING",
    ] {
        let answer = search(&client, &format!("FIND {{acme}} {clause}")).await;
        assert_eq!(
            answer.status,
            StatusCode::NOT_IMPLEMENTED,
            "{clause}: {}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn long_terms_find_nothing() {
    let client = with_accounts(&["Acme"]).await;
    for (length, names) in [(9_990, &["Acme"][..]), (10_000, &[])] {
        let body = json!({
            "q": format!("acme {}", "x".repeat(length)),
            "sobjects": [{"name": "Account", "fields": ["Name"]}],
        });
        let answer = client.post("/parameterizedSearch", &body).await;
        assert_eq!(column(&answer, "Name"), names, "{length}");
    }
}

#[tokio::test]
async fn scope_and_layouts() {
    let client = Client::new();
    let order = client.get("/search/scopeOrder").await.json();
    assert_eq!(
        order[0],
        json!({"type": "Account", "url": "/services/data/v66.0/sobjects/Account/describe"})
    );
    let types: Vec<&str> = order
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["type"].as_str().unwrap())
        .collect();
    assert!(
        types.contains(&"Contact") && !types.contains(&"Product2"),
        "{types:?}"
    );
    let layouts = client.get("/search/layout/?q=contact,Account").await.json();
    assert_eq!(layouts[0]["searchColumns"][1]["name"], "Account.Name");
    assert_eq!(
        layouts[1]["searchColumns"][0],
        json!({"field": "Account.Name", "format": null, "label": "Account Name", "name": "Name"})
    );
    assert_eq!(layouts[1]["limitRows"], 25);
    let unknown = client.get("/search/layout?q=Account,Foo").await;
    assert_eq!(unknown.error().1, "INVALID_TYPE");
    let unsupported = client.get("/search/layout?q=Asset").await;
    assert_eq!(unsupported.status, StatusCode::NOT_IMPLEMENTED);
    assert_eq!(
        client.get("/search/suggestions?q=x").await.status,
        StatusCode::NOT_IMPLEMENTED
    );
}
