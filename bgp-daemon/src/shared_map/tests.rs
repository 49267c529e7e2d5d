//! A map in every version, whatever happens to it.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Keys of which some are given a value and the others lose theirs.
fn steps() -> impl Strategy<Value = Vec<(u8, Option<u8>)>> {
    prop::collection::vec((any::<u8>(), prop::option::of(any::<u8>())), 0..200)
}

fn take(map: &mut SharedMap<u8, u8>, model: &mut BTreeMap<u8, u8>, steps: &[(u8, Option<u8>)]) {
    for (key, value) in steps {
        let (one, other) = match value {
            Some(value) => (map.insert(*key, *value), model.insert(*key, *value)),
            None => (map.remove(key), model.remove(key)),
        };
        assert_eq!(one, other);
    }
}

fn pieces<K, V>(map: &SharedMap<K, V>) -> impl Iterator<Item = &Piece<K, V>> {
    map.groups.iter().flat_map(|group| group.iter())
}

fn assert_is(map: &SharedMap<u8, u8>, model: &BTreeMap<u8, u8>) {
    assert!(map.iter().eq(model), "{map:?} is not {model:?}");
    assert!(map.iter().rev().eq(model.iter().rev()));
    assert_eq!(map.len(), model.len());
    assert!(map.groups.iter().all(|group| !group.is_empty() && group.len() <= GROUP_MAX));
    assert!(pieces(map).all(|piece| !piece.is_empty() && piece.len() <= PIECE_MAX));
    assert_eq!(map, &model.iter().map(|(key, value)| (*key, *value)).collect());
    for key in 0..=u8::MAX {
        assert_eq!(map.get(&key), model.get(&key));
        assert!(map.from(|one| *one < key).eq(model.range(key..)));
        assert!(map.after(&key).eq(model.iter().filter(|(one, _)| **one > key)));
        assert!(map.until(|one| *one < key).eq(model.range(..key)));
        assert!(map.until(|one| *one < key).rev().eq(model.range(..key).rev()));
        assert_eq!(map.count(|one| *one < key / 2, |one| *one < key), model.range(key / 2..key).count());
    }
}

proptest! {
    #[test]
    fn joins_as_maps_do(one in steps(), other in steps()) {
        let entries = |steps: Vec<(u8, Option<u8>)>| steps.into_iter().filter_map(|(key, value)| Some((key, value?)));
        let (one, other): (Vec<_>, Vec<_>) = (entries(one).collect(), entries(other).collect());
        let mut map: SharedMap<u8, u8> = one.iter().copied().collect();
        let shared = map.clone();
        map.join(other.iter().copied().collect());
        assert_is(&map, &one.iter().chain(&other).copied().collect());
        prop_assert!(map.clone().into_iter().eq(map.iter().map(|(key, value)| (*key, *value))));
        assert_is(&shared, &one.into_iter().collect());
    }

    #[test]
    fn is_a_map_in_every_version(entries in steps(), first in steps(), second in steps()) {
        let entries = entries.into_iter().filter_map(|(key, value)| Some((key, value?)));
        let (map, model): (SharedMap<u8, u8>, BTreeMap<u8, u8>) = (entries.clone().collect(), entries.collect());
        assert_is(&map, &model);
        let (mut one, mut model_of_one) = (map.clone(), model.clone());
        take(&mut one, &mut model_of_one, &first);
        let (mut other, mut model_of_other) = (one.clone(), model_of_one.clone());
        take(&mut other, &mut model_of_other, &second);
        assert_is(&map, &model);
        assert_is(&one, &model_of_one);
        assert_is(&other, &model_of_other);
        prop_assert_eq!(map == other, model == model_of_other);
        let differing = map.changes(&other).filter(|change| change.before != change.after);
        let differing: Vec<_> = differing.map(|change| (*change.key, change.before, change.after)).collect();
        let expected = (0..=u8::MAX).map(|key| (key, model.get(&key), model_of_other.get(&key)));
        prop_assert_eq!(differing, expected.filter(|(_, before, after)| before != after).collect::<Vec<_>>());
    }
}

#[test]
fn versions_share_what_does_not_change() {
    let map: SharedMap<u32, u32> = (0..1000).map(|key| (key * 2, 0)).collect();
    let mut changed = map.clone();
    changed.insert(1001, 1);
    changed.remove(&500);
    let looked_at: Vec<u32> = map.changes(&changed).map(|change| *change.key).collect();
    assert!(looked_at.len() <= 2 * PIECE_MAX + 1, "{looked_at:?}");
    assert!(looked_at.contains(&500) && looked_at.contains(&1001));
    let shared = pieces(&map).filter(|piece| pieces(&changed).any(|other| Arc::ptr_eq(piece, other)));
    assert_eq!(shared.count(), pieces(&map).count() - 2);
    let shared = map.groups.iter().filter(|group| changed.groups.iter().any(|other| Arc::ptr_eq(group, other)));
    assert!(shared.count() >= map.groups.len() - 2 && map.groups.len() > 10);
}

#[test]
fn entries_in_order_fill_pieces() {
    let mut map = SharedMap::new();
    (0..1000).for_each(|key| assert_eq!(map.insert(key, ()), None));
    assert!(pieces(&map).count() <= 1000 / PIECE_FILLED + 1);
    assert!(map.groups.len() <= 1000 / PIECE_FILLED / GROUP_FILLED + 1);
    (0..1000).for_each(|key| assert_eq!(map.remove(&key), Some(())));
    assert_eq!((map.groups.len(), map.len()), (0, 0));
}

#[test]
fn single_changes_leave_no_more_room_than_little() {
    let mut map: SharedMap<u32, u32> = (0..1000).map(|key| (key * 2, 0)).collect();
    for key in 0..1000 {
        let version = map.clone();
        map.insert(key * 2 + 1, 0);
        drop(version);
    }
    let rooms = pieces(&map).map(|piece| piece.capacity() - piece.len());
    assert!(rooms.max().unwrap() <= PIECE_ROOM, "{:?}", pieces(&map).map(|piece| piece.capacity()).collect::<Vec<_>>());
}
