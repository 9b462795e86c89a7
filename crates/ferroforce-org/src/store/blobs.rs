//! The bytes of large blobs. They lie in files of their own, beside the data file or in a folder
//! that goes with the org, and the rows of records hold their names: so nothing has them in
//! memory.
//!
//! A file never changes and stays while the org runs, since snapshots may hold its name too. What
//! no record names any more goes when the org starts the next time.

use std::collections::HashSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use rusqlite::Connection;
use rusqlite::types::Value;
use tempfile::{NamedTempFile, TempDir, TempPath};

use crate::schema::{FieldType, Schema};

/// Up to here a blob lies in the row of its record.
const SMALL: usize = 1024 * 1024;

/// What the value of a field begins with whose blob lies in a file.
const MARK: &str = "blob:";

/// Where the files are.
#[derive(Debug, Default)]
pub(crate) struct Blobs {
    beside: Option<PathBuf>,
    /// Made when it is needed first.
    temporary: OnceLock<TempDir>,
}

impl Blobs {
    /// Beside a data file, or for as long as the org runs.
    pub(crate) fn new(data_file: Option<&Path>) -> Self {
        let beside = data_file.map(|file| {
            let mut name = file.file_name().unwrap_or_default().to_owned();
            name.push(".blobs");
            file.with_file_name(name)
        });
        Self {
            beside,
            temporary: OnceLock::new(),
        }
    }

    /// The folder, which only its owner can look into.
    fn folder(&self) -> io::Result<&Path> {
        if let Some(folder) = &self.beside {
            let mut builder = std::fs::DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.recursive(true).create(folder)?;
            return Ok(folder);
        }
        if let Some(folder) = self.temporary.get() {
            return Ok(folder.path());
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix("ferroforce-org-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let made = builder.tempdir()?;
        Ok(self.temporary.get_or_init(|| made).path())
    }

    /// Begins to take a blob in.
    pub(crate) fn begin(&self) -> Intake<'_> {
        Intake {
            blobs: self,
            memory: Vec::new(),
            file: None,
            length: 0,
        }
    }

    /// Where a blob is, if the value of a field names one that lies in a file.
    pub(crate) fn find(&self, value: &Value) -> Option<(PathBuf, u64)> {
        let (name, length) = named(value)?;
        Some((self.folder().ok()?.join(name), length))
    }

    /// Removes the files that no record names.
    pub(crate) fn sweep(&self, db: &Connection, schema: &Schema) -> rusqlite::Result<()> {
        let Some(folder) = self.beside.as_ref().filter(|folder| folder.is_dir()) else {
            return Ok(());
        };
        let mut used = HashSet::new();
        for object in schema.objects() {
            let fields = object.fields.iter();
            for field in fields.filter(|field| field.field_type == FieldType::Base64) {
                let (object, field) = (&object.name, &field.name);
                let sql = format!(
                    "SELECT \"{field}\" FROM \"{object}\" WHERE typeof(\"{field}\") = 'text'"
                );
                let mut select = db.prepare(&sql)?;
                let values = select.query_map([], |row| row.get::<_, Value>(0))?;
                for value in values {
                    used.extend(named(&value?).map(|(name, _)| name.to_owned()));
                }
            }
        }
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry
                .file_name()
                .to_str()
                .is_none_or(|name| !used.contains(name))
            {
                // What can't be removed is in nobody's way.
                let _ = std::fs::remove_file(entry.path());
            }
        }
        Ok(())
    }
}

/// The file and the length that a value names.
fn named(value: &Value) -> Option<(&str, u64)> {
    let Value::Text(text) = value else {
        return None;
    };
    let (name, length) = text.strip_prefix(MARK)?.split_once(':')?;
    Some((name, length.parse().ok()?))
}

/// How many bytes a blob has, as the value of a field.
pub(crate) fn length(value: &Value) -> u64 {
    match value {
        Value::Blob(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        other => named(other).map_or(0, |(_, length)| length),
    }
}

/// A blob that is taken in piece by piece.
#[derive(Debug)]
pub(crate) struct Intake<'b> {
    blobs: &'b Blobs,
    memory: Vec<u8>,
    file: Option<NamedTempFile>,
    length: u64,
}

impl Intake<'_> {
    /// Takes a piece.
    pub(crate) fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.length += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        if let Some(file) = &mut self.file {
            return file.write_all(piece);
        }
        self.memory.extend_from_slice(piece);
        if self.memory.len() > SMALL {
            let mut file = NamedTempFile::new_in(self.blobs.folder()?)?;
            file.write_all(&self.memory)?;
            self.memory = Vec::new();
            self.file = Some(file);
        }
        Ok(())
    }

    /// The whole blob.
    pub(crate) fn end(self) -> Blob {
        match self.file {
            None => Blob::Small(self.memory.into()),
            Some(file) => Blob::Large(Arc::new(Large {
                path: file.path().to_owned(),
                removed: Mutex::new(Some(file.into_temp_path())),
                length: self.length,
            })),
        }
    }
}

/// A blob that came with a request.
#[derive(Debug, Clone)]
pub(crate) enum Blob {
    Small(Bytes),
    Large(Arc<Large>),
}

/// A blob in a file, which goes with this unless it is kept.
#[derive(Debug)]
pub(crate) struct Large {
    path: PathBuf,
    removed: Mutex<Option<TempPath>>,
    length: u64,
}

impl Blob {
    /// The blob as the value of a field. From now on its file stays.
    pub(crate) fn keep(&self) -> io::Result<Value> {
        let large = match self {
            Self::Small(bytes) => return Ok(Value::Blob(bytes.to_vec())),
            Self::Large(large) => large,
        };
        let mut removed = large.removed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = removed.take() {
            path.keep().map_err(|error| error.error)?;
        }
        let name = large.path.file_name().unwrap_or_default();
        Ok(Value::Text(format!(
            "{MARK}{}:{}",
            name.to_string_lossy(),
            large.length
        )))
    }

    /// Takes back that it is kept, since nothing names it after all.
    pub(crate) fn let_go(&self) {
        if let Self::Large(large) = self {
            let mut removed = large.removed.lock().unwrap_or_else(PoisonError::into_inner);
            if removed.is_none() {
                *removed = TempPath::try_from_path(&large.path).ok();
            }
        }
    }

    /// The bytes, if there are at most so many.
    pub(crate) fn read(&self, most: usize) -> io::Result<Option<Vec<u8>>> {
        match self {
            Self::Small(bytes) => Ok((bytes.len() <= most).then(|| bytes.to_vec())),
            Self::Large(large) => {
                let fits = usize::try_from(large.length).is_ok_and(|length| length <= most);
                fits.then(|| std::fs::read(&large.path)).transpose()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(blobs: &Blobs, bytes: &[u8]) -> Blob {
        let mut intake = blobs.begin();
        for piece in bytes.chunks(100_000) {
            intake.write(piece).unwrap();
        }
        intake.end()
    }

    #[test]
    fn a_small_blob_is_in_its_row_and_a_large_one_in_a_file() {
        let blobs = Blobs::default();
        let small = taken(&blobs, &[7; SMALL]).keep().unwrap();
        assert_eq!(small, Value::Blob(vec![7; SMALL]));
        assert_eq!(blobs.find(&small), None);
        let bytes = vec![8; SMALL + 1];
        let blob = taken(&blobs, &bytes);
        let large = blob.keep().unwrap();
        drop(blob);
        let (path, stated) = blobs.find(&large).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
        assert_eq!((stated, length(&large)), (1_048_577, 1_048_577));
        assert_eq!(length(&small), 1_048_576);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        }
        drop(blobs);
        assert!(!path.exists());
    }

    #[test]
    fn what_is_not_kept_goes() {
        let blobs = Blobs::default();
        let blob = taken(&blobs, &[0; SMALL + 1]);
        let (path, _) = blobs.find(&blob.keep().unwrap()).unwrap();
        blob.let_go();
        drop(blob);
        assert!(!path.exists());
        let blob = taken(&blobs, &[0; SMALL + 1]);
        assert_eq!(blob.read(SMALL).unwrap(), None);
        assert_eq!(blob.read(SMALL + 1).unwrap().unwrap().len(), SMALL + 1);
        let folder = path.parent().unwrap().to_owned();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
        drop(blob);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    }
}
