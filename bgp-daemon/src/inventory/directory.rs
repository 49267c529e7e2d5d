//! Which files there are, what they look like from outside, and their octets. Knows nothing of what stands in them.
//!
//! Files are those of a directory whose names end in `.json`, `.yaml` or `.yml`, or one file whatever it is called.
//! Symbolic links are followed, as a mounted ConfigMap needs it. Hidden files and what editors leave behind do not count;
//! of anything else a note is kept. Only regular files are opened: reading one cannot block for ever.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions};
use std::hash::Hasher;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::form::Syntax;

/// Most entries of a directory.
const MAX_ENTRIES: usize = 10_000;

/// Most octets of a JSON file: some 100,000 instances with all their fields. One file at a time is held in memory.
const MAX_JSON_LEN: u64 = 1 << 30;

/// Most octets of a YAML file, which needs many times its length in memory: YAML is for bundles written by people.
const MAX_YAML_LEN: u64 = 1 << 26;

/// Most octets of all files.
const MAX_TOTAL_LEN: u64 = 1 << 32;

/// The name of the manifest, but for its ending.
const MANIFEST: &str = "manifest";

/// The files of an inventory as they were found. Equal listings mean that nothing was written in between.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listing {
    /// In order of name.
    pub files: Vec<ListedFile>,
    /// What says which files there must be.
    pub manifest: Option<ListedFile>,
    /// What was passed over, and why.
    pub notes: Vec<String>,
}

/// One file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ListedFile {
    /// Its name, as it is shown.
    pub name: String,
    pub path: PathBuf,
    pub syntax: Syntax,
    /// What tells whether it was written to, or why it cannot be read.
    stamp: Result<Stamp, String>,
}

/// Changes whenever the file is written to or replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    len: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            len: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// Finds the files at `path`, or says why it cannot.
pub(super) fn list(path: &Path) -> Result<Listing, String> {
    let unreadable = |error: io::Error| format!("{error}; expected a directory or a file that can be read");
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_dir() {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let syntax = syntax_of(path.as_os_str()).unwrap_or(Syntax::Json);
        let file = ListedFile { name, path: path.to_owned(), syntax, stamp: stamp(Ok(metadata)) };
        return Ok(Listing { files: vec![file], manifest: None, notes: Vec::new() });
    }
    let mut listing = Listing { files: Vec::new(), manifest: None, notes: Vec::new() };
    for (index, entry) in fs::read_dir(path).map_err(unreadable)?.enumerate() {
        if index == MAX_ENTRIES {
            return Err(format!("more than {MAX_ENTRIES} entries; expected a directory of its own"));
        }
        let entry = entry.map_err(unreadable)?;
        let shown = entry.file_name().to_string_lossy().into_owned();
        if is_hidden_or_left_behind(&shown) {
            continue;
        }
        match syntax_of(&entry.file_name()) {
            Some(syntax) => {
                let path = entry.path();
                let stamp = stamp(fs::metadata(&path));
                let is_manifest = path.file_stem().is_some_and(|stem| stem == MANIFEST);
                let file = ListedFile { name: shown, path, syntax, stamp };
                match &listing.manifest {
                    None if is_manifest => listing.manifest = Some(file),
                    Some(other) if is_manifest => {
                        return Err(format!("{} and {}; expected one manifest", other.name, file.name));
                    }
                    _ => listing.files.push(file),
                }
            }
            None => listing.notes.push(format!("{shown}: not read; expected a name in .json, .yaml or .yml")),
        }
    }
    listing.files.sort_by(|a, b| a.path.cmp(&b.path));
    listing.notes.sort();
    Ok(listing)
}

/// What marks a file as none of the inventory's: hidden, or a copy that an editor or a package keeps.
fn is_hidden_or_left_behind(name: &str) -> bool {
    const ENDS: [&str; 7] = ["~", ".bak", ".tmp", ".swp", ".orig", ".rpmsave", ".dpkg-old"];
    name.starts_with(['.', '#']) || ENDS.iter().any(|end| name.ends_with(end))
}

/// How a file of that name is written, by its ending.
pub(super) fn syntax_of(name: &OsStr) -> Option<Syntax> {
    match Path::new(name).extension()?.to_str()? {
        "json" => Some(Syntax::Json),
        "yaml" | "yml" => Some(Syntax::Yaml),
        _ => None,
    }
}

fn stamp(metadata: io::Result<Metadata>) -> Result<Stamp, String> {
    let metadata = metadata.map_err(unreadable)?;
    match metadata.is_file() {
        true => Ok(Stamp::of(&metadata)),
        false => Err(NOT_REGULAR.to_owned()),
    }
}

impl Listing {
    /// The first file that differs, for a message.
    pub fn first_difference<'a>(&'a self, other: &'a Self) -> Option<&'a str> {
        let missing = |files: &[ListedFile], file: &ListedFile| !files.contains(file);
        let here = self.files.iter().find(|file| missing(&other.files, file));
        let here = here.or_else(|| other.files.iter().find(|file| missing(&self.files, file)));
        let manifest =
            || self.manifest.as_ref().or(other.manifest.as_ref()).filter(|_| self.manifest != other.manifest);
        here.or_else(manifest).map(|file| file.name.as_str())
    }

    /// Why there is too much to read.
    pub fn too_much(&self) -> Option<String> {
        let len = |file: &ListedFile| file.stamp.as_ref().map_or(0, |stamp| stamp.len);
        let total = self.files.iter().map(len).fold(0_u64, u64::saturating_add);
        let too_long = total > MAX_TOTAL_LEN;
        too_long.then(|| format!("{total} octets in all; expected at most {MAX_TOTAL_LEN}"))
    }
}

impl ListedFile {
    /// What tells whether it was written to; `None` for one that cannot be read.
    pub fn stamp(&self) -> Option<&Stamp> {
        self.stamp.as_ref().ok()
    }

    /// The octets of the file, or what is wrong with it; either goes into `digest`.
    pub fn octets(&self, digest: &mut Digest) -> Result<Vec<u8>, String> {
        let len = self.stamp.as_ref().map_or(0, |stamp| stamp.len).min(self.most());
        let mut octets = Vec::with_capacity(usize::try_from(len).unwrap_or(0));
        self.hash(digest, |block| octets.extend_from_slice(block))?;
        Ok(octets)
    }

    /// Hashes the file and hands on its octets block by block, so that a file is not held in memory just to find that it
    /// is as it was.
    pub fn hash(&self, digest: &mut Digest, each: impl FnMut(&[u8])) -> Result<(), String> {
        digest.begin(&self.name);
        let read = self.blocks(digest, each);
        digest.end(read.as_ref().err().map_or("", String::as_str));
        read
    }

    fn blocks(&self, digest: &mut Digest, mut each: impl FnMut(&[u8])) -> Result<(), String> {
        let most = self.most();
        let mut rest = self.open()?.take(most + 1);
        let mut len = 0;
        let mut block = Vec::with_capacity(BLOCK_CAPACITY);
        loop {
            block.clear();
            len += rest.by_ref().take(BLOCK_LEN).read_to_end(&mut block).map_err(unreadable)?;
            if block.is_empty() {
                break;
            }
            digest.block(&block);
            each(&block);
        }
        match u64::try_from(len) {
            Ok(len) if len <= most => Ok(()),
            _ => Err(too_long(most)),
        }
    }

    fn open(&self) -> Result<File, String> {
        let stamp = self.stamp.as_ref().map_err(Clone::clone)?;
        if stamp.len > self.most() {
            return Err(too_long(self.most()));
        }
        // A pipe put in the file's place after it was listed would block the opening without O_NONBLOCK.
        let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&self.path);
        let file = file.map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        match (metadata.is_file(), Stamp::of(&metadata) == *stamp) {
            (true, true) => Ok(file),
            (true, false) => Err("replaced while it was read; expected a file that stands still".to_owned()),
            (false, _) => Err(NOT_REGULAR.to_owned()),
        }
    }

    const fn most(&self) -> u64 {
        match self.syntax {
            Syntax::Json => MAX_JSON_LEN,
            Syntax::Yaml => MAX_YAML_LEN,
        }
    }
}

const NOT_REGULAR: &str = "not a regular file; expected one";

fn too_long(most: u64) -> String {
    format!("too long; expected at most {most} octets")
}

fn unreadable(error: io::Error) -> String {
    format!("{error}; expected a file that can be read")
}

/// Octets that are read and hashed at a time.
const BLOCK_LEN: u64 = 1 << 16;
const BLOCK_CAPACITY: usize = 1 << 16;

/// Hashes names and contents of files. Equal in every process of the same build; not meant against forgery.
#[derive(Debug, Default)]
pub(super) struct Digest(std::hash::DefaultHasher);

impl Digest {
    /// The digest of these octets alone, as of the one file of an inventory.
    pub fn of(name: &str, octets: &[u8]) -> String {
        let mut digest = Self::default();
        digest.begin(name);
        octets.chunks(usize::try_from(BLOCK_LEN).unwrap_or(usize::MAX)).for_each(|block| digest.block(block));
        digest.end("");
        let mut all = Self::default();
        all.add(&digest.finish());
        all.finish()
    }

    /// Takes in the digest of a part.
    pub fn add(&mut self, part: &str) {
        self.block(part.as_bytes());
    }

    fn begin(&mut self, name: &str) {
        self.0.write_usize(name.len());
        self.0.write(name.as_bytes());
    }

    /// Blocks are cut at the same places whenever a file is hashed.
    fn block(&mut self, octets: &[u8]) {
        self.0.write_usize(octets.len());
        self.0.write(octets);
    }

    /// No block is empty, so that one ends the file; what was wrong with it follows.
    fn end(&mut self, reason: &str) {
        self.0.write_usize(0);
        self.block(reason.as_bytes());
    }

    /// The hash in hexadecimal.
    pub fn finish(self) -> String {
        format!("{:016x}", self.0.finish())
    }
}
