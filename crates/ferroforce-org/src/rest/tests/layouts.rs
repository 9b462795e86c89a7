//! Layouts, list views, themes, quick actions and processes.

use serde_json::{Value, json};

use super::Client;

const MASTER: &str = "012000000000000AAA";

/// The fields of all items of the sections, in their order.
fn fields(sections: &Value) -> Vec<String> {
    let sections = sections.as_array().unwrap().iter();
    let rows = sections.flat_map(|section| section["layoutRows"].as_array().unwrap());
    let items = rows.flat_map(|row| row["layoutItems"].as_array().unwrap());
    items
        .flat_map(|item| item["layoutComponents"].as_array().unwrap())
        .filter(|component| component["type"] == "Field")
        .map(|component| component["value"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn an_object_has_a_layout_of_what_its_users_see() {
    let client = Client::new();
    let answer = client
        .get("/sobjects/contact/describe/layouts")
        .await
        .json();
    assert_eq!(answer["recordTypeSelectorRequired"], json!([false]));
    let mapping = &answer["recordTypeMappings"][0];
    let layout = &answer["layouts"][0];
    assert_eq!(mapping["layoutId"], layout["id"]);
    assert!(layout["id"].as_str().unwrap().starts_with("00h"));
    assert_eq!(
        (
            &mapping["recordTypeId"],
            &mapping["name"],
            &mapping["master"]
        ),
        (&json!(MASTER), &json!("Master"), &json!(true))
    );
    let picklists = mapping["picklistsForRecordType"].as_array().unwrap();
    assert!(
        picklists
            .iter()
            .any(|list| list["picklistName"] == "LeadSource")
    );

    let detail = fields(&layout["detailLayoutSections"]);
    let edit = fields(&layout["editLayoutSections"]);
    let has = |fields: &[String], name: &str| fields.iter().any(|field| field == name);
    for (name, in_detail, in_edit) in [
        ("Name", true, false),
        ("LastName", false, true),
        ("MailingAddress", true, false),
        ("MailingCity", false, true),
        ("AccountId", true, true),
        ("CreatedById", true, false),
        ("CreatedDate", true, false),
        ("SystemModstamp", false, false),
        ("Id", false, false),
    ] {
        assert_eq!(has(&detail, name), in_detail, "{name} in the detail");
        assert_eq!(has(&edit, name), in_edit, "{name} in the edit");
    }
    let described = client.get("/sobjects/Contact/describe").await.json();
    let described = described["fields"].as_array().unwrap();
    let known = |name: &String| described.iter().any(|field| field["name"] == json!(name));
    assert!(detail.iter().chain(&edit).all(known));

    let last_name = layout["editLayoutSections"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|section| section["layoutRows"].as_array().unwrap())
        .flat_map(|row| row["layoutItems"].as_array().unwrap())
        .find(|item| item["layoutComponents"][0]["value"] == "LastName")
        .unwrap();
    assert_eq!(
        (&last_name["required"], &last_name["editableForNew"]),
        (&json!(true), &json!(true))
    );
    let details = &last_name["layoutComponents"][0]["details"];
    let own = described.iter().find(|field| field["name"] == "LastName");
    assert_eq!(Some(details), own);
    for section in layout["detailLayoutSections"].as_array().unwrap() {
        let rows = section["layoutRows"].as_array().unwrap();
        assert_eq!(section["rows"], rows.len());
        for row in rows {
            assert_eq!(row["layoutItems"].as_array().unwrap().len(), 2);
        }
    }

    let accounts = client
        .get("/sobjects/Account/describe/layouts")
        .await
        .json();
    let lists = accounts["layouts"][0]["relatedLists"].as_array().unwrap();
    let contacts = lists
        .iter()
        .find(|list| list["name"] == "Contacts")
        .unwrap();
    assert_eq!(
        (&contacts["sobject"], &contacts["field"]),
        (&json!("Contact"), &json!("AccountId"))
    );
}

#[tokio::test]
async fn a_layout_is_asked_for_by_record_type_too() {
    let client = Client::new();
    let all = client.get("/sobjects/Account/describe/layouts").await;
    let one = format!("/sobjects/Account/describe/layouts/{MASTER}");
    assert_eq!(client.get(&one).await.json(), all.json()["layouts"][0]);
    let short = &one[..one.len() - 3];
    assert_eq!(client.get(short).await.status, 200);
    for missing in [
        "/sobjects/Account/describe/layouts/012000000000001AAA",
        "/sobjects/Account/describe/layouts/x",
        "/sobjects/Account/describe/namedLayouts/UserAlt",
        "/sobjects/Nothing__c/describe/layouts",
        "/sobjects/Account/describe/approvalLayouts/Discount",
    ] {
        assert_eq!(client.get(missing).await.error().0, 404, "{missing}");
    }
    let global = client.get("/sobjects/Global/describe/layouts").await;
    assert_eq!(global.error().0, 501);
    let again = client
        .request("GET", "/sobjects/Account/describe/layouts")
        .header("if-none-match", all.header("etag"));
    assert_eq!(client.raw(again.body("".into()).unwrap()).await.status, 304);
}

#[tokio::test]
async fn objects_have_the_compact_layout_that_nobody_made() {
    let client = Client::new();
    let answer = client
        .get("/sobjects/Account/describe/compactLayouts")
        .await;
    let answer = answer.json();
    let layout = &answer["compactLayouts"][0];
    assert_eq!(answer["defaultCompactLayoutId"], Value::Null);
    assert_eq!(
        (&layout["name"], &layout["id"]),
        (&json!("SYSTEM"), &Value::Null)
    );
    assert_eq!(
        layout["fieldItems"][0]["layoutComponents"][0]["value"],
        "Name"
    );
    let mapping = &answer["recordTypeCompactLayoutMappings"][0];
    assert_eq!(mapping["recordTypeId"], MASTER);
    for path in [
        &answer["urls"]["primary"],
        &mapping["urls"]["compactLayout"],
    ] {
        let path = path.as_str().unwrap();
        let path = path.strip_prefix("/services/data/v66.0").unwrap();
        assert_eq!(client.get(path).await.json(), *layout, "{path}");
    }
    let several = client.get("/compactLayouts?q=Account,contact").await.json();
    assert_eq!(several["Account"], *layout);
    assert_eq!(several["Contact"]["objectType"], "Contact");
    assert_eq!(client.get("/compactLayouts").await.error().0, 400);
    assert_eq!(
        client.get("/compactLayouts?q=Nothing").await.error().1,
        "INVALID_TYPE"
    );

    let approvals = client
        .get("/sobjects/Account/describe/approvalLayouts")
        .await;
    assert_eq!(approvals.text(), r#"{"approvalLayouts":[]}"#);
    let none = client.get("/sobjects/Task/describe/approvalLayouts").await;
    assert_eq!(none.error().0, 404);
}

#[tokio::test]
async fn list_views_show_all_records_and_those_of_the_user() {
    let client = Client::new();
    for name in ["Beta", "Acme", "Zeta"] {
        client
            .create("Account", &json!({"Name": name, "Phone": "1"}))
            .await;
    }
    let views = client.get("/sobjects/Account/listviews").await.json();
    assert_eq!(
        (&views["size"], &views["done"], &views["sobjectType"]),
        (&json!(2), &json!(true), &json!("Account"))
    );
    let [all, mine] = views["listviews"].as_array().unwrap().as_slice() else {
        panic!("{views}");
    };
    assert_eq!(
        (&all["developerName"], &mine["label"]),
        (&json!("AllAccounts"), &json!("My Accounts"))
    );
    let below = |url: &Value| {
        let url = url.as_str().unwrap();
        url.strip_prefix("/services/data/v66.0").unwrap().to_owned()
    };
    assert_eq!(client.get(&below(&all["url"])).await.json(), *all);
    let described = client.get(&below(&mine["describeUrl"])).await.json();
    assert_eq!(described["scope"], "mine");
    let query = described["query"].as_str().unwrap();
    assert_eq!(client.query(query).await.json()["totalSize"], 3);

    let results = below(&mine["resultsUrl"]);
    let shown = client.get(&format!("{results}?limit=2")).await.json();
    assert_eq!(
        (&shown["size"], &shown["done"], &shown["developerName"]),
        (&json!(2), &json!(false), &json!("MyAccounts"))
    );
    assert_eq!(shown["columns"], described["columns"]);
    let cells = shown["records"][0]["columns"].as_array().unwrap();
    assert_eq!(
        cells[0],
        json!({"fieldNameOrPath": "Name", "value": "Acme"})
    );
    assert_eq!(cells.len(), shown["columns"].as_array().unwrap().len());
    let created = cells
        .iter()
        .find(|cell| cell["fieldNameOrPath"] == "CreatedDate");
    assert!(
        created.unwrap()["value"]
            .as_str()
            .unwrap()
            .contains(" GMT ")
    );
    let rest = client.get(&format!("{results}?offset=2")).await.json();
    assert_eq!((&rest["size"], &rest["done"]), (&json!(1), &json!(true)));
    for wrong in ["limit=0", "limit=2001", "limit=x", "offset=2001"] {
        let answer = client.get(&format!("{results}?{wrong}")).await;
        assert_eq!(answer.error().0, 400, "{wrong}");
    }

    let id = all["id"].as_str().unwrap();
    let plans = client.get(&format!("/query?explain={id}")).await.json();
    assert_eq!(plans["plans"][0]["sobjectType"], "Account");
    let none = client.get("/query?explain=00BLo0000000999").await;
    assert_eq!(none.error().1, "INVALID_ID");
    let recent = client
        .get("/sobjects/Account/listviews/recent")
        .await
        .json();
    assert_eq!(recent["listviews"], json!([]));
    for missing in [
        "Task/listviews",
        "Account/listviews/00BLo0000000999",
        "Account/listviews/x",
    ] {
        let answer = client.get(&format!("/sobjects/{missing}")).await;
        assert_eq!(answer.error().0, 404, "{missing}");
    }
}

#[tokio::test]
async fn what_the_org_does_not_have_is_listed_as_nothing() {
    let client = Client::new();
    for (path, nothing) in [
        ("/quickActions", "[]"),
        ("/sobjects/Account/quickActions", "[]"),
        ("/process/rules", r#"{"rules":{}}"#),
        ("/process/rules/Account", r#"{"rules":{}}"#),
        ("/process/approvals", r#"{"approvals":{}}"#),
    ] {
        assert_eq!(client.get(path).await.text(), nothing, "{path}");
    }
    for missing in [
        "/quickActions/LogACall/describe",
        "/sobjects/Account/quickActions/LogACall",
        "/sobjects/Nothing/quickActions",
        "/process/rules/Account/01QLo0000000001",
        "/process/nothing",
    ] {
        assert_eq!(client.get(missing).await.error().0, 404, "{missing}");
    }
    let acted = client
        .post("/quickActions/LogACall", &json!({"record": {}}))
        .await;
    assert_eq!(acted.error().0, 404);
    let rules = client
        .post(
            "/process/rules",
            &json!({"contextIds": ["001Lo0000000001"]}),
        )
        .await;
    assert_eq!(rules.text(), r#"{"errors":null,"success":true}"#);
    let submit = json!({"requests": [{"actionType": "Submit", "contextId": "001Lo0000000001"}]});
    let submitted = client.post("/process/approvals", &submit).await;
    assert_eq!(submitted.error().1, "NO_APPLICABLE_PROCESS");
    let wrong = client
        .post("/process/approvals", &json!({"requests": []}))
        .await;
    assert_eq!(wrong.error().0, 400);

    let theme = client.get("/theme").await.json();
    let items = theme["themeItems"].as_array().unwrap();
    assert!(items.contains(&json!({"name": "Account", "icons": [], "colors": []})));
}
