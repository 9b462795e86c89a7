//! Measures how fast typical queries are parsed, in megabytes of text a second: a line that
//! `ferroforce-bench table` reads.

use std::hint::black_box;
use std::time::{Duration, Instant};

use ferroforce_soql::{ParseError, parse};

/// One query a line.
const QUERIES: &str = include_str!("queries.soql");

const MEASURED_FOR: Duration = Duration::from_secs(2);

fn main() -> Result<(), ParseError> {
    let queries: Vec<&str> = QUERIES.lines().collect();
    // Also tells a query that is none, before anything is measured.
    let round = || {
        queries.iter().try_fold(0, |bytes, query| {
            black_box(parse(black_box(query))?);
            Ok(bytes + query.len())
        })
    };
    for _ in 0..1_000 {
        round()?;
    }
    let mut bytes = 0;
    let start = Instant::now();
    while start.elapsed() < MEASURED_FOR {
        bytes += round()?;
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate is rounded anyway")]
    let megabytes = bytes as f64 / 1e6;
    println!(
        "parse\tours\t{:.3}",
        megabytes / start.elapsed().as_secs_f64()
    );
    Ok(())
}
