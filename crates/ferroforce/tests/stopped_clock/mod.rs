//! Tokio's clock under a test that waits for a network.

use std::sync::mpsc;
use std::time::Duration;

use ferroforce_org::{LocalOrg, RequestRecord};
use tokio::task::JoinHandle;

/// Keeps a paused clock from going on by itself while the network is waited for, until it is
/// dropped: it does not as long as a blocking task is under way.
pub(crate) fn stop_clock() -> mpsc::Sender<()> {
    let (hold, held) = mpsc::channel();
    tokio::task::spawn_blocking(move || {
        let _ = held.recv();
    });
    hold
}

/// Waits for a task. Moves the clock on, each time by `limit`, whenever a fault has struck and
/// everything was answered as far as it will be.
pub(crate) async fn outwait<T>(org: &LocalOrg, limit: Duration, task: JoinHandle<T>) -> T {
    let struck = |request: &RequestRecord| !request.faults.is_empty();
    let waits = |request: &RequestRecord| request.status.is_none() && !struck(request);
    while !task.is_finished() {
        for _ in 0..10_000 {
            tokio::task::yield_now().await;
        }
        let requests = org.requests();
        if requests.iter().any(struck) && !requests.iter().any(waits) {
            tokio::time::advance(limit).await;
        }
    }
    task.await.expect("the task")
}
