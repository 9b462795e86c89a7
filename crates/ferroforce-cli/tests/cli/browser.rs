//! Signing in with a real browser, on the org's own pages.

use serde_json::{Value, json};

use crate::chromium::Chromium;
use crate::login::{User, begin_device, begin_web, ended, envelope, free_port, org};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs chromium"]
async fn a_person_signs_in_on_the_org_s_pages_and_lets_the_app_in() {
    let port = free_port();
    let (org, user, mut browser) = (org(port).await, User::new(), Chromium::start());
    let (child, address) = begin_web(&user, &org, port, &["--alias", "dev", "--json"]);
    browser.open(&address);
    let page = browser.page("Log in");
    assert!(page.contains("Username"), "{page}");
    browser.fill("username", org.username());
    browser.fill("password", org.password());
    browser.click("Login");
    let page = browser.page("Allow access?");
    assert!(
        page.contains("public") && page.contains(org.username()),
        "{page}"
    );
    browser.click("oaapprove");
    let page = browser.page("Signed in");
    assert!(
        page.contains(org.username()) && page.contains("Close this page"),
        "{page}"
    );
    assert_eq!(envelope(&ended(child))["username"], org.username());
    org.expire_tokens();
    let shown = user.json(&["org", "display", "-o", "dev", "--check"]);
    assert_eq!(shown["connectedStatus"], "Connected");

    // Whoever is logged in and has let the app in is sent straight back.
    let (child, address) = begin_web(&user, &org, port, &["--alias", "again", "--json"]);
    browser.open(&address);
    browser.page("Signed in");
    assert_eq!(envelope(&ended(child))["alias"], "again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs chromium"]
async fn a_person_who_says_no_is_told_so_and_nobody_is_signed_in() {
    let port = free_port();
    let (org, user, mut browser) = (org(port).await, User::new(), Chromium::start());
    let (child, address) = begin_web(&user, &org, port, &["--json"]);
    browser.open(&address);
    browser.fill("username", org.username());
    browser.fill("password", "wrong");
    browser.click("Login");
    assert!(browser.alert().contains("Check your username"));
    browser.fill("password", org.password());
    browser.click("Login");
    browser.click("oadeny");
    let page = browser.page("Sign-in failed");
    assert!(page.contains("access_denied"), "{page}");
    let ended = ended(child);
    let told: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(
        (ended.code, &told["code"]),
        (Some(1), &json!("access_denied"))
    );
    assert_eq!(user.json(&["org", "list"]), json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs chromium"]
async fn a_person_enters_the_code_of_a_device() {
    let (org, user, mut browser) = (org(1717).await, User::new(), Chromium::start());
    let (child, address, code) = begin_device(&user, &org, &["--json"]);
    browser.open(&address);
    browser.fill("username", org.username());
    browser.fill("password", org.password());
    browser.click("Login");
    browser.fill("user_code", &code);
    browser.click("connect");
    browser.page("Allow access?");
    browser.click("oaapprove");
    browser.page("Connected");
    assert_eq!(envelope(&ended(child))["flow"], "device");
}
