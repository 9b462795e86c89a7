//! Every example runs on the local org.
//!
//! `cargo test` builds them first; `cargo test --test examples` alone takes them as they are.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use ferroforce_org::{ConnectedApp, LocalOrg};

/// The folder of the examples stands beside that of the tests.
fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let program = profile.join("examples").join(file);
    assert!(
        program.exists(),
        "the example {name} is not built: `cargo build -p ferroforce --examples` does it"
    );
    program
}

/// Answers one request with a token, as the service of `custom_auth_service` does.
fn token_service(org: &LocalOrg) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    let body = serde_json::json!({
        "access_token": org.access_token(),
        "instance_url": org.url(),
    })
    .to_string();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let length = stream.read(&mut request).unwrap();
        assert!(String::from_utf8_lossy(&request[..length]).contains("Bearer any"));
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
    });
    url
}

fn run(org: &LocalOrg, name: &str, settings: &[(&str, &str)]) -> String {
    let key = org.private_key_file().unwrap().unwrap();
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(program(name))
        .env("SALESFORCE_URL", org.url())
        .env("SALESFORCE_CLIENT_ID", org.client_id())
        .env("SALESFORCE_CLIENT_SECRET", org.client_secret().unwrap())
        .env("SALESFORCE_USERNAME", org.username())
        .env("SALESFORCE_PASSWORD", org.password())
        .env("SALESFORCE_SECURITY_TOKEN", org.security_token())
        .env("SALESFORCE_PRIVATE_KEY_FILE", key)
        .env_remove("SALESFORCE_PRIVATE_KEY_PASSPHRASE")
        .envs(settings.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8(stdout).unwrap();
    assert!(
        status.success(),
        "{name}: {text}{}",
        String::from_utf8_lossy(&stderr)
    );
    text
}

#[tokio::test]
async fn bulk_load() {
    let org = LocalOrg::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("contacts.csv");
    fs::write(
        &file,
        "External_Id__c;LastName\r\nA-1;Lovelace\r\nA-2;\r\nA-3;\"Doe; \"\"D\"\"\"\r\n",
    )
    .unwrap();
    let settings = [("CONTACTS", file.to_str().unwrap())];
    let text = run(&org, "bulk_load", &settings);
    assert!(text.contains("2 written, 1 failed"), "{text}");
    let failed = fs::read_to_string(folder.path().join("failed.csv")).unwrap();
    assert!(
        failed.contains("REQUIRED_FIELD_MISSING") && failed.contains("A-2"),
        "{failed}"
    );
    assert!(!folder.path().join("contacts.journal").exists());
}

fn sign_ins(org: &LocalOrg) -> usize {
    let requests = org.requests();
    let tokens = requests
        .iter()
        .filter(|request| request.path == "/services/oauth2/token");
    tokens.count()
}

#[tokio::test]
async fn every_example_does_what_it_says() {
    let org = LocalOrg::start().await.unwrap();
    let url = org.url();
    for (name, says) in [
        ("quick_start", "there are 1 now"),
        ("client_credentials", url.as_str()),
        ("soap_login", url.as_str()),
        ("jwt_bearer", url.as_str()),
        ("username_password", url.as_str()),
        ("query_stream", "1 found"),
        ("search", "1 found"),
        ("safe_create", "there is one"),
        ("upsert", "created"),
        ("upsert", "updated"),
        ("relationships", "Lovelace works for Analytical Engines"),
        ("careful_update", "somebody else was faster"),
        ("changes", "1 updated, 1 deleted"),
        ("files", "9 bytes came back"),
        ("describe", "LastName"),
        ("events", "calls by this program: 1"),
        ("any_endpoint", "200 OK"),
        ("composite", "rolled back"),
        ("import", "1000 of 1000 created"),
        ("many_workers", "30 done, 10 stopped"),
        ("extract", "by REST, because it has few rows"),
    ] {
        let said = run(&org, name, &[]);
        assert!(said.contains(says), "{name}: {said}");
    }
}

#[tokio::test]
async fn a_refresh_token_is_used_by_the_first_run_only() {
    let org = LocalOrg::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let folder = ("SALESFORCE_TOKEN_FOLDER", folder.path().to_str().unwrap());
    let refresh_token = ("SALESFORCE_REFRESH_TOKEN", org.refresh_token());
    let said = run(&org, "refresh_token", &[folder, refresh_token]);
    assert!(
        said.contains("used") && said.contains("signed in"),
        "{said}"
    );
    let said = run(&org, "refresh_token", &[folder]);
    assert_eq!(said, "signed in\n");
    org.revoke_tokens();
    let said = run(&org, "refresh_token", &[folder]);
    assert!(said.contains("sign in again"), "{said}");
}

#[tokio::test]
async fn a_query_goes_on_where_it_stopped() {
    let org = LocalOrg::start().await.unwrap();
    for _ in 0..4 {
        run(&org, "quick_start", &[]);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cursor.json");
    let settings = [("CURSOR_FILE", file.to_str().unwrap())];
    let said = run(&org, "query_resume", &settings);
    assert!(said.contains("read 3 so far"), "{said}");
    let said = run(&org, "query_resume", &settings);
    assert_eq!(said, "Lovelace\nread all\n");
}

#[tokio::test]
async fn an_export_that_is_done_is_not_done_again() {
    let org = LocalOrg::start().await.unwrap();
    run(&org, "quick_start", &[]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("contacts.csv");
    let settings = [("EXPORT_FILE", file.to_str().unwrap())];
    for _ in 0..2 {
        let said = run(&org, "bulk_extract", &settings);
        assert!(said.starts_with("1 contacts are in"), "{said}");
        assert!(fs::read_to_string(&file).unwrap().contains("Lovelace"));
    }
    let jobs = org.requests();
    let jobs = jobs
        .iter()
        .filter(|request| request.path.ends_with("/jobs/query"));
    assert_eq!(jobs.count(), 1);
}

#[tokio::test]
async fn a_wrong_password_is_explained() {
    let org = LocalOrg::start().await.unwrap();
    let said = run(&org, "soap_login", &[("SALESFORCE_PASSWORD", "wrong")]);
    assert!(said.contains("INVALID_LOGIN"), "{said}");
    assert!(said.contains("security token"), "{said}");
}

#[tokio::test]
async fn a_shared_session_signs_in_once() {
    let org = LocalOrg::start().await.unwrap();
    let said = run(&org, "shared_session", &[]);
    assert!(said.contains("100 answers"), "{said}");
    assert_eq!(sign_ins(&org), 1);
}

#[tokio::test]
async fn the_environment_says_how_to_sign_in() {
    let org = LocalOrg::start().await.unwrap();
    for flow in ["client-credentials", "jwt", "soap"] {
        let said = run(&org, "environment", &[("SALESFORCE_FLOW", flow)]);
        assert_eq!(said.trim(), format!("signed in as {}", org.username()));
    }
}

#[tokio::test]
async fn a_token_of_an_identity_provider_is_exchanged() {
    let app = ConnectedApp::new("app")
        .client_secret("s3cret")
        .generated_key()
        .token_exchange("f0reign", "admin@org.example");
    let org = LocalOrg::builder().app(app).start().await.unwrap();
    let said = run(&org, "token_exchange", &[("SUBJECT_TOKEN", "f0reign")]);
    assert_eq!(said.trim(), format!("signed in at {}", org.url()));
}

#[tokio::test]
async fn a_ready_token_works_until_it_is_ended() {
    let org = LocalOrg::start().await.unwrap();
    let settings = [("SALESFORCE_ACCESS_TOKEN", org.access_token())];
    let said = run(&org, "access_token", &settings);
    assert!(said.starts_with(&format!("{} has it", org.username())));
    assert!(said.contains("it has ended: "), "{said}");
    assert_eq!(sign_ins(&org), 0);
}

/// An example that waits for a user, and the first line that it prints.
fn waiting(org: &LocalOrg, name: &str, settings: &[(&str, &str)]) -> (Child, String) {
    let mut child = Command::new(program(name))
        .env("SALESFORCE_LOGIN_URL", org.url())
        .env("SALESFORCE_CLIENT_ID", org.client_id())
        .env("SALESFORCE_CLIENT_SECRET", org.client_secret().unwrap())
        .envs(settings.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let out = child.stdout.take().unwrap();
    let mut out = BufReader::new(out);
    out.read_line(&mut line).unwrap();
    child.stdout = Some(out.into_inner());
    (child, line.trim().to_owned())
}

fn said(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_signs_in_with_a_browser_or_a_code() {
    let org = LocalOrg::start().await.unwrap();
    let signed_in = format!("signed in as {}\n", org.username());
    let redirect_uri = "http://localhost:1717/OauthRedirect";
    let settings = [("SALESFORCE_REDIRECT_URI", redirect_uri)];
    let (mut child, address) = waiting(&org, "web_server", &settings);
    let callback = org.authorize(&address, org.username()).unwrap();
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{callback}").unwrap();
    assert_eq!(said(child), signed_in);

    let (child, line) = waiting(&org, "device", &[]);
    let (_, code) = line.split_once(' ').unwrap();
    assert!(org.decide_device(code, org.username(), true));
    assert_eq!(said(child), signed_in);
}

#[tokio::test]
async fn a_flow_takes_its_token_from_another_service() {
    let org = LocalOrg::start().await.unwrap();
    let service = token_service(&org);
    let settings = [
        ("TOKEN_SERVICE_URL", service.as_str()),
        ("TOKEN_SERVICE_KEY", "any"),
    ];
    let said = run(&org, "custom_auth_service", &settings);
    assert!(said.contains("are left today"), "{said}");
    assert_eq!(sign_ins(&org), 0);
}

#[tokio::test]
async fn a_kept_token_saves_a_sign_in_until_it_has_ended() {
    let org = LocalOrg::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token.json");
    let settings = [("SALESFORCE_TOKEN_FILE", file.to_str().unwrap())];
    for sign_ins_so_far in [1, 1] {
        run(&org, "custom_auth_cached", &settings);
        assert_eq!(sign_ins(&org), sign_ins_so_far);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let kept = fs::read(&file).unwrap();
    org.expire_tokens();
    run(&org, "custom_auth_cached", &settings);
    assert_eq!(sign_ins(&org), 2);
    assert_ne!(fs::read(&file).unwrap(), kept);
}
