use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout};

use ferroforce::auth::{ClientCredentials, JwtBearer, PrivateKey, Session, SoapLogin};
use ferroforce::{Record, Salesforce};
use futures_util::TryStreamExt;
use serde_json::Value;

use crate::program::{command, run};

/// A running `ferroforce org start --json`, which is killed when a test fails.
struct Org {
    process: Child,
    out: BufReader<ChildStdout>,
    invitation: Value,
}

impl Org {
    fn start(args: &[&str]) -> Self {
        let args = [&["org", "start", "--json"], args].concat();
        let mut process = command(&args).spawn().unwrap();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let invitation = serde_json::from_str(&line);
        Self {
            process,
            out,
            invitation: invitation.unwrap_or_else(|error| panic!("{error}: {line:?}")),
        }
    }

    fn text(&self, name: &str) -> &str {
        let value = &self.invitation[name];
        value
            .as_str()
            .unwrap_or_else(|| panic!("{name} is {value}"))
    }

    /// A header line.
    fn bearer(&self) -> String {
        format!("Authorization: Bearer {}", self.text("access_token"))
    }

    fn query(&self, soql: &str) -> Value {
        let path = format!("/services/data/v66.0/query?q={}", soql.replace(' ', "+"));
        let (status, body) = get(self.text("url"), &path, &self.bearer());
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Sends a signal, waits for the end, and returns the exit code and what was printed after
    /// the invitation.
    #[cfg(unix)]
    fn stop(mut self, signal: &str) -> (Option<i32>, String) {
        let process = self.process.id().to_string();
        let sent = std::process::Command::new("kill")
            .args(["-s", signal, &process])
            .status();
        assert!(sent.unwrap().success());
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        (self.process.wait().unwrap().code(), rest)
    }
}

/// Status and body of the answer to a GET.
fn get(url: &str, path: &str, header: &str) -> (u16, String) {
    send(url, &format!("GET {path} HTTP/1.1\r\n{header}"), "")
}

/// Status and body of the answer to a request with this head, but for what every head has.
fn send(url: &str, head: &str, body: &str) -> (u16, String) {
    let host = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "{head}\r\nHost: {host}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

impl Drop for Org {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn json_holds_all_that_a_client_needs() {
    let org = Org::start(&["--tls-port", "0"]);
    let names = [
        "access_token",
        "admin_token",
        "callback_url",
        "client_id",
        "client_secret",
        "org_id",
        "password",
        "private_key_file",
        "refresh_token",
        "security_token",
        "tls_cert_file",
        "tls_url",
        "url",
        "user_id",
        "username",
    ];
    let found: Vec<&String> = org.invitation.as_object().unwrap().keys().collect();
    assert_eq!(found, names);
    for name in names {
        assert!(!org.text(name).is_empty(), "{name}");
    }
    assert!(org.text("tls_url").starts_with("https://127.0.0.1:"));
    for (name, label) in [
        ("private_key_file", "PRIVATE KEY"),
        ("tls_cert_file", "CERTIFICATE"),
    ] {
        let pem = fs::read_to_string(org.text(name)).unwrap();
        assert!(
            pem.starts_with(&format!("-----BEGIN {label}-----")),
            "{name}"
        );
    }
}

#[tokio::test]
async fn every_credential_works() {
    let org = Org::start(&["--tls-port", "0"]);
    let (client_id, username) = (org.text("client_id"), org.text("username"));
    let soap_login =
        SoapLogin::new(username, org.text("password")).security_token(org.text("security_token"));
    let credentials = ClientCredentials::new(client_id, org.text("client_secret"));
    let key = PrivateKey::from_pem_file(org.text("private_key_file")).unwrap();
    let sessions = [
        Session::new(soap_login),
        Session::new(credentials),
        Session::new(JwtBearer::new(client_id, username, key)),
    ];
    for session in sessions {
        for url in ["url", "tls_url"] {
            let salesforce = Salesforce::builder(session.clone())
                .org_url(org.text(url))
                .root_certificates(fs::read(org.text("tls_cert_file")).unwrap())
                .build()
                .unwrap();
            let user: Record = salesforce
                .query("SELECT Id FROM User")
                .records()
                .try_next()
                .await
                .unwrap()
                .unwrap();
            assert_eq!(user.get::<&str>("Id").unwrap(), org.text("user_id"));
        }
    }
    let organization = &org.query("SELECT Id FROM Organization")["records"][0];
    assert_eq!(organization["Id"], org.text("org_id"));
    let (status, body) = send(
        org.text("url"),
        "POST /services/oauth2/token HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded",
        &format!(
            "grant_type=refresh_token&client_id={client_id}&client_secret={}&refresh_token={}",
            org.text("client_secret"),
            org.text("refresh_token")
        ),
    );
    assert_eq!(status, 200, "{body}");
    let admin = format!("X-Org-Admin-Token: {}", org.text("admin_token"));
    assert_eq!(get(org.text("url"), "/__org/requests", &admin).0, 200);
}

#[test]
fn what_is_not_there_is_null() {
    let org = Org::start(&[]);
    assert!(org.invitation["tls_url"].is_null());
    assert!(org.invitation["tls_cert_file"].is_null());
}

#[test]
fn the_org_allows_what_it_is_told_to() {
    let org = Org::start(&[
        "--policy",
        "session_seconds=60",
        "--policy",
        "security_token=optional",
        "--callback-url",
        "http://localhost:8080/signed-in",
    ]);
    let admin = format!("X-Org-Admin-Token: {}", org.text("admin_token"));
    let (_, policies) = get(org.text("url"), "/__org/policies", &admin);
    let policies: Value = serde_json::from_str(&policies).unwrap();
    assert_eq!(policies["session_seconds"], 60);
    assert_eq!(policies["security_token"], "optional");
    assert_eq!(policies["logins_per_hour"], 3600);
    let path = format!(
        "/services/oauth2/authorize?response_type=code&client_id={}\
         &redirect_uri=http%3A%2F%2Flocalhost%3A8080%2Fsigned-in",
        org.text("client_id")
    );
    assert_eq!(get(org.text("url"), &path, &admin).0, 303);

    for (option, value, expected) in [
        ("--policy", "magic=1", "unknown field `magic`"),
        ("--policy", "soap_login=1", "expected a boolean"),
        ("--policy", "soap_login", "expected NAME=VALUE"),
        ("--callback-url", "http://example.com/", "must be absolute"),
    ] {
        let output = run(&["org", "start", option, value]);
        assert!(
            output.code != Some(0) && output.err.contains(expected),
            "{}",
            output.err
        );
    }
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_well_and_takes_its_files_along() {
    for signal in ["TERM", "INT", "HUP"] {
        let org = Org::start(&["--tls-port", "0"]);
        let host = org.text("url").strip_prefix("http://").unwrap().to_owned();
        let files = ["private_key_file", "tls_cert_file"].map(|name| org.text(name).to_owned());
        assert!(files.iter().all(|file| Path::new(file).exists()));
        assert_eq!(org.stop(signal), (Some(0), String::new()), "{signal}");
        for file in &files {
            assert!(
                !Path::new(file).parent().unwrap().exists(),
                "{signal}: {file}"
            );
        }
        assert!(TcpStream::connect(host).is_err(), "{signal}");
    }
}

#[cfg(unix)]
#[test]
fn the_files_that_the_help_shows_make_the_org() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (schema, seed, data) = (file("schema.toml"), file("seed.toml"), file("org.sqlite"));
    let help = run(&["org", "start", "--help"]).out;
    for (path, title) in [(&schema, "A schema file:\n"), (&seed, "A seed file:\n")] {
        let example = help.split_once(title).unwrap().1;
        fs::write(path, example.split("\n\n").next().unwrap()).unwrap();
    }

    let args = ["--schema", &schema, "--seed", &seed, "--data", &data];
    let org = Org::start(&args);
    let found = org.query("SELECT Name, Cogs__c, Owner__r.LastName FROM Engine__c");
    let engine = &found["records"][0];
    assert_eq!(engine["Name"], "Difference Engine");
    assert_eq!(engine["Cogs__c"], 8000.0);
    assert_eq!(engine["Owner__r"]["LastName"], "Babbage");
    assert_eq!(org.stop("TERM").0, Some(0));

    // The data is still there, and not seeded twice.
    let org = Org::start(&args);
    assert_eq!(org.query("SELECT Name FROM Engine__c")["totalSize"], 1);
}

#[cfg(unix)]
#[test]
fn a_person_reads_what_to_type_next() {
    let mut process = command(&["org", "start"]).spawn().unwrap();
    let mut out = BufReader::new(process.stdout.take().unwrap());
    let mut text = String::new();
    while !text.contains("Ctrl-C") {
        assert_ne!(out.read_line(&mut text).unwrap(), 0, "{text}");
    }
    // The line to type works as it stands.
    let between = |before: &str, after: &str| {
        let rest = text.split_once(before).unwrap().1;
        rest.split_once(after).unwrap().0.to_owned()
    };
    let url = between("running at ", "\n");
    let path = between(&format!("curl '{url}"), "'");
    let (status, body) = get(&url, &path, &between("-H '", "'"));
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("Ada Admin"), "{body}");
    let sent = std::process::Command::new("kill")
        .arg(process.id().to_string())
        .status();
    assert!(sent.unwrap().success());
    assert_eq!(process.wait().unwrap().code(), Some(0));
    for part in [
        "A local Salesforce org is running at http://127.0.0.1:",
        "  username        admin@org.example\n",
        "Salesforce::builder(auth).org_url(\"http://127.0.0.1:",
        "/__org/faults",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn what_keeps_it_from_starting_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let nonsense = folder.path().join("nonsense.toml");
    fs::write(&nonsense, "no = [").unwrap();
    let nonsense = nonsense.to_str().unwrap();
    for args in [
        ["--schema", nonsense],
        ["--seed", nonsense],
        ["--seed", "no/such/file"],
        ["--data", "no/such/folder/file"],
    ] {
        let ended = run(&["org", "start", args[0], args[1]]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{args:?}");
        assert!(ended.err.starts_with("error: "), "{args:?}: {}", ended.err);
    }
}

#[test]
fn a_taken_port_is_told() {
    let org = Org::start(&[]);
    let port = org.text("url").rsplit(':').next().unwrap();
    let ended = run(&["org", "start", "--port", port]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));
    assert!(
        ended.err.contains(&format!("127.0.0.1:{port}")),
        "{}",
        ended.err
    );
}
