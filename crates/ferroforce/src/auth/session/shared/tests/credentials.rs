use std::time::Duration;

use futures_util::future::join_all;

use super::*;
use crate::auth::{AccessToken, Auth, AuthContext, FlowIdentity};
use crate::script::Counting;

/// Each as if in a process of its own.
fn fleet(org: &Org, store: &(impl TokenStore + Clone), size: usize) -> Vec<Salesforce> {
    (0..size)
        .map(|_| org.client(shared(credentials(), store)))
        .collect()
}

async fn all_get(fleet: &[Salesforce]) -> Vec<Result<(), Error>> {
    join_all(fleet.iter().flat_map(|client| [get(client), get(client)])).await
}

#[tokio::test(start_paused = true)]
async fn sessions_of_one_store_make_one_login() {
    let (org, store) = (Org::default(), MemoryStore::new());
    let fleet = fleet(&org, &store, 50);
    assert!(all_get(&fleet).await.iter().all(Result::is_ok));
    assert_eq!(org.sign_ins(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_cold_start_with_a_stored_token_asks_for_none() {
    let (org, store) = (Org::default(), MemoryStore::new());
    get(&org.client(shared(credentials(), &store)))
        .await
        .unwrap();
    let later = org.client(shared(credentials(), &store));
    let sent_before = org.sign_ins();
    get(&later).await.unwrap();
    assert_eq!(org.sign_ins(), sent_before);
}

#[tokio::test(start_paused = true)]
async fn all_tokens_revoked_at_once_make_one_refresh() {
    let (org, store) = (Org::default(), MemoryStore::new());
    let fleet = fleet(&org, &store, 50);
    all_get(&fleet).await;
    org.expire_all();
    assert!(all_get(&fleet).await.iter().all(Result::is_ok));
    assert_eq!(org.sign_ins(), 2);
}

#[tokio::test(start_paused = true)]
async fn partitions_do_not_share() {
    let (org, store) = (Org::default(), MemoryStore::new());
    for partition in ["", "eu", "us", "eu"] {
        let session = Session::builder(credentials())
            .store(store.clone())
            .partition(partition)
            .build();
        get(&org.client(session)).await.unwrap();
    }
    assert_eq!(org.sign_ins(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_flow_without_identity_cannot_be_stored() {
    let org = Org::default();
    let client = org.client(shared(Counting::tokens(), &MemoryStore::new()));
    assert_eq!(kind(&client).await, Some(AuthErrorKind::NoIdentity));
    assert_eq!(
        kind(&org.client(shared(
            RefreshToken::new("app", "refresh-0"),
            &MemoryStore::new()
        )))
        .await,
        Some(AuthErrorKind::NoIdentity)
    );
    assert!(org.spent().is_empty());
}

/// One login after the other, each to no avail, would use up the org's.
#[tokio::test(start_paused = true)]
async fn a_fresh_token_that_is_turned_down_stops_all_who_share_it() {
    let (org, store) = (Org::default(), MemoryStore::new());
    org.account().turns_down = true;
    let fleet = fleet(&org, &store, 20);
    for _ in 0..3 {
        for client in &fleet {
            let error = get(client).await.unwrap_err();
            assert_eq!(
                error.auth().map(AuthError::kind),
                Some(AuthErrorKind::FreshTokenRejected)
            );
            assert!(error.to_string().contains("IP address"), "{error}");
        }
    }
    assert_eq!(org.sign_ins(), 2);
    tokio::time::advance(Duration::from_secs(61)).await;
    for client in &fleet {
        get(client).await.unwrap_err();
    }
    assert_eq!(org.sign_ins(), 3, "one for all, a minute later");
}

#[tokio::test(start_paused = true)]
async fn without_the_store_each_goes_on_by_itself_and_says_so() {
    let (org, store) = (Org::default(), Fragile::default());
    store.down(true);
    let (one, told) = telling(&org, shared(credentials(), &store));
    let (two, _) = telling(&org, shared(credentials(), &store));
    get(&one).await.unwrap();
    get(&two).await.unwrap();
    assert_eq!(org.sign_ins(), 2);
    {
        let told = told.lock().unwrap();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].operation, "get");
        assert_eq!(told[0].error.kind(), StoreErrorKind::Unavailable);
    }

    // And shares again when the store is back.
    store.down(false);
    org.expire_all();
    get(&one).await.unwrap();
    get(&two).await.unwrap();
    assert_eq!(org.sign_ins(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_the_store_does_not_take_is_used_all_the_same() {
    let (org, store) = (Org::default(), Fragile::default());
    store.takes_nothing(true);
    let (client, told) = telling(&org, shared(credentials(), &store));
    get(&client).await.unwrap();
    get(&client).await.unwrap();
    assert_eq!(org.sign_ins(), 1);
    assert_eq!(told.lock().unwrap()[0].operation, "put");
}

#[tokio::test(start_paused = true)]
async fn whoever_lost_the_lock_takes_the_newer_token() {
    let org = Org::default();
    let store = Fragile {
        no_exclusion: true,
        ..Fragile::default()
    };
    org.account().takes = Duration::from_secs(1);
    let fleet = fleet(&org, &store, 2);
    assert!(all_get(&fleet).await.iter().all(Result::is_ok));
    assert_eq!(org.sign_ins(), 2, "nothing kept them apart");
    let tokens: HashSet<_> = join_all(fleet.iter().map(Salesforce::access_token))
        .await
        .into_iter()
        .map(|token| token.unwrap().secret().expose().to_owned())
        .collect();
    assert_eq!(tokens.len(), 1, "the older one did not overwrite the newer");
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_is_never_freed_ends_in_an_error_and_not_in_waiting() {
    let (org, store) = (Org::default(), MemoryStore::new());
    let _lock = store
        .try_lock(&key_of("client-credentials", ""))
        .await
        .unwrap();
    let began = org.clock.steady();
    let client = org.client(shared(credentials(), &store));
    assert_eq!(kind(&client).await, Some(AuthErrorKind::Unavailable));
    assert_eq!(began.elapsed(), Duration::from_secs(30));
    assert_eq!(org.sign_ins(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_the_lock_takes_what_its_holder_got() {
    let (org, store) = (Org::default(), MemoryStore::new());
    let key = key_of("client-credentials", "");
    let lock = store.try_lock(&key).await.unwrap();
    let client = org.client(shared(credentials(), &store));
    let waits = tokio::spawn(async move { get(&client).await });
    tokio::time::sleep(Duration::from_secs(5)).await;
    org.account().live.insert("theirs".into());
    let token = AccessToken::new("theirs", ORG).unwrap();
    let contents = Contents::new(Some(token), State::Live, std::time::SystemTime::now());
    let put = store.put_if_newer(&key, &contents.seal(1).unwrap()).await;
    assert!(put.unwrap());
    waits.await.unwrap().unwrap();
    assert_eq!(org.sign_ins(), 0);
    drop(lock);
}

async fn put(store: &MemoryStore, token: AccessToken) {
    let mut contents = Contents::new(Some(token), State::Live, std::time::SystemTime::now());
    contents.token_generation = 1;
    let value = contents.seal(1).unwrap();
    let key = key_of("client-credentials", "");
    assert!(store.put_if_newer(&key, &value).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_stored_token_of_another_org_or_past_its_end_is_replaced() {
    let past = std::time::SystemTime::now() - Duration::from_secs(60);
    for token in [
        AccessToken::new("other", "https://other.my.salesforce.com").unwrap(),
        AccessToken::new("old", ORG).unwrap().expires_at(past),
    ] {
        let (org, store) = (Org::default(), MemoryStore::new());
        put(&store, token).await;
        get(&org.client(shared(credentials(), &store)))
            .await
            .unwrap();
        assert_eq!(org.sign_ins(), 1);
        let key = key_of("client-credentials", "");
        let kept = stored(&store, &key).unwrap().token.unwrap();
        assert_eq!(kept.secret().expose(), "token-1");
    }
}

/// Tokens whose end lies in the past when they are issued: some clock is wrong. If
/// each of a fleet thought so by itself, each would sign in.
#[tokio::test(start_paused = true)]
async fn a_clock_that_is_wrong_costs_one_login_for_all() {
    #[derive(Debug)]
    struct Past(Counting);
    impl Auth for Past {
        async fn acquire(&self, cx: &AuthContext) -> Result<AccessToken, AuthError> {
            let hour = Duration::from_secs(3600);
            Ok(self.0.acquire(cx).await?.expires_at(cx.now() - hour))
        }
        fn identity(&self, _: &AuthContext) -> Result<FlowIdentity, AuthError> {
            Ok(FlowIdentity::new("past", ORG))
        }
    }
    let (auth, store) = (Counting::tokens(), MemoryStore::new());
    let script = Script::replies([Reply::json(200, "{}")]);
    for _ in 0..10 {
        let session = shared(Past(auth.clone()), &store);
        let client = builder(session, &script).org_url(ORG).build().unwrap();
        get(&client).await.unwrap();
        get(&client).await.unwrap();
    }
    assert_eq!(auth.sign_ins(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_neither_used_nor_overwritten() {
    let (org, store) = (Org::default(), MemoryStore::new());
    let key = key_of("client-credentials", "");
    let foreign = StoredToken::new(1, "somebody else's");
    store.put_if_newer(&key, &foreign).await.unwrap();
    let (client, told) = telling(&org, shared(credentials(), &store));
    get(&client).await.unwrap();
    assert_eq!(org.sign_ins(), 1);
    assert_eq!(
        told.lock().unwrap()[0].error.kind(),
        StoreErrorKind::Unreadable
    );
    assert!(store.get(&key).await.unwrap() == Some(foreign));
}

#[tokio::test(start_paused = true)]
async fn a_token_from_the_store_is_no_token_issued() {
    let (org, store) = (Org::default(), MemoryStore::new());
    get(&org.client(shared(credentials(), &store)))
        .await
        .unwrap();
    let later = org
        .builder(shared(credentials(), &store))
        .org_url(ORG)
        .observer(|event: &Event| assert!(!matches!(event, Event::TokenIssued(_))))
        .build()
        .unwrap();
    get(&later).await.unwrap();
}

/// The next process that starts does not take an old replacement for a fresh one.
#[tokio::test(start_paused = true)]
async fn a_stored_token_that_dies_of_age_is_replaced_also_by_who_never_used_it() {
    let (org, store) = (Org::default(), MemoryStore::new());
    let first = org.client(shared(credentials(), &store));
    get(&first).await.unwrap();
    org.expire_all();
    get(&first).await.unwrap();
    tokio::time::advance(Duration::from_secs(7200)).await;
    org.expire_all();
    let second = org.client(shared(credentials(), &store));
    get(&second).await.unwrap();
    get(&first).await.unwrap();
    assert_eq!(org.sign_ins(), 3);
}

/// Everybody slept, and what the store has is as dead as what this session had.
#[tokio::test(start_paused = true)]
async fn a_stored_token_that_is_dead_too_is_not_the_end() {
    let (org, store) = (Org::default(), MemoryStore::new());
    let fleet = fleet(&org, &store, 2);
    assert!(all_get(&fleet).await.iter().all(Result::is_ok));
    org.expire_all();
    get(&fleet[0]).await.unwrap();
    tokio::time::advance(Duration::from_secs(7200)).await;
    org.expire_all();
    let all = join_all((0..20).map(|_| get(&fleet[1]))).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(org.sign_ins(), 3);
}

/// A store that comes back with what it had before.
#[tokio::test(start_paused = true)]
async fn a_token_got_without_the_store_is_newer_than_what_the_store_had() {
    let (org, store) = (Org::default(), Fragile::default());
    let client = org.client(shared(credentials(), &store));
    get(&client).await.unwrap();
    store.down(true);
    org.expire_all();
    get(&client).await.unwrap();
    store.down(false);
    tokio::time::advance(Duration::from_secs(7200)).await;
    org.expire_all();
    get(&client).await.unwrap();
    assert_eq!(org.sign_ins(), 3);
    assert_eq!(org.turned_down(), ["token-1", "token-2"]);
}

/// On the road of a request the store is not asked.
#[tokio::test(start_paused = true)]
async fn a_request_with_a_token_never_calls_the_store() {
    let (org, store) = (Org::default(), Fragile::default());
    let (client, told) = telling(&org, shared(credentials(), &store));
    get(&client).await.unwrap();
    store.down(true);
    for _ in 0..10 {
        get(&client).await.unwrap();
    }
    assert!(told.lock().unwrap().is_empty());
}
