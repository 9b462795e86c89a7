//! Patterns of paths.

/// Whether a path is the one of a pattern or below it. Letter case is ignored.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    let pattern = pattern.strip_suffix('/').unwrap_or(pattern).as_bytes();
    let path = path.as_bytes();
    // Where the last star stood, and how much of the path it has taken so far.
    let (mut at, mut in_path, mut star) = (0, 0, None);
    loop {
        if at == pattern.len() && (in_path == path.len() || path[in_path] == b'/') {
            return true;
        }
        if pattern.get(at) == Some(&b'*') {
            star = Some((at, in_path));
            at += 1;
        } else if in_path < path.len()
            && pattern
                .get(at)
                .is_some_and(|byte| byte.eq_ignore_ascii_case(&path[in_path]))
        {
            at += 1;
            in_path += 1;
        } else if let Some((star_at, taken)) = star
            && taken < path.len()
        {
            star = Some((star_at, taken + 1));
            at = star_at + 1;
            in_path = taken + 1;
        } else {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_and_paths() {
        let table = [
            ("/services/data", "/services/data", true),
            ("/services/data/", "/services/data/v66.0/query", true),
            ("/services/data", "/services/database", false),
            ("/services/data", "/services", false),
            (
                "/SERVICES/data/*/QUERY",
                "/services/data/v66.0/query/01g-2000",
                true,
            ),
            (
                "/services/data/*/query",
                "/services/data/v66.0/queryAll",
                false,
            ),
            (
                "/services/data/*/query*",
                "/services/data/v66.0/queryAll",
                true,
            ),
            ("*", "/anything", true),
            (
                "*/Account",
                "/services/data/v66.0/sobjects/Account/001",
                true,
            ),
            ("*Account*", "/services/data/v66.0/sobjects/Accounts", true),
            ("*Contact", "/services/data/v66.0/sobjects/Account", false),
            ("/a*b*c", "/axxbxxbxxc/d", true),
            ("/a*b*c", "/axxbxxbxxcd", false),
            ("", "/anything", true),
            ("/", "/anything", true),
        ];
        for (pattern, path, expected) in table {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        let pattern = "*a".repeat(2000);
        assert!(!matches(&pattern, &"a/".repeat(1000)));
    }

    proptest! {
        #[test]
        fn a_pattern_is_met_by_what_its_stars_stand_for(
            parts in prop::collection::vec("[a-z/]{0,5}", 1..6),
            taken in prop::collection::vec("[a-z/]{0,5}", 5),
            below in "(/[a-z]{1,3}){0,2}",
        ) {
            let path: String = parts.iter().zip(taken).map(|(part, taken)| format!("{part}{taken}")).collect();
            let pattern: String = parts.iter().map(|part| format!("{part}*")).collect();
            let full_path = format!("{}{}", path, below);
            prop_assert!(matches(&pattern, &full_path), "{} {}", pattern, full_path);
        }

        #[test]
        fn a_pattern_without_stars_is_met_by_itself_and_below(path in "(/[a-z]{1,4}){1,4}", more in "[a-z]{1,3}") {
            let below = format!("{}/{}", path, more);
            let beside = format!("{}{}", path, more);
            prop_assert!(matches(&path, &path) && matches(&path, &below));
            prop_assert!(!matches(&path, &beside));
            prop_assert!(!matches(&below, &path));
        }
    }
}
