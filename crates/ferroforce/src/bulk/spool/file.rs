use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Makes a file in `folder`, or where temporary files go, and takes its name away.
pub(crate) fn unnamed(folder: Option<&Path>) -> io::Result<File> {
    let folder = folder.map_or_else(std::env::temp_dir, Path::to_owned);
    loop {
        let path = folder.join(format!(".ferroforce-{:032x}", fastrand::u128(..)));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Ok(file) => {
                std::fs::remove_file(&path)?;
                return Ok(file);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}
