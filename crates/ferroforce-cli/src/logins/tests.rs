use super::*;

fn login(username: &str, alias: Option<&str>, default: bool) -> Login {
    Login {
        username: username.to_owned(),
        alias: alias.map(str::to_owned),
        default,
        user_id: "005".to_owned(),
        org_id: "00D".to_owned(),
        instance_url: "https://acme.my.salesforce.com".to_owned(),
        login_url: "https://login.salesforce.com".to_owned(),
        flow: Flow::ClientCredentials {
            client_id: "id".to_owned(),
            client_secret: Hidden("s3cret".into()),
        },
    }
}

fn names(logins: &Logins) -> Vec<(String, Option<String>, bool)> {
    let all = logins.all().unwrap().into_iter();
    all.map(|login| (login.username, login.alias, login.default))
        .collect()
}

#[test]
fn a_login_is_found_by_alias_by_user_name_and_as_the_default() {
    let folder = tempfile::tempdir().unwrap();
    let logins = Logins::of_folder(&folder.path().join("new"));
    assert!(logins.all().unwrap().is_empty());
    let unknown = logins.find(None).unwrap_err();
    assert!(unknown.downcast_ref::<UnknownOrg>().is_some());

    logins.add(&login("b@x", Some("dev"), true)).unwrap();
    logins.add(&login("a@x", Some("prod"), false)).unwrap();
    for name in [Some("dev"), Some("b@x"), None] {
        assert_eq!(logins.find(name).unwrap().username, "b@x", "{name:?}");
    }
    assert!(logins.find(Some("nobody")).is_err());
    let Flow::ClientCredentials { client_secret, .. } = logins.find(None).unwrap().flow else {
        panic!("another flow came back");
    };
    assert_eq!(client_secret.0.expose(), "s3cret");
}

#[test]
fn an_alias_and_the_default_belong_to_one_login_and_a_user_has_one() {
    let folder = tempfile::tempdir().unwrap();
    let logins = Logins::of_folder(folder.path());
    logins.add(&login("a@x", Some("dev"), true)).unwrap();
    logins.add(&login("b@x", Some("dev"), true)).unwrap();
    logins.add(&login("c@x", None, false)).unwrap();
    let dev = || Some("dev".to_owned());
    assert_eq!(
        names(&logins),
        [
            ("a@x".to_owned(), None, false),
            ("b@x".to_owned(), dev(), true),
            ("c@x".to_owned(), None, false),
        ]
    );
    logins.add(&login("b@x", None, false)).unwrap();
    logins.remove("a@x").unwrap();
    logins.remove("nobody").unwrap();
    assert_eq!(
        names(&logins),
        [
            ("b@x".to_owned(), None, false),
            ("c@x".to_owned(), None, false),
        ]
    );
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_the_files() {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("ferroforce");
    let logins = Logins::of_folder(&own);
    logins.add(&login("a@x", None, true)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&own), 0o700);
    let mut files = 0;
    for file in fs::read_dir(&own).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
        files += 1;
    }
    assert_eq!(files, 2, "nothing is left over");

    let file = own.join("logins.json");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let error = logins.all().unwrap_err().to_string();
    assert!(error.contains("chmod 600"), "{error}");
}

#[test]
fn a_file_that_is_none_of_ours_is_left_alone_and_not_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let logins = Logins::of_folder(folder.path());
    for text in ["", "s3cret", r#"{"version":2,"logins":[]}"#, "[]"] {
        let path = folder.path().join("logins.json");
        file::write_private(&path, text);
        for error in [
            logins.all().map(drop).unwrap_err(),
            logins.add(&login("a@x", None, true)).unwrap_err(),
        ] {
            let error = format!("{error:#}");
            assert!(error.contains("move it away"), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn logins_that_are_made_at_the_same_time_are_all_kept() {
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let path = folder.path();
            scope.spawn(move || {
                let login = login(&format!("{number}@x"), None, false);
                Logins::of_folder(path).add(&login).unwrap();
            });
        }
    });
    assert_eq!(Logins::of_folder(folder.path()).all().unwrap().len(), 8);
}

#[test]
fn what_is_printed_of_a_login_has_no_secret() {
    let printed = format!("{:?}", login("a@x", None, true));
    assert!(!printed.contains("s3cret"), "{printed}");
}
