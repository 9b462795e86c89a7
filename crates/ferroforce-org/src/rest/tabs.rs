//! `/tabs`: what the navigation shows, and `/theme`: what it looks like.

use super::Context;
use super::request::{ApiRequest, Reply};
use crate::json::Json;
use crate::schema::Object;

/// The standard objects that have a tab; every custom one has.
const STANDARD: [&str; 11] = [
    "Account",
    "Asset",
    "Campaign",
    "Case",
    "Contact",
    "Contract",
    "Lead",
    "Opportunity",
    "Order",
    "Pricebook2",
    "Product2",
];

pub(super) fn list(context: &Context<'_>, request: &ApiRequest) -> Reply {
    let version = context.version.path();
    let origin = request.origin.to_string();
    let tabs = context
        .org
        .schema
        .objects()
        .filter(|object| object.custom || STANDARD.contains(&object.name.as_str()))
        .map(|object| tab(object, &version, &origin));
    Reply::ok(tabs.collect())
}

/// `/theme`. The org has no pictures, so there are no icons and no colours.
pub(super) fn theme(context: &Context<'_>) -> Reply {
    let none = || Json::Array(Vec::new());
    let objects = context.schema.objects().filter(|object| object.layoutable);
    let items = objects.map(|object| {
        Json::object([
            ("name", Json::from(&object.name)),
            ("icons", none()),
            ("colors", none()),
        ])
    });
    Reply::ok(Json::object([("themeItems", items.collect::<Json>())]))
}

/// The same for a tab.
fn tab(object: &Object, version: &str, origin: &str) -> Json {
    let none = || Json::Array(Vec::new());
    let name = if object.custom {
        object.name.clone()
    } else {
        format!("standard-{}", object.name)
    };
    Json::object([
        ("colors", none()),
        ("custom", object.custom.into()),
        ("iconUrl", Json::Null),
        ("icons", none()),
        ("label", object.label_plural.as_str().into()),
        ("miniIconUrl", Json::Null),
        ("name", name.into()),
        ("sobjectName", object.name.as_str().into()),
        (
            "url",
            format!("{origin}{version}/sobjects/{}", object.name).into(),
        ),
    ])
}
