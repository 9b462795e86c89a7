use std::time::{Duration, SystemTime};

use http::StatusCode;

use super::*;
use crate::client::{Conditional, Validators};
use crate::script::{Counting, Reply, Script, client};

const CONTACT: &str = r#"{"name":"Contact","label":"Kontakt","keyPrefix":"003","custom":false,"createable":true,
    "brandNew":{"a":[1.10]},"urls":{"describe":"/services/data/v66.0/sobjects/Contact/describe"},
    "childRelationships":[{"childSObject":"Case","field":"ContactId","relationshipName":"Cases","cascadeDelete":false},
        {"childSObject":"X","field":"Y","relationshipName":null}],
    "recordTypeInfos":[{"recordTypeId":"012000000000000AAA","master":true,"available":true}],
    "supportedScopes":null,
    "fields":[{"name":"LastName","type":"string","length":80,"nillable":false,"createable":true,"defaultedOnCreate":false},
        {"name":"Level__c","type":"hologram","picklistValues":[{"value":"A","active":true,"validFor":"oAAA"}],"newer":true},
        {"name":"Key__c","type":"double","externalId":true,"precision":18,"scale":2,"nillable":true}]}"#;

fn contact() -> SObjectDescribe {
    serde_json::from_str(CONTACT).unwrap()
}

#[test]
fn what_is_known_is_typed_and_the_rest_is_kept() {
    let contact = contact();
    assert_eq!(
        (contact.name.as_str(), contact.label.as_str()),
        ("Contact", "Kontakt")
    );
    assert!(contact.createable && !contact.deletable);
    assert_eq!(contact.more.names().collect::<Vec<_>>(), ["brandNew"]);
    assert_eq!(contact.more.json("brandNew"), Some(r#"{"a":[1.10]}"#));
    assert_eq!(contact.more.get::<u8>("other").unwrap(), None);
    assert!(contact.more.get::<u8>("brandNew").is_err());

    let name = contact.field("lastname").unwrap();
    assert!(name.is_required() && name.field_type.is_text());
    let level = contact.field("Level__c").unwrap();
    assert_eq!(level.field_type, FieldType::Other("hologram".into()));
    assert_eq!(level.more.get::<bool>("newer").unwrap(), Some(true));
    let keys: Vec<_> = contact.external_ids().map(|field| &field.name).collect();
    assert_eq!(keys, ["Key__c"]);
    assert!(contact.field("Key__c").unwrap().field_type.is_number());
    assert_eq!(contact.child_relationship("cases").unwrap().sobject, "Case");
    assert_eq!(contact.child_relationships[1].name, None);
    assert!(contact.supported_scopes.is_empty());
}

#[test]
fn a_dependent_value_knows_what_it_depends_on() {
    let level = contact();
    let value = &level.field("Level__c").unwrap().picklist_values[0];
    let valid: Vec<_> = (0..30).filter(|index| value.is_valid_for(*index)).collect();
    assert_eq!(valid, [0, 2]);
    assert!(PicklistValue::default().is_valid_for(7));
}

#[test]
fn types_are_written_as_they_were_read() {
    for name in field_type::NAMES.iter().chain(&["newOne", ""]) {
        let json = format!("\"{name}\"");
        let read: FieldType = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
        assert_eq!(
            matches!(read, FieldType::Other(_)),
            !field_type::NAMES.contains(name)
        );
    }
    assert_eq!(field_type::NAMES.len(), 27);
}

#[tokio::test(start_paused = true)]
async fn each_description_is_asked_for_at_its_address() {
    let script = Script::new(|sent, _| match sent.uri.path() {
        path if path.ends_with("/describe") => Reply::json(200, CONTACT),
        path if path.ends_with("/sobjects") => Reply::json(
            200,
            r#"{"maxBatchSize":200,"sobjects":[{"name":"Contact"}]}"#,
        ),
        path if path.ends_with("/layouts") => Reply::json(
            200,
            r#"{"layouts":[],"recordTypeMappings":[{"recordTypeId":"012a","layoutId":"00ha"}],"recordTypeSelectorRequired":[false]}"#,
        ),
        path if path.ends_with("/012000000000000AAA") => Reply::json(
            200,
            r#"{"id":"00ha","editLayoutSections":[{"columns":2,"layoutRows":[{"layoutItems":[{"label":"Name","required":true,"layoutComponents":[{"type":"Field","value":"LastName"}]}]}]}]}"#,
        ),
        _ => Reply::json(
            200,
            r#"{"objectDescribe":{"name":"Contact"},"recentItems":[{"attributes":{"type":"Contact"},"Id":"003000000000001AAA","Name":"Ada"}]}"#,
        ),
    });
    let salesforce = client(Counting::tokens(), &script);
    let contacts = salesforce.sobject("Contact");
    assert_eq!(contacts.describe().await.unwrap().fields.len(), 3);
    let global = salesforce.describe_global().await.unwrap();
    assert_eq!(global.max_batch_size, 200);
    assert!(global.sobject("CONTACT").is_some());
    let info = contacts.info().await.unwrap();
    assert_eq!(info.describe.name, "Contact");
    assert_eq!(info.recent[0].get::<String>("Name").unwrap(), "Ada");
    let layouts = contacts.layouts().await.unwrap();
    assert_eq!(layouts.record_types[0].layout_id, "00ha");
    let layout = contacts.layout("012000000000000AAA").await.unwrap();
    let item = &layout.edit_sections[0].rows[0].items[0];
    assert!(item.required);
    assert_eq!(item.components[0].value.as_deref(), Some("LastName"));
    let paths: Vec<_> = script
        .sent()
        .iter()
        .map(|sent| sent.uri.path().replace("/services/data/v66.0", ""))
        .collect();
    assert_eq!(
        paths,
        [
            "/sobjects/Contact/describe",
            "/sobjects",
            "/sobjects/Contact",
            "/sobjects/Contact/describe/layouts",
            "/sobjects/Contact/describe/layouts/012000000000000AAA",
        ]
    );
}

/// Answers with 304 to whoever knows the newest state.
fn describing() -> Script {
    const CHANGED: &str = "Fri, 14 Aug 2020 20:53:02 GMT";
    Script::new(|sent, _| match sent.headers.get("if-modified-since") {
        Some(since) if since == CHANGED => Reply::Answer(
            StatusCode::NOT_MODIFIED,
            vec![("last-modified", CHANGED.into())],
            bytes::Bytes::new(),
        ),
        _ => Reply::json(200, CONTACT)
            .header("last-modified", CHANGED)
            .header("etag", "\"baf7f695\""),
    })
}

#[tokio::test(start_paused = true)]
async fn what_did_not_change_is_a_value() {
    let script = describing();
    let contacts = client(Counting::tokens(), &script).sobject("Contact");
    let first = contacts.describe().if_changed(&Validators::default()).await;
    let Conditional::Modified(first) = first.unwrap() else {
        panic!("nothing was known");
    };
    assert_eq!(first.value.name, "Contact");
    assert_eq!(first.validators.etag.as_deref(), Some("\"baf7f695\""));
    let again = contacts.describe().if_changed(&first.validators).await;
    assert!(again.unwrap().is_not_modified());
    // Which of the two counts is for the answering side to know.
    let sent = &script.sent()[1].headers;
    assert_eq!(sent["if-none-match"], "\"baf7f695\"");
    assert_eq!(sent["if-modified-since"], "Fri, 14 Aug 2020 20:53:02 GMT");
    let since = SystemTime::UNIX_EPOCH + Duration::from_secs(1_597_438_382);
    assert_eq!(first.validators.last_modified, Some(since));
    let old = contacts
        .describe()
        .if_modified_since(since - Duration::from_secs(1));
    assert!(old.await.unwrap().modified().is_some());
    assert!(script.sent()[0].headers.get("if-modified-since").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_cache_asks_whether_what_it_keeps_still_holds() {
    let script = describing();
    let salesforce = client(Counting::tokens(), &script);
    let cache = salesforce.describe_cache();
    let first = cache.get("Contact").await.unwrap();
    let again = cache.get("contact").await.unwrap();
    assert!(std::sync::Arc::ptr_eq(&first, &again));
    assert_eq!(script.count(), 2);

    let trusting = salesforce
        .describe_cache()
        .trust_for(Duration::from_secs(60));
    for _ in 0..3 {
        trusting.get("Contact").await.unwrap();
    }
    assert_eq!(script.count(), 3);
    tokio::time::advance(Duration::from_secs(60)).await;
    trusting.get("Contact").await.unwrap();
    assert_eq!(script.count(), 4);
    trusting.clear();
    trusting.get("Contact").await.unwrap();
    assert!(script.sent()[4].headers.get("if-modified-since").is_none());
}

/// What is kept of one kind is not taken for another, and is forgotten with the rest.
#[tokio::test(start_paused = true)]
async fn a_cache_keeps_the_list_of_objects_and_layouts_too() {
    let script = Script::new(|sent, _| {
        let path = sent.uri.path();
        let body = if path.ends_with("/sobjects") {
            r#"{"encoding":"UTF-8","maxBatchSize":200,"sobjects":[{"name":"Contact"}]}"#
        } else if path.ends_with("/layouts") {
            r#"{"layouts":[],"recordTypeMappings":[],"recordTypeSelectorRequired":[false]}"#
        } else {
            CONTACT
        };
        Reply::json(200, body).header("etag", "\"1\"")
    });
    let cache = client(Counting::tokens(), &script)
        .describe_cache()
        .trust_for(Duration::from_secs(60));
    for round in 1..=2 {
        for _ in 0..2 {
            let global = cache.global().await.unwrap();
            assert_eq!(global.sobjects[0].name, "Contact");
            assert!(cache.layouts("Contact").await.unwrap().layouts.is_empty());
            assert_eq!(cache.get("Contact").await.unwrap().name, "Contact");
        }
        assert_eq!(script.count(), 3 * round);
        cache.clear();
    }
    let conditional = |sent: &crate::script::Sent| sent.headers.contains_key("if-none-match");
    assert!(!script.sent().iter().any(conditional));
}
