use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::file::LogFile;
use super::*;

fn config(path: PathBuf, max_file_octets: u64, max_files: u32) -> config::Audit {
    config::Audit { path, max_file_octets, max_files }
}

fn bulk(count: u32) -> Entry {
    let withdraw = (0..count).map(|number| std::net::Ipv4Addr::from(0x0A00_0000 + number).into()).collect();
    let cause = Cause::for_tests();
    Entry { at: SystemTime::UNIX_EPOCH, cause, changes: Changes::Bulk(Arc::new(Plan { withdraw, ..Plan::default() })) }
}

#[test]
fn files_are_set_aside_when_they_are_large_and_the_oldest_goes() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("audit.jsonl");
    let mut file = LogFile::new(config(path.clone(), 20, 3));
    for number in 0..6 {
        file.append(format!("line {number} of ten\n").as_bytes()).unwrap();
    }
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("audit.jsonl"), "line 5 of ten\n");
    assert_eq!(read("audit.jsonl.1"), "line 4 of ten\n");
    assert_eq!(read("audit.jsonl.2"), "line 3 of ten\n");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    let mut single = LogFile::new(config(path, 20, 1));
    single.append(b"a new beginning\n").unwrap();
    assert_eq!(read("audit.jsonl"), "a new beginning\n");
}

#[test]
fn a_line_that_a_crash_has_torn_spoils_no_other() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("audit.jsonl");
    fs::write(&path, "{\"time\":\"20").unwrap();
    let mut file = LogFile::new(config(path.clone(), 1 << 20, 2));
    file.append(b"{}\n").unwrap();
    file.append(b"{}\n").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "{\"time\":\"20\n{}\n{}\n");
    fs::remove_file(&path).unwrap();
    file.append(b"[]\n").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "[]\n", "who moves it away gets a new one");
}

#[tokio::test]
async fn a_full_disk_is_alarmed_counted_and_blocks_nobody() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("audit.jsonl");
    let mut audit = Audit::start(Some(config(PathBuf::from("/dev/full"), 1 << 20, 2))).unwrap();
    let mut status = audit.status();
    audit.note(bulk(3));
    let full = status.wait_for(|status| status.fault.is_some()).await.unwrap().clone();
    assert_eq!(full.lost, 3);
    assert!(full.fault.as_ref().unwrap().contains("/dev/full: No space left"), "{full:?}");
    audit.configure(Some(config(path.clone(), 1 << 20, 2))).unwrap();
    audit.note(bulk(2));
    status.wait_for(|status| status.fault.is_none()).await.unwrap();
    drop(audit);
    // The thread ends with the way to it, and its status with the thread.
    while status.changed().await.is_ok() {}
    let lines = fs::read_to_string(&path).unwrap();
    assert_eq!(lines.lines().count(), 2);
    for line in lines.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!((line["change"].as_str(), line["revision"].as_u64()), (Some("WITHDRAW"), Some(7)), "{line}");
    }
}

#[test]
fn what_does_not_fit_is_lost_and_counted() {
    let audit = Audit::start(None).unwrap();
    audit.waiting.store(MAX_WAITING_ROUTES + 1, Ordering::Relaxed);
    audit.note(bulk(5));
    assert_eq!(audit.status().borrow().lost, 5);
    assert_eq!(audit.waiting.load(Ordering::Relaxed), MAX_WAITING_ROUTES + 1);
}
