//! What came out, as tables in Markdown.

use std::path::Path;

use crate::Result;

/// Ours, the floor, and the others.
const CLIENTS: [(&str, &str); 8] = [
    ("ours", "ours"),
    ("bare", "bare reqwest"),
    ("cirrus", "cirrus"),
    ("aiosalesforce", "aiosalesforce"),
    ("simple-salesforce", "simple-salesforce"),
    ("jsforce", "jsforce"),
    ("force", "force"),
    ("csv", "csv"),
];
/// The clients that creates are compared with.
const PEERS: [&str; 2] = ["simple-salesforce", "jsforce"];

/// What is measured, what it is called, and its unit.
const SCENARIOS: [(&str, &str, &str); 33] = [
    ("get", "small GET, 100 at a time", "requests/s"),
    ("query-typed", "query, typed", "records/s"),
    ("query-dynamic", "query, dynamic", "records/s"),
    ("latency-typed", "typed, 5 ms a page", "records/s"),
    ("latency-dynamic", "dynamic, 5 ms a page", "records/s"),
    ("memory-typed-short", "memory, typed, 20,000", "MB"),
    ("memory-typed", "memory, typed, 200,000", "MB"),
    ("memory-typed-long", "memory, typed, 2 million", "MB"),
    ("memory-dynamic-short", "memory, dynamic, 20,000", "MB"),
    ("memory-dynamic", "memory, dynamic, 200,000", "MB"),
    ("memory-dynamic-long", "memory, dynamic, 2 million", "MB"),
    ("create", "create, 8 in flight", "records/s"),
    (
        "create-sequential",
        "create, one after the other",
        "records/s",
    ),
    ("create-cpu", "processor, 8 in flight", "µs/record"),
    ("create-memory", "memory, 8 in flight", "MB"),
    ("create-memory-long", "memory, 500,000 records", "MB"),
    ("session-none", "token of a session", "ns"),
    ("session-memory", "token of a session in memory", "ns"),
    ("session-file", "token of a session in files", "ns"),
    ("session-redis", "token of a session in Redis", "ns"),
    ("bulk-parse", "bulk rows parsed, 1 million", "rows/s"),
    ("bulk-extract", "bulk extract, 1 million", "rows/s"),
    ("bulk-extract-memory-few", "memory, extract, 100,000", "MB"),
    ("bulk-extract-memory", "memory, extract, 1 million", "MB"),
    (
        "bulk-extract-memory-many",
        "memory, extract, 5 million",
        "MB",
    ),
    ("bulk-serialize", "bulk rows written, 1 million", "rows/s"),
    ("bulk-load", "bulk load, 1 million", "rows/s"),
    ("bulk-load-memory-few", "memory, load, 100,000", "MB"),
    ("bulk-load-memory", "memory, load, 1 million", "MB"),
    ("bulk-load-memory-many", "memory, load, 5 million", "MB"),
    ("parse", "SOQL, parsed", "MB/s"),
    ("start-version", "`ferroforce --version`", "ms"),
    ("start-org", "`ferroforce org start`, first answer", "ms"),
];

/// What is asked of ours.
struct Goal {
    name: &'static str,
    ours: &'static str,
    beside: Beside,
    wanted: &'static str,
}

/// What ours is compared with.
enum Beside {
    /// Nothing: the number itself is the goal.
    Nothing,
    /// The floor: ours is divided by it.
    Floor,
    /// The largest value that a peer has in a scenario: ours is divided by it.
    Most(&'static str),
    /// The smallest one.
    Least(&'static str),
    /// Ours in another scenario, which is taken off.
    Less(&'static str),
    /// What one other has: ours is divided by it.
    Client(&'static str),
}

const GOALS: [Goal; 31] = [
    Goal::new("small GET ÷ floor", "get", Beside::Floor, "≥ 0.9"),
    Goal::new("typed ÷ floor", "query-typed", Beside::Floor, "≥ 1.2"),
    Goal::new("dynamic ÷ floor", "query-dynamic", Beside::Floor, "≥ 2.0"),
    Goal::new("MB, typed", "memory-typed-long", Beside::Nothing, "≤ 8"),
    Goal::new("MB, dynamic", "memory-dynamic-long", Beside::Nothing, "≤ 8"),
    Goal::new(
        "MB more at 2 million than at 20,000, typed",
        "memory-typed-long",
        Beside::Less("memory-typed-short"),
        "≤ 1",
    ),
    Goal::new(
        "MB more at 2 million than at 20,000, dynamic",
        "memory-dynamic-long",
        Beside::Less("memory-dynamic-short"),
        "≤ 1",
    ),
    Goal::new(
        "% of 25 ms of work a page hidden in 50 ms of wait",
        "hidden-25",
        Beside::Nothing,
        "≥ 80",
    ),
    Goal::new(
        "% of 50 ms of wait a page hidden in 100 ms of work",
        "hidden-100",
        Beside::Nothing,
        "≥ 80",
    ),
    Goal::new(
        "create ÷ better of simple-salesforce and jsforce, one after the other",
        "create",
        Beside::Most("create-sequential"),
        "≥ 5",
    ),
    Goal::new(
        "create ÷ better of the two with 8 in flight",
        "create",
        Beside::Most("create"),
        "≥ 0.9",
    ),
    Goal::new(
        "ns for the token of a shared session",
        "session-memory",
        Beside::Nothing,
        "< 100",
    ),
    Goal::new("create ÷ floor", "create", Beside::Floor, ""),
    Goal::new(
        "bulk serialize ÷ csv",
        "bulk-serialize",
        Beside::Client("csv"),
        "≥ 0.8",
    ),
    Goal::new(
        "bulk serialize ÷ aiosalesforce",
        "bulk-serialize",
        Beside::Client("aiosalesforce"),
        "≥ 20",
    ),
    Goal::new(
        "bulk load ÷ force",
        "bulk-load",
        Beside::Client("force"),
        "",
    ),
    Goal::new(
        "bulk load ÷ simple-salesforce",
        "bulk-load",
        Beside::Client("simple-salesforce"),
        "",
    ),
    Goal::new(
        "bulk load ÷ jsforce",
        "bulk-load",
        Beside::Client("jsforce"),
        "",
    ),
    Goal::new(
        "MB for a load of 5 million",
        "bulk-load-memory-many",
        Beside::Nothing,
        "≤ 64",
    ),
    Goal::new(
        "MB more for a load of 5 million than of 100,000",
        "bulk-load-memory-many",
        Beside::Less("bulk-load-memory-few"),
        "≤ 2",
    ),
    Goal::new(
        "processor per record ÷ better of the two",
        "create-cpu",
        Beside::Least("create-cpu"),
        "≤ 0.33",
    ),
    Goal::new(
        "processor per record ÷ floor",
        "create-cpu",
        Beside::Floor,
        "",
    ),
    Goal::new("MB for 50,000", "create-memory", Beside::Nothing, ""),
    Goal::new(
        "MB more for 500,000 than for 50,000",
        "create-memory-long",
        Beside::Less("create-memory"),
        "≤ 1",
    ),
    Goal::new(
        "bulk parse ÷ csv",
        "bulk-parse",
        Beside::Client("csv"),
        "≥ 0.8",
    ),
    Goal::new(
        "bulk extract ÷ force",
        "bulk-extract",
        Beside::Client("force"),
        "",
    ),
    Goal::new(
        "bulk extract ÷ simple-salesforce",
        "bulk-extract",
        Beside::Client("simple-salesforce"),
        "",
    ),
    Goal::new(
        "bulk extract ÷ jsforce",
        "bulk-extract",
        Beside::Client("jsforce"),
        "",
    ),
    Goal::new(
        "MB for 5 million",
        "bulk-extract-memory-many",
        Beside::Nothing,
        "≤ 64",
    ),
    Goal::new(
        "MB more for 5 million than for 100,000",
        "bulk-extract-memory-many",
        Beside::Less("bulk-extract-memory-few"),
        "≤ 2",
    ),
    Goal::new("MB/s of SOQL parsed", "parse", Beside::Nothing, "≥ 20"),
];

impl Goal {
    const fn new(
        name: &'static str,
        ours: &'static str,
        beside: Beside,
        wanted: &'static str,
    ) -> Self {
        Self {
            name,
            ours,
            beside,
            wanted,
        }
    }

    /// How far ours got; `None` where something was not measured.
    fn reached(&self, lines: &Lines<'_>) -> Option<f64> {
        let ours = lines.median(self.ours, "ours")?;
        let peers = |scenario| {
            let values = PEERS.map(|peer| lines.median(scenario, peer));
            values.into_iter().flatten()
        };
        Some(match self.beside {
            Beside::Nothing => ours,
            Beside::Floor => ours / lines.median(self.ours, "bare")?,
            Beside::Most(scenario) => ours / peers(scenario).max_by(f64::total_cmp)?,
            Beside::Least(scenario) => ours / peers(scenario).min_by(f64::total_cmp)?,
            Beside::Client(client) => ours / lines.median(self.ours, client)?,
            Beside::Less(scenario) => ours - lines.median(scenario, "ours")?,
        })
    }
}

/// Prints the medians of a file whose lines are scenario, client and value, and what they mean.
pub fn print(file: &Path) -> Result<()> {
    let text = std::fs::read_to_string(file)?;
    let lines = Lines(text.lines().map(Line::parse).collect::<Result<_>>()?);
    let names: Vec<&str> = CLIENTS.iter().map(|(_, name)| *name).collect();
    println!("| | unit | {} |", names.join(" | "));
    println!("|---|---|{}", "--:|".repeat(CLIENTS.len()));
    for (scenario, name, unit) in SCENARIOS {
        let medians = CLIENTS.map(|(client, _)| lines.median(scenario, client));
        if medians.iter().any(Option::is_some) {
            let medians = medians.map(|value| value.map_or("–".into(), amount));
            println!("| {name} | {unit} | {} |", medians.join(" | "));
        }
    }
    println!("\n| ours | | goal |\n|---|--:|---|");
    for goal in GOALS {
        if let Some(reached) = goal.reached(&lines) {
            println!("| {} | {reached:.2} | {} |", goal.name, goal.wanted);
        }
    }
    Ok(())
}

struct Lines<'a>(Vec<Line<'a>>);

impl Lines<'_> {
    fn median(&self, scenario: &str, client: &str) -> Option<f64> {
        let matching = self
            .0
            .iter()
            .filter(|line| (line.scenario, line.client) == (scenario, client));
        median(matching.map(|line| line.value).collect())
    }
}

struct Line<'a> {
    scenario: &'a str,
    client: &'a str,
    value: f64,
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Result<Self> {
        let mut parts = line.split('\t');
        let mut part = || parts.next().ok_or("a line has too few parts");
        Ok(Self {
            scenario: part()?,
            client: part()?,
            value: part()?.parse()?,
        })
    }
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
