use std::fmt;

/// What has a meaning of its own in the text that SOSL searches for.
const RESERVED: &str = "?&|!{}[]()^~*:\\\"'+-";

/// What to search for. Whatever the text holds, it is searched for and never
/// becomes syntax: wildcards and brackets are escaped, and the words `AND`, `OR`
/// and `NOT` are put into quotes.
///
/// ```
/// use ferroforce::search::{Sosl, Term};
///
/// let sosl = |term: Term| Sosl::new("FIND {:term}").term("term", term).render().map(String::from);
/// assert_eq!(sosl(Term::words("AT&T (UK)"))?, r"FIND {AT\&T \(UK\)}");
/// assert_eq!(sosl(Term::starts_with("Love"))?, "FIND {Love*}");
/// assert_eq!(sosl(Term::phrase("Rock and Roll"))?, r#"FIND {"Rock and Roll"}"#);
/// # Ok::<(), ferroforce::Error>(())
/// ```
///
/// `Debug` does not show the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Term(Result<String, &'static str>);

impl Term {
    /// All of these words, anywhere.
    pub fn words(text: impl AsRef<str>) -> Self {
        Self(words(text.as_ref()))
    }

    /// All of these words, of which the last may go on.
    pub fn starts_with(text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        let last = text.split_whitespace().next_back().unwrap_or_default();
        let mut written = words(text);
        if let Ok(written) = &mut written {
            // A word that goes on is no operator, and between quotes it would not go on.
            if is_operator(last) {
                written.truncate(written.len() - last.len() - 2);
                written.push_str(last);
            }
            written.push('*');
        }
        Self(written)
    }

    /// These words, one after the other.
    pub fn phrase(text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        Self(words(text).map(|_| format!("\"{}\"", escaped(text.trim()))))
    }

    pub(super) fn into_text(self) -> Result<String, String> {
        self.0.map_err(str::to_owned)
    }
}

fn words(text: &str) -> Result<String, &'static str> {
    let mut out = String::with_capacity(text.len() + 8);
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        if is_operator(word) {
            out.extend(["\"", word, "\""]);
        } else {
            out.push_str(&escaped(word));
        }
    }
    if out.is_empty() {
        return Err("there is nothing to search for");
    }
    Ok(out)
}

fn is_operator(word: &str) -> bool {
    let operators = ["and", "or", "not"];
    operators
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known))
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if RESERVED.contains(c) {
            out.push('\\');
        }
        out.push(if c.is_control() { ' ' } else { c });
    }
    out
}

impl From<&str> for Term {
    fn from(text: &str) -> Self {
        Self::words(text)
    }
}

impl From<String> for Term {
    fn from(text: String) -> Self {
        Self::words(text)
    }
}

impl fmt::Debug for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Term")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_never_becomes_syntax() {
        for (text, written) in [
            ("Ada", "Ada"),
            ("  Ada\t Lovelace\n", "Ada Lovelace"),
            ("O'Hara", r"O\'Hara"),
            ("a} RETURNING User(Id", r"a\} RETURNING User\(Id"),
            ("cats AND dogs or Not", r#"cats "AND" dogs "or" "Not""#),
            ("an\\d \"x\"", r#"an\\d \"x\""#),
            ("*", r"\*"),
            ("?&|!{}[]()^~*:+-", r"\?\&\|\!\{\}\[\]\(\)\^\~\*\:\+\-"),
            ("naïve 東京", "naïve 東京"),
        ] {
            assert_eq!(Term::words(text).into_text().unwrap(), written);
        }
        assert_eq!(
            Term::starts_with("a* AND").into_text().unwrap(),
            r"a\* AND*"
        );
        assert_eq!(
            Term::starts_with("cats AND say \"x\"").into_text().unwrap(),
            r#"cats "AND" say \"x\"*"#
        );
        assert_eq!(
            Term::starts_with("this OR that or").into_text().unwrap(),
            r#"this "OR" that or*"#
        );
        assert_eq!(
            Term::phrase(" say \"x\" AND ").into_text().unwrap(),
            r#""say \"x\" AND""#
        );
        for empty in ["", " ", "\n"] {
            assert!(Term::words(empty).into_text().is_err());
            assert!(Term::starts_with(empty).into_text().is_err());
            assert!(Term::phrase(empty).into_text().is_err());
        }
    }
}
