//! UPDATEs: good ones, and good ones with a little damage.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::reading::How;

/// One attribute: flags, code, value.
type Attribute = (u8, u8, Vec<u8>);

pub fn how() -> impl Strategy<Value = How> {
    (any::<bool>(), any::<bool>()).prop_map(|(four_octet_asn, add_path)| How { four_octet_asn, add_path })
}

fn octets<const N: usize>() -> impl Strategy<Value = Vec<u8>> {
    any::<[u8; N]>().prop_map(|octets| octets.to_vec())
}

fn lists<const N: usize>() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<[u8; N]>(), 1..6).prop_map(|parts| parts.concat())
}

fn asn(four_octet: bool) -> BoxedStrategy<Vec<u8>> {
    match four_octet {
        true => (1..=u32::MAX).prop_map(|asn| asn.to_be_bytes().to_vec()).boxed(),
        false => prop_oneof![1..=u16::MAX, Just(23456)].prop_map(|asn: u16| asn.to_be_bytes().to_vec()).boxed(),
    }
}

fn path(four_octet: bool, kinds: Vec<u8>) -> BoxedStrategy<Vec<u8>> {
    let segment = (select(kinds), prop::collection::vec(asn(four_octet), 1..5))
        .prop_map(|(kind, asns)| [&[kind, u8::try_from(asns.len()).unwrap()][..], &asns.concat()].concat());
    prop::collection::vec(segment, 0..4).prop_map(|segments| segments.concat()).boxed()
}

/// Which routes there are.
#[derive(Clone, Copy, Debug)]
pub enum Routes {
    /// Any, host bits and all.
    Any,
    /// So few that UPDATEs replace and withdraw each other's.
    Few,
}

/// NLRI of that family.
fn nlri(most: u8, add_path: bool, of: Routes) -> BoxedStrategy<Vec<u8>> {
    let one = match of {
        Routes::Any => (any::<[u8; 4]>(), 0..=most, any::<[u8; 16]>()).boxed(),
        Routes::Few => {
            let lengths = select(vec![most / 4, most / 2, most]);
            (0..3_u8, lengths, (0..8_u8, 0..8_u8, 0..8_u8))
                .prop_map(|(path_id, length, (a, b, rest))| {
                    let mut address = [rest; 16];
                    [address[0], address[1]] = [32 + a, b];
                    ([0, 0, 0, path_id], length, address)
                })
                .boxed()
        }
    };
    let one = one.prop_map(move |(path_id, length, address)| {
        let significant = usize::from(length.div_ceil(8));
        let path_id = if add_path { &path_id[..] } else { &[] };
        [path_id, &[length], &address[..significant]].concat()
    });
    prop::collection::vec(one, 0..6).prop_map(|routes| routes.concat()).boxed()
}

fn reach(add_path: bool, of: Routes) -> BoxedStrategy<Vec<u8>> {
    let link_local = any::<[u8; 8]>().prop_map(|host| [&[0xFE, 0x80, 0, 0, 0, 0, 0, 0][..], &host].concat());
    let v6 =
        (octets::<16>(), prop::option::of(link_local), nlri(128, add_path, of)).prop_map(|(hop, second, routes)| {
            let hop = [hop, second.unwrap_or_default()].concat();
            [&[0, 2, 1, u8::try_from(hop.len()).unwrap()][..], &hop, &[0], &routes].concat()
        });
    let v4 = (octets::<4>(), nlri(32, add_path, of))
        .prop_map(|(hop, routes)| [&[0, 1, 1, 4][..], &hop, &[0], &routes].concat());
    prop_oneof![3 => v6, 1 => v4].boxed()
}

fn unreach(add_path: bool, of: Routes) -> BoxedStrategy<Vec<u8>> {
    let in_family =
        |afi: u8, most: u8| nlri(most, add_path, of).prop_map(move |routes| [&[0, afi, 1][..], &routes].concat());
    prop_oneof![3 => in_family(2, 128), 1 => in_family(1, 32)].boxed()
}

/// An optional transitive attribute, which a speaker on the way may have not known.
fn transitive(code: u8, value: impl Strategy<Value = Vec<u8>> + 'static) -> BoxedStrategy<Attribute> {
    (select(vec![0xC0, 0xC0, 0xE0]), value).prop_map(move |(flags, value)| (flags, code, value)).boxed()
}

fn one(flags: u8, code: u8, value: impl Strategy<Value = Vec<u8>> + 'static) -> BoxedStrategy<Attribute> {
    value.prop_map(move |value| (flags, code, value)).boxed()
}

fn optional(how: How, of: Routes) -> BoxedStrategy<Vec<Attribute>> {
    let aggregator = (asn(how.four_octet_asn), octets::<4>()).prop_map(|(asn, address)| [asn, address].concat());
    let as4_aggregator = (asn(true), octets::<4>()).prop_map(|(asn, address)| [asn, address].concat());
    let unknown = (select(vec![0x80, 0xC0, 0xE0]), 60..100_u8, prop::collection::vec(any::<u8>(), 0..9));
    let mut all = vec![
        one(0x80, 4, octets::<4>()),
        one(0x40, 5, octets::<4>()),
        one(0x40, 6, Just(Vec::new())),
        transitive(7, aggregator),
        transitive(8, lists::<4>()),
        one(0x80, 9, octets::<4>()),
        one(0x80, 10, lists::<4>()),
        one(0x80, 14, reach(how.add_path, of)),
        one(0x80, 15, unreach(how.add_path, of)),
        transitive(16, lists::<8>()),
        transitive(25, lists::<20>()),
        transitive(32, lists::<12>()),
        transitive(35, asn(true)),
        unknown.boxed(),
    ];
    if !how.four_octet_asn {
        all.extend([transitive(17, path(true, vec![2])), transitive(18, as4_aggregator)]);
    }
    let count = all.len();
    (all, prop::collection::vec(any::<bool>(), count))
        .prop_map(|(all, wanted)| {
            all.into_iter().zip(wanted).filter_map(|(attribute, wanted)| wanted.then_some(attribute)).collect()
        })
        .boxed()
}

/// Attributes that an announcement must have, others, routes.
fn parts(how: How, of: Routes) -> BoxedStrategy<(Vec<Attribute>, Vec<u8>, Vec<u8>)> {
    let origin = (0..3_u8).prop_map(|origin| vec![origin]);
    let kinds = vec![2, 2, 2, 1, 3];
    let required = (one(0x40, 1, origin), one(0x40, 2, path(how.four_octet_asn, kinds)), one(0x40, 3, octets::<4>()))
        .prop_map(|(origin, path, next_hop)| vec![origin, path, next_hop]);
    let attributes = (required, optional(how, of)).prop_map(|(required, optional)| [required, optional].concat());
    (attributes.prop_shuffle(), nlri(32, how.add_path, of), nlri(32, how.add_path, of)).boxed()
}

fn written(attributes: &[Attribute], withdrawn: &[u8], announced: &[u8]) -> Vec<u8> {
    let attribute = |(flags, code, value): &Attribute| match u8::try_from(value.len()) {
        Ok(length) if flags & 0x10 == 0 => [&[*flags, *code, length][..], value].concat(),
        _ => {
            let length = u16::try_from(value.len()).unwrap().to_be_bytes();
            [&[flags | 0x10, *code][..], &length, value].concat()
        }
    };
    let attributes: Vec<u8> = attributes.iter().flat_map(attribute).collect();
    let length = |octets: &[u8]| u16::try_from(octets.len()).unwrap().to_be_bytes();
    [&length(withdrawn)[..], withdrawn, &length(&attributes), &attributes, announced].concat()
}

/// The body of an UPDATE with which nothing is wrong.
pub fn good(how: How, of: Routes) -> impl Strategy<Value = Vec<u8>> {
    parts(how, of).prop_map(|(attributes, withdrawn, announced)| written(&attributes, &withdrawn, &announced))
}

/// One thing that goes wrong.
#[derive(Clone, Debug)]
enum Damage {
    Octet(Index, u8),
    Flags(Index, u8),
    Value(Index, Vec<u8>),
    Shorter(Index),
    Longer(Index, u8),
    Twice(Index),
    Missing(Index),
    Cut(Index),
}

/// The body of an UPDATE with which something may be wrong.
pub fn damaged(how: How) -> impl Strategy<Value = Vec<u8>> {
    let place = any::<Index>;
    let damage = prop_oneof![
        (place(), any::<u8>()).prop_map(|(place, octet)| Damage::Octet(place, octet)),
        (place(), any::<u8>()).prop_map(|(place, flags)| Damage::Flags(place, flags & 0xF0)),
        (place(), prop::collection::vec(any::<u8>(), 0..12)).prop_map(|(place, value)| Damage::Value(place, value)),
        place().prop_map(Damage::Shorter),
        (place(), any::<u8>()).prop_map(|(place, octet)| Damage::Longer(place, octet)),
        place().prop_map(Damage::Twice),
        place().prop_map(Damage::Missing),
        place().prop_map(Damage::Cut),
    ];
    (parts(how, Routes::Any), damage).prop_map(|((mut attributes, withdrawn, announced), damage)| {
        match &damage {
            Damage::Flags(place, flags) => place.get_mut(&mut attributes).0 = *flags,
            Damage::Value(place, value) => place.get_mut(&mut attributes).2.clone_from(value),
            Damage::Shorter(place) => drop(place.get_mut(&mut attributes).2.pop()),
            Damage::Longer(place, octet) => place.get_mut(&mut attributes).2.push(*octet),
            Damage::Twice(place) => attributes.push(place.get(&attributes).clone()),
            Damage::Missing(place) => drop(attributes.remove(place.index(attributes.len()))),
            Damage::Octet(..) | Damage::Cut(_) => {}
        }
        let mut body = written(&attributes, &withdrawn, &announced);
        match damage {
            Damage::Octet(place, octet) => *place.get_mut(&mut body) = octet,
            Damage::Cut(place) => body.truncate(place.index(body.len())),
            _ => {}
        }
        body
    })
}
