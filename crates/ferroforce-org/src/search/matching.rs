//! A term as an expression of SQLite's full-text index.

use rusqlite::Connection;

use super::fields::Column;
use super::index;
use super::term::{Expression, Pattern, Piece};
use crate::error::ApiError;

/// The expression, looked for in some columns; none if nothing can match it.
pub(super) fn expression(
    db: &Connection,
    expression: &Expression,
    columns: &[Column],
    words_joined_by_or: bool,
) -> Result<Option<String>, ApiError> {
    let writer = Writer {
        db,
        words_joined_by_or,
    };
    let written = writer.write(expression)?;
    let Some(written) = written.filter(|_| !columns.is_empty()) else {
        return Ok(None);
    };
    let columns: Vec<&str> = columns.iter().map(|column| column.name()).collect();
    Ok(Some(format!("{{{}}} : ({written})", columns.join(" "))))
}

struct Writer<'a> {
    db: &'a Connection,
    words_joined_by_or: bool,
}

impl Writer<'_> {
    fn write(&self, expression: &Expression) -> Result<Option<String>, ApiError> {
        match expression {
            Expression::Nothing => Ok(None),
            Expression::Words(pattern) => self.words(pattern),
            Expression::Adjacent(parts) => {
                // What is all punctuation is in no record's words.
                let parts: Vec<&Expression> = parts
                    .iter()
                    .filter(|part| !matches!(part, Expression::Words(pattern) if pattern.is_punctuation()))
                    .collect();
                if self.words_joined_by_or {
                    self.any(&parts)
                } else {
                    self.all(&parts)
                }
            }
            Expression::And(parts) => self.all(&parts.iter().collect::<Vec<_>>()),
            Expression::Or(parts) => self.any(&parts.iter().collect::<Vec<_>>()),
            Expression::AndNot(wanted, unwanted) => {
                let Some(wanted) = self.write(wanted)? else {
                    return Ok(None);
                };
                Ok(Some(match self.write(unwanted)? {
                    Some(unwanted) => format!("({wanted}) NOT ({unwanted})"),
                    None => wanted,
                }))
            }
        }
    }

    fn all(&self, parts: &[&Expression]) -> Result<Option<String>, ApiError> {
        let parts: Option<Vec<String>> = parts
            .iter()
            .map(|part| self.write(part))
            .collect::<Result<_, _>>()?;
        Ok(parts
            .filter(|parts| !parts.is_empty())
            .map(|parts| joined(&parts, ") AND (")))
    }

    fn any(&self, parts: &[&Expression]) -> Result<Option<String>, ApiError> {
        let mut found = Vec::new();
        for part in parts {
            found.extend(self.write(part)?);
        }
        Ok((!found.is_empty()).then(|| joined(&found, ") OR (")))
    }

    fn words(&self, pattern: &Pattern) -> Result<Option<String>, ApiError> {
        if pattern.is_punctuation() {
            return Ok(None);
        }
        if let Some(text) = pattern.literal() {
            return Ok(Some(quoted(&text)));
        }
        if let [text @ .., Piece::AnyText] = &pattern.0[..]
            && let Some(text) = Pattern(text.to_vec()).literal()
            && text.ends_with(is_word_character)
        {
            return Ok(Some(format!("{} *", quoted(&text))));
        }
        let is_one_word = pattern.0.iter().all(|piece| match piece {
            Piece::Character(character) => is_word_character(*character),
            _ => true,
        });
        if !is_one_word {
            return Err(ApiError::unsupported(
                "wildcards inside of phrases and of words with punctuation, but at their ends",
            ));
        }
        let folded = folded(&pattern.0);
        let prefix: String = folded
            .iter()
            .map_while(|piece| match piece {
                Piece::Character(character) => Some(*character),
                _ => None,
            })
            .collect();
        let words = index::words(self.db, &prefix, |word| covers(&folded, word))?;
        let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        Ok((!words.is_empty()).then(|| words.join(" OR ")))
    }
}

impl Pattern {
    /// Whether there is nothing in it that the index holds.
    fn is_punctuation(&self) -> bool {
        !self
            .0
            .iter()
            .any(|piece| matches!(piece, Piece::Character(c) if is_word_character(*c)))
    }
}

/// Whether a character is part of a word, and not between two.
pub(super) fn is_word_character(character: char) -> bool {
    character.is_alphanumeric()
}

fn joined(parts: &[String], between: &str) -> String {
    match parts {
        [only] => only.clone(),
        _ => format!("({})", parts.join(between)),
    }
}

/// A word or phrase as FTS5 writes it. A zero would end the expression, and is in no word.
fn quoted(text: &str) -> String {
    let text = text.replace('\0', " ").replace('"', "\"\"");
    format!("\"{text}\"")
}

fn folded(pieces: &[Piece]) -> Vec<Piece> {
    let mut folded = Vec::new();
    for &piece in pieces {
        match piece {
            Piece::Character(character) => {
                folded.extend(character.to_lowercase().map(Piece::Character));
            }
            // Several are one.
            Piece::AnyText if folded.last() == Some(&Piece::AnyText) => {}
            other => folded.push(other),
        }
    }
    folded
}

/// Whether a pattern covers a whole word. Takes steps in the order of their lengths' product at
/// most.
fn covers(pattern: &[Piece], word: &str) -> bool {
    let word: Vec<char> = word.chars().collect();
    let (mut at, mut piece) = (0, 0);
    // Where the last `*` stands, and how much of the word was left to it.
    let mut back: Option<(usize, usize)> = None;
    while at < word.len() {
        match pattern.get(piece) {
            Some(Piece::AnyText) => {
                back = Some((piece, at));
                piece += 1;
            }
            Some(Piece::AnyCharacter) => (at, piece) = (at + 1, piece + 1),
            Some(Piece::Character(character)) if *character == word[at] => {
                (at, piece) = (at + 1, piece + 1);
            }
            _ => {
                let Some((star, taken)) = back else {
                    return false;
                };
                back = Some((star, taken + 1));
                (at, piece) = (taken + 1, star + 1);
            }
        }
    }
    pattern[piece..]
        .iter()
        .all(|piece| *piece == Piece::AnyText)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;

    fn written(term: &str, by_or: bool) -> Result<Option<String>, ApiError> {
        let db = Connection::open_in_memory().unwrap();
        index::create(&db, &Schema::default()).unwrap();
        db.execute_batch("INSERT INTO \"_words\" (rowid, name, email, phone, other) VALUES (1, 'john joan jon johan', '', '', '')")
            .unwrap();
        let read = Expression::read(term).unwrap();
        let found = expression(&db, &read, &[Column::Name], by_or)?;
        if let Some(found) = &found {
            let mut select = db
                .prepare("SELECT 1 FROM \"_words\" WHERE \"_words\" MATCH ?1")
                .unwrap();
            select.exists([found]).unwrap();
        }
        Ok(found)
    }

    #[test]
    fn terms_become_expressions() {
        for (term, expected) in [
            ("joe", "\"joe\""),
            ("joe smith", "(\"joe\") AND (\"smith\")"),
            ("\"joe smith\"", "\"joe smith\""),
            ("joe@acme.com", "\"joe@acme.com\""),
            ("joe@ac*", "\"joe@ac\" *"),
            (
                "joe OR jim AND NOT tom",
                "(\"joe\") OR ((\"jim\") NOT (\"tom\"))",
            ),
            ("jo?n", "\"joan\" OR \"john\""),
            ("J*N", "\"joan\" OR \"johan\" OR \"john\" OR \"jon\""),
            ("joe \\-", "\"joe\""),
            ("say \\\"hi\\\"", "(\"say\") AND (\"\"\"hi\"\"\")"),
        ] {
            let expected = format!("{{name}} : ({expected})");
            assert_eq!(written(term, false).unwrap(), Some(expected), "{term}");
        }
        assert_eq!(
            written("joe smith", true).unwrap().unwrap(),
            "{name} : ((\"joe\") OR (\"smith\"))"
        );
    }

    #[test]
    fn what_matches_nothing_has_no_expression() {
        for term in ["zz?z", "joe AND zz?z", "zz?z AND NOT joe", "\\-\\-"] {
            assert_eq!(written(term, false).unwrap(), None, "{term}");
        }
        assert!(written("joe AND NOT zz?z", false).unwrap().is_some());
        assert!(written("joe OR zz?z", false).unwrap().is_some());
    }

    #[test]
    fn wildcards_within_phrases_are_refused() {
        for term in ["\"mi* meyers\"", "j?e@acme.com", "acme.*"] {
            assert!(written(term, false).is_err(), "{term}");
        }
    }

    #[test]
    fn patterns_cover_whole_words() {
        let covered = |pattern: &str, word: &str| {
            let pieces = pattern.chars().map(|character| match character {
                '*' => Piece::AnyText,
                '?' => Piece::AnyCharacter,
                other => Piece::Character(other),
            });
            covers(&pieces.collect::<Vec<_>>(), word)
        };
        for (pattern, word) in [
            ("jo?n", "john"),
            ("jo*", "jo"),
            ("j*n", "jn"),
            ("j*n", "jonathan"),
            ("a*b*c", "aXbYbZc"),
            ("a*?c", "abc"),
            ("a**", "a"),
        ] {
            assert!(covered(pattern, word), "{pattern} {word}");
        }
        for (pattern, word) in [
            ("jo?n", "jon"),
            ("jo?n", "johan"),
            ("j*n", "jonas"),
            ("a*b*c", "acb"),
            ("a?", "a"),
            ("ab", "abc"),
        ] {
            assert!(!covered(pattern, word), "{pattern} {word}");
        }
    }
}
