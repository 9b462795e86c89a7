use super::*;

const LIFETIME: Duration = Duration::from_secs(7200);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

fn user(name: &str) -> RecordId {
    RecordId::nth(*b"005", u64::from(name.as_bytes()[0]))
}

fn grant(name: &str) -> Grant {
    Grant {
        user_id: user(name),
        client_id: Some("app".to_owned()),
        scopes: vec!["api".to_owned()],
    }
}

fn store() -> TokenStore {
    TokenStore::new(RecordId::nth(*b"00D", 1))
}

fn terms(second: i64) -> Terms<'static> {
    Terms {
        now: at(second),
        address: None,
        locked_to_address: false,
        lifetime: LIFETIME,
        limit: 5,
        format: None,
    }
}

fn alive(store: &TokenStore, token: &Secret, now: Timestamp) -> bool {
    store.find(token.expose(), now, LIFETIME).is_some()
}

#[test]
fn a_session_begins_with_the_short_org_id() {
    let token = store().issue(grant("u"), &terms(0));
    let (org, opaque) = token.expose().split_once('!').unwrap();
    assert_eq!(org, RecordId::nth(*b"00D", 1).short());
    assert_eq!(opaque.len(), 96);
}

#[test]
fn each_use_pushes_the_end_out_and_looking_does_not() {
    let mut store = store();
    let token = store.issue(grant("u"), &terms(0));
    assert!(alive(&store, &token, at(7199)));
    assert!(!alive(&store, &token, at(7200)));
    assert!(store.session(token.expose(), &terms(7000)).is_some());
    assert!(alive(&store, &token, at(14_199)));
    assert!(store.session(token.expose(), &terms(14_200)).is_none());
}

#[test]
fn a_clock_set_back_does_not_shorten_a_session() {
    let mut store = store();
    let token = store.issue(grant("u"), &terms(1000));
    assert!(store.session(token.expose(), &terms(0)).is_some());
    assert!(alive(&store, &token, at(8199)));
}

#[test]
fn a_live_session_with_the_same_rights_can_be_used_again() {
    let mut store = store();
    assert!(store.reuse(&grant("u"), &terms(0)).is_none());
    let token = store.issue(grant("u"), &terms(0));
    assert!(store.reuse(&grant("v"), &terms(1)).is_none());
    let again = store.reuse(&grant("u"), &terms(7000)).unwrap();
    assert_eq!(again.expose(), token.expose());
    assert!(alive(&store, &token, at(14_000)));
    assert!(store.reuse(&grant("u"), &terms(14_200)).is_none());
}

#[test]
fn a_session_may_be_locked_to_where_it_was_issued() {
    let from = |address: &str, locked_to_address| Terms {
        address: address.parse().ok(),
        locked_to_address,
        ..terms(0)
    };
    let mut store = store();
    let token = store.issue(grant("u"), &from("127.0.0.1", false));
    let (own, _) = store.issue_pair(grant("u"), &terms(0));
    let mut uses = |token: &Secret, address, locked| {
        let terms = from(address, locked);
        store.session(token.expose(), &terms).is_some()
    };
    assert!(uses(&token, "127.0.0.1", true) && uses(&token, "127.0.0.2", false));
    assert!(!uses(&token, "127.0.0.2", true) && !uses(&token, "unknown", true));
    assert!(
        uses(&own, "127.0.0.2", true),
        "the org's own is good everywhere"
    );
    assert!(store.reuse(&grant("u"), &from("127.0.0.2", true)).is_none());
    assert!(store.reuse(&grant("u"), &from("127.0.0.1", true)).is_some());
}

#[test]
fn sign_ins_are_counted_by_user_and_app() {
    let mut store = store();
    store.issue(grant("u"), &terms(0));
    store.reuse(&grant("u"), &terms(0)).unwrap();
    let (_, refresh) = store.issue_pair(grant("u"), &terms(0));
    let refresh_again = |store: &mut TokenStore| {
        let _ = store.refresh(refresh.expose(), "app", true, &terms(0));
    };
    for _ in 0..3 {
        refresh_again(&mut store);
    }
    store.issue(grant("v"), &terms(0));
    let counts: Vec<_> = store.counts().collect();
    let of_u = Counts {
        logins: 3,
        refreshes: 1,
        reuses: 1,
    };
    let of_v = Counts {
        logins: 1,
        ..Counts::default()
    };
    assert_eq!(
        counts,
        [
            (user("u"), Some("app"), of_u),
            (user("v"), Some("app"), of_v)
        ]
    );
    store.forget_counts();
    assert_eq!(store.counts().count(), 0);
}

#[test]
fn rotation_gives_a_new_refresh_token_and_spends_the_old_one() {
    let mut store = store();
    let (first, refresh) = store.issue_pair(grant("u"), &terms(0));
    let second = store
        .refresh(refresh.expose(), "app", true, &terms(1))
        .unwrap();
    let rotated = second.refresh_token.unwrap();
    assert_ne!(rotated.expose(), refresh.expose());
    assert!(
        alive(&store, &first, at(2)),
        "a refresh does not end earlier sessions"
    );
    assert!(alive(&store, &second.access_token, at(2)));
    assert!(!alive(&store, &refresh, at(2)));
    let third = store
        .refresh(rotated.expose(), "app", true, &terms(2))
        .unwrap();

    // Reuse of any spent token ends everything that came of the first.
    let reused = store
        .refresh(refresh.expose(), "app", true, &terms(3))
        .unwrap_err();
    assert_eq!(reused, RefreshRefused::Reused);
    let current = third.refresh_token.unwrap();
    for token in [&first, &second.access_token, &third.access_token, &current] {
        assert!(!alive(&store, token, at(3)));
    }
    let gone = store
        .refresh(current.expose(), "app", true, &terms(3))
        .unwrap_err();
    assert_eq!(gone, RefreshRefused::Unknown);
}

#[test]
fn without_rotation_a_refresh_token_stays_good() {
    let mut store = store();
    let (_, refresh) = store.issue_pair(grant("u"), &terms(0));
    for second in 1..4 {
        let refreshed = store
            .refresh(refresh.expose(), "app", false, &terms(second))
            .unwrap();
        assert!(refreshed.refresh_token.is_none());
    }
}

#[test]
fn a_refresh_token_is_no_use_to_another_app() {
    let mut store = store();
    let (_, refresh) = store.issue_pair(grant("u"), &terms(0));
    let stolen = store
        .refresh(refresh.expose(), "other", true, &terms(1))
        .unwrap_err();
    assert_eq!(stolen, RefreshRefused::Unknown);
    assert!(
        store
            .refresh(refresh.expose(), "app", true, &terms(1))
            .is_ok()
    );
}

#[test]
fn one_pair_too_many_ends_the_oldest() {
    let mut store = store();
    let two = |second| Terms {
        limit: 2,
        ..terms(second)
    };
    let other = store.issue_pair(grant("v"), &two(0));
    let pairs: Vec<_> = (0..4)
        .map(|second| store.issue_pair(grant("u"), &two(second)))
        .collect();
    let living: Vec<_> = pairs
        .iter()
        .map(|(access, refresh)| (alive(&store, access, at(5)), alive(&store, refresh, at(5))))
        .collect();
    assert_eq!(
        living,
        [(false, false), (false, false), (true, true), (true, true)]
    );
    assert!(alive(&store, &other.1, at(5)));
}

#[test]
fn expiry_leaves_refresh_tokens_and_revocation_does_not() {
    let mut store = store();
    let (access, refresh) = store.issue_pair(grant("u"), &terms(0));
    let (others, _) = store.issue_pair(grant("v"), &terms(0));
    assert_eq!(store.expire_all(Some(user("u"))), 1);
    assert!(!alive(&store, &access, at(1)));
    assert!(alive(&store, &others, at(1)));
    assert!(
        store
            .refresh(refresh.expose(), "app", false, &terms(1))
            .is_ok()
    );
    assert_eq!(store.revoke_all(Some(user("u"))), 2);
    assert!(!alive(&store, &refresh, at(1)));
    assert_eq!(store.revoke_all(None), 2);
    assert!(!alive(&store, &others, at(1)));
}

#[test]
fn revoking_a_refresh_token_ends_its_sessions_and_revoking_a_session_only_itself() {
    let mut store = store();
    let (access, refresh) = store.issue_pair(grant("u"), &terms(0));
    assert!(store.revoke(access.expose()));
    assert!(!alive(&store, &access, at(1)));
    let again = store
        .refresh(refresh.expose(), "app", false, &terms(1))
        .unwrap();
    assert!(store.revoke(refresh.expose()));
    assert!(!alive(&store, &again.access_token, at(2)));
    assert!(!store.revoke(refresh.expose()));
    assert!(!store.revoke("nonsense"));
}

#[test]
fn only_so_many_spent_tokens_are_remembered() {
    let mut store = store();
    let (_, first) = store.issue_pair(grant("u"), &terms(0));
    let mut current = first.clone();
    for second in 0..100 {
        let refreshed = store
            .refresh(current.expose(), "app", true, &terms(second))
            .unwrap();
        current = refreshed.refresh_token.unwrap();
    }
    assert_eq!(store.refresh_tokens.len(), SPENT_LIMIT + 1);
    let forgotten = store
        .refresh(first.expose(), "app", true, &terms(200))
        .unwrap_err();
    assert_eq!(forgotten, RefreshRefused::Unknown);
    assert!(alive(&store, &current, at(200)));
}

#[test]
fn dead_sessions_are_cleared_out() {
    let mut store = store();
    for _ in 0..SWEEP_AT {
        store.issue(grant("u"), &terms(0));
    }
    store.issue(grant("u"), &terms(8000));
    assert_eq!(store.sessions.len(), 1);
}

#[test]
fn no_token_shows_in_debug() {
    let mut store = store();
    let (access, refresh) = store.issue_pair(grant("u"), &terms(0));
    let shown = format!("{store:?}");
    assert!(!shown.contains(access.expose()) && !shown.contains(refresh.expose()));
}
