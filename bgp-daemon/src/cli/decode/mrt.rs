//! MRT files (RFC 6396, RFC 8050): BGP4MP and BGP4MP_ET records of messages and of state changes.
//!
//! A record of another type, as those of a table dump, is passed over and reported. A type that no registry has means that
//! this is no MRT, or not any more: reading ends there.

use std::io::{self, BufRead, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bgp_core::types::Asn;
use bgp_core::wire::Framer;
use nom::combinator::map;
use nom::number::complete::{be_u16, be_u32, be_u128};
use nom::{IResult, Parser};

use super::item::{Content, InputError, Item, MrtHead, MrtPeers, Place, Source, cut_short};
use super::raw::header;
use super::timestamp::Timestamp;

/// Octets of timestamp, type, subtype and length.
pub(super) const RECORD_HEADER_LEN: u32 = 12;

/// The longest record of a message: microseconds, the two ends with IPv6 addresses, and a message of 65535 octets.
const MAX_RECORD_LEN: u32 = 4 + 12 + 32 + 65_535;

const BGP4MP: u16 = 16;
const BGP4MP_ET: u16 = 17;

/// The record's type as the registry calls it.
pub(super) const fn type_name(kind: u16) -> Option<&'static str> {
    Some(match kind {
        11 => "OSPFv2",
        12 => "TABLE_DUMP",
        13 => "TABLE_DUMP_V2",
        BGP4MP => "BGP4MP",
        BGP4MP_ET => "BGP4MP_ET",
        32 => "ISIS",
        33 => "ISIS_ET",
        48 => "OSPFv3",
        49 => "OSPFv3_ET",
        _ => return None,
    })
}

/// What a subtype of BGP4MP says of its record.
struct Subtype {
    name: &'static str,
    four_octet_asn: bool,
    add_path: bool,
}

impl Subtype {
    const fn of(subtype: u16) -> Option<Self> {
        let name = match subtype {
            0 => "STATE_CHANGE",
            1 => "MESSAGE",
            4 => "MESSAGE_AS4",
            5 => "STATE_CHANGE_AS4",
            6 => "MESSAGE_LOCAL",
            7 => "MESSAGE_AS4_LOCAL",
            8 => "MESSAGE_ADDPATH",
            9 => "MESSAGE_AS4_ADDPATH",
            10 => "MESSAGE_LOCAL_ADDPATH",
            11 => "MESSAGE_AS4_LOCAL_ADDPATH",
            _ => return None,
        };
        Some(Self { name, four_octet_asn: matches!(subtype, 4 | 5 | 7 | 9 | 11), add_path: matches!(subtype, 8..=11) })
    }
}

/// The record's subtype as the registry calls it, without the `BGP4MP_` before it.
pub(super) fn subtype_name(kind: u16, subtype: u16) -> Option<&'static str> {
    match kind {
        BGP4MP | BGP4MP_ET => Subtype::of(subtype).map(|subtype| subtype.name),
        _ => None,
    }
}

const fn is_state_change(subtype: u16) -> bool {
    matches!(subtype, 0 | 5)
}

/// The records of an MRT file.
pub(super) struct MrtFile<R> {
    input: R,
    /// Where the next record begins.
    offset: u64,
    max_message_len: u16,
    /// The record whose messages are being given out, and where it begins.
    current: Option<(MrtHead, u64)>,
    framer: Framer,
    octets: Vec<u8>,
}

impl<R: BufRead> MrtFile<R> {
    pub fn new(input: R, max_message_len: u16) -> Self {
        Self { input, offset: 0, max_message_len, current: None, framer: Framer::new(), octets: Vec::new() }
    }

    /// The next message of the record that is being given out.
    fn next_message(&mut self) -> Option<Item> {
        let (head, offset) = self.current.take()?;
        let content = match self.framer.next_frame(self.max_message_len) {
            Ok(Some(frame)) => {
                if self.framer.buffered() > 0 {
                    self.current = Some((head.clone(), offset));
                }
                Content::Message(frame)
            }
            Ok(None) => Content::Unreadable(cut_short("record", self.framer.waiting())),
            Err(fault) => Content::BadHeader(fault, header(&self.framer)),
        };
        Some(item(head, offset, content))
    }

    /// The next record; `None` at the end.
    fn next_record(&mut self) -> Result<Option<Item>, InputError> {
        let offset = self.offset;
        let found = self.read(RECORD_HEADER_LEN)?;
        if found == 0 {
            return Ok(None);
        }
        let Ok((_, (seconds, kind, subtype, length))) = record_header(&self.octets) else {
            let found = format!("input ends after {found} octets of a record header");
            return Err(InputError::Format { offset, found, expected: RECORD_HEADER_LEN.to_string() });
        };
        if type_name(kind).is_none() {
            let found = format!("MRT record of type {kind}");
            return Err(InputError::Format { offset, found, expected: "16, BGP4MP, or 17, BGP4MP_ET".to_owned() });
        }
        let timestamp = Timestamp { seconds, microseconds: None };
        let head = MrtHead { timestamp, kind, subtype, peers: None, four_octet_asn: false, add_path: false };
        let subtype = Subtype::of(subtype).filter(|_| matches!(kind, BGP4MP | BGP4MP_ET));
        match subtype {
            Some(subtype) => self.read_body(head, &subtype, length).map(Some),
            None => self.pass_over(head, length).map(Some),
        }
    }

    fn pass_over(&mut self, head: MrtHead, length: u32) -> Result<Item, InputError> {
        let offset = self.offset - u64::from(RECORD_HEADER_LEN);
        let taken = io::copy(&mut self.input.by_ref().take(u64::from(length)), &mut io::sink())?;
        self.offset += taken;
        if taken < u64::from(length) {
            return Err(record_cut_short(offset, taken, length));
        }
        let reason = "record holds no BGP message (expected BGP4MP or BGP4MP_ET, MESSAGE or STATE_CHANGE)".to_owned();
        Ok(item(head, offset, Content::Skipped(reason)))
    }

    fn read_body(&mut self, mut head: MrtHead, subtype: &Subtype, length: u32) -> Result<Item, InputError> {
        let offset = self.offset - u64::from(RECORD_HEADER_LEN);
        if length > MAX_RECORD_LEN {
            let found = format!("MRT record of {length} octets");
            return Err(InputError::Format { offset, found, expected: format!("at most {MAX_RECORD_LEN}") });
        }
        let found = self.read(length)?;
        if found < length {
            return Err(record_cut_short(offset, u64::from(found), length));
        }
        head.four_octet_asn = subtype.four_octet_asn;
        head.add_path = subtype.add_path;
        let rest = match body(&self.octets, &mut head) {
            Ok(rest) => rest,
            Err(reason) => return Ok(item(head, offset, Content::Unreadable(reason))),
        };
        if is_state_change(head.subtype) {
            let content = match states(rest) {
                Ok((_, (old, new))) => Content::StateChange(old, new),
                Err(_) => Content::Unreadable("record ends before both states (expected 4 octets)".to_owned()),
            };
            return Ok(item(head, offset, content));
        }
        self.framer = Framer::new();
        self.framer.push(rest);
        self.current = Some((head.clone(), offset));
        let none = || item(head, offset, Content::Unreadable("record holds no message".to_owned()));
        Ok(self.next_message().unwrap_or_else(none))
    }

    /// Reads up to `count` octets in the place of those read before; fewer at the end of the input.
    fn read(&mut self, count: u32) -> Result<u32, InputError> {
        self.octets.clear();
        let found = self.input.by_ref().take(u64::from(count)).read_to_end(&mut self.octets)?;
        self.offset += u64::try_from(found).unwrap_or_default();
        Ok(u32::try_from(found).unwrap_or(count))
    }
}

impl<R: BufRead> Source for MrtFile<R> {
    fn next_item(&mut self) -> Result<Option<Item>, InputError> {
        match self.next_message() {
            Some(item) => Ok(Some(item)),
            None => self.next_record(),
        }
    }
}

const fn item(head: MrtHead, offset: u64, content: Content) -> Item {
    Item { place: Place { offset, line: None }, mrt: Some(head), content }
}

fn record_cut_short(offset: u64, found: u64, length: u32) -> InputError {
    let found = format!("input ends after {found} octets of an MRT record");
    InputError::Format { offset, found, expected: format!("{length} as its header says") }
}

type Parsed<'a, T> = IResult<&'a [u8], T, ()>;

fn record_header(input: &[u8]) -> Parsed<'_, (u32, u16, u16, u32)> {
    (be_u32, be_u16, be_u16, be_u32).parse(input)
}

fn states(input: &[u8]) -> Parsed<'_, (u16, u16)> {
    (be_u16, be_u16).parse(input)
}

/// What stands before the message: microseconds in BGP4MP_ET, then the two ends.
fn body<'a>(input: &'a [u8], head: &mut MrtHead) -> Result<&'a [u8], String> {
    let early = |_| "record ends before its AS numbers and addresses do".to_owned();
    let rest = match head.kind {
        BGP4MP_ET => {
            let (rest, microseconds) = be_u32::<_, ()>(input).map_err(early)?;
            if microseconds >= 1_000_000 {
                return Err(format!("{microseconds} microseconds (expected at most 999999)"));
            }
            head.timestamp.microseconds = Some(microseconds);
            rest
        }
        _ => input,
    };
    let (rest, (peer_asn, local_asn, interface_index, family)) = ends(rest, head.four_octet_asn).map_err(early)?;
    let address = match family {
        1 => address_v4,
        2 => address_v6,
        other => return Err(format!("address family {other} (expected 1 or 2)")),
    };
    let (rest, (peer_address, local_address)) = (address, address).parse(rest).map_err(early)?;
    head.peers = Some(MrtPeers { peer_asn, local_asn, interface_index, peer_address, local_address });
    Ok(rest)
}

fn ends(input: &[u8], four_octet_asn: bool) -> Parsed<'_, (Asn, Asn, u16, u16)> {
    let asn = |input| match four_octet_asn {
        true => map(be_u32, Asn).parse(input),
        false => map(be_u16, |asn| Asn(u32::from(asn))).parse(input),
    };
    (asn, asn, be_u16, be_u16).parse(input)
}

fn address_v4(input: &[u8]) -> Parsed<'_, IpAddr> {
    map(be_u32, |bits| IpAddr::V4(Ipv4Addr::from_bits(bits))).parse(input)
}

fn address_v6(input: &[u8]) -> Parsed<'_, IpAddr> {
    map(be_u128, |bits| IpAddr::V6(Ipv6Addr::from_bits(bits))).parse(input)
}
