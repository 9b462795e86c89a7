//! Queries that have more pages: their plans, and the ids of the records still to come.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::id::RecordId;
use crate::query::Rest;

/// How long a cursor can be used, in milliseconds: two days.
const LIFETIME: i64 = 2 * 24 * 60 * 60 * 1000;

/// How many ids all cursors may hold together; the oldest cursors make room.
const MOST_IDS: usize = 20_000_000;

/// How many cursors there may be.
const MOST_CURSORS: usize = 10_000;

/// What is left of a query after its first page.
pub(crate) struct Cursor {
    /// The records of the later pages, as they were found: what is written later does not
    /// change them.
    pub(super) rest: Rest,
    /// Who asked.
    pub(super) user: RecordId,
    pub(super) created: i64,
    /// How many go on a page.
    pub(super) batch: usize,
}

/// The cursors of an org, by their ids.
pub(crate) struct Cursors {
    most_ids: usize,
    open: Mutex<Open>,
}

impl Default for Cursors {
    fn default() -> Self {
        Self {
            most_ids: MOST_IDS,
            open: Mutex::default(),
        }
    }
}

#[derive(Default)]
struct Open {
    by_id: HashMap<RecordId, Arc<Cursor>>,
    /// How many there have been.
    count: u64,
    /// How many ids they hold.
    ids: usize,
}

impl Cursors {
    /// Keeps a cursor and returns its id.
    pub(super) fn keep(&self, cursor: Cursor) -> RecordId {
        let mut open = self.open();
        open.count += 1;
        let id = RecordId::nth(*b"01g", open.count);
        open.ids += cursor.rest.size();
        while open.ids > self.most_ids || open.by_id.len() >= MOST_CURSORS {
            let Some(oldest) = open.by_id.keys().min().copied() else {
                break;
            };
            open.remove(oldest);
        }
        open.by_id.insert(id, Arc::new(cursor));
        id
    }

    /// The cursor with this id, if it is not too old and belongs to this user.
    pub(super) fn find(&self, id: RecordId, user: RecordId, now: i64) -> Option<Arc<Cursor>> {
        let mut open = self.open();
        let cursor = Arc::clone(open.by_id.get(&id)?);
        if now.saturating_sub(cursor.created) > LIFETIME {
            open.remove(id);
            return None;
        }
        (cursor.user == user).then_some(cursor)
    }

    /// Ends all cursors. Their ids are not given again.
    pub(crate) fn clear(&self) {
        let mut open = self.open();
        open.by_id.clear();
        open.ids = 0;
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn remove(&mut self, id: RecordId) {
        if let Some(cursor) = self.by_id.remove(&id) {
            self.ids = self.ids.saturating_sub(cursor.rest.size());
        }
    }
}

impl fmt::Debug for Cursors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cursors")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{Readings, Scope, compile};
    use crate::rest::ApiVersion;
    use crate::schema::Schema;

    fn cursor(user: RecordId, rest: usize) -> Cursor {
        let scope = Scope {
            all_rows: false,
            now: jiff::Timestamp::UNIX_EPOCH,
            time_zone: jiff::tz::TimeZone::UTC,
            locale: "en_US".to_owned(),
            user,
            version: ApiVersion::from_segment("v66.0", false).unwrap(),
            readings: Readings::default(),
        };
        let schema = Schema::standard().unwrap();
        let plan = compile(&schema, "SELECT Id FROM Account", &scope).unwrap();
        Cursor {
            rest: Rest::of(&plan, vec![user; rest]),
            user,
            created: 0,
            batch: 200,
        }
    }

    #[test]
    fn a_cursor_is_for_its_user_and_for_two_days() {
        let (owner, other) = (RecordId::nth(*b"005", 1), RecordId::nth(*b"005", 2));
        let cursors = Cursors::default();
        let id = cursors.keep(cursor(owner, 1));
        assert!(cursors.find(id, other, 0).is_none());
        assert!(cursors.find(id, owner, LIFETIME).is_some());
        assert!(cursors.find(id, owner, LIFETIME + 1).is_none());
        assert!(cursors.find(id, owner, 0).is_none());
        assert_eq!(cursors.open().ids, 0);
    }

    #[test]
    fn cleared_cursors_are_gone_and_their_ids_too() {
        let user = RecordId::nth(*b"005", 1);
        let cursors = Cursors::default();
        let old = cursors.keep(cursor(user, 2));
        cursors.clear();
        assert_eq!(cursors.open().ids, 0);
        let new = cursors.keep(cursor(user, 2));
        assert_ne!(old, new);
        assert!(cursors.find(old, user, 0).is_none());
        assert!(cursors.find(new, user, 0).is_some());
    }

    #[test]
    fn the_oldest_cursors_make_room() {
        let user = RecordId::nth(*b"005", 1);
        let cursors = Cursors {
            most_ids: 3,
            ..Cursors::default()
        };
        let first = cursors.keep(cursor(user, 2));
        let second = cursors.keep(cursor(user, 2));
        assert!(cursors.find(first, user, 0).is_none());
        assert!(cursors.find(second, user, 0).is_some());
    }
}
