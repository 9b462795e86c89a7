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
