//! Fields that are the same wherever they occur, so that files need only name them.

use super::file::{Access, FieldDeclaration, Names};

/// What a field of this name is, on an object with this label.
pub(super) fn declaration(name: &str, object_label: &str) -> Option<FieldDeclaration> {
    let read = FieldDeclaration {
        access: Some(Access::Read),
        ..FieldDeclaration::default()
    };
    let stamp = FieldDeclaration {
        required: Some(true),
        defaulted: true,
        ..read.clone()
    };
    let of = |field_type: &str, label: &str, base: &FieldDeclaration| FieldDeclaration {
        field_type: Some(field_type.to_owned()),
        label: Some(label.to_owned()),
        ..base.clone()
    };
    let user = |label: &str, base: &FieldDeclaration| FieldDeclaration {
        to: Names::One("User".to_owned()),
        ..of("reference", label, base)
    };
    Some(match name {
        "Id" => FieldDeclaration {
            id_lookup: true,
            ..of("id", &format!("{object_label} ID"), &stamp)
        },
        "IsDeleted" => of("boolean", "Deleted", &stamp),
        "CreatedDate" => of("datetime", "Created Date", &stamp),
        "LastModifiedDate" => of("datetime", "Last Modified Date", &stamp),
        "SystemModstamp" => of("datetime", "System Modstamp", &stamp),
        "CreatedById" => user("Created By ID", &stamp),
        "LastModifiedById" => user("Last Modified By ID", &stamp),
        "LastActivityDate" => of("date", "Last Activity", &read),
        "LastViewedDate" => of("datetime", "Last Viewed Date", &read),
        "LastReferencedDate" => of("datetime", "Last Referenced Date", &read),
        "OwnerId" => FieldDeclaration {
            access: None,
            ..user("Owner ID", &stamp)
        },
        _ => return None,
    })
}
