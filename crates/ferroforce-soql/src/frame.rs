//! The frame that Salesforce puts around an error's text.

/// How many characters of the failing line are shown at most on each side of the error.
const WINDOW: usize = 50;

/// Renders `message` the way Salesforce shows an error at the byte `offset` of `source`: an
/// excerpt of the failing line, a caret below it, the row and column, and the message.
///
/// Rows and columns count characters from one, and leading blank lines are not counted. The
/// excerpt is cut at whole words, at most 50 characters before and after the error. An offset
/// past the end of the source, or inside a character, is moved back to the nearest place that
/// exists.
///
/// ```
/// let soql = "select count() from XYZZY";
/// assert_eq!(
///     ferroforce_soql::frame(soql, 20, "no such object"),
///     "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\nno such object",
/// );
/// ```
#[must_use]
pub fn frame(source: &str, offset: usize, message: &str) -> String {
    let place = Place::of(source, offset);
    let (excerpt, caret) = place.excerpt();
    format!(
        "\n{excerpt}\n{:caret$}^\nERROR at Row:{}:Column:{}\n{message}",
        "", place.row, place.column,
    )
}

/// A position in a source text, with the line it stands on.
pub(crate) struct Place<'a> {
    line: &'a str,
    /// Bytes of the line before the position.
    before: usize,
    /// Counted from one, leading blank lines left out.
    pub(crate) row: usize,
    /// Characters from the line's start, counted from one.
    pub(crate) column: usize,
}

impl<'a> Place<'a> {
    pub(crate) fn of(source: &'a str, offset: usize) -> Self {
        let offset = source.floor_char_boundary(offset);
        let (head, tail) = source.split_at(offset);
        let start = head.rfind('\n').map_or(0, |newline| newline + 1);
        let end = tail
            .find('\n')
            .map_or(source.len(), |newline| offset + newline);
        let line = source[start..end].trim_end_matches('\r');
        let text_start = source.len() - source.trim_start().len();
        let first = source[..text_start.min(start)].matches('\n').count();
        Self {
            line,
            before: (offset - start).min(line.len()),
            row: head.matches('\n').count() - first + 1,
            column: source[start..offset].chars().count() + 1,
        }
    }

    /// The part of the line that is shown, and how many characters of it stand before the error.
    fn excerpt(&self) -> (&'a str, usize) {
        let (head, tail) = self.line.split_at(self.before);
        let head = match head.char_indices().rev().nth(WINDOW - 1) {
            // The window begins inside a word unless a separator stands just before it.
            Some((cut, _)) if cut > 0 => {
                if head[..cut].ends_with(is_separator) {
                    head[cut..].trim_start_matches(is_separator)
                } else {
                    head[cut..]
                        .find(is_separator)
                        .map_or("", |end| head[cut + end..].trim_start_matches(is_separator))
                }
            }
            _ => head,
        };
        let tail = match tail.char_indices().nth(WINDOW) {
            Some((cut, next)) if !is_separator(next) => tail[..cut]
                .rfind(is_separator)
                .map_or(&tail[..cut], |end| &tail[..end]),
            Some((cut, _)) => &tail[..cut],
            None => tail,
        };
        let tail = if tail.len() < self.line.len() - self.before {
            tail.trim_end_matches(is_separator)
        } else {
            tail
        };
        let start = self.before - head.len();
        (
            &self.line[start..self.before + tail.len()],
            head.chars().count(),
        )
    }
}

fn is_separator(character: char) -> bool {
    character.is_whitespace() || character == ','
}

#[cfg(test)]
mod tests {
    use super::frame;

    #[test]
    fn a_short_line_is_shown_whole() {
        assert_eq!(
            frame("SELECT Foo FROM Account", 7, "No."),
            "\nSELECT Foo FROM Account\n       ^\nERROR at Row:1:Column:8\nNo."
        );
    }

    #[test]
    fn only_the_failing_line_is_shown() {
        assert_eq!(
            frame("SELECT Id\r\nFROM Foo__c\r\nLIMIT 1", 16, "No."),
            "\nFROM Foo__c\n     ^\nERROR at Row:2:Column:6\nNo."
        );
    }

    #[test]
    fn leading_blank_lines_are_not_counted() {
        assert_eq!(
            frame("\n  \nSELECT Id\nFROM Foo__c", 19, "No."),
            "\nFROM Foo__c\n     ^\nERROR at Row:2:Column:6\nNo."
        );
    }

    #[test]
    fn a_long_line_is_cut_at_whole_words() {
        let soql = "SELECT Id, Created_From_A_Very_Long_Name__c, Web_Email__c, Case_Summary__c, \
                    Bad__c, Escalation_Contact__c, Another_Escalation_Contact__c FROM Case";
        let offset = soql.find("Bad__c").unwrap();
        assert_eq!(
            frame(soql, offset, "No."),
            format!(
                "\nWeb_Email__c, Case_Summary__c, Bad__c, Escalation_Contact__c\n{}^\n\
                 ERROR at Row:1:Column:{}\nNo.",
                " ".repeat(31),
                offset + 1
            )
        );
    }

    #[test]
    fn one_endless_word_is_cut_hard() {
        let text = "x".repeat(500);
        assert_eq!(
            frame(&text, 250, "No."),
            format!("\n{}\n^\nERROR at Row:1:Column:251\nNo.", "x".repeat(50))
        );
    }

    #[test]
    fn columns_count_characters_and_odd_offsets_do_no_harm() {
        assert_eq!(
            frame("é = 'ü' x", 10, "No."),
            "\né = 'ü' x\n        ^\nERROR at Row:1:Column:9\nNo."
        );
        assert_eq!(frame("é", 1, "No."), frame("é", 0, "No."));
        assert_eq!(frame("", 9, "No."), "\n\n^\nERROR at Row:1:Column:1\nNo.");
    }
}
