//! Measures ferroforce beside other clients. `bench/run` runs it all;
//! `README.md` says what is measured.

mod bulk_extract;
mod bulk_force;
mod bulk_load;
mod bulk_server;
mod bulk_sink;
mod contact;
mod cpu;
mod create;
mod get;
mod memory;
mod prefetch;
mod query;
mod server;
mod session;
mod startup;
mod subject;
mod table;

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use subject::Subject;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const USAGE: &str = "usage: ferroforce-bench serve [LATENCY_MS]
       ferroforce-bench get CLIENT URL REQUESTS
       ferroforce-bench query-typed|query-dynamic CLIENT URL RECORDS
       ferroforce-bench memory-typed|memory-dynamic CLIENT URL RECORDS
       ferroforce-bench create CLIENT URL RECORDS IN_FLIGHT
       ferroforce-bench hidden URL URL_WITH_LATENCY RECORDS BUSY_MS
       ferroforce-bench session FOLDER [REDIS_URL]
       ferroforce-bench bulk-parse READER ROWS
       ferroforce-bench bulk-extract CLIENT URL ROWS
       ferroforce-bench bulk-serialize WRITER ROWS
       ferroforce-bench bulk-load CLIENT URL ROWS
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
        _ => {
            let args = args.iter().copied().map(str::to_owned).collect();
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()?;
            // In a task, so that it is one of the workers that does the work.
            runtime.block_on(runtime.spawn(measure(args)))?
        }
    }
}

/// One measurement: lines that `table` reads.
async fn measure(args: Vec<String>) -> Result<()> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["create", client, url, records, in_flight] => {
            let subject = Subject::new(client, url.to_owned())?;
            let cost = create::cost(&subject, records.parse()?, in_flight.parse()?).await?;
            report("create", client, cost.per_second);
            report("create-cpu", client, cost.cpu);
            report("create-memory", client, cost.memory);
        }
        ["session", folder] => session::run(Path::new(folder), None).await?,
        ["session", folder, redis] => session::run(Path::new(folder), Some(redis)).await?,
        ["bulk-parse", reader, rows] => {
            let value = bulk_extract::parsed_per_second(reader, rows.parse()?)?;
            report("bulk-parse", reader, value);
        }
        ["bulk-extract", client, url, rows] => {
            let cost = bulk_extract::cost(client, url, rows.parse()?).await?;
            report("bulk-extract", client, cost.per_second);
            report("bulk-extract-memory", client, cost.memory);
        }
        ["bulk-serialize", writer, rows] => {
            let value = bulk_load::serialized_per_second(writer, rows.parse()?)?;
            report("bulk-serialize", writer, value);
        }
        ["bulk-load", client, url, rows] => {
            let cost = bulk_load::cost(client, url, rows.parse()?).await?;
            report("bulk-load", client, cost.per_second);
            report("bulk-load-memory", client, cost.memory);
        }
        ["hidden", near, far, records, busy] => {
            let busy = Duration::from_millis(busy.parse()?);
            let hidden = prefetch::hidden(near, far, busy, records.parse()?).await?;
            report("hidden", "ours", 100.0 * hidden);
        }
        [scenario, client, url, amount] => {
            let subject = Subject::new(client, url.to_owned())?;
            let amount = amount.parse()?;
            let value = match scenario {
                "get" => get::per_second(subject, amount).await?,
                "query-typed" => query::per_second(&subject, query::typed, amount).await?,
                "query-dynamic" => query::per_second(&subject, query::dynamic, amount).await?,
                "memory-typed" => query::growth(&subject, query::typed, amount).await?,
                "memory-dynamic" => query::growth(&subject, query::dynamic, amount).await?,
                _ => return Err(USAGE.into()),
            };
            report(scenario, client, value);
        }
        _ => return Err(USAGE.into()),
    }
    Ok(())
}

fn report(scenario: &str, client: &str, value: f64) {
    println!("{scenario}\t{client}\t{value:.3}");
}
