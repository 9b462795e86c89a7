//! The words of a query, for what depends on its clauses.

/// A word, and whether a parenthesis follows it.
pub(crate) struct Word<'a> {
    pub(crate) text: &'a str,
    pub(crate) called: bool,
}

impl Word<'_> {
    pub(crate) fn is(&self, known: &str) -> bool {
        self.text.eq_ignore_ascii_case(known)
    }
}

/// The words outside of quotes and parentheses.
pub(crate) fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
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
