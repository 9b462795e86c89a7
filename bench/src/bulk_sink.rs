//! The server's jobs that take rows in: it counts them, and keeps none. A job is complete
//! when it was closed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::Result;
use crate::server::answer;

#[derive(Default)]
pub struct Loads {
    /// The lines that each job was given.
    jobs: Mutex<HashMap<String, u64>>,
}

/// The data of a job on its way in.
pub struct Upload {
    job: String,
    head: usize,
    /// Without it the data comes in chunks.
    length: Option<usize>,
}

impl Upload {
    /// The upload that the input begins with, if its head is there and it is one.
    pub fn begun(input: &[u8]) -> Result<Option<Self>> {
        if !input.starts_with(b"PUT ") {
            return Ok(None);
        }
        let Some(head) = input.windows(4).position(|window| window == b"\r\n\r\n") else {
            return Ok(None);
        };
        let text = std::str::from_utf8(&input[..head])?;
        let job = text
            .split_once("/jobs/ingest/")
            .and_then(|(_, rest)| rest.split_once('/'))
            .ok_or("the upload is for no job")?
            .0;
        let length = text
            .split("\r\n")
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map(|(_, value)| value.trim().parse())
            .transpose()?;
        Ok(Some(Self {
            job: job.to_owned(),
            head: head + 4,
            length,
        }))
    }

    /// Reads it to its end, and counts the lines.
    async fn lines(&self, stream: &mut TcpStream, input: &mut Vec<u8>) -> Result<u64> {
        input.drain(..self.head);
        let mut lines = 0;
        match self.length {
            Some(length) => lines += take(stream, input, length).await?,
            None => loop {
                let size = line(stream, input).await?;
                let size = usize::from_str_radix(size.split(';').next().unwrap_or("").trim(), 16)?;
                lines += take(stream, input, size).await?;
                line(stream, input).await?;
                if size == 0 {
                    break;
                }
            },
        }
        Ok(lines)
    }
}

/// Takes so many bytes, and counts the line feeds among them.
async fn take(stream: &mut TcpStream, input: &mut Vec<u8>, length: usize) -> Result<u64> {
    let mut left = length;
    let mut lines = 0;
    loop {
        let here = left.min(input.len());
        lines += input[..here].iter().filter(|byte| **byte == b'\n').count() as u64;
        left -= here;
        input.drain(..here);
        if left == 0 {
            return Ok(lines);
        }
        input.reserve(256 * 1024);
        if stream.read_buf(input).await? == 0 {
            return Err("the upload broke off".into());
        }
    }
}

/// Takes a line of the framing.
async fn line(stream: &mut TcpStream, input: &mut Vec<u8>) -> Result<String> {
    loop {
        if let Some(end) = input.windows(2).position(|window| window == b"\r\n") {
            let line = String::from_utf8(input[..end].to_vec())?;
            input.drain(..end + 2);
            return Ok(line);
        }
        if stream.read_buf(input).await? == 0 {
            return Err("the upload broke off".into());
        }
    }
}

impl Loads {
    /// Takes an upload in, and gives the answer.
    pub async fn take(
        &self,
        upload: Upload,
        stream: &mut TcpStream,
        input: &mut Vec<u8>,
    ) -> Result<String> {
        let lines = upload.lines(stream, input).await?;
        self.jobs().insert(upload.job, lines);
        Ok("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n".to_owned())
    }

    /// The answer to another request about such jobs, if it is one.
    pub fn answer(&self, path: &str, body: &str) -> Option<String> {
        let (_, rest) = path.split_once("/jobs/ingest")?;
        let id = rest.trim_start_matches('/');
        if id.is_empty() {
            let mut jobs = self.jobs();
            let id = format!("750{:012}AAA", jobs.len());
            jobs.insert(id.clone(), 0);
            return Some(answer(&info(&id, "Open", 0), 0));
        }
        // The header is no row.
        let rows = self.jobs().get(id)?.saturating_sub(1);
        let state = if body.contains("UploadComplete") {
            "UploadComplete"
        } else {
            "JobComplete"
        };
        Some(answer(&info(id, state, rows), 0))
    }

    fn jobs(&self) -> std::sync::MutexGuard<'_, HashMap<String, u64>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn info(id: &str, state: &str, rows: u64) -> String {
    format!(
        r#"{{"id":"{id}","operation":"insert","object":"Contact","createdById":"005000000000001AAA","createdDate":"2026-01-02T03:04:05.000+0000","systemModstamp":"2026-01-02T03:04:05.000+0000","state":"{state}","concurrencyMode":"Parallel","contentType":"CSV","apiVersion":66.0,"jobType":"V2Ingest","contentUrl":"services/data/v66.0/jobs/ingest/{id}/batches","lineEnding":"LF","columnDelimiter":"COMMA","numberRecordsProcessed":{rows},"numberRecordsFailed":0,"retries":0,"totalProcessingTime":1}}"#
    )
}
