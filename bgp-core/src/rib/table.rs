//! All paths of one family, and which of them are in the Loc-RIB.
//!
//! A prefix has a row of 16 octets (IPv4). The one path that most prefixes have stands in it, as long as policy left its
//! attributes alone and the peer sends no path identifiers; other paths stand in a list of their own. Rows have numbers, so
//! that a prefix is searched for once, when it comes in.

use smallvec::{SmallVec, smallvec};

use super::adj_rib_in::CompactVerdict;
use super::attribute_store::AttributeId;
use super::family_prefix::FamilyPrefix;
use super::pages::Pages;
use super::path::Path;
use super::path_lists::{ListId, PathLists};
use super::peers::PeerIndex;
use super::prefix_index::{AT_ONCE, PrefixIndex, Start};

/// The number of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RowId(u32);

impl RowId {
    /// A row by its place.
    pub fn of(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// Its place.
    pub fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// Paths of a prefix, in no order.
pub(super) type Paths = SmallVec<[Path; 1]>;

/// Eight octets: the list has the place of peer and detail.
#[derive(Clone, Copy, Debug)]
enum Held {
    /// One path, which needs no more than this to be told whole.
    One { attributes: AttributeId, peer: PeerIndex, detail: u16 },
    /// A list of paths, or nothing.
    List(Option<ListId>),
}

impl Held {
    const NOTHING: Self = Self::List(None);
}

impl Default for Held {
    fn default() -> Self {
        Self::NOTHING
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Row<N> {
    held: Held,
    net: N,
    flags: Flags,
}

#[derive(Clone, Copy, Debug, Default)]
struct Flags(u8);

impl Flags {
    /// The row is taken.
    const USED: u8 = 1;
    /// The prefix waits for a decision.
    const DIRTY: u8 = 2;
    /// What is in the Loc-RIB, or was, is not what it was at the last decision.
    const CHANGED: u8 = 4;
    /// The one path is in the Loc-RIB.
    const BEST: u8 = 8;

    const fn has(self, flag: u8) -> bool {
        self.0 & flag != 0
    }

    const fn set(&mut self, flag: u8, to: bool) {
        if to { self.0 |= flag } else { self.0 &= !flag }
    }
}

/// The paths of one family.
pub(super) struct Table<N: FamilyPrefix> {
    rows: Pages<Row<N>>,
    free: Vec<RowId>,
    lists: PathLists,
    index: PrefixIndex<N>,
    path_count: usize,
    prefix_count: usize,
    best_count: usize,
    originated_count: usize,
}

fn inline(path: &Path) -> Option<Held> {
    let detail = match path.peer {
        PeerIndex::LOCAL => u16::try_from(path.path_id).ok()?,
        _ if path.path_id == 0 => path.verdict.bits(),
        _ => return None,
    };
    (path.received == path.effective).then_some(Held::One { attributes: path.received, peer: path.peer, detail })
}

fn outlined(attributes: AttributeId, peer: PeerIndex, detail: u16) -> Path {
    let (path_id, verdict) = match peer {
        PeerIndex::LOCAL => (u32::from(detail), CompactVerdict::OWN),
        _ => (0, CompactVerdict::from_bits(detail)),
    };
    Path { received: attributes, effective: attributes, path_id, peer, verdict }
}

impl<N: FamilyPrefix> Table<N> {
    /// No paths.
    pub fn new() -> Self {
        Self {
            rows: Pages::default(),
            free: Vec::new(),
            lists: PathLists::default(),
            index: PrefixIndex::new(),
            path_count: 0,
            prefix_count: 0,
            best_count: 0,
            originated_count: 0,
        }
    }

    // --- rows ---

    /// The row of a prefix.
    pub fn find(&self, net: &N) -> Option<RowId> {
        self.index.find(net, net_of(&self.rows))
    }

    /// The rows of at most [`AT_ONCE`] prefixes, which costs less than one after the other.
    pub fn find_many(&self, nets: &[N]) -> [Option<RowId>; AT_ONCE] {
        self.index.find_many(nets, net_of(&self.rows))
    }

    /// The row of a prefix, which gets one when it has none.
    pub fn find_or_insert(&mut self, net: N) -> RowId {
        let new = self.free.last().copied().unwrap_or_else(|| RowId::of(self.rows.len()));
        let row = self.index.find_or_insert(net, new, net_of(&self.rows));
        if row == new {
            self.free.pop();
            self.rows.set(row.index(), Row { held: Held::NOTHING, net, flags: Flags(Flags::USED) });
        }
        row
    }

    /// The prefix of a row.
    pub fn net(&self, row: RowId) -> Option<N> {
        self.rows.get(row.index()).map(|row| row.net)
    }

    /// Whether the row is taken, by this prefix.
    pub fn has(&self, row: RowId, net: &N) -> bool {
        self.rows.get(row.index()).is_some_and(|row| row.flags.has(Flags::USED) && row.net == *net)
    }

    /// Gives a row back that has no path and waits for nothing; whether it did.
    pub fn free(&mut self, row: RowId) -> bool {
        let Some(place) = self.rows.get_mut(row.index()) else { return false };
        let idle = matches!(place.held, Held::List(None)) && place.flags.0 == Flags::USED;
        if !idle {
            return false;
        }
        let net = place.net;
        self.index.remove(&net, net_of(&self.rows));
        if let Some(place) = self.rows.get_mut(row.index()) {
            place.flags = Flags::default();
        }
        self.free.push(row);
        if self.free.len() == self.rows.len() {
            // Nothing is left: what held a full table once does not stay that large.
            *self = Self::new();
        }
        true
    }

    /// Rows there are room for, taken or not: numbers are below.
    pub fn capacity(&self) -> usize {
        self.rows.len()
    }

    /// Up to `limit` rows from this number on, and the number to go on with; free ones are among neither.
    pub fn rows_from(&self, from: usize, limit: usize) -> (Vec<RowId>, usize) {
        let (rows, next) = self.rows.some_from(from, limit);
        let taken = rows.iter().zip(from..).filter(|(row, _)| row.flags.has(Flags::USED));
        (taken.map(|(_, place)| RowId::of(place)).collect(), next)
    }

    /// The rows in the order of their prefixes.
    pub fn in_order(&self, from: Option<(N, Start)>) -> impl Iterator<Item = (N, RowId)> {
        let net = |row: RowId| self.net(row).map(|net| (net, row));
        self.index.rows(from, net_of(&self.rows)).filter_map(net)
    }

    // --- paths ---

    /// All paths of a row.
    pub fn paths(&self, row: RowId) -> Paths {
        match self.held(row) {
            Held::List(None) => Paths::new(),
            Held::One { attributes, peer, detail } => smallvec![outlined(attributes, peer, detail)],
            Held::List(Some(list)) => Paths::from_slice(self.lists.paths(list)),
        }
    }

    /// The path of this peer and identifier.
    pub fn path(&self, row: RowId, key: (PeerIndex, u32)) -> Option<Path> {
        match self.held(row) {
            Held::List(None) => None,
            Held::One { attributes, peer, detail } => {
                Some(outlined(attributes, peer, detail)).filter(|path| path.key() == key)
            }
            Held::List(Some(list)) => self.lists.paths(list).iter().find(|path| path.key() == key).copied(),
        }
    }

    /// The one path of a row that has no other, or that it has none; `None` where it has several.
    pub fn sole_path(&self, row: RowId) -> Option<Option<Path>> {
        match self.held(row) {
            Held::List(None) => Some(None),
            Held::One { attributes, peer, detail } => Some(Some(outlined(attributes, peer, detail))),
            Held::List(Some(list)) => match self.lists.paths(list) {
                [path] => Some(Some(*path)),
                _ => None,
            },
        }
    }

    fn held(&self, row: RowId) -> Held {
        self.rows.get(row.index()).map_or(Held::NOTHING, |row| row.held)
    }

    /// Puts the first path of a row, and into the Loc-RIB where it is eligible: there is nothing to be decided. False, and
    /// nothing done, where the row has paths or waits for a decision.
    pub fn put_first(&mut self, row: RowId, path: Path) -> bool {
        let Some(place) = self.rows.get_mut(row.index()) else { return false };
        if !matches!(place.held, Held::List(None)) || place.flags.0 != Flags::USED {
            return false;
        }
        let is_best = path.verdict.is_accepted();
        place.held = match inline(&path) {
            Some(held) => {
                place.flags.set(Flags::BEST, is_best);
                held
            }
            None => {
                let list = self.lists.begin(path, is_best, false);
                Held::List(Some(list))
            }
        };
        self.path_count += 1;
        self.prefix_count += 1;
        self.best_count += usize::from(is_best);
        self.originated_count += usize::from(path.peer == PeerIndex::LOCAL);
        true
    }

    /// Puts a path in the place of the one of the same key, if there is one, which is returned.
    pub fn put(&mut self, row: RowId, path: Path) -> Option<Path> {
        let old = match self.held(row) {
            Held::List(None) => {
                self.place(row, path);
                None
            }
            Held::One { attributes, peer, detail } => {
                let old = outlined(attributes, peer, detail);
                let is_same = old.key() == path.key();
                match inline(&path).filter(|_| is_same) {
                    Some(held) => self.hold(row, held),
                    None => {
                        self.spill(row, old, !is_same);
                        return self.put(row, path);
                    }
                }
                Some(old)
            }
            Held::List(Some(list)) => self.lists.put(list, path),
        };
        if let Some(old) = old
            && self.best(row).is_some_and(|best| best.key() == path.key())
        {
            if !path.verdict.is_accepted() {
                self.set_best(row, None);
            }
            if old.effective != path.effective || !path.verdict.is_accepted() {
                self.flag(row, Flags::CHANGED, true);
            }
        }
        if old.is_none() {
            self.path_count += 1;
            self.prefix_count += usize::from(self.path_total(row) == 1);
            self.originated_count += usize::from(path.peer == PeerIndex::LOCAL && !self.has_other_own(row, &path));
        }
        old
    }

    fn has_other_own(&self, row: RowId, path: &Path) -> bool {
        self.paths(row).iter().any(|other| other.peer == PeerIndex::LOCAL && other.path_id != path.path_id)
    }

    fn path_total(&self, row: RowId) -> usize {
        match self.held(row) {
            Held::List(None) => 0,
            Held::One { .. } => 1,
            Held::List(Some(list)) => self.lists.paths(list).len(),
        }
    }

    fn place(&mut self, row: RowId, path: Path) {
        let held = inline(&path).unwrap_or_else(|| Held::List(Some(self.lists.begin(path, false, false))));
        self.hold(row, held);
    }

    /// Moves the one path of a row out of it.
    fn spill(&mut self, row: RowId, path: Path, more_follow: bool) {
        let held = Held::List(Some(self.lists.begin(path, self.flags(row).has(Flags::BEST), more_follow)));
        self.flag(row, Flags::BEST, false);
        self.hold(row, held);
    }

    fn hold(&mut self, row: RowId, held: Held) {
        if let Some(row) = self.rows.get_mut(row.index()) {
            row.held = held;
        }
    }

    /// Removes the path of this key, and returns it.
    pub fn remove(&mut self, row: RowId, key: (PeerIndex, u32)) -> Option<Path> {
        let was_best = self.best(row).is_some_and(|best| best.key() == key);
        if was_best && self.path(row, key).is_some() {
            self.set_best(row, None);
            self.flag(row, Flags::CHANGED, true);
        }
        let path = match self.held(row) {
            Held::List(None) => return None,
            Held::One { attributes, peer, detail } => {
                let path = outlined(attributes, peer, detail);
                if path.key() != key {
                    return None;
                }
                self.hold(row, Held::NOTHING);
                path
            }
            Held::List(Some(list)) => {
                let path = self.lists.remove(list, key)?;
                if self.lists.paths(list).is_empty() {
                    self.hold(row, Held::NOTHING);
                }
                path
            }
        };
        self.path_count -= 1;
        self.prefix_count -= usize::from(self.path_total(row) == 0);
        self.originated_count -= usize::from(path.peer == PeerIndex::LOCAL && !self.has_other_own(row, &path));
        Some(path)
    }

    // --- decision ---

    /// The path in the Loc-RIB, as it is now: it may have changed since the last decision.
    pub fn best(&self, row: RowId) -> Option<Path> {
        let place = self.rows.get(row.index())?;
        match place.held {
            Held::List(None) => None,
            Held::One { attributes, peer, detail } => {
                place.flags.has(Flags::BEST).then(|| outlined(attributes, peer, detail))
            }
            Held::List(Some(list)) => self.lists.best(list),
        }
    }

    /// The path in the Loc-RIB, where nothing happened to it since the last decision and none is due.
    pub fn settled_best(&self, row: RowId) -> Option<Path> {
        let flags = self.flags(row);
        self.best(row).filter(|_| !flags.has(Flags::DIRTY) && !flags.has(Flags::CHANGED))
    }

    /// Puts a path of the row into the Loc-RIB, by its place in [`paths`](Self::paths), or none.
    pub fn set_best(&mut self, row: RowId, best: Option<usize>) {
        let was = match self.held(row) {
            Held::List(None) => return,
            Held::One { .. } => {
                let was = self.flags(row).has(Flags::BEST);
                self.flag(row, Flags::BEST, best.is_some());
                was
            }
            Held::List(Some(list)) => {
                let was = self.lists.best(list).is_some();
                self.lists.set_best(list, best);
                was
            }
        };
        match (was, best.is_some()) {
            (false, true) => self.best_count += 1,
            (true, false) => self.best_count -= 1,
            _ => {}
        }
    }

    /// Whether the prefix waits for a decision.
    pub fn is_dirty(&self, row: RowId) -> bool {
        self.flags(row).has(Flags::DIRTY)
    }

    /// The prefix waits for a decision; false when it did already.
    pub fn mark_dirty(&mut self, row: RowId) -> bool {
        let marked = !self.flags(row).has(Flags::DIRTY);
        self.flag(row, Flags::DIRTY, true);
        marked
    }

    /// A decision is being made; whether what is in the Loc-RIB changed since the last one.
    pub fn begin_decision(&mut self, row: RowId) -> bool {
        let changed = self.flags(row).has(Flags::CHANGED);
        self.flag(row, Flags::DIRTY | Flags::CHANGED, false);
        changed
    }

    fn flags(&self, row: RowId) -> Flags {
        self.rows.get(row.index()).map_or(Flags::default(), |row| row.flags)
    }

    fn flag(&mut self, row: RowId, flag: u8, to: bool) {
        if let Some(row) = self.rows.get_mut(row.index()) {
            row.flags.set(flag, to);
        }
    }

    // --- counts ---

    /// Paths of every kind.
    pub const fn path_count(&self) -> usize {
        self.path_count
    }

    /// Prefixes with at least one path.
    pub const fn prefix_count(&self) -> usize {
        self.prefix_count
    }

    /// Prefixes in the Loc-RIB.
    pub const fn best_count(&self) -> usize {
        self.best_count
    }

    /// Prefixes that we originate.
    pub const fn originated_count(&self) -> usize {
        self.originated_count
    }
}

/// The prefix of a row that is in the index.
fn net_of<N: FamilyPrefix>(rows: &Pages<Row<N>>) -> impl Fn(RowId) -> N + Copy + '_ {
    |row| rows.get(row.index()).map_or(N::default(), |row| row.net)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stay_small() {
        assert_eq!(size_of::<Path>(), 16);
        assert_eq!(size_of::<Row<ipnet::Ipv4Net>>(), 16);
        assert!(size_of::<Row<ipnet::Ipv6Net>>() <= 32, "{}", size_of::<Row<ipnet::Ipv6Net>>());
    }
}
