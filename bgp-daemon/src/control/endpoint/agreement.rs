//! From what a session negotiated to the answer's form.

use bgp_core::session::Negotiated;
use bgp_core::types::AddressFamily;

use crate::control::reply::{AddPathFamily, Agreement, Directions};

/// What was agreed beyond RFC 4271.
pub fn agreement(negotiated: &Negotiated) -> Agreement {
    let (decode, encode) = (&negotiated.decode, &negotiated.encode);
    let add_path = |family: AddressFamily| {
        let directions =
            Directions { receive: decode.add_path.contains(family), send: encode.add_path.contains(family) };
        (directions != Directions::default()).then(|| AddPathFamily { family: family.to_string(), directions })
    };
    Agreement {
        four_octet_asn: decode.four_octet_asn,
        route_refresh: negotiated.route_refresh,
        max_message_length: encode.max_message_len,
        extended_next_hop: Directions { receive: decode.extended_next_hop, send: encode.extended_next_hop },
        add_path: negotiated.families.iter().filter_map(add_path).collect(),
        local_role: negotiated.local_role.map(|role| role.to_string()),
        peer_role: negotiated.peer_role.map(|role| role.to_string()),
    }
}
