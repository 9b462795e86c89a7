//! XML as Bulk API 1.0 reads and writes it.

use std::fmt::Write;

use quick_xml::Reader;
use quick_xml::escape::{partial_escape, resolve_xml_entity};
use quick_xml::events::Event;

/// The namespace of everything.
pub(super) const NAMESPACE: &str = "http://www.force.com/2009/06/asyncapi/dataload";

/// What documents begin with.
pub(super) const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";

/// Elements may be nested this deep; records with parents need five levels.
const MOST_LEVELS: usize = 16;

/// An element, without its namespace.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) text: String,
    /// Whether it is said to be null.
    pub(super) nil: bool,
    pub(super) children: Vec<Self>,
}

/// The text is no XML, or more than is read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Reads a document. Entities other than those of XML are refused, and so is a document type, so
/// nothing can expand.
pub(super) fn parse(body: &[u8]) -> Result<Element, Malformed> {
    let text = std::str::from_utf8(body).map_err(|_| Malformed)?;
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    // What is open, around it an element that holds the document.
    let mut open = vec![Element::default()];
    loop {
        let event = reader.read_event().map_err(|_| Malformed)?;
        let text = |open: &mut Vec<Element>, text: &str| {
            if let Some(element) = open.last_mut() {
                element.text.push_str(text);
            }
        };
        match event {
            Event::Start(start) => {
                if open.len() > MOST_LEVELS {
                    return Err(Malformed);
                }
                let nil = start.attributes().flatten().any(|attribute| {
                    attribute.key.local_name().as_ref() == "nil" && *attribute.value == *"true"
                });
                open.push(Element {
                    name: start.local_name().as_ref().to_owned(),
                    nil,
                    ..Element::default()
                });
            }
            Event::End(_) => {
                let (Some(element), Some(parent)) = (open.pop(), open.last_mut()) else {
                    return Err(Malformed);
                };
                parent.children.push(element);
            }
            Event::Text(content) => text(&mut open, &content.xml10_content()),
            Event::CData(content) => text(&mut open, &content.xml10_content()),
            Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(character)) => text(&mut open, character.encode_utf8(&mut [0; 4])),
                Ok(None) => text(&mut open, resolve_xml_entity(&reference).ok_or(Malformed)?),
                Err(_) => return Err(Malformed),
            },
            Event::DocType(_) => return Err(Malformed),
            Event::Eof => break,
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    let document = open.pop().filter(|_| open.is_empty()).ok_or(Malformed)?;
    document.children.into_iter().next().ok_or(Malformed)
}

/// Writes an element with a text.
pub(super) fn element(name: &str, text: &str, out: &mut String) {
    // Writing to a String can't fail.
    let _ = write!(out, "<{name}>{}</{name}>", partial_escape(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_read_into_elements() {
        let read = parse(
            b" \n<?xml version=\"1.0\"?><x:a xmlns:x=\"y\"><b>1 &amp; &#50;</b><c xsi:nil=\"true\"/>\
              <d><![CDATA[<]]></d></x:a>",
        )
        .unwrap();
        assert_eq!(read.name, "a");
        assert_eq!(read.children[0].text, "1 & 2");
        assert!(read.children[1].nil);
        assert_eq!(read.children[2].text, "<");
    }

    #[test]
    fn what_could_expand_or_does_not_end_is_refused() {
        for text in [
            "",
            "text",
            "<a>",
            "<a></b>",
            "<a>&b;</a>",
            "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        ] {
            assert_eq!(parse(text.as_bytes()), Err(Malformed), "{text}");
        }
        let deep = format!("{}{}", "<a>".repeat(20), "</a>".repeat(20));
        assert_eq!(parse(deep.as_bytes()), Err(Malformed));
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_too_strange(body: Vec<u8>, text in ".*") {
            let _ = parse(&body);
            let mut written = String::new();
            element("a", &text, &mut written);
            if let Ok(read) = parse(written.as_bytes()) {
                // Line ends are made alike.
                let same = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
                proptest::prop_assert_eq!(same(&read.text), same(&text));
            }
        }
    }
}
