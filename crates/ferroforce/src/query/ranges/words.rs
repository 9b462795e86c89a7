use crate::error::{Error, Result};
use crate::op::Op;
use crate::query::page::RawPage;

/// What counts or groups over all rows, and would do so in each range.
const REFUSED: [&str; 3] = ["LIMIT", "OFFSET", "GROUP"];

/// Refuses a query that means something else in ranges than as a whole.
pub(super) fn check(first_page: &Op<RawPage>) -> Result<()> {
    let text = first_page
        .query_pairs()
        .iter()
        .find(|(name, _)| name == "q")
        .map_or("", |(_, text)| text);
    match words(text).find(|word| REFUSED.iter().any(|no| no.eq_ignore_ascii_case(word))) {
        Some(word) => Err(Error::invalid_input(format!(
            "a query with {} cannot be read in ranges: it would count in each of them anew",
            word.to_ascii_uppercase()
        ))),
        None => Ok(()),
    }
}

/// The words outside of quotes and parentheses.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut depth = 0_usize;
    std::iter::from_fn(move || {
        while let Some(c) = bytes.get(at) {
            match c {
                b'\'' => at = behind_string(bytes, at),
                b'(' => {
                    depth += 1;
                    at += 1;
                }
                b')' => {
                    depth = depth.saturating_sub(1);
                    at += 1;
                }
                c if c.is_ascii_alphabetic() => {
                    let start = at;
                    let is_part = |c: &&u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.');
                    at += bytes[at..].iter().take_while(is_part).count();
                    if depth == 0 {
                        return Some(&text[start..at]);
                    }
                }
                _ => at += 1,
            }
        }
        None
    })
}

fn behind_string(bytes: &[u8], quote: usize) -> usize {
    let mut at = quote + 1;
    while let Some(c) = bytes.get(at) {
        match c {
            b'\'' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_of_the_query_itself_count() {
        let found = |text| words(text).collect::<Vec<_>>();
        assert_eq!(
            found(
                "SELECT Id, (SELECT Id FROM Contacts LIMIT 1) FROM A WHERE N = 'x LIMIT \\' 1' LIMIT 5"
            ),
            ["SELECT", "Id", "FROM", "A", "WHERE", "N", "LIMIT"]
        );
        assert_eq!(found("Limit__c a.Limit 'ö' ö"), ["Limit__c", "a.Limit"]);
        assert!(found("'LIMIT").is_empty());
    }
}
