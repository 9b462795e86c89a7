//! What was asked of the org.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::SystemTime;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// The newest requests that are kept.
const LIMIT: usize = 10_000;

/// Parameters whose values are not kept.
const SECRETS: [&str; 12] = [
    "access_token",
    "assertion",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "oauth_token",
    "password",
    "refresh_token",
    "sid",
    "subject_token",
    "token",
];

/// One request that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RequestRecord {
    /// Counts the requests from 1.
    pub number: u64,
    /// When it came, by the org's clock.
    #[serde(serialize_with = "as_text")]
    pub at: SystemTime,
    /// Its method.
    pub method: String,
    /// Its path.
    pub path: String,
    /// Its query, with secrets left out.
    pub query: Option<String>,
    /// The status of the answer; none if there is none yet, or the connection was cut instead.
    pub status: Option<u16>,
    /// Username of whom the request's session belonged to.
    pub user: Option<String>,
    /// How many API calls it counted as.
    pub api_calls: u32,
    /// Ids of the faults that struck it.
    pub faults: Vec<u64>,
}

/// Only times that some machine can't tell are taken for 1970.
pub(super) fn system_time(at: Timestamp) -> SystemTime {
    SystemTime::try_from(at).unwrap_or(SystemTime::UNIX_EPOCH)
}

fn as_text<S: Serializer>(at: &SystemTime, to: S) -> Result<S::Ok, S::Error> {
    match Timestamp::try_from(*at) {
        Ok(at) => to.collect_str(&at),
        Err(_) => to.serialize_none(),
    }
}

/// The newest requests, oldest first.
#[derive(Debug, Default)]
pub(super) struct Log {
    records: VecDeque<RequestRecord>,
    made: u64,
}

impl Log {
    /// Numbers a record and keeps it.
    pub(super) fn begin(&mut self, mut record: RequestRecord) -> u64 {
        self.made += 1;
        record.number = self.made;
        if self.records.len() == LIMIT {
            self.records.pop_front();
        }
        self.records.push_back(record);
        self.made
    }

    /// Adds that a request counted as an API call.
    pub(super) fn count_calls(&mut self, number: u64, calls: u32) {
        if let Some(record) = self.get_mut(number) {
            record.api_calls += calls;
        }
    }

    /// Adds what came of a request.
    pub(super) fn end(&mut self, number: u64, status: Option<u16>) {
        if let Some(record) = self.get_mut(number) {
            record.status = status;
        }
    }

    /// The record with this number, if it is still kept.
    fn get_mut(&mut self, number: u64) -> Option<&mut RequestRecord> {
        let found = self
            .records
            .binary_search_by_key(&number, |record| record.number);
        self.records.get_mut(found.ok()?)
    }

    pub(super) fn list(&self) -> Vec<RequestRecord> {
        self.records.iter().cloned().collect()
    }

    /// Forgets all requests. Numbers are not given twice.
    pub(super) fn clear(&mut self) {
        self.records.clear();
    }
}

/// A query with the values of secret parameters left out.
pub(super) fn without_secrets(query: &str) -> Cow<'_, str> {
    let is_secret = |pair: &str| {
        let name = form_urlencoded::parse(pair.as_bytes()).next();
        name.is_some_and(|(name, _)| {
            SECRETS
                .iter()
                .any(|secret| name.eq_ignore_ascii_case(secret))
        })
    };
    if !query.split('&').any(is_secret) {
        return Cow::Borrowed(query);
    }
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_secret(pair) => Cow::Owned(format!("{name}=…")),
        _ => Cow::Borrowed(pair),
    });
    Cow::Owned(pairs.collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> RequestRecord {
        RequestRecord {
            number: 0,
            at: SystemTime::UNIX_EPOCH,
            method: "GET".to_owned(),
            path: "/".to_owned(),
            query: None,
            status: None,
            user: None,
            api_calls: 0,
            faults: Vec::new(),
        }
    }

    #[test]
    fn the_newest_requests_are_kept() {
        let mut log = Log::default();
        for _ in 0..LIMIT + 5 {
            log.begin(record());
        }
        let numbers: Vec<_> = log.list().iter().map(|record| record.number).collect();
        assert_eq!(
            (numbers.len(), numbers[0], numbers[LIMIT - 1]),
            (LIMIT, 6, 10_005)
        );
        log.clear();
        log.begin(record());
        assert_eq!(log.list()[0].number, 10_006);
    }

    #[test]
    fn what_came_of_a_request_is_added_if_it_is_kept() {
        let mut log = Log::default();
        let first = log.begin(record());
        let second = log.begin(record());
        log.count_calls(first, 1);
        log.end(first, Some(503));
        assert_eq!(
            (log.list()[0].status, log.list()[0].api_calls),
            (Some(503), 1)
        );
        log.clear();
        log.begin(record());
        log.count_calls(second, 1);
        log.end(second, Some(503));
        assert_eq!(
            log.list(),
            [RequestRecord {
                number: 3,
                ..record()
            }]
        );
    }

    #[test]
    fn secrets_are_left_out() {
        let table = [
            ("", ""),
            ("q=SELECT+Id", "q=SELECT+Id"),
            ("a=1&client_secret=x&b=2", "a=1&client_secret=…&b=2"),
            ("PASSWORD=x", "PASSWORD=…"),
            ("%70assword=x", "%70assword=…"),
            (
                "assertion=a.b.c&refresh_token=r&token=t",
                "assertion=…&refresh_token=…&token=…",
            ),
            ("tokens=1", "tokens=1"),
            ("token", "token"),
        ];
        for (query, expected) in table {
            assert_eq!(without_secrets(query), expected);
        }
    }

    #[test]
    fn times_are_text_in_json() {
        let json = serde_json::to_value(record()).unwrap();
        assert_eq!(json["at"], "1970-01-01T00:00:00Z");
    }
}
