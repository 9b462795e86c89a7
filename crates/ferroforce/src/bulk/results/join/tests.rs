use super::bucket::{BUCKETS, Buckets};
use super::fate::{Fate, Reader};
use super::fingerprint::fingerprint;
use super::*;
use crate::error::ApiError;

#[tokio::test]
async fn buckets_keep_their_order_in_memory_and_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    for memory in [0, 100, usize::MAX] {
        let mut buckets = Buckets::with_memory(Some(folder.path().to_owned()), memory);
        for number in 0..2_000_u32 {
            buckets.add(number as usize % BUCKETS, &number.to_le_bytes());
            buckets.settle().await.unwrap();
        }
        for bucket in 0..BUCKETS {
            let bytes = buckets.take(bucket).await.unwrap();
            let numbers: Vec<_> = bytes
                .chunks(4)
                .map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap()))
                .collect();
            let expected = (0..2_000).filter(|number| *number as usize % BUCKETS == bucket);
            assert_eq!(numbers, expected.collect::<Vec<_>>());
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[test]
fn what_is_put_aside_reads_back() {
    let id = "001Pc00000LuBMUIA3".parse().unwrap();
    let error =
        ApiError::new("DUPLICATE_VALUE", "ä\nb,c").with_fields(vec!["A".into(), "B".into()]);
    let all = [
        Fate::Written { id, created: true },
        Fate::Written { id, created: false },
        Fate::Failed { id: None, error },
        Fate::Failed {
            id: Some(id),
            error: ApiError::new("X", ""),
        },
        Fate::Unprocessed,
        Fate::Unaccounted,
    ];
    let mut text = Vec::new();
    all.iter().for_each(|fate| fate.write(&mut text));
    let mut reader = Reader(&text);
    for fate in &all {
        assert_eq!(Fate::read(&mut reader).as_ref(), Some(fate));
    }
    assert!(reader.is_empty());
    for length in 0..text.len() {
        let mut reader = Reader(&text[..length]);
        while Fate::read(&mut reader).is_some() {}
    }
}

#[test]
fn a_row_is_known_by_what_is_in_it() {
    let by = |by: &JoinBy, cells: &[(&str, &str)]| fingerprint(by, cells.iter().copied());
    let values = |cells: &[(&str, &str)]| by(&JoinBy::Values, cells);
    let row = values(&[("A", "1"), ("B", "2")]);
    assert_eq!(row, values(&[("b", "2"), ("C", ""), ("a", "1")]));
    for other in [
        &[("A", "2"), ("B", "1")][..],
        &[("A", "12")],
        &[("A", "1"), ("B", "2"), ("C", "#N/A")],
        &[],
    ] {
        assert_ne!(row, values(other));
    }
    let key = JoinBy::column("Key__c");
    assert_eq!(
        by(&key, &[("key__c", "x"), ("A", "1")]),
        by(&key, &[("A", "2"), ("Key__c", "x")])
    );
    assert_eq!(by(&key, &[("A", "2")]), None);
}
