//! Many processes, one store, one org: who signs in, and how often.
//!
//! The processes are this very program, asked to run the test that is a worker.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod fleet;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "redis")]
#[path = "../../src/redis/server.rs"]
mod server;
mod worker;

use ferroforce_org::LocalOrg;

use fleet::{Flow, Settings, Worker};

fn org() -> LocalOrg {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(LocalOrg::start()).unwrap()
}

fn sign_ins(org: &LocalOrg) -> usize {
    let requests = org.requests();
    let tokens = requests
        .iter()
        .filter(|request| request.path == "/services/oauth2/token");
    tokens.count()
}

fn fleet(size: usize, settings: &Settings) -> Vec<Worker> {
    (0..size).map(|_| Worker::start(settings)).collect()
}

/// Each makes one call, all at the same time. Gives what they say of it, each thing
/// once.
fn all_call(fleet: &mut [Worker]) -> Vec<String> {
    for worker in fleet.iter_mut() {
        worker.tell("call");
    }
    let mut said: Vec<_> = fleet.iter_mut().map(Worker::hear).collect();
    said.sort();
    said.dedup();
    said
}

#[test]
fn processes_of_one_folder_make_one_login() {
    let (org, folder) = (org(), tempfile::tempdir().unwrap());
    let mut fleet = fleet(
        8,
        &Settings::in_folder(&org, folder.path(), Flow::Credentials),
    );
    assert_eq!(all_call(&mut fleet), ["ok"]);
    assert_eq!(sign_ins(&org), 1);
    org.expire_tokens();
    assert_eq!(all_call(&mut fleet), ["ok"]);
    assert_eq!(sign_ins(&org), 2);
}

#[test]
fn processes_of_one_folder_rotate_one_refresh_token() {
    let (org, folder) = (org(), tempfile::tempdir().unwrap());
    let settings = Settings::in_folder(&org, folder.path(), Flow::RefreshToken);
    let mut fleet = fleet(8, &settings);
    for round in 1..=3 {
        assert_eq!(all_call(&mut fleet), ["ok"]);
        assert_eq!(sign_ins(&org), round);
        org.expire_tokens();
    }
}

#[test]
fn a_lock_left_by_a_process_that_was_killed_blocks_nobody() {
    let (org, folder) = (org(), tempfile::tempdir().unwrap());
    let settings = Settings::in_folder(&org, folder.path(), Flow::Credentials);
    let mut leader = Worker::start(&settings.clone().stuck());
    leader.tell("call");
    assert_eq!(leader.hear(), "about to send");
    leader.kill();
    assert_eq!(all_call(&mut fleet(2, &settings)), ["ok"]);
    assert_eq!(sign_ins(&org), 1);
}

#[test]
#[ignore = "needs the settings that the other tests give it"]
fn worker() {
    worker::run();
}
