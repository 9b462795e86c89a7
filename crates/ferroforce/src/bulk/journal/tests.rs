use std::path::PathBuf;

use super::*;
use crate::error::{ErrorKind, Result};

struct Place {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    Place {
        _folder: folder,
        path,
    }
}

async fn open(place: &Place) -> Result<(Journal, Vec<u32>)> {
    Journal::open(&place.path, Kind::Load, "contacts".to_owned()).await
}

#[tokio::test]
async fn what_was_added_is_there_again() {
    let place = place();
    for round in 0..4 {
        let (journal, records) = open(&place).await.unwrap();
        assert_eq!(records, (0..round).collect::<Vec<_>>());
        journal.append(&round).await.unwrap();
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&place.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

/// Wherever the crash tore it, what was whole is there, and the next line is good.
#[tokio::test]
async fn a_torn_line_is_cut_off() {
    let place = place();
    let (journal, _) = open(&place).await.unwrap();
    for record in [7, 8] {
        journal.append(&record).await.unwrap();
    }
    drop(journal);
    let whole = std::fs::read(&place.path).unwrap();
    let lines: Vec<usize> = memchr::memchr_iter(b'\n', &whole)
        .map(|end| end + 1)
        .collect();
    for length in 0..=whole.len() {
        std::fs::write(&place.path, &whole[..length]).unwrap();
        let (journal, records) = open(&place).await.unwrap();
        let complete = lines.iter().filter(|end| **end <= length).count();
        assert_eq!(records, [7, 8][..complete.saturating_sub(1)]);
        journal.append(&9).await.unwrap();
        drop(journal);
        let (_, records) = open(&place).await.unwrap();
        assert_eq!(records.last(), Some(&9), "cut at {length}");
    }
}

#[tokio::test]
async fn damage_in_the_middle_is_an_error() {
    let place = place();
    let (journal, _) = open(&place).await.unwrap();
    for record in [7, 8] {
        journal.append(&record).await.unwrap();
    }
    drop(journal);
    let whole = std::fs::read_to_string(&place.path).unwrap();
    std::fs::write(&place.path, whole.replace(" 7\n", " 6\n")).unwrap();
    let error = open(&place).await.unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
}

#[tokio::test]
async fn a_journal_of_something_else_is_refused() {
    let place = place();
    drop(open(&place).await.unwrap());
    let other = Journal::open::<_, u32>(&place.path, Kind::Load, "leads".to_owned()).await;
    assert_eq!(other.unwrap_err().kind(), ErrorKind::InvalidInput);
    let other = Journal::open::<_, u32>(&place.path, Kind::Extract, "contacts".to_owned()).await;
    assert!(other.is_err());
    for text in ["Id,Name\n001,x\n", "not a journal", "{}"] {
        std::fs::write(&place.path, text).unwrap();
        assert!(open(&place).await.is_err());
        assert_eq!(std::fs::read_to_string(&place.path).unwrap(), text);
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_else_works_with_it_meanwhile() {
    let place = place();
    let first = open(&place).await.unwrap();
    let error = open(&place).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disk);
    assert!(error.to_string().contains("in use"), "{error}");
    drop(first);
    open(&place).await.unwrap();
}

/// What is torn must be the last line, or what follows is lost with it.
#[tokio::test]
async fn nothing_is_written_behind_what_could_not_be_written() {
    let place = place();
    let (journal, _) = open(&place).await.unwrap();
    journal.append(&7).await.unwrap();
    let only_read = std::fs::File::open(&place.path).unwrap();
    let writable = journal.exchange(only_read).await;
    journal.append(&8).await.unwrap_err();
    journal.exchange(writable).await;
    let error = journal.append(&9).await.unwrap_err();
    assert!(error.to_string().contains("earlier"), "{error}");
    drop(journal);
    assert_eq!(open(&place).await.unwrap().1, [7]);
}

#[tokio::test]
async fn a_whole_line_that_is_not_known_is_not_taken_for_a_torn_one() {
    let place = place();
    let (journal, _) = open(&place).await.unwrap();
    journal.append(&"of a later version").await.unwrap();
    drop(journal);
    let before = std::fs::read(&place.path).unwrap();
    let error = open(&place).await.unwrap_err();
    assert!(error.to_string().contains("version"), "{error}");
    assert_eq!(std::fs::read(&place.path).unwrap(), before);
}
