//! The files of a zip archive, as far as batches with attachments need it: stored or deflated,
//! neither split nor encrypted.

use std::io::Read;

use flate2::read::DeflateDecoder;

/// How much all files may have together, in bytes.
const MOST_BYTES: usize = 20 * 1024 * 1024;

/// How many files there may be.
const MOST_FILES: usize = 1_000;

const END: &[u8; 4] = b"PK\x05\x06";
const ENTRY: &[u8; 4] = b"PK\x01\x02";
const FILE: &[u8; 4] = b"PK\x03\x04";

/// The archive cannot be read, or is larger than what is read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Reads the files of an archive, with their names.
pub(super) fn files(archive: &[u8]) -> Result<Vec<(String, Vec<u8>)>, Malformed> {
    let end = archive
        .windows(END.len())
        .rposition(|bytes| bytes == END)
        .ok_or(Malformed)?;
    let count = number::<2>(archive, end + 10)?;
    let mut at = number::<4>(archive, end + 16)?;
    if count > MOST_FILES {
        return Err(Malformed);
    }
    let (mut files, mut left) = (Vec::new(), MOST_BYTES);
    for _ in 0..count {
        if !archive
            .get(at..)
            .is_some_and(|entry| entry.starts_with(ENTRY))
        {
            return Err(Malformed);
        }
        let method = number::<2>(archive, at + 10)?;
        let packed = number::<4>(archive, at + 20)?;
        let [name, extra, comment] = [28, 30, 32].map(|offset| number::<2>(archive, at + offset));
        let (name, extra, comment) = (name?, extra?, comment?);
        let local = number::<4>(archive, at + 42)?;
        let name_at = at + 46;
        let path = slice(archive, name_at, name)?;
        let path = std::str::from_utf8(path).map_err(|_| Malformed)?.to_owned();
        at = name_at + name + extra + comment;
        if path.ends_with('/') {
            continue;
        }
        let data = contents(archive, local, packed, method, left)?;
        left -= data.len();
        files.push((path, data));
    }
    Ok(files)
}

/// The contents of the file whose header stands at a place.
fn contents(
    archive: &[u8],
    local: usize,
    packed: usize,
    method: usize,
    most: usize,
) -> Result<Vec<u8>, Malformed> {
    if !archive
        .get(local..)
        .is_some_and(|file| file.starts_with(FILE))
    {
        return Err(Malformed);
    }
    let name = number::<2>(archive, local + 26)?;
    let extra = number::<2>(archive, local + 28)?;
    let packed = slice(archive, local + 30 + name + extra, packed)?;
    let data = match method {
        0 => packed.to_vec(),
        8 => {
            let mut data = Vec::new();
            let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
            DeflateDecoder::new(packed)
                .take(limit)
                .read_to_end(&mut data)
                .map_err(|_| Malformed)?;
            data
        }
        _ => return Err(Malformed),
    };
    if data.len() > most {
        return Err(Malformed);
    }
    Ok(data)
}

/// A number of so many bytes, the lowest first.
fn number<const N: usize>(archive: &[u8], at: usize) -> Result<usize, Malformed> {
    let bytes = slice(archive, at, N)?;
    Ok(bytes
        .iter()
        .rev()
        .fold(0, |number, byte| number << 8 | usize::from(*byte)))
}

fn slice(archive: &[u8], at: usize, length: usize) -> Result<&[u8], Malformed> {
    let end = at.checked_add(length).ok_or(Malformed)?;
    archive.get(at..end).ok_or(Malformed)
}

#[cfg(test)]
pub(in crate::bulk) mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;

    use super::*;

    /// An archive with these files; every other one is compressed.
    pub(in crate::bulk) fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let short = |n: usize| u16::try_from(n).unwrap().to_le_bytes();
        let long = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
        let (mut out, mut entries) = (Vec::new(), Vec::new());
        for (index, (name, data)) in files.iter().enumerate() {
            let (method, packed) = if index % 2 == 0 {
                (0, data.to_vec())
            } else {
                let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(data).unwrap();
                (8, encoder.finish().unwrap())
            };
            let local = out.len();
            let sizes = [long(packed.len()), long(data.len())].concat();
            let common = [&[20, 0, 0, 0][..], &short(method), &[0; 8], &sizes].concat();
            let names = [short(name.len()), short(0)].concat();
            out.extend([&FILE[..], &common, &names, name.as_bytes(), &packed].concat());
            entries.extend(
                [
                    &ENTRY[..],
                    &[20, 0],
                    &common,
                    &names,
                    &[0; 10],
                    &long(local),
                    name.as_bytes(),
                ]
                .concat(),
            );
        }
        let start = out.len();
        out.extend_from_slice(&entries);
        let count = short(files.len());
        out.extend(
            [
                &END[..],
                &[0; 4],
                &count,
                &count,
                &long(entries.len()),
                &long(start),
                &[0; 2],
            ]
            .concat(),
        );
        out
    }

    #[test]
    fn stored_and_deflated_files_are_read() {
        let long = b"ab".repeat(5_000);
        let archive = archive(&[("request.txt", b"a,b"), ("files/x.bin", &long)]);
        let read = files(&archive).unwrap();
        assert_eq!(
            read,
            [
                ("request.txt".to_owned(), b"a,b".to_vec()),
                ("files/x.bin".to_owned(), long),
            ]
        );
        assert_eq!(files(&archive[..archive.len() - 30]), Err(Malformed));
    }

    #[test]
    fn bombs_are_not_unpacked() {
        let zeros = vec![0; MOST_BYTES + 1];
        let archive = archive(&[("a", b""), ("b", &zeros)]);
        assert!(archive.len() < MOST_BYTES / 100);
        assert_eq!(files(&archive), Err(Malformed));
    }

    proptest::proptest! {
        #[test]
        fn a_damaged_archive_is_read_or_refused(at in 0_usize..300, byte: u8, end in 0_usize..300) {
            let mut archive = archive(&[("request.txt", b"a,b"), ("x", b"yyyyyyyyyyyyyyyyyyyyy")]);
            let at = at % archive.len();
            archive[at] = byte;
            archive.truncate(archive.len().saturating_sub(end % 50));
            let _ = files(&archive);
        }
    }
}
