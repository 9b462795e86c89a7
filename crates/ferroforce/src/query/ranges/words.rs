use crate::error::{Error, Result};
use crate::op::Op;
use crate::query::page::RawPage;

/// What counts or groups over all rows, and would do so in each range.
const REFUSED: [&str; 3] = ["LIMIT", "OFFSET", "GROUP"];

/// What gives one row for all rows, and would give one for each range.
const AGGREGATES: [&str; 6] = ["COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"];

/// What stands for the range in the query that is checked.
pub(super) const MARK: &str = "Range__of__ids";

/// Refuses a query that means something else in ranges than as a whole. It has
/// [`MARK`] where the range is to be put.
pub(super) fn check(first_page: &Op<RawPage>) -> Result<()> {
    let text = first_page
        .query_pairs()
        .iter()
        .find(|(name, _)| name == "q")
        .map_or("", |(_, text)| text);
    let words: Vec<Word<'_>> = words(text).collect();
    let any_of = |known: &[&str], word: &Word<'_>| known.iter().any(|known| word.is(known));
    if let Some(word) = words
        .iter()
        .find(|word| any_of(&REFUSED, word) || (word.called && any_of(&AGGREGATES, word)))
    {
        return Err(Error::invalid_input(format!(
            "a query with {} cannot be read in ranges: it would count in each of them anew",
            word.text.to_ascii_uppercase()
        )));
    }
    // A row that is found by another condition instead would come in every range.
    if words.iter().any(|word| word.is("OR")) {
        return Err(Error::invalid_input(
            "a query that is read in ranges has its conditions with OR in parentheses, or rows \
             would come more than once",
        ));
    }
    let mut places = words.iter().enumerate().filter(|(_, word)| word.is(MARK));
    let stands_alone = match (places.next(), places.next()) {
        (Some((place, _)), None) => place
            .checked_sub(1)
            .is_some_and(|before| any_of(&["WHERE", "AND"], &words[before])),
        _ => false,
    };
    if stands_alone {
        Ok(())
    } else {
        Err(Error::invalid_input(
            ":range stands once in the WHERE of the query itself, outside of parentheses: \
             WHERE :range AND …",
        ))
    }
}

/// A word, and whether a parenthesis follows it.
struct Word<'a> {
    text: &'a str,
    called: bool,
}

impl Word<'_> {
    fn is(&self, known: &str) -> bool {
        self.text.eq_ignore_ascii_case(known)
    }
}

/// The words outside of quotes and parentheses.
fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
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
                        return Some(Word {
                            text: &text[start..at],
                            called: text[at..].trim_start().starts_with('('),
                        });
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
        let found = |text| words(text).map(|word| word.text).collect::<Vec<_>>();
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
