//! Small requests, many at a time.

use std::time::Instant;

use crate::Result;
use crate::contact::Contact;
use crate::subject::Subject;

const CONCURRENCY: u32 = 100;

/// How many requests per second `subject` gets answered.
pub async fn per_second(subject: Subject, requests: u32) -> Result<f64> {
    let each = requests.div_ceil(CONCURRENCY);
    // Signs in and makes the connections.
    all(&subject, 5).await?;
    let start = Instant::now();
    all(&subject, each).await?;
    Ok(f64::from(each * CONCURRENCY) / start.elapsed().as_secs_f64())
}

/// Each of a hundred tasks sends one request after the other.
async fn all(subject: &Subject, each: u32) -> Result<()> {
    let tasks: Vec<_> = (0..CONCURRENCY)
        .map(|_| {
            let subject = subject.clone();
            tokio::spawn(async move {
                for _ in 0..each {
                    subject.get::<Contact>().await?;
                }
                Result::Ok(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}
