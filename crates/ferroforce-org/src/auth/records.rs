//! Users follow their records: what is written to a record of a user holds when they sign in.

use rusqlite::Connection;

use super::directory::Member;
use super::user::User;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::org::Org;
use crate::record::row::Row;

/// Notes that the record of a user is written, in the transaction that writes it.
pub(crate) fn note(db: &Connection, row: &Row<'_>) -> Result<(), ApiError> {
    db.prepare_cached("INSERT INTO \"_changed_user\" (id) VALUES (?1)")?
        .execute([row.text("Id")])?;
    Ok(())
}

/// Makes users what their records say, if any were written since the last time. To be called
/// when a transaction is over. A user who is new has a random password.
pub(crate) fn follow(org: &Org, db: &Connection) -> Result<(), ApiError> {
    let followed = org.auth.followed();
    let mut select =
        db.prepare_cached("SELECT n, id FROM \"_changed_user\" WHERE n > ?1 ORDER BY n")?;
    let changes = select.query_map([followed], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let changes: Vec<(i64, String)> = changes.collect::<Result<_, _>>()?;
    let (Some((last, _)), Some(object)) = (changes.last(), org.schema.object("User")) else {
        return Ok(());
    };
    for (_, id) in &changes {
        let Ok(id) = id.parse() else { continue };
        if let Some(row) = Row::load(db, object, id)? {
            let known = org.auth.directory.by_id(id);
            let member = known.as_deref().cloned().unwrap_or_else(|| Member {
                id,
                profile_id: RecordId::nth(*b"00e", 1),
                user: User::new(String::new()),
            });
            org.auth.put_member(updated(member, &row), org.clock.now());
        }
    }
    org.auth.set_followed(*last);
    Ok(())
}

/// A user as a record says.
fn updated(member: Member, row: &Row<'_>) -> Member {
    let text = |field: &str| row.text(field).map(str::to_owned);
    let user = member.user;
    Member {
        profile_id: row
            .text("ProfileId")
            .and_then(|id| id.parse().ok())
            .unwrap_or(member.profile_id),
        user: User {
            username: text("Username").unwrap_or(user.username),
            email: text("Email"),
            first_name: text("FirstName"),
            last_name: text("LastName"),
            role_id: text("UserRoleId"),
            language: text("LanguageLocaleKey").unwrap_or(user.language),
            locale: text("LocaleSidKey").unwrap_or(user.locale),
            time_zone: text("TimeZoneSidKey").unwrap_or(user.time_zone),
            active: row.flag("IsActive"),
            ..user
        },
        ..member
    }
}
