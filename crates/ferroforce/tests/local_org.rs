//! The client on the local org, over real sockets: every flow, every operation
//! on records, and what happens when the org has trouble.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

use std::future::IntoFuture;
use std::sync::{Arc, Mutex};

use ferroforce::auth::{Auth, AuthErrorKind, ClientCredentials, JwtBearer, PrivateKey, SoapLogin};
use ferroforce::events::Event;
use ferroforce::retry::{Backoff, RetryPolicy};
use ferroforce::{ErrorKind, Record, RecordId, Salesforce, Soql};
use ferroforce_org::{Fault, LocalOrg};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Contact {
    last_name: String,
    email: Option<String>,
}

/// Repeats without waiting, so that tests need no time.
fn at_once() -> RetryPolicy {
    RetryPolicy::default().backoff(Backoff::default().max(std::time::Duration::ZERO))
}

fn client(org: &LocalOrg, auth: impl Auth) -> Salesforce {
    Salesforce::builder(auth)
        .org_url(org.url())
        .retry(at_once())
        .build()
        .unwrap()
}

fn client_credentials(org: &LocalOrg) -> ClientCredentials {
    ClientCredentials::new(org.client_id(), org.client_secret().unwrap())
}

async fn start() -> (LocalOrg, Salesforce) {
    let org = LocalOrg::start().await.unwrap();
    let salesforce = client(&org, client_credentials(&org));
    (org, salesforce)
}

#[tokio::test]
async fn every_flow_signs_in() {
    let org = LocalOrg::start().await.unwrap();
    let key = PrivateKey::from_pem(org.private_key_pem().unwrap()).unwrap();
    let soap = SoapLogin::new(org.username(), org.password()).security_token(org.security_token());
    let jwt = JwtBearer::new(org.client_id(), org.username(), key);
    for salesforce in [
        client(&org, client_credentials(&org)),
        client(&org, soap),
        client(&org, jwt),
    ] {
        let limits = salesforce.limits().await.unwrap();
        assert!(limits.daily_api_requests().unwrap().max > 0);
        assert!(salesforce.api_usage().unwrap().consumed > 0);
    }
}

#[tokio::test]
async fn wrong_credentials_are_refused_with_salesforce_s_words() {
    let org = LocalOrg::start().await.unwrap();
    let refused = async |salesforce: Salesforce| {
        let error = salesforce.limits().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Auth);
        let auth = error.auth().unwrap().clone();
        assert_eq!(auth.kind(), AuthErrorKind::Refused);
        (
            auth.code().unwrap().to_owned(),
            auth.description().to_owned(),
        )
    };
    let wrong = refused(client(&org, SoapLogin::new(org.username(), "wrong"))).await;
    assert_eq!(wrong.0, "INVALID_LOGIN");
    let logins = org
        .requests()
        .iter()
        .filter(|sent| sent.path.contains("/Soap/"))
        .count();
    assert_eq!(logins, 1, "a wrong password is submitted once");
    let wrong = refused(client(
        &org,
        ClientCredentials::new(org.client_id(), "wrong"),
    ))
    .await;
    assert_eq!(
        wrong,
        ("invalid_client".into(), "invalid client credentials".into())
    );
    let wrong = refused(client(&org, ClientCredentials::new("nobody", "x"))).await;
    assert_eq!(wrong.0, "invalid_client_id");
    let key =
        PrivateKey::from_pem_file(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys/pkcs8.pem"));
    let stranger = JwtBearer::new(org.client_id(), org.username(), key.unwrap());
    assert_eq!(refused(client(&org, stranger)).await.0, "invalid_grant");
}

#[tokio::test]
async fn a_record_from_birth_to_death() {
    let (_org, salesforce) = start().await;
    let contacts = salesforce.sobject("Contact");
    let ada = Contact {
        last_name: "Lovelace".into(),
        email: Some("ada@example.com".into()),
    };
    let id = contacts.create(&ada).await.unwrap().id;
    assert_eq!(id.key_prefix(), "003");
    assert_eq!(contacts.get::<Contact>(id).await.unwrap(), ada);

    contacts.update(id, &json!({"Email": null})).await.unwrap();
    let some: Value = contacts
        .get_fields(id, ["Email", "LastName"])
        .await
        .unwrap();
    assert_eq!(
        (&some["Email"], &some["LastName"]),
        (&Value::Null, &json!("Lovelace"))
    );

    contacts.delete(id).await.unwrap();
    let error = contacts.get::<Value>(id).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    let error = contacts.delete(id).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

#[tokio::test]
async fn mistakes_come_back_in_salesforce_s_words() {
    let (_org, salesforce) = start().await;
    let contacts = salesforce.sobject("Contact");
    let cases = [
        (
            json!({"FirstName": "A"}),
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [LastName]",
        ),
        (
            json!({"LastName": "A", "foo": 1}),
            "INVALID_FIELD",
            "No such column 'foo' on sobject of type Contact",
        ),
        (
            json!({"LastName": "A", "Email": "no"}),
            "INVALID_EMAIL_ADDRESS",
            "Email: invalid email address: no",
        ),
    ];
    for (record, code, message) in cases {
        let error = contacts.create(&record).await.unwrap_err();
        let first = &error.api_errors()[0];
        assert_eq!((first.code().as_str(), first.message()), (code, message));
    }
}

/// Whatever the external id holds, it reaches its record.
#[tokio::test]
async fn upsert_by_any_external_id() {
    let (_org, salesforce) = start().await;
    let contacts = salesforce.sobject("Contact");
    for value in [
        "4711",
        "a/b",
        "50%",
        "q?x=1&y#z",
        "it's \"q\"",
        "ä😀",
        "..a",
        "a+b c",
    ] {
        let by_key = contacts.external_id("External_Id__c", value);
        let first = by_key.upsert(&json!({"LastName": "One"})).await.unwrap();
        let again = by_key.upsert(&json!({"LastName": "Two"})).await.unwrap();
        assert_eq!(
            (first.created, again.created, first.id),
            (true, false, again.id),
            "{value}"
        );
        let stored: Value = by_key
            .get_fields(["LastName", "External_Id__c"])
            .await
            .unwrap();
        assert_eq!(
            (&stored["LastName"], &stored["External_Id__c"]),
            (&json!("Two"), &json!(value))
        );
    }
    assert_eq!(
        salesforce
            .query("SELECT COUNT() FROM Contact WHERE LastName = 'Two'")
            .count()
            .await
            .unwrap(),
        8
    );
}

async fn fill(salesforce: &Salesforce, rows: u32) {
    let contacts = salesforce.sobject("Contact");
    stream::iter(0..rows)
        .map(|number| {
            contacts
                .create(&json!({"LastName": format!("Row {number:04}")}))
                .into_future()
        })
        .buffer_unordered(20)
        .try_collect::<Vec<_>>()
        .await
        .unwrap();
}

#[tokio::test]
async fn rows_come_over_pages_typed_and_dynamic() {
    let (_org, salesforce) = start().await;
    fill(&salesforce, 450).await;
    let query = || {
        salesforce
            .query("SELECT Id, LastName, Email FROM Contact WHERE LastName LIKE 'Row%' ORDER BY LastName")
            .batch_size(200)
    };
    let typed: Vec<Contact> = query().fetch_all().await.unwrap();
    assert_eq!(typed.len(), 450);
    assert_eq!(typed[449].last_name, "Row 0449");
    let dynamic: Vec<Record> = query().records().try_collect().await.unwrap();
    assert_eq!(dynamic[0].object(), Some("Contact"));
    let ids: std::collections::HashSet<RecordId> = dynamic.iter().filter_map(Record::id).collect();
    assert_eq!(ids.len(), 450);
    let pages: Vec<_> = query().pages::<Value>().try_collect().await.unwrap();
    assert_eq!(
        pages
            .iter()
            .map(|page| page.records.len())
            .collect::<Vec<_>>(),
        [200, 200, 50]
    );
}

/// What is bound stays a value, as the org's own parser reads it.
#[tokio::test]
async fn bound_values_find_what_they_say() {
    let (_org, salesforce) = start().await;
    let contacts = salesforce.sobject("Contact");
    let names = [
        "O'Hara",
        "a\\b",
        "50%_x",
        "\"q\"",
        "' OR Name != '",
        "tab\there",
        "ünïcode😀",
    ];
    for name in names {
        contacts.create(&json!({"LastName": name})).await.unwrap();
    }
    for name in names {
        let found: Contact = salesforce
            .query("SELECT LastName, Email FROM Contact WHERE LastName = :name")
            .bind("name", name)
            .fetch_one()
            .await
            .unwrap();
        assert_eq!(found.last_name, name);
    }
    let soql = Soql::new("SELECT COUNT() FROM Contact WHERE LastName IN :names")
        .bind("names", &names[..3]);
    assert_eq!(salesforce.query(soql).count().await.unwrap(), 3);
}

#[tokio::test]
async fn an_expired_session_in_the_middle_of_paging_loses_no_row() {
    let (org, salesforce) = start().await;
    fill(&salesforce, 450).await;
    let mut rows = salesforce
        .query("SELECT LastName, Email FROM Contact WHERE LastName LIKE 'Row%' ORDER BY LastName")
        .batch_size(200)
        .rows::<Contact>();
    let mut seen = Vec::new();
    while let Some(row) = rows.try_next().await.unwrap() {
        if seen.len() == 100 {
            org.expire_tokens();
        }
        seen.push(row.last_name);
    }
    assert_eq!(
        seen,
        (0..450)
            .map(|number| format!("Row {number:04}"))
            .collect::<Vec<_>>()
    );
}

/// Faults that a read survives: the row comes all the same.
#[tokio::test]
async fn reads_survive_trouble() {
    let (org, salesforce) = start().await;
    let contacts = salesforce.sobject("Contact");
    let id = contacts.create(&json!({"LastName": "L"})).await.unwrap().id;
    for fault in [
        Fault::unavailable(),
        Fault::html(),
        Fault::cut_before(),
        Fault::cut_after(),
        Fault::cut_body(10),
        Fault::cut_chunked_body(10),
        Fault::expired_session(),
        Fault::locked_row(),
        Fault::error(
            http::StatusCode::INTERNAL_SERVER_ERROR,
            "UNKNOWN_EXCEPTION",
            "gack",
        ),
        Fault::error(http::StatusCode::TOO_MANY_REQUESTS, "TOO_MANY", ""),
    ] {
        let what = format!("{fault:?}");
        org.faults().add(fault.path("/services/data/").times(1));
        let row = contacts.get::<Contact>(id).await;
        assert!(row.is_ok(), "{what}: {row:?}");
        org.faults().clear();
    }
}

/// A create is never doubled: after a fault there is one record or none, and
/// the error says whether there may be one.
#[tokio::test]
async fn a_create_is_never_doubled() {
    let (org, salesforce) = start().await;
    let contacts = salesforce.sobject("Contact");
    for (number, fault) in [
        Fault::unavailable(),
        Fault::html(),
        Fault::cut_before(),
        Fault::cut_after(),
        Fault::cut_body(10),
        Fault::cut_chunked_body(10),
        Fault::locked_row(),
        Fault::expired_session(),
    ]
    .into_iter()
    .enumerate()
    {
        let what = format!("{fault:?}");
        let name = format!("Fault {number}");
        org.faults().add(fault.path("/services/data/").times(1));
        let outcome = contacts.create(&json!({"LastName": name})).await;
        org.faults().clear();
        let there = salesforce
            .query("SELECT COUNT() FROM Contact WHERE LastName = :name")
            .bind("name", name.as_str())
            .count()
            .await
            .unwrap();
        match outcome {
            Ok(_) => assert_eq!(there, 1, "{what}"),
            Err(error) => assert!(
                there == 0 || (there == 1 && error.may_have_been_processed()),
                "{what}: {there} records, {error}"
            ),
        }
    }
}

/// An upsert by external id may be repeated, so it gets through.
#[tokio::test]
async fn an_upsert_gets_through_and_a_repeated_delete_is_done() {
    let (org, salesforce) = start().await;
    let contacts = salesforce.sobject("Contact");
    let by_key = contacts.external_id("External_Id__c", "key");
    org.faults()
        .add(Fault::cut_after().path("/services/data/").times(1));
    let outcome = by_key.upsert(&json!({"LastName": "L"})).await.unwrap();
    assert!(outcome.repeated && !outcome.created, "{outcome:?}");
    assert_eq!(
        salesforce
            .query("SELECT COUNT() FROM Contact WHERE LastName = 'L'")
            .count()
            .await
            .unwrap(),
        1
    );
    org.faults()
        .add(Fault::cut_after().path("/services/data/").times(1));
    by_key.delete().await.unwrap();
    assert_eq!(
        salesforce
            .query("SELECT COUNT() FROM Contact WHERE LastName = 'L'")
            .count()
            .await
            .unwrap(),
        0
    );
}

#[tokio::test]
async fn a_persistent_401_makes_one_refresh() {
    let (org, salesforce) = start().await;
    org.faults()
        .add(Fault::expired_session().path("/services/data/").always());
    let error = salesforce.limits().await.unwrap_err();
    assert_eq!(
        error.auth().unwrap().kind(),
        AuthErrorKind::FreshTokenRejected
    );
    let logins = org
        .requests()
        .iter()
        .filter(|sent| sent.path.contains("oauth2/token"))
        .count();
    assert_eq!(logins, 2, "the sign-in and one refresh");
}

#[tokio::test]
async fn what_happened_is_told_as_it_happens() {
    let org = LocalOrg::start().await.unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let salesforce = Salesforce::builder(client_credentials(&org))
        .org_url(org.url())
        .retry(at_once())
        .observer(move |event: &Event| log.lock().unwrap().push(event.name()))
        .build()
        .unwrap();
    org.faults()
        .add(Fault::unavailable().path("/services/data/").times(1));
    salesforce.limits().await.unwrap();
    let names = seen.lock().unwrap().clone();
    let expected = [
        "request",
        "request",
        "api_call",
        "response",
        "token_issued",
        "api_call",
        "retry",
        "api_call",
        "response",
    ];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn any_endpoint_can_be_reached() {
    let (_org, salesforce) = start().await;
    let versions: Value = salesforce
        .request(http::Method::GET, "/services/data/")
        .json()
        .await
        .unwrap();
    assert!(versions.as_array().unwrap().len() > 5);
    let describe: Value = salesforce
        .request(http::Method::GET, "/sobjects/Account/describe")
        .json()
        .await
        .unwrap();
    assert_eq!(describe["name"], "Account");
    let error = salesforce
        .request(http::Method::GET, "/nothing/here")
        .send()
        .await
        .unwrap_err();
    assert!(error.status().is_some());
}

#[tokio::test]
async fn https_with_a_root_certificate_of_one_s_own() {
    let org = LocalOrg::builder().tls_port(0).start().await.unwrap();
    let certificate = std::fs::read(org.tls_cert_file().unwrap()).unwrap();
    let url = org.tls_url().unwrap();
    let builder = || {
        Salesforce::builder(client_credentials(&org))
            .org_url(url.as_str())
            .retry(RetryPolicy::never())
    };
    let trusting = builder().root_certificates(certificate).build().unwrap();
    trusting.limits().await.unwrap();
    let token = trusting.access_token().await.unwrap();
    assert_eq!(token.origin(), url);

    let strange = builder().build().unwrap();
    let error = strange.limits().await.unwrap_err();
    assert_eq!(error.auth().unwrap().kind(), AuthErrorKind::Unavailable);
}

#[cfg(feature = "reqwest_0_13")]
#[tokio::test]
async fn a_reqwest_client_of_one_s_own() {
    use ferroforce::transport::reqwest_0_13::Adapter;

    let org = LocalOrg::start().await.unwrap();
    let own = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .user_agent("mine")
        .build()
        .unwrap();
    let salesforce = Salesforce::builder(client_credentials(&org))
        .org_url(org.url())
        .transport(Adapter::from(own))
        .build()
        .unwrap();
    salesforce.limits().await.unwrap();
}

/// Answers every connection with `answer` and keeps what came.
async fn listener(answer: String) -> (String, Arc<Mutex<Vec<String>>>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut bytes = vec![0; 4096];
            let length = socket.read(&mut bytes).await.unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
            log.lock().unwrap().push(text);
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    (url, seen)
}

#[derive(Debug)]
struct Ready(String);

impl Auth for Ready {
    async fn acquire(
        &self,
        _: &ferroforce::auth::AuthContext,
    ) -> Result<ferroforce::auth::AccessToken, ferroforce::auth::AuthError> {
        ferroforce::auth::AccessToken::new("t0ken", &self.0)
    }
}

/// The built-in transport follows no redirect, and the token stays home.
#[tokio::test]
async fn a_redirect_takes_the_token_nowhere() {
    for status in [
        "301 Moved",
        "302 Found",
        "303 See Other",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let (elsewhere, stolen) =
            listener("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".into()).await;
        let answer = format!(
            "HTTP/1.1 {status}\r\nlocation: {elsewhere}/x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        let (url, seen) = listener(answer).await;
        let salesforce = Salesforce::builder(Ready(url)).build().unwrap();
        for method in [http::Method::GET, http::Method::POST] {
            let error = salesforce.request(method, "/x").send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Redirect);
        }
        assert!(
            seen.lock()
                .unwrap()
                .iter()
                .all(|request| request.contains("t0ken"))
        );
        assert!(stolen.lock().unwrap().is_empty(), "{status}");
    }
}

#[tokio::test]
async fn a_proxy_is_asked_for_the_way() {
    let refused = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let (proxy, seen) = listener(refused.into()).await;
    let salesforce = Salesforce::builder(Ready("https://acme.my.salesforce.com".into()))
        .proxy_with_credentials(proxy, "user", "pa55word")
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    let error = salesforce.limits().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
    assert!(!format!("{error:?} {error}").contains("pa55word"));
    let seen = seen.lock().unwrap();
    assert!(
        seen[0].starts_with("CONNECT acme.my.salesforce.com:443"),
        "{seen:?}"
    );
    assert!(
        seen[0]
            .to_ascii_lowercase()
            .contains("proxy-authorization: basic")
    );
    assert!(!seen[0].contains("t0ken"));
}
