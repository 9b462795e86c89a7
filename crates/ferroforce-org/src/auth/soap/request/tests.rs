use proptest::prelude::*;

use super::*;

const PARTNER: &str = "urn:partner.soap.sforce.com";

fn envelope(header: &str, body: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?><e:Envelope xmlns:e="{SOAP_ENVELOPE}" xmlns:u="{PARTNER}"><e:Header>{header}</e:Header><e:Body>{body}</e:Body></e:Envelope>"#
    )
}

fn login(text: &str) -> Login {
    match parse(text.as_bytes()) {
        Ok(Call::Login(login)) => login,
        other => panic!("{other:?}"),
    }
}

#[test]
fn logins_are_read_whatever_their_prefixes_and_escapes() {
    let arguments = [
        r#"<u:login><u:username>a@b.c</u:username><u:password>p&lt;w&amp;"&#x41;&#66;</u:password></u:login>"#,
        r#"<login xmlns="urn:partner.soap.sforce.com"><username>a@b.c</username><password><![CDATA[p<w&"]]>AB</password></login>"#,
        r#"<n1:login xmlns:n1="urn:partner.soap.sforce.com"><n1:username>a@b.c</n1:username><!-- no --><n1:password>p&lt;w&amp;&quot;AB</n1:password></n1:login>"#,
    ];
    for body in arguments {
        let login = login(&envelope("", body));
        assert_eq!(login.namespace, PARTNER);
        assert_eq!(login.username, "a@b.c");
        assert_eq!(login.password.expose(), r#"p<w&"AB"#);
        assert_eq!(login.organization_id, None);
    }
}

#[test]
fn headers_are_read_and_unknown_ones_ignored() {
    let header = "<u:CallOptions><u:client>c</u:client></u:CallOptions><u:LoginScopeHeader><u:organizationId>00D1</u:organizationId></u:LoginScopeHeader>";
    let login = login(&envelope(header, "<u:login><u:username/></u:login>"));
    assert_eq!(login.organization_id.as_deref(), Some("00D1"));
    assert_eq!(login.username, "");
    assert_eq!(login.password.expose(), "");
}

#[test]
fn other_operations_keep_their_name() {
    let call =
        parse(envelope("", "<u:query><u:queryString>x</u:queryString></u:query>").as_bytes());
    let Ok(Call::Other {
        namespace,
        operation,
    }) = call
    else {
        panic!("{call:?}")
    };
    assert_eq!((namespace.as_str(), operation.as_str()), (PARTNER, "query"));
}

#[test]
fn what_is_no_envelope_is_refused() {
    let deep = format!("{}{}", "<u:a>".repeat(40), "</u:a>".repeat(40));
    let long = "x".repeat(LOGIN_LIMIT);
    let cases = [
        String::new(),
        "nonsense".to_owned(),
        "<a/>".to_owned(),
        r#"{"json": true}"#.to_owned(),
        envelope("", ""),
        envelope("", "<u:login/><u:login/>"),
        envelope("", "<x:login/>"),
        envelope("", "<u:login><u:username>&oops;</u:username></u:login>"),
        envelope("", "<u:login><u:username>&#0;</u:username></u:login>"),
        envelope("", "<u:login></u:logout>"),
        envelope("", &deep),
        envelope(
            "",
            &format!("<u:login><u:username>{long}</u:username></u:login>"),
        ),
        envelope("", "<u:login/>").replace("</e:Envelope>", ""),
        format!(
            "<!DOCTYPE x [<!ENTITY a 'b'>]>{}",
            envelope("", "<u:login/>")
        ),
        envelope("", "<u:login/>")
            .replace(SOAP_ENVELOPE, "http://www.w3.org/2003/05/soap-envelope"),
    ];
    for case in cases {
        assert!(parse(case.as_bytes()).is_err(), "{case}");
    }
    assert!(parse(b"\xff\xfe").is_err());
}

#[test]
fn a_password_does_not_show_in_debug() {
    let login = login(&envelope(
        "",
        "<u:login><u:password>hunter2</u:password></u:login>",
    ));
    assert!(!format!("{login:?}").contains("hunter2"));
}

#[test]
fn a_request_that_was_cut_off_is_never_taken_for_a_whole_one() {
    let whole = envelope(
        "",
        "<u:login><u:username>a</u:username><u:password>b</u:password></u:login>",
    );
    assert!(parse(whole.as_bytes()).is_ok());
    for end in 0..whole.len() {
        assert!(
            parse(&whole.as_bytes()[..end]).is_err(),
            "{}",
            &whole[..end]
        );
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in any::<Vec<u8>>()) {
        let _ = parse(&body);
    }

    #[test]
    fn no_damage_makes_it_panic(at in any::<prop::sample::Index>(), with in any::<Vec<u8>>()) {
        let mut body = envelope("<u:a/>", "<u:login><u:username>&lt;</u:username></u:login>").into_bytes();
        let at = at.index(body.len());
        body.splice(at..at, with);
        let _ = parse(&body);
    }

    #[test]
    fn any_password_arrives_as_it_was_sent(password in "[^\\p{Cc}]{0,40}") {
        let escaped = quick_xml::escape::escape(password.as_str());
        let body = envelope("", &format!("<u:login><u:password>{escaped}</u:password></u:login>"));
        let login = login(&body);
        prop_assert_eq!(login.password.expose(), &password);
    }
}
