use super::*;
use crate::script::{ORG, Reply, Script, builder, form};

const GRANTED: &str =
    r#"{"access_token":"00D!token","instance_url":"https://acme.my.salesforce.com"}"#;

fn read(variables: &[(&str, &str)]) -> Result<Environment, AuthError> {
    Environment::read_from(|name| {
        let found = variables.iter().find(|(set, _)| *set == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

/// The form that such a sign-in sends, and to whom.
async fn sent(variables: &[(&str, &str)]) -> (String, std::collections::HashMap<String, String>) {
    let environment = read(variables).unwrap();
    let script = Script::replies([Reply::json(200, GRANTED)]);
    let mut builder = builder(environment.session().clone(), &script);
    if let Some(url) = environment.org_url() {
        builder = builder.org_url(url);
    }
    let salesforce = builder.build().unwrap();
    salesforce.access_token().await.unwrap();
    (script.sent()[0].uri.to_string(), form(&script, 0))
}

#[tokio::test(start_paused = true)]
async fn what_is_set_says_which_flow_it_is() {
    let (uri, form) = sent(&[
        ("SALESFORCE_CLIENT_ID", "id"),
        ("SALESFORCE_CLIENT_SECRET", "secret"),
        ("SALESFORCE_URL", ORG),
        ("SALESFORCE_PASSWORD", " "),
    ])
    .await;
    assert_eq!(uri, format!("{ORG}/services/oauth2/token"));
    assert_eq!(form["grant_type"], "client_credentials");
    assert_eq!(
        (&*form["client_id"], &*form["client_secret"]),
        ("id", "secret")
    );

    let (uri, form) = sent(&[
        ("SALESFORCE_CLIENT_ID", "id"),
        ("SALESFORCE_CLIENT_SECRET", "secret"),
        ("SALESFORCE_USERNAME", "ada@acme.com"),
        ("SALESFORCE_PASSWORD", "pass"),
        ("SALESFORCE_SECURITY_TOKEN", "word"),
        ("SALESFORCE_LOGIN_URL", "https://test.salesforce.com"),
    ])
    .await;
    assert_eq!(uri, "https://test.salesforce.com/services/oauth2/token");
    assert_eq!(
        (&*form["grant_type"], &*form["password"]),
        ("password", "password")
    );
}

#[cfg(feature = "jwt")]
#[tokio::test(start_paused = true)]
async fn a_private_key_comes_from_a_file_or_as_it_is() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys/pkcs8.pem");
    let pem = std::fs::read_to_string(file).unwrap();
    for (name, value) in [
        ("SALESFORCE_PRIVATE_KEY_FILE", file),
        ("SALESFORCE_PRIVATE_KEY", pem.as_str()),
    ] {
        let (uri, form) = sent(&[
            ("SALESFORCE_CLIENT_ID", "id"),
            ("SALESFORCE_USERNAME", "ada@acme.com"),
            (name, value),
        ])
        .await;
        assert_eq!(uri, "https://login.salesforce.com/services/oauth2/token");
        assert!(form.contains_key("assertion"));
    }
    let missing = read(&[
        ("SALESFORCE_CLIENT_ID", "id"),
        ("SALESFORCE_USERNAME", "ada@acme.com"),
        ("SALESFORCE_PRIVATE_KEY_FILE", "no/such/file"),
    ]);
    assert_eq!(missing.unwrap_err().kind(), AuthErrorKind::Misconfigured);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_taken_by_our_names_and_by_those_of_sf() {
    for [token, url] in [
        ["SALESFORCE_ACCESS_TOKEN", "SALESFORCE_URL"],
        ["SF_ACCESS_TOKEN", "SF_ORG_INSTANCE_URL"],
    ] {
        let environment = read(&[(token, "00D!x"), (url, ORG)]).unwrap();
        assert_eq!(environment.org_url(), Some(ORG));
        let script = Script::replies([Reply::json(200, "{}")]);
        let salesforce = builder(environment.session().clone(), &script)
            .build()
            .unwrap();
        let token = salesforce.access_token().await.unwrap();
        assert_eq!(token.secret().expose(), "00D!x");
        assert_eq!(script.count(), 0, "nothing is sent");
    }
    // What sf hides is no token.
    let hidden = read(&[
        (
            "SF_ACCESS_TOKEN",
            "[REDACTED] Use 'sf org auth show-access-token' to view",
        ),
        ("SF_ORG_INSTANCE_URL", ORG),
    ]);
    hidden.unwrap_err();
    // Variables of other programs do not mix with ours.
    let error = read(&[("SF_ACCESS_TOKEN", "00D!x"), ("SALESFORCE_URL", ORG)]).unwrap_err();
    assert!(error.description().contains("SALESFORCE_ACCESS_TOKEN"));
}

#[test]
fn a_guess_is_never_made() {
    let id = ("SALESFORCE_CLIENT_ID", "id1");
    let secret = ("SALESFORCE_CLIENT_SECRET", "s3cret");
    let user = ("SALESFORCE_USERNAME", "ada@acme.com");
    let token = ("SALESFORCE_ACCESS_TOKEN", "00D!t0k3n");
    let url = ("SALESFORCE_URL", ORG);
    for (variables, says) in [
        (&[][..], "no environment variable"),
        (&[id, secret], "set SALESFORCE_URL"),
        (&[id, secret, url, user], "do not set SALESFORCE_USERNAME"),
        (&[token], "set SALESFORCE_URL"),
        (&[token, id, url], "do not set SALESFORCE_CLIENT_ID"),
        (&[token, ("SALESFORCE_FLOW", "telepathy")], "names no flow"),
        (
            &[token, ("SALESFORCE_FLOW", "client-credentials")],
            "set SALESFORCE_CLIENT_ID",
        ),
    ] {
        let error = read(variables).unwrap_err();
        assert_eq!(error.kind(), AuthErrorKind::Misconfigured);
        assert!(error.description().contains(says), "{says} in {error}");
        for (_, value) in variables {
            assert!(!error.to_string().contains(value) || *value == "client-credentials");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_flow_that_is_named_is_taken_whatever_else_is_set() {
    let (_, form) = sent(&[
        ("SALESFORCE_FLOW", "client-credentials"),
        ("SALESFORCE_ACCESS_TOKEN", "00D!x"),
        ("SALESFORCE_CLIENT_ID", "id"),
        ("SALESFORCE_CLIENT_SECRET", "secret"),
        ("SALESFORCE_USERNAME", "ada@acme.com"),
        ("SALESFORCE_PASSWORD", "password"),
        ("SALESFORCE_URL", ORG),
    ])
    .await;
    assert_eq!(form["grant_type"], "client_credentials");
}
