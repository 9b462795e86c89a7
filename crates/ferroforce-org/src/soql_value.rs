//! Values as SOQL writes them.

/// A text in quotes.
pub(crate) fn text(value: &str) -> String {
    let mut soql = String::with_capacity(value.len() + 2);
    soql.push('\'');
    for character in value.chars() {
        match character {
            '\'' | '\\' => {
                soql.push('\\');
                soql.push(character);
            }
            '\n' => soql.push_str("\\n"),
            '\r' => soql.push_str("\\r"),
            character => soql.push(character),
        }
    }
    soql.push('\'');
    soql
}

/// A text that others begin with, contain, or end with: what stands for other characters in
/// patterns stands for itself.
pub(crate) fn pattern(before: &str, value: &str, after: &str) -> String {
    let value = text(value).replace('%', "\\%").replace('_', "\\_");
    let value = &value[1..value.len() - 1];
    format!("'{before}{value}{after}'")
}

/// A number, date, moment or word without quotes, if it is one: nothing of these can end the
/// value and begin something else.
pub(crate) fn bare(value: &str) -> Option<&str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.' | ':' | '_');
    (!value.is_empty() && value.chars().all(plain)).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_texts() {
        assert_eq!(text("O'Neil \\ \n\r"), r"'O\'Neil \\ \n\r'");
        assert_eq!(pattern("%", "5%_'", ""), r"'%5\%\_\''");
    }

    #[test]
    fn only_what_is_one_word_goes_without_quotes() {
        for word in [
            "1.5",
            "-2",
            "2026-01-01T00:00:00+01:00",
            "LAST_N_DAYS:3",
            "true",
        ] {
            assert_eq!(bare(word), Some(word));
        }
        for other in ["", "1 OR Name != null", "'x'", "a)"] {
            assert_eq!(bare(other), None);
        }
    }
}
