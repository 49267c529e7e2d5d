//! A file is an inventory whose ranges are disjoint and hold what is allocated in them, or faults that say where they are.

use bgp_core::types::Prefix;
use bgp_daemon::inventory::{InventoryFaults, Selection, Snapshot, read_octets};

/// The first octet says whether the rest is JSON or YAML, and which part of the inventory counts.
pub fn holds(octets: &[u8]) {
    let Some((how, octets)) = octets.split_first() else { return };
    let name = if how & 1 == 0 { "all.json" } else { "all.yaml" };
    let network = (how & 2 != 0).then(|| "n".to_owned());
    let selection = Selection { network, allow_empty: how & 4 != 0, ..Selection::default() };
    let read = read_octets(name, octets, &selection);
    match read {
        Ok(snapshot) => is_sound(&snapshot),
        Err(faults) => {
            say_where(&faults, name);
            let again = read_octets(name, octets, &selection).unwrap_err();
            assert_eq!(again, faults, "the same file is refused otherwise the second time");
        }
    }
}

fn say_where(faults: &InventoryFaults, name: &str) {
    assert!(!faults.is_empty(), "refused for nothing");
    assert!(faults.shown.len() <= InventoryFaults::SHOWN && faults.shown.len() <= faults.total);
    for fault in &faults.shown {
        let shown = fault.to_string();
        assert_eq!(shown.lines().count(), 1, "{shown:?}");
        assert!(fault.file.is_some() || fault.object.is_some(), "{shown:?} is nowhere");
        assert!(fault.file.as_deref().is_none_or(|file| file == name), "{shown:?} is of another file");
        assert!(shown.len() < 4096, "a fault of {} octets", shown.len());
    }
}

/// What the rest of the daemon relies on.
fn is_sound(snapshot: &Snapshot) {
    let link_local: Prefix = "169.254.0.0/16".parse().unwrap();
    for pair in snapshot.ranges.windows(2) {
        assert!(pair[0].prefix < pair[1].prefix && !pair[0].prefix.overlaps(&pair[1].prefix), "{pair:?}");
    }
    for range in &snapshot.ranges {
        assert!(!range.prefix.is_default() && !range.prefix.overlaps(&link_local), "{range:?}");
        assert_eq!(snapshot.range_of(&range.prefix), Some(range));
        for allocation in range.allocations.keys() {
            assert!(range.prefix.covers(&allocation.prefix), "{allocation:?} is not in {}", range.prefix);
        }
    }
    assert!(snapshot.notes.iter().all(|note| note.lines().count() == 1), "{:?}", snapshot.notes);
}
