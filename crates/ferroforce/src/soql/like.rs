//! Patterns for `LIKE`.

use super::{Literal, LiteralWriter};

/// A pattern for `LIKE`. In the text that it is made from, the wildcards `%` and `_` stand for
/// themselves; only [`pattern`](Self::pattern) takes them as wildcards. `LIKE` does not tell
/// capitals from small letters.
///
/// ```
/// use ferroforce::Soql;
/// use ferroforce::soql::Like;
///
/// let soql = Soql::new("SELECT Id FROM Account WHERE Name LIKE :name")
///     .bind("name", Like::starts_with("100%"));
/// assert_eq!(soql.render()?, r"SELECT Id FROM Account WHERE Name LIKE '100\%%'");
/// # Ok::<(), ferroforce::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Like(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Part {
    /// Text that stands for itself.
    Text(String),
    /// `%` or `_`.
    Wildcard(char),
}

impl Like {
    /// Matches what holds `text` anywhere. The empty text is in everything but null.
    #[must_use]
    pub fn contains(text: impl Into<String>) -> Self {
        Self(vec![
            Part::Wildcard('%'),
            Part::Text(text.into()),
            Part::Wildcard('%'),
        ])
    }

    /// Matches what begins with `text`.
    #[must_use]
    pub fn starts_with(text: impl Into<String>) -> Self {
        Self(vec![Part::Text(text.into()), Part::Wildcard('%')])
    }

    /// Matches what ends with `text`.
    #[must_use]
    pub fn ends_with(text: impl Into<String>) -> Self {
        Self(vec![Part::Wildcard('%'), Part::Text(text.into())])
    }

    /// Matches by a pattern with wildcards of its own: `%` is any text, `_` any one character, and
    /// `\%`, `\_` and `\\` are the characters themselves.
    #[must_use]
    pub fn pattern(pattern: &str) -> Self {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut chars = pattern.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '%' | '_' => {
                    parts.push(Part::Text(std::mem::take(&mut text)));
                    parts.push(Part::Wildcard(c));
                }
                '\\' => text.push(
                    chars
                        .next_if(|c| matches!(c, '%' | '_' | '\\'))
                        .unwrap_or(c),
                ),
                _ => text.push(c),
            }
        }
        parts.push(Part::Text(text));
        Self(parts)
    }
}

impl Literal for Like {
    fn write(&self, out: &mut LiteralWriter) {
        out.quoted(|out| {
            for part in &self.0 {
                match part {
                    Part::Wildcard(c) => out.push(*c),
                    Part::Text(text) => {
                        for c in text.chars() {
                            match c {
                                '%' | '_' => out.extend(['\\', c]),
                                _ => super::literal::escape(c, out),
                            }
                        }
                    }
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Soql;

    fn rendered(like: Like) -> String {
        Soql::new(":like")
            .bind("like", like)
            .render()
            .unwrap()
            .into_owned()
    }

    #[test]
    fn text_stands_for_itself() {
        for (text, inner) in [
            ("abc", "abc"),
            ("", ""),
            ("50%_off", r"50\%\_off"),
            ("it's", r"it\'s"),
            (r"a\b", r"a\\b"),
            (r"\%", r"\\\%"),
            ("\n", r"\n"),
        ] {
            assert_eq!(rendered(Like::contains(text)), format!("'%{inner}%'"));
            assert_eq!(rendered(Like::starts_with(text)), format!("'{inner}%'"));
            assert_eq!(rendered(Like::ends_with(text)), format!("'%{inner}'"));
        }
    }

    #[test]
    fn a_pattern_has_wildcards() {
        for (pattern, literal) in [
            ("", "''"),
            ("%", "'%'"),
            ("J_hn%", "'J_hn%'"),
            (r"100\%", r"'100\%'"),
            (r"a\_b\\%", r"'a\_b\\%'"),
            (r"a\b", r"'a\\b'"),
            (r"a\", r"'a\\'"),
            (r"a\'", r"'a\\\''"),
            ("' OR Name LIKE '%", r"'\' OR Name LIKE \'%'"),
        ] {
            assert_eq!(rendered(Like::pattern(pattern)), literal, "{pattern}");
        }
    }
}
