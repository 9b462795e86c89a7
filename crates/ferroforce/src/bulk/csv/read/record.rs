//! Rows as dynamic records, in the shape that rows of a query have.

use std::io::Write as _;
use std::sync::Arc;

use bytes::Bytes;

use super::columns::{Columns, Node, NodePlace};
use super::de::is_null;
use super::reader::misplaced;
use super::row::{Cells, Row};
use crate::client::ApiVersion;
use crate::error::Result;
use crate::types::{Record, Shapes};

/// How the values of a column are written in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    Boolean,
}

/// Makes records of rows.
pub(crate) struct RecordMaker {
    columns: Arc<Columns>,
    kinds: Vec<Kind>,
    sobject: String,
    version: ApiVersion,
    id: Option<usize>,
    shapes: Shapes,
}

impl RecordMaker {
    /// With a kind for each column; further columns are text.
    pub(crate) fn new(
        columns: Arc<Columns>,
        kinds: Vec<Kind>,
        sobject: String,
        version: ApiVersion,
    ) -> Self {
        Self {
            id: columns.find("Id"),
            columns,
            kinds,
            sobject,
            version,
            shapes: Shapes::default(),
        }
    }

    /// Row `number`, from 0, as a record.
    pub(crate) fn make(&mut self, row: Row<'_>, number: u64) -> Result<Record> {
        let made = row.cells(self.columns.len()).and_then(|cells| {
            let mut json = Vec::with_capacity(row.bytes.len() * 2 + 128);
            self.write(cells, &mut json);
            Record::read(Bytes::from(json), &mut self.shapes)
        });
        made.map_err(|error| misplaced(number, &error))
    }

    fn write(&self, cells: Cells<'_>, json: &mut Vec<u8>) {
        json.extend_from_slice(br#"{"attributes":{"type":"#);
        text(&self.sobject, json);
        if let Some(id) = self.id.filter(|id| !cells.is_empty(*id)) {
            json.extend_from_slice(br#","url":"#);
            let url = format!(
                "/services/data/v{}.0/sobjects/{}/{}",
                self.version.number(),
                self.sobject,
                cells.get(id)
            );
            text(&url, json);
        }
        json.push(b'}');
        self.members(self.columns.tree(), cells, json);
        json.push(b'}');
    }

    fn members(&self, nodes: &[Node], cells: Cells<'_>, json: &mut Vec<u8>) {
        for node in nodes {
            json.push(b',');
            text(&node.name, json);
            json.push(b':');
            match &node.place {
                NodePlace::Column(index) => self.value(*index, cells, json),
                NodePlace::Parent(nodes) if is_null(nodes, cells) => {
                    json.extend_from_slice(b"null");
                }
                NodePlace::Parent(nodes) => {
                    let begin = json.len();
                    self.members(nodes, cells, json);
                    // Each member begins with a comma, and the first should not.
                    json[begin] = b'{';
                    json.push(b'}');
                }
            }
        }
    }

    fn value(&self, index: usize, cells: Cells<'_>, json: &mut Vec<u8>) {
        let value = cells.get(index);
        if value.is_empty() {
            json.extend_from_slice(b"null");
            return;
        }
        let plain = match self.kinds.get(index) {
            Some(Kind::Number) => is_number(&value),
            Some(Kind::Boolean) => matches!(&*value, "true" | "false"),
            Some(Kind::Text) | None => false,
        };
        if plain {
            json.extend_from_slice(value.as_bytes());
        } else {
            text(&value, json);
        }
    }
}

/// Whether this is a number to JSON, which is stricter than others.
fn is_number(text: &str) -> bool {
    serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok_and(|value| {
        value.get().len() == text.len()
            && text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
    })
}

fn text(text: &str, json: &mut Vec<u8>) {
    let begin = json.len();
    if serde_json::to_writer(&mut *json, text).is_err() {
        // Memory does not refuse to be written to.
        json.truncate(begin);
        let _ = json.write_all(b"null");
    }
}
