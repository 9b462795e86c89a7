use http::StatusCode;
use serde_json::json;

use super::Client;

#[tokio::test]
async fn a_record_is_created_read_updated_and_deleted() {
    let client = Client::new();
    let created = client
        .post(
            "/sobjects/Contact",
            &json!({"LastName": " Doe ", "Email": "Jane.Doe@Example.com"}),
        )
        .await;
    assert_eq!(created.status, StatusCode::CREATED);
    let id = created.id();
    assert_eq!(
        created.text(),
        format!(r#"{{"id":"{id}","success":true,"errors":[]}}"#)
    );
    let path = format!("/sobjects/Contact/{id}");
    assert_eq!(
        created.header("location"),
        format!("/services/data/v66.0{path}")
    );

    let record = client.get(&path).await.json();
    assert_eq!(record["attributes"]["type"], "Contact");
    assert_eq!(
        record["attributes"]["url"],
        format!("/services/data/v66.0{path}")
    );
    assert_eq!(record["LastName"], "Doe");
    assert_eq!(record["Name"], "Doe");
    assert_eq!(record["Email"], "jane.doe@example.com");
    assert_eq!(record["FirstName"], json!(null));
    assert_eq!(record["MailingAddress"], json!(null));
    assert_eq!(record["IsDeleted"], false);
    let user = client.org.auth.directory.members()[0].id;
    for field in ["OwnerId", "CreatedById", "LastModifiedById"] {
        assert_eq!(record[field], user.as_str(), "{field}");
    }
    assert!(
        record["CreatedDate"]
            .as_str()
            .unwrap()
            .ends_with(".000+0000")
    );

    let change = json!({"FirstName": "Jane", "MailingCity": "Graz", "Email": null});
    let updated = client.patch(&path, &change).await;
    assert_eq!(
        (updated.status, updated.text()),
        (StatusCode::NO_CONTENT, "")
    );
    let record = client.get(&path).await.json();
    assert_eq!(record["Name"], "Jane Doe");
    assert_eq!(record["Email"], json!(null));
    assert_eq!(record["MailingAddress"]["city"], "Graz");
    assert_eq!(record["MailingAddress"]["postalCode"], json!(null));

    // 15 characters do as well.
    assert_eq!(
        client.delete(&path[..path.len() - 3]).await.status,
        StatusCode::NO_CONTENT
    );
    let gone = (
        404,
        "ENTITY_IS_DELETED".to_owned(),
        "entity is deleted".to_owned(),
    );
    assert_eq!(client.get(&path).await.error().1, "NOT_FOUND");
    assert_eq!(
        client
            .patch(&path, &json!({"FirstName": "x"}))
            .await
            .error(),
        gone
    );
    assert_eq!(client.delete(&path).await.error(), gone);
}

#[tokio::test]
async fn chosen_fields_come_in_their_order_with_the_id_behind() {
    let client = Client::new();
    let id = client
        .create("Account", &json!({"Name": "Acme", "AnnualRevenue": 5.6e9}))
        .await;
    let answer = client
        .get(&format!(
            "/sobjects/account/{id}?fields=name,AnnualRevenue,Site"
        ))
        .await;
    assert_eq!(
        answer.text(),
        format!(
            r#"{{"attributes":{{"type":"Account","url":"/services/data/v66.0/sobjects/Account/{id}"}},"Name":"Acme","AnnualRevenue":5.6E9,"Site":null,"Id":"{id}"}}"#
        )
    );
    let error = client
        .get(&format!("/sobjects/Account/{id}?fields=Nome"))
        .await
        .error();
    assert_eq!(error.0, 400);
    assert_eq!(error.2, "No such column 'Nome' on sobject of type Account");
}

#[tokio::test]
async fn ids_and_objects_that_are_not_there() {
    let client = Client::new();
    let not_found = "The requested resource does not exist";
    for path in [
        "/sobjects/Contact/003Lo000000zzzz",
        "/sobjects/Nothing__c/003Lo000000zzzz",
        "/sobjects/Nothing__c/describe",
        "/sobjects/Contact/Email/nobody@example.com",
        "/nothing",
    ] {
        let (status, code, message) = client.get(path).await.error();
        assert_eq!(
            (status, code.as_str(), message.as_str()),
            (404, "NOT_FOUND", not_found),
            "{path}"
        );
    }
    for path in ["/sobjects/Contact/23foo", "/sobjects/Contact/23foo/bar"] {
        assert_eq!(
            client.get(path).await.text(),
            r#"[{"errorCode":"NOT_FOUND","message":"Provided external ID field does not exist or is not accessible: 23foo"}]"#
        );
    }
}

#[tokio::test]
async fn mistakes_have_the_platforms_codes_and_words() {
    let client = Client::new();
    let account = client.create("Account", &json!({"Name": "Acme"})).await;
    let long = "x".repeat(81);
    let table = [
        ("Contact", json!({}), "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]".to_owned(), json!(["LastName"])),
        ("Lead", json!({"LastName": " "}), "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName, Company]".to_owned(), json!(["LastName", "Company"])),
        ("Contact", json!({"foo": 1}), "INVALID_FIELD", "No such column 'foo' on sobject of type Contact".to_owned(), json!(null)),
        ("Contact", json!({"Id": account}), "INVALID_FIELD", "The Id field should not be specified in the sobject data.".to_owned(), json!(null)),
        ("Contact", json!({"LastName": long}), "STRING_TOO_LONG", format!("Last Name: data value too large: {long} (max length=80)"), json!(["LastName"])),
        ("Contact", json!({"LastName": "x", "Email": "nobody"}), "INVALID_EMAIL_ADDRESS", "Email: invalid email address: nobody".to_owned(), json!(["Email"])),
        ("Contact", json!({"LastName": "x", "AccountId": "001"}), "MALFORMED_ID", "Account ID: id value of incorrect type: 001".to_owned(), json!(["AccountId"])),
        ("Contact", json!({"LastName": "x", "ReportsToId": account}), "MALFORMED_ID", format!("Reports To ID: id value of incorrect type: {account}"), json!(["ReportsToId"])),
        ("Contact", json!({"LastName": "x", "AccountId": "001Lo000000zzzz"}), "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id".to_owned(), json!([])),
        ("Contact", json!({"LastName": "x", "CreatedDate": "2020-01-01T00:00:00Z"}), "INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: CreatedDate. Please check the security settings of this field and verify that it is read/write for your profile or permission set.".to_owned(), json!(["CreatedDate"])),
        ("Account", json!({"Name": "x", "NumberOfEmployees": "many"}), "JSON_PARSER_ERROR", "Cannot deserialize instance of int from VALUE_STRING value many or request may be missing a required field at [line:1, column:33]".to_owned(), json!(null)),
        ("Account", json!({"Name": ["x"]}), "JSON_PARSER_ERROR", "Cannot deserialize instance of string from START_ARRAY value [ or request may be missing a required field at [line:1, column:9]".to_owned(), json!(null)),
        ("Account", json!({"Name": "x", "AnnualRevenue": 1e30}), "NUMBER_OUTSIDE_VALID_RANGE", "Annual Revenue: value outside of valid range on numeric field: 1.0E30".to_owned(), json!(["AnnualRevenue"])),
        ("Opportunity", json!({"Name": "x", "StageName": "Prospecting", "CloseDate": "soon"}), "JSON_PARSER_ERROR", "Cannot deserialize instance of date from VALUE_STRING value soon or request may be missing a required field at [line:1, column:14]".to_owned(), json!(null)),
    ];
    for (object, body, code, message, fields) in table {
        let answer = client.post(&format!("/sobjects/{object}"), &body).await;
        assert_eq!(answer.error(), (400, code.to_owned(), message), "{body}");
        assert_eq!(answer.json()[0]["fields"], fields, "{body}");
    }
}

#[tokio::test]
async fn a_failed_request_writes_nothing() {
    let client = Client::new();
    client
        .post(
            "/sobjects/Contact",
            &json!({"LastName": "x", "Email": "nobody"}),
        )
        .await;
    let counts = client
        .get("/limits/recordCount?sObjects=Contact,Nothing")
        .await;
    assert_eq!(
        counts.text(),
        r#"{"sObjects":[{"count":0,"name":"Contact"}]}"#
    );
}

#[tokio::test]
async fn texts_may_be_sent_as_numbers_and_numbers_as_texts() {
    let client = Client::new();
    let body =
        json!({"Name": 42, "NumberOfEmployees": "10000", "AnnualRevenue": "12.4", "Phone": "  "});
    let id = client.create("Account", &body).await;
    let record = client.get(&format!("/sobjects/Account/{id}")).await.json();
    assert_eq!(record["Name"], "42");
    assert_eq!(record["NumberOfEmployees"], 10000);
    assert_eq!(record["AnnualRevenue"], 12.0);
    assert_eq!(record["Phone"], json!(null));
}

#[tokio::test]
async fn an_upsert_creates_and_then_updates() {
    let client = Client::new();
    let path = "/sobjects/Account/External_Id__c/a%2Fb%201";
    let created = client.patch(path, &json!({"Name": "Acme"})).await;
    assert_eq!(created.status, StatusCode::CREATED);
    let id = created.id();
    assert_eq!(
        created.text(),
        format!(r#"{{"id":"{id}","success":true,"errors":[],"created":true}}"#)
    );
    assert_eq!(
        created.header("location"),
        format!("/services/data/v66.0/sobjects/Account/{id}")
    );

    // The key is compared regardless of case.
    let updated = client
        .patch(
            "/sobjects/account/external_id__C/A%2FB%201",
            &json!({"Name": "New"}),
        )
        .await;
    assert_eq!(updated.status, StatusCode::OK);
    assert_eq!(
        updated.text(),
        format!(r#"{{"id":"{id}","success":true,"errors":[],"created":false}}"#)
    );
    let record = client.get(path).await.json();
    assert_eq!(
        (&record["Name"], &record["External_Id__c"]),
        (&json!("New"), &json!("a/b 1"))
    );

    for (field, value) in [("External_Id__c", "x"), ("Id", id.as_str())] {
        let error = client.patch(path, &json!({field: value})).await.error();
        assert_eq!(
            error.2,
            format!("The {field} field should not be specified in the sobject data.")
        );
    }
    let error = client
        .patch("/sobjects/Account/Namez/x", &json!({}))
        .await
        .error();
    assert_eq!(error.0, 404);
    assert_eq!(
        error.2,
        "Provided external ID field does not exist or is not accessible: Namez"
    );
    let only = client
        .patch(
            "/sobjects/Account/External_Id__c/new?updateOnly=true",
            &json!({}),
        )
        .await;
    assert_eq!(only.status, StatusCode::NOT_FOUND);
    assert_eq!(client.delete(path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(client.get(path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_upsert_says_nothing_in_old_versions() {
    let client = Client::new();
    let id = client
        .create("Account", &json!({"Name": "Acme", "External_Id__c": "k"}))
        .await;
    let request = client
        .request("PATCH", "")
        .uri("/services/data/v45.0/sobjects/Account/External_Id__c/k")
        .header("content-type", "application/json");
    let updated = client
        .raw(request.body(r#"{"Name":"New"}"#.into()).unwrap())
        .await;
    assert_eq!(
        (updated.status, updated.text()),
        (StatusCode::NO_CONTENT, "")
    );
    let record = client
        .get(&format!("/sobjects/Account/{id}?fields=Name"))
        .await
        .json();
    assert_eq!(record["Name"], "New");
}

#[tokio::test]
async fn a_key_of_several_records_answers_their_paths() {
    let client = Client::new();
    let body = json!({"LastName": "Doe", "Email": "doe@example.com"});
    let first = client.create("Contact", &body).await;
    let second = client.create("Contact", &body).await;
    let path = "/sobjects/Contact/Email/DOE@example.com";
    for answer in [
        client.get(path).await,
        client.patch(path, &json!({"LastName": "x"})).await,
    ] {
        assert_eq!(answer.status, StatusCode::MULTIPLE_CHOICES);
        let paths =
            [&first, &second].map(|id| format!("/services/data/v66.0/sobjects/Contact/{id}"));
        assert_eq!(answer.json(), json!(paths));
    }
    let record = client
        .get(&format!("/sobjects/Contact/{first}"))
        .await
        .json();
    assert_eq!(record["LastName"], "Doe");
}

#[tokio::test]
async fn only_one_record_may_have_a_unique_value() {
    let client = Client::new();
    let first = client
        .create("Account", &json!({"Name": "a", "External_Id__c": "Key"}))
        .await;
    let second = client
        .post(
            "/sobjects/Account",
            &json!({"Name": "b", "External_Id__c": "KEY"}),
        )
        .await;
    let message = format!(
        "duplicate value found: External_Id__c duplicates value on record with id: {}",
        &first[..15]
    );
    assert_eq!(second.error(), (400, "DUPLICATE_VALUE".to_owned(), message));
    // The record itself may keep it.
    let path = format!("/sobjects/Account/{first}");
    assert_eq!(
        client
            .patch(&path, &json!({"External_Id__c": "key"}))
            .await
            .status,
        StatusCode::NO_CONTENT
    );
    // A deleted record is in nobody's way.
    client.delete(&path).await;
    client
        .create("Account", &json!({"Name": "b", "External_Id__c": "KEY"}))
        .await;
}

#[tokio::test]
async fn a_parent_can_be_named_by_its_external_id() {
    let client = Client::new();
    let account = client
        .create("Account", &json!({"Name": "Acme", "External_Id__c": "A-1"}))
        .await;
    let contact = json!({"LastName": "Doe", "Account": {"External_Id__c": "a-1"}});
    let id = client.create("Contact", &contact).await;
    let record = client
        .get(&format!("/sobjects/Contact/{id}?fields=AccountId"))
        .await
        .json();
    assert_eq!(record["AccountId"], account);

    let nobody = json!({"LastName": "Doe", "Account": {"External_Id__c": "A-2"}});
    let error = client.post("/sobjects/Contact", &nobody).await.error();
    assert_eq!(
        error,
        (
            400,
            "INVALID_FIELD".to_owned(),
            "Foreign key external ID: a-2 not found for field External_Id__c in entity Account"
                .to_owned()
        )
    );
}

#[tokio::test]
async fn what_depends_on_a_record_goes_with_it() {
    let client = Client::new();
    let account = client.create("Account", &json!({"Name": "Acme"})).await;
    let contact = client
        .create("Contact", &json!({"LastName": "Doe", "AccountId": account}))
        .await;
    let report = json!({"LastName": "Report", "ReportsToId": contact});
    let report = client.create("Contact", &report).await;
    assert_eq!(
        client
            .delete(&format!("/sobjects/Account/{account}"))
            .await
            .status,
        StatusCode::NO_CONTENT
    );
    let gone = client
        .get(&format!("/sobjects/Contact/{contact}"))
        .await
        .error();
    assert_eq!(gone.1, "NOT_FOUND");
    let record = client
        .get(&format!("/sobjects/Contact/{report}"))
        .await
        .json();
    assert_eq!(record["ReportsToId"], json!(null));
    let orphan = json!({"LastName": "x", "AccountId": account});
    assert_eq!(
        client.post("/sobjects/Contact", &orphan).await.error().1,
        "ENTITY_IS_DELETED"
    );
}

#[tokio::test]
async fn every_org_gives_the_same_ids() {
    let mut ids = Vec::new();
    for _ in 0..2 {
        let client = Client::new();
        let first = client.create("Account", &json!({"Name": "a"})).await;
        let second = client.create("Account", &json!({"Name": "b"})).await;
        assert_ne!(first, second);
        ids.push((first, second));
    }
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn a_stage_tells_about_an_opportunity() {
    let client = Client::new();
    let body = json!({"Name": "Deal", "StageName": "Value Proposition", "CloseDate": "2026-12-31", "Amount": 200});
    let id = client.create("Opportunity", &body).await;
    let path = format!("/sobjects/Opportunity/{id}");
    let record = client.get(&path).await.json();
    assert_eq!(record["Probability"], 50.0);
    assert_eq!(record["ExpectedRevenue"], 100.0);
    assert_eq!(record["IsClosed"], false);
    assert_eq!(record["CloseDate"], "2026-12-31");
    client
        .patch(&path, &json!({"StageName": "Closed Won"}))
        .await;
    let record = client.get(&path).await.json();
    assert_eq!(record["Probability"], 100.0);
    assert_eq!(
        (&record["IsClosed"], &record["IsWon"]),
        (&json!(true), &json!(true))
    );
}

#[tokio::test]
async fn files_have_documents_and_versions() {
    let client = Client::new();
    let body = json!({"Title": "Note", "PathOnClient": "dir/note.txt", "VersionData": "SGVsbG8="});
    let first = client.create("ContentVersion", &body).await;
    let first = format!("/sobjects/ContentVersion/{first}");
    let record = client.get(&first).await.json();
    assert_eq!(
        record["VersionData"],
        format!("/services/data/v66.0{first}/VersionData")
    );
    let blob = client.get(&format!("{first}/VersionData")).await;
    assert_eq!(blob.text(), "Hello");
    assert_eq!(
        (&record["ContentSize"], &record["FileType"]),
        (&json!(5), &json!("TEXT"))
    );
    assert_eq!(
        (&record["VersionNumber"], &record["IsLatest"]),
        (&json!("1"), &json!(true))
    );

    let document = &record["ContentDocumentId"];
    let body =
        json!({"ContentDocumentId": document, "PathOnClient": "new.PDF", "VersionData": "SGk="});
    let second = client.create("ContentVersion", &body).await;
    let record = client
        .get(&format!("/sobjects/ContentVersion/{second}"))
        .await
        .json();
    assert_eq!(
        (&record["VersionNumber"], &record["Title"]),
        (&json!("2"), &json!("new"))
    );
    assert_eq!(client.get(&first).await.json()["IsLatest"], false);
    let document = document.as_str().unwrap();
    let record = client
        .get(&format!("/sobjects/ContentDocument/{document}"))
        .await
        .json();
    assert_eq!(record["LatestPublishedVersionId"], second);
    assert_eq!(record["FileType"], "PDF");
}

#[tokio::test]
async fn what_is_sold_has_the_prices_of_its_price_book() {
    let client = Client::new();
    let books = client
        .query("SELECT Id FROM Pricebook2 WHERE IsStandard = true")
        .await
        .json();
    let product = client
        .create("Product2", &json!({"Name": "Wheel", "ProductCode": "W"}))
        .await;
    let entry =
        json!({"Pricebook2Id": books["records"][0]["Id"], "Product2Id": product, "UnitPrice": 5});
    let entry = client.create("PricebookEntry", &entry).await;
    let deal = json!({"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-31"});
    let deal = client.create("Opportunity", &deal).await;
    let line =
        json!({"OpportunityId": deal, "PricebookEntryId": entry, "Quantity": 4, "Discount": 50});
    let line = client.create("OpportunityLineItem", &line).await;
    let record = client
        .get(&format!("/sobjects/OpportunityLineItem/{line}"))
        .await
        .json();
    for (field, expected) in [
        ("Name", json!("Deal Wheel")),
        ("Product2Id", json!(product)),
        ("ProductCode", json!("W")),
        ("ListPrice", json!(5.0)),
        ("UnitPrice", json!(5.0)),
        ("TotalPrice", json!(10.0)),
    ] {
        assert_eq!(record[field], expected, "{field}");
    }
}

#[tokio::test]
async fn events_members_and_cases_know_what_follows() {
    let client = Client::new();
    let event = json!({"StartDateTime": "2026-03-01T23:00:00Z", "DurationInMinutes": 90});
    let event = client.create("Event", &event).await;
    let record = client.get(&format!("/sobjects/Event/{event}")).await.json();
    assert_eq!(record["EndDateTime"], "2026-03-02T00:30:00.000+0000");
    assert_eq!(record["ActivityDate"], "2026-03-01");

    let campaign = client.create("Campaign", &json!({"Name": "Fair"})).await;
    let lead = json!({"FirstName": "Jane", "LastName": "Doe", "Company": "Acme"});
    let lead = client.create("Lead", &lead).await;
    let member = json!({"CampaignId": campaign, "LeadId": lead, "Status": "Responded"});
    let member = client.create("CampaignMember", &member).await;
    let record = client
        .get(&format!("/sobjects/CampaignMember/{member}"))
        .await
        .json();
    assert_eq!(
        (&record["Name"], &record["Type"]),
        (&json!("Jane Doe"), &json!("Lead"))
    );
    assert_eq!(
        (&record["LeadOrContactId"], &record["HasResponded"]),
        (&json!(lead), &json!(true))
    );

    let case = client.create("Case", &json!({"Subject": "x"})).await;
    let path = format!("/sobjects/Case/{case}");
    client.patch(&path, &json!({"Status": "Closed"})).await;
    let record = client.get(&path).await.json();
    assert_eq!(record["IsClosed"], true);
    assert_eq!(record["ClosedDate"], record["LastModifiedDate"]);
}

#[tokio::test]
async fn a_request_can_depend_on_the_last_change() {
    let client = Client::new();
    client
        .org
        .clock
        .stop_at("2026-03-01T12:00:00Z".parse().unwrap());
    let id = client.create("Account", &json!({"Name": "Acme"})).await;
    let path = format!("/sobjects/Account/{id}");
    let changed = "Sun, 01 Mar 2026 12:00:00 GMT";
    assert_eq!(client.get(&path).await.header("last-modified"), changed);
    let before = "Sun, 01 Mar 2026 11:59:59 GMT";
    for (method, header, date, expected) in [
        ("GET", "if-modified-since", changed, 304),
        ("GET", "if-modified-since", before, 200),
        ("GET", "if-unmodified-since", before, 412),
        ("PATCH", "if-unmodified-since", before, 412),
        ("PATCH", "if-modified-since", changed, 204),
        ("PATCH", "if-unmodified-since", changed, 204),
        ("DELETE", "if-unmodified-since", before, 412),
    ] {
        let request = client.request(method, &path).header(header, date);
        let answer = client.raw(request.body("{}".into()).unwrap()).await;
        assert_eq!(answer.status.as_u16(), expected, "{method} {header} {date}");
    }
}

/// Texts are trimmed, so a blank key is no value: a record that is made by it would be another
/// one each time.
#[tokio::test]
async fn a_blank_key_finds_nothing_and_creates_nothing() {
    let client = Client::new();
    client
        .create("Account", &json!({"Name": "without a key"}))
        .await;
    for blank in ["%20", "%09", "%C2%A0%20"] {
        let path = format!("/sobjects/Account/External_Id__c/{blank}");
        for answer in [
            client.get(&path).await,
            client.patch(&path, &json!({"Name": "Acme"})).await,
            client.delete(&path).await,
        ] {
            let (status, code, _) = answer.error();
            assert_eq!((status, code.as_str()), (404, "NOT_FOUND"), "{path}");
        }
    }
    let count = client.query("SELECT COUNT() FROM Account").await.json();
    assert_eq!(count["totalSize"], 1);
}
