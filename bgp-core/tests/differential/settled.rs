//! Disagreements that are settled: who is right by which RFC stands in docs/decisions/0041-differential-decoding.md, under
//! the same names.

use bgp_core::attribute::AsPath;
use bgp_core::attribute::spec::{self, OPTIONAL, PARTIAL, TRANSITIVE, code};
use bgp_core::attribute::walk::Walk;
use bgp_core::message::UpdateSections;

use super::reading::{How, Key, Outcome, Reading, difference};
use super::theirs;

/// One disagreement.
pub struct Settled {
    /// Its name in the decision.
    pub name: &'static str,
    /// The smallest body that shows it, and how it is read.
    pub example: (How, &'static str),
    applies: fn(&Case<'_>) -> bool,
}

/// An UPDATE with what both make of it.
struct Case<'a> {
    how: How,
    attributes: Vec<(u8, u8, &'a [u8])>,
    /// The attributes end in the middle of one.
    overrun: bool,
    only_we_refuse: bool,
    only_they_refuse: bool,
    /// What we read, where nothing is wrong with it.
    ours: Option<&'a Reading>,
    /// What differs, in words.
    difference: String,
}

/// The disagreement that explains what differs.
pub fn explains(body: &[u8], how: How, ours: &Outcome, theirs: &Outcome) -> Option<&'static Settled> {
    let sections = UpdateSections::split(body).ok()?;
    let (mut attributes, mut overrun) = (Vec::new(), false);
    for step in Walk::new(sections.attributes) {
        match step {
            Ok(raw) => attributes.push((raw.flags, raw.code, raw.value)),
            Err(_) => overrun = true,
        }
    }
    let difference = difference(ours, theirs)?;
    let refuses = |outcome: &Outcome| matches!(outcome, Outcome::Faulty(_));
    let only_we_refuse = refuses(ours) && !refuses(theirs);
    let only_they_refuse = refuses(theirs) && !refuses(ours);
    let ours = if let Outcome::Good(ours) = ours { Some(ours) } else { None };
    let case = Case { how, attributes, overrun, only_we_refuse, only_they_refuse, ours, difference };
    SETTLED.iter().find(|settled| (settled.applies)(&case))
}

impl Case<'_> {
    fn has(&self, is_it: impl Fn(u8, u8, &[u8]) -> bool) -> bool {
        self.attributes.iter().any(|(flags, code, value)| is_it(*flags, *code, value))
    }
}

const NEW: How = How { four_octet_asn: true, add_path: false };
const OLD: How = How { four_octet_asn: false, add_path: false };

pub const SETTLED: [Settled; 14] = [
    Settled {
        name: "partial bit where it means nothing",
        example: (NEW, "0000000e600101004002004003040a000001180a0000"),
        applies: |case| {
            let meaningless =
                |flags: u8| flags & PARTIAL != 0 && flags & (OPTIONAL | TRANSITIVE) != OPTIONAL | TRANSITIVE;
            case.only_they_refuse && case.has(|flags, _, _| meaningless(flags))
        },
    },
    Settled {
        name: "unknown attribute that claims to be well-known",
        example: (NEW, "00000011400101004002004003040a000001403c00180a0000"),
        applies: |case| {
            case.only_we_refuse && case.has(|flags, code, _| flags & OPTIONAL == 0 && spec::of(code).is_none())
        },
    },
    Settled {
        name: "family that neither knows",
        example: (NEW, "00000006800f03001901"),
        applies: |case| {
            let of_mp = |code| matches!(code, code::MP_REACH_NLRI | code::MP_UNREACH_NLRI);
            let unknown = |value: &[u8]| !matches!(value, [0, 1 | 2, 1, ..]) && value.len() >= 3;
            case.only_they_refuse && case.has(|_, code, value| of_mp(code) && unknown(value))
        },
    },
    Settled {
        name: "attribute longer than all of them",
        example: (NEW, "00000011400101004002004003040a000001c00804180a0000"),
        applies: |case| case.only_we_refuse && case.overrun,
    },
    Settled {
        name: "aggregator of the other width",
        example: (NEW, "00000017400101004002004003040a000001c00706fde90a000001180a0000"),
        applies: |case| {
            let other = |code| match code {
                code::AGGREGATOR => Some(if case.how.four_octet_asn { 6 } else { 8 }),
                code::AS4_AGGREGATOR => Some(6),
                _ => None,
            };
            case.only_we_refuse && case.has(|_, code, value| other(code) == Some(value.len()))
        },
    },
    Settled {
        name: "list with nothing in it",
        example: (NEW, "00000011400101004002004003040a000001c00800180a0000"),
        applies: |case| {
            let lists = [
                code::COMMUNITIES,
                code::CLUSTER_LIST,
                code::EXTENDED_COMMUNITIES,
                code::IPV6_EXTENDED_COMMUNITIES,
                code::LARGE_COMMUNITY,
            ];
            case.only_we_refuse && case.has(|_, code, value| lists.contains(&code) && value.is_empty())
        },
    },
    Settled {
        name: "confederation segments beside AS4_PATH",
        example: (OLD, "0000001f4001010040020803010064020100c84003040a000001c0110602010000fde9180a0000"),
        applies: |case| {
            let confederation = |value: &[u8]| {
                AsPath::read(value, false)
                    .is_ok_and(|path| path.segments.iter().any(|segment| segment.kind.octet() > 2))
            };
            case.difference.starts_with("as path: ")
                && case.has(|_, code, value| code == code::AS_PATH && confederation(value))
                && case.has(|_, code, _| code == code::AS4_PATH)
        },
    },
    Settled {
        name: "default route that looks like a path identifier",
        example: (NEW, "0000000e400101004002004003040a00000100180a0000"),
        applies: |case| {
            let is_default = |(prefix, _): &Key| prefix.is_default();
            let routes = case.ours.map(|ours| ours.withdrawn.iter().chain(ours.reachable.keys()));
            let reads_default = routes.is_some_and(|mut routes| routes.any(is_default));
            // Where the routes make sense to them alone, the default route is in what we refuse.
            let refuses_routes =
                case.only_we_refuse && ["NLRI", "prefix length"].iter().any(|word| case.difference.contains(word));
            !case.how.add_path && (reads_default || refuses_routes)
        },
    },
    Settled {
        name: "announcement of no route",
        example: (NEW, "0000000c800e09000101040a00000100"),
        applies: |case| {
            let announces = case.ours.is_some_and(|ours| !ours.reachable.is_empty());
            case.only_they_refuse && !announces && case.has(|_, code, _| code == code::MP_REACH_NLRI)
        },
    },
    Settled {
        name: "attribute that only one takes apart",
        example: (NEW, "00000012400101004002004003040a000001c01a0105180a0000"),
        applies: |case| {
            let theirs_alone = |code| spec::of(code).is_none() && theirs::takes_apart(code);
            case.only_they_refuse && case.has(|_, code, _| theirs_alone(code))
        },
    },
    Settled {
        name: "AS4_PATH and AS4_AGGREGATOR between speakers of four octets",
        example: (NEW, "00000012400101004002004003040a000001c0110105180a0000"),
        applies: |case| {
            let as4 = |code| matches!(code, code::AS4_PATH | code::AS4_AGGREGATOR);
            case.how.four_octet_asn && case.only_they_refuse && case.has(|_, code, _| as4(code))
        },
    },
    Settled {
        name: "AS 0",
        example: (NEW, "00000014400101004002060201000000004003040a000001180a0000"),
        applies: |case| case.only_we_refuse && case.difference.contains("AS 0 "),
    },
    Settled {
        name: "ORIGINATOR_ID of zero",
        example: (NEW, "00000015400101004002004003040a00000180090400000000180a0000"),
        applies: |case| case.only_we_refuse && case.difference.contains("ORIGINATOR_ID: \"0.0.0.0\""),
    },
    Settled {
        name: "extended community with bits that mean nothing",
        example: (NEW, "00000019400101004002004003040a000001c010084009ffffffffffff180a0000"),
        applies: |case| case.difference.starts_with("extended communities: "),
    },
];
