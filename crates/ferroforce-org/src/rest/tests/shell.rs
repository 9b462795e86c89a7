use std::io::{Read, Write};

use axum::body::Body;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http::{Request, StatusCode};
use serde_json::json;

use super::Client;
use crate::admin::Policies;
use crate::settings::Settings;

#[tokio::test]
async fn versions_need_no_session_and_everything_else_does() {
    let client = Client::new();
    let anyone = |path: &str| Request::builder().uri(path).body(Body::empty()).unwrap();
    let versions = client.raw(anyone("/services/data/")).await.json();
    assert_eq!(
        versions[0],
        json!({"label": "Summer '14", "url": "/services/data/v31.0", "version": "31.0"})
    );
    let refused = client.raw(anyone("/services/data/v66.0/limits")).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        refused.text(),
        r#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#
    );
    assert_eq!(refused.header("sforce-limit-info"), "");
}

#[tokio::test]
async fn answers_have_the_platforms_headers() {
    let client = Client::new();
    let answer = client.get("/limits").await;
    assert_eq!(
        answer.header("content-type"),
        "application/json;charset=UTF-8"
    );
    assert_eq!(
        answer.header("cache-control"),
        "no-cache,must-revalidate,max-age=0,no-store,private"
    );
    assert_eq!(answer.header("vary"), "Accept-Encoding");
    assert_eq!(answer.header("sforce-limit-info"), "api-usage=1/5000000");
    assert_eq!(answer.header("x-request-id").len(), 32);
    assert_eq!(
        answer.json()["DailyApiRequests"],
        json!({"Max": 5_000_000, "Remaining": 4_999_999})
    );
    // Mistakes count too.
    let answer = client.get("/sobjects/Nothing__c").await;
    assert_eq!(answer.header("sforce-limit-info"), "api-usage=2/5000000");
}

#[tokio::test]
async fn the_days_quota_ends() {
    let client = Client::with(Settings {
        daily_api_requests: 1,
        ..Settings::default()
    });
    assert_eq!(client.get("/limits").await.status, StatusCode::OK);
    let refused = client.get("/limits").await;
    assert_eq!(
        refused.error(),
        (
            403,
            "REQUEST_LIMIT_EXCEEDED".to_owned(),
            "TotalRequests Limit exceeded.".to_owned()
        )
    );
    assert_eq!(refused.header("sforce-limit-info"), "api-usage=2/1");
}

#[tokio::test]
async fn a_soft_quota_is_only_told() {
    let client = Client::with(Settings {
        daily_api_requests: 1,
        policies: Policies {
            soft_daily_limit: true,
            daily_api_requests_per_app: Some(250),
            ..Policies::default()
        },
        ..Settings::default()
    });
    client.get("/limits").await;
    let beyond = client.get("/limits").await;
    assert_eq!(
        (beyond.status, beyond.header("sforce-limit-info")),
        (
            StatusCode::OK,
            "api-usage=2/1; per-app-api-usage=2/250(appName=3MVG9_local_org)"
        )
    );
    assert_eq!(beyond.json()["DailyApiRequests"]["Remaining"], 0);
}

#[tokio::test]
async fn the_quota_comes_back_with_the_day() {
    let client = Client::with(Settings {
        daily_api_requests: 1,
        policies: Policies {
            session_seconds: 1_000_000,
            ..Policies::default()
        },
        ..Settings::default()
    });
    for expected in [200, 403] {
        assert_eq!(client.get("/limits").await.status, expected);
    }
    client
        .org
        .clock
        .advance(jiff::SignedDuration::from_hours(25));
    assert_eq!(client.get("/limits").await.status, 200);
}

#[tokio::test]
async fn versions_come_and_go() {
    let client = Client::new();
    let of = |client: &Client, version: &str| {
        let uri = format!("/services/data/{version}/limits/");
        client
            .request("GET", "")
            .uri(uri)
            .body(Body::empty())
            .unwrap()
    };
    assert_eq!(
        client.raw(of(&client, "v31.0")).await.status,
        StatusCode::OK
    );
    assert_eq!(
        client.raw(of(&client, "v99.0")).await.status,
        StatusCode::NOT_FOUND
    );
    let gone = client.raw(of(&client, "v30.0")).await;
    assert_eq!(gone.status, StatusCode::GONE);
    let client = Client::with(Settings {
        serve_retired_versions: true,
        ..Settings::default()
    });
    assert_eq!(
        client.raw(of(&client, "v26.0")).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn slashes_and_hosts_do_not_matter() {
    let client = Client::new();
    let request = client
        .request("GET", "")
        .uri("//services//data/v66.0/limits/?x=1")
        .header("host", "acme.my.salesforce.com");
    let answer = client.raw(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
}

#[tokio::test]
async fn methods_that_a_resource_does_not_take() {
    let client = Client::new();
    for (method, path, allowed) in [
        ("POST", "/limits", "HEAD,GET"),
        ("PATCH", "/sobjects/Contact", "HEAD,GET,POST"),
        (
            "PUT",
            "/sobjects/Contact/003Lo000000zzzz",
            "HEAD,GET,PATCH,DELETE",
        ),
    ] {
        let answer = client.send(method, path, "{}").await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(
            answer.text(),
            format!(
                r#"[{{"errorCode":"METHOD_NOT_ALLOWED","message":"HTTP Method '{method}' not allowed. Allowed are {allowed}"}}]"#
            )
        );
    }
}

#[tokio::test]
async fn a_post_can_stand_for_a_patch() {
    let client = Client::new();
    let id = client.create("Account", &json!({"Name": "Acme"})).await;
    let path = format!("/sobjects/Account/{id}?_HttpMethod=PATCH");
    assert_eq!(
        client.post(&path, &json!({"Name": "New"})).await.status,
        StatusCode::NO_CONTENT
    );
}

#[tokio::test]
async fn what_is_not_served_says_so() {
    let client = Client::new();
    for path in ["/services/wsdl/partner", "/cometd/66.0"] {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        assert_eq!(
            client.raw(request).await.status,
            StatusCode::NOT_IMPLEMENTED,
            "{path}"
        );
    }
    for path in [
        "/chatter/users/me",
        "/tooling/executeAnonymous?anonymousBody=x",
        "/sobjects/Account/defaultValues",
    ] {
        let answer = client.get(path).await;
        let (status, code, message) = answer.error();
        assert_eq!((status, code.as_str()), (501, "NOT_IMPLEMENTED"), "{path}");
        assert!(
            message.starts_with("The local org does not support "),
            "{message}"
        );
    }
}

#[tokio::test]
async fn json_is_pretty_on_demand() {
    let client = Client::new();
    let request = client.request("GET", "/limits/recordCount?sObjects=Nothing");
    let request = request
        .header("x-prettyprint", "1")
        .body(Body::empty())
        .unwrap();
    assert_eq!(
        client.raw(request).await.text(),
        "{\n  \"sObjects\" : [ ]\n}"
    );
}

#[tokio::test]
async fn bodies_are_compressed_both_ways() {
    let client = Client::new();
    let mut zip = GzEncoder::new(Vec::new(), Compression::fast());
    let description = "x".repeat(5_000);
    write!(zip, r#"{{"Name":"Acme","Description":"{description}"}}"#).unwrap();
    let request = client
        .request("POST", "/sobjects/Account")
        .header("content-type", "application/json; charset=utf-8")
        .header("content-encoding", "gzip");
    let id = client
        .raw(request.body(zip.finish().unwrap().into()).unwrap())
        .await
        .id();

    let request = client.request("GET", &format!("/sobjects/Account/{id}"));
    let answer = client
        .raw(
            request
                .header("accept-encoding", "gzip")
                .body(Body::empty())
                .unwrap(),
        )
        .await;
    assert_eq!(answer.header("content-encoding"), "gzip");
    assert!(answer.body.len() < 5_000);
    let mut text = String::new();
    GzDecoder::new(answer.body.as_ref())
        .read_to_string(&mut text)
        .unwrap();
    assert!(text.contains(&description));
}

#[tokio::test]
async fn bodies_must_be_json() {
    let client = Client::new();
    let request = client
        .request("POST", "/sobjects/Account")
        .header("content-type", "application/x-www-form-urlencoded");
    let answer = client.raw(request.body("{}".into()).unwrap()).await;
    assert_eq!(answer.error().1, "UNSUPPORTED_MEDIA_TYPE");
    let answer = client.send("POST", "/sobjects/Account", "").await;
    assert_eq!(
        answer.error().2,
        "The HTTP entity body is required, but this request has no entity body."
    );
}

#[tokio::test]
async fn a_uri_that_is_too_long_is_answered_in_html() {
    let client = Client::new();
    let answer = client
        .get(&format!("/query?q={}", "x".repeat(17_000)))
        .await;
    assert_eq!(answer.status, StatusCode::URI_TOO_LONG);
    assert_eq!(
        answer.text(),
        "<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>"
    );
    assert!(answer.header("content-type").starts_with("text/html"));
}

#[tokio::test]
async fn a_describe_is_not_sent_twice() {
    let client = Client::new();
    for path in ["/sobjects", "/sobjects/account/describe"] {
        let first = client.get(path).await;
        assert_eq!(first.status, StatusCode::OK);
        assert_eq!(first.header("etag").len(), 10);
        let again = client.request("GET", path);
        let again = again.header("if-modified-since", first.header("last-modified"));
        let again = client.raw(again.body(Body::empty()).unwrap()).await;
        assert_eq!((again.status, again.text()), (StatusCode::NOT_MODIFIED, ""));
        assert_eq!(again.header("etag"), first.header("etag"));
    }
}

#[tokio::test]
async fn the_resources_name_who_asks() {
    let client = Client::new();
    let resources = client.get("/").await.json();
    for served in ["sobjects", "jobs", "named", "tooling", "ui-api"] {
        assert_eq!(resources[served], format!("/services/data/v66.0/{served}"));
    }
    let user = client.org.auth.directory.members()[0].id;
    assert_eq!(
        resources["identity"],
        format!("http://localhost/id/{}/{user}", client.org.id)
    );
}

#[tokio::test]
async fn answers_are_json_and_never_xml() {
    let client = Client::new();
    for (accept, expected) in [
        ("application/xml", StatusCode::NOT_IMPLEMENTED),
        ("application/xml, */*;q=0.1", StatusCode::OK),
        ("application/json", StatusCode::OK),
        ("nonsense", StatusCode::OK),
    ] {
        let request = client.request("GET", "/limits").header("accept", accept);
        let answer = client.raw(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, expected, "{accept}");
    }
}

#[tokio::test]
async fn what_a_real_org_serves_elsewhere_is_not_missing() {
    let client = Client::new();
    let data = "/services/data/v66.0";
    for (path, status) in [
        ("/secur/frontdoor.jsp".to_owned(), 501),
        ("/services/wsdl/partner".to_owned(), 501),
        ("/services/asyncfoo".to_owned(), 404),
        (format!("{data}/limits.json"), 501),
        (format!("{data}/sobjects/Account/describe.xml"), 501),
        (
            format!("{data}/sobjects/Account/External_Id__c/a.json"),
            404,
        ),
        (format!("{data}/nothing"), 404),
    ] {
        let request = client.request("GET", "").uri(&path);
        let answer = client.raw(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(!answer.error().2.is_empty());
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let client = Client::new();
    let data = "/services/data/v66.0";
    for (path, allowed) in [
        (format!("{data}/limits"), "HEAD,GET"),
        ("/services/data".to_owned(), "HEAD,GET"),
        (format!("{data}/sobjects/Account/Id"), "POST"),
        ("/.well-known/openid-configuration".to_owned(), "HEAD,GET"),
    ] {
        let request = client.request("DELETE", "").uri(&path);
        let answer = client.raw(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 405, "{path}");
        assert_eq!(answer.header("allow"), allowed, "{path}");
        assert!(answer.error().2.ends_with(allowed));
    }
}
