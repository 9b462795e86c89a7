//! Files in batches: rows and files in one zip archive.

use std::io::{Cursor, Write};

use bytes::Bytes;
use serde::Serialize;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::cut::{Bounds, Cut, Cutter};
use super::job::V1ContentType;
use super::load::V1Load;
use super::running::V1Running;
use crate::error::{Error, Result};
use crate::types::Excerpt;

/// What the rows are called in an archive.
const ROWS: &str = "request.txt";

/// What an archive may have. Salesforce takes 10 MB of it packed; as files are mostly
/// packed already, they are counted as they are.
const MOST_FILES: usize = 1000;
const MOST_BYTES: usize = 9_500_000;

/// A row and the files that it names. The field for the file's content holds `#` and the
/// name of the file.
///
/// ```
/// use ferroforce::bulk::v1::RowWithFiles;
/// use serde_json::json;
///
/// let scan = json!({"ParentId": "001Pc00000LuBMUIA3", "Name": "scan.pdf", "Body": "#scan-1.pdf"});
/// let row = RowWithFiles::new(scan).file("scan-1.pdf", b"%PDF".as_slice());
/// ```
#[derive(Debug, Clone)]
pub struct RowWithFiles<R> {
    row: R,
    files: Vec<(String, Bytes)>,
}

impl<R> RowWithFiles<R> {
    /// A row without files so far.
    pub fn new(row: R) -> Self {
        Self {
            row,
            files: Vec::new(),
        }
    }

    /// Adds a file. Its name is for the row to name it, and different from those of the
    /// other rows.
    #[must_use]
    pub fn file(mut self, name: impl Into<String>, content: impl Into<Bytes>) -> Self {
        self.files.push((name.into(), content.into()));
        self
    }
}

impl V1Load {
    /// As [`start`](Self::start), for rows with files: attachments, documents, versions
    /// of files. They go in zipped batches of up to 1,000 files and 9.5 MB.
    ///
    /// <https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/binary_intro.htm>
    ///
    /// # Errors
    /// As there, and files that no batch has room for, or with names that no archive can
    /// carry.
    pub async fn start_with_files<R: Serialize>(
        mut self,
        rows: impl IntoIterator<Item = RowWithFiles<R>, IntoIter: Send>,
    ) -> Result<V1Running> {
        self.job.content_type = V1ContentType::ZipCsv;
        let bounds = Bounds {
            // Files and the archive's own words need the rest.
            bytes: self.bounds.bytes.min(MOST_BYTES),
            ..self.bounds
        };
        let mut packer = Packer::new(bounds);
        let mut rows = rows.into_iter();
        let mut ended = false;
        self.run(move || {
            for row in rows.by_ref() {
                if let Some(cut) = packer.add(&row)? {
                    return Ok(Some(cut));
                }
            }
            if std::mem::replace(&mut ended, true) {
                return Ok(None);
            }
            packer.finish()
        })
        .await
    }
}

/// Puts rows and files into archives.
struct Packer {
    cutter: Cutter,
    bounds: Bounds,
    files: Vec<(String, Bytes)>,
    bytes: usize,
    row: u64,
}

impl Packer {
    fn new(bounds: Bounds) -> Self {
        Self {
            cutter: Cutter::new(V1ContentType::ZipCsv, bounds),
            bounds,
            files: Vec::new(),
            bytes: 0,
            row: 0,
        }
    }

    fn add(&mut self, row: &RowWithFiles<impl Serialize>) -> Result<Option<Cut>> {
        let number = self.row;
        self.row += 1;
        let refused =
            |why: String| Error::invalid_input(format!("row {number} cannot be sent: {why}"));
        let mut bytes = 0;
        for (name, content) in &row.files {
            if !is_name(name) {
                let name = Excerpt(name);
                return Err(refused(format!(
                    "{name} is no name for a file in an archive"
                )));
            }
            bytes += content.len();
        }
        if bytes > self.bounds.bytes || row.files.len() > MOST_FILES {
            return Err(refused(format!(
                "its {} files have {bytes} bytes, and a batch takes {MOST_FILES} files and {} bytes",
                row.files.len(),
                self.bounds.bytes
            )));
        }
        let taken = |(name, _): &(String, Bytes)| self.files.iter().any(|(known, _)| known == name);
        let full = self.cutter.rows() > 0
            && (self.bytes + bytes > self.bounds.bytes
                || self.files.len() + row.files.len() > MOST_FILES
                // Two rows may call their files the same, in archives of their own.
                || row.files.iter().any(taken));
        let before = if full { self.finish()? } else { None };
        let cut = self.cutter.add(&row.row)?;
        let cut = match (before, cut) {
            (None, Some(cut)) => Some(self.pack(&cut)?),
            // After a cut there is room for any row.
            (before, _) => before,
        };
        self.bytes += bytes;
        self.files.extend(row.files.iter().cloned());
        Ok(cut)
    }

    fn finish(&mut self) -> Result<Option<Cut>> {
        match self.cutter.finish() {
            Some(cut) => self.pack(&cut).map(Some),
            None => Ok(None),
        }
    }

    /// The archive of these rows and the files that came with them.
    fn pack(&mut self, cut: &Cut) -> Result<Cut> {
        self.bytes = 0;
        let files = std::mem::take(&mut self.files);
        let failed = |error| Error::invalid_input("the archive cannot be made").with_source(error);
        let data = archive(&cut.data, &files).map_err(failed)?;
        Ok(Cut {
            data: data.into(),
            rows: cut.rows,
        })
    }
}

fn archive(rows: &Bytes, files: &[(String, Bytes)]) -> zip::result::ZipResult<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // Without the time, so that the same rows make the same archive again.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default());
    zip.start_file(ROWS, options)?;
    zip.write_all(rows)?;
    for (name, content) in files {
        zip.start_file(name.as_str(), options)?;
        zip.write_all(content)?;
    }
    Ok(zip.finish()?.into_inner())
}

fn is_name(name: &str) -> bool {
    let plain = !name.contains(['\\', ':']) && !name.chars().any(char::is_control);
    plain && name != ROWS && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use serde_json::json;

    use super::*;

    fn read(data: &Bytes) -> Vec<(String, String)> {
        let mut zip = zip::ZipArchive::new(Cursor::new(data.to_vec())).unwrap();
        (0..zip.len())
            .map(|index| {
                let mut file = zip.by_index(index).unwrap();
                let mut text = String::new();
                file.read_to_string(&mut text).unwrap();
                (file.name().unwrap().into_owned(), text)
            })
            .collect()
    }

    #[test]
    fn rows_and_their_files_are_in_one_archive() {
        let mut packer = Packer::new(Bounds::default());
        for number in 0..2 {
            let name = format!("f{number}.txt");
            let row = RowWithFiles::new(json!({"Name": number, "Body": format!("#{name}")}))
                .file(name, format!("content {number}"));
            assert!(packer.add(&row).unwrap().is_none());
        }
        let cut = packer.finish().unwrap().unwrap();
        assert_eq!(cut.rows, 2);
        let expected = [
            (ROWS, "Body,Name\n#f0.txt,0\n#f1.txt,1\n"),
            ("f0.txt", "content 0"),
            ("f1.txt", "content 1"),
        ];
        assert_eq!(
            read(&cut.data),
            expected.map(|(name, text)| (name.into(), text.into()))
        );
        assert!(packer.finish().unwrap().is_none());
    }

    #[test]
    fn archives_end_where_files_no_longer_fit_or_have_the_same_name() {
        let bounds = Bounds {
            rows: 3,
            bytes: 100,
        };
        let mut packer = Packer::new(bounds);
        let mut cuts = Vec::new();
        // Too much together; too many rows; the same name again.
        for (name, bytes) in [("a", 60), ("b", 60), ("c", 1), ("d", 1), ("e", 1), ("e", 1)] {
            let row =
                RowWithFiles::new(json!({"B": format!("#{name}")})).file(name, vec![0; bytes]);
            cuts.extend(packer.add(&row).unwrap());
        }
        cuts.extend(packer.finish().unwrap());
        let names: Vec<Vec<String>> = cuts
            .iter()
            .map(|cut| {
                read(&cut.data)
                    .into_iter()
                    .skip(1)
                    .map(|(name, _)| name)
                    .collect()
            })
            .collect();
        assert_eq!(
            names,
            [vec!["a"], vec!["b", "c", "d"], vec!["e"], vec!["e"]]
        );
        assert_eq!(cuts.iter().map(|cut| cut.rows).sum::<u64>(), 6);
    }

    #[test]
    fn files_that_no_archive_can_carry_are_refused() {
        let mut packer = Packer::new(Bounds::default());
        for name in [
            "",
            "request.txt",
            "../x",
            "/x",
            "a//b",
            "a\\b",
            "c:d",
            "a\n",
        ] {
            let row = RowWithFiles::new(json!({"A": 1})).file(name, "x");
            assert!(packer.add(&row).is_err(), "{name}");
        }
        let row = RowWithFiles::new(json!({"A": 1})).file("large", vec![0; 10_000_001]);
        assert!(packer.add(&row).is_err());
        let row = RowWithFiles::new(json!({"A": 1})).file("folder/fine.txt", "x");
        assert!(packer.add(&row).is_ok());
    }
}
