//! Profiles: which objects and fields users see, and what they may do with them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde::Deserialize;

use super::user::User;
use crate::id::RecordId;
use crate::schema::Schema;

/// What the administrator's profile is called.
pub(crate) const ADMINISTRATOR: &str = "System Administrator";

/// A profile: what the users who have it may do. Without one a user may do everything.
///
/// In a seed file a profile is a table; every key but `name` has a default:
///
/// | key | default | meaning |
/// |---|---|---|
/// | `name` | required | by which [`User`]s name it |
/// | `id` | the next free profile id | |
/// | `objects` | everything | for an object, a list of `read`, `create`, `edit`, `delete`; an empty list hides it |
/// | `fields` | everything | for a field, such as `"Contact.Email"`: `hidden` or `read` |
/// | `bulk_hard_delete` | `false` | whether bulk jobs may delete records for good |
///
/// ```toml
/// [[profiles]]
/// name = "Reader"
/// objects = { Account = ["read"], Opportunity = [] }
/// fields = { "Contact.Email" = "hidden" }
///
/// [[users]]
/// username = "reader@example.com"
/// profile = "Reader"
/// ```
///
/// Or in Rust:
///
/// ```
/// use ferroforce_org::{FieldPermission, LocalOrg, ObjectPermission, Profile, User};
///
/// let reader = Profile::new("Reader")
///     .object("Account", [ObjectPermission::Read])
///     .object("Opportunity", [])
///     .field("Contact.Email", FieldPermission::Hidden);
/// let org = LocalOrg::builder()
///     .profile(reader)
///     .user(User::new("reader@example.com").profile("Reader"));
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Profile {
    pub(crate) name: String,
    pub(crate) id: Option<String>,
    #[serde(default)]
    pub(crate) objects: BTreeMap<String, Vec<ObjectPermission>>,
    #[serde(default)]
    pub(crate) fields: BTreeMap<String, FieldPermission>,
    #[serde(default)]
    pub(crate) bulk_hard_delete: bool,
}

/// What may be done with the records of an object. Each includes `Read`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ObjectPermission {
    /// They may be read.
    Read,
    /// They may be created.
    Create,
    /// They may be changed.
    Edit,
    /// They may be deleted.
    Delete,
}

/// What may not be done with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FieldPermission {
    /// It is as if it were not there.
    Hidden,
    /// It may be read only.
    Read,
}

impl Profile {
    /// A profile that allows everything.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            id: None,
            objects: BTreeMap::new(),
            fields: BTreeMap::new(),
            bulk_hard_delete: false,
        }
    }

    /// Whether bulk jobs may delete records past the recycle bin (`hardDelete`), which real
    /// profiles must allow too. Default: false.
    #[must_use]
    pub fn bulk_hard_delete(mut self, allowed: bool) -> Self {
        self.bulk_hard_delete = allowed;
        self
    }

    /// Sets the id: 15 or 18 characters that begin with `00e`.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Allows only this with the records of an object; nothing at all hides the object.
    #[must_use]
    pub fn object(
        mut self,
        object: impl Into<String>,
        permissions: impl IntoIterator<Item = ObjectPermission>,
    ) -> Self {
        let permissions = permissions.into_iter().collect();
        self.objects.insert(object.into(), permissions);
        self
    }

    /// Restricts a field, such as `Contact.Email`.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>, permission: FieldPermission) -> Self {
        self.fields.insert(field.into(), permission);
        self
    }
}

/// The profiles of an org, and the schema as the users of each see it.
#[derive(Debug, Default)]
pub(crate) struct Profiles {
    names: Vec<(RecordId, String)>,
    views: HashMap<RecordId, Arc<Schema>>,
    /// Those that may not delete records for good.
    no_hard_delete: HashSet<RecordId>,
}

impl Profiles {
    /// Gives profiles their ids and works out what they let see.
    pub(crate) fn new(profiles: &[Profile], schema: &Schema) -> Result<Self, String> {
        let mut all = Self {
            names: vec![(RecordId::nth(*b"00e", 1), ADMINISTRATOR.to_owned())],
            views: HashMap::new(),
            no_hard_delete: HashSet::new(),
        };
        for profile in profiles {
            let wrong = |why: &str| format!("the profile {:?}: {why}", profile.name);
            let id = match &profile.id {
                Some(id) => id
                    .parse::<RecordId>()
                    .ok()
                    .filter(|id| id.key_prefix() == "00e")
                    .ok_or_else(|| wrong("its id does not begin with 00e, or is malformed"))?,
                None => all.next_id(),
            };
            if all.id_of(&profile.name).is_some() || all.names.iter().any(|(known, _)| *known == id)
            {
                return Err(wrong("there is another of this name or id"));
            }
            let view = schema.seen_by(profile).map_err(|why| wrong(&why))?;
            all.names.push((id, profile.name.clone()));
            all.views.insert(id, Arc::new(view));
            if !profile.bulk_hard_delete {
                all.no_hard_delete.insert(id);
            }
        }
        Ok(all)
    }

    fn next_id(&self) -> RecordId {
        let taken = |id: &RecordId| self.names.iter().any(|(known, _)| known == id);
        let mut n = 1;
        loop {
            let id = RecordId::nth(*b"00e", n);
            if !taken(&id) {
                return id;
            }
            n += 1;
        }
    }

    /// Gives users the ids of the profiles that they name.
    pub(crate) fn assign(&self, users: &mut [User]) -> Result<(), String> {
        for user in users {
            let Some(name) = &user.profile else { continue };
            let id = self.id_of(name).ok_or_else(|| {
                format!("the user {:?}: there is no profile {name:?}", user.username)
            })?;
            user.profile_id = Some(id.to_string());
        }
        Ok(())
    }

    fn id_of(&self, name: &str) -> Option<RecordId> {
        let known = self.names.iter().find(|(_, known)| known == name);
        known.map(|(id, _)| *id)
    }

    /// The profiles that were asked for, and the administrator's.
    pub(crate) fn names(&self) -> &[(RecordId, String)] {
        &self.names
    }

    /// Whether the users of a profile may delete records for good.
    pub(crate) fn may_hard_delete(&self, id: RecordId) -> bool {
        !self.no_hard_delete.contains(&id)
    }

    /// What the users of a profile see, if that is not everything.
    pub(crate) fn view(&self, id: RecordId) -> Option<&Schema> {
        self.views.get(&id).map(AsRef::as_ref)
    }
}
