//! What is refused rather than misunderstood.

use serde_json::json;

use super::Client;

#[tokio::test]
async fn half_a_character_is_refused() {
    let client = Client::new();
    for field in ["Phone", "Description"] {
        let body = format!(r#"{{"Name":"x","{field}":"\ud800x"}}"#);
        let (status, code, _) = client
            .send("POST", "/sobjects/Account", &body)
            .await
            .error();
        assert_eq!((status, code.as_str()), (400, "JSON_PARSER_ERROR"));
    }
}

#[tokio::test]
async fn a_record_is_of_the_type_that_it_says() {
    let client = Client::new();
    for (named, status) in [("Contact", 400), ("account", 201)] {
        let body = json!({"attributes": {"type": named}, "Name": "x"});
        let answer = client.post("/sobjects/Account", &body).await;
        assert_eq!(answer.status.as_u16(), status, "{named}");
    }
}

#[tokio::test]
async fn an_address_is_quoted_as_it_was_sent_and_stored_in_lower_case() {
    let client = Client::new();
    let body = json!({"LastName": "x", "Email": "Not An Address"});
    let error = client.post("/sobjects/Contact", &body).await.error();
    assert_eq!(error.2, "Email: invalid email address: Not An Address");
    let body = json!({"LastName": "x", "Email": "Jane@Example.COM"});
    let id = client.create("Contact", &body).await;
    let path = format!("/sobjects/Contact/{id}?fields=Email");
    assert_eq!(client.get(&path).await.json()["Email"], "jane@example.com");
}

#[tokio::test]
async fn a_field_is_given_once() {
    let client = Client::new();
    let account = json!({"Name": "Acme", "External_Id__c": "A-1"});
    let account = client.create("Account", &account).await;
    let many = r#""LastName":"x","#.repeat(100_000);
    for body in [
        r#"{"LastName":"x","LastName":"y"}"#.to_owned(),
        r#"{"LastName":"x","lastname":"x"}"#.to_owned(),
        format!(
            r#"{{"LastName":"x","AccountId":"{account}","Account":{{"External_Id__c":"A-1"}}}}"#
        ),
        format!(r#"{{{many}"LastName":"x"}}"#),
    ] {
        let (status, code, _) = client
            .send("POST", "/sobjects/Contact", &body)
            .await
            .error();
        assert_eq!((status, code.as_str()), (400, "INVALID_FIELD"));
    }
}

#[tokio::test]
async fn an_error_repeats_only_so_much_of_a_value() {
    let client = Client::new();
    let long = "x".repeat(1_000_000);
    for body in [
        json!({"Name": long}),
        json!({"Name": "x", "NumberOfEmployees": long}),
        json!({"Name": "x", "ParentId": long}),
        json!({"Name": "x", "Parent": {"External_Id__c": long}}),
        json!({"Name": "x", long.as_str(): 1}),
    ] {
        let answer = client.post("/sobjects/Account", &body).await;
        assert_eq!(answer.status.as_u16(), 400);
        assert!(answer.body.len() < 2000, "{}", answer.body.len());
    }
    let body = json!({"Name": "x".repeat(256)});
    let error = client.post("/sobjects/Account", &body).await.error();
    assert!(error.2.ends_with("x (max length=255)"), "{}", error.2);
}

#[tokio::test]
async fn places_and_dates_that_are_not_on_earth_are_refused() {
    let client = Client::new();
    for (object, field, good, bad, code) in [
        (
            "Account",
            "BillingLatitude",
            json!(-90),
            json!(100),
            "NUMBER_OUTSIDE_VALID_RANGE",
        ),
        (
            "Account",
            "BillingLongitude",
            json!(180),
            json!(-180.5),
            "NUMBER_OUTSIDE_VALID_RANGE",
        ),
        (
            "Contact",
            "Birthdate",
            json!("1700-01-01"),
            json!("1699-12-31"),
            "INVALID_TYPE_ON_FIELD_IN_RECORD",
        ),
        (
            "Contact",
            "EmailBouncedDate",
            json!("4000-12-31T23:59:59Z"),
            json!("4001-01-01T00:00:00Z"),
            "INVALID_TYPE_ON_FIELD_IN_RECORD",
        ),
    ] {
        let named = if object == "Account" {
            "Name"
        } else {
            "LastName"
        };
        let body = |value| json!({named: "x", field: value});
        client.create(object, &body(good)).await;
        let answer = client
            .post(&format!("/sobjects/{object}"), &body(bad))
            .await;
        assert_eq!((answer.error().0, answer.error().1.as_str()), (400, code));
        assert_eq!(answer.json()[0]["fields"], json!([field]));
    }
}

#[tokio::test]
async fn nobody_is_above_themselves() {
    let client = Client::new();
    let top = client.create("Account", &json!({"Name": "top"})).await;
    let middle = client
        .create("Account", &json!({"Name": "m", "ParentId": top}))
        .await;
    let low = client
        .create("Account", &json!({"Name": "l", "ParentId": middle}))
        .await;
    let path = format!("/sobjects/Account/{top}");
    for parent in [&top, &middle, &low] {
        let error = client
            .patch(&path, &json!({"ParentId": parent}))
            .await
            .error();
        assert_eq!((error.0, error.1.as_str()), (400, "CIRCULAR_DEPENDENCY"));
    }
    let path = format!("/sobjects/Account/{low}");
    let answer = client.patch(&path, &json!({"ParentId": top})).await;
    assert_eq!(answer.status.as_u16(), 204);
}

#[tokio::test]
async fn a_file_has_a_name_and_bytes() {
    let client = Client::new();
    for (body, missing) in [
        (json!({"Title": "x"}), "[PathOnClient, VersionData]"),
        (json!({"PathOnClient": "x.txt"}), "[VersionData]"),
    ] {
        let error = client.post("/sobjects/ContentVersion", &body).await.error();
        assert_eq!(error.1, "REQUIRED_FIELD_MISSING");
        assert!(error.2.ends_with(missing), "{}", error.2);
    }
    let documents = client.query("SELECT COUNT() FROM ContentDocument").await;
    assert_eq!(documents.json()["totalSize"], 0);
}

#[tokio::test]
async fn a_product_has_one_price_in_a_price_book() {
    let client = Client::new();
    let book = client.create("Pricebook2", &json!({"Name": "Book"})).await;
    let product = client.create("Product2", &json!({"Name": "Wheel"})).await;
    let entry = json!({"Pricebook2Id": book, "Product2Id": product, "UnitPrice": 5});
    let first = client.create("PricebookEntry", &entry).await;
    let error = client
        .post("/sobjects/PricebookEntry", &entry)
        .await
        .error();
    assert_eq!(
        (error.0, error.1.as_str()),
        (400, "FIELD_INTEGRITY_EXCEPTION")
    );
    client
        .delete(&format!("/sobjects/PricebookEntry/{first}"))
        .await;
    client.create("PricebookEntry", &entry).await;
}
