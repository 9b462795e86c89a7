use std::fmt;

use serde::Serialize;

use super::columns::Columns;
use super::sheet::{Sheet, Style};
use crate::bulk::NullCell;
use crate::bulk::csv::{Delimiter, LineEnding};
use crate::error::{Error, Result};

/// Writes rows that `serde` knows as CSV, the way [loads](crate::bulk::Ingest::rows) do:
/// for the data of a job that is [uploaded](crate::bulk::Job::upload) by hand, and for
/// files. It is the counterpart of [`CsvReader`](crate::bulk::CsvReader).
///
/// The columns are those of all rows, or those that are [declared](Self::columns); the
/// fields of a nested row are those of a parent. Absent is an empty cell, null is `#N/A`.
///
/// ```
/// use ferroforce::bulk::CsvWriter;
/// use serde_json::json;
///
/// let mut writer = CsvWriter::new();
/// writer.write(&json!({"LastName": "Lovelace, Ada", "Email": null}))?;
/// writer.write(&json!({"LastName": "Doe", "Account": {"Key__c": "A-1"}}))?;
/// assert_eq!(
///     writer.finish(),
///     b"Email,LastName,Account.Key__c\n#N/A,\"Lovelace, Ada\",\n,Doe,A-1\n",
/// );
/// # Ok::<(), ferroforce::Error>(())
/// ```
#[derive(Clone)]
pub struct CsvWriter {
    style: Style,
    columns: Option<Vec<String>>,
    sheet: Option<Box<Sheet>>,
    rows: u64,
}

impl CsvWriter {
    /// A writer with commas and line feeds.
    pub fn new() -> Self {
        Self {
            style: Style {
                delimiter: Delimiter::default(),
                line_ending: LineEnding::default(),
                null: NullCell::default().text(),
            },
            columns: None,
            sheet: None,
            rows: 0,
        }
    }

    /// What stands between two cells. To be said before the first row.
    #[must_use]
    pub fn delimiter(mut self, delimiter: Delimiter) -> Self {
        self.style.delimiter = delimiter;
        self
    }

    /// What ends a row. To be said before the first row.
    #[must_use]
    pub fn line_ending(mut self, ending: LineEnding) -> Self {
        self.style.line_ending = ending;
        self
    }

    /// What stands in a cell whose value is null. To be said before the first row.
    #[must_use]
    pub fn nulls(mut self, cell: NullCell) -> Self {
        self.style.null = cell.text();
        self
    }

    /// The columns, and no others. To be said before the first row.
    #[must_use]
    pub fn columns(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.columns = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Adds a row: a struct, a map or a [`Record`](crate::Record).
    ///
    /// # Errors
    /// What is no row, has a value that no field can have, or is larger than Salesforce
    /// takes: 131,072 characters in a cell, 400,000 in a row. Nothing of it is added, and
    /// the others stay.
    pub fn write(&mut self, row: &(impl Serialize + ?Sized)) -> Result<()> {
        let number = self.rows;
        let sheet = match &mut self.sheet {
            Some(sheet) => sheet,
            none => {
                let columns = match &self.columns {
                    Some(names) => Columns::declared(names.iter().cloned())
                        .map_err(|refusal| Error::invalid_input(refusal.0))?,
                    None => Columns::default(),
                };
                none.insert(Box::new(Sheet::new(self.style, columns)))
            }
        };
        let written = sheet
            .write(row)
            .map_err(|refusal| Error::invalid_input(format!("row {number}: {refusal}")))?;
        sheet.widen(written);
        self.rows += 1;
        Ok(())
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The whole text, its header included. Without rows it has only a header, and none
    /// where no columns were declared.
    pub fn finish(self) -> Vec<u8> {
        let declared = self.columns.and_then(|names| Columns::declared(names).ok());
        let empty = || declared.map(|columns| Box::new(Sheet::new(self.style, columns)));
        let Some(mut sheet) = self.sheet.or_else(empty) else {
            return Vec::new();
        };
        let header = sheet.header(sheet.columns().len());
        let mut text = sheet.take(None);
        // In place, since the text may be large.
        text.splice(0..0, header);
        text
    }
}

impl Default for CsvWriter {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for CsvWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The rows are data of the org.
        f.debug_struct("CsvWriter")
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}
