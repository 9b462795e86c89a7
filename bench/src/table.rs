//! What came out, as a table in Markdown.

use std::path::Path;

use crate::Result;

const CLIENTS: [&str; 3] = ["ours", "bare", "aiosalesforce"];

/// What is measured, what it is called, its unit, and what ours is to reach
/// beside bare reqwest.
const SCENARIOS: [(&str, &str, &str, &str); 11] = [
    ("get", "small GET, 100 at a time", "requests/s", "≥ 0.9"),
    ("query-typed", "query, typed", "records/s", "≥ 1.2"),
    ("query-dynamic", "query, dynamic", "records/s", "≥ 2.0"),
    ("latency-typed", "typed, 5 ms a page", "records/s", ""),
    ("latency-dynamic", "dynamic, 5 ms a page", "records/s", ""),
    ("memory-typed", "memory, typed", "MB", "ours ≤ 8"),
    (
        "memory-typed-long",
        "memory, typed, 2 million",
        "MB",
        "ours ≤ 8",
    ),
    ("memory-dynamic", "memory, dynamic", "MB", "ours ≤ 8"),
    (
        "memory-dynamic-long",
        "memory, dynamic, 2 million",
        "MB",
        "ours ≤ 8",
    ),
    ("start-version", "`ferroforce --version`", "ms", ""),
    (
        "start-org",
        "`ferroforce org start`, first answer",
        "ms",
        "",
    ),
];

/// Prints the medians of a file whose lines are scenario, client and value.
pub fn print(file: &Path) -> Result<()> {
    let text = std::fs::read_to_string(file)?;
    let lines = text.lines().map(parse).collect::<Result<Vec<_>>>()?;
    println!("| | unit | ours | bare reqwest | aiosalesforce | ours ÷ bare | goal |");
    println!("|---|---|--:|--:|--:|--:|---|");
    for (scenario, name, unit, goal) in SCENARIOS {
        let medians = CLIENTS.map(|client| {
            let matching = lines
                .iter()
                .filter(|line| (line.scenario, line.client) == (scenario, client));
            median(matching.map(|line| line.value).collect())
        });
        let [ours, bare, _] = medians;
        if ours.is_none() {
            continue;
        }
        let ratio = ours.zip(bare).map(|(ours, bare)| ours / bare);
        let [ours, bare, other] = medians.map(|value| value.map_or("–".into(), amount));
        let ratio = ratio.map_or("–".into(), |ratio| format!("{ratio:.2}"));
        println!("| {name} | {unit} | {ours} | {bare} | {other} | {ratio} | {goal} |");
    }
    Ok(())
}

struct Line<'a> {
    scenario: &'a str,
    client: &'a str,
    value: f64,
}

fn parse(line: &str) -> Result<Line<'_>> {
    let mut parts = line.split('\t');
    let mut part = || parts.next().ok_or("a line has too few parts");
    Ok(Line {
        scenario: part()?,
        client: part()?,
        value: part()?.parse()?,
    })
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = values[(values.len() - 1) / 2];
    Some((lower + upper) / 2.0)
}

/// Three digits are as many as are worth reading.
fn amount(value: f64) -> String {
    match value {
        1000.0.. => {
            let thousands = value / 1000.0;
            let digits = if thousands < 100.0 { 1 } else { 0 };
            format!("{thousands:.digits$} k")
        }
        100.0.. => format!("{value:.0}"),
        _ => format!("{value:.1}"),
    }
}
