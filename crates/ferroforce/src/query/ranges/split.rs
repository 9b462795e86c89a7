use std::fmt;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::query::Query;
use crate::query::ask::Ask;
use crate::soql::Soql;
use crate::types::RecordId;

/// The digits of ids, in their order.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A range of ids: from one on, up to before another. Without one it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    from: Option<RecordId>,
    before: Option<RecordId>,
}

impl Range {
    pub(super) fn whole() -> Self {
        Self {
            from: None,
            before: None,
        }
    }
}

/// The condition.
impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from, self.before) {
            (None, None) => f.write_str("Id != null"),
            (Some(from), None) => write!(f, "Id >= '{from}'"),
            (None, Some(before)) => write!(f, "Id < '{before}'"),
            (Some(from), Some(before)) => write!(f, "(Id >= '{from}' AND Id < '{before}')"),
        }
    }
}

/// Ids of an object without a gap that is known: the first and the last.
#[derive(Clone, Copy)]
struct Stretch {
    first: RecordId,
    last: RecordId,
}

impl Stretch {
    fn width(&self) -> u128 {
        number(self.last).saturating_sub(number(self.first))
    }
}

/// Ranges that cover all ids, of about the same size each.
///
/// The ids of a large object lie in blocks with wide gaps between them. So the widest
/// stretch is halved again and again, and each half shrinks to the ids that it has.
pub(super) async fn split(query: &Query, object: &str, count: usize) -> Result<Vec<Range>> {
    let ids = Ids { query, object };
    let (Some(first), Some(last)) = (
        ids.find("SELECT Id FROM :object ORDER BY Id LIMIT 1", None)
            .await?,
        ids.find("SELECT Id FROM :object ORDER BY Id DESC LIMIT 1", None)
            .await?,
    ) else {
        return Ok(vec![Range::whole()]);
    };
    let mut stretches = vec![Stretch { first, last }];
    while stretches.len() < count {
        let widest = (0..stretches.len()).max_by_key(|&at| stretches[at].width());
        let Some(at) = widest.filter(|&at| stretches[at].width() > 0) else {
            break;
        };
        let Stretch { first, last } = stretches[at];
        let middle = number(first) + (number(last) - number(first)).div_ceil(2);
        let middle = id(middle)?;
        let above = "SELECT Id FROM :object WHERE Id >= :id ORDER BY Id LIMIT 1";
        let below = "SELECT Id FROM :object WHERE Id < :id ORDER BY Id DESC LIMIT 1";
        let (begin, end) = (
            ids.find(above, Some(middle)).await?,
            ids.find(below, Some(middle)).await?,
        );
        // Rows may have gone meanwhile, so what is found is fitted in.
        let begin = begin
            .filter(|id| (first < *id) && *id <= last)
            .unwrap_or(last);
        let end = end
            .filter(|id| first <= *id && *id < begin)
            .unwrap_or(first);
        stretches[at] = Stretch { first, last: end };
        stretches.push(Stretch { first: begin, last });
    }
    let mut borders: Vec<RecordId> = stretches.iter().map(|stretch| stretch.first).collect();
    borders.sort_unstable();
    borders.dedup();
    let mut ranges = Vec::with_capacity(borders.len());
    let mut from = None;
    for border in borders.into_iter().skip(1) {
        ranges.push(Range {
            from,
            before: Some(border),
        });
        from = Some(border);
    }
    ranges.push(Range { from, before: None });
    Ok(ranges)
}

/// Finds single ids, as the query itself is asked.
struct Ids<'a> {
    query: &'a Query,
    object: &'a str,
}

impl Ids<'_> {
    async fn find(&self, text: &'static str, near: Option<RecordId>) -> Result<Option<RecordId>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Row {
            id: RecordId,
        }
        let mut soql = Soql::new(text).name("object", self.object);
        if let Some(id) = near {
            soql = soql.bind("id", id);
        }
        let (tooling, deleted_too) = match &self.query.ask {
            Ask::Soql {
                tooling,
                deleted_too,
                ..
            } => (*tooling, *deleted_too),
            Ask::Named { .. } => {
                return Err(Error::invalid_input("a named query has no ranges"));
            }
        };
        let query = Query {
            client: self.query.client.clone(),
            ask: Ask::Soql {
                soql,
                tooling,
                deleted_too,
            },
            settings: self.query.settings.clone(),
            from: None,
        };
        let row: Option<Row> = query.fetch_optional().await?;
        Ok(row.map(|row| row.id))
    }
}

/// An id as the number that its 15 digits write.
fn number(id: RecordId) -> u128 {
    id.short().bytes().fold(0, |number, c| {
        // An id has these digits only.
        let digit = DIGITS.iter().position(|digit| *digit == c).unwrap_or(0);
        number * 62 + digit as u128
    })
}

fn id(mut number: u128) -> Result<RecordId> {
    let mut digits = [b'0'; 15];
    for place in digits.iter_mut().rev() {
        *place = DIGITS[(number % 62) as usize];
        number /= 62;
    }
    digits
        .iter()
        .map(|digit| char::from(*digit))
        .collect::<String>()
        .parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_numbers_whose_order_is_theirs() {
        let mut ids: Vec<RecordId> = [
            "001300000000000",
            "00130000000132G",
            "001300000000zzz",
            "00130000000a000",
            "001Z00000000000",
            "a01300000000000",
        ]
        .iter()
        .map(|id| id.parse().unwrap())
        .collect();
        for known in &ids {
            assert_eq!(id(number(*known)).unwrap(), *known);
        }
        // As chunks of 250,000 are documented to be cut.
        let chunk = "00130000000132G".parse().unwrap();
        assert_eq!(number(chunk) - number(ids[0]), 250_000);
        ids.sort_unstable();
        assert!(ids.is_sorted_by_key(|id| number(*id)));
    }

    #[test]
    fn ranges_are_conditions() {
        let id = |text: &str| Some(text.parse::<RecordId>().unwrap());
        let (a, b) = (id("001300000000000"), id("001300000000001"));
        for (from, before, text) in [
            (None, None, "Id != null"),
            (None, b, "Id < '001300000000001AAA'"),
            (a, None, "Id >= '001300000000000AAA'"),
            (
                a,
                b,
                "(Id >= '001300000000000AAA' AND Id < '001300000000001AAA')",
            ),
        ] {
            assert_eq!(Range { from, before }.to_string(), text);
        }
    }
}
