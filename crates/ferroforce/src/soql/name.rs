//! Names of objects and fields.

use crate::types::Excerpt;

/// Refuses what is not a name or a path of names with points between them.
pub(super) fn check(name: &str) -> Result<(), String> {
    if name.split('.').all(is_name) {
        return Ok(());
    }
    Err(format!(
        "{} is not a name: a name begins with a letter and has only ASCII letters, digits and \
         underscores, with points between the parts of a path",
        Excerpt(name)
    ))
}

fn is_name(part: &str) -> bool {
    part.starts_with(|c: char| c.is_ascii_alphabetic())
        && part.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths() {
        for name in [
            "Id",
            "a",
            "Custom__c",
            "ns__Custom__r",
            "Account.Owner.Profile.Name",
            "A1",
        ] {
            assert_eq!(check(name), Ok(()));
        }
        for name in [
            "", " ", "1A", "_A", "A.", ".A", "A..B", "A B", "A,B", "A'", "A-B", "A(B)", "COUNT()",
            "A\n", "Ä", "A;", "A--", "A/*", "A.1", "a\u{0}",
        ] {
            assert!(check(name).unwrap_err().contains("is not a name"), "{name}");
        }
    }
}
