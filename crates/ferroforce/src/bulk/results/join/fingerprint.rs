use std::hash::{DefaultHasher, Hash, Hasher};

use super::JoinBy;

/// What a row is known by: so long that two rows have the same one only if they are the
/// same.
pub(super) type Fingerprint = u128;

fn of(text: &[u8]) -> Fingerprint {
    let half = |seed: u8| {
        let mut hasher = DefaultHasher::new();
        seed.hash(&mut hasher);
        hasher.write(text);
        u128::from(hasher.finish())
    };
    half(1) << 64 | half(2)
}

/// The fingerprint of a row by its cells: pairs of a column and its text, unquoted. `None`
/// where the column that it is known by is not there.
pub(super) fn fingerprint<'a>(
    by: &JoinBy,
    cells: impl Iterator<Item = (&'a str, &'a str)>,
) -> Option<Fingerprint> {
    match by {
        JoinBy::Column(name) => {
            let mut cells = cells.filter(|(column, _)| column.eq_ignore_ascii_case(name));
            cells.next().map(|(_, text)| of(text.as_bytes()))
        }
        JoinBy::Values => {
            // An empty cell and none are the same, and columns may stand in another order.
            let mut all: Vec<_> = cells
                .filter(|(_, text)| !text.is_empty())
                .map(|(column, text)| (column.to_ascii_lowercase(), text))
                .collect();
            all.sort_unstable();
            let mut whole = Vec::new();
            for (column, text) in all {
                for part in [column.as_str(), text] {
                    whole.extend_from_slice(&part.len().to_le_bytes());
                    whole.extend_from_slice(part.as_bytes());
                }
            }
            Some(of(&whole))
        }
    }
}
