//! The last good snapshot stays until a newer state passes, and changes are heard.

use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::config::{Inventory, InventorySource, ManifestUse};
use crate::inventory::{InventoryStatus, InventoryWatch, watch};

/// Longer than any test may take: what happens sooner was not polled.
const NEVER: Duration = Duration::from_secs(86400);

/// How long a change may take to be heard on a busy machine.
const DEADLINE: Duration = Duration::from_secs(20);

pub(super) fn config(path: &Path) -> Inventory {
    Inventory {
        source: InventorySource::Directory,
        path: path.to_owned(),
        poll_interval: NEVER,
        settle: Duration::from_millis(5),
        network: None,
        allow_empty: false,
        scopes: Vec::new(),
        manifest: ManifestUse::Optional,
        max_age: None,
    }
}

/// A watched directory that ends with the test.
pub(super) struct Watched {
    pub(super) folder: TempDir,
    pub(super) watch: InventoryWatch,
    pub(super) stop: CancellationToken,
}

impl Watched {
    /// A directory "inventory" with these files, in a directory of its own, watched and looked at once.
    pub(super) async fn new(files: &[(&str, &str)]) -> Self {
        let folder = directory(&[]);
        std::fs::create_dir(folder.path().join("inventory")).unwrap();
        let stop = CancellationToken::new();
        let watched = Self { watch: watch(config(&folder.path().join("inventory")), None, stop.clone()), folder, stop };
        files.iter().for_each(|(name, text)| watched.write(name, text));
        watched.look().await;
        watched
    }

    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join("inventory").join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.at(name), text).unwrap();
    }

    /// Puts a whole file in place at once.
    pub(super) fn put(&self, name: &str, text: &str) {
        let new = self.folder.path().join("new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, self.at(name)).unwrap();
    }

    pub(super) async fn look(&self) -> Arc<InventoryStatus> {
        self.watch.control.look_now().await.unwrap()
    }

    /// Looks, and returns the faults and what stays allocated.
    pub(super) async fn kept(&self) -> (String, usize) {
        let status = self.look().await;
        (status.faults.to_string().replace(&self.folder.path().display().to_string(), "DIR"), allocations(&status))
    }

    /// Waits, without asking for a look, until that many addresses and alias ranges are allocated.
    async fn heard(&mut self, expected: usize) {
        let heard = self.watch.status.wait_for(|status| status.faults.is_empty() && allocations(status) == expected);
        timeout(DEADLINE, heard).await.expect("the change was not heard").unwrap();
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub(super) fn allocations(status: &InventoryStatus) -> usize {
    let ranges = status.snapshot.iter().flat_map(|snapshot| &snapshot.ranges);
    ranges.map(|range| range.allocations.len()).sum()
}

/// The subnetwork and that many nodes with one pod range each: twice as many allocations.
pub(super) fn nodes(count: usize) -> String {
    let nodes: Vec<String> = (0..count)
        .map(|index| node(&format!("n{index}"), &format!("10.0.1.{index}"), &[&format!("10.4.{index}.0/24")]))
        .collect();
    list(&[&[SUBNETWORK], nodes.iter().map(String::as_str).collect::<Vec<_>>().as_slice()].concat())
}

#[tokio::test]
async fn keeps_what_was_there_whatever_comes_after_it() {
    let watched = Watched::new(&[("all.json", &nodes(3))]).await;
    assert_eq!(watched.kept().await, (String::new(), 6));
    let text = nodes(2);
    for (text, fault) in [
        (text.split_at(text.len() / 2).0, "all.json:6: cut short at column "),
        ("", "all.json: empty; expected a list, [] for no objects"),
        ("[]", "inventory: no subnetwork; expected at least one, or inventory.allow_empty"),
    ] {
        watched.put("all.json", text);
        let (faults, kept) = watched.kept().await;
        assert!(faults.contains(fault), "{faults}");
        assert_eq!(kept, 6, "{fault}");
    }
    let since = watched.look().await.untrusted_since;
    assert!(since.is_some());
    assert_eq!(watched.look().await.untrusted_since, since, "it is the same trouble");
    watched.put("all.json", &nodes(2));
    let status = watched.look().await;
    assert_eq!((allocations(&status), status.untrusted_since), (4, None));
    assert_eq!(status.snapshot.as_ref().unwrap().revision, 2);
}

#[tokio::test]
async fn a_directory_that_cannot_be_read_changes_nothing() {
    let mut watched = Watched::new(&[("all.json", &nodes(3))]).await;
    let (path, away) = (watched.folder.path().join("inventory"), watched.folder.path().join("away"));
    std::fs::rename(&path, &away).unwrap();
    let missing =
        "DIR/inventory: No such file or directory (os error 2); expected a directory or a file that can be read";
    assert_eq!(watched.kept().await, (missing.to_owned(), 6));
    symlink("nowhere", &path).unwrap();
    assert_eq!(watched.kept().await, (missing.to_owned(), 6));
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "no directory").unwrap();
    let (faults, kept) = watched.kept().await;
    assert_eq!((faults.as_str(), kept), ("inventory:1: not JSON at column 2: expected ident", 6));
    std::fs::remove_file(&path).unwrap();
    std::fs::rename(&away, &path).unwrap();
    assert_eq!(watched.kept().await, (String::new(), 6));
    assert_eq!(watched.look().await.snapshot.as_ref().unwrap().revision, 1);
    // It is watched again.
    watched.put("all.json", &nodes(2));
    watched.heard(4).await;
}

#[tokio::test]
async fn a_directory_that_is_not_there_yet_is_awaited() {
    let folder = directory(&[]);
    let stop = CancellationToken::new();
    let watch = watch(config(&folder.path().join("inventory")), None, stop.clone());
    let mut watched = Watched { folder, watch, stop };
    assert!(watched.look().await.snapshot.is_none());
    let new = watched.folder.path().join("new.d");
    std::fs::create_dir(&new).unwrap();
    std::fs::write(new.join("all.json"), nodes(1)).unwrap();
    std::fs::rename(new, watched.folder.path().join("inventory")).unwrap();
    watched.heard(2).await;
}

#[tokio::test]
async fn a_file_that_is_gone_proves_nothing() {
    let watched =
        Watched::new(&[("s.json", &list(&[SUBNETWORK])), ("i.json", &list(&[&node("a", "10.0.0.2", &[])]))]).await;
    let second = list(&[&node("b", "10.0.0.3", &[]), &node("c", "10.0.0.4", &[])]);
    watched.put("j.json", &second);
    assert_eq!(watched.kept().await, (String::new(), 3));
    std::fs::remove_file(watched.at("j.json")).unwrap();
    let gone = "j.json: is gone, and with it instance projects/p/zones/z/instances/b and 1 more; put an empty list [] in \
                its place if its objects are";
    assert_eq!(watched.kept().await, (gone.to_owned(), 3));
    // Moved to another file, they are still there; in their place an empty list says that they are not.
    watched.put("k.json", &second);
    assert_eq!(watched.kept().await, (String::new(), 3));
    watched.put("k.json", "[]");
    assert_eq!(watched.kept().await, (String::new(), 1));
    std::fs::remove_file(watched.at("k.json")).unwrap();
    assert_eq!(watched.kept().await, (String::new(), 1));
}

#[tokio::test]
async fn equal_content_is_the_same_snapshot() {
    let watched = Watched::new(&[("all.json", &nodes(3))]).await;
    let first = watched.look().await;
    watched.put("all.json", &nodes(3));
    let second = watched.look().await;
    assert!(Arc::ptr_eq(first.snapshot.as_ref().unwrap(), second.snapshot.as_ref().unwrap()));
    assert!(second.checked_at > first.checked_at);
    watched.put("all.json", "broken");
    assert_eq!(watched.kept().await.1, 6);
    watched.put("all.json", &nodes(3));
    let third = watched.look().await;
    assert!(Arc::ptr_eq(first.snapshot.as_ref().unwrap(), third.snapshot.as_ref().unwrap()));
}

#[tokio::test]
async fn every_atomic_rename_is_heard() {
    let mut watched = Watched::new(&[("all.json", &nodes(1))]).await;
    for count in [2, 5, 3, 4] {
        watched.put("all.json", &nodes(count));
        watched.heard(2 * count).await;
    }
}

#[tokio::test]
async fn a_file_that_is_written_in_two_halves_is_believed_when_it_is_whole() {
    use std::io::Write;
    let mut watched = Watched::new(&[("all.json", &nodes(1))]).await;
    let text = nodes(4);
    let (first, second) = text.split_at(text.len() / 2);
    let mut file = std::fs::File::create(watched.at("all.json")).unwrap();
    file.write_all(first.as_bytes()).unwrap();
    let (faults, kept) = watched.kept().await;
    assert!(faults.contains("cut short") && kept == 2, "{faults}");
    file.write_all(second.as_bytes()).unwrap();
    drop(file);
    watched.heard(8).await;
}

#[tokio::test]
async fn the_swap_of_a_config_maps_link_is_heard() {
    // As the kubelet lays it out: ..data is swapped, the names in the directory never change.
    let mut watched = Watched::new(&[]).await;
    let version = |name: &str, count: usize| {
        std::fs::create_dir(watched.at(name)).unwrap();
        std::fs::write(watched.at(name).join("all.json"), nodes(count)).unwrap();
        symlink(name, watched.at("..data_tmp")).unwrap();
        std::fs::rename(watched.at("..data_tmp"), watched.at("..data")).unwrap();
    };
    version("..2026_01", 1);
    symlink("..data/all.json", watched.at("all.json")).unwrap();
    watched.heard(2).await;
    for (name, old, count) in [("..2026_02", "..2026_01", 2), ("..2026_03", "..2026_02", 3)] {
        std::fs::create_dir(watched.at(name)).unwrap();
        std::fs::write(watched.at(name).join("all.json"), nodes(count)).unwrap();
        symlink(name, watched.at("..data_tmp")).unwrap();
        std::fs::rename(watched.at("..data_tmp"), watched.at("..data")).unwrap();
        std::fs::remove_dir_all(watched.at(old)).unwrap();
        watched.heard(2 * count).await;
    }
}

#[tokio::test]
async fn the_swap_of_a_link_to_the_directory_is_heard() {
    let folder = directory(&[]);
    let at = |name: &str| folder.path().join(name);
    for (name, count) in [("one", 1), ("two", 2), ("three", 3)] {
        std::fs::create_dir(at(name)).unwrap();
        std::fs::write(at(name).join("all.json"), nodes(count)).unwrap();
    }
    symlink("one", at("inventory")).unwrap();
    let stop = CancellationToken::new();
    let watch = watch(config(&at("inventory")), None, stop.clone());
    let mut watched = Watched { watch, stop, folder };
    watched.heard(2).await;
    for (name, allocated) in [("two", 4), ("three", 6)] {
        let link = watched.folder.path().join("link");
        symlink(name, &link).unwrap();
        std::fs::rename(link, watched.folder.path().join("inventory")).unwrap();
        watched.heard(allocated).await;
    }
    // The new target is watched, not only the link.
    watched.put("all.json", &nodes(5));
    watched.heard(10).await;
}

#[tokio::test]
async fn a_single_file_is_watched_through_renames() {
    let folder = directory(&[("inventory", &nodes(1))]);
    let stop = CancellationToken::new();
    let watch = watch(config(&folder.path().join("inventory")), None, stop.clone());
    let mut watched = Watched { watch, stop, folder };
    watched.heard(2).await;
    for count in [2, 3] {
        std::fs::write(watched.folder.path().join("new"), nodes(count)).unwrap();
        std::fs::rename(watched.folder.path().join("new"), watched.folder.path().join("inventory")).unwrap();
        watched.heard(2 * count).await;
    }
}

#[tokio::test]
async fn looking_is_not_heard_as_a_change() {
    let mut watched = Watched::new(&[("all.json", &nodes(1))]).await;
    // What the writing caused may be heard late; what each look causes would never end.
    let quiet = async { while timeout(Duration::from_millis(300), watched.watch.status.changed()).await.is_ok() {} };
    timeout(DEADLINE, quiet).await.expect("each look led to another look");
}

#[tokio::test(start_paused = true)]
async fn a_file_system_that_tells_nothing_is_polled() {
    let folder = directory(&[("all.json", &nodes(1))]);
    let stop = CancellationToken::new();
    let mut config = config(folder.path());
    config.poll_interval = Duration::from_secs(30);
    let mut watch = watch(config, None, stop.clone());
    let started = tokio::time::Instant::now();
    for _ in 0..3 {
        watch.status.changed().await.unwrap();
        watch.status.mark_unchanged();
    }
    assert_eq!(started.elapsed().as_secs(), 60, "one look at once and one each interval");
    stop.cancel();
    watch.task.await.unwrap();
    assert!(watch.control.look_now().await.is_none());
}

#[tokio::test]
async fn another_configuration_keeps_the_last_good_snapshot() {
    let watched = Watched::new(&[("all.json", &nodes(2))]).await;
    let other = watched.folder.path().join("other");
    let status = watched.watch.control.configure(config(&other)).await.unwrap();
    assert_eq!((status.path.clone(), allocations(&status)), (other.clone(), 4));
    assert!(!status.faults.is_empty());
    // Files of the other place say nothing about this one's.
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("new.json"), nodes(1)).unwrap();
    let status = watched.look().await;
    assert_eq!((allocations(&status), status.faults.total), (2, 0));
    let mut network = config(&other);
    network.network = Some("m".to_owned());
    let status = watched.watch.control.configure(network).await.unwrap();
    assert_eq!(status.faults.to_string(), "network m: no subnetwork; expected at least one, or inventory.allow_empty");
    assert_eq!(allocations(&status), 2);
    let mut calmer = config(&other);
    calmer.settle = Duration::ZERO;
    let status = watched.watch.control.configure(calmer).await.unwrap();
    assert_eq!((status.snapshot.as_ref().unwrap().revision, status.faults.total), (2, 0), "nothing changed in it");
}
