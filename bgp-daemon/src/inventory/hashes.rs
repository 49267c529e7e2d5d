//! What files hash to. One that was not written to since is not read again to find that out.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::directory::{Digest, ListedFile, Listing, Stamp};
use super::manifest::Manifest;

/// How long a stamp must have been seen before the hash for it is good for later looks: the clock of a file system ticks
/// once in 2 s at the slowest, and what is written twice within one tick has the same stamp.
const SETTLED: Duration = Duration::from_secs(3);

/// The hashes of files, by name.
#[derive(Debug, Default)]
pub(super) struct Hashes {
    files: HashMap<String, Hashed>,
}

/// What one file hashed to.
#[derive(Clone, Debug)]
struct Hashed {
    stamp: Stamp,
    /// When it was first seen with this stamp.
    seen: Duration,
    /// When it was hashed.
    hashed: Duration,
    digest: String,
    /// In hexadecimal, if the manifest asked for it.
    sha256: Option<String>,
}

impl Hashes {
    /// The digest of each file, all of which go into `all`, and the hashes that the manifest asks for. `clock` is the time
    /// since some moment, by a clock that nobody sets, after the files were listed.
    pub fn of(
        &mut self,
        listing: &Listing,
        manifest: Option<&Manifest>,
        all: &mut Digest,
        clock: Duration,
    ) -> (Vec<String>, BTreeMap<String, String>) {
        let (mut digests, mut hashes, mut known) = (Vec::new(), BTreeMap::new(), HashMap::new());
        for file in &listing.files {
            let wants_hash = manifest.is_some_and(|manifest| manifest.wants_hash(&file.name));
            let before = self.files.remove(&file.name).filter(|before| file.stamp() == Some(&before.stamp));
            let seen = before.as_ref().map_or(clock, |before| before.seen);
            let (digest, sha256, stamped) = match before.filter(|before| before.is_good(wants_hash)) {
                Some(before) => (before.digest.clone(), before.sha256.clone(), Some(before)),
                None => {
                    let (digest, sha256, is_read) = hash(file, wants_hash);
                    // What could not be read is tried again, for the cause may go without a trace.
                    let stamped = file.stamp().filter(|_| is_read).map(|stamp| {
                        let (stamp, digest, sha256) = (stamp.clone(), digest.clone(), sha256.clone());
                        Hashed { stamp, seen, hashed: clock, digest, sha256 }
                    });
                    (digest, sha256, stamped)
                }
            };
            known.extend(stamped.map(|stamped| (file.name.clone(), stamped)));
            hashes.extend(sha256.filter(|_| wants_hash).map(|sha256| (file.name.clone(), sha256)));
            all.add(&digest);
            digests.push(digest);
        }
        self.files = known;
        (digests, hashes)
    }

    /// All of them are to be read again.
    pub fn forget(&mut self) {
        self.files.clear();
    }
}

impl Hashed {
    fn is_good(&self, wants_hash: bool) -> bool {
        self.hashed.saturating_sub(self.seen) >= SETTLED && (self.sha256.is_some() || !wants_hash)
    }
}

/// The hashes of a file, and whether it could be read; what is wrong with it is part of the digest, and is said when the files
/// are read for good.
fn hash(file: &ListedFile, wants_hash: bool) -> (String, Option<String>, bool) {
    let (mut digest, mut hash) = (Digest::default(), wants_hash.then(Sha256::new));
    let each = |block: &[u8]| {
        if let Some(hash) = &mut hash {
            hash.update(block);
        }
    };
    let is_read = file.hash(&mut digest, each).is_ok();
    let hexadecimal = |hash: Sha256| hash.finalize().iter().map(|octet| format!("{octet:02x}")).collect();
    (digest.finish(), hash.map(hexadecimal), is_read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::directory::list;

    #[test]
    fn what_could_not_be_read_as_it_was_listed_is_not_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let write = |text: &str| std::fs::write(folder.path().join("a.json"), text).unwrap();
        let (mut hashes, late) = (Hashes::default(), Duration::from_secs(100));
        write("[]");
        let listing = list(folder.path()).unwrap();
        write("[5, 6]");
        let of = |hashes: &mut Hashes, listing: &Listing| hashes.of(listing, None, &mut Digest::default(), late).0;
        let first = of(&mut hashes, &listing);
        assert!(hashes.files.is_empty(), "it is another file by now");
        assert_ne!(of(&mut hashes, &list(folder.path()).unwrap()), first);
        assert_eq!(hashes.files.len(), 1);
    }

    #[test]
    fn a_file_is_read_again_until_its_stamp_is_older_than_a_tick() {
        let folder = tempfile::tempdir().unwrap();
        let write = |text: &str| std::fs::write(folder.path().join("a.json"), text).unwrap();
        let mut hashes = Hashes::default();
        let mut look = |seconds: u64| {
            let listing = list(folder.path()).unwrap();
            let of = hashes.of(&listing, None, &mut Digest::default(), Duration::from_secs(seconds)).0;
            (of, hashes.files["a.json"].hashed.as_secs())
        };
        write("[]");
        let (first, hashed) = look(0);
        assert_eq!(hashed, 0);
        assert_eq!(look(2), (first.clone(), 2), "it may have been written to within the tick");
        assert_eq!(look(3), (first.clone(), 3));
        assert_eq!(look(100), (first.clone(), 3), "the hash of a stamp that was old already is good");
        write("[5]");
        let (second, hashed) = look(101);
        assert!(second != first && hashed == 101);
        assert_eq!(look(103), (second.clone(), 103));
        assert_eq!(look(104), (second.clone(), 104));
        assert_eq!(look(1000), (second, 104));
    }
}
