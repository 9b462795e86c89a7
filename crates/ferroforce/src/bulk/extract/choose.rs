//! Which way a query goes, and why: a function of its text and of how many rows it has.

use crate::soql::{Word, words};

/// The way that rows come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Road {
    /// A query of the REST API: quick for few rows.
    Rest,
    /// A job of Bulk API 2.0: cheap for many.
    Bulk,
}

impl Road {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rest => "REST",
            Self::Bulk => "Bulk API 2.0",
        }
    }
}

/// What was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) road: Road,
    pub(super) reason: &'static str,
    pub(super) rows: Option<u64>,
}

/// What a job cannot do.
const REST_ONLY: [&str; 3] = ["OFFSET", "TYPEOF", "HAVING"];
const AGGREGATES: [&str; 6] = ["COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"];

/// What the text alone decides.
pub(super) fn by_text(text: &str, most: u64) -> Option<Choice> {
    let only_rest = Choice {
        road: Road::Rest,
        reason: "the query has what no job can do: it groups, counts, skips rows or has subqueries",
        rows: None,
    };
    let all: Vec<Word<'_>> = words(text).collect();
    let listed = |known: &[&str], word: &Word<'_>| known.iter().any(|known| word.is(known));
    // An object may be called Group.
    let groups = all
        .windows(2)
        .any(|pair| pair[0].is("GROUP") && pair[1].is("BY"));
    if groups
        || has_subquery(text)
        || all
            .iter()
            .any(|word| listed(&REST_ONLY, word) || (word.called && listed(&AGGREGATES, word)))
    {
        return Some(only_rest);
    }
    let limit = limit(text)?;
    (limit <= most).then_some(Choice {
        road: Road::Rest,
        reason: "its LIMIT is low",
        rows: Some(limit),
    })
}

/// What the number of rows decides.
pub(super) fn by_rows(rows: u64, most: u64, estimated: bool) -> Choice {
    let (road, reason) = match (rows <= most, estimated) {
        (true, false) => (Road::Rest, "it has few rows"),
        (false, false) => (Road::Bulk, "it has many rows"),
        (true, true) => (Road::Rest, "it is thought to have few rows"),
        (false, true) => (Road::Bulk, "it is thought to have many rows"),
    };
    Choice {
        road,
        reason,
        rows: Some(rows),
    }
}

/// What keeps Salesforce from dividing a job's query by ids.
pub(super) fn undivided(text: &str) -> Option<&'static str> {
    let mut limit = false;
    let mut order = false;
    for word in words(text) {
        limit |= word.is("LIMIT");
        order |= word.is("ORDER");
    }
    match (limit, order) {
        (false, false) => None,
        (true, false) => Some("LIMIT switches PK chunking off: a large query may run out of time"),
        (false, true) => {
            Some("ORDER BY switches PK chunking off: a large query may run out of time")
        }
        (true, true) => {
            Some("LIMIT and ORDER BY switch PK chunking off: a large query may run out of time")
        }
    }
}

/// The number behind the `LIMIT` of the query itself.
fn limit(text: &str) -> Option<u64> {
    let word = words(text).filter(|word| word.is("LIMIT")).last()?;
    let at = word.text.as_ptr().addr() - text.as_ptr().addr() + word.text.len();
    let digits: String = text[at..]
        .trim_start()
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().ok()
}

/// Whether a query stands in parentheses before the first `FROM` of the query itself.
fn has_subquery(text: &str) -> bool {
    let Some(from) = words(text).find(|word| word.is("FROM")) else {
        return false;
    };
    let list = &text[..from.text.as_ptr().addr() - text.as_ptr().addr()];
    list.split('(')
        .skip(1)
        .any(|inside| words(inside).next().is_some_and(|word| word.is("SELECT")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_job_can_do_goes_by_rest() {
        for (text, road) in [
            ("SELECT Id FROM A", None),
            ("SELECT Id FROM A WHERE X IN (SELECT AId FROM B)", None),
            ("SELECT Id, (SELECT Id FROM Bs) FROM A", Some(Road::Rest)),
            ("SELECT Id, ( select Id FROM Bs) FROM A", Some(Road::Rest)),
            ("SELECT COUNT() FROM A", Some(Road::Rest)),
            ("SELECT MAX(X) FROM A", Some(Road::Rest)),
            ("SELECT Max FROM A", None),
            ("SELECT X FROM A GROUP BY X", Some(Road::Rest)),
            ("SELECT Id FROM Group", None),
            ("SELECT Id FROM A OFFSET 5", Some(Road::Rest)),
            (
                "SELECT TYPEOF Who WHEN User THEN Id END FROM A",
                Some(Road::Rest),
            ),
            ("SELECT Id FROM A LIMIT 100", Some(Road::Rest)),
            ("SELECT Id FROM A LIMIT  101", None),
            ("SELECT Id FROM A WHERE N = 'LIMIT 5'", None),
            ("", None),
        ] {
            assert_eq!(by_text(text, 100).map(|choice| choice.road), road, "{text}");
        }
    }

    #[test]
    fn the_number_of_rows_decides() {
        assert_eq!(by_rows(100, 100, false).road, Road::Rest);
        assert_eq!(by_rows(101, 100, false).road, Road::Bulk);
        assert_ne!(by_rows(5, 9, true).reason, by_rows(5, 9, false).reason);
    }

    #[test]
    fn what_switches_chunking_off_is_known() {
        assert_eq!(undivided("SELECT Id FROM A WHERE L = 'x LIMIT y'"), None);
        for (text, said) in [
            ("SELECT Id FROM A LIMIT 5", "LIMIT switches"),
            ("SELECT Id FROM A order by Id", "ORDER BY switches"),
            ("SELECT Id FROM A ORDER BY Id LIMIT 5", "LIMIT and ORDER BY"),
        ] {
            assert!(undivided(text).unwrap().starts_with(said), "{text}");
        }
    }
}
