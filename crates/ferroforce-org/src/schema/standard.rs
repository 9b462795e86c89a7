//! The objects that every org has.

use super::{Object, build, file};

macro_rules! texts {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../schema/", $name, ".toml")))),*]
    };
}

/// The files with the standard objects.
const FILES: [(&str, &str); 37] = texts![
    "Account",
    "ApexClass",
    "ApexLog",
    "ApexTrigger",
    "Asset",
    "AsyncApexJob",
    "Attachment",
    "Campaign",
    "CampaignMember",
    "Case",
    "Contact",
    "ContentDocument",
    "ContentDocumentLink",
    "ContentVersion",
    "Contract",
    "DebugLevel",
    "Document",
    "Event",
    "Folder",
    "Group",
    "Lead",
    "Note",
    "Opportunity",
    "OpportunityContactRole",
    "OpportunityLineItem",
    "Order",
    "OrderItem",
    "Organization",
    "Pricebook2",
    "PricebookEntry",
    "Product2",
    "Profile",
    "RecordType",
    "Task",
    "TraceFlag",
    "User",
    "UserRole",
];

/// The standard objects.
pub(super) fn objects() -> Result<Vec<Object>, String> {
    let mut objects = Vec::new();
    for (name, text) in FILES {
        let file: file::File = file::parse(text).map_err(|error| format!("{name}: {error}"))?;
        for (name, declared) in &file.0 {
            let mut object = build::object(name, declared);
            let declared = declared
                .fields
                .0
                .iter()
                .map(|(name, field)| (name.as_str(), field));
            let fields = build::fields(&object.label, declared)
                .map_err(|mistake| format!("{name}.{mistake}"))?;
            object.set_fields(fields);
            objects.push(object);
        }
    }
    Ok(objects)
}
