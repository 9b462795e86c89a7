use serde_json::json;

use crate::auth::{AccessToken, ClientCredentials};
use crate::error::ErrorCode;
use crate::script::{Counting, ORG, Reply, Script, builder, client};

const ORG_ID: &str = "00D000000000001EAA";
const USER_ID: &str = "005000000000001AAA";

fn user_info() -> Reply {
    let body = json!({
        "sub": format!("https://login.salesforce.com/id/{ORG_ID}/{USER_ID}"),
        "user_id": USER_ID, "organization_id": ORG_ID, "preferred_username": "ada@acme.com",
        "email_verified": true, "utcOffset": -28_800_000, "unheard_of": {},
        "urls": {"rest": "https://acme.my.salesforce.com/services/data/v{version}/"},
    });
    Reply::json(200, &body.to_string())
}

fn identity() -> Reply {
    let body = json!({
        "id": "https://login.salesforce.com/id/1/2", "user_id": USER_ID, "organization_id": ORG_ID,
        "username": "ada@acme.com", "asserted_user": true,
    });
    Reply::json(200, &body.to_string())
}

fn refused() -> Reply {
    Reply::Answer(
        http::StatusCode::FORBIDDEN,
        vec![("content-type", "text/html;charset=UTF-8".into())],
        "Bad_OAuth_Token".into(),
    )
}

#[tokio::test(start_paused = true)]
async fn user_info_is_read_whatever_else_is_in_it() {
    let script = Script::replies([user_info()]);
    let user = client(Counting::tokens(), &script)
        .user_info()
        .await
        .unwrap();
    assert_eq!(script.sent()[0].uri.path(), "/services/oauth2/userinfo");
    assert_eq!(user.preferred_username.as_deref(), Some("ada@acme.com"));
    assert_eq!(user.utc_offset, Some(-28_800_000));
    assert!(user.urls["rest"].contains("{version}"));
}

#[tokio::test(start_paused = true)]
async fn an_identity_is_asked_for_on_the_org_s_own_host() {
    let granted = json!({
        "access_token": "00D!x", "instance_url": ORG,
        "id": format!("https://login.salesforce.com/id/{ORG_ID}/{USER_ID}"),
    });
    let script = Script::replies([Reply::json(200, &granted.to_string()), identity()]);
    let salesforce = builder(ClientCredentials::new("id", "secret"), &script)
        .org_url(ORG)
        .build()
        .unwrap();
    let identity = salesforce.identity().await.unwrap();
    assert_eq!(identity.username.as_deref(), Some("ada@acme.com"));
    assert_eq!(
        script.sent()[1].uri.to_string(),
        format!("{ORG}/id/{ORG_ID}/{USER_ID}")
    );
}

#[tokio::test(start_paused = true)]
async fn an_identity_that_no_answer_named_is_found_by_user_info() {
    let script = Script::replies([user_info(), identity()]);
    let token = AccessToken::new("00D!x", ORG).unwrap();
    client(token, &script).identity().await.unwrap();
    assert_eq!(
        script.sent()[1].uri.path(),
        format!("/id/{ORG_ID}/{USER_ID}")
    );
}

/// These endpoints say so with a word of their own and 403.
#[tokio::test(start_paused = true)]
async fn a_session_that_has_ended_is_renewed_once() {
    let script = Script::replies([refused(), user_info()]);
    let auth = Counting::tokens();
    client(auth.clone(), &script).user_info().await.unwrap();
    assert_eq!((auth.sign_ins(), script.count()), (2, 2));

    let script = Script::replies([refused()]);
    let auth = Counting::tokens();
    let error = client(auth.clone(), &script).user_info().await.unwrap_err();
    assert_eq!((auth.sign_ins(), script.count()), (2, 2));
    assert_eq!(error.code(), Some(&ErrorCode::InvalidSessionId));
}
