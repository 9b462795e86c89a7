use http::Request;
use serde_json::{Value, json};

use super::Client;
use super::client::Answer;
use crate::auth::{Profile, User};
use crate::settings::Settings;

/// Signs in with username and password.
async fn sign_in(client: &Client, username: &str, password: &str) -> Answer {
    let app = client.org.auth.first_app();
    let secret = app.client_secret.as_ref().unwrap().expose();
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("grant_type", "password"),
            ("client_id", &app.client_id),
            ("client_secret", secret),
            ("username", username),
            ("password", password),
        ])
        .finish();
    let request = Request::post("/services/oauth2/token")
        .header("host", "localhost")
        .header("content-type", "application/x-www-form-urlencoded");
    client.raw(request.body(form.into()).unwrap()).await
}

fn client() -> Client {
    let ada = User::new("ada@example.com")
        .password("Analytical1")
        .security_token("");
    let bob = User::new("bob@example.com")
        .password("Builder99")
        .security_token("");
    Client::with(Settings {
        users: vec![ada, bob],
        profiles: vec![Profile::new("Reader").object("Account", [])],
        ..Settings::default()
    })
}

const BOB: &str = "/sobjects/User/005Lo0000000002";

#[tokio::test]
async fn a_user_follows_their_record() {
    let client = client();
    let change = json!({"Username": "rob@example.com", "FirstName": "Rob", "LastName": "Builder", "Email": "rob@b.example", "TimeZoneSidKey": "Europe/Berlin"});
    assert_eq!(client.patch(BOB, &change).await.status, 204);
    let old = sign_in(&client, "bob@example.com", "Builder99").await;
    assert_eq!(old.status, 400);
    let session = sign_in(&client, "rob@example.com", "Builder99").await;
    assert_eq!(session.status, 200, "{}", session.text());
    let token = session.json()["access_token"].as_str().unwrap().to_owned();
    let info = Request::get("/services/oauth2/userinfo")
        .header("host", "localhost")
        .header("authorization", format!("Bearer {token}"));
    let info = client.raw(info.body("".into()).unwrap()).await.json();
    assert_eq!(
        (&info["name"], &info["email"], &info["zoneinfo"]),
        (
            &json!("Rob Builder"),
            &json!("rob@b.example"),
            &json!("Europe/Berlin")
        )
    );

    // Who is deactivated can't sign in, and has no session.
    client.patch(BOB, &json!({"IsActive": false})).await;
    assert_eq!(
        sign_in(&client, "rob@example.com", "Builder99")
            .await
            .status,
        400
    );
    let limits = client
        .request("GET", "/limits")
        .header("x-none", "")
        .body("".into());
    let mut limits = limits.unwrap();
    let authorization = format!("Bearer {token}").parse().unwrap();
    limits.headers_mut().insert("authorization", authorization);
    assert_eq!(client.raw(limits).await.error().1, "INVALID_SESSION_ID");
}

#[tokio::test]
async fn a_profile_is_changed_by_the_record() {
    let client = client();
    let found = client
        .query("SELECT Id FROM Profile WHERE Name = 'Reader'")
        .await
        .json();
    let reader = &found["records"][0]["Id"];
    let own = format!("/sobjects/User/{}", client.org.auth.first_member().id);
    assert_eq!(client.get("/sobjects/Account").await.status, 200);
    client.patch(&own, &json!({"ProfileId": reader})).await;
    assert_eq!(client.get("/sobjects/Account").await.status, 404);
}

#[tokio::test]
async fn a_refused_change_is_not_followed() {
    let client = client();
    let taken = json!({"FirstName": "x", "Username": "ADA@example.com"});
    let refused = client.patch(BOB, &taken).await;
    assert_eq!(refused.error().1, "DUPLICATE_USERNAME");
    assert!(refused.error().2.starts_with("Duplicate Username.<br>"));
    let bob = client.org.auth.directory.by_username("bob@example.com");
    assert_eq!(bob.unwrap().user.first_name, None);
}

#[tokio::test]
async fn a_new_user_signs_in_with_the_password_that_they_are_given() {
    let client = client();
    let found = client.query("SELECT Id FROM Profile").await.json();
    let user = json!({
        "Username": "eve@example.com", "LastName": "Eve", "Email": "eve@example.com",
        "Alias": "eve", "CommunityNickname": "eve", "IsActive": true,
        "ProfileId": found["records"][0]["Id"], "TimeZoneSidKey": "UTC",
        "LocaleSidKey": "en_US", "LanguageLocaleKey": "en_US", "EmailEncodingKey": "UTF-8",
    });
    let id = client.create("User", &user).await;
    let path = format!("/sobjects/User/{id}/password");
    assert_eq!(client.get(&path).await.text(), r#"{"isExpired":false}"#);
    let token = {
        let member = client.org.auth.directory.by_username("eve@example.com");
        member.unwrap().user.security_token.expose().to_owned()
    };
    let given = client
        .post(&path, &json!({"NewPassword": "Secret123"}))
        .await;
    assert_eq!((given.status.as_u16(), given.text()), (204, ""));
    let session = sign_in(&client, "eve@example.com", &format!("Secret123{token}")).await;
    assert_eq!(session.status, 200, "{}", session.text());
}

#[tokio::test]
async fn a_password_is_changed_and_reset() {
    let client = client();
    let path = format!("{BOB}/password");
    for (password, expected) in [
        (
            "Builder",
            "Your password must be at least 8 characters long.",
        ),
        (
            "BuilderBob",
            "Your password must have a mix of letters and numbers.",
        ),
        (
            "123456789",
            "Your password must have a mix of letters and numbers.",
        ),
        ("Builder99", "invalid repeated password"),
    ] {
        let refused = client.post(&path, &json!({"NewPassword": password})).await;
        assert_eq!(
            refused.error(),
            (400, "INVALID_NEW_PASSWORD".to_owned(), expected.to_owned())
        );
    }
    let missing = client.post(&path, &json!({})).await;
    assert_eq!(missing.error().1, "REQUIRED_FIELD_MISSING");

    let reset = client.delete(&path).await;
    assert_eq!(reset.status, 200);
    let Value::String(password) = reset.json()["NewPassword"].clone() else {
        panic!("{}", reset.text());
    };
    assert_eq!(client.get(&path).await.text(), r#"{"isExpired":true}"#);
    let old = sign_in(&client, "bob@example.com", "Builder99").await;
    assert_eq!(old.status, 400);
    let new = sign_in(&client, "bob@example.com", &password).await;
    assert_eq!(new.status, 200, "{}", new.text());
    for nobody in [
        "/sobjects/User/005Lo0000000zzz/password",
        "/sobjects/User/x/password",
    ] {
        assert_eq!(client.get(nobody).await.error().1, "NOT_FOUND");
    }
}

#[tokio::test]
async fn a_user_whose_key_is_password_is_found_by_it() {
    let client = client();
    let key = json!({"FederationIdentifier": "password"});
    assert_eq!(client.patch(BOB, &key).await.status, 204);
    let path = "/sobjects/User/FederationIdentifier/password";
    let found = client.get(path).await.json();
    assert_eq!(found["Username"], "bob@example.com");
    let changed = client.patch(path, &json!({"FirstName": "Rob"})).await;
    assert_eq!(changed.json()["created"], false);
    assert_eq!(client.get(BOB).await.json()["FirstName"], "Rob");
}

#[tokio::test]
async fn only_administrators_change_the_passwords_of_others() {
    let ada = User::new("ada@example.com").profile("Reader");
    let bob = User::new("bob@example.com");
    let client = Client::with(Settings {
        users: vec![ada, bob],
        profiles: vec![Profile::new("Reader").object("Account", [])],
        ..Settings::default()
    });
    let refused = client.get(&format!("{BOB}/password")).await.error();
    assert_eq!(
        (refused.0, refused.1.as_str()),
        (403, "INSUFFICIENT_ACCESS")
    );
    let own = "/sobjects/User/005Lo0000000001/password";
    assert_eq!(client.get(own).await.status, 200);
}

#[tokio::test]
async fn what_can_be_undone_changes_no_password() {
    let client = client();
    let composite = json!({"allOrNone": true, "compositeRequest": [{
        "method": "POST", "url": format!("/services/data/v66.0{BOB}/password"),
        "referenceId": "one", "body": {"NewPassword": "Secret123"},
    }]});
    let answer = client.post("/composite", &composite).await.json();
    assert_eq!(answer["compositeResponse"][0]["httpStatusCode"], 501);
    let session = sign_in(&client, "bob@example.com", "Builder99").await;
    assert_eq!(session.status, 200);
}

#[tokio::test]
async fn a_user_whose_change_is_undone_stays_as_they_were() {
    let client = client();
    let path = format!("/services/data/v66.0{BOB}");
    let composite = json!({"allOrNone": true, "compositeRequest": [
        {"method": "PATCH", "url": path, "referenceId": "one", "body": {"Username": "rob@example.com"}},
        {"method": "PATCH", "url": path, "referenceId": "two", "body": {"Nothing": 1}},
    ]});
    let answer = client.post("/composite", &composite).await.json();
    assert_eq!(answer["compositeResponse"][1]["httpStatusCode"], 400);
    assert!(
        client
            .org
            .auth
            .directory
            .by_username("bob@example.com")
            .is_some()
    );
}
