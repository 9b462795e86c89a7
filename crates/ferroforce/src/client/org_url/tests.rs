use proptest::prelude::*;

use super::*;

fn origin(text: &str) -> String {
    match text.parse::<OrgUrl>() {
        Ok(url) => url.origin().to_owned(),
        Err(error) => panic!("{text}: {error}"),
    }
}

fn error(text: &str) -> String {
    match text.parse::<OrgUrl>() {
        Ok(url) => panic!("{text} was read as {url}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_form_of_my_domain_is_kept() {
    for host in [
        "acme.my.salesforce.com",
        "acme-dev-ed.my.salesforce.com",
        "acme--uat.sandbox.my.salesforce.com",
        "acme-dev-ed.develop.my.salesforce.com",
        "acme-x-123.scratch.my.salesforce.com",
        "acme.trailblaze.my.salesforce.com",
        "acme.demo.my.salesforce.com",
        "acme.patch.my.salesforce.com",
        "acme.free.my.salesforce.com",
        "acme--uat.my.salesforce.com",
        "acme--uat.cs12.my.salesforce.com",
        "gov.my.salesforce.mil",
        "gov--uat.sandbox.my.salesforce.mil",
        "acme.my.sfcrmproducts.cn",
        "acme--uat.sandbox.my.sfcrmproducts.cn",
        "acme.my.sfcrmapps.cn",
        "na139.salesforce.com",
        "cs12.salesforce.com",
        "usa2s.salesforce.com",
        "acme.my.site.com",
        "salesforce.acme.example",
        "mysalesforce.com",
        "192.0.2.7",
        "[2001:db8::7]",
    ] {
        let url = format!("https://{host}");
        assert_eq!(origin(&url), url);
        assert_eq!(origin(host), url, "without a scheme it is https");
        assert_eq!(origin(&url.to_uppercase()), url);
        assert_eq!(origin(&format!("{url}:443/")), url);
        assert_eq!(origin(&format!("{url}:8443")), format!("{url}:8443"));
    }
}

#[test]
fn what_follows_the_host_is_ignored() {
    for rest in [
        "/",
        "//",
        "/services/data/v66.0/",
        "/?a=b",
        "?a=https://evil.example",
        "#frag",
        "/a b",
        "/user@evil.example",
        "\\@evil.example",
        ".",
        "./x",
    ] {
        for scheme in ["", "https://", "HTTPS://"] {
            let text = format!("  {scheme}acme.my.salesforce.com{rest}\n");
            assert_eq!(origin(&text), "https://acme.my.salesforce.com", "{text}");
        }
    }
}

#[test]
fn hosts_of_the_user_interface_become_api_hosts() {
    for (page, api) in [
        ("acme.lightning.force.com", "acme.my.salesforce.com"),
        (
            "acme--uat.sandbox.lightning.force.com",
            "acme--uat.sandbox.my.salesforce.com",
        ),
        (
            "acme-dev-ed.develop.lightning.force.com",
            "acme-dev-ed.develop.my.salesforce.com",
        ),
        ("acme.my.salesforce-setup.com", "acme.my.salesforce.com"),
        (
            "acme--uat.sandbox.my.salesforce-setup.com",
            "acme--uat.sandbox.my.salesforce.com",
        ),
        ("acme.salesforce-setup.com", "acme.my.salesforce.com"),
        ("gov.lightning.crmforce.mil", "gov.my.salesforce.mil"),
        (
            "gov--uat.sandbox.lightning.force.mil",
            "gov--uat.sandbox.my.salesforce.mil",
        ),
        ("acme.lightning.sfcrmapps.cn", "acme.my.sfcrmproducts.cn"),
        ("acme.setup.sfcrmproducts.cn", "acme.my.sfcrmproducts.cn"),
        ("na1-api.salesforce.com", "na1.salesforce.com"),
    ] {
        assert_eq!(
            origin(&format!("https://{page}/x")),
            format!("https://{api}")
        );
        assert_eq!(origin(&format!("{page}:444")), format!("https://{api}:444"));
    }
    assert_eq!(
        origin("acme-api.my.salesforce.com"),
        "https://acme-api.my.salesforce.com"
    );
}

#[test]
fn http_is_for_this_machine() {
    for url in [
        "http://localhost",
        "http://localhost:8080",
        "https://localhost:8443",
        "http://127.0.0.1:1",
        "http://127.9.9.9",
        "http://[::1]:8080",
        "http://[::ffff:7f00:1]",
    ] {
        assert_eq!(origin(url), url);
        assert!(url.parse::<OrgUrl>().unwrap().is_loopback());
    }
    assert_eq!(origin("HTTP://LOCALHOST:80/x"), "http://localhost");
    assert_eq!(origin("http://0x7f.1:99"), "http://127.0.0.1:99");
    assert!(!"https://192.0.2.7".parse::<OrgUrl>().unwrap().is_loopback());

    for url in [
        "http://acme.my.salesforce.com",
        "http://192.168.0.1",
        "http://0.0.0.0:8080",
        "http://[::]:8080",
        "http://localhost.example",
        "http://x.localhost",
        "http://128.0.0.1",
    ] {
        let error = error(url);
        assert!(
            error.contains("plain http is only for this machine"),
            "{error}"
        );
    }
}

#[test]
fn what_is_no_org_is_explained() {
    for (text, why) in [
        ("", "it names no host"),
        ("   ", "it names no host"),
        ("https://", "it names no host"),
        ("/services/data", "it names no host"),
        ("https://:8443", "empty host"),
        ("acme", "that is a name and no host"),
        ("localhost:8080", "begin with http:// or https://"),
        (
            "ftp://acme.my.salesforce.com",
            "it must begin with https://",
        ),
        (
            "htps://acme.my.salesforce.com",
            "it must begin with https://",
        ),
        ("javascript:alert(1)", "invalid port"),
        ("https://ac me.my.salesforce.com", "it holds a blank"),
        ("https://ac\nme.my.salesforce.com", "it holds a blank"),
        ("https://acme\u{0}.my.salesforce.com", "it holds a blank"),
        ("https://acme.my.salesforce.com:99999", "invalid port"),
        ("https://[::1", "invalid IPv6 address"),
        ("https://1.2.3.4.5", "invalid IPv4 address"),
        (
            "https://login.salesforce.com",
            "login.salesforce.com serves only sign-in",
        ),
        (
            "test.salesforce.com",
            "test.salesforce.com serves only sign-in",
        ),
        ("https://LOGIN.salesforce.com./x", "serves only sign-in"),
        ("https://login.salesforce.mil", "serves only sign-in"),
        ("https://login.sfcrmproducts.cn", "serves only sign-in"),
        ("https://salesforce.com", "no org has that host"),
        ("https://www.salesforce.com", "no org has that host"),
        ("https://acme.salesforce.com", "no org has that host"),
        ("https://my.salesforce.com", "no org has that host"),
        ("https://.my.salesforce.com", "one of its parts is empty"),
        ("https://a..", "one of its parts is empty"),
        ("https://a..example", "one of its parts is empty"),
        ("https://a.b.c.my.salesforce.com", "no org has that host"),
        ("https://ac_me.my.salesforce.com", "no org has that host"),
        ("https://a.b.c.lightning.force.com", "no org has that host"),
        ("https://acme--c.vf.force.com", "pages and files"),
        ("https://acme--c.visualforce.com", "pages and files"),
        (
            "https://acme.my.salesforce.com.evil.example",
            "salesforce.com must stand at its end",
        ),
        (
            "https://acme.lightning.force.com.evil.example",
            "force.com must stand at its end",
        ),
    ] {
        let error = error(text);
        assert!(error.contains(why), "{text}: {error}");
        assert!(
            error.contains("https://MyDomain.my.salesforce.com"),
            "{error}"
        );
    }
}

#[test]
fn an_error_repeats_no_secret() {
    for text in [
        "https://user:hunter2@acme.my.salesforce.com",
        "https://hunter2@acme.my.salesforce.com",
        "user:hunter2@acme.my.salesforce.com/x",
        "https://a@b:hunter2@acme.my.salesforce.com",
        "https://login.salesforce.com/?pw=hunter2",
        "https://login.salesforce.com/secur/frontdoor.jsp?sid=hunter2",
        "https://www.salesforce.com#access_token=hunter2",
    ] {
        assert!(!error(text).contains("hunter2"), "{text}");
    }
    assert!(error("https://u:p@acme.my.salesforce.com").contains("does not belong in it"));
    assert!(error(&"x".repeat(1_000_000)).len() < 1_000);
}

#[test]
#[cfg(feature = "jwt")]
fn the_audience_of_a_jwt_follows_the_kind_of_org() {
    let login = "https://login.salesforce.com";
    let test = "https://test.salesforce.com";
    for (host, audience) in [
        ("acme.my.salesforce.com", login),
        ("acme-dev-ed.develop.my.salesforce.com", login),
        ("sandbox.my.salesforce.com", login),
        ("acme.trailblaze.my.salesforce.com", login),
        ("gov.my.salesforce.mil", login),
        ("acme--uat.sandbox.my.salesforce.com", test),
        ("acme-x-1.scratch.my.salesforce.com", test),
        ("acme--uat.my.salesforce.com", test),
        ("http://127.0.0.1:80", login),
    ] {
        assert_eq!(
            host.parse::<OrgUrl>().unwrap().jwt_audience(),
            audience,
            "{host}"
        );
    }
}

#[test]
fn prints_and_compares_by_origin() {
    let url: OrgUrl = "https://Acme.my.salesforce.com:443/x".parse().unwrap();
    assert_eq!(url, OrgUrl::try_from("acme.my.salesforce.com").unwrap());
    assert_eq!(url.to_string(), "https://acme.my.salesforce.com");
    assert_eq!(format!("{url:?}"), "OrgUrl(https://acme.my.salesforce.com)");
    assert_eq!(url.as_url().as_str(), "https://acme.my.salesforce.com/");
}

proptest! {
    #[test]
    fn anything_is_read_or_refused(text in "(https?://)?[-a-z0-9.@:/\\\\?#\\[\\]%_ ]{0,40}|.{0,40}") {
        if let Ok(url) = text.parse::<OrgUrl>() {
            prop_assert!(url.as_url().scheme() == "https" || url.is_loopback());
            prop_assert_eq!(url.as_url().username(), "");
            prop_assert_eq!(url.as_url().path(), "/");
            prop_assert_eq!(url.origin().parse::<OrgUrl>().unwrap(), url);
        }
    }

    #[test]
    fn the_host_is_the_one_that_the_url_crate_sees(
        host in "[a-z]{1,8}\\.[a-z]{2,5}",
        rest in "[/?#\\\\][-a-z0-9.@:/?#]{0,20}",
    ) {
        let text = format!("https://{host}{rest}");
        let url: OrgUrl = text.parse().unwrap();
        let seen = Url::parse(&text).unwrap();
        prop_assert_eq!(url.as_url().host_str(), seen.host_str());
        prop_assert_eq!(url.as_url().port(), seen.port());
    }
}
