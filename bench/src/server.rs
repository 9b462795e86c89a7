//! A server of fixed answers, as cheap as it can be: one thread, no HTTP
//! library, everything rendered beforehand but what differs from page to page.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::Result;
use crate::bulk_server::Jobs;
use crate::bulk_sink::{Loads, Upload};
use crate::contact;
use crate::create::CHUNK;

/// As many records as Salesforce puts on a page.
pub const PAGE: u32 = 2_000;
const MAX_REQUEST: usize = 1024 * 1024;

struct Answers {
    latency: Duration,
    token: Vec<u8>,
    record: Vec<u8>,
    /// What comes of a request to create as many records as fit into one.
    created: Vec<u8>,
    /// The records of a page, and what comes behind them.
    records: String,
    jobs: Jobs,
    loads: Loads,
}

/// Prints the server's URL and serves until it is ended.
pub fn run(latency_ms: u64) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let answers = Arc::new(Answers::new(&url, Duration::from_millis(latency_ms)));
        println!("{url}");
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let answers = Arc::clone(&answers);
            tokio::spawn(async move {
                // A client that goes away is no fault.
                let _ = answers.serve(stream).await;
            });
        }
    })
}

impl Answers {
    fn new(url: &str, latency: Duration) -> Self {
        let token =
            format!(r#"{{"access_token":"token","instance_url":"{url}","token_type":"Bearer"}}"#);
        let mut record = String::new();
        contact::write_json(1, &mut record);
        let mut records = String::new();
        for i in 0..PAGE {
            records.push(if i == 0 { '[' } else { ',' });
            contact::write_json(i, &mut records);
        }
        records.push_str("]}");
        let saved = |i| format!(r#"{{"id":"003{i:012}AAA","success":true,"errors":[]}}"#);
        let created = (0..CHUNK).map(saved).collect::<Vec<_>>().join(",");
        Self {
            latency,
            token: answer(&token, 0).into_bytes(),
            record: answer(&record, 0).into_bytes(),
            created: answer(&format!("[{created}]"), 0).into_bytes(),
            records,
            jobs: Jobs::new(),
            loads: Loads::default(),
        }
    }

    async fn serve(&self, mut stream: TcpStream) -> Result<()> {
        let mut input = Vec::with_capacity(4096);
        loop {
            if let Some(upload) = upload_begun(&mut stream, &mut input).await? {
                let answer = self.loads.take(upload, &mut stream, &mut input).await?;
                stream.write_all(answer.as_bytes()).await?;
                continue;
            }
            let Some((path, head, length)) = next_request(&mut stream, &mut input).await? else {
                return Ok(());
            };
            let body = String::from_utf8_lossy(&input[head..length]);
            if path == "/services/oauth2/token" {
                stream.write_all(&self.token).await?;
            } else if let Some(answer) = self.loads.answer(&path, &body) {
                stream.write_all(answer.as_bytes()).await?;
            } else if let Some(page) = self.jobs.answer(&path, &body) {
                stream.write_all(page.head.as_bytes()).await?;
                for _ in 0..page.blocks {
                    stream.write_all(self.jobs.block()).await?;
                }
                stream.write_all(&self.jobs.block()[..page.rest]).await?;
            } else {
                if !self.latency.is_zero() {
                    tokio::time::sleep(self.latency).await;
                }
                match page_asked_for(&path) {
                    Some((start, total)) => {
                        stream.write_all(self.page(start, total).as_bytes()).await?;
                        stream.write_all(self.records.as_bytes()).await?;
                    }
                    None if path.ends_with("/composite/sobjects") => {
                        stream.write_all(&self.created).await?;
                    }
                    None => stream.write_all(&self.record).await?,
                }
            }
            input.drain(..length);
        }
    }

    /// What comes before the records of a page.
    fn page(&self, start: u32, total: u32) -> String {
        let end = start + PAGE;
        let next = if end < total {
            format!(
                r#""done":false,"nextRecordsUrl":"/services/data/v66.0/query/01g-{end}-{total}""#
            )
        } else {
            r#""done":true"#.to_owned()
        };
        let body = format!(r#"{{"totalSize":{total},{next},"records":"#);
        answer(&body, self.records.len())
    }
}

/// An answer whose body is `body` and `more` bytes.
pub fn answer(body: &str, more: usize) -> String {
    format!(
        "HTTP/1.1 200 OK\r\n\
         Content-Type: application/json;charset=UTF-8\r\n\
         Sforce-Limit-Info: api-usage=18/15000\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len() + more
    )
}

/// An upload, which is not kept in memory, once the head of the request is there. `None`
/// where it is another request, or the end.
async fn upload_begun(stream: &mut TcpStream, input: &mut Vec<u8>) -> Result<Option<Upload>> {
    while input.is_empty() || (input.starts_with(b"PUT ") && Upload::begun(input)?.is_none()) {
        if stream.read_buf(input).await? == 0 {
            return Ok(None);
        }
    }
    Upload::begun(input)
}

/// Reads a request. Gives its path, where its body begins and how long it is; `None` at
/// the end.
async fn next_request(
    stream: &mut TcpStream,
    input: &mut Vec<u8>,
) -> Result<Option<(String, usize, usize)>> {
    loop {
        if let Some(found) = whole_request(input)? {
            return Ok(Some(found));
        }
        if input.len() > MAX_REQUEST {
            return Err("the request is too large".into());
        }
        if stream.read_buf(input).await? == 0 {
            return Ok(None);
        }
    }
}

fn whole_request(input: &[u8]) -> Result<Option<(String, usize, usize)>> {
    let Some(head) = input.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&input[..head])?;
    let mut lines = text.split("\r\n");
    let path = lines.next().and_then(|line| line.split(' ').nth(1));
    let body = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(Ok(0), |(_, value)| value.trim().parse::<usize>())?;
    let length = head + 4 + body;
    let path = path.ok_or("there is no path")?.to_owned();
    Ok((input.len() >= length).then_some((path, head + 4, length)))
}

/// The first record of the page, and how many the query has: from a query that
/// ends in a limit, or from the place where the last page said that this one is.
fn page_asked_for(path: &str) -> Option<(u32, u32)> {
    if let Some((_, place)) = path.split_once("/query/01g-") {
        let (start, total) = place.split_once('-')?;
        return Some((start.parse().ok()?, total.parse().ok()?));
    }
    let (_, limit) = path.split_once("/query")?.1.split_once("LIMIT")?;
    let limit = limit.strip_prefix('+').or(limit.strip_prefix("%20"))?;
    Some((0, limit.parse().ok()?))
}
