//! XML as Salesforce answers with it: flat records of texts.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

/// A record: the texts of an element's children, by their names.
pub(crate) type Fields = Vec<(String, String)>;

/// The text of the first element with this local name.
pub(crate) fn text_of(xml: &[u8], name: &str) -> Option<String> {
    let mut reader = Reader::from_reader(xml);
    let mut text: Option<String> = None;
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) if start.local_name().into_inner() == name => {
                text = Some(String::new());
            }
            Event::End(_) if text.is_some() => return text,
            Event::Text(piece) => {
                if let Some(text) = &mut text {
                    text.push_str(&piece);
                }
            }
            Event::CData(piece) => {
                if let Some(text) = &mut text {
                    text.push_str(&piece);
                }
            }
            Event::GeneralRef(entity) => {
                if let Some(text) = &mut text {
                    match entity.resolve_char_ref().ok()? {
                        Some(character) => text.push(character),
                        None => text.push_str(resolve_predefined_entity(&entity)?),
                    }
                }
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

/// All elements with this local name, each as the texts of its children. `None` where
/// the text is no XML.
pub(crate) fn records_of(xml: &[u8], name: &str) -> Option<Vec<Fields>> {
    let mut reader = Reader::from_reader(xml);
    let mut records = Vec::new();
    let mut record: Option<Fields> = None;
    let mut field: Option<(String, String)> = None;
    let mut any = false;
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                any = true;
                let local = start.local_name().into_inner();
                if record.is_some() {
                    field = Some((local.to_owned(), String::new()));
                } else if local == name {
                    record = Some(Vec::new());
                }
            }
            Event::Empty(_) => any = true,
            Event::End(end) => match field.take() {
                Some(ended) => record.get_or_insert_default().push(ended),
                None if end.local_name().into_inner() == name => {
                    records.extend(record.take());
                }
                None => {}
            },
            Event::Text(piece) => {
                if let Some((_, text)) = &mut field {
                    text.push_str(&piece);
                }
            }
            Event::CData(piece) => {
                if let Some((_, text)) = &mut field {
                    text.push_str(&piece);
                }
            }
            Event::GeneralRef(entity) => {
                if let Some((_, text)) = &mut field {
                    match entity.resolve_char_ref().ok()? {
                        Some(character) => text.push(character),
                        None => text.push_str(resolve_predefined_entity(&entity)?),
                    }
                }
            }
            Event::Eof => return any.then_some(records),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_with_their_entities_and_without_what_is_around_them() {
        let xml = br#"<?xml version="1.0" encoding="UTF-8"?><list xmlns="http://x">
            <a>1</a><one><b>x &amp; &#233;</b><c/><d><![CDATA[<y>]]></d></one><one></one></list>"#;
        let expected: Vec<Fields> = vec![
            vec![("b".into(), "x & é".into()), ("d".into(), "<y>".into())],
            vec![],
        ];
        assert_eq!(records_of(xml, "one"), Some(expected));
        assert_eq!(records_of(xml, "two"), Some(vec![]));
        assert_eq!(text_of(xml, "b").as_deref(), Some("x & é"));
        for broken in [
            "",
            "no xml",
            "<a><b>",
            "<a>&nope;</a>",
            "<list\n   xmlns=\"x\" />",
        ] {
            let _ = records_of(broken.as_bytes(), "a");
        }
        assert_eq!(records_of(b"<list\n   xmlns=\"x\" />", "a"), Some(vec![]));
        assert_eq!(records_of(b"no xml", "a"), None);
    }
}
