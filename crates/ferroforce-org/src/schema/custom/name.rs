//! The names that an org's own objects, fields and relationships may have.

/// Checks that a name ends in `suffix` and that what comes before is a plain API name.
pub(super) fn check(name: &str, suffix: &str) -> Result<(), String> {
    let Some(stem) = name.strip_suffix(suffix) else {
        return Err(format!("its name must end in `{suffix}`"));
    };
    let plain = stem.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let begins_well = stem.starts_with(|c: char| c.is_ascii_alphabetic());
    if plain && begins_well && stem.len() <= 40 && !stem.ends_with('_') && !stem.contains("__") {
        return Ok(());
    }
    Err(format!(
        "before `{suffix}` a name has at most 40 letters, digits and single underscores, begins \
         with a letter and does not end in an underscore"
    ))
}

/// `Invoices` and `Invoices__r` are both called `Invoices__r`.
pub(super) fn relationship(name: &str) -> Result<String, String> {
    let name = match name.strip_suffix("__r") {
        Some(_) => name.to_owned(),
        None => format!("{name}__r"),
    };
    check(&name, "__r").map_err(|rule| format!("relationship `{name}`: {rule}"))?;
    Ok(name)
}
