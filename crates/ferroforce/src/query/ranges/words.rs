use crate::error::{Error, Result};
use crate::op::Op;
use crate::query::page::RawPage;
use crate::soql::{Word, words};

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
