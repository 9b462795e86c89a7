use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;

use super::{Event, Observer, Subscription};

#[derive(Default)]
struct Queue {
    events: VecDeque<Event>,
    capacity: usize,
    dropped: u64,
    waker: Option<Waker>,
    ended: bool,
}

struct Sink(Arc<Mutex<Queue>>);

impl Observer for Sink {
    fn observe(&self, event: &Event) {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.events.len() == queue.capacity {
            queue.events.pop_front();
            queue.dropped += 1;
        }
        queue.events.push_back(event.clone());
        if let Some(waker) = queue.waker.take() {
            waker.wake();
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        queue.ended = true;
        if let Some(waker) = queue.waker.take() {
            waker.wake();
        }
    }
}

/// The client's events as a stream; made by
/// [`Salesforce::events`](crate::Salesforce::events).
///
/// It holds a bounded number of events. When the reader falls behind, the
/// oldest are dropped and [`dropped`](Self::dropped) counts them. It ends when
/// the client is gone; dropping it ends the subscription.
pub struct EventStream {
    queue: Arc<Mutex<Queue>>,
    subscription: Option<Subscription>,
}

pub(super) fn channel(capacity: usize) -> (Arc<dyn Observer>, EventStream) {
    let queue = Arc::new(Mutex::new(Queue {
        capacity: capacity.max(1),
        ..Queue::default()
    }));
    let stream = EventStream {
        queue: Arc::clone(&queue),
        subscription: None,
    };
    (Arc::new(Sink(queue)), stream)
}

impl EventStream {
    pub(super) fn fed_by(mut self, subscription: Subscription) -> Self {
        self.subscription = Some(subscription);
        self
    }

    /// The next event, without the help of a stream library; nothing once the
    /// client is gone.
    pub async fn next(&mut self) -> Option<Event> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// How many events were dropped so far because the reader was slow.
    pub fn dropped(&self) -> u64 {
        self.queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .dropped
    }
}

impl Stream for EventStream {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        match queue.events.pop_front() {
            Some(event) => Poll::Ready(Some(event)),
            None if queue.ended => Poll::Ready(None),
            None => {
                queue.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventStream({} dropped)", self.dropped())
    }
}
