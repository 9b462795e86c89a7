//! The rows that every org has.

use rusqlite::types::Value;

use crate::auth::{ADMINISTRATOR, ORGANIZATION_NAME, User};
use crate::error::ApiError;
use crate::id::RecordId;
use crate::record::row::Row;
use crate::record::{Incoming, derive, new_row};
use crate::rest::Context;
use crate::store::ids;

/// Adds the organization, its users and what they need, as far as they are missing. False if
/// the organization was there.
pub(super) fn plant(context: &Context<'_>) -> Result<bool, ApiError> {
    let organization = [
        ("Name", text(ORGANIZATION_NAME)),
        ("OrganizationType", text("Developer Edition")),
        ("InstanceName", text("LOCAL1")),
        ("IsSandbox", Value::Integer(0)),
        ("PrimaryContact", text("Local Admin")),
        ("Country", text("US")),
        ("DefaultLocaleSidKey", text("en_US")),
        ("LanguageLocaleKey", text("en_US")),
        ("TimeZoneSidKey", text("America/Los_Angeles")),
        ("FiscalYearStartMonth", Value::Integer(1)),
        ("UiSkin", text("Theme3")),
    ];
    let new = add(context, "Organization", Some(context.org.id), &organization)?;
    let profile = |id: RecordId, name: &str| {
        let profile = [("Name", text(name)), ("UserType", text("Standard"))];
        add(context, "Profile", Some(id), &profile)
    };
    for (id, name) in context.org.profiles.names() {
        profile(*id, name)?;
    }
    for member in context.org.auth.directory.members() {
        profile(member.profile_id, ADMINISTRATOR)?;
        add(
            context,
            "User",
            Some(member.id),
            &user(&member.user, member.profile_id),
        )?;
    }
    if new {
        let pricebook = [
            ("Name", text("Standard Price Book")),
            ("IsActive", Value::Integer(1)),
            ("IsStandard", Value::Integer(1)),
        ];
        add(context, "Pricebook2", None, &pricebook)?;
    }
    Ok(new)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn user(user: &User, profile: RecordId) -> [(&'static str, Value); 17] {
    let alias: String = user.username.chars().take(8).collect();
    let alias = alias.split('@').next().unwrap_or_default().to_owned();
    [
        ("Username", text(&user.username)),
        (
            "FirstName",
            user.first_name.clone().map_or(Value::Null, Value::Text),
        ),
        ("LastName", text(user.family_name())),
        ("Email", text(&user.email_address().to_lowercase())),
        ("Alias", text(&alias)),
        ("CommunityNickname", text(&alias)),
        ("IsActive", user.active.into()),
        ("ProfileId", text(profile.as_str())),
        (
            "UserRoleId",
            user.role_id.clone().map_or(Value::Null, Value::Text),
        ),
        ("UserType", text("Standard")),
        ("LanguageLocaleKey", text(&user.language)),
        ("LocaleSidKey", text(&user.locale)),
        ("TimeZoneSidKey", text(&user.time_zone)),
        ("EmailEncodingKey", text("UTF-8")),
        ("ReceivesInfoEmails", false.into()),
        ("ReceivesAdminInfoEmails", true.into()),
        ("UserPreferencesLightningExperiencePreferred", true.into()),
    ]
}

/// Adds a row, if the schema has its object and there is none with its id. False if there was.
fn add(
    context: &Context<'_>,
    object: &str,
    id: Option<RecordId>,
    values: &[(&str, Value)],
) -> Result<bool, ApiError> {
    let Some(object) = context.org.schema.object(object) else {
        return Ok(true);
    };
    let id = match id {
        Some(id) if Row::load(context.db, object, id)?.is_some() => return Ok(false),
        Some(id) => id,
        None => ids::next(context.db, object)?,
    };
    let mut row = new_row(context, object);
    row.set("Id", id.to_string());
    for (name, value) in values {
        row.set(name, value.clone());
    }
    derive(context, &mut row, None, &Incoming::default())?;
    row.insert(context.db)?;
    Ok(true)
}
