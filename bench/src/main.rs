//! Measures ferroforce beside other clients. `bench/run` runs it all;
//! `README.md` says what is measured.

mod contact;
mod get;
mod memory;
mod query;
mod server;
mod startup;
mod subject;
mod table;

use std::error::Error;
use std::path::Path;

use subject::Subject;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const USAGE: &str = "usage: ferroforce-bench serve [LATENCY_MS]
       ferroforce-bench get ours|bare URL REQUESTS
       ferroforce-bench query-typed|query-dynamic ours|bare URL RECORDS
       ferroforce-bench memory-typed|memory-dynamic ours|bare URL RECORDS
       ferroforce-bench start FERROFORCE
       ferroforce-bench table FILE";

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["serve"] => server::run(0),
        ["serve", latency] => server::run(latency.parse()?),
        ["start", ferroforce] => startup::run(Path::new(ferroforce)),
        ["table", file] => table::print(Path::new(file)),
        [scenario, client, url, amount] => measure(scenario, client, url, amount.parse()?),
        _ => Err(USAGE.into()),
    }
}

/// One measurement, on a runtime of two workers: a line that `table` reads.
fn measure(scenario: &str, client: &str, url: &str, amount: u32) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    // In a task, so that it is one of the workers that does the work.
    let (scenario, client, url) = (scenario.to_owned(), client.to_owned(), url.to_owned());
    let task = async move {
        let subject = Subject::new(&client, url)?;
        let value = match scenario.as_str() {
            "get" => get::per_second(subject, amount).await?,
            "query-typed" => query::per_second(&subject, query::typed, amount).await?,
            "query-dynamic" => query::per_second(&subject, query::dynamic, amount).await?,
            "memory-typed" => query::growth(&subject, query::typed, amount).await?,
            "memory-dynamic" => query::growth(&subject, query::dynamic, amount).await?,
            _ => return Err(USAGE.into()),
        };
        Result::Ok((scenario, client, value))
    };
    let (scenario, client, value) = runtime.block_on(runtime.spawn(task))??;
    report(&scenario, &client, value);
    Ok(())
}

fn report(scenario: &str, client: &str, value: f64) {
    println!("{scenario}\t{client}\t{value:.3}");
}
