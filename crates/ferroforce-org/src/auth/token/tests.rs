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

fn alive(store: &TokenStore, token: &Secret, now: Timestamp) -> bool {
    store.find(token.expose(), now, LIFETIME).is_some()
}

#[test]
fn a_session_begins_with_the_short_org_id() {
    let token = store().issue(grant("u"), at(0), LIFETIME);
    let (org, opaque) = token.expose().split_once('!').unwrap();
    assert_eq!(org, RecordId::nth(*b"00D", 1).short());
    assert_eq!(opaque.len(), 96);
}

#[test]
fn each_use_pushes_the_end_out_and_looking_does_not() {
    let mut store = store();
    let token = store.issue(grant("u"), at(0), LIFETIME);
    assert!(alive(&store, &token, at(7199)));
    assert!(!alive(&store, &token, at(7200)));
    assert!(store.session(token.expose(), at(7000), LIFETIME).is_some());
    assert!(alive(&store, &token, at(14_199)));
    assert!(
        store
            .session(token.expose(), at(14_200), LIFETIME)
            .is_none()
    );
}

#[test]
fn a_clock_set_back_does_not_shorten_a_session() {
    let mut store = store();
    let token = store.issue(grant("u"), at(1000), LIFETIME);
    assert!(store.session(token.expose(), at(0), LIFETIME).is_some());
    assert!(alive(&store, &token, at(8199)));
}

#[test]
fn a_live_session_with_the_same_rights_can_be_used_again() {
    let mut store = store();
    assert!(store.reuse(&grant("u"), at(0), LIFETIME).is_none());
    let token = store.issue(grant("u"), at(0), LIFETIME);
    assert!(store.reuse(&grant("v"), at(1), LIFETIME).is_none());
    let again = store.reuse(&grant("u"), at(7000), LIFETIME).unwrap();
    assert_eq!(again.expose(), token.expose());
    assert!(alive(&store, &token, at(14_000)));
    assert!(store.reuse(&grant("u"), at(14_200), LIFETIME).is_none());
}

#[test]
fn rotation_gives_a_new_refresh_token_and_spends_the_old_one() {
    let mut store = store();
    let (first, refresh) = store.issue_pair(grant("u"), 5, at(0), LIFETIME);
    let second = store
        .refresh(refresh.expose(), "app", true, at(1), LIFETIME)
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
        .refresh(rotated.expose(), "app", true, at(2), LIFETIME)
        .unwrap();

    // Reuse of any spent token ends everything that came of the first.
    let reused = store
        .refresh(refresh.expose(), "app", true, at(3), LIFETIME)
        .unwrap_err();
    assert_eq!(reused, RefreshRefused::Reused);
    let current = third.refresh_token.unwrap();
    for token in [&first, &second.access_token, &third.access_token, &current] {
        assert!(!alive(&store, token, at(3)));
    }
    let gone = store
        .refresh(current.expose(), "app", true, at(3), LIFETIME)
        .unwrap_err();
    assert_eq!(gone, RefreshRefused::Unknown);
}

#[test]
fn without_rotation_a_refresh_token_stays_good() {
    let mut store = store();
    let (_, refresh) = store.issue_pair(grant("u"), 5, at(0), LIFETIME);
    for second in 1..4 {
        let refreshed = store
            .refresh(refresh.expose(), "app", false, at(second), LIFETIME)
            .unwrap();
        assert!(refreshed.refresh_token.is_none());
    }
}

#[test]
fn a_refresh_token_is_no_use_to_another_app() {
    let mut store = store();
    let (_, refresh) = store.issue_pair(grant("u"), 5, at(0), LIFETIME);
    let stolen = store
        .refresh(refresh.expose(), "other", true, at(1), LIFETIME)
        .unwrap_err();
    assert_eq!(stolen, RefreshRefused::Unknown);
    assert!(
        store
            .refresh(refresh.expose(), "app", true, at(1), LIFETIME)
            .is_ok()
    );
}

#[test]
fn one_pair_too_many_ends_the_oldest() {
    let mut store = store();
    let other = store.issue_pair(grant("v"), 2, at(0), LIFETIME);
    let pairs: Vec<_> = (0..4)
        .map(|second| store.issue_pair(grant("u"), 2, at(second), LIFETIME))
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
    let (access, refresh) = store.issue_pair(grant("u"), 5, at(0), LIFETIME);
    let (others, _) = store.issue_pair(grant("v"), 5, at(0), LIFETIME);
    assert_eq!(store.expire_all(Some(user("u"))), 1);
    assert!(!alive(&store, &access, at(1)));
    assert!(alive(&store, &others, at(1)));
    assert!(
        store
            .refresh(refresh.expose(), "app", false, at(1), LIFETIME)
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
    let (access, refresh) = store.issue_pair(grant("u"), 5, at(0), LIFETIME);
    assert!(store.revoke(access.expose()));
    assert!(!alive(&store, &access, at(1)));
    let again = store
        .refresh(refresh.expose(), "app", false, at(1), LIFETIME)
        .unwrap();
    assert!(store.revoke(refresh.expose()));
    assert!(!alive(&store, &again.access_token, at(2)));
    assert!(!store.revoke(refresh.expose()));
    assert!(!store.revoke("nonsense"));
}

#[test]
fn only_so_many_spent_tokens_are_remembered() {
    let mut store = store();
    let (_, first) = store.issue_pair(grant("u"), 5, at(0), LIFETIME);
    let mut current = first.clone();
    for second in 0..100 {
        let refreshed = store
            .refresh(current.expose(), "app", true, at(second), LIFETIME)
            .unwrap();
        current = refreshed.refresh_token.unwrap();
    }
    assert_eq!(store.refresh_tokens.len(), SPENT_LIMIT + 1);
    let forgotten = store
        .refresh(first.expose(), "app", true, at(200), LIFETIME)
        .unwrap_err();
    assert_eq!(forgotten, RefreshRefused::Unknown);
    assert!(alive(&store, &current, at(200)));
}

#[test]
fn dead_sessions_are_cleared_out() {
    let mut store = store();
    for _ in 0..SWEEP_AT {
        store.issue(grant("u"), at(0), LIFETIME);
    }
    store.issue(grant("u"), at(8000), LIFETIME);
    assert_eq!(store.sessions.len(), 1);
}

#[test]
fn no_token_shows_in_debug() {
    let mut store = store();
    let (access, refresh) = store.issue_pair(grant("u"), 5, at(0), LIFETIME);
    let shown = format!("{store:?}");
    assert!(!shown.contains(access.expose()) && !shown.contains(refresh.expose()));
}
