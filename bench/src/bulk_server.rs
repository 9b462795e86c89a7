//! The server's query jobs. A job's id says how many rows it has, so that nothing need be
//! kept; it is complete at once.

use crate::contact;

/// How many rows a page has where the client does not say.
const USUAL: u32 = 250_000;

/// What a query has in it whose results are to be one page.
const ONE_PAGE: &str = "'one page'";

/// Rows that are rendered beforehand. Pages are made of them over and over.
const BLOCK: u32 = 1_000;

pub struct Jobs {
    block: String,
    /// Where the rows of the block end.
    ends: Vec<usize>,
}

/// An answer: what comes first, and how often the block and how much of it behind that.
pub struct Page {
    pub head: String,
    pub blocks: u32,
    pub rest: usize,
}

impl Jobs {
    pub fn new() -> Self {
        let mut block = String::new();
        let mut ends = vec![0];
        for i in 0..BLOCK {
            contact::write_csv(i, &mut block);
            ends.push(block.len());
        }
        Self { block, ends }
    }

    pub fn block(&self) -> &[u8] {
        self.block.as_bytes()
    }

    /// The answer to a request about query jobs, if it is one.
    pub fn answer(&self, path: &str, body: &str) -> Option<Page> {
        let (_, rest) = path.split_once("/jobs/query")?;
        let rest = rest.trim_start_matches('/');
        if rest.is_empty() {
            let limit = body.rsplit_once("LIMIT ")?.1;
            let digits = limit.bytes().take_while(u8::is_ascii_digit).count();
            let prefix = if body.contains(ONE_PAGE) {
                "751"
            } else {
                "750"
            };
            let total = limit[..digits].parse().ok()?;
            return Some(json(&info(prefix, total, "UploadComplete")));
        }
        let prefix = rest.get(..3)?;
        let total: u32 = rest.get(3..15)?.parse().ok()?;
        let Some((_, query)) = rest.split_once("/results") else {
            return Some(json(&info(prefix, total, "JobComplete")));
        };
        let number = |name: &str| -> Option<u32> {
            let (_, value) = query.split_once(name)?;
            let digits = value.bytes().take_while(u8::is_ascii_digit).count();
            value[..digits].parse().ok()
        };
        let start = number("locator=").unwrap_or(0);
        let usual = if prefix == "751" { total } else { USUAL };
        let rows = number("maxRecords=")
            .unwrap_or(usual)
            .min(total - start.min(total));
        Some(self.page(start, rows, total))
    }

    fn page(&self, start: u32, rows: u32, total: u32) -> Page {
        let (blocks, rest) = (rows / BLOCK, rows % BLOCK);
        let rest = self.ends[rest as usize];
        let length = contact::CSV_HEADER.len() + blocks as usize * self.block.len() + rest;
        let end = start + rows;
        let next = if end < total {
            end.to_string()
        } else {
            "null".to_owned()
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\n\
             Content-Type: text/csv; charset=UTF-8\r\n\
             Sforce-Locator: {next}\r\n\
             Sforce-NumberOfRecords: {rows}\r\n\
             Content-Length: {length}\r\n\r\n{}",
            contact::CSV_HEADER
        );
        Page { head, blocks, rest }
    }
}

fn json(body: &str) -> Page {
    Page {
        head: crate::server::answer(body, 0),
        blocks: 0,
        rest: 0,
    }
}

fn info(prefix: &str, total: u32, state: &str) -> String {
    format!(
        r#"{{"id":"{prefix}{total:012}","operation":"query","object":"Contact","createdById":"005000000000001AAA","createdDate":"2026-01-02T03:04:05.000+0000","systemModstamp":"2026-01-02T03:04:05.000+0000","state":"{state}","concurrencyMode":"Parallel","contentType":"CSV","apiVersion":66.0,"jobType":"V2Query","lineEnding":"LF","columnDelimiter":"COMMA","numberRecordsProcessed":{total},"retries":0,"totalProcessingTime":1}}"#
    )
}
