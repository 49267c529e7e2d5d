//! From what a session negotiated to the answer's form.

use bgp_core::session::{Negotiated, PeerRestart};
use bgp_core::types::AddressFamily;

use crate::control::reply::{AddPathFamily, Agreement, Directions, LongLivedFamily, RestartAgreement};

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
        enhanced_route_refresh: negotiated.enhanced_route_refresh,
        graceful_restart: negotiated.graceful_restart.as_ref().map(restart),
        max_message_length: encode.max_message_len,
        extended_next_hop: Directions { receive: decode.extended_next_hop, send: encode.extended_next_hop },
        add_path: negotiated.families.iter().filter_map(add_path).collect(),
        local_role: negotiated.local_role.map(|role| role.to_string()),
        peer_role: negotiated.peer_role.map(|role| role.to_string()),
    }
}

fn restart(agreed: &PeerRestart) -> RestartAgreement {
    let long_lived = agreed
        .long_lived_families
        .iter()
        .map(|one| LongLivedFamily { family: one.family.to_string(), stale_seconds: one.stale_time.as_secs() });
    RestartAgreement {
        families: agreed.families.iter().map(|family| family.to_string()).collect(),
        restart_seconds: agreed.restart_time.as_secs(),
        notification: agreed.notification,
        long_lived: long_lived.collect(),
    }
}
