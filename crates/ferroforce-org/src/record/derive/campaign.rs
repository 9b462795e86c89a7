//! Members of campaigns.

use super::parent;
use crate::error::ApiError;
use crate::record::row::Row;
use crate::rest::Context;

/// What a member has from its lead or contact.
const COPIED: [&str; 14] = [
    "Salutation",
    "Name",
    "FirstName",
    "LastName",
    "Title",
    "Email",
    "Phone",
    "Fax",
    "MobilePhone",
    "Description",
    "DoNotCall",
    "HasOptedOutOfEmail",
    "HasOptedOutOfFax",
    "LeadSource",
];

/// A member is a lead or a contact, and looks like them.
pub(super) fn member(context: &Context<'_>, row: &mut Row<'_>) -> Result<(), ApiError> {
    let responded = row.text("Status") == Some("Responded");
    row.set("HasResponded", responded);
    let contact = parent(context, row, "ContactId")?;
    let person = match contact {
        Some(contact) => contact,
        None => match parent(context, row, "LeadId")? {
            Some(lead) => lead,
            None => return Ok(()),
        },
    };
    for field in COPIED
        .iter()
        .filter(|field| person.object.field(field).is_some())
    {
        row.set(field, person.get(field).clone());
    }
    row.set("Type", person.object.name.clone());
    row.set("LeadOrContactId", person.get("Id").clone());
    row.set("LeadOrContactOwnerId", person.get("OwnerId").clone());
    Ok(())
}
