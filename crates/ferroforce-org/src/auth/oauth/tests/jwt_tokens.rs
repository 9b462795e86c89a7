//! Tokens that the org signs.

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;
use crate::auth::TokenFormat;

/// The claims of a JWT that the org has signed, as its key says.
async fn verified(org: &Arc<Org>, jwt: &str) -> Value {
    let (_, body) = get_with(org, "/id/keys", None).await;
    let keys: Value = serde_json::from_str(&body).unwrap();
    let key = &keys["keys"][0];
    let number = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
    let key = PublicKeyComponents {
        n: number("n"),
        e: number("e"),
    };
    let (signed, signature) = jwt.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    key.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature)
        .unwrap();
    let claims = URL_SAFE_NO_PAD.decode(signed.split_once('.').unwrap().1);
    serde_json::from_slice(&claims.unwrap()).unwrap()
}

#[tokio::test]
async fn an_app_may_have_tokens_that_say_what_they_are_good_for() {
    let org = org_with(vec![app().token_format(TokenFormat::Jwt)]);
    let answer = granted(&org, &CREDENTIALS).await;
    assert_eq!(answer["token_format"], "jwt");
    assert_eq!(answer["api_instance_url"], "http://127.0.0.1:8080");
    let token_text = answer["access_token"].as_str().unwrap().to_owned();
    let claims = verified(&org, &token_text).await;
    assert_eq!(claims["scp"], "api");
    assert_eq!(claims["client_id"], "app");
    assert_eq!(claims["iss"], "http://127.0.0.1:8080");
    let [issued, ends] = ["iat", "exp"].map(|name| claims[name].as_i64().unwrap());
    assert_eq!(ends - issued, 1800);

    // It is a session like any other, but for its end, which no use pushes out.
    let used = async || {
        let bearer = format!("Bearer {token_text}");
        get_with(&org, "/services/data/v66.0/limits", Some(&bearer))
            .await
            .0
    };
    org.clock.advance(SignedDuration::from_secs(1700));
    assert_eq!(used().await, 200);
    org.clock.advance(SignedDuration::from_secs(100));
    assert_eq!(used().await, 401);
    let mut opaque = password_form("secrettoken");
    opaque[0].1 = "password";
    let answer = granted(&org, &opaque).await;
    assert!(answer["access_token"].as_str().unwrap().starts_with("00D"));
    assert!(answer.get("token_format").is_none());
}

#[tokio::test]
async fn who_asks_to_know_the_user_gets_an_id_token() {
    let callback = "http://localhost:1717/OauthRedirect";
    let open = app().callback_urls([callback]).scopes(["api", "openid"]);
    let org = org_with(vec![open]);
    let ada = org.auth.directory.by_username("ada@example.com").unwrap();
    let url = format!(
        "/services/oauth2/authorize?{}",
        encode(&[
            ("response_type", "code"),
            ("client_id", "app"),
            ("redirect_uri", callback),
            ("nonce", "n0nce"),
        ])
    );
    let sent_to = crate::auth::authorize_as(&org, &url, &ada).unwrap();
    let code = sent_to.split_once("code=").unwrap().1.replace("%3D", "=");
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "app"),
        ("client_secret", "s3cret"),
        ("redirect_uri", callback),
        ("code", &code),
    ];
    let answer = granted(&org, &form).await;
    let claims = verified(&org, answer["id_token"].as_str().unwrap()).await;
    assert_eq!(claims["sub"], answer["id"]);
    assert_eq!(
        (&claims["aud"], &claims["nonce"]),
        (&json!("app"), &json!("n0nce"))
    );
    assert_eq!(answer.get("token_format"), None);
}
