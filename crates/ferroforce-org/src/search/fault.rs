//! What is said about searches that can't be done.

use ferroforce_soql::frame;

use super::term::TermError;
use crate::error::{ApiError, excerpt};

/// The code of searches that can't be read.
pub(crate) const MALFORMED: &str = "MALFORMED_SEARCH";

/// A mistake in the term that begins at a byte of the search, behind its brace.
pub(super) fn of_term(sosl: &str, start: usize, term: &str, error: TermError) -> ApiError {
    match error {
        TermError::Reserved(at, found) => mismatched(sosl, start + at, found, '}'),
        TermError::OpenPhrase => mismatched(sosl, start + term.len(), '}', '"'),
        TermError::Unexpected(at, token) => {
            let token = token.as_deref().map_or("}".into(), excerpt);
            malformed(frame(
                sosl,
                start + at,
                &format!("unexpected token: '{token}'"),
            ))
        }
        TermError::TooShort => ApiError::bad_request(
            "INVALID_SEARCH",
            format!(
                "search term must be longer than one character: {}",
                excerpt(term)
            ),
        ),
        TermError::TooDeep => ApiError::unsupported("terms that are nested so deeply"),
    }
}

/// A character in the place of another. This mistake's columns are counted from zero.
fn mismatched(sosl: &str, at: usize, found: char, expected: char) -> ApiError {
    let before = sosl.get(..at).unwrap_or(sosl);
    let row = before.matches('\n').count() + 1;
    let line = before.rsplit('\n').next().unwrap_or(before);
    let column = line.chars().count();
    let message =
        format!("line {row}:{column} mismatched character '{found}' expecting '{expected}'");
    let last = line.chars().next_back().map_or(0, char::len_utf8);
    malformed(frame(sosl, at - last, &message))
}

pub(super) fn malformed(message: impl Into<std::borrow::Cow<'static, str>>) -> ApiError {
    ApiError::bad_request(MALFORMED, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As an org told them.
    #[test]
    fn reserved_characters_are_told_as_recorded() {
        for (sosl, at, found, message) in [
            (
                "FIND {John|jane_gray@uoa.edu} RETURNING Contact",
                4,
                '|',
                "\nFIND {John|jane_gray@uoa.edu} RETURNING Contact\n         ^\nERROR at Row:1:Column:10\nline 1:10 mismatched character '|' expecting '}'",
            ),
            (
                "FIND {Marie-Pier Martin}",
                5,
                '-',
                "\nFIND {Marie-Pier Martin}\n          ^\nERROR at Row:1:Column:11\nline 1:11 mismatched character '-' expecting '}'",
            ),
        ] {
            let error = of_term(sosl, 6, "", TermError::Reserved(at, found));
            assert_eq!(error.items()[0].message, message);
            assert_eq!(error.items()[0].code, "MALFORMED_SEARCH");
        }
    }
}
