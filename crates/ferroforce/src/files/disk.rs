use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// Does what may have to wait for a disk where that stops nobody.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|lost| Err(io::Error::other(lost)))
}

/// A file that is not yet whole, beside the one that it is to be. It goes if it is never
/// finished. Only its owner may read it.
pub(crate) struct Part(PathBuf);

impl Part {
    /// Makes a new one. To be called where that may wait for a disk.
    pub(crate) fn create(path: &Path) -> io::Result<(Self, File)> {
        let mut name = OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(format!(".{:016x}.part", fastrand::u64(..)));
        let path = path.with_file_name(name);
        let file = create_new(&path)?;
        Ok((Self(path), file))
    }

    /// Gives it its name, in the place of what stood there. Its text must be on the disk.
    pub(crate) fn finish(self, path: &Path) -> io::Result<()> {
        rename(&self.0, path)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // It was renamed, or stays behind: nobody can be told.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A file that was not there, for its owner alone.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Renames, so that the new name outlasts a loss of power.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)?;
    sync_folder(to)
}

/// A file's name is on the disk only when its folder is.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}
