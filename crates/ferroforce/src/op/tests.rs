use super::*;

#[test]
fn values_are_encoded_as_one_segment() {
    for (value, expected) in [
        ("a/b?c#d%e", "a%2Fb%3Fc%23d%25e"),
        ("ä 'q' \"", "%C3%A4%20%27q%27%20%22"),
        ("../../x", "..%2F..%2Fx"),
        ("a.b-c_d~", "a.b-c_d~"),
        ("😀+&=", "%F0%9F%98%80%2B%26%3D"),
    ] {
        let path = Path::fill("/sobjects/{sobject}/{field}/{value}", &["A", "E__c", value]);
        assert_eq!(
            path.unwrap().as_str(),
            format!("/sobjects/A/E__c/{expected}")
        );
    }
}

#[test]
fn values_that_would_reach_another_address_are_refused() {
    for value in ["", ".", ".."] {
        let error = Path::fill("/sobjects/{sobject}/{id}", &["A", value]).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::InvalidInput);
        assert!(error.to_string().contains("id is"), "{error}");
    }
}

#[test]
fn the_template_holds_no_value() {
    let path = Path::fill("/sobjects/{sobject}/{id}", &["Contact", "secret-id"]).unwrap();
    assert_eq!(path.template(), "/sobjects/{sobject}/{id}");
}

#[test]
fn an_op_is_built_without_a_client() {
    let op = Op::new(
        Method::POST,
        Path::fill("/sobjects/{sobject}", &["Contact"]).unwrap(),
        decode_raw,
    )
    .json(&serde_json::json!({"LastName": "Doe"}))
    .unwrap();
    assert_eq!(op.path(), "/sobjects/Contact");
    assert!(!op.is_repeatable());
    assert_eq!(op.body().unwrap().as_ref(), br#"{"LastName":"Doe"}"#);
    assert!(!format!("{op:?}").contains("Doe"));
}

fn response(content_type: &'static str, body: &'static [u8]) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    Response {
        status: StatusCode::OK,
        headers,
        body: Bytes::from_static(body),
        repeated: false,
        context: None,
    }
}

#[test]
fn a_wrong_answer_says_where_and_what() {
    #[derive(Debug, serde::Deserialize)]
    struct Outer {
        #[expect(dead_code, reason = "only its type matters")]
        inner: Vec<u8>,
    }
    let cases = [
        (
            response("application/json", br#"{"inner":[1,"x"]}"#),
            "inner[1]",
        ),
        (response("application/json", br#"{"inner":[1,"#), "broken"),
        (response("text/html", b"<html>"), "text/html"),
        (response("application/json", b""), "no body"),
    ];
    for (response, expected) in cases {
        let error = response.json::<Outer>().unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Decode);
        assert!(error.to_string().contains(expected), "{error}");
    }
}
