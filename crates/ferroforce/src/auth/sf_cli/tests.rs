use std::fs;
use std::path::Path;
use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::members::Members;
use super::*;
use crate::client::Salesforce;
use crate::script::{ORG, Reply, Script, builder};

const ADA: &str = "ada@example.com";
const FIRST: &str = "0123456789abcdef0123456789abcdef";
const SECOND: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A home with files as `sf` writes them.
struct Home {
    folder: TempDir,
    key: &'static str,
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A field as `sf` encrypts it: the older way takes the digits of key and nonce for
/// bytes, the newer one reads them.
fn sealed(key: &str, text: &str) -> String {
    let (key, nonce, shown) = if key.len() == 32 {
        (
            key.as_bytes().to_vec(),
            *b"0a1b2c3d4e5f",
            "0a1b2c3d4e5f".to_owned(),
        )
    } else {
        let key = (0..32).map(|at| u8::from_str_radix(&key[2 * at..2 * at + 2], 16).unwrap());
        let nonce = [7, 6, 5, 4, 3, 2, 1, 0, 255, 254, 253, 252];
        (key.collect(), nonce, digits(&nonce))
    };
    let aes = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap());
    let mut bytes = text.as_bytes().to_vec();
    let tag = aes
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::empty(),
            &mut bytes,
        )
        .unwrap();
    format!("{shown}{}:{}", digits(&bytes), digits(tag.as_ref()))
}

impl Home {
    fn new(key: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join(".sfdx")).unwrap();
        fs::create_dir_all(folder.path().join(".sf")).unwrap();
        let home = Self { folder, key };
        let json = json!({"account": "local", "key": key, "service": "sfdx"});
        home.write(".sfdx/key.json", &json);
        home
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, path: &str, json: &Value) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, json.to_string()).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    /// A login by browser.
    fn web(&self, username: &str, access: &str, refresh: &str) {
        let json = json!({
            "username": username,
            "orgId": "00D000000000001EAA",
            "accessToken": sealed(self.key, access),
            "refreshToken": sealed(self.key, refresh),
            "instanceUrl": ORG,
            "loginUrl": "https://login.salesforce.com",
            "clientId": "PlatformCLI",
            "clientSecret": "",
            "isSandbox": true,
            "instanceApiVersion": "66.0",
        });
        self.write(&format!(".sfdx/{username}.json"), &json);
    }

    fn sf(&self) -> SfCli {
        SfCli::in_home(self.path()).keychain(Keychain::File)
    }

    fn file(&self, username: &str) -> String {
        fs::read_to_string(self.path().join(format!(".sfdx/{username}.json"))).unwrap()
    }

    /// A field of a file, decrypted.
    fn field(&self, username: &str, name: &str) -> String {
        let file: Value = serde_json::from_str(&self.file(username)).unwrap();
        let key = cipher::Key::parse(self.key).unwrap();
        let text = key.open(file[name].as_str().unwrap()).unwrap();
        text.expose().to_owned()
    }
}

fn granted(access: &str, refresh: Option<&str>) -> Reply {
    let mut json = json!({"access_token": access, "instance_url": ORG});
    if let Some(refresh) = refresh {
        json["refresh_token"] = refresh.into();
    }
    Reply::json(200, &json.to_string())
}

/// Answers API requests that carry `good`, turns down all others, and gives `grants`
/// one after the other.
fn org(good: &'static str, grants: impl IntoIterator<Item = Reply>) -> Script {
    let grants: Vec<Reply> = grants.into_iter().collect();
    let next = std::sync::atomic::AtomicUsize::new(0);
    Script::new(move |sent, _| {
        if sent.uri.path() == "/services/oauth2/token" {
            let at = next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            return grants[at].clone();
        }
        match sent.token() {
            Some(token) if token == good => Reply::json(200, "{}"),
            _ => Reply::expired(),
        }
    })
}

async fn call(salesforce: &Salesforce) -> crate::Result<()> {
    salesforce.request(Method::GET, "/x").send().await.map(drop)
}

fn sign_ins(script: &Script) -> Vec<String> {
    let all = script.sent();
    let tokens = all
        .iter()
        .filter(|sent| sent.uri.path() == "/services/oauth2/token");
    tokens
        .map(|sent| String::from_utf8(sent.body.to_vec()).unwrap())
        .collect()
}

async fn refusal(sf: &SfCli, name: &str) -> String {
    sf.login(name).await.unwrap_err().to_string()
}

#[tokio::test(start_paused = true)]
async fn a_login_of_either_generation_is_used_without_a_sign_in() {
    for key in [FIRST, SECOND] {
        let home = Home::new(key);
        home.web(ADA, "00D!stored", "5Aep-first");
        let before = home.file(ADA);
        let script = org("00D!stored", []);
        let login = home.sf().login(ADA).await.unwrap();
        assert_eq!(login.info().kind, LoginKind::RefreshToken);
        call(&builder(login, &script).build().unwrap())
            .await
            .unwrap();
        assert_eq!(script.count(), 1);
        assert_eq!(home.file(ADA), before, "nothing is written");
    }
}

#[tokio::test]
async fn a_login_is_found_by_its_aliases_and_its_username() {
    let home = Home::new(FIRST);
    home.web(ADA, "00D!a", "5Aep");
    home.web("bob@example.com", "00D!b", "5Aep");
    home.write(
        ".sfdx/alias.json",
        &json!({"orgs": {"prod": ADA, "main": ADA, "gone": "eve@example.com", "odd": 7}}),
    );
    for name in ["prod", "main", ADA] {
        assert_eq!(home.sf().login(name).await.unwrap().info().username, ADA);
    }
    for name in [
        "gone",
        "odd",
        "prodd",
        "",
        ".",
        "../x",
        "a/b@c.d",
        "c:x",
        "nul\0@x.y",
    ] {
        let said = refusal(&home.sf(), name).await;
        assert!(said.contains("sf org login web"), "{said}");
    }
    let said = refusal(&home.sf(), "gone").await;
    assert!(said.contains("eve@example.com"), "{said}");
    home.write(".sfdx/alias.json", &json!([]));
    assert!(refusal(&home.sf(), "prod").await.contains("alias.json"));
}

/// A flag comes before the environment, that before the project, and that before home.
#[tokio::test]
async fn the_default_org_is_the_one_that_sf_would_take() {
    let home = Home::new(FIRST);
    home.web(ADA, "00D!a", "5Aep");
    let default = async |sf: &SfCli| sf.default_org().await.unwrap();
    let sf = home.sf().in_folder(home.path().join("work/deep/down"));
    assert_eq!(default(&sf).await, None);
    let said = sf.default_login().await.unwrap_err().to_string();
    assert!(said.contains("sf config set target-org"), "{said}");

    home.write(
        ".sfdx/sfdx-config.json",
        &json!({"defaultusername": "legacy"}),
    );
    assert_eq!(default(&sf).await.as_deref(), Some("legacy"));
    home.write(".sf/config.json", &json!({"target-dev-hub": "x"}));
    assert_eq!(default(&sf).await.as_deref(), Some("legacy"));
    home.write(".sf/config.json", &json!({"target-org": ADA}));
    assert_eq!(default(&sf).await.as_deref(), Some(ADA));
    assert_eq!(sf.default_login().await.unwrap().info().username, ADA);

    home.write(
        "work/.sfdx/sfdx-config.json",
        &json!({"defaultusername": "of project"}),
    );
    assert_eq!(
        default(&sf).await.as_deref(),
        Some(ADA),
        "it is no project yet"
    );
    home.write("work/sfdx-project.json", &json!({}));
    assert_eq!(default(&sf).await.as_deref(), Some("of project"));
    home.write("work/.sf/config.json", &json!({"target-org": "project"}));
    assert_eq!(default(&sf).await.as_deref(), Some("project"));
    let sf = sf.variables(|name| (name == "SF_TARGET_ORG").then(|| "named".to_owned()));
    assert_eq!(default(&sf).await.as_deref(), Some("named"));
}

#[test]
fn the_environment_chooses_keychain_and_org() {
    let of = |set: &[(&str, &str)]| {
        let variable = |name: &str| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        SfCli::in_home("/home/ada").variables(variable)
    };
    assert_eq!(of(&[]).keychain, Keychain::Usual);
    assert_eq!(
        of(&[("SF_USE_GENERIC_UNIX_KEYCHAIN", "false")]).keychain,
        Keychain::Usual
    );
    for yes in ["true", "TRUE", "1"] {
        assert_eq!(
            of(&[("SF_USE_GENERIC_UNIX_KEYCHAIN", yes)]).keychain,
            Keychain::File
        );
    }
    if cfg!(target_os = "linux") {
        let tool = of(&[("SFDX_SECRET_TOOL_PATH", "/opt/secret-tool")]).keychain;
        assert_eq!(tool, Keychain::SecretTool("/opt/secret-tool".into()));
    }
    let older = of(&[("SFDX_DEFAULTUSERNAME", "x"), ("SFDX_INSTANCE_URL", ORG)]);
    assert_eq!(older.target_org.as_deref(), Some("x"));
    assert_eq!(older.instance_url.as_deref(), Some(ORG));
    let both = of(&[("SFDX_DEFAULTUSERNAME", "x"), ("SF_TARGET_ORG", "y")]);
    assert_eq!(both.target_org.as_deref(), Some("y"));
}

#[tokio::test]
async fn logins_are_listed_without_a_key() {
    let home = Home::new(FIRST);
    home.web("bob@example.com", "00D!b", "5Aep");
    home.write(
        ".sfdx/ada@example.com.json",
        &json!({"username": ADA, "privateKey": "/x/server.key", "clientId": "app",
                "devHubUsername": "hub@example.com"}),
    );
    home.write(
        ".sfdx/token@example.com.json",
        &json!({"accessToken": "00D!x"}),
    );
    home.write(".sfdx/alias.json", &json!({"orgs": {"prod": ADA}}));
    home.write(".sf/config.json", &json!({"target-org": "prod"}));
    fs::write(home.path().join(".sfdx/broken@example.com.json"), "{").unwrap();
    fs::remove_file(home.path().join(".sfdx/key.json")).unwrap();
    let logins = home.sf().logins().await.unwrap();
    let shown: Vec<_> = logins
        .iter()
        .map(|login| (login.username.as_str(), login.kind, login.is_default))
        .collect();
    assert_eq!(
        shown,
        [
            (ADA, LoginKind::Jwt, true),
            ("bob@example.com", LoginKind::RefreshToken, false),
            ("token@example.com", LoginKind::AccessToken, false),
        ]
    );
    assert_eq!(logins[0].aliases, ["prod"]);
    assert!(logins[0].is_scratch && !logins[0].is_sandbox && logins[1].is_sandbox);
    assert_eq!(logins[1].instance_url.as_deref(), Some(ORG));
    assert_eq!(logins[1].org_id.as_deref(), Some("00D000000000001EAA"));
    let empty = tempfile::tempdir().unwrap();
    assert!(
        SfCli::in_home(empty.path())
            .logins()
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_login_that_was_tampered_with_is_refused() {
    let home = Home::new(FIRST);
    for (name, field) in [
        ("accessToken", sealed(SECOND, "00D!other-key")),
        (
            "accessToken",
            sealed(FIRST, "00D!x").replace("0a1b", "0a1c"),
        ),
        ("refreshToken", format!("zz:{}", "0".repeat(32))),
        ("clientSecret", format!("0a1b2c3d4e5f0:{}", "0".repeat(32))),
    ] {
        home.web(ADA, "00D!a", "5Aep");
        let mut file: Value = serde_json::from_str(&home.file(ADA)).unwrap();
        file[name] = field.into();
        home.write(".sfdx/ada@example.com.json", &file);
        let said = refusal(&home.sf(), ADA).await;
        assert!(
            said.contains(name) && said.contains("sf org login web"),
            "{said}"
        );
    }
    home.write(
        ".sfdx/ada@example.com.json",
        &json!({"accessToken": "00D!x"}),
    );
    let login = home.sf().login(ADA).await.unwrap();
    let error = call(&builder(login, &org("", [])).build().unwrap())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("which org"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_rotated_refresh_token_is_written_back_before_its_access_token_is_used() {
    for key in [FIRST, SECOND] {
        let home = Home::new(key);
        home.web(ADA, "00D!ended", "5Aep-first");
        let before: Value = serde_json::from_str(&home.file(ADA)).unwrap();
        let script = org("00D!new", [granted("00D!new", Some("5Aep-second"))]);
        let login = home.sf().login(ADA).await.unwrap();
        call(&builder(login, &script).build().unwrap())
            .await
            .unwrap();
        let forms = sign_ins(&script);
        assert_eq!(forms.len(), 1);
        assert_eq!(
            forms[0],
            "grant_type=refresh_token&client_id=PlatformCLI&refresh_token=5Aep-first"
        );
        let to = script.sent()[1].uri.host().map(str::to_owned);
        assert_eq!(to.as_deref(), Some("login.salesforce.com"));
        assert_eq!(home.field(ADA, "refreshToken"), "5Aep-second");
        assert_eq!(home.field(ADA, "accessToken"), "00D!new");
        let after: Value = serde_json::from_str(&home.file(ADA)).unwrap();
        for (name, value) in before.as_object().unwrap() {
            if !name.ends_with("Token") {
                assert_eq!(&after[name], value, "{name}");
            }
        }
        let order = |json: &str| -> Vec<String> {
            let lines = Members::parse(json.as_bytes()).unwrap();
            lines.texts().map(|(name, _)| name.to_owned()).collect()
        };
        assert_eq!(order(&before.to_string()), order(&home.file(ADA)));
        let files = fs::read_dir(home.path().join(".sfdx")).unwrap();
        let mut names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(
            names,
            ["ada@example.com.json", "key.json"],
            "no lock is left"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn without_rotation_nothing_is_written() {
    let home = Home::new(FIRST);
    home.web(ADA, "00D!ended", "5Aep-first");
    let before = home.file(ADA);
    for same in [None, Some("5Aep-first")] {
        let script = org("00D!new", [granted("00D!new", same)]);
        let login = home.sf().login(ADA).await.unwrap();
        call(&builder(login, &script).build().unwrap())
            .await
            .unwrap();
        assert_eq!(sign_ins(&script).len(), 1);
        assert_eq!(home.file(ADA), before);
    }
}

#[tokio::test(start_paused = true)]
async fn who_waited_for_another_process_takes_what_that_got() {
    let home = Home::new(FIRST);
    home.web(ADA, "00D!ended", "5Aep-first");
    let path = home.path().join(".sfdx/ada@example.com.json");
    let lock = lock::Lock::take(lock::Lock::of_rotation(&path), Duration::ZERO)
        .await
        .unwrap();
    let script = org("00D!theirs", []);
    let login = home.sf().login(ADA).await.unwrap();
    let salesforce = builder(login, &script).build().unwrap();
    let other = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        home.web(ADA, "00D!theirs", "5Aep-second");
        drop(lock);
    };
    let (outcome, ()) = tokio::join!(call(&salesforce), other);
    outcome.unwrap();
    assert_eq!(sign_ins(&script).len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_is_held_on_and_on_is_an_error_and_no_second_use() {
    let home = Home::new(FIRST);
    home.web(ADA, "00D!ended", "5Aep-first");
    let path = home.path().join(".sfdx/ada@example.com.json");
    let _lock = lock::Lock::take(lock::Lock::of_rotation(&path), Duration::ZERO)
        .await
        .unwrap();
    let script = org("00D!new", []);
    let login = home.sf().login(ADA).await.unwrap();
    let error = call(&builder(login, &script).build().unwrap())
        .await
        .unwrap_err();
    assert!(error.auth().unwrap().is_transient(), "{error}");
    assert_eq!(sign_ins(&script).len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_token_whose_use_has_no_known_end_is_not_sent_again() {
    let home = Home::new(FIRST);
    home.web(ADA, "00D!ended", "5Aep-first");
    let cut = Reply::Fail(crate::transport::TransportErrorKind::Interrupted);
    let script = org("00D!new", [cut]);
    let login = home.sf().login(ADA).await.unwrap();
    let salesforce = builder(login, &script).build().unwrap();
    call(&salesforce).await.unwrap_err();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let error = call(&salesforce).await.unwrap_err();
    assert_eq!(error.auth().unwrap().kind(), AuthErrorKind::SignInAgain);
    // A new login of sf ends the doubt.
    home.web(ADA, "00D!new", "5Aep-second");
    tokio::time::sleep(Duration::from_secs(1)).await;
    call(&salesforce).await.unwrap();
    assert_eq!(sign_ins(&script).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refused_refresh_token_says_how_to_sign_in_again() {
    let home = Home::new(FIRST);
    home.web(ADA, "00D!ended", "5Aep-first");
    let body =
        json!({"error": "invalid_grant", "error_description": "expired access/refresh token"});
    let script = org("00D!new", [Reply::json(400, &body.to_string())]);
    let login = home.sf().login(ADA).await.unwrap();
    let error = call(&builder(login, &script).build().unwrap())
        .await
        .unwrap_err();
    let auth = error.auth().unwrap();
    assert_eq!(auth.kind(), AuthErrorKind::SignInAgain);
    assert!(
        auth.advice().unwrap().contains("sf org login web"),
        "{error}"
    );
    assert_eq!(sign_ins(&script).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_login_by_key_signs_again_and_writes_nothing() {
    let home = Home::new(SECOND);
    let key = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys/pkcs8.pem");
    home.write(
        ".sfdx/ada@example.com.json",
        &json!({
            "username": ADA,
            "accessToken": sealed(SECOND, "00D!ended"),
            "instanceUrl": "https://acme--dev.sandbox.my.salesforce.com",
            "loginUrl": "https://test.salesforce.com",
            "clientId": "my-app",
            "privateKey": key,
        }),
    );
    let before = home.file(ADA);
    let answer = json!({"access_token": "00D!new",
                        "instance_url": "https://acme--dev.sandbox.my.salesforce.com"});
    let script = org("00D!new", [Reply::json(200, &answer.to_string())]);
    let login = home.sf().login(ADA).await.unwrap();
    assert_eq!(login.info().kind, LoginKind::Jwt);
    call(&builder(login, &script).build().unwrap())
        .await
        .unwrap();
    let form = &sign_ins(&script)[0];
    let assertion = form.rsplit_once("assertion=").unwrap().1;
    let claims = assertion.split('.').nth(1).unwrap();
    let claims = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, claims);
    let claims: Value = serde_json::from_slice(&claims.unwrap()).unwrap();
    assert_eq!(claims["iss"], "my-app");
    assert_eq!(claims["sub"], ADA);
    assert_eq!(claims["aud"], "https://test.salesforce.com");
    assert_eq!(home.file(ADA), before);
    fs::remove_file(home.path().join(".sfdx/ada@example.com.json")).unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_access_token_works_until_it_ends() {
    let home = Home::new(FIRST);
    home.write(
        ".sfdx/ada@example.com.json",
        &json!({"accessToken": sealed(FIRST, "00D!stored"), "instanceUrl": ORG}),
    );
    let by_name = home.sf().login(ADA).await.unwrap();
    let given = home
        .sf()
        .instance_url(ORG)
        .login("00D!stored")
        .await
        .unwrap();
    for login in [by_name, given] {
        assert_eq!(login.info().kind, LoginKind::AccessToken);
        let script = org("00D!stored", []);
        call(&builder(login.clone(), &script).build().unwrap())
            .await
            .unwrap();
        let script = org("00D!other", []);
        let error = call(&builder(login, &script).build().unwrap())
            .await
            .unwrap_err();
        assert_eq!(error.auth().unwrap().kind(), AuthErrorKind::SignInAgain);
        assert_eq!(script.count(), 1);
    }
    assert!(
        refusal(&home.sf(), "00D!stored")
            .await
            .contains("SF_ORG_INSTANCE_URL")
    );
}

#[tokio::test]
async fn what_sf_prints_in_the_place_of_a_token_is_known() {
    let home = Home::new(FIRST);
    let hidden = "[REDACTED] Use 'sf org auth show-access-token' to view";
    let said = refusal(&home.sf().instance_url(ORG), hidden).await;
    assert!(said.contains("sf org auth show-access-token"), "{said}");
    home.write(
        ".sfdx/ada@example.com.json",
        &json!({"accessToken": hidden, "instanceUrl": ORG}),
    );
    let login = home.sf().login(ADA).await.unwrap();
    let error = call(&builder(login, &org("", [])).build().unwrap())
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("sf org auth show-access-token"),
        "{error}"
    );
}

#[tokio::test]
async fn nothing_that_is_printed_holds_a_secret() {
    let home = Home::new(FIRST);
    home.web(ADA, "00D!s3cret", "5Aep-s3cret");
    let login = home.sf().login(ADA).await.unwrap();
    let url = AuthUrl::parse("force://id:s3cret:5Aep-s3cret@acme.my.salesforce.com").unwrap();
    let printed = format!("{login:?} {:?} {url:?} {:?}", home.sf(), login.info());
    assert!(
        !printed.contains("s3cret") && !printed.contains(FIRST),
        "{printed}"
    );
}
