//! How much of the waiting for pages happens behind the work on those before.

use std::time::{Duration, Instant};

use crate::Result;
use crate::query;
use crate::server::PAGE;
use crate::subject::Subject;

/// What part of the smaller of wait and work our client hides in the other.
///
/// `far` is a server that waits before each answer, and `near` one that does not. The wait is what
/// the sequential floor takes longer at the far one; the work is what our client takes at the near
/// one, `busy` for each page included.
pub async fn hidden(near: &str, far: &str, busy: Duration, records: u32) -> Result<f64> {
    let mut took = [0.0; 4];
    let runs = [("bare", near), ("bare", far), ("ours", near), ("ours", far)];
    for (took, (client, url)) in took.iter_mut().zip(runs) {
        let subject = Subject::new(client, url.to_owned())?;
        *took = seconds(&subject, busy, records).await?;
    }
    let [floor_near, floor_far, work, together] = took;
    let wait = floor_far - floor_near;
    Ok((wait + work - together) / wait.min(work))
}

async fn seconds(subject: &Subject, busy: Duration, records: u32) -> Result<f64> {
    // Signs in and connects.
    subject.get::<serde_json::Value>().await?;
    let start = Instant::now();
    let mut read = 0;
    query::each(subject, records, |_| {
        read += 1;
        if read % PAGE == 0 {
            work(busy);
        }
    })
    .await?;
    if read != records {
        return Err("records are missing".into());
    }
    Ok(start.elapsed().as_secs_f64())
}

/// Keeps a processor busy, as a program would that does more with a page than to read it.
fn work(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}
