//! How many records a search answers.

/// The most that a search answers, of all objects together.
pub(super) const MOST_ROWS: usize = 2_000;

/// The same before API 28.0.
const MOST_ROWS_BEFORE: usize = 200;

/// The first version of the API in which more are answered.
const MORE_SINCE: u16 = 28;

/// The most of one object, unless it is alone and filtered or sorted.
const MOST_OF_AN_OBJECT: usize = 250;

/// How many records there may be of all objects together.
pub(super) fn overall(version: u16, limit: Option<i64>) -> usize {
    let most = if version < MORE_SINCE {
        MOST_ROWS_BEFORE
    } else {
        MOST_ROWS
    };
    limit.map_or(most, |limit| usize::try_from(limit).unwrap_or(0).min(most))
}

/// How many records there may be of one of this many objects.
pub(super) fn of_each(objects: usize, filtered_or_sorted: bool) -> usize {
    match objects {
        0 | 1 if filtered_or_sorted => MOST_ROWS,
        0 | 1 => MOST_OF_AN_OBJECT,
        _ => MOST_OF_AN_OBJECT.min(MOST_ROWS / objects),
    }
}

/// Shares the places of an answer evenly among objects of which this many records were found:
/// what one object does not need the others get.
pub(super) fn share(found: &[usize], places: usize) -> Vec<usize> {
    let mut shares = vec![0; found.len()];
    let mut left = places;
    let mut hungry: Vec<usize> = (0..found.len()).filter(|&each| found[each] > 0).collect();
    while left > 0 && !hungry.is_empty() {
        // What is left of an even division goes to the first.
        let portion = (left / hungry.len()).max(1);
        for &each in &hungry {
            let more = portion.min(found[each] - shares[each]).min(left);
            shares[each] += more;
            left -= more;
        }
        hungry.retain(|&each| shares[each] < found[each]);
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_shared_evenly() {
        for (found, places, expected) in [
            (&[19, 35][..], 20, &[10, 10][..]),
            (&[20, 200], 100, &[20, 80]),
            (&[1, 0, 5], 4, &[1, 0, 3]),
            (&[9, 9, 9], 10, &[4, 3, 3]),
            (&[3, 4], 100, &[3, 4]),
            (&[3, 4], 0, &[0, 0]),
            (&[], 7, &[]),
        ] {
            assert_eq!(share(found, places), expected, "{found:?} {places}");
        }
    }

    #[test]
    fn the_bounds_are_the_documented_ones() {
        assert_eq!(overall(66, None), 2_000);
        assert_eq!(overall(66, Some(5)), 5);
        assert_eq!(overall(66, Some(9_999)), 2_000);
        assert_eq!(overall(27, None), 200);
        assert_eq!(of_each(1, false), 250);
        assert_eq!(of_each(1, true), 2_000);
        assert_eq!(of_each(2, true), 250);
        assert_eq!(of_each(10, false), 200);
    }
}
