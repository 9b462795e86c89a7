//! Signing in to an org from the command line, and what is kept of it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use ferroforce_org::{ConnectedApp, Fault, LocalOrg};
use http::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::{Ended, command};

/// An org with a public app that a browser may come back to on `port`.
pub(crate) async fn org(port: u16) -> LocalOrg {
    let scopes = ["api", "id", "refresh_token"];
    LocalOrg::builder()
        .app(
            ConnectedApp::new("own")
                .client_secret("s3cret")
                .client_credentials("admin@org.example")
                .generated_key(),
        )
        .app(
            ConnectedApp::new("public")
                .callback_urls([callback(port)])
                .scopes(scopes)
                .require_pkce(true),
        )
        .start()
        .await
        .unwrap()
}

fn callback(port: u16) -> String {
    format!("http://localhost:{port}/OauthRedirect")
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A user of the command, with logins of their own.
pub(crate) struct User(TempDir);

impl User {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = command(args);
        command.env("FERROFORCE_HOME", self.0.path().join("home"));
        for name in [
            "SALESFORCE_CLIENT_ID",
            "SALESFORCE_CLIENT_SECRET",
            "SALESFORCE_ACCESS_TOKEN",
            "SF_ACCESS_TOKEN",
            "SF_ORG_INSTANCE_URL",
            "BROWSER",
        ] {
            command.env_remove(name);
        }
        command
    }

    fn run(&self, args: &[&str], input: &str) -> Ended {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        ended(child)
    }

    /// What a command that goes well says to scripts.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let ended = self.run(&[args, &["--json"]].concat(), "");
        envelope(&ended)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

pub(crate) fn ended(child: Child) -> Ended {
    let output = child.wait_with_output().unwrap();
    Ended {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn envelope(ended: &Ended) -> Value {
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    assert_eq!(ended.out.lines().count(), 1, "{}", ended.out);
    let envelope: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(envelope["status"], 0);
    envelope["result"].clone()
}

/// A sign-in by browser that waits for it, and the address that it wants opened.
pub(crate) fn begin_web(user: &User, org: &LocalOrg, port: u16, more: &[&str]) -> (Child, String) {
    let (url, port) = (org.url(), port.to_string());
    let args = [
        "org",
        "login",
        "web",
        "-i",
        "public",
        "-r",
        &url,
        "--port",
        &port,
        "--no-browser",
    ];
    let mut child = user.command(&[&args, more].concat()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = lines
        .find_map(|line| {
            Some(line.unwrap().trim().to_owned()).filter(|line| line.starts_with("http"))
        })
        .unwrap();
    // What comes later is read too, or the command could not write it.
    std::thread::spawn(move || lines.for_each(drop));
    (child, address)
}

/// A sign-in by device that waits for its user: where they are to go, and what to enter.
pub(crate) fn begin_device(user: &User, org: &LocalOrg, more: &[&str]) -> (Child, String, String) {
    let url = org.url();
    let args = ["org", "login", "device", "-i", "public", "-r", &url];
    let mut child = user.command(&[&args, more].concat()).spawn().unwrap();
    let mut line = String::new();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    err.read_line(&mut line).unwrap();
    std::thread::spawn(move || err.lines().for_each(drop));
    let asked = line.trim().strip_prefix("Open ").unwrap();
    let (address, code) = asked.split_once(" and enter ").unwrap();
    (child, address.to_owned(), code.to_owned())
}

/// What the browser gets that opens this address on this machine.
fn open(url: &str) -> String {
    let (host, path) = url
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_signs_in_by_browser_and_stays_signed_in() {
    let port = free_port();
    let (org, user) = (org(port).await, User::new());
    let args = ["--alias", "dev", "--set-default", "--json"];
    let (child, address) = begin_web(&user, &org, port, &args);
    let redirect = org.authorize(&address, org.username()).unwrap();
    assert!(redirect.starts_with(&callback(port)), "{redirect}");

    // Whoever guesses at the address gets nowhere, and does not end the wait.
    let forged = open(&format!("{}?code=x&state=guessed", callback(port)));
    assert!(forged.starts_with("HTTP/1.1 400"), "{forged}");
    assert!(forged.contains("Not this sign-in"), "{forged}");

    let page = open(&redirect);
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(page.contains("signed in as admin@org.example"), "{page}");
    let result = envelope(&ended(child));
    assert_eq!(
        result,
        json!({
            "username": "admin@org.example", "alias": "dev", "isDefault": true,
            "id": org.org_id(), "userId": org.user_id(), "instanceUrl": org.url(),
            "loginUrl": org.url(), "flow": "web", "clientId": "public",
        })
    );

    // Later commands go on with it, through the end of its token.
    for _ in 0..2 {
        let shown = user.json(&["org", "display", "--check"]);
        assert_eq!(shown["connectedStatus"], "Connected");
        org.expire_tokens();
    }
    let listed = user.json(&["org", "list"]);
    assert_eq!(listed[0]["alias"], "dev");
    nothing_is_readable_for_others(user.0.path());

    assert_eq!(
        user.json(&["org", "logout", "-o", "dev"]),
        json!(["admin@org.example"])
    );
    assert_eq!(user.json(&["org", "list"]), json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_without_a_refresh_token_is_kept_and_warned_of() {
    let port = free_port();
    let (org, user) = (org(port).await, User::new());
    let args = ["--scopes", "api,id", "--set-default", "--json"];
    let (child, address) = begin_web(&user, &org, port, &args);
    open(&org.authorize(&address, org.username()).unwrap());
    let ended = ended(child);
    assert_eq!(envelope(&ended)["flow"], "access-token");
    let told: Value = serde_json::from_str(&ended.out).unwrap();
    let warning = told["warnings"][0].as_str().unwrap();
    assert!(warning.contains("refresh_token"), "{warning}");
    let shown = user.json(&["org", "display", "--check"]);
    assert_eq!(shown["connectedStatus"], "Connected");
    org.expire_tokens();
    let shown = user.json(&["org", "display", "--check"]);
    let status = shown["connectedStatus"].as_str().unwrap();
    assert!(status.contains("get a new one"), "{status}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whose_token_it_is_is_found_without_user_info_too() {
    let (org, user) = (org(1717).await, User::new());
    org.faults().add(
        Fault::error(StatusCode::FORBIDDEN, "NO", "not with these scopes")
            .path("/services/oauth2/userinfo")
            .always(),
    );
    let secret = user.file("secret", "s3cret");
    let url = org.url();
    let login = user.json(&[
        "org",
        "login",
        "client-credentials",
        "-i",
        "own",
        "-r",
        &url,
        "--client-secret-file",
        &secret,
    ]);
    assert_eq!(login["username"], org.username());
    assert_eq!(login["id"], org.org_id());
}

#[cfg(unix)]
fn nothing_is_readable_for_others(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;

    let mut files = 0;
    let mut folders = vec![folder.join("home")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{}", path.display());
            if path.is_dir() {
                folders.push(path);
            } else {
                files += 1;
            }
        }
    }
    assert!(files >= 2, "logins and tokens");
}

#[cfg(not(unix))]
fn nothing_is_readable_for_others(_: &Path) {}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_in_the_browser_is_told_there_and_in_the_terminal() {
    let port = free_port();
    let (org, user) = (org(port).await, User::new());
    let (child, address) = begin_web(&user, &org, port, &["--json"]);
    let (_, state) = address.split_once("&state=").unwrap();
    let state = state.split('&').next().unwrap();
    let page = open(&format!(
        "{}?error=access_denied&error_description=end-user+denied+%3Cb%3E&state={state}",
        callback(port)
    ));
    assert!(page.starts_with("HTTP/1.1 400"), "{page}");
    assert!(
        page.contains("Sign-in failed") && page.contains("denied &lt;b&gt;"),
        "{page}"
    );
    let ended = ended(child);
    let told: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((ended.code, &told["status"]), (Some(1), &json!(1)));
    assert_eq!(told["name"], "AuthError");
    assert_eq!(told["code"], "access_denied");
    assert_eq!(told["commandName"], "org login web");
    assert_eq!(user.json(&["org", "list"]), json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_that_never_comes_back_ends_the_wait() {
    let port = free_port();
    let (org, user) = (org(port).await, User::new());
    let (child, _) = begin_web(&user, &org, port, &["--timeout", "0", "--json"]);
    let ended = ended(child);
    assert_eq!(ended.code, Some(1));
    assert!(ended.out.contains("callback URLs"), "{}", ended.out);
}

#[test]
fn a_port_that_is_taken_is_told() {
    let user = User::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ended = user.run(
        &[
            "org",
            "login",
            "web",
            "-i",
            "x",
            "--no-browser",
            "--port",
            &port,
        ],
        "",
    );
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.err.contains(&port) && ended.err.contains("--port"),
        "{}",
        ended.err
    );
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_browser_that_is_named_is_opened() {
    use std::os::unix::fs::PermissionsExt as _;

    let port = free_port();
    let (org, user) = (org(port).await, User::new());
    let seen = user.0.path().join("seen");
    let browser = user.file(
        "browser",
        &format!(
            "#!/bin/sh\nprintf %s \"$1\" > '{0}.new' && mv '{0}.new' '{0}'\n",
            seen.display()
        ),
    );
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o700)).unwrap();
    let (url, port) = (org.url(), port.to_string());
    let child = user
        .command(&[
            "org", "login", "web", "-i", "public", "-r", &url, "--port", &port, "--json",
        ])
        .env("BROWSER", &browser)
        .spawn()
        .unwrap();
    let address = loop {
        match fs::read_to_string(&seen) {
            Ok(address) => break address,
            Err(_) => std::thread::yield_now(),
        }
    };
    open(&org.authorize(&address, org.username()).unwrap());
    assert_eq!(envelope(&ended(child))["username"], "admin@org.example");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_without_a_browser_shows_a_code() {
    let (org, user) = (org(1717).await, User::new());
    let (child, address, code) = begin_device(&user, &org, &["-a", "box", "--json"]);
    assert!(address.starts_with(&org.url()), "{address}");
    assert!(org.decide_device(&code, org.username(), true));
    let result = envelope(&ended(child));
    assert_eq!(
        (&result["flow"], &result["alias"]),
        (&json!("device"), &json!("box"))
    );
    org.expire_tokens();
    let shown = user.json(&["org", "display", "-o", "box", "--check"]);
    assert_eq!(shown["connectedStatus"], "Connected");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flows_that_need_nobody_are_kept_and_go_on() {
    let (org, user) = (org(1717).await, User::new());
    let url = org.url();
    let key = user.file("server.key", org.private_key_pem().unwrap());
    let secret = user.file("secret", "s3cret\n");
    let token = user.file("token", org.access_token());
    // The token that the org began with goes first, since each round ends all tokens.
    for (flow, more) in [
        ("access-token", vec!["--token-file", &token]),
        ("jwt", vec!["-i", "own", "-o", org.username(), "-f", &key]),
        (
            "client-credentials",
            vec!["-i", "own", "--client-secret-file", &secret],
        ),
    ] {
        let args = [&["org", "login", flow, "-r", &url, "-a", flow][..], &more].concat();
        let result = user.json(&args);
        assert_eq!(
            (&result["flow"], &result["username"]),
            (&json!(flow), &json!("admin@org.example"))
        );
        let asked = org.requests().len();
        let shown = user.json(&["org", "display", "-o", flow, "--check"]);
        assert_eq!(shown["connectedStatus"], "Connected", "{flow}");
        let paths: Vec<_> = org.requests()[asked..]
            .iter()
            .map(|sent| sent.path.clone())
            .collect();
        assert_eq!(
            paths,
            ["/services/data/v66.0/limits"],
            "{flow}: a kept token serves"
        );
        org.expire_tokens();
        let shown = user.json(&["org", "display", "-o", flow, "--check"]);
        assert_eq!(
            shown["connectedStatus"] == "Connected",
            flow != "access-token",
            "{flow}"
        );
        let printed = format!("{result}{shown}");
        assert!(
            !printed.contains("s3cret") && !printed.contains("00D!"),
            "{printed}"
        );
        user.json(&["org", "logout", "-o", flow]);
    }
    assert_eq!(user.json(&["org", "list"]), json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_can_not_be_ended_is_kept_unless_only_here_is_meant() {
    let (org, user) = (org(1717).await, User::new());
    let url = org.url();
    let mut login = user.command(&["org", "login", "access-token", "-r", &url, "-s"]);
    login.env("SF_ACCESS_TOKEN", org.access_token());
    assert_eq!(ended(login.spawn().unwrap()).code, Some(0));
    org.shutdown().await;
    let ended = user.run(&["org", "logout"], "");
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.contains("--local"), "{}", ended.err);
    let listed = user.run(&["org", "list"], "");
    assert!(listed.out.starts_with("* "), "{}", listed.out);
    assert_eq!(
        user.json(&["org", "logout", "--local"]),
        json!(["admin@org.example"])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_credentials_are_told_and_nothing_is_kept() {
    let (org, user) = (org(1717).await, User::new());
    let url = org.url();
    let args = [
        "org",
        "login",
        "client-credentials",
        "-i",
        "own",
        "-r",
        &url,
    ];
    let wrong = user.run(
        &[&args[..], &["--client-secret-file", "-"]].concat(),
        "wr0ng\n",
    );
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.err.contains("invalid_client"), "{}", wrong.err);
    assert!(!wrong.err.contains("wr0ng"), "{}", wrong.err);
    let missing = user.run(&args, "");
    assert!(
        missing.err.contains("--client-secret-file"),
        "{}",
        missing.err
    );
    assert_eq!(user.json(&["org", "list"]), json!([]));
}

#[test]
fn an_org_that_nobody_signed_in_to_is_2_as_with_sf() {
    let user = User::new();
    for args in [
        &["org", "display", "-o", "nobody"][..],
        &["org", "display"],
        &["org", "logout", "-o", "nobody"],
    ] {
        let ended = user.run(args, "");
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{args:?}");
        assert!(ended.err.starts_with("error: "), "{}", ended.err);
        let ended = user.run(&[args, &["--json"]].concat(), "");
        let told: Value = serde_json::from_str(&ended.out).unwrap();
        assert_eq!(
            (ended.code, &told["name"]),
            (Some(2), &json!("NamedOrgNotFound"))
        );
    }
}

/// The logins of `sf` are looked at where they are asked for, and nowhere else.
#[tokio::test(flavor = "multi_thread")]
async fn logins_of_sf_are_seen_only_by_who_asks() {
    let org = LocalOrg::start().await.unwrap();
    let user = User::new();
    let home = user.0.path();
    let write = |name: &str, json: Value| {
        let file = home.join(".sfdx").join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, json.to_string()).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        }
    };
    let key = "0123456789abcdef0123456789abcdef";
    write(
        "key.json",
        json!({"account": "local", "key": key, "service": "sfdx"}),
    );
    write("alias.json", json!({"orgs": {"dev": "ada@example.com"}}));
    let token = org.access_token();
    write(
        "ada@example.com.json",
        json!({"accessToken": token, "instanceUrl": org.url()}),
    );
    let run = |args: &[&str]| {
        let mut command = user.command(&[args, &["--json"]].concat());
        command
            .env("HOME", home)
            .env("SF_USE_GENERIC_UNIX_KEYCHAIN", "true")
            .env_remove("SF_TARGET_ORG")
            .env_remove("SFDX_DEFAULTUSERNAME")
            .current_dir(home);
        ended(command.spawn().unwrap())
    };
    assert_eq!(envelope(&run(&["org", "list"])), json!([]));
    let unknown = run(&["org", "display", "-o", "dev"]);
    assert_eq!(unknown.code, Some(2), "{}", unknown.err);

    let listed = envelope(&run(&["org", "list", "--sf"]));
    assert_eq!(listed[0]["username"], "ada@example.com");
    assert_eq!(listed[0]["alias"], "dev");
    assert_eq!(listed[0]["flow"], "sf-access-token");
    let shown = run(&["org", "display", "--sf", "-o", "dev", "--check"]);
    let told = envelope(&shown);
    assert_eq!(told["connectedStatus"], "Connected", "{told}");
    assert!(!shown.out.contains(token));
    let none = run(&["org", "display", "--sf"]);
    assert_eq!(none.code, Some(1));
    assert!(
        none.out.contains("sf config set target-org"),
        "{}",
        none.out
    );
}
