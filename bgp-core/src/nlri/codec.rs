//! NLRI on the wire: a length in bits, then as many octets as it needs (RFC 4271 section 4.3), after a path identifier
//! where ADD-PATH was negotiated (RFC 7911 section 3).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::{BufMut, BytesMut};

use super::Nlri;
use crate::types::{AddressFamily, Prefix};
use crate::wire::reader::{self, TooShort};

/// Reads a whole field of NLRI; host bits are cleared (RFC 4271 section 4.3: they are irrelevant).
///
/// # Errors
/// What is wrong: a length over 32 or 128, or a field that ends too early. Then nothing of it can be trusted (RFC 7606
/// section 5.3).
pub fn decode(mut input: &[u8], family: AddressFamily, add_path: bool) -> Result<Vec<Nlri>, String> {
    let mut found = Vec::with_capacity(count(input, add_path));
    while !input.is_empty() {
        let (rest, nlri) = one(input, family, add_path)?;
        found.push(nlri);
        input = rest;
    }
    Ok(found)
}

/// Octets that hold so many bits.
const fn octets_for(bits: u8) -> usize {
    (bits as usize).div_ceil(8)
}

/// How many there are, if they are well-formed; never more than octets.
fn count(mut input: &[u8], add_path: bool) -> usize {
    let mut count = 0;
    let path_id = if add_path { 4 } else { 0 };
    while let Some(length) = input.get(path_id) {
        count += 1;
        let Some(rest) = input.get(path_id + 1 + octets_for(*length)..) else { break };
        input = rest;
    }
    count
}

fn one(input: &[u8], family: AddressFamily, add_path: bool) -> Result<(&[u8], Nlri), String> {
    let early = |_: TooShort| "NLRI ends too early".to_owned();
    let (rest, path_id) = if add_path { reader::four_octets(input).map_err(early)? } else { (input, 0) };
    let (rest, length) = reader::octet(rest).map_err(early)?;
    let address = rest;
    let (rest, significant) = reader::octets(rest, octets_for(length)).map_err(early)?;
    let prefix = match family {
        AddressFamily::Ipv4Unicast => {
            // What stands behind the significant octets counts as host bits.
            let octets = address.first_chunk().copied().unwrap_or_else(|| padded(significant));
            Prefix::v4(Ipv4Addr::from(octets), length)
        }
        AddressFamily::Ipv6Unicast => Prefix::new(IpAddr::V6(Ipv6Addr::from(padded(significant))), length).ok(),
    };
    let prefix = prefix
        .ok_or_else(|| format!("prefix length {length} in {family} (expected at most {})", family.max_prefix_len()))?;
    Ok((rest, Nlri { prefix, path_id }))
}

/// The octets with zeros behind them; what does not fit is left out.
fn padded<const N: usize>(octets: &[u8]) -> [u8; N] {
    let mut padded = [0; N];
    padded.iter_mut().zip(octets).for_each(|(to, from)| *to = *from);
    padded
}

/// How many octets [`encode`] writes.
#[must_use]
pub fn encoded_len(nlri: &Nlri, add_path: bool) -> usize {
    let path_id = if add_path { 4 } else { 0 };
    path_id + 1 + octets_for(nlri.prefix.len())
}

/// Writes one NLRI.
pub fn encode(nlri: &Nlri, add_path: bool, out: &mut BytesMut) {
    if add_path {
        out.put_u32(nlri.path_id);
    }
    let length = nlri.prefix.len();
    out.put_u8(length);
    let significant = octets_for(length);
    match nlri.prefix.network() {
        IpAddr::V4(address) => out.put_slice(address.octets().get(..significant).unwrap_or(&[])),
        IpAddr::V6(address) => out.put_slice(address.octets().get(..significant).unwrap_or(&[])),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use AddressFamily::{Ipv4Unicast, Ipv6Unicast};

    fn prefixes(octets: &[u8], family: AddressFamily) -> Result<Vec<String>, String> {
        Ok(decode(octets, family, false)?.iter().map(|nlri| nlri.prefix.to_string()).collect())
    }

    #[test]
    fn check_54_refuses_a_length_that_no_prefix_has() {
        assert!(prefixes(&[33, 1, 2, 3, 4, 5], Ipv4Unicast).is_err());
        assert!(prefixes(&[&[129][..], &[1; 17]].concat(), Ipv6Unicast).is_err());
        assert!(prefixes(&[24, 10, 0], Ipv4Unicast).is_err());
    }

    #[test]
    fn check_55_clears_host_bits() {
        assert_eq!(prefixes(&[4, 0xFF], Ipv4Unicast), Ok(vec!["240.0.0.0/4".to_owned()]));
    }

    #[test]
    fn check_56_a_default_route_is_one_octet() {
        assert_eq!(prefixes(&[0, 0], Ipv4Unicast), Ok(vec!["0.0.0.0/0".to_owned(); 2]));
    }

    proptest! {
        #[test]
        fn nlri_survives_the_wire(
            routes in prop::collection::vec((any::<u128>(), 0u8..=128, any::<u32>()), 0..50),
            add_path in any::<bool>(),
        ) {
            let routes: Vec<Nlri> = routes
                .into_iter()
                .map(|(bits, length, id)| Nlri {
                    prefix: Prefix::new(IpAddr::V6(Ipv6Addr::from_bits(bits)), length).unwrap(),
                    path_id: if add_path { id } else { 0 },
                })
                .collect();
            let mut out = BytesMut::new();
            routes.iter().for_each(|nlri| encode(nlri, add_path, &mut out));
            prop_assert_eq!(routes.iter().map(|nlri| encoded_len(nlri, add_path)).sum::<usize>(), out.len());
            prop_assert_eq!(decode(&out, Ipv6Unicast, add_path), Ok(routes));
        }

        #[test]
        fn no_octets_panic(octets in prop::collection::vec(any::<u8>(), 0..200), add_path in any::<bool>()) {
            for family in AddressFamily::ALL {
                if let Ok(routes) = decode(&octets, family, add_path) {
                    prop_assert!(routes.len() <= octets.len());
                }
            }
        }
    }
}
