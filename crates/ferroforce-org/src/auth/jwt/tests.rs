use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::auth::key::GeneratedKey;

static KEY: LazyLock<GeneratedKey> = LazyLock::new(GeneratedKey::new);

/// Signs claims as a client would.
pub(crate) fn sign(private_pem: &str, header: &Value, claims: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(header), encode(claims));
    let pair = RsaKeyPair::from_pkcs8(pem::parse(private_pem).unwrap().contents()).unwrap();
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        signed.as_bytes(),
        &mut signature,
    )
    .unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn rs256() -> Value {
    json!({"alg": "RS256", "typ": "JWT"})
}

const NOW: i64 = 1_700_000_000;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn claims() -> Value {
    json!({"iss": "app", "sub": "a@b.c", "aud": "https://login.salesforce.com", "exp": NOW + 180})
}

fn verify(text: &str) -> Result<Claims, Refused> {
    Assertion::read(text)?.verify(KEY.public(), "127.0.0.1:8080", &[8080, 8443], now())
}

fn verify_with(name: &str, value: Value) -> Option<Refused> {
    let mut claims = claims();
    claims[name] = value;
    verify(&sign(KEY.private_pem(), &rs256(), &claims)).err()
}

#[test]
fn a_good_assertion_tells_its_claims() {
    let text = sign(KEY.private_pem(), &rs256(), &claims());
    assert_eq!(Assertion::read(&text).unwrap().issuer(), "app");
    let claims = verify(&text).unwrap();
    assert_eq!((claims.iss.as_str(), claims.sub.as_str()), ("app", "a@b.c"));
    assert_eq!(claims.jti, None);
    assert_eq!(claims.ends_at().unwrap().as_second(), NOW + 180);
}

#[test]
fn audiences() {
    let good = [
        json!("https://login.salesforce.com"),
        json!("https://login.salesforce.com/"),
        json!("https://test.salesforce.com"),
        json!("login.salesforce.com"),
        json!("http://127.0.0.1:8080"),
        json!("http://127.0.0.1:8080/"),
        json!("https://LOCALHOST:8080"),
        json!("localhost"),
        json!("[::1]:8080"),
        json!("https://127.0.0.1:8443"),
        json!(["https://elsewhere.example", "https://test.salesforce.com"]),
    ];
    for audience in good {
        assert_eq!(verify_with("aud", audience.clone()), None, "{audience}");
    }
    let bad = [
        json!(""),
        json!([]),
        json!("https://elsewhere.example"),
        json!("https://login.salesforce.com.elsewhere.example"),
        json!("https://login.salesforce.com/services/oauth2/token"),
        json!("http://127.0.0.1:8081"),
        json!("http://127.0.0.1:"),
    ];
    for audience in bad {
        assert_eq!(
            verify_with("aud", audience.clone()),
            Some(Refused::Audience),
            "{audience}"
        );
    }
    assert_eq!(verify_with("aud", json!(7)), Some(Refused::Invalid));
}

#[test]
fn times() {
    let good = [
        json!(NOW + 1),
        json!(NOW + 300),
        json!((NOW + 180) * 1000),
        json!((NOW + 180).to_string()),
        json!(((NOW + 180) * 1000).to_string()),
        json!(1_700_000_100.5),
    ];
    for time in good {
        assert_eq!(verify_with("exp", time.clone()), None, "{time}");
    }
    for time in [
        json!(NOW),
        json!(NOW - 1),
        json!(NOW + 301),
        json!(-1),
        json!((NOW + 301) * 1000),
    ] {
        assert_eq!(
            verify_with("exp", time.clone()),
            Some(Refused::Expired),
            "{time}"
        );
    }
    for time in [
        json!("soon"),
        json!(1e300),
        json!(null),
        json!("NaN"),
        json!("inf"),
    ] {
        assert_eq!(
            verify_with("exp", time.clone()),
            Some(Refused::Invalid),
            "{time}"
        );
    }
}

#[test]
fn an_assertion_is_not_good_before_it_begins() {
    for time in [json!(NOW), json!(NOW - 60), json!(null)] {
        assert_eq!(verify_with("nbf", time.clone()), None, "{time}");
    }
    for time in [json!(NOW + 1), json!((NOW + 60) * 1000)] {
        assert_eq!(
            verify_with("nbf", time.clone()),
            Some(Refused::Expired),
            "{time}"
        );
    }
    assert_eq!(verify_with("nbf", json!("soon")), Some(Refused::Invalid));
}

#[test]
fn only_rs256_by_the_right_key_is_believed() {
    let good = sign(KEY.private_pem(), &rs256(), &claims());
    let stranger = sign(GeneratedKey::new().private_pem(), &rs256(), &claims());
    let other_claims = URL_SAFE_NO_PAD.encode(
        json!({"iss": "app", "sub": "root@b.c", "aud": "login.salesforce.com", "exp": NOW + 9})
            .to_string(),
    );
    let mut parts: Vec<&str> = good.split('.').collect();
    parts[1] = &other_claims;
    let tampered = parts.join(".");
    let unsigned = {
        let (signed, _) = good.rsplit_once('.').unwrap();
        format!("{signed}.")
    };
    let mut cases = vec![stranger, tampered, unsigned];
    for algorithm in ["none", "HS256", "rs256", "RS512"] {
        cases.push(sign(
            KEY.private_pem(),
            &json!({"alg": algorithm}),
            &claims(),
        ));
    }
    for name in ["iss", "sub", "aud", "exp"] {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(name);
        cases.push(sign(KEY.private_pem(), &rs256(), &claims));
    }
    for text in ["", ".", "..", "a.b.c", "....", "é.é.é"] {
        cases.push(text.to_owned());
    }
    for case in cases {
        assert_eq!(verify(&case).err(), Some(Refused::Invalid), "{case}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), claims in any::<Vec<u8>>()) {
        prop_assert!(verify(&text).is_err());
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#);
        let text = format!("{header}.{}.x", URL_SAFE_NO_PAD.encode(claims));
        prop_assert!(verify(&text).is_err());
    }
}
