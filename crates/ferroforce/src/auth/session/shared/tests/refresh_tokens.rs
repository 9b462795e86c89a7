use std::time::Duration;

use futures_util::future::join_all;

use super::*;
use crate::auth::{AccessToken, Secret};
use crate::transport::TransportErrorKind;

fn org() -> Org {
    Org::with_refresh_token("refresh-0")
}

fn key() -> StoreKey {
    key_of("refresh-token", "ada")
}

#[tokio::test(start_paused = true)]
async fn each_refresh_token_is_sent_once_also_without_a_store() {
    let org = org();
    let client = org.client(RefreshToken::new("app", "refresh-0").into());
    for _ in 0..3 {
        let all = join_all((0..20).map(|_| get(&client))).await;
        assert!(all.iter().all(Result::is_ok));
        org.expire_all();
    }
    assert_eq!(org.spent(), ["refresh-0", "refresh-1", "refresh-2"]);
}

#[tokio::test(start_paused = true)]
async fn clients_of_several_urls_know_which_refresh_token_is_the_newest() {
    let org = org();
    let session = Session::new(RefreshToken::new("app", "refresh-0").login_url(ORG));
    let named = org.client(session.clone());
    let unnamed = org.builder(session).build().unwrap();
    let (one, two) = tokio::join!(get(&named), get(&unnamed));
    one.unwrap();
    two.unwrap();
    org.expire_all();
    get(&unnamed).await.unwrap();
    get(&named).await.unwrap();
    assert_eq!(org.spent(), ["refresh-0", "refresh-1"]);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_is_marked_before_it_is_sent_and_kept_before_it_is_used() {
    let (org, store) = (org(), MemoryStore::new());
    let seen = store.clone();
    org.account().watch = Some(Box::new(move |sent| {
        let contents = stored(&seen, &key()).unwrap();
        if sent.uri.path() == "/services/oauth2/token" {
            assert_eq!(contents.state, State::Started);
        } else if sent.token() == contents.token.as_ref().map(|token| token.secret().expose()) {
            assert_eq!(contents.state, State::Live);
            assert!(contents.token.unwrap().refresh_token().is_some());
        }
    }));
    let client = org.client(shared(refresh_token("refresh-0"), &store));
    get(&client).await.unwrap();
    org.expire_all();
    get(&client).await.unwrap();
    assert_eq!(org.spent(), ["refresh-0", "refresh-1"]);
}

#[tokio::test(start_paused = true)]
async fn processes_share_one_refresh_and_never_use_their_first_token_again() {
    let (org, store) = (org(), MemoryStore::new());
    let fleet: Vec<_> = (0..20)
        .map(|_| org.client(shared(refresh_token("refresh-0"), &store)))
        .collect();
    for _ in 0..3 {
        let all = join_all(fleet.iter().map(get)).await;
        assert!(all.iter().all(Result::is_ok));
        org.expire_all();
        tokio::time::advance(Duration::from_secs(7200)).await;
    }
    // A process that starts later still has the first one in its settings.
    get(&org.client(shared(refresh_token("refresh-0"), &store)))
        .await
        .unwrap();
    // And one has nothing at all.
    get(&org.client(shared(RefreshToken::stored("app", "ada"), &store)))
        .await
        .unwrap();
    assert_eq!(
        org.spent(),
        ["refresh-0", "refresh-1", "refresh-2", "refresh-3"]
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_ends_in_one_clear_error_everywhere() {
    let page = |status| Reply::html(status);
    for lost in [
        Reply::Fail(TransportErrorKind::Interrupted),
        Reply::Cut(http::StatusCode::OK, "{\"access".into()),
        Reply::Never,
        page(200),
        page(502),
        page(503),
    ] {
        let (org, store) = (org(), MemoryStore::new());
        org.instead(lost);
        let one = org.client(shared(refresh_token("refresh-0"), &store));
        let two = org.client(shared(refresh_token("refresh-0"), &store));
        for _ in 0..3 {
            assert_eq!(kind(&one).await, Some(AuthErrorKind::SignInAgain));
            assert_eq!(kind(&two).await, Some(AuthErrorKind::SignInAgain));
            tokio::time::advance(Duration::from_secs(60)).await;
        }
        assert_eq!(org.spent(), ["refresh-0"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_between_sending_and_storing_ends_in_one_clear_error() {
    let (org, store) = (org(), MemoryStore::new());
    org.instead(Reply::Never);
    let crashed = tokio::task::spawn_blocking({
        let (org, store) = (org.clone(), store.clone());
        move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .start_paused(true)
                .build()
                .unwrap();
            runtime.block_on(async {
                let client = org.client(shared(refresh_token("refresh-0"), &store));
                let cut = tokio::time::timeout(Duration::from_secs(1), get(&client)).await;
                assert!(cut.is_err());
            });
        }
    });
    crashed.await.unwrap();
    let next = org.client(shared(refresh_token("refresh-0"), &store));
    let error = get(&next).await.unwrap_err();
    assert_eq!(
        error.auth().map(AuthError::kind),
        Some(AuthErrorKind::SignInAgain)
    );
    assert!(error.to_string().contains("sign in again"), "{error}");
    assert_eq!(org.spent(), ["refresh-0"]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_cancelled_in_mid_refresh_loses_nothing() {
    let (org, store) = (org(), MemoryStore::new());
    let slow = serde_json::json!({
        "access_token": "slow", "instance_url": ORG, "refresh_token": "refresh-9",
    });
    let slow = Reply::json(200, &slow.to_string());
    org.instead(Reply::After(Duration::from_secs(5), Box::new(slow)));
    org.account().live.insert("slow".into());
    let session = shared(refresh_token("refresh-0"), &store);
    let client = org.client(session.clone());
    let cancelled = tokio::time::timeout(Duration::from_secs(1), get(&client)).await;
    assert!(cancelled.is_err());
    session.close().await;
    let kept = stored(&store, &key()).unwrap().token.unwrap();
    assert_eq!(kept.refresh_token().map(Secret::expose), Some("refresh-9"));
    get(&client).await.unwrap();
    assert_eq!(org.spent(), ["refresh-0"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_sent_or_not_yet_done_is_tried_again_later() {
    for passing in [
        vec![Reply::Fail(TransportErrorKind::Connect); 10],
        vec![refused(
            "invalid_grant",
            "token request is already being processed",
        )],
    ] {
        let (org, store) = (org(), MemoryStore::new());
        org.account().instead = passing;
        let client = org.client(shared(refresh_token("refresh-0"), &store));
        assert_eq!(kind(&client).await, Some(AuthErrorKind::Unavailable));
        org.account().instead.clear();
        org.account().spent.clear();
        tokio::time::advance(Duration::from_secs(1)).await;
        get(&client).await.unwrap();
        org.expire_all();
        // The same, with a token that the store has.
        org.instead(refused(
            "invalid_grant",
            "token request is already being processed",
        ));
        assert_eq!(kind(&client).await, Some(AuthErrorKind::Unavailable));
        tokio::time::advance(Duration::from_secs(1)).await;
        get(&client).await.unwrap();
        assert_eq!(org.spent(), ["refresh-0", "refresh-1", "refresh-1"]);
    }
}

#[tokio::test(start_paused = true)]
async fn every_other_refusal_is_final_and_keeps_the_refresh_token() {
    for code in ["inactive_user", "server_error", "rate_limit_exceeded"] {
        let (org, store) = (org(), MemoryStore::new());
        org.instead(refused(code, "no"));
        let client = org.client(shared(refresh_token("refresh-0"), &store));
        assert_eq!(kind(&client).await, Some(AuthErrorKind::Refused), "{code}");
        tokio::time::advance(Duration::from_secs(1)).await;
        get(&client).await.unwrap();
        assert_eq!(org.spent(), ["refresh-0", "refresh-0"]);
    }
}

/// As an administrator's revocation does it.
#[tokio::test(start_paused = true)]
async fn a_revoked_refresh_token_is_asked_about_once_by_all() {
    let (org, store) = (org(), MemoryStore::new());
    let fleet: Vec<_> = (0..10)
        .map(|_| org.client(shared(refresh_token("refresh-0"), &store)))
        .collect();
    for client in &fleet {
        get(client).await.unwrap();
    }
    org.expire_all();
    org.account().refresh_token = None;
    for _ in 0..3 {
        for client in &fleet {
            let error = get(client).await.unwrap_err();
            let error = error.auth().unwrap();
            assert_eq!(error.kind(), AuthErrorKind::SignInAgain);
            assert_eq!(error.code(), Some("invalid_grant"));
            assert!(error.to_string().contains("sign in again"), "{error}");
        }
        tokio::time::advance(Duration::from_secs(61)).await;
    }
    assert_eq!(org.spent(), ["refresh-0", "refresh-1"]);
}

#[tokio::test(start_paused = true)]
async fn a_user_who_signs_in_again_is_followed_by_all() {
    let (org, store) = (org(), MemoryStore::new());
    let old = org.client(shared(refresh_token("refresh-0"), &store));
    get(&old).await.unwrap();
    org.expire_all();
    org.instead(Reply::Fail(TransportErrorKind::Interrupted));
    assert_eq!(kind(&old).await, Some(AuthErrorKind::SignInAgain));

    org.account().refresh_token = Some("anew".into());
    let new = org.client(shared(refresh_token("anew"), &store));
    get(&new).await.unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    get(&old).await.unwrap();
    let old_settings = org.client(shared(refresh_token("refresh-0"), &store));
    get(&old_settings).await.unwrap();
    assert_eq!(org.spent(), ["refresh-0", "refresh-1", "anew"]);
}

#[tokio::test(start_paused = true)]
async fn a_dead_token_in_the_settings_does_not_end_a_good_one_in_the_store() {
    let (org, store) = (org(), MemoryStore::new());
    get(&org.client(shared(refresh_token("refresh-0"), &store)))
        .await
        .unwrap();
    org.instead(refused("invalid_grant", "expired access/refresh token"));
    let stale = org.client(shared(refresh_token("long-dead"), &store));
    get(&stale).await.unwrap();
    org.expire_all();
    get(&stale).await.unwrap();
    assert_eq!(org.spent(), ["refresh-0", "long-dead", "refresh-1"]);
}

#[tokio::test(start_paused = true)]
async fn a_grant_is_used_until_it_ends() {
    let (org, store) = (org(), MemoryStore::new());
    org.account().live.insert("granted".into());
    let granted = AccessToken::new("granted", ORG).unwrap();
    let none = RefreshToken::from_grant("app", granted.clone()).unwrap_err();
    assert_eq!(none.kind(), AuthErrorKind::Misconfigured);

    let grant = granted.with_refresh_token("refresh-0");
    let auth = RefreshToken::from_grant("app", grant).unwrap().user("ada");
    let client = org.client(shared(auth, &store));
    get(&client).await.unwrap();
    assert!(org.spent().is_empty());
    org.expire_all();
    get(&client).await.unwrap();
    get(&org.client(shared(RefreshToken::stored("app", "ada"), &store)))
        .await
        .unwrap();
    assert_eq!(org.spent(), ["refresh-0"]);
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_stored_the_user_must_sign_in() {
    let org = org();
    let auth = RefreshToken::stored("app", "ada");
    let client = org.client(shared(auth, &MemoryStore::new()));
    assert_eq!(kind(&client).await, Some(AuthErrorKind::SignInAgain));
    assert!(org.spent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_rotation_a_refresh_token_serves_on() {
    let (org, store) = (org(), MemoryStore::new());
    org.account().keeps_refresh_token = true;
    let client = org.client(shared(refresh_token("refresh-0"), &store));
    for _ in 0..3 {
        get(&client).await.unwrap();
        org.expire_all();
    }
    assert_eq!(org.spent(), ["refresh-0"; 3]);
}

/// Two processes that each went on by themselves would use it twice.
#[tokio::test(start_paused = true)]
async fn no_refresh_token_is_used_without_the_store() {
    let (org, store) = (org(), Fragile::default());
    let (client, told) = telling(&org, shared(refresh_token("refresh-0"), &store));
    get(&client).await.unwrap();
    store.down(true);
    get(&client).await.unwrap();
    org.expire_all();
    assert_eq!(kind(&client).await, Some(AuthErrorKind::Unavailable));
    assert_eq!(org.spent(), ["refresh-0"]);
    assert_eq!(told.lock().unwrap().len(), 1);
    store.down(false);
    tokio::time::advance(Duration::from_secs(1)).await;
    get(&client).await.unwrap();
    assert_eq!(org.spent(), ["refresh-0", "refresh-1"]);
}

#[tokio::test(start_paused = true)]
async fn a_new_refresh_token_that_the_store_did_not_take_gets_there_later() {
    let (org, store) = (org(), Fragile::default());
    let client = org.client(shared(refresh_token("refresh-0"), &store));
    store.takes_nothing(true);
    get(&client).await.unwrap();
    let state = |store: &Fragile| stored(&store.inner, &key()).unwrap().state;
    assert_eq!(state(&store), State::Started);
    store.takes_nothing(false);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(state(&store), State::Live);
    org.expire_all();
    let other = org.client(shared(refresh_token("refresh-0"), &store));
    get(&other).await.unwrap();
    assert_eq!(org.spent(), ["refresh-0", "refresh-1"]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_was_emptied_gets_the_newest_from_who_has_it() {
    let (org, store) = (org(), Fragile::default());
    let client = org.client(shared(refresh_token("refresh-0"), &store));
    get(&client).await.unwrap();
    store.inner.empty();
    org.expire_all();
    get(&client).await.unwrap();
    let other = org.client(shared(refresh_token("refresh-0"), &store));
    get(&other).await.unwrap();
    assert_eq!(org.spent(), ["refresh-0", "refresh-1"]);
}
