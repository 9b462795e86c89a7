use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

fn event(generation: u64) -> Event {
    Event::TokenIssued(TokenIssuedEvent {
        host: "h".into(),
        generation,
        elapsed: Duration::ZERO,
    })
}

fn generation(event: &Event) -> u64 {
    match event {
        Event::TokenIssued(event) => event.generation,
        other => panic!("{other:?}"),
    }
}

#[test]
fn observers_come_and_go() {
    let hub = Arc::new(Hub::default());
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&seen);
    let subscription = hub.subscribe(Arc::new(move |_: &Event| {
        counter.fetch_add(1, Ordering::Relaxed);
    }));
    hub.emit(|| event(1));
    subscription.unsubscribe();
    hub.emit(|| panic!("nobody listens, so no event is made"));
    assert_eq!(seen.load(Ordering::Relaxed), 1);
}

#[test]
fn a_panicking_observer_harms_nobody() {
    let hub = Arc::new(Hub::default());
    hub.subscribe(Arc::new(|_: &Event| panic!("observer")))
        .keep();
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&seen);
    hub.subscribe(Arc::new(move |_: &Event| {
        counter.fetch_add(1, Ordering::Relaxed);
    }))
    .keep();
    hub.emit(|| event(1));
    hub.emit(|| event(2));
    assert_eq!(seen.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_slow_reader_loses_the_oldest_and_knows_it() {
    let hub = Arc::new(Hub::default());
    let mut stream = hub.stream(2);
    for number in 1..=5 {
        hub.emit(|| event(number));
    }
    assert_eq!(stream.dropped(), 3);
    assert_eq!(generation(&stream.next().await.unwrap()), 4);
    assert_eq!(generation(&stream.next().await.unwrap()), 5);
}

#[tokio::test]
async fn a_stream_wakes_and_ends_with_the_client() {
    let hub = Arc::new(Hub::default());
    let mut stream = hub.stream(8);
    let reader = tokio::spawn(async move {
        let first = generation(&stream.next().await.unwrap());
        (first, stream.next().await.is_none())
    });
    tokio::task::yield_now().await;
    hub.emit(|| event(7));
    drop(hub);
    assert_eq!(reader.await.unwrap(), (7, true));
}

/// Dropping an entry once happened under the lock, which its observer's own
/// drop then waited for.
#[test]
fn an_observer_may_own_a_subscription() {
    let hub = Arc::new(Hub::default());
    let inner = hub.subscribe(Arc::new(|_: &Event| {}));
    let outer = hub.subscribe(Arc::new(move |_: &Event| {
        let _ = &inner;
    }));
    drop(outer);
    hub.emit(|| panic!("nobody listens any more"));
}
