use std::io::Write;
use std::sync::Arc;

use super::*;

#[tokio::test]
async fn a_file_without_a_name_is_read_as_often_as_needed() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = unnamed(Some(folder.path())).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
    let text: Vec<u8> = (0..400_000_u32).map(|n| (n % 251) as u8).collect();
    file.write_all(&text).unwrap();
    let stored = Stored {
        file: Arc::new(file),
        range: 10..399_990,
    };
    let expected = &text[10..399_990];
    let checksum = crc32fast::hash(expected);
    for _ in 0..2 {
        let body = stored.body(checksum);
        assert_eq!(body.length(), Some(399_980));
        assert_eq!(body.collect(usize::MAX).await.unwrap(), expected);
    }
    let changed = stored.body(checksum + 1).collect(usize::MAX).await;
    assert!(changed.unwrap_err().never_sent());
}
