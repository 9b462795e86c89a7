//! Input shown in an error message.

use std::fmt;

/// The longest input that an error repeats, in characters.
const LONGEST: usize = 60;

/// Input of any length and content, made fit for one line of an error message: quoted, control
/// characters escaped, cut when long.
pub(crate) struct Excerpt<'a>(pub(crate) &'a str);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(LONGEST) {
            Some((end, _)) => write!(f, "{:?}… ({} bytes)", &self.0[..end], self.0.len()),
            None => write!(f, "{:?}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_input_is_quoted_whole() {
        assert_eq!(Excerpt("a\"b\n").to_string(), r#""a\"b\n""#);
        assert_eq!(Excerpt("").to_string(), "\"\"");
    }

    #[test]
    fn long_input_is_cut_on_a_character() {
        let shown = Excerpt(&"ä".repeat(1_000_000)).to_string();
        assert_eq!(shown, format!("\"{}\"… (2000000 bytes)", "ä".repeat(60)));
    }
}
