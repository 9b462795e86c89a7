use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::*;
use crate::auth::{AccessToken, Secret};
use crate::script::ORG;

pub(super) fn key(user: &str) -> StoreKey {
    StoreKey::new("", &FlowIdentity::new("flow", "https://host").user(user))
}

fn value(generation: u64, contents: &str) -> StoredToken {
    StoredToken::new(generation, contents)
}

/// What holds of every store. It begins empty.
pub(super) async fn is_a_store(store: &impl TokenStore) {
    let (a, b) = (&key("a"), &key("b"));
    assert!(store.get(a).await.unwrap().is_none());
    assert!(store.put_if_newer(a, &value(3, "three")).await.unwrap());
    for older in [1, 2, 3] {
        let put = store.put_if_newer(a, &value(older, "older")).await;
        assert!(!put.unwrap(), "{older} is not newer than 3");
    }
    assert!(store.get(a).await.unwrap() == Some(value(3, "three")));
    assert!(store.put_if_newer(a, &value(4, "four")).await.unwrap());
    assert!(store.get(a).await.unwrap() == Some(value(4, "four")));
    assert!(store.get(b).await.unwrap().is_none(), "another key");

    let lock = store.try_lock(a).await.unwrap().expect("a free lock");
    assert!(store.try_lock(a).await.unwrap().is_none(), "it is taken");
    let other = store.try_lock(b).await.unwrap();
    assert!(other.is_some(), "another key");
    // A lock keeps nobody from writing: what is newer is newer.
    assert!(store.put_if_newer(a, &value(5, "five")).await.unwrap());
    lock.release().await;
    let lock = store.try_lock(a).await.unwrap().expect("free again");
    lock.release().await;
}

/// Of many who write the same generation at once, one did.
async fn one_writer_wins(store: &(impl TokenStore + Clone)) {
    let tasks: Vec<_> = (0..20)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let contents = format!("writer {number}");
                store.put_if_newer(&key("a"), &value(1, &contents)).await
            })
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        won += usize::from(task.await.unwrap().unwrap());
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn memory_is_a_store() {
    is_a_store(&MemoryStore::new()).await;
    one_writer_wins(&MemoryStore::new()).await;
}

#[tokio::test]
async fn a_shared_store_is_a_store() {
    is_a_store(&Arc::new(MemoryStore::new())).await;
}

#[tokio::test]
async fn a_lock_that_is_dropped_is_free() {
    let store = MemoryStore::new();
    let lock = store.try_lock(&key("a")).await.unwrap();
    assert!(lock.is_some());
    drop(lock);
    tokio::task::yield_now().await;
    assert!(store.try_lock(&key("a")).await.unwrap().is_some());
}

#[test]
fn keys_of_different_owners_differ() {
    let flow = |flow: &str| FlowIdentity::new(flow, "https://login.salesforce.com");
    let jwt = flow("jwt-bearer").client_id("app").user("ada@acme.com");
    let keys = [
        StoreKey::new("", &jwt),
        StoreKey::new("eu", &jwt),
        StoreKey::new("", &jwt.clone().user("bob@acme.com")),
        StoreKey::new("", &jwt.clone().client_id("other")),
        StoreKey::new(
            "",
            &flow("soap-login").client_id("app").user("ada@acme.com"),
        ),
        StoreKey::new(
            "",
            &FlowIdentity::new("jwt-bearer", "https://test.salesforce.com"),
        ),
        // Parts cannot run into one another.
        StoreKey::new("", &flow("a").client_id("b/c")),
        StoreKey::new("", &flow("a").client_id("b").user("c")),
        StoreKey::new("", &flow("a").client_id("b%2Fc")),
    ];
    for (number, one) in keys.iter().enumerate() {
        assert!(one.as_str().is_ascii() && !one.as_str().contains(' '));
        for other in &keys[number + 1..] {
            assert!(one != other, "{}", one.as_str());
        }
    }
    assert_eq!(
        keys[0].as_str(),
        "/jwt-bearer/https%3A%2F%2Flogin.salesforce.com/app/ada@acme.com"
    );
}

mod contents {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn token() -> AccessToken {
        AccessToken::new("00D!access", ORG)
            .unwrap()
            .with_refresh_token("5Aep!refresh")
            .identity_url(Some("https://login.salesforce.com/id/00D/005".into()))
    }

    fn there_and_back(contents: &Contents) -> Contents {
        Contents::open(&contents.seal(7).unwrap()).unwrap()
    }

    #[test]
    fn a_token_comes_back_as_it_was() {
        let tokens = [
            token(),
            token().expires_at(at(2_000_000_000)),
            token().expires_after_idle(Duration::from_secs(900), at(1_900_000_000)),
        ];
        for token in tokens {
            token.issued(at(1_800_000_000));
            let mut contents = Contents::new(Some(token.clone()), State::Live, at(1_800_000_000));
            contents.after_rejection = true;
            contents.used_up(Secret::new("5Aep!seed"));
            let read = there_and_back(&contents);
            let back = read.token.as_ref().unwrap();
            assert_eq!(back.secret(), token.secret());
            assert_eq!(back.origin(), token.origin());
            assert_eq!(back.refresh_token(), token.refresh_token());
            assert_eq!(back.expiry(), token.expiry());
            assert_eq!(back.ends(), token.ends());
            assert_eq!(back.issued_at(), 1_800_000_000);
            assert_eq!(back.org_and_user(), Some(("00D", "005")));
            assert_eq!(read.written, at(1_800_000_000));
            assert!(read.after_rejection && !read.ignore_expiry);
            assert!(read.knows(&"5Aep!seed".into()) && !read.knows(&"other".into()));
            assert_eq!(read.state, State::Live);
        }
    }

    #[test]
    fn every_state_comes_back() {
        let ended = Ended {
            code: "invalid_grant".into(),
            description: "expired access/refresh token".into(),
        };
        for state in [State::Live, State::Started, State::Ended(ended)] {
            let contents = Contents::new(None, state.clone(), at(0));
            assert_eq!(there_and_back(&contents).state, state);
        }
    }

    #[test]
    fn of_the_first_tokens_the_newest_are_remembered() {
        let mut contents = Contents::new(None, State::Live, at(0));
        for number in 0..100 {
            contents.used_up(format!("seed {number}").into());
            contents.used_up(format!("seed {number}").into());
        }
        assert_eq!(contents.seeds.len(), 16);
        assert!(contents.knows(&"seed 99".into()) && !contents.knows(&"seed 0".into()));
    }

    #[test]
    fn what_is_no_value_is_an_error_and_never_a_panic() {
        let good = Contents::new(Some(token()), State::Live, at(0));
        let good = String::from_utf8(good.seal(1).unwrap().contents().to_vec()).unwrap();
        let bad = [
            String::new(),
            "null".into(),
            "[1,2".into(),
            good.replace("\"live\"", "\"dead\""),
            good.replace("\"live\"", "\"ended\""),
            good.replace("\"version\":1", "\"version\":2"),
            good.replace("https://acme.my.salesforce.com", "http://evil.example"),
            good.replace("00D!access", ""),
            format!("{good}{}", " ".repeat(70_000)),
        ];
        for text in bad {
            let error = Contents::open(&StoredToken::new(1, text.clone())).unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Unreadable);
            assert!(!format!("{error} {error:?}").contains("00D!access"));
        }
    }

    #[test]
    fn times_that_no_clock_shows_are_read() {
        let good = Contents::new(Some(token().expires_at(at(1))), State::Live, at(5));
        let good = String::from_utf8(good.seal(1).unwrap().contents().to_vec()).unwrap();
        let odd = good
            .replace("{\"at\":1}", &format!("{{\"at\":{}}}", u64::MAX))
            .replace("\"written\":5", &format!("\"written\":{}", u64::MAX));
        assert!(odd != good);
        let read = Contents::open(&StoredToken::new(1, odd)).unwrap();
        assert_eq!(read.token.unwrap().expiry(), None);
    }

    #[test]
    fn a_token_too_large_for_a_store_is_refused() {
        let huge = AccessToken::new("x".repeat(70_000), ORG).unwrap();
        let contents = Contents::new(Some(huge), State::Live, at(0));
        assert!(contents.seal(1).is_err());
    }
}

mod files {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn only_token_file(folder: &Path) -> std::path::PathBuf {
        let files = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let mut files = files.filter(|path| path.extension().is_some_and(|end| end == "token"));
        let file = files.next().unwrap();
        assert!(files.next().is_none());
        file
    }

    #[tokio::test]
    async fn a_folder_is_a_store() {
        let folder = tempfile::tempdir().unwrap();
        is_a_store(&FileStore::new(folder.path().join("made/when/needed"))).await;
        one_writer_wins(&FileStore::new(folder.path())).await;
    }

    #[tokio::test]
    async fn tokens_outlive_the_store_and_locks_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let before = FileStore::new(folder.path());
        before
            .put_if_newer(&key("a"), &value(1, "one"))
            .await
            .unwrap();
        let lock = before.try_lock(&key("a")).await.unwrap();
        let after = FileStore::new(folder.path());
        assert!(after.get(&key("a")).await.unwrap() == Some(value(1, "one")));
        assert!(after.try_lock(&key("a")).await.unwrap().is_none());
        lock.unwrap().release().await;
        assert!(after.try_lock(&key("a")).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn nothing_is_left_but_the_value_and_its_locks() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::new(folder.path());
        store.put_if_newer(&key("a"), &value(0, "x")).await.unwrap();
        // As a process leaves it that died while it wrote.
        let torn = only_token_file(folder.path()).with_extension("new");
        fs::write(torn, "{\"key\":").unwrap();
        for generation in 1..5 {
            store
                .put_if_newer(&key("a"), &value(generation, "x"))
                .await
                .unwrap();
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn files_are_the_users_alone() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join("tokens");
        let store = FileStore::new(&made);
        store
            .put_if_newer(&key("a"), &value(1, "one"))
            .await
            .unwrap();
        let lock = store.try_lock(&key("a")).await.unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&made), 0o700);
        for entry in fs::read_dir(&made).unwrap() {
            assert_eq!(mode(&entry.unwrap().path()), 0o600);
        }
        drop(lock);

        let file = only_token_file(&made);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let error = store.get(&key("a")).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Misconfigured);
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }

    #[tokio::test]
    async fn a_file_of_something_else_is_no_token_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::new(folder.path());
        store
            .put_if_newer(&key("a"), &value(1, "one"))
            .await
            .unwrap();
        let file = only_token_file(folder.path());
        let good = fs::read_to_string(&file).unwrap();
        let moved = good.replace("/flow/", "/other/");
        for text in ["", "{}", "no JSON", &moved, &"x".repeat(300_000)] {
            fs::write(&file, text).unwrap();
            for outcome in [
                store.get(&key("a")).await.map(drop),
                store
                    .put_if_newer(&key("a"), &value(9, "nine"))
                    .await
                    .map(drop),
            ] {
                assert_eq!(outcome.unwrap_err().kind(), StoreErrorKind::Unreadable);
            }
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
        }
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let store = FileStore::new(file.join("tokens"));
        assert!(store.get(&key("a")).await.is_err());
        assert!(store.try_lock(&key("a")).await.is_err());
        assert!(
            store
                .put_if_newer(&key("a"), &value(1, "one"))
                .await
                .is_err()
        );
    }
}

#[cfg(feature = "encrypted-store")]
mod encrypted {
    use super::*;

    fn cipher(byte: u8) -> EncryptionKey {
        EncryptionKey::from_bytes([byte; 32])
    }

    #[tokio::test]
    async fn an_encrypted_store_is_a_store() {
        is_a_store(&EncryptedStore::new(MemoryStore::new(), cipher(1))).await;
    }

    #[tokio::test]
    async fn what_is_stored_is_not_what_was_given() {
        let inner = MemoryStore::new();
        let store = EncryptedStore::new(inner.clone(), cipher(1));
        let put = |number| value(number, "a secret of some length");
        store.put_if_newer(&key("a"), &put(1)).await.unwrap();
        let first = inner.get(&key("a")).await.unwrap().unwrap();
        assert!(!String::from_utf8_lossy(first.contents()).contains("secret"));
        store.put_if_newer(&key("a"), &put(2)).await.unwrap();
        let second = inner.get(&key("a")).await.unwrap().unwrap();
        assert!(
            first.contents() != second.contents(),
            "each with its own nonce"
        );
    }

    /// AES-GCM as such is the library's; that the generation and the key are bound
    /// to the value is ours.
    #[tokio::test]
    async fn values_cannot_be_changed_moved_or_passed_off_as_newer() {
        let inner = MemoryStore::new();
        let store = EncryptedStore::new(inner.clone(), cipher(1));
        store
            .put_if_newer(&key("a"), &value(1, "one"))
            .await
            .unwrap();
        let sealed = inner.get(&key("a")).await.unwrap().unwrap();
        let mut changed = sealed.contents().to_vec();
        *changed.last_mut().unwrap() ^= 1;
        let format = [&[9], &sealed.contents()[1..]].concat();
        for (key, value) in [
            (key("b"), sealed.clone()),
            (key("a"), StoredToken::new(2, sealed.contents())),
            (key("c"), StoredToken::new(1, changed)),
            (key("d"), StoredToken::new(1, format)),
            (key("e"), StoredToken::new(1, "")),
        ] {
            inner.put_if_newer(&key, &value).await.unwrap();
            let error = store.get(&key).await.unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Unreadable);
        }
    }

    #[tokio::test]
    async fn keys_can_be_changed() {
        let inner = MemoryStore::new();
        let old = EncryptedStore::new(inner.clone(), cipher(1));
        old.put_if_newer(&key("a"), &value(1, "one")).await.unwrap();
        let new = EncryptedStore::new(inner.clone(), cipher(2));
        assert!(new.get(&key("a")).await.is_err());
        let both = EncryptedStore::new(inner, cipher(2)).reads_also(cipher(1));
        assert!(both.get(&key("a")).await.unwrap() == Some(value(1, "one")));
        both.put_if_newer(&key("a"), &value(2, "two"))
            .await
            .unwrap();
        assert!(new.get(&key("a")).await.unwrap() == Some(value(2, "two")));
        assert!(old.get(&key("a")).await.is_err());
    }

    #[test]
    fn a_key_is_32_bytes_of_base64() {
        let good = to_base64(&[7; 32]);
        assert!(EncryptionKey::from_base64(format!("{}\n", *good)).is_ok());
        for bad in ["", "secret!", &to_base64(&[7; 31]), &to_base64(&[7; 33])] {
            let error = EncryptionKey::from_base64(bad).unwrap_err();
            assert!(
                error.to_string().contains("openssl rand -base64 32"),
                "{error}"
            );
        }
    }
}

#[cfg(feature = "redis")]
mod redis {
    use super::*;
    use crate::redis::RedisConnection;
    use crate::redis::server::RedisServer;

    fn cipher() -> EncryptionKey {
        EncryptionKey::from_bytes([1; 32])
    }

    fn connect(server: &RedisServer) -> RedisConnection {
        RedisConnection::new(&server.url()).unwrap()
    }

    async fn call<T: ::redis::FromRedisValue>(server: &RedisServer, script: &str) -> T {
        let redis = connect(server);
        redis
            .run(&::redis::Script::new(script).key(""))
            .await
            .unwrap()
    }

    #[tokio::test]
    #[ignore = "needs redis-server"]
    async fn redis_is_a_store() {
        let server = RedisServer::start();
        let redis = connect(&server);
        is_a_store(&RedisStore::new(redis.clone(), cipher())).await;
        call::<()>(&server, "return redis.call('FLUSHALL')").await;
        let plain = RedisStore::without_encryption(redis);
        is_a_store(&plain).await;
        call::<()>(&server, "return redis.call('FLUSHALL')").await;
        one_writer_wins(&plain).await;
    }

    #[tokio::test]
    #[ignore = "needs redis-server"]
    async fn redis_sees_no_token_unless_told_to() {
        let server = RedisServer::start();
        let all = "local all = ''
             for _, key in ipairs(redis.call('KEYS', '*')) do
               all = all .. key .. table.concat(redis.call('HGETALL', key))
             end
             return all";
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let store = RedisStore::new(connect(&server), cipher());
        store
            .put_if_newer(&key("a"), &value(1, "s3cret"))
            .await
            .unwrap();
        let seen = text(call(&server, all).await);
        assert!(
            seen.contains("/flow/") && !seen.contains("s3cret"),
            "{seen}"
        );
        let store = RedisStore::without_encryption(connect(&server));
        store
            .put_if_newer(&key("b"), &value(1, "s3cret"))
            .await
            .unwrap();
        assert!(text(call(&server, all).await).contains("s3cret"));
    }

    /// As when its holder was stopped for longer than the lease.
    #[tokio::test]
    #[ignore = "needs redis-server"]
    async fn redis_locks_that_were_lost_free_nobody_elses() {
        let server = RedisServer::start();
        let store = RedisStore::new(connect(&server), cipher());
        let lost = store.try_lock(&key("a")).await.unwrap().unwrap();
        call::<()>(&server, "return redis.call('FLUSHALL')").await;
        let _taken = store.try_lock(&key("a")).await.unwrap().unwrap();
        lost.release().await;
        assert!(store.try_lock(&key("a")).await.unwrap().is_none());
    }

    /// The lease ends by Redis' clock and not by ours: what is waited for here is
    /// that it has been extended beyond its first end.
    #[tokio::test]
    #[ignore = "needs redis-server"]
    async fn redis_leases_last_while_their_holder_lives() {
        let server = RedisServer::start();
        let lease = Duration::from_millis(300);
        let store = RedisStore::new(connect(&server), cipher()).lease(lease);
        let held = store.try_lock(&key("a")).await.unwrap().unwrap();
        let time = "local t = redis.call('TIME') return t[1] * 1000 + math.floor(t[2] / 1000)";
        let began: u64 = call(&server, time).await;
        while call::<u64>(&server, time).await < began + 900 {
            assert!(store.try_lock(&key("a")).await.unwrap().is_none());
        }
        held.release().await;
        assert!(store.try_lock(&key("a")).await.unwrap().is_some());
    }
}
