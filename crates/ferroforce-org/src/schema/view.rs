//! The schema as the users of a profile see it.

use super::{Field, Object, Schema};
use crate::auth::{FieldPermission, ObjectPermission, Profile};

impl Schema {
    /// What a profile leaves of the schema.
    pub(crate) fn seen_by(&self, profile: &Profile) -> Result<Self, String> {
        for name in profile.objects.keys() {
            if self.object(name).is_none() {
                return Err(format!("there is no object {name:?}"));
            }
        }
        for path in profile.fields.keys() {
            let field = path
                .split_once('.')
                .and_then(|(object, field)| self.object(object)?.field(field))
                .ok_or_else(|| format!("there is no field {path:?}"))?;
            if !field.permissionable {
                return Err(format!("everybody must see the field {path:?}"));
            }
        }
        let seen = self.objects().filter_map(|object| seen(object, profile));
        Ok(Self::new(seen.collect()))
    }
}

fn seen(object: &Object, profile: &Profile) -> Option<Object> {
    let mut object = object.clone();
    let permissions = profile
        .objects
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(&object.name));
    if let Some((_, permissions)) = permissions {
        if permissions.is_empty() {
            return None;
        }
        let may = |permission| permissions.contains(&permission);
        object.createable &= may(ObjectPermission::Create);
        object.updateable &= may(ObjectPermission::Edit);
        object.deletable &= may(ObjectPermission::Delete);
        object.undeletable &= may(ObjectPermission::Delete);
    }
    let fields = std::mem::take(&mut object.fields);
    let fields = fields.into_iter().filter_map(|field| {
        let path = format!("{}.{}", object.name, field.name);
        let permission = profile
            .fields
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(&path));
        match permission {
            Some((_, FieldPermission::Hidden)) => None,
            Some((_, FieldPermission::Read)) => Some(Field {
                createable: false,
                updateable: false,
                ..field
            }),
            None => Some(field),
        }
    });
    let fields: Vec<Field> = fields.collect();
    object.set_fields(fields);
    Some(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_can_only_restrict_what_is_there() {
        let schema = Schema::standard().unwrap();
        for (profile, expected) in [
            (
                Profile::new("p").object("Nothing", []),
                "there is no object \"Nothing\"",
            ),
            (
                Profile::new("p").field("Contact.Nothing", FieldPermission::Read),
                "there is no field \"Contact.Nothing\"",
            ),
            (
                Profile::new("p").field("Contact.Id", FieldPermission::Hidden),
                "everybody must see the field \"Contact.Id\"",
            ),
        ] {
            assert_eq!(schema.seen_by(&profile).unwrap_err(), expected);
        }
    }

    #[test]
    fn what_is_hidden_takes_its_relationships_with_it() {
        let schema = Schema::standard().unwrap();
        let profile = Profile::new("p")
            .object("case", [])
            .field("contact.accountid", FieldPermission::Hidden);
        let seen = schema.seen_by(&profile).unwrap();
        let account = seen.object("Account").unwrap();
        assert!(account.child("Contacts").is_none() && account.child("Cases").is_none());
        assert!(seen.object("Contact").unwrap().parent("Account").is_none());
        let whole = schema.object("Account").unwrap();
        assert!(whole.child("Contacts").is_some() && whole.child("Cases").is_some());
    }
}
