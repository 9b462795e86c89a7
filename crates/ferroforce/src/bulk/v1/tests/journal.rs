//! Programs that are stopped while they send rows.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::Notify;

use super::loads::{Jobs, id_of};
use super::*;

const NAMES: [&str; 7] = ["1", "2", "3", "4", "5", "6", "7"];

/// What becomes of the request during which the program is stopped.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Lost,
    Answered,
    /// It is answered when the next one has been: a batch that comes late.
    Late,
}

/// An org that has a program stopped at a request, and then answers the others.
struct Stopping {
    script: Script,
    jobs: Arc<Mutex<Jobs>>,
    stop: Arc<Notify>,
}

fn stopping(at: usize, fate: Fate) -> Stopping {
    let jobs = Arc::new(Mutex::new(Jobs::default()));
    let stop = Arc::new(Notify::new());
    let (kept, notify) = (Arc::clone(&jobs), Arc::clone(&stop));
    let late = Mutex::new(None::<Sent>);
    let script = Script::new(move |sent, number| {
        let mut jobs = kept.lock().unwrap();
        if number == at {
            match fate {
                Fate::Lost => {}
                Fate::Answered => drop(jobs.answer(sent)),
                Fate::Late => *late.lock().unwrap() = Some(sent.clone()),
            }
            notify.notify_one();
            return Reply::Never;
        }
        let reply = jobs.answer(sent);
        if let Some(late) = late.lock().unwrap().take() {
            jobs.answer(&late);
        }
        reply
    });
    Stopping { script, jobs, stop }
}

async fn start(script: &Script, journal: &Path, names: &[&str], rows: usize) -> Result<V1Running> {
    let load = salesforce(script)
        .bulk()
        .v1()
        .load(NewV1Job::insert("Account"))
        .batch_rows(rows)
        .journal(journal);
    load.start(names.iter().map(|name| json!({"Name": name})))
        .await
}

#[tokio::test(start_paused = true)]
async fn each_row_is_sent_once_wherever_the_program_is_stopped() {
    let mut stopped = 0;
    for at in 0.. {
        let before = stopped;
        for fate in [Fate::Lost, Fate::Answered, Fate::Late] {
            let what = format!("stopped at {at}: {fate:?}");
            let folder = tempfile::tempdir().unwrap();
            let journal = folder.path().join("journal");
            let org = stopping(at, fate);
            let ended = tokio::select! {
                running = start(&org.script, &journal, &NAMES, 2) => Some(running.unwrap()),
                () = org.stop.notified() => None,
            };
            stopped += usize::from(ended.is_none());
            drop(ended);
            let running = start(&org.script, &journal, &NAMES, 2).await;
            let running = running.unwrap_or_else(|error| panic!("{what}: {error}"));
            {
                let jobs = org.jobs.lock().unwrap();
                assert_eq!(jobs.rows(), NAMES, "{what}");
            }
            assert_eq!(running.handle().rows(), 7, "{what}");
            let mut outcomes = running.wait().await.unwrap();
            for (number, name) in NAMES.iter().enumerate() {
                let outcome = outcomes.next().await.unwrap().unwrap();
                assert_eq!(outcome.row, number as u64);
                let (id, _) = outcome.result.unwrap();
                assert_eq!(id.as_str()[..15], id_of(name)[..15], "{what}");
            }
            assert!(outcomes.next().await.is_none());
            // Once more, and nothing more is sent.
            let sent = org.script.count();
            let again = start(&org.script, &journal, &NAMES, 2).await.unwrap();
            assert_eq!(again.handle(), running.handle());
            assert_eq!(org.script.count(), sent);
        }
        if stopped == before {
            break;
        }
    }
    // A job, four batches, and its end.
    assert_eq!(stopped, 3 * 6);
}

#[tokio::test(start_paused = true)]
async fn a_load_with_a_journal_can_go_on_after_an_error_and_nothing_is_aborted() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let jobs = Arc::new(Mutex::new(Jobs::default()));
    let (kept, down) = (Arc::clone(&jobs), Arc::new(Mutex::new(true)));
    let is_down = Arc::clone(&down);
    let script = Script::new(move |sent, _| {
        let mut jobs = kept.lock().unwrap();
        let batch = below(sent).ends_with("/batch") && sent.method == Method::POST;
        if batch && *is_down.lock().unwrap() && jobs.batches.len() == 2 {
            return Reply::Fail(TransportErrorKind::Interrupted);
        }
        jobs.answer(sent)
    });
    let error = start(&script, &journal, &NAMES, 2).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert!(!error.jobs().is_empty());
    *down.lock().unwrap() = false;
    let running = start(&script, &journal, &NAMES, 2).await.unwrap();
    assert_eq!(running.handle().rows(), 7);
    assert_eq!(jobs.lock().unwrap().rows(), NAMES);
    let sent = script.sent();
    let aborted = |sent: &Sent| String::from_utf8_lossy(&sent.body).contains("Aborted");
    assert!(!sent.iter().any(aborted));
}

/// Whatever the source is that the load goes on with, no row is sent behind others.
#[tokio::test(start_paused = true)]
async fn another_source_is_an_error_and_nothing_is_sent() {
    let others: [(&[&str], usize); 5] = [
        (&["1", "2", "3", "x", "5"], 2),
        (&["x", "2", "3", "4", "5", "6", "7"], 2),
        (&["1", "2"], 2),
        (&["1"], 2),
        (&NAMES, 3),
    ];
    // Two batches, of which the journal has both or one.
    for (at, fate) in [(3, Fate::Lost), (2, Fate::Answered)] {
        for (names, rows) in others {
            let folder = tempfile::tempdir().unwrap();
            let journal = folder.path().join("journal");
            let org = stopping(at, fate);
            tokio::select! {
                _ = start(&org.script, &journal, &NAMES, 2) => panic!("it was not stopped"),
                () = org.stop.notified() => {}
            }
            let error = start(&org.script, &journal, names, rows).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{names:?}: {error}");
            assert_eq!(org.jobs.lock().unwrap().rows(), NAMES[..4]);
        }
    }
    // And one that goes on where the source had ended.
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let org = stopping(usize::MAX, Fate::Lost);
    start(&org.script, &journal, &NAMES[..4], 2).await.unwrap();
    let error = start(&org.script, &journal, &NAMES, 2).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(org.jobs.lock().unwrap().rows(), NAMES[..4]);
}

#[tokio::test(start_paused = true)]
async fn batches_of_somebody_else_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let org = stopping(3, Fate::Lost);
    tokio::select! {
        _ = start(&org.script, &journal, &NAMES, 2) => panic!("it was not stopped"),
        () = org.stop.notified() => {}
    }
    let other = |number: usize| (0, format!("Name\n{number}\n"));
    org.jobs.lock().unwrap().batches.extend([1, 2].map(other));
    let error = start(&org.script, &journal, &NAMES, 2).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomplete);
    assert_eq!(error.jobs(), [JOB.parse().unwrap()]);
    assert_eq!(org.jobs.lock().unwrap().batches.len(), 4);
}
